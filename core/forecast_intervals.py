"""Intervals of sums, and accuracy by horizon, from the errors that each account's back-test made.

The errors of several accounts are added up origin by origin before their spread is taken: how far accounts move
together is then in the figure, nothing is assumed about it, and it is made of the summed accounts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.forecast_accuracy import Errors
from core.money import MONEY_SCALE, ZERO
from core.vocabulary import ForecastMethod

HORIZONS = (1, 2, 3, 6, 12)
_INTERVAL = Decimal("1.2816")  # standard deviations that eight in ten of a normal distribution lie within
_ENOUGH = 3


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


def half_width(series: Sequence[BackTested], first: int, last: int) -> Decimal | None:
    """Half the 80 % interval of the sum over the series of the months `first` to `last` ahead.

    Where fewer than three origins reach that far, the single months' widths are added up, as if they all went wrong
    together, which is wider. None where no origin is known for some month.
    """
    width = _width(series, first, last)
    if width is not None or first == last:
        return width
    widest: Decimal | None = None
    total = ZERO
    for step in range(first, last + 1):
        own = _width(series, step, step)
        widest = own if widest is None else max(widest, own or ZERO)
        if widest is None:
            return None
        total += widest
    return total


def _width(series: Sequence[BackTested], first: int, last: int) -> Decimal | None:
    errors: dict[int, int] = {}
    size: dict[int, int] = {}
    for one in series:
        for back, actual, said, _naive in one.back_test:
            if len(actual) >= last:
                if first == last:
                    came, expected = actual[last - 1], said[last - 1]
                else:
                    came, expected = sum(actual[first - 1 : last]), sum(said[first - 1 : last])
                errors[back] = errors.get(back, 0) + expected - came
                size[back] = size.get(back, 0) + abs(came)
    if len(errors) < _ENOUGH:
        return None
    # Origins that some accounts are too young for stand for the whole by their share of it.
    whole = max(size.values())
    squares = [
        (Decimal(error) * whole / size[back] if 0 < size[back] < whole / 2 else Decimal(error)) ** 2
        for back, error in errors.items()
    ]
    mean: Decimal = sum(squares, ZERO) / len(squares)
    return _INTERVAL * mean.sqrt() / MONEY_SCALE


def by_horizon(series: Iterable[BackTested], horizons: Sequence[int] = HORIZONS) -> tuple[HorizonErrors, ...]:
    """The back-test's errors so many months ahead, over every account month that the yardstick has too."""
    sums = {horizon: (_Sums(), _Sums()) for horizon in horizons}
    for one in series:
        scale = None if one.scale is None else int(one.scale * MONEY_SCALE)
        for _back, actual, said, naive in one.back_test:
            for horizon, (ours, theirs) in sums.items():
                if len(actual) >= horizon and naive[horizon - 1] is not None:
                    came = actual[horizon - 1]
                    ours.add(came, said[horizon - 1], scale)
                    theirs.add(came, naive[horizon - 1], scale)
    return tuple(
        HorizonErrors(horizon, ours.errors(), theirs.errors()) for horizon, (ours, theirs) in sums.items()
    )


def overall(series: Iterable[BackTested]) -> HorizonErrors:
    """The same over every horizon that was tried; the horizon is 0."""
    ours, theirs = _Sums(), _Sums()
    steps = [(_Steps(), _Steps()) for _step in range(HORIZONS[-1])]
    for one in series:
        scale = None if one.scale is None else int(one.scale * MONEY_SCALE)
        came, said, naive = [], [], []
        for _back, actual, forecast, yardstick in one.back_test:
            for place, known in enumerate(yardstick[: len(actual)]):
                if known is not None:
                    came.append(actual[place])
                    said.append(forecast[place])
                    naive.append(known)
                    if scale:
                        steps[place][0].scaled += abs(forecast[place] - actual[place]) / scale
                        steps[place][1].scaled += abs(known - actual[place]) / scale
        ours.add_many(came, said, scaled=bool(scale))
        theirs.add_many(came, naive, scaled=bool(scale))
    sums = (
        one.errors(sum((step[side].rounded for step in steps), ZERO))
        for side, one in enumerate((ours, theirs))
    )
    return HorizonErrors(0, *sums)


class _Steps:
    """Errors ÷ scale of one horizon, rounded like those that are shown by themselves."""

    def __init__(self) -> None:
        self.scaled = 0.0

    @property
    def rounded(self) -> Decimal:
        return Decimal(repr(round(self.scaled, 9)))


class _Sums:
    """Whole numbers while they are many; `errors` gives them back as amounts."""

    def __init__(self) -> None:
        self.months = self.absolute = self.signed = self.actual = self.size = self.scaled_months = 0
        self.scaled = 0.0

    def add(self, came: int, said: int, scale: int | None) -> None:
        off = abs(said - came)
        self.months += 1
        self.absolute += off
        self.signed += said - came
        self.actual += came
        self.size += abs(came)
        if scale:
            self.scaled += off / scale
            self.scaled_months += 1

    def add_many(self, came: Sequence[int], said: Sequence[int], *, scaled: bool) -> None:
        """The same for many months of one account; their errors ÷ scale are added up by who asks."""
        actual = sum(came)
        self.months += len(came)
        self.absolute += sum(abs(one - other) for one, other in zip(said, came, strict=True))
        self.signed += sum(said) - actual
        self.actual += actual
        self.size += sum(map(abs, came))
        self.scaled_months += len(came) if scaled else 0

    def errors(self, scaled: Decimal | None = None) -> Errors:
        def amount(whole: int) -> Decimal:
            return Decimal(whole) / MONEY_SCALE

        return Errors(
            self.months, amount(self.absolute), amount(self.signed), amount(self.actual), amount(self.size),
            Decimal(repr(round(self.scaled, 9))) if scaled is None else scaled, self.scaled_months,
        )  # fmt: skip
