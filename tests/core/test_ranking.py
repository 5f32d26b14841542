"""AUC and its interval against a count of all pairs, and the lowest tenth by hand."""

import random
from decimal import Decimal
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ranking import Observation, auc, lowest_tenth


def seen(account_id, score, happened):
    return Observation(account_id, Decimal(score), happened)


def by_pairs(observations):
    """AUC and the half-width of its interval, pair by pair and account by account (Obuchowski 1997)."""
    events = [one for one in observations if one.happened]
    others = [one for one in observations if not one.happened]

    def wins(event, other):
        return 1.0 if event.score < other.score else 0.5 if event.score == other.score else 0.0

    m, n = len(events), len(others)
    area = sum(wins(one, other) for one in events for other in others) / (m * n)
    accounts = {one.account_id for one in observations}
    ten, one_zero, both = 0.0, 0.0, 0.0
    with_event = with_other = 0
    for account in accounts:
        mine = [one for one in events if one.account_id == account]
        rest = [one for one in others if one.account_id == account]
        first = sum(sum(wins(one, other) for other in others) / n - area for one in mine)
        second = sum(sum(wins(one, other) for one in events) / m - area for other in rest)
        with_event += bool(mine)
        with_other += bool(rest)
        ten += first**2
        one_zero += second**2
        both += first * second
    s10 = with_event / ((with_event - 1) * m) * ten
    s01 = with_other / ((with_other - 1) * n) * one_zero
    s11 = len(accounts) / (len(accounts) - 1) * both
    return area, 1.959964 * sqrt(max(s10 / m + s01 / n + 2 * s11 / (m * n), 0))


def drawn(seed, accounts=40, times=4):
    # Accounts with a weakness of their own: some lose again and again.
    dice = random.Random(seed)
    found = []
    for account in range(accounts):
        weak = dice.random()
        for _time in range(times):
            score = round(max(0, min(100, 90 - 60 * weak + dice.gauss(0, 15))))
            found.append(seen(account, score, dice.random() < weak * 0.8))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_auc_and_interval_are_those_of_all_pairs(seed):
    observations = drawn(seed)

    found = auc(observations)

    area, reach = by_pairs(observations)
    assert float(found.value) == pytest.approx(area, abs=1e-6)
    assert float(found.low) == pytest.approx(max(area - reach, 0), abs=1e-6)
    assert float(found.high) == pytest.approx(min(area + reach, 1), abs=1e-6)


def test_seen_once_each_it_is_delongs_variance():
    # 30 events with scores 0 … 29 and 30 others with 15 … 44. An event of score e is below 30 − (e − 15) others from
    # 15 on, and half equal to one: its part is (44 − e + ½) ÷ 30, and 1 below 15.
    observations = [seen(n, n, True) for n in range(30)] + [seen(100 + n, 15 + n, False) for n in range(30)]
    parts = [1.0] * 15 + [(44 - e + 0.5) / 30 for e in range(15, 30)]
    area = sum(parts) / 30
    variance = 2 * sum((part - area) ** 2 for part in parts) / 29 / 30  # the others mirror the events

    found = auc(observations)

    assert float(found.value) == pytest.approx(area, abs=1e-6)
    assert float(found.high - found.value) == pytest.approx(1.959964 * sqrt(variance), abs=2e-6)


def test_below_thirty_events_there_is_none():
    enough = [seen(n, 10, True) for n in range(30)] + [seen(100 + n, 90, False) for n in range(30)]

    assert auc(enough).value == 1
    assert auc(enough[1:]) is None
    assert auc(enough[:-1]) is None
    assert auc([]) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 100), st.booleans()), min_size=1))
@settings(max_examples=60)
def test_the_order_of_observations_does_not_matter(rows):
    observations = [seen(*row) for row in rows]

    assert lowest_tenth(observations) == lowest_tenth(observations[::-1])
    assert auc(observations) == auc(observations[::-1])


def test_the_lowest_tenth_is_rounded_up_and_ties_share_its_last_place():
    observations = [seen(1, 5, True), *(seen(n, 20, n == 2) for n in range(2, 6)),
                    *(seen(n, 80, n < 8) for n in range(6, 13))]  # fmt: skip

    found = lowest_tenth(observations)

    # 12 seen, so 2 places: the lowest, and one for four that tie, of which one lost. 1.25 of 2 against 4 of 12.
    assert (found.count, found.happened) == (2, Decimal("1.25"))
    assert found.rate == Decimal("0.625")
    assert found.lift == Decimal("0.625") / (Decimal(4) / 12)


def test_nothing_seen_and_nothing_lost_have_no_lift():
    assert lowest_tenth([]).lift is None
    assert lowest_tenth([seen(1, 50, False)]).lift is None
