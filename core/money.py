"""Exact amounts: scales, rounding and ratios."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

MONEY_SCALE = 10_000  # the store keeps money as whole ten-thousandths of the currency unit
QUANTITY_SCALE = 1_000
RATE_SCALE = 1_000_000

ZERO = Decimal(0)

_MONEY_STEP = Decimal(1).scaleb(-4)
_RATIO_STEP = Decimal(1).scaleb(-6)


def round_money(amount: Decimal) -> Decimal:
    """Round half up, away from zero at a tie, to ten-thousandths: the one place where money is rounded."""
    return amount.quantize(_MONEY_STEP, rounding=ROUND_HALF_UP)


def round_ratio(value: Decimal) -> Decimal:
    """Round a ratio or index to six places, as the command line prints it."""
    return value.quantize(_RATIO_STEP, rounding=ROUND_HALF_UP)


def ratio(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    """Numerator ÷ denominator; None where either is unknown or the denominator is zero."""
    if numerator is None or denominator is None or denominator == 0:
        return None
    return numerator / denominator


def scaled(value: Decimal, scale: int) -> int:
    """The whole number that the store keeps for a value, rounded half up."""
    return int((value * scale).quantize(Decimal(1), rounding=ROUND_HALF_UP))
