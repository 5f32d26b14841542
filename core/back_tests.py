"""The back-tests of many series at once, in whole columns: what `core.forecast_intervals` adds up for each account.

A back-test is a list of origins, the earliest first: how many months back, what came, forecast and yardstick of each
month from there on, in whole ten-thousandths. Sums are whole numbers; errors ÷ scale are added up in the order of the
origins, so that an account's figures are the same whether it is asked for alone or with all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

Wholes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Stack:
    """Series × origin × month ahead; what a series has no origin or no month for is zero, and so says its mask."""

    came: Wholes
    said: Wholes
    naive: Wholes
    reached: Mask  # what came is known
    compared: Mask  # the yardstick too

    def some(self, places: Sequence[int]) -> Stack:
        """The series at these places."""
        chosen = np.array(places, dtype=np.int64)
        came, said, naive = self.came[chosen], self.said[chosen], self.naive[chosen]
        return Stack(came, said, naive, self.reached[chosen], self.compared[chosen])


@dataclass(frozen=True)
class Totals:
    """Sums over every month that the yardstick knows, one place a series; the scaled ones by month ahead too."""

    months: list[int]
    absolute: list[int]
    signed: list[int]
    actual: list[int]
    size: list[int]
    scaled: list[list[float]]


def stack(back_tests: Sequence[Sequence[Any]]) -> Stack:
    """The latest origin of each series stands last, as in the series."""
    lengths = [[len(origin[1]) for origin in one] for one in back_tests]
    origins = max(map(len, lengths), default=0)
    months = max(chain.from_iterable(lengths), default=0)
    count = len(back_tests)
    sizes = np.array([[0] * (origins - len(one)) + one for one in lengths], dtype=np.int64).reshape(
        count, origins
    )
    reached = np.arange(months) < sizes[:, :, None]

    def column(place: int, empty: int | None = None) -> Wholes:
        values: Iterable[Any] = chain.from_iterable(
            origin[place][: len(origin[1])] for one in back_tests for origin in one
        )
        if empty is not None:
            values = (empty if value is None else value for value in values)
        found = np.zeros(reached.shape, dtype=np.int64)
        found[reached] = np.fromiter(values, dtype=np.int64, count=int(sizes.sum()))
        return found

    naive = column(3, _UNKNOWN)
    compared = reached & (naive != _UNKNOWN)
    return Stack(column(1), column(2), np.where(compared, naive, 0), reached, compared)


_UNKNOWN = int(np.iinfo(np.int64).min)


def totals(found: Stack, scales: Sequence[int | None]) -> tuple[Totals, Totals]:
    """How far forecast and yardstick were off, series by series."""
    with_scale = np.array([scale or 0 for scale in scales], dtype=np.float64)[:, None, None]
    came = np.where(found.compared, found.came, 0)
    actual, size = (one.sum(axis=(1, 2)).tolist() for one in (came, np.abs(came)))
    months = found.compared.sum(axis=(1, 2)).tolist()

    def of(said: Wholes) -> Totals:
        off = np.where(found.compared, said - found.came, 0)
        away = np.abs(off)
        shares = np.divide(away, with_scale, out=np.zeros(away.shape), where=with_scale != 0)
        by_month = (
            np.add.accumulate(shares, axis=1)[:, -1, :] if shares.shape[1] else shares[:, 0:0].sum(axis=1)
        )
        return Totals(
            months,
            away.sum(axis=(1, 2)).tolist(),
            off.sum(axis=(1, 2)).tolist(),
            actual,
            size,
            by_month.tolist(),
        )

    return of(found.said), of(found.naive)


def at(found: Stack, scales: Sequence[int | None], horizon: int) -> tuple[list[Any], list[Any]]:
    """The sums of all series so many months ahead, for forecast and yardstick.

    Months, Σ|off|, Σoff, Σcame, Σ|came|, Σ|off| ÷ scale and the months that have a scale.
    """
    if horizon > found.came.shape[2]:
        return [0, 0, 0, 0, 0, 0.0, 0], [0, 0, 0, 0, 0, 0.0, 0]
    compared = found.compared[:, :, horizon - 1]
    came = found.came[:, :, horizon - 1][compared]
    with_scale = np.array([scale or 0 for scale in scales], dtype=np.float64)
    own = np.broadcast_to(with_scale[:, None], compared.shape)[compared]
    sides = []
    for said in (found.said, found.naive):
        off = said[:, :, horizon - 1][compared] - came
        away = np.abs(off)
        shares = np.divide(away, own, out=np.zeros(len(own)), where=own != 0)
        scaled = float(np.add.accumulate(shares)[-1]) if len(shares) else 0.0
        sums = [len(came), *(int(one.sum()) for one in (away, off, came, np.abs(came))), scaled]
        sides.append([*sums, int((own != 0).sum())])
    return sides[0], sides[1]


def errors(found: Stack, first: int, last: int) -> tuple[Wholes, Wholes, Mask]:
    """Of each series and origin: how far the sum of the months `first` to `last` ahead was off, and how large it was.

    The mask says which origins reach so far.
    """
    span = slice(first - 1, last)
    if last > found.came.shape[2]:
        nothing = np.zeros(found.came.shape[:2], dtype=np.int64)
        return nothing, nothing, nothing != 0
    reaches = found.reached[:, :, last - 1]
    came = found.came[:, :, span].sum(axis=2)
    off = found.said[:, :, span].sum(axis=2) - came
    return np.where(reaches, off, 0), np.where(reaches, np.abs(came), 0), reaches
