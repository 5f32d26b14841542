"""The parts of the Portfolio page: its two pictures, its table of accounts and what leaves the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Protocol

import pandas as pd
import streamlit as st

from core import db, portfolio, portfolio_groups
from core.auth import Actor
from core.health_rules import Score
from core.language import _, ngettext
from core.money import ZERO
from core.portfolio import Board
from core.revenue import Measures
from core.standings import Standing
from core.vocabulary import Permission
from pages.ui import (
    account_form,
    chart_marks,
    charts,
    dialogs,
    filters,
    formats,
    group_form,
    navigation,
    tables,
)
from pages.ui.asking import Asking
from pages.ui.charts import Move
from pages.ui.forms import plain

NAMED_MOVES = 7
FIRST_ROWS = 100

Scorer = Callable[[Sequence[Standing]], Mapping[int, Score]]  # the health of the accounts among these


def pictures(board: Board, currency: str) -> None:
    """Revenue by month left, what moved it right; one below the other on a phone."""
    left, right = st.columns([3, 2])
    with left, st.container(border=True, height="stretch"):
        months(board, currency)
    with right, st.container(border=True, height="stretch"):
        _moves(board, currency)


def heading(title: str, key: str) -> bool:
    """The finding, and a button for the table behind the picture; whether it was clicked."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{title}**", width="content")
        return st.button(
            "",
            key=key,
            icon=":material/table_chart:",
            type="tertiary",
            help=_("The figures behind the picture"),
        )


def months(board: Board, currency: str, marks: Mapping[date, str] = MappingProxyType({})) -> None:
    """Net revenue by month with last year and target; marks, such as causes, stand above their months."""
    _divisor, unit = charts.scale_of(board.months)
    title = _("Net revenue by month, {unit}").format(
        unit=f"{formats.symbol(currency)} {formats.unit_word(unit)}".strip()
    )
    opened = heading(title, "table_months")
    said = [f"{formats.month(row.month)}: {marks[row.month]}" for row in board.months if row.month in marks]
    charts.show(
        chart_marks.add(charts.revenue_by_month(board.months, currency=currency), board.months, marks),
        alt=" ".join([charts.alt_of_months(board.months, currency=currency), *said]),
        key="chart_months",
    )
    if said:
        st.caption(plain("▼ " + " · ".join(said)))
    if opened:
        table(title, charts.table_of_months(board.months), currency)


def table(title: str, frame: pd.DataFrame, currency: str, *, places: int = 0) -> None:
    """The figures behind a picture; amounts with so many decimals."""
    dialogs.show(title, _behind, frame, currency, places)


def _behind(_actor: Actor, frame: pd.DataFrame, currency: str, places: int) -> None:
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    tables.plain_frame(
        frame, {name: tables.money_column(name, currency, places=places) for name in numbers}, key="behind"
    )


class Moved(Protocol):
    """Anything with a name that brought something now and a year ago."""

    @property
    def name(self) -> str: ...
    @property
    def now(self) -> Measures: ...
    @property
    def year_ago(self) -> Measures: ...


def moves(standings: Sequence[Moved]) -> list[Move]:
    """The accounts that moved the change most, gains first; the others as one."""
    changes = [Move(row.name, row.now.net - row.year_ago.net) for row in standings]
    ranked = sorted((move for move in changes if move.amount), key=lambda move: -abs(move.amount))
    named, rest = ranked[:NAMED_MOVES], ranked[NAMED_MOVES:]
    shown = sorted(named, key=lambda move: -move.amount)
    others = sum((move.amount for move in rest), ZERO)
    return (
        [*shown, Move(ngettext("{count} other", "{count} others", len(rest)).format(count=len(rest)), others)]
        if rest
        else shown
    )


def _moves(board: Board, currency: str) -> None:
    total = sum((row.now.net - row.year_ago.net for row in board.standings), ZERO)
    title = _("What moved it: {change} on last year").format(
        change=formats.compact(total, currency, signed=True)
    )
    opened = heading(title, "table_moves")
    found = moves(board.standings)
    if found:
        charts.show(
            charts.movers(found, currency=currency),
            alt=charts.alt_of_moves(found, currency=currency),
            key="chart_moves",
        )
    else:
        st.caption(_("Nothing moved against last year."))
    if opened:
        rows = [row for row in board.standings if row.now.net != row.year_ago.net]
        frame = pd.DataFrame(
            {
                _("Account"): [row.name for row in rows],
                _("Net revenue"): [tables.whole(row.now.net) for row in rows],
                _("Last year"): [tables.whole(row.year_ago.net) for row in rows],
                _("Change"): [tables.whole(row.now.net - row.year_ago.net) for row in rows],
            }
        )
        table(title, frame, currency)


def account_table(
    board: Board, currency: str, actor: Actor, words: dict[str, str], health: Scorer, asking: Asking
) -> None:
    """Every account with its health and what Today asks for; a row that is clicked opens it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(_("Accounts"), width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            grouped = st.toggle(_("Roll up groups"), key="grouped", bind="query-params")
            only_attention = st.toggle(
                _("Needs attention ({count})").format(count=formats.number(asking.count)),
                key="attention",
                bind="query-params",
                help=_("The accounts that Today asks for, whatever period is chosen here."),
            )
            shown = portfolio_groups.rolled_up(board.standings) if grouped else list(board.standings)
            if only_attention:
                shown = sorted(filter(asking.needs, shown), key=asking.amount_of, reverse=True)
            _export(shown, board, actor, words, health, asking)
            group_form.button(actor)
            if account_form.may_create(actor) and st.button(_("New account"), icon=":material/add:"):
                account_form.create_dialog()
    if not shown:
        st.info(_("Nothing needs attention here.") if only_attention else _("No account fits these filters."))
        return
    shown = _first(shown)
    _rows(shown, board, currency, health(shown), asking, key=f"accounts_{grouped}_{only_attention}")


def _rows(
    shown: list[Standing],
    board: Board,
    currency: str,
    health: Mapping[int, Score],
    asking: Asking,
    *,
    key: str,
) -> None:
    total = sum((row.now.net for row in board.standings), ZERO)
    opened = st.dataframe(
        tables.accounts(
            shown,
            sees_cost=board.sees_cost,
            total=total,
            health=health,
            asking=asking.words_of,
        ),
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=min(len(shown) + 1, 16) * tables.ROW_HEIGHT + 4,
        column_config=tables.account_columns(shown, currency=currency),
        on_select="rerun",
        selection_mode="single-cell",
        key=key,
        placeholder=formats.UNKNOWN,
        alt=_("Accounts with their figures; choosing a cell opens its account."),
    )
    _follow(opened, shown)


def _first(rows: list[Standing]) -> list[Standing]:
    """The first rows, and all of them once asked for: a browser takes a second for thousands."""
    if len(rows) <= FIRST_ROWS:
        return rows
    everything = st.toggle(
        _("Show all {count} (the first {shown} are shown)").format(
            count=formats.number(len(rows)), shown=formats.number(FIRST_ROWS)
        ),
        key="all_accounts",
        bind="query-params",
    )
    return rows if everything else rows[:FIRST_ROWS]


def _follow(opened: object, shown: Sequence[Standing]) -> None:
    cells = getattr(getattr(opened, "selection", None), "cells", None)
    if not cells:
        return
    row = shown[int(cells[0][0])]
    if row.account_id is None:  # a group: its accounts, one by one
        st.session_state["open_group"] = row.name
        st.rerun()
    st.switch_page(
        navigation.PAGES / "accounts/account.py",
        query_params={"account": row.code, **filters.chosen_period()},
    )


def open_group() -> None:
    """A group that was clicked shows its accounts: to be called before any filter is drawn."""
    name = st.session_state.pop("open_group", None)
    if name:
        st.session_state["group"] = [name]
        st.session_state["grouped"] = False


def _export(
    shown: Sequence[Standing],
    board: Board,
    actor: Actor,
    words: dict[str, str],
    health: Scorer,
    asking: Asking,
) -> None:
    if not actor.may(Permission.DATA_EXPORT):
        return
    with st.popover(_("Export"), icon=":material/download:"):
        for kind in ("csv", "xlsx"):
            st.download_button(
                kind.upper(),
                data=partial(export, kind, shown, board, actor, words, health, asking),
                file_name=f"portfolio-{board.period.last_day:%Y-%m-%d}.{kind}",
                key=f"export_{kind}",
                on_click="ignore",
                width="stretch",
            )


def export(
    kind: str,
    shown: Sequence[Standing],
    board: Board,
    actor: Actor,
    words: dict[str, str],
    health: Scorer | None = None,
    asking: Asking | None = None,
) -> bytes:
    """What is on the screen as a file, noted in the audit; runs when the file is asked for."""
    rows = tables.export_rows(
        shown,
        sees_cost=board.sees_cost,
        health=health and health(shown),
        asking=asking.words_of if asking else None,
    )
    with db.write() as session:
        asked = {"period": formats.period(board.period), "format": kind, **words}
        portfolio.record_export(session, actor, len(rows) - 1, asked)
    return tables.as_csv(rows) if kind == "csv" else tables.as_xlsx(rows, _("Portfolio"))


def no_orders(actor: Actor) -> None:
    """Before the first import: one sentence, one button."""
    st.info(_("There are no orders yet. Import some, and this page shows how your accounts stand."))
    if actor.may(Permission.DATA_IMPORT):
        data = navigation.PAGES / "management/data.py"
        if data.exists() and st.button(
            _("Go to Data & import"), type="primary", icon=":material/upload_file:"
        ):
            st.switch_page(data)


def nothing_fits(chosen: filters.Chosen) -> None:
    """Filters that leave nothing."""
    st.info(_("No account fits these filters: {filters}.").format(filters=filters.said(chosen)))
    st.button(_("Clear filters"), on_click=filters.clear, type="primary", key="clear_all")
