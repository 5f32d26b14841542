"""How well a score tells apart to whom something happened: AUC with its interval, and the lift of the lowest tenth.

AUC is the probability that a score is lower where the event came than where it did not, ties counting half (Mann and
Whitney 1947). The same account is seen at several times, so its observations are no independent ones: the interval is
that of Obuchowski (Biometrics 53, 1997, 567–578) for clustered data, which is that of DeLong, DeLong and
Clarke-Pearson (Biometrics 44, 1988, 837–845) where every account is seen once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, sqrt

from core.money import ratio

LEAST_EVENTS = 30  # with fewer an AUC says more than is known
_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Observation:
    """A score of one account at one time, and whether the event followed."""

    account_id: int
    score: Decimal
    happened: bool


@dataclass(frozen=True)
class Auc:
    """0.5 is no better than chance, 1 is perfect; both ends of the 95 % interval."""

    value: Decimal
    low: Decimal
    high: Decimal


def auc(observations: Sequence[Observation]) -> Auc | None:
    """None with fewer than 30 events, or as few without one."""
    events = sorted(one.score for one in observations if one.happened)
    others = sorted(one.score for one in observations if not one.happened)
    if len(events) < LEAST_EVENTS or len(others) < LEAST_EVENTS:
        return None
    value, variance = _clustered(observations, events, others)
    reach = _NORMAL_95 * sqrt(max(variance, 0.0))
    low, high = max(value - reach, 0.0), min(value + reach, 1.0)
    return Auc(*(Decimal(str(round(one, 6))) for one in (value, low, high)))


def _clustered(
    observations: Sequence[Observation], events: list[Decimal], others: list[Decimal]
) -> tuple[float, float]:
    """The AUC and its variance; each observation's part is its rank among those of the other kind."""
    count, rest = len(events), len(others)
    sums: dict[int, list[float]] = {}  # by account: parts and numbers of events, and of the others
    total = 0.0
    for one in observations:
        mine = sums.setdefault(one.account_id, [0.0, 0, 0.0, 0])
        if one.happened:  # others above it, ties half
            above, not_below = bisect_right(others, one.score), bisect_left(others, one.score)
            part = (rest - above + (above - not_below) / 2) / rest
            total += part
            mine[0] += part
            mine[1] += 1
        else:  # events below it, ties half
            below, not_above = bisect_left(events, one.score), bisect_right(events, one.score)
            mine[2] += (below + (not_above - below) / 2) / count
            mine[3] += 1
    value = total / count
    with_event = [row for row in sums.values() if row[1]]
    without = [row for row in sums.values() if row[3]]
    if len(with_event) < 2 or len(without) < 2:
        return value, 0.25  # one account alone says nothing about others: as wide as can be
    of_events = _mean_square([row[0] - row[1] * value for row in with_event], count)
    of_others = _mean_square([row[2] - row[3] * value for row in without], rest)
    both = sum((row[0] - row[1] * value) * (row[2] - row[3] * value) for row in sums.values())
    covariance = both * len(sums) / (len(sums) - 1)
    return value, of_events / count + of_others / rest + 2 * covariance / (count * rest)


def _mean_square(parts: Sequence[float], observations: int) -> float:
    return sum(part * part for part in parts) * len(parts) / ((len(parts) - 1) * observations)


@dataclass(frozen=True)
class Tenth:
    """The tenth of the observations with the lowest scores."""

    count: int
    happened: Decimal  # where scores tie at its edge, the tied ones count by the share that fits in
    all_count: int
    all_happened: int

    @property
    def rate(self) -> Decimal | None:
        return ratio(self.happened, Decimal(self.count))

    @property
    def lift(self) -> Decimal | None:
        """How many times more often the event came there than in all."""
        return ratio(self.rate, ratio(Decimal(self.all_happened), Decimal(self.all_count)))


def lowest_tenth(observations: Sequence[Observation]) -> Tenth:
    """At least one of every ten, rounded up."""
    count = ceil(len(observations) / 10)
    ranked = sorted(observations, key=lambda one: one.score)
    happened = Fraction(0)
    if ranked:
        edge = ranked[count - 1].score
        below = [one for one in ranked if one.score < edge]
        tied = [one for one in ranked if one.score == edge]
        share = Fraction(count - len(below), len(tied))
        happened = sum((one.happened for one in below), Fraction(0)) + share * sum(
            one.happened for one in tied
        )
    exact = Decimal(happened.numerator) / Decimal(happened.denominator)
    return Tenth(count, exact, len(observations), sum(one.happened for one in observations))
