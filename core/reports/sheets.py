"""What a report says, whatever it is written as: tables of exact values with their units, pictures of the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core import formats

Value = Decimal | int | str | None


@dataclass(frozen=True)
class Column:
    """One column; the width is its part of the page's."""

    label: str
    unit: str = "text"  # as KPIs: money, ratio, index, count, quantity; `points` for differences of ratios
    width: int = 10


@dataclass(frozen=True)
class Cell:
    """A value whose unit is another than its column's."""

    value: Decimal | None
    unit: str
    is_change: bool = False


@dataclass(frozen=True)
class Table:
    """Rows below a heading; a note says how they were counted."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value | Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """Amounts as bars from zero."""

    title: str
    bars: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Sheet:
    """A report: what it is called, for whom and when, then its parts in the order of reading."""

    title: str
    lines: tuple[str, ...]  # scope and filters, period, as of
    currency: str
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...] = field(default_factory=tuple)


def cell(value: Value | Cell, column: Column) -> Cell | str:
    """A value with its unit, or a text."""
    if isinstance(value, Cell):
        return value
    if isinstance(value, str):
        return value
    return Cell(None if value is None else Decimal(value), column.unit)


def said(value: Value | Cell, column: Column, currency: str) -> str:
    """The value as it is printed."""
    found = cell(value, column)
    if isinstance(found, str):
        return found
    if found.unit == "text":
        return formats.UNKNOWN
    return of_unit(found, currency)


def of_unit(found: Cell, currency: str) -> str:
    value, signed = found.value, found.is_change
    if found.unit == "money":
        return formats.money(value, currency, places=0, signed=signed)
    if found.unit == "ratio":
        return formats.percent(value, signed=signed)
    if found.unit == "points":
        return formats.points(value)
    return formats.number(value, places=1 if found.unit == "index" else 0, signed=signed)


def widths(columns: Sequence[Column], whole: float) -> list[float]:
    """How the columns share the width of a page."""
    total: Any = sum(column.width for column in columns)
    return [whole * column.width / total for column in columns]
