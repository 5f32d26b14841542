"""Is the year on course: what was sold so far beside the part of the year's target that is due by now.

pace = actual to date ÷ (target of the year × share of the year expected to date); the share is the one that the
same part of last year brought, or that of its working days where last year brought nothing. Above 1: ahead.
It is rolled up by summing actuals and targets, never by averaging percentages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from core.money import ratio
from core.periods import Period


@dataclass(frozen=True)
class Pace:
    """A year so far; amounts in the base currency."""

    year: Period
    to_date: Period
    actual: Decimal
    target: Decimal | None  # of the whole year; none: there is none
    share: Decimal | None  # of the year that is expected by now
    by_season: bool  # the share follows last year, not the working days

    @property
    def value(self) -> Decimal | None:
        if self.target is None or self.share is None:
            return None
        return ratio(self.actual, self.target * self.share)


def between(
    year: Period,
    to_date: Period,
    actual: Decimal,
    target: Decimal | None,
    last_year: tuple[Decimal, Decimal],
) -> Pace:
    """The pace; `last_year` holds what its same part brought, and all of it."""
    part, whole = last_year
    by_season = whole > 0 and part > 0
    share = ratio(part, whole) if by_season else _working_share(year, to_date)
    return Pace(year, to_date, actual, target, share, by_season)


def _working_share(year: Period, to_date: Period) -> Decimal | None:
    return ratio(Decimal(_working_days(to_date)), Decimal(_working_days(year)))


def _working_days(period: Period) -> int:
    """Mondays to Fridays."""
    return sum((period.start + timedelta(days=day)).weekday() < 5 for day in range(period.days))
