"""Intervals of sums, and accuracy by horizon, from the errors that each account's back-test made.

The errors of several accounts are added up origin by origin before their spread is taken: how far accounts move
together is then in the figure, nothing is assumed about it, and it is made of the summed accounts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import compress
from typing import Any

from core import back_tests
from core.forecast_accuracy import Errors
from core.money import MONEY_SCALE, ZERO
from core.vocabulary import ForecastMethod

HORIZONS = (1, 2, 3, 6, 12)
_INTERVAL = Decimal("1.2816")  # standard deviations that eight in ten of a normal distribution lie within
_ENOUGH = 3
_MONEY = Decimal(MONEY_SCALE)
_SCALED = sum((Decimal(repr(0.0)) for _ in range(HORIZONS[-1])), ZERO)  # of a series without a scale


@dataclass(frozen=True)
class BackTested:
    """One account's series in a version, with its back-test in whole ten-thousandths."""

    account_id: int
    method: ForecastMethod
    months_known: int
    scale: Decimal | None
    back_test: Sequence[Any]


@dataclass(frozen=True)
class HorizonErrors:
    """How far forecast and yardstick were off so many months ahead, over the same account months."""

    horizon: int
    forecast: Errors
    yardstick: Errors


class Tested:
    """Some series and their back-tests, added up for all of them, for some or for each."""

    def __init__(self, series: Iterable[BackTested]) -> None:
        some = list(series)
        self.account_ids = [one.account_id for one in some]
        self.methods = [one.method for one in some]
        self._stack = back_tests.stack([one.back_test for one in some])
        self._scales = [None if one.scale is None else int(one.scale * MONEY_SCALE) for one in some]

    def half_widths(self, groups: Sequence[Sequence[int]], first: int, last: int) -> list[Decimal | None]:
        """Half the 80 % interval of the sum over the months `first` to `last` ahead, for series by their places.

        Where fewer than three origins reach that far, the single months' widths are added up, as if they all went
        wrong together, which is wider. None where no origin is known for some month.
        """
        found = self._widths(groups, first, last)
        short = [place for place, width in enumerate(found) if width is None]
        if short and first < last:
            few = [groups[place] for place in short]
            single = (self._widths(few, step, step) for step in range(first, last + 1))
            for place, widths in zip(short, zip(*single, strict=True), strict=True):
                found[place] = _added_up(widths)
        return found

    def _widths(self, groups: Sequence[Sequence[int]], first: int, last: int) -> list[Decimal | None]:
        columns = back_tests.errors(self._stack, first, last)
        found = []
        for places in groups:
            if len(places) == 1:
                off, size, reaches = (one[places[0]].tolist() for one in columns)
            else:
                off, size, reaches = (one[list(places)].sum(axis=0).tolist() for one in columns)
            found.append(_spread(list(compress(off, reaches)), list(compress(size, reaches))))
        return found

    def errors(self, places: Sequence[int]) -> HorizonErrors | None:
        """The series at these places over every horizon that was tried; the horizon is 0."""
        if len(places) < 2:
            return self._each[places[0]] if places else None
        ours = sum((self._each[place].forecast for place in places), Errors())
        theirs = sum((self._each[place].yardstick for place in places), Errors())
        return HorizonErrors(0, ours, theirs)

    @cached_property
    def _each(self) -> list[HorizonErrors]:
        sides = back_tests.totals(self._stack, self._scales)
        found = []
        for place, scale in enumerate(self._scales):
            ours, theirs = (_errors_of(one, place, scaled=bool(scale)) for one in sides)
            found.append(HorizonErrors(0, ours, theirs))
        return found

    def by_horizon(self, places: Sequence[int]) -> tuple[HorizonErrors, ...]:
        """The series at these places so many months ahead, over every account month that the yardstick has too."""
        some, scales = self._stack.some(places), [self._scales[place] for place in places]
        found = []
        for horizon in HORIZONS:
            ours, theirs = (_errors_at(*one) for one in back_tests.at(some, scales, horizon))
            found.append(HorizonErrors(horizon, ours, theirs))
        return tuple(found)


def _added_up(widths: Iterable[Decimal | None]) -> Decimal | None:
    """Of months one after another; one that is not known counts as wide as the widest before it."""
    widest: Decimal | None = None
    total = ZERO
    for width in widths:
        widest = width if widest is None else max(widest, width or ZERO)
        if widest is None:
            return None
        total += widest
    return total


def _errors_of(sums: back_tests.Totals, place: int, *, scaled: bool) -> Errors:
    months = sums.months[place]
    amounts = (sums.absolute[place], sums.signed[place], sums.actual[place], sums.size[place])
    absolute, signed, actual, size = (_amount(one) for one in amounts)
    if not scaled:
        return Errors(months, absolute, signed, actual, size, _SCALED, 0)
    steps = (Decimal(repr(round(step, 9))) for step in sums.scaled[place])
    return Errors(months, absolute, signed, actual, size, sum(steps, ZERO), months)


def _errors_at(
    months: int, absolute: int, signed: int, actual: int, size: int, scaled: float, scaled_months: int
) -> Errors:
    amounts = (_amount(absolute), _amount(signed), _amount(actual), _amount(size))
    return Errors(months, *amounts, Decimal(repr(round(scaled, 9))), scaled_months)


def _spread(off: Sequence[int], size: Sequence[int]) -> Decimal | None:
    """Half the interval that the errors of some origins make."""
    if len(off) < _ENOUGH:
        return None
    # Origins that some accounts are too young for stand for the whole by their share of it.
    whole = max(size)
    squares = [
        (Decimal(error) * whole / own if 0 < own < whole / 2 else Decimal(error)) ** 2
        for error, own in zip(off, size, strict=True)
    ]
    mean: Decimal = sum(squares, ZERO) / len(squares)
    return _INTERVAL * mean.sqrt() / MONEY_SCALE


def _amount(whole: int) -> Decimal:
    return Decimal(whole) / _MONEY
