"""Kept sums over any period, and the whole numbers that they are read as."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core import measures, spread
from core.measures import Measures
from core.models import AccountMonth, AccountYear
from core.periods import Period
from core.sum_pieces import Layers

_DAYS = st.dates(date(2023, 1, 1), date(2026, 12, 31))


@given(_DAYS, st.integers(1, 900), st.sampled_from([None, AccountYear]))
def test_pieces_count_every_day_of_a_period_once_and_no_other_day(start: date, days: int, years: Any) -> None:
    period = Period(start, start + timedelta(days=days))
    counted: Counter[date] = Counter()
    for piece in Layers(AccountMonth, years).pieces(period):
        for place in range(piece.span.days):
            counted[piece.span.start + timedelta(days=place)] += piece.sign
    expected = {start + timedelta(days=place): 1 for place in range(days)}
    assert {day: count for day, count in counted.items() if count} == expected


_MONTHS = st.lists(st.integers(-(10**12), 10**12) | st.just(0), min_size=12, max_size=12)


@given(st.lists(st.tuples(_MONTHS, _MONTHS), min_size=1, max_size=4))
def test_the_swing_of_many_accounts_is_that_of_each(rows: list[tuple[list[int], list[int]]]) -> None:
    now, then = (np.array([row[side] for row in rows], dtype=np.int64) for side in (0, 1))
    assert spread.of_many(now, then) == [spread.monthly(*row) for row in rows]


def test_stored_sums_are_the_same_as_those_of_amounts() -> None:
    kept = measures.stored((2, 3_000, 125_000, 100_000, 1, -1_000, -5_000, 1, 60_000, 40_000), sees_cost=True)
    plain = Measures(
        2,
        Decimal(3),
        Decimal("12.5"),
        Decimal(10),
        1,
        Decimal(-1),
        Decimal("-0.5"),
        1,
        Decimal(6),
        Decimal(4),
    )
    assert kept == plain
    assert kept + kept == plain + plain == measures.total([kept, kept], sees_cost=True)
    assert kept + plain == plain + kept
    assert kept.small("net") == plain.small("net") == 100_000
    assert (kept.discount, kept.margin) == (Decimal("2.5"), Decimal(2))


def test_who_may_not_see_cost_gets_none_of_it() -> None:
    kept = measures.stored((1, 1_000, 10_000, 10_000, 0, 0, 0, 1, 10_000, 4_000), sees_cost=False)
    assert kept.cost is None
    assert (kept + kept).cost is None
    assert measures.nothing(sees_cost=False) == Measures(cost=None)
