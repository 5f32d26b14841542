"""KPI values as they are printed, by the KPI's unit and direction."""

from __future__ import annotations

from decimal import Decimal

from core import formats
from core.kpi_registry import Kpi
from core.money import ratio


def short(kpi: Kpi, value: Decimal | None, currency: str) -> str:
    """To grasp at a glance: `RM 99.9M`, `8.0%`, `42`."""
    if kpi.unit == "money":
        return formats.compact(value, currency)
    return exact(kpi, value, currency)


def exact(kpi: Kpi, value: Decimal | None, currency: str) -> str:
    """With every digit that is shown: money with cents."""
    return of_unit(kpi.unit, value, currency)


def of_unit(unit: str, value: Decimal | None, currency: str) -> str:
    if unit == "money":
        return formats.money(value, currency)
    if unit == "ratio":
        return formats.percent(value)
    if unit == "index":
        return formats.number(value, places=1)
    return formats.quantity(value) if unit == "quantity" else formats.number(value)


def difference(kpi: Kpi, now: Decimal | None, then: Decimal | None) -> Decimal | None:
    """How far a figure moved: ratios and counts by the difference, all else relative to what it was."""
    if now is None or then is None:
        return None
    if kpi.unit in ("ratio", "count"):
        return now - then
    return ratio(now - then, abs(then)) if then else None


def moved(kpi: Kpi, now: Decimal | None, then: Decimal | None) -> str:
    """The same in words: `+4.1%`, `+0.9 pt`, `+3`."""
    found = difference(kpi, now, then)
    if kpi.unit == "ratio":
        return formats.points(found)
    return formats.number(found, signed=True) if kpi.unit == "count" else formats.percent(found, signed=True)


def colour(kpi: Kpi, now: Decimal | None, then: Decimal | None) -> str:
    """`green` for better, `red` for worse, nothing where the direction says nothing."""
    found = difference(kpi, now, then)
    if not found or kpi.direction not in ("up", "down"):
        return ""
    return "green" if (found > 0) == (kpi.direction == "up") else "red"
