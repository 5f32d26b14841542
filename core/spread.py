"""How much an account's revenue usually swings from one year's month to the next year's."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from statistics import median

LEAST = 6  # months that can be compared; with fewer nothing is known about what is usual
# The median of absolute deviations of normally distributed figures times this is their standard deviation:
# Hampel, The influence curve and its role in robust estimation (1974).
_NORMAL = Decimal("1.4826")


def monthly(now: Sequence[int], year_ago: Sequence[int]) -> Decimal | None:
    """The usual deviation of a month's change on the year before, in the unit given; None where too few are known.

    Changes are taken round their own median, so that steady growth or one odd month does not count as swinging.
    Months without anything in both years are left out.
    """
    changes = [one - other for one, other in zip(now, year_ago, strict=True) if one or other]
    if len(changes) < LEAST:
        return None
    middle = median(changes)
    return _NORMAL * Decimal(str(median(abs(change - middle) for change in changes)))


def over(swing: Decimal, days: int) -> Decimal:
    """The usual deviation over so many days, where months swing independently of each other."""
    months = Decimal(days) * 12 / Decimal("365.25")
    return swing * months.sqrt()
