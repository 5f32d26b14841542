"""How far forecasts were off: WAPE, bias and MASE, kept as sums so that they can be added up at every level.

Formulas: kpis.md 13 after Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, 5.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.money import ZERO, ratio


@dataclass(frozen=True)
class Errors:
    """Sums over months whose outcome is known; amounts in the base currency."""

    months: int = 0
    absolute: Decimal = ZERO  # Σ|y − ŷ|
    signed: Decimal = ZERO  # Σ(ŷ − y)
    actual: Decimal = ZERO  # Σy
    actual_absolute: Decimal = ZERO  # Σ|y|
    scaled: Decimal = ZERO  # Σ|y − ŷ| ÷ scale, over the months whose scale is known
    scaled_months: int = 0

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.months + other.months,
            self.absolute + other.absolute,
            self.signed + other.signed,
            self.actual + other.actual,
            self.actual_absolute + other.actual_absolute,
            self.scaled + other.scaled,
            self.scaled_months + other.scaled_months,
        )

    @property
    def wape(self) -> Decimal | None:
        """Σ|y − ŷ| ÷ Σ|y|."""
        return ratio(self.absolute, self.actual_absolute)

    @property
    def bias(self) -> Decimal | None:
        """Σ(ŷ − y) ÷ Σy: above zero where too much was expected."""
        return ratio(self.signed, self.actual)

    @property
    def mase(self) -> Decimal | None:
        """Mean |y − ŷ| ÷ mean |y(t) − y(t−m)| of the training months: below 1 beats the seasonal naive there."""
        return ratio(self.scaled, Decimal(self.scaled_months))


Month = tuple[Decimal, Decimal, Decimal | None]  # what came, what was expected, the scale of its series


def measure(actual: Sequence[Decimal], expected: Sequence[Decimal], scale: Decimal | None = None) -> Errors:
    """The errors of some months; `scale` is the training series' own mean seasonal change."""
    return measured((came, said, scale) for came, said in zip(actual, expected, strict=True))


def measured(months: Iterable[Month]) -> Errors:
    """The errors of some months of many series, each with its own scale."""
    count, scaled_months = 0, 0
    absolute = signed = actual = size = scaled = ZERO
    for came, said, scale in months:
        off = said - came
        away = abs(off)
        count, absolute, signed = count + 1, absolute + away, signed + off
        actual, size = actual + came, size + abs(came)
        part = ratio(away, scale)
        if part is not None:
            scaled, scaled_months = scaled + part, scaled_months + 1
    return Errors(count, absolute, signed, actual, size, scaled, scaled_months)


def scale_of(training: Sequence[Decimal], season: int = 12) -> Decimal | None:
    """Mean |y(t) − y(t−season)|: MASE's denominator; None where there is no such pair or nothing ever changed."""
    pairs = [abs(now - then) for now, then in zip(training[season:], training, strict=False)]
    mean = ratio(sum(pairs, ZERO), Decimal(len(pairs)))
    return mean or None
