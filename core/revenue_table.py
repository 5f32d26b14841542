"""Revenue by any two dimensions, each cell beside the period before, last year and target.

Sums of a level are added up from its cells, and ratios are made anew from the sums of each level. Only the greatest
rows and columns are shown one by one; what is left of each level is one row or column of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from core import audit, auth, measures, parts, revenue, revenue_axes, settings, targets
from core.audit import Subject
from core.auth import Actor
from core.errors import Invalid
from core.filters import ALL_ACCOUNTS, ALL_LINES, AccountFilter, LineFilter
from core.language import _
from core.money import ratio
from core.periods import Period, add_months
from core.revenue import Dimension, Measures
from core.revenue_axes import Axis
from core.vocabulary import Permission, Structure

SHOWN_ROWS = 50
SHOWN_COLUMNS = 24


@dataclass(frozen=True)
class Cell:
    """Some order lines beside what they are compared with."""

    now: Measures
    before: Measures  # the period just before; along time the month, quarter or year just before
    year_ago: Measures
    target: Decimal | None = None  # of net revenue; none: not set, or not known at this level

    def __add__(self, other: Cell) -> Cell:
        return Cell(
            self.now + other.now,
            self.before + other.before,
            self.year_ago + other.year_ago,
            _sum_known(self.target, other.target),
        )

    def __sub__(self, other: Cell) -> Cell:
        target = self.target
        if target is not None and other.target is not None:
            target -= other.target
        return Cell(self.now - other.now, self.before - other.before, self.year_ago - other.year_ago, target)

    @property
    def attainment(self) -> Decimal | None:
        return ratio(self.now.net, self.target)

    @property
    def is_empty(self) -> bool:
        return not (self.now.lines or self.before.lines or self.year_ago.lines or self.target)


@dataclass(frozen=True)
class Key:
    """One row or column: an id, a country's name, or the first day of a span of time; None: has none."""

    id: Any
    label: str | None
    is_others: bool = False


_OF_ACCOUNTS = ([Dimension.ACCOUNT], [Dimension.ACCOUNT, Dimension.MONTH])
OTHERS = Key("others", None, is_others=True)
Place = tuple[Any, Any]  # ids of a row and a column


@dataclass(frozen=True)
class Table:
    """A table by one or two dimensions with the totals of both."""

    period: Period
    rows_by: Axis
    columns_by: Axis | None
    rows: tuple[Key, ...]
    columns: tuple[Key, ...]
    cells: Mapping[Place, Cell]
    row_totals: Mapping[Any, Cell]
    column_totals: Mapping[Any, Cell]
    total: Cell
    row_count: int  # of all rows, the others counted one by one
    column_count: int
    sees_cost: bool
    first_month: int = 1  # of the fiscal year

    def at(self, row: Key, column: Key | None = None) -> Cell | None:
        """A cell, or without a column the row's total; None where there is nothing."""
        return self.row_totals.get(row.id) if column is None else self.cells.get((row.id, column.id))


@dataclass(frozen=True)
class _Asked:
    session: Session
    actor: Actor
    period: Period
    accounts: AccountFilter
    sold: LineFilter
    first_month: int
    structure: Structure = Structure.TODAY


@dataclass
class _Sides:
    """The sums of the four sides of some cells, by their keys."""

    now: dict[tuple[Any, ...], Measures] = field(default_factory=dict)
    before: dict[tuple[Any, ...], Measures] = field(default_factory=dict)
    year_ago: dict[tuple[Any, ...], Measures] = field(default_factory=dict)
    target: dict[tuple[Any, ...], Decimal | None] = field(default_factory=dict)

    def cells(self, nothing: Measures) -> dict[tuple[Any, ...], Cell]:
        known = {**self.now, **self.before, **self.year_ago, **self.target}
        found = {
            key: Cell(
                self.now.get(key, nothing),
                self.before.get(key, nothing),
                self.year_ago.get(key, nothing),
                self.target.get(key),
            )
            for key in known
        }
        return {key: cell for key, cell in found.items() if not cell.is_empty}


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast")
def table(  # noqa: PLR0913  (one parameter a choice of the page)
    session: Session,
    actor: Actor,
    period: Period,
    rows_by: Axis,
    columns_by: Axis | None = None,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    *,
    shown: tuple[int, int] = (SHOWN_ROWS, SHOWN_COLUMNS),
    structure: Structure = Structure.TODAY,
) -> Table:
    """The table of everything that the actor may see, with so many rows and columns one by one.

    Raises Invalid where both dimensions are the same, or both are time.
    """
    auth.require(actor, Permission.REVENUE_READ)
    if columns_by is rows_by or (columns_by and columns_by.months and rows_by.months):
        raise Invalid(_("Choose two different dimensions, one of them at most a span of time."))
    first_month = settings.get(session).fiscal_year_month
    asked = _Asked(session, actor, period, accounts, sold, first_month, structure)
    of_rows = _level(asked, rows_by)
    rows = _ranked(asked, rows_by, of_rows, shown[0])
    nothing = _nothing(actor)
    total = _level(asked).get((), Cell(nothing, nothing, nothing))
    row_totals = _with_others(rows, {key: cell for (key,), cell in of_rows.items()}, total)
    columns: tuple[Key, ...] = ()
    column_totals: dict[Any, Cell] = {}
    cells: dict[Place, Cell] = {}
    column_count = 0
    if columns_by is not None:
        of_columns = _level(asked, columns_by)
        column_count = len(of_columns)
        columns = _ranked(asked, columns_by, of_columns, shown[1])
        column_totals = _with_others(columns, {key: cell for (key,), cell in of_columns.items()}, total)
        cells = _cells(asked, (rows_by, columns_by), (rows, columns), (row_totals, column_totals))
    return Table(
        period, rows_by, columns_by, rows, columns, cells, row_totals, column_totals, total,
        len(of_rows), column_count, actor.sees_cost, asked.first_month,
    )  # fmt: skip


def _level(asked: _Asked, *axes: Axis) -> dict[tuple[Any, ...], Cell]:
    """The cells of one level with all of their sides."""
    steps = [axis.months for axis in axes if axis.months]
    before = asked.period.shifted(-steps[0]) if steps else asked.period.previous()
    sides = _Sides(
        now=_sums(asked, asked.period, axes, 0),
        before=_sums(asked, before, axes, steps[0] if steps else 0),
        year_ago=_sums(asked, asked.period.shifted(-12), axes, 12 if steps else 0),
        target=_wanted(asked, axes),
    )
    return sides.cells(_nothing(asked.actor))


def _sums(asked: _Asked, span: Period, axes: tuple[Axis, ...], later: int) -> dict[tuple[Any, ...], Measures]:
    """Sums by the axes; along time the keys are moved later, to where they are compared."""
    dimensions = [axis.dimension for axis in axes]
    chosen: dict[str, Any] = {"accounts": asked.accounts, "structure": asked.structure}
    if dimensions in _OF_ACCOUNTS and asked.sold == ALL_LINES:
        found = parts.ask(asked.session, asked.actor, revenue.of_accounts, span, *dimensions[1:], **chosen)
    else:
        found = revenue.by(asked.session, asked.actor, span, *dimensions, sold=asked.sold, **chosen)
    if not any(axis.months for axis in axes):
        return found
    sums: dict[tuple[Any, ...], Measures] = {}
    for key, sold in found.items():
        place = _placed(asked, axes, key, later)
        known = sums.get(place)
        sums[place] = sold if known is None else known + sold
    return sums


def _wanted(asked: _Asked, axes: tuple[Axis, ...]) -> dict[tuple[Any, ...], Decimal | None]:
    """Targets by the axes; none where targets are not set at that level, or only some of what is sold is asked for."""
    dimensions = [axis.dimension for axis in axes]
    if asked.sold != ALL_LINES or not targets.are_known_by(dimensions):
        return {}
    chosen: dict[str, Any] = {"accounts": asked.accounts, "structure": asked.structure}
    found = parts.ask(asked.session, asked.actor, targets.by, asked.period, *dimensions, **chosen)
    sums: dict[tuple[Any, ...], Decimal | None] = {}
    for key, expected in found.items():
        place = _placed(asked, axes, key, 0)
        sums[place] = _sum_known(sums.get(place), expected.net_revenue)
    return sums


def _placed(asked: _Asked, axes: tuple[Axis, ...], key: tuple[Any, ...], later: int) -> tuple[Any, ...]:
    return tuple(
        revenue_axes.moved(axis, one, later, asked.first_month) if isinstance(one, date) else one
        for axis, one in zip(axes, key, strict=True)
    )


def _nothing(actor: Actor) -> Measures:
    return measures.nothing(sees_cost=actor.sees_cost)


def _ranked(asked: _Asked, axis: Axis, found: Mapping[tuple[Any, ...], Cell], limit: int) -> tuple[Key, ...]:
    """The keys to be shown: time in its order, anything else by net revenue, the rest as others."""
    keys = [key for (key,) in found]
    if axis.months:
        return tuple(Key(key, None) for key in sorted(keys) if key < asked.period.end)
    names = revenue_axes.names(asked.session, asked.actor, axis)
    keys.sort(key=lambda key: (-found[key,].now.net, -found[key,].year_ago.net, str(names.get(key, key))))
    ranked = [Key(key, names.get(key) if axis is not Axis.COUNTRY else key) for key in keys]
    return (*ranked[:limit], OTHERS) if len(ranked) > limit else tuple(ranked)


def _with_others(keys: Iterable[Key], known: Mapping[Any, Cell], total: Cell) -> dict[Any, Cell]:
    """The totals of the keys that are shown; others are what is left of the total."""
    shown = {key.id: known[key.id] for key in keys if not key.is_others}
    if any(key.is_others for key in keys):
        hidden = [cell for key, cell in known.items() if key not in shown]
        shown[OTHERS.id] = sum(hidden[1:], hidden[0]) if hidden else total
    return shown


def _cells(
    asked: _Asked,
    axes: tuple[Axis, Axis],
    keys: tuple[tuple[Key, ...], tuple[Key, ...]],
    totals: tuple[Mapping[Any, Cell], Mapping[Any, Cell]],
) -> dict[Place, Cell]:
    """The cells of the rows and columns that are shown, and what is left of each row and column."""
    narrowed = asked
    for axis, of_axis in zip(axes, keys, strict=True):
        if any(key.is_others for key in of_axis):
            shown = frozenset(key.id for key in of_axis if not key.is_others)
            chosen, sold = narrowed_to(axis, shown, narrowed.accounts, narrowed.sold)
            narrowed = replace(narrowed, accounts=chosen, sold=sold)
    level = _level(narrowed, *axes)
    found: dict[Place, Cell] = {(row, column): cell for (row, column), cell in level.items()}
    rows, columns = keys
    if OTHERS in columns:
        _fill_others(found, [key.id for key in rows if not key.is_others], totals[0], by_row=True)
    if OTHERS in rows:
        _fill_others(found, [key.id for key in columns], totals[1], by_row=False)
    return found


def _fill_others(
    found: dict[Place, Cell], ids: list[Any], totals: Mapping[Any, Cell], *, by_row: bool
) -> None:
    """What is left of each row (or column) after the cells that are shown."""
    rest = {one: totals[one] for one in ids if one in totals}
    for place, cell in found.items():
        one = place[0] if by_row else place[1]
        if one in rest:
            rest[one] -= cell
    for one, cell in rest.items():
        if not cell.is_empty:
            found[(one, OTHERS.id) if by_row else (OTHERS.id, one)] = cell


def narrowed_to(
    axis: Axis, ids: frozenset[Any], accounts: AccountFilter, sold: LineFilter
) -> tuple[AccountFilter, LineFilter]:
    """The filters that let through only some keys of a dimension; time is narrowed by the period."""
    if axis in (Axis.PRODUCT, Axis.CATEGORY, Axis.COUNTRY):
        names = {Axis.PRODUCT: "product_ids", Axis.CATEGORY: "category_ids", Axis.COUNTRY: "countries"}
        of_lines: dict[str, Any] = {names[axis]: ids}
        return accounts, replace(sold, **of_lines)
    of_accounts: dict[str, Any] = {} if axis.months else {f"{axis}_ids": ids}
    return replace(accounts, **of_accounts), sold


class Side(StrEnum):
    """Which of a cell's order lines: those of now, or those that they are compared with."""

    NOW = "now"
    BEFORE = "before"
    YEAR_AGO = "year_ago"


def behind(
    found: Table, row: Key | None, column: Key | None, side: Side, accounts: AccountFilter = ALL_ACCOUNTS
) -> tuple[Period, AccountFilter, LineFilter]:
    """Where the order lines of a cell are; of a whole row without a column, of everything without both.

    Raises Invalid for the others, which are no filter.
    """
    period, sold, step = found.period, ALL_LINES, 0
    for axis, key in ((found.rows_by, row), (found.columns_by, column)):
        if axis is None or key is None:
            continue
        if key.is_others:
            raise Invalid(_("These are the others together: show all rows to open one of them."))
        if axis.months:
            step = axis.months
            period = Period(max(key.id, period.start), min(add_months(key.id, step), period.end))
        else:
            accounts, sold = narrowed_to(axis, frozenset({key.id}), accounts, sold)
    if side is Side.YEAR_AGO:
        period = period.shifted(-12)
    elif side is Side.BEFORE:
        period = period.shifted(-step) if step else period.previous()
    return period, accounts, sold


def _sum_known(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    known = [amount for amount in (one, other) if amount is not None]
    return sum(known[1:], known[0]) if known else None


def record_export(session: Session, actor: Actor, rows: int, asked: Mapping[str, str]) -> None:
    """Note who took which table out, and how many rows."""
    auth.require(actor, Permission.DATA_EXPORT)
    changes = {"rows": (None, rows), **{name: (None, value) for name, value in asked.items()}}
    audit.record(session, actor, "export:revenue", Subject("export", "revenue", "revenue"), changes)
