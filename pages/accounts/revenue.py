"""Revenue: by any two dimensions and any period, beside the period before, last year and target."""

import streamlit as st

from core import db, portfolio, revenue_table, settings
from core.language import _
from core.revenue_axes import Axis
from core.vocabulary import Permission
from pages.ui import (
    answers,
    filters,
    formats,
    gate,
    portfolio_parts,
    revenue_parts,
    structure_parts,
    view_parts,
)
from pages.ui.revenue_parts import AXES, FIGURES, NONE, SHOWN

actor = gate.require(Permission.REVENUE_READ)

with db.read() as session:
    decided = settings.get(session)
    ask = answers.asker(session, actor)
    day = ask(portfolio.as_of)
    choices = ask(portfolio.choices)

currency = decided.base_currency
left, right = st.columns([2, 3], vertical_alignment="bottom")
if day is None:
    left.title(_("Revenue"))
    portfolio_parts.no_orders(actor)
    st.stop()

with right, st.container(horizontal_alignment="right"):
    period = filters.period(day, decided.fiscal_year_month)
    with st.container(horizontal=True, horizontal_alignment="right"):
        chosen = filters.accounts(choices)
        view_parts.menu(actor, "revenue")
with left:
    st.title(_("Revenue"))
    st.caption(filters.sentence(period, day))

axes = {name: _(label) for name, label in AXES.items()}
with st.grid(4, min_column_width=160):
    rows_by = Axis(filters.choice("rows", _("Rows"), axes, Axis.ACCOUNT))
    others = {
        name: label
        for name, label in axes.items()
        if name != rows_by and not (rows_by.months and Axis(name).months)
    }
    by = filters.choice("columns", _("Second dimension"), {NONE: _("none"), **others}, NONE)
    figure = FIGURES[filters.choice("figure", _("Figure"), revenue_parts.figures(actor), "net")]
    shapes = {name: _(label) for name, label in SHOWN.items() if by != NONE or name == "list"}
    shape = filters.choice("shape", _("Shown as"), shapes, "list", disabled=by == NONE)
everything = bool(st.session_state.get("all_rows"))

structure = structure_parts.choose(actor, min(period.previous(), period.shifted(-12)))
columns_by = None if by == NONE else Axis(by)
size = (revenue_parts.MOST_ROWS if everything else revenue_table.SHOWN_ROWS, revenue_table.SHOWN_COLUMNS)
with db.read() as session:
    found = answers.asker(session, actor)(
        revenue_table.table, period, rows_by, columns_by, chosen.accounts, shown=size, structure=structure
    )

if not found.rows:
    revenue_parts.nothing()
    st.stop()

revenue_parts.tiles(found, figure, currency)
revenue_parts.picture(found, figure, currency)

grid = (
    revenue_parts.side_by_side(found, figure)
    if shape == "list"
    else revenue_parts.across(found, figure, shape)
)
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.caption(_("Choose a cell to see its order lines."))
    with st.container(horizontal=True, width="content", vertical_alignment="center"):
        if everything or found.row_count > revenue_table.SHOWN_ROWS:
            st.toggle(revenue_parts.all_label(found.row_count), key="all_rows", bind="query-params")
        words = {"rows": rows_by.value, "columns": by, "period": formats.period(period), **chosen.words}
        revenue_parts.export(grid, actor, words)
revenue_parts.table(grid, currency)
revenue_parts.open_cell(found, grid, chosen.accounts, currency, structure)
