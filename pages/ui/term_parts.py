"""The parts of Price terms: its figures, the timeline with its table, and the calendar of what comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import pandas as pd
import streamlit as st

from core.language import _, ngettext
from core.periods import first_of_month
from core.term_calendar import ENDING_DAYS, Coming, Event, Overdue, Overview, Phase
from core.terms import TermRow
from pages.ui import charts, formats, navigation, tables, term_chart, term_dialog, term_words
from pages.ui.forms import plain
from pages.ui.term_dialog import Opened
from pages.ui.term_words import Words

TERM = "term"  # which term is open, in the address
_FOLLOWED = "term_followed"
_TABLE = "term_table_number"
_FIRST = 12  # changes of one month that stand open


def figures(found: Overview) -> None:
    """How many are in force, end soon, come and wait."""
    shown = (
        (_("In force"), found.in_force, _("as of {day}").format(day=formats.day(found.day))),
        (
            _("Ending soon"),
            found.ending,
            _("within {count} days, nothing after them").format(count=ENDING_DAYS),
        ),
        (_("Coming"), found.coming, _("approved, not begun")),
        (_("Waiting"), found.waiting, _("for approval")),
    )
    grid = st.grid(4, min_column_width=150)
    for label, value, below in shown:
        with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
            st.metric(label, formats.number(value))
            st.caption(below)


def timeline(found: Overview, words: Words, account: str) -> None:
    """The picture of all that reaches the account, and behind it the table that opens each."""
    shown = term_chart.lanes(found.rows, found.day)
    if not found.rows:
        st.info(_("Nothing was granted to this account: list prices hold."), icon=":material/handshake:")
        return
    if shown:
        some = shown[: term_chart.LANES]
        title = _("Terms over time: {count} scopes").format(count=len(shown))
        with st.container(border=True):
            st.markdown(f"**{title}**")
            charts.show(
                term_chart.timeline(some, found.day, words),
                alt=term_chart.alt(some, found.day, words),
                key="chart_terms",
            )
            if len(shown) > len(some):
                st.caption(
                    _("The first {count} are drawn; the table has all of them.").format(count=len(some))
                )
    _table(found, words, account)


def _ordered(found: Overview) -> list[TermRow]:
    order = (Phase.SUBMITTED, Phase.IN_FORCE, Phase.COMING, Phase.DRAFT, Phase.REJECTED, Phase.ENDED)
    return sorted(found.rows, key=lambda row: (order.index(found.phase(row)), row.scope.key, row.valid_from))


def _table(found: Overview, words: Words, account: str) -> None:
    """Every term; choosing a cell opens it."""
    rows = _ordered(found)
    names = term_words.phases()
    frame = pd.DataFrame(
        {
            "goods": [words.goods(row) for row in rows],
            "value": [words.value(row) for row in rows],
            "state": [names[found.phase(row)] for row in rows],
            "first": [row.valid_from for row in rows],
            "last": [row.last_day for row in rows],
            "kind": [words.kind(row) for row in rows],
            "whom": [words.whom(row) for row in rows],
            "reason": [row.reason for row in rows],
            "name": [row.name for row in rows],
        }
    )
    st.markdown("**" + _("All terms: choose one to open it") + "**")
    number = st.session_state.get(_TABLE, 0)
    chosen = st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=14 * tables.ROW_HEIGHT if len(rows) > 14 else "auto",
        column_config=_columns(),
        on_select="rerun",
        selection_mode="single-cell",
        key=f"term_table_{number}",
        placeholder=formats.UNKNOWN,
        alt=_("All terms of the account; choosing a cell opens its term."),
    ).selection.cells
    if chosen:
        st.session_state[_TABLE] = number + 1  # the next run begins with nothing chosen
        open_term(rows[int(chosen[0][0])], found.rows, words, account)


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "goods": column.TextColumn(_("Goods"), width=200, pinned=True),
        "value": column.TextColumn(_("Value")),
        "state": column.TextColumn(_("State")),
        "first": column.DateColumn(_("First day"), format="D MMM YYYY"),
        "last": column.DateColumn(_("Last day"), format="D MMM YYYY"),
        "kind": column.TextColumn(_("Kind")),
        "whom": column.TextColumn(_("For whom")),
        "reason": column.TextColumn(_("Why")),
        "name": column.TextColumn(_("Term")),
    }


def open_term(row: TermRow, rows: Sequence[TermRow], words: Words, account: str | None) -> None:
    term_dialog.show(Opened(row, rows, words, account))


def follow_address(found: Overview, words: Words, account: str) -> None:
    """Open the term that the address names, once."""
    asked = st.query_params.get(TERM)
    if asked is None or st.session_state.get(_FOLLOWED) == (account, asked):
        return
    st.session_state[_FOLLOWED] = (account, asked)
    row = next((one for one in reversed(found.rows) if one.name == asked), None)
    if row is None:
        st.info(_("There is no term {name} here.").format(name=plain(asked)))
        return
    open_term(row, found.rows, words, account)


def overdue(found: Sequence[Overdue]) -> None:
    """Open order lines whose day comes after the term that made their price has ended."""
    if not found:
        return
    text = ngettext(
        "{count} open order line is due after the term that made its price ends.",
        "{count} open order lines are due after the term that made their price ends.",
        len(found),
    ).format(count=len(found))
    with st.container(border=True):
        st.warning(text, icon=":material/event_busy:")
        said = [
            _("{order}: {product} due {day}, {term} ends {end}").format(
                order=one.line.order_no,
                product=one.line.product_name,
                day=formats.day(one.line.due_on),
                term=one.row.name,
                end=formats.day(one.row.last_day),
            )
            for one in found[:3]
        ]
        st.caption(plain(" · ".join(said)))


def calendar(rows: Sequence[Coming], words: Words, *, accounts: Mapping[str, str]) -> None:
    """What starts, ends and changes, month by month; `accounts` where they are of many."""
    if not rows:
        st.info(
            _("Nothing starts, ends or changes in the next 12 months."), icon=":material/event_available:"
        )
        return
    for month, found in _by_month(rows):
        st.markdown(f"**{formats.month(month)}** · {_counts(found)}")
        _month(month, found, words, accounts)


def _by_month(rows: Sequence[Coming]) -> Iterator[tuple[date, list[Coming]]]:
    for month, found in groupby(rows, key=lambda one: first_of_month(one.day)):
        yield month, list(found)


def _counts(rows: Sequence[Coming]) -> str:
    texts = {
        Event.STARTS: (_("{count} starts"), _("{count} start")),
        Event.CHANGES: (_("{count} changes"), _("{count} change")),
        Event.ENDS: (_("{count} ends"), _("{count} end")),
    }
    said = []
    for event, (one, many) in texts.items():
        count = sum(1 for row in rows if row.event is event)
        if count:
            said.append((one if count == 1 else many).format(count=count))
    return ", ".join(said)


def _month(month: date, rows: Sequence[Coming], words: Words, accounts: Mapping[str, str]) -> None:
    names = term_words.events()
    frame = pd.DataFrame(
        {
            "day": [formats.day(one.day) for one in rows],
            "goods": [words.goods(one.row) for one in rows],
            "value": [_moved(one, words) for one in rows],
            "event": [
                names[one.event] + (" (" + _("waits for approval") + ")" if one.waits else "") for one in rows
            ],
            "kind": [words.kind(one.row) for one in rows],
            "whom": [words.whom(one.row) for one in rows],
            "name": [one.row.name for one in rows],
        }
    )
    alt = _("What starts, ends and changes in {month}").format(month=formats.month(month))
    if not accounts:
        tables.plain_frame(frame, _month_columns(), key=f"calendar_{month:%Y-%m}", alt=alt)
        return
    number = st.session_state.get(_TABLE, 0)
    chosen = st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=_FIRST * tables.ROW_HEIGHT if len(rows) > _FIRST else "auto",
        column_config=_month_columns(),
        column_order=["day", "whom", "goods", "value", "event", "kind", "name"],
        on_select="rerun",
        selection_mode="single-cell",
        key=f"calendar_of_all_{month:%Y-%m}_{number}",
        placeholder=formats.UNKNOWN,
        alt=alt,
    ).selection.cells
    code = rows[int(chosen[0][0])].row.account if chosen else None
    if code is not None and code in accounts:
        st.session_state[_TABLE] = number + 1
        st.switch_page(navigation.PAGES / "commercial/terms.py", query_params={"account": code})


def _month_columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "day": column.TextColumn(_("Day"), width=100, pinned=True),
        "goods": column.TextColumn(_("Goods"), width=160),
        "value": column.TextColumn(_("Value")),
        "event": column.TextColumn(_("What")),
        "kind": column.TextColumn(_("Kind")),
        "whom": column.TextColumn(_("For whom")),
        "name": column.TextColumn(_("Term")),
    }


def _moved(one: Coming, words: Words) -> str:
    now = words.value(one.row)
    return now if one.before is None else f"{words.value(one.before)} → {now}"


def nothing_chosen() -> None:
    """Without an account the calendar of all of them stands here."""
    st.caption(_("Choose an account above for its terms; below is what comes for all accounts."))
