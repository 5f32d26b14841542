"""How much an account's revenue usually swings from one year's month to the next year's."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from statistics import median

import numpy as np
import numpy.typing as npt

Amounts = npt.NDArray[np.int64]  # account × month; below 2⁵¹, so that halves of them are exact as floats

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
    return swing * _root(days)


@cache
def _root(days: int) -> Decimal:
    return (Decimal(days) * 12 / Decimal("365.25")).sqrt()


def of_many(now: Amounts, year_ago: Amounts) -> list[Decimal | None]:
    """`monthly` for many accounts at once, a row each."""
    changes = now - year_ago
    left_out = (now == 0) & (year_ago == 0)
    counts = (~left_out).sum(axis=1)
    middle = _medians(np.where(left_out, np.nan, changes), counts)
    swings = _medians(np.where(left_out, np.nan, np.abs(changes - middle[:, None])), counts)
    return [
        None if count < LEAST else _NORMAL * Decimal(str(swing))
        for count, swing in zip(counts.tolist(), swings.tolist(), strict=True)
    ]


def _medians(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The median of what is known in each row; of a row with nothing, nothing."""
    ordered = np.sort(values, axis=1)  # what is not known comes last
    rows = np.arange(len(values))
    known = np.maximum(counts, 1)
    found: npt.NDArray[np.float64] = (ordered[rows, (known - 1) // 2] + ordered[rows, known // 2]) / 2
    return found
