"""Intervals of sums, and accuracy by horizon, from the errors that each account's back-test made.

The errors of several accounts are added up origin by origin before their spread is taken: how far accounts move
together is then in the figure, nothing is assumed about it, and it is made of the summed accounts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
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
    """Some series and their back-tests, added up for all of them or for each."""

    def __init__(self, series: Iterable[BackTested]) -> None:
        self.series = tuple(series)
        self._stack = back_tests.stack([one.back_test for one in self.series])
        self._scales = [None if one.scale is None else int(one.scale * MONEY_SCALE) for one in self.series]
        self._errors: dict[tuple[int, int], tuple[Any, Any, Any]] = {}

    def half_width(self, places: Sequence[int] | None, first: int, last: int) -> Decimal | None:
        """Half the 80 % interval of the sum over the series at these places, or over all of them; see `half_width`."""
        width = self._width(places, first, last)
        if width is not None or first == last:
            return width
        widest: Decimal | None = None
        total = ZERO
        for step in range(first, last + 1):
            own = self._width(places, step, step)
            widest = own if widest is None else max(widest, own or ZERO)
            if widest is None:
                return None
            total += widest
        return total

    def _width(self, places: Sequence[int] | None, first: int, last: int) -> Decimal | None:
        if (first, last) not in self._errors:
            self._errors[first, last] = back_tests.errors(self._stack, first, last)
        off, size, reaches = self._errors[first, last]
        if places is not None:
            if len(places) == 1:
                off, size, reaches = (one[places[0]] for one in (off, size, reaches))
                return _spread(off[reaches].tolist(), size[reaches].tolist())
            off, size, reaches = (one[list(places)] for one in (off, size, reaches))
        known = reaches.any(axis=0)
        return _spread(off.sum(axis=0)[known].tolist(), size.sum(axis=0)[known].tolist())

    def overall(self) -> list[HorizonErrors]:
        """Each series over every horizon that was tried; the horizon is 0."""
        sides = back_tests.totals(self._stack, self._scales)
        found = []
        for place, scale in enumerate(self._scales):
            ours, theirs = (_errors_of(one, place, scaled=bool(scale)) for one in sides)
            found.append(HorizonErrors(0, ours, theirs))
        return found

    def by_horizon(self, horizons: Sequence[int] = HORIZONS) -> tuple[HorizonErrors, ...]:
        """All series so many months ahead, over every account month that the yardstick has too."""
        found = []
        for horizon in horizons:
            ours, theirs = (_errors_at(*one) for one in back_tests.at(self._stack, self._scales, horizon))
            found.append(HorizonErrors(horizon, ours, theirs))
        return tuple(found)


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


def half_width(series: Sequence[BackTested], first: int, last: int) -> Decimal | None:
    """Half the 80 % interval of the sum over the series of the months `first` to `last` ahead.

    Where fewer than three origins reach that far, the single months' widths are added up, as if they all went wrong
    together, which is wider. None where no origin is known for some month.
    """
    return Tested(series).half_width(None, first, last)


def by_horizon(series: Iterable[BackTested], horizons: Sequence[int] = HORIZONS) -> tuple[HorizonErrors, ...]:
    """The back-test's errors so many months ahead, over every account month that the yardstick has too."""
    return Tested(series).by_horizon(horizons)


def together(each: Iterable[HorizonErrors]) -> HorizonErrors:
    """The errors of several series of one account."""
    found = list(each)
    return HorizonErrors(
        0, sum((one.forecast for one in found), Errors()), sum((one.yardstick for one in found), Errors())
    )
