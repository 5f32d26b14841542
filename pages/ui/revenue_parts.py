"""The parts of the Revenue page: its figures, its picture and its table, in which each cell opens its order lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import db, order_lines, revenue_table
from core.auth import Actor
from core.errors import Invalid
from core.filters import AccountFilter
from core.language import N_, _
from core.money import ratio
from core.periods import Period, add_months
from core.revenue import Measures
from core.revenue_axes import Axis
from core.revenue_table import Cell, Key, Side, Table
from core.vocabulary import Permission, Structure
from pages.ui import charts, dialogs, drill, figure_charts, formats, tables
from pages.ui.forms import plain

AXES: dict[str, str] = {
    Axis.ACCOUNT: N_("Account"),
    Axis.PRODUCT: N_("Product"),
    Axis.CATEGORY: N_("Category"),
    Axis.COUNTRY: N_("Country"),
    Axis.OWNER: N_("Owner"),
    Axis.REGION: N_("Region"),
    Axis.SEGMENT: N_("Segment"),
    Axis.GROUP: N_("Group"),
    Axis.TIER: N_("Tier"),
    Axis.MONTH: N_("Month"),
    Axis.QUARTER: N_("Quarter"),
    Axis.YEAR: N_("Year"),
}
NONE = "none"
PICTURED = 12
MOST_ROWS = 5_000  # a browser scrolls so many without a pause; the rest stands in one row
_OPENED = "revenue_cell"


@dataclass(frozen=True)
class Figure:
    """One figure that the table can show."""

    label: str
    of: Callable[[Measures], Decimal | None]
    kind: str = "money"  # `share`, `price`, `quantity`
    needs_cost: bool = False


FIGURES: dict[str, Figure] = {
    "net": Figure(N_("Net revenue"), lambda sums: sums.net),
    "gross": Figure(N_("Revenue at list price"), lambda sums: sums.gross),
    "discount": Figure(N_("Discount amount"), lambda sums: sums.discount),
    "discount_rate": Figure(N_("Average discount"), lambda sums: sums.discount_rate, "share"),
    "quantity": Figure(N_("Quantity"), lambda sums: sums.quantity, "quantity"),
    "price": Figure(N_("Net price per unit"), lambda sums: ratio(sums.net, sums.quantity), "price"),
    "returns": Figure(N_("Returned amount"), lambda sums: -sums.returns),
    "margin": Figure(N_("Margin amount"), lambda sums: sums.margin, needs_cost=True),
    "margin_rate": Figure(N_("Margin"), lambda sums: sums.margin_rate, "share", needs_cost=True),
}
SHOWN: dict[str, str] = {
    "list": N_("Side by side"),
    "now": N_("Across: now"),
    "before": N_("Across: change on period before"),
    "year_ago": N_("Across: change on last year"),
    "target": N_("Across: of target"),
}


def all_label(count: int) -> str:
    """What the switch for more rows promises: all of them, or the first where they are too many."""
    if count <= MOST_ROWS:
        return _("Show all {count}").format(count=formats.number(count))
    return _("Show the first {most} of {count}; the others stay one row").format(
        most=formats.number(MOST_ROWS), count=formats.number(count)
    )


def figures(actor: Actor) -> dict[str, str]:
    """The figures that somebody may choose."""
    return {name: _(one.label) for name, one in FIGURES.items() if actor.sees_cost or not one.needs_cost}


def label(found: Table, axis: Axis, key: Key) -> str:
    """What a row or column is called."""
    if key.is_others:
        count = found.row_count if axis is found.rows_by else found.column_count
        shown = found.rows if axis is found.rows_by else found.columns
        return _("{count} others").format(count=formats.number(count - len(shown) + 1))
    if axis.months:
        span = Period(key.id, add_months(key.id, axis.months))
        if axis is Axis.YEAR and key.id.month == 1:
            return str(key.id.year)
        return formats.period(span)
    return key.label if key.label is not None else _("none")


def said(value: Decimal | None, figure: Figure, currency: str) -> str:
    """A figure as its tile prints it."""
    if figure.kind == "share":
        return formats.percent(value)
    if figure.kind == "quantity":
        return formats.number(value)
    return formats.price(value, currency) if figure.kind == "price" else formats.compact(value, currency)


def change(now: Decimal | None, then: Decimal | None, figure: Figure) -> Decimal | None:
    """By how much a figure changed: a share by the difference, all else relative to what it was."""
    if now is None or then is None:
        return None
    if figure.kind == "share":
        return now - then
    return ratio(now - then, then) if then > 0 else None


def tiles(found: Table, figure: Figure, currency: str) -> None:
    """The total beside everything that it is compared with."""
    total = found.total
    now, before, year_ago = (figure.of(side) for side in (total.now, total.before, total.year_ago))
    grid = st.grid(4, min_column_width=150)
    _tile(grid, _(figure.label), now, None, figure, currency)
    _tile(grid, _("Period before"), before, change(now, before, figure), figure, currency)
    _tile(grid, _("Last year"), year_ago, change(now, year_ago, figure), figure, currency)
    with grid.cell(), st.container(border=True, height="stretch"):
        reached = total.attainment if figure is FIGURES["net"] else None
        wanted = total.target if figure is FIGURES["net"] else None
        st.metric(_("Target"), formats.compact(wanted, currency))
        st.caption(_("{share} reached").format(share=formats.percent(reached)))


def _tile(
    grid: Any, title: str, value: Decimal | None, moved: Decimal | None, figure: Figure, currency: str
) -> None:
    with grid.cell(), st.container(border=True, height="stretch"):
        st.metric(title, said(value, figure, currency))
        if title == _(figure.label):
            st.caption(_("in this period"))
        else:
            text = formats.points(moved) if figure.kind == "share" else formats.percent(moved, signed=True)
            st.caption(_("{change} since then").format(change=text))


def picture(found: Table, figure: Figure, currency: str) -> None:
    """The first rows now, last year and against target."""
    keys = [key for key in found.rows if not key.is_others]
    keys = keys[-36:] if found.rows_by.months else keys[:PICTURED]
    scale = 100 if figure.kind == "share" else 1
    rows = []
    for key in keys:
        cell = found.row_totals[key.id]
        now, then = figure.of(cell.now), figure.of(cell.year_ago)
        target = cell.target if figure is FIGURES["net"] else None
        name = label(found, found.rows_by, key)
        rows.append(charts.Compared(name, now and now * scale, then and then * scale, target))
    title = _("{figure} by {dimension}").format(
        figure=_(figure.label), dimension=_(AXES[found.rows_by]).lower()
    )
    with st.container(border=True):
        st.markdown(f"**{title}**")
        suffix = "%" if figure.kind == "share" else ""
        front = f"{formats.symbol(currency)} " if figure.kind in ("money", "price") else ""
        first = "; ".join(f"{row.label}: {said(figure.of(found.row_totals[key.id].now), figure, currency)}"
                          for row, key in list(zip(rows, keys, strict=True))[:5])  # fmt: skip
        draw = charts.compared if found.rows_by.months else figure_charts.ranked
        charts.show(draw(rows, prefix=front, suffix=suffix), alt=f"{title}. {first}", key="chart_revenue")


@dataclass(frozen=True)
class Grid:
    """A table as it stands on the screen: exact values, and what each row and column opens."""

    head: list[str]
    rows: list[list[Any]]
    places: list[tuple[Key | None, Key | None]]  # of the rows
    sides: dict[str, tuple[Key | None, Side]]  # of the columns: its key, which lines it opens
    kinds: dict[str, str]  # of the columns: `text`, `share`, or the figure's


def side_by_side(found: Table, figure: Figure) -> Grid:
    """One line a row and, with a second dimension, one a cell below its row."""
    with_target = figure is FIGURES["net"]
    names = [_(AXES[found.rows_by])] + ([_(AXES[found.columns_by])] if found.columns_by else [])
    words = [
        (_("Now"), Side.NOW, figure.kind), (_("Period before"), Side.BEFORE, figure.kind),
        (_("Change"), Side.BEFORE, "change"), (_("Last year"), Side.YEAR_AGO, figure.kind),
        (_("vs last year"), Side.YEAR_AGO, "change"),
    ]  # fmt: skip
    words += [(_("Target"), Side.NOW, "money"), (_("Of target"), Side.NOW, "share")] if with_target else []
    rows, places = [], []

    def add(texts: list[str], cell: Cell, place: tuple[Key | None, Key | None]) -> None:
        now, before, year_ago = (figure.of(side) for side in (cell.now, cell.before, cell.year_ago))
        values = [now, before, change(now, before, figure), year_ago, change(now, year_ago, figure)]
        rows.append([*texts, *values, *([cell.target, cell.attainment] if with_target else [])])
        places.append(place)

    blank = [""] if found.columns_by else []
    add([_("Total"), *blank], found.total, (None, None))
    for key in found.rows:
        name = label(found, found.rows_by, key)
        add([name, *([_("Total")] if blank else [])], found.row_totals[key.id], (key, None))
        for column in found.columns:
            cell = found.at(key, column)
            if cell is not None and found.columns_by is not None:
                add([name, label(found, found.columns_by, column)], cell, (key, column))
    kinds = dict.fromkeys(names, "text") | {word: kind for word, _side, kind in words}
    kinds = {name: _kind_of_change(kind, figure) for name, kind in kinds.items()}
    sides: dict[str, tuple[Key | None, Side]] = dict.fromkeys(names, (None, Side.NOW))
    sides |= {word: (None, side) for word, side, _kind in words}
    return Grid([*names, *(word for word, _side, _kind in words)], rows, places, sides, kinds)


def _kind_of_change(kind: str, figure: Figure) -> str:
    if kind != "change":
        return kind
    return "points" if figure.kind == "share" else "share"


def _across(figure: Figure, shown: str, cell: Cell | None) -> Decimal | None:
    if cell is None:
        return None
    if shown == "target":
        return cell.attainment
    now = figure.of(cell.now)
    if shown == "now":
        return now
    return change(now, figure.of(cell.before if shown == "before" else cell.year_ago), figure)


def across(found: Table, figure: Figure, shown: str) -> Grid:
    """One figure with the second dimension in the columns."""
    side = {"before": Side.BEFORE, "year_ago": Side.YEAR_AGO}.get(shown, Side.NOW)

    value = partial(_across, figure, shown)
    first, total = _(AXES[found.rows_by]), _("Total")
    head = [first, total]
    sides: dict[str, tuple[Key | None, Side]] = {first: (None, side), total: (None, side)}
    keyed: list[Key] = []
    for column in found.columns:
        name = label(found, found.columns_by or found.rows_by, column)
        if name in sides:
            name = f"{name} ({len(head)})"  # two of one name stay two columns
        head.append(name)
        sides[name] = (column, side)
        keyed.append(column)
    rows: list[list[Any]] = [
        [total, value(found.total), *(value(found.column_totals.get(one.id)) for one in keyed)]
    ]
    rows += [
        [
            label(found, found.rows_by, key),
            value(found.row_totals.get(key.id)),
            *(value(found.at(key, one)) for one in keyed),
        ]
        for key in found.rows
    ]
    kind = (
        figure.kind if shown == "now" else "share" if shown == "target" else _kind_of_change("change", figure)
    )
    kinds = {name: "text" if name == first else kind for name in head}
    places: list[tuple[Key | None, Key | None]] = [(None, None), *((key, None) for key in found.rows)]
    return Grid(head, rows, places, sides, kinds)


def table(grid: Grid, currency: str) -> None:
    """The grid on the screen; a cell that is chosen opens its order lines in the same run."""
    numbers = [name for name in grid.head if grid.kinds[name] != "text"]
    frame = pd.DataFrame(grid.rows, columns=grid.head)
    for name in numbers:
        scale = 100 if grid.kinds[name] in ("share", "points") else 1
        frame[name] = pd.array(
            [None if v is None else float(v * scale) for v in frame[name]], dtype="Float64"
        )

    def opened() -> None:
        cells = st.session_state["revenue_table"]["selection"]["cells"]
        if cells:
            st.session_state[_OPENED] = (int(cells[0][0]), str(cells[0][1]))

    st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=min(len(frame) + 1, 18) * tables.ROW_HEIGHT + 4,
        column_config={
            name: _column(name, grid, currency, number == 0) for number, name in enumerate(grid.head)
        },
        on_select=opened,
        selection_mode="single-cell",
        key="revenue_table",
        placeholder=formats.UNKNOWN,
        alt=_("Revenue by the chosen dimensions; choosing a cell opens its order lines."),
    )


def _column(name: str, grid: Grid, currency: str, is_first: bool) -> Any:
    kind, column = grid.kinds[name], st.column_config
    if kind == "text":
        return column.TextColumn(name, pinned=is_first, width="medium")
    if kind == "share":
        return tables.percent_column(name)
    if kind == "points":
        return column.NumberColumn(name, format="%.1f pt")
    if kind == "quantity":
        return column.NumberColumn(name, format="localized")
    return column.NumberColumn(
        f"{name}, {formats.symbol(currency)}", format="%.4f" if kind == "price" else "accounting"
    )


def open_cell(
    found: Table,
    grid: Grid,
    accounts: AccountFilter,
    currency: str,
    structure: Structure = Structure.TODAY,
) -> None:
    """The order lines of the cell that was just chosen."""
    chosen = st.session_state.pop(_OPENED, None)
    if chosen is None or chosen[0] >= len(grid.places) or chosen[1] not in grid.sides:
        return
    row, column = grid.places[chosen[0]]
    of_column, side = grid.sides[chosen[1]]
    try:
        asked = revenue_table.behind(found, row, column or of_column, side, accounts)
    except Invalid as error:
        st.toast(error.message)
        return
    words = [
        label(found, axis, key)
        for axis, key in ((found.rows_by, row), (found.columns_by, column or of_column))
        if axis is not None and key is not None
    ]
    title = " · ".join([*map(plain, words), formats.period(asked[0])])
    dialogs.show(title, _lines, *asked, currency, structure)


def _lines(
    actor: Actor, period: Period, accounts: AccountFilter, sold: Any, currency: str, structure: Structure
) -> None:
    with db.read() as session:
        found = order_lines.search(
            session, actor, period, accounts, sold, limit=drill.LINE_LIMIT, structure=structure
        )
    st.caption(
        _("{total} in {count} order lines; the newest {shown} are shown.").format(
            total=formats.money(found.total.net, currency),
            count=formats.number(found.count),
            shown=formats.number(len(found.rows)),
        )
    )
    if found.rows:
        frame, columns = drill.line_table(found.rows, currency)
        tables.plain_frame(frame, columns, key="revenue_lines")


def export(grid: Grid, actor: Actor, words: Mapping[str, str]) -> None:
    """What is on the screen as a file."""
    if not actor.may(Permission.DATA_EXPORT):
        return
    with st.popover(_("Export"), icon=":material/download:"):
        for kind in ("csv", "xlsx"):
            st.download_button(
                kind.upper(),
                data=partial(export_file, kind, grid, actor, dict(words)),
                file_name=f"revenue.{kind}",
                key=f"export_{kind}",
                on_click="ignore",
                width="stretch",
            )


def export_file(kind: str, grid: Grid, actor: Actor, words: dict[str, str]) -> bytes:
    """The grid with exact values, noted in the audit; runs when the file is asked for."""
    rows = [[tables.safe_cell(value) for value in row] for row in [grid.head, *grid.rows]]
    with db.write() as session:
        revenue_table.record_export(session, actor, len(grid.rows), {"format": kind, **words})
    return tables.as_csv(rows) if kind == "csv" else tables.as_xlsx(rows, _("Revenue"))


def nothing() -> None:
    st.info(_("Nothing was sold in this period, nor in those it is compared with."))
