"""Price-increase rounds: how far each has come, what accounts answered, and what their orders show of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core import db, price_rounds
from core.auth import Actor
from core.language import N_, _, ngettext
from core.money import ZERO
from core.price_rounds import Answered, Detail, RoundRow
from core.vocabulary import RoundAnswer
from pages.ui import answers, charts, filters, formats, round_form, tables
from pages.ui.forms import plain

ANSWERS = {
    RoundAnswer.ANNOUNCED: N_("announced"),
    RoundAnswer.ACCEPTED: N_("accepted"),
    RoundAnswer.NEGOTIATED: N_("negotiated"),
    RoundAnswer.REFUSED: N_("refused"),
}
_BADGES = {
    RoundAnswer.ACCEPTED: "green",
    RoundAnswer.NEGOTIATED: "orange",
    RoundAnswer.REFUSED: "red",
    RoundAnswer.ANNOUNCED: "gray",
}
_TABLE = "round_table"


def show(actor: Actor, currency: str) -> None:
    """The rounds that reach the reader's accounts, one of them open."""
    with db.read() as session:
        rows = answers.asker(session, actor)(price_rounds.search)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = _choose(rows)
        round_form.announce(actor)
    if chosen is None:
        st.info(_("No price increase was announced to your accounts yet."))
        return
    with db.read() as session:
        found = answers.asker(session, actor)(price_rounds.detail, chosen.id)
    st.caption(plain(_said(chosen)))
    round_form.take_back(actor, chosen)
    _figures(found, currency)
    with st.container(border=True):
        _progress(found, currency)
    _accounts(actor, found, currency)


def _choose(rows: Sequence[RoundRow]) -> RoundRow | None:
    if not rows:
        return None
    by_id = {str(row.id): row for row in rows}
    names = {key: f"{row.name} · {formats.day(row.effective_on)}" for key, row in by_id.items()}
    return by_id[filters.choice("round", _("Price round"), names, str(rows[0].id), width=320)]


def _said(row: RoundRow) -> str:
    """`4.0% on Beverages · announced 1 Nov 2026 · takes effect 1 Jan 2027`."""
    if row.rate is not None:
        asks = _("{share} on {goods}").format(
            share=formats.percent(row.rate, signed=True), goods=row.category or _("everything")
        )
    else:
        text = ngettext("a price for {count} product", "prices for {count} products", row.products)
        asks = text.format(count=row.products)
    parts = [
        asks,
        _("announced {day}").format(day=formats.day(row.announced_on)),
        _("takes effect {day}").format(day=formats.day(row.effective_on)),
        *filter(None, [row.note]),
    ]
    return " · ".join(parts)


def _figures(found: Detail, currency: str) -> None:
    row = found.row
    shown = (
        (_("Answered"), _("{count} of {all}").format(count=row.answered, all=row.accounts), ""),
        (
            _("Asked for, a year"),
            formats.compact(found.asked_for, currency),
            _("At the quantities of the twelve months before."),
        ),
        (
            _("Agreed, a year"),
            formats.compact(found.agreed, currency),
            _("What was accepted or settled on, at the same quantities."),
        ),
        (
            _("Realised"),
            formats.percent(found.realisation),
            _("Net revenue since ÷ (price asked × quantity), of products bought before too."),
        ),
        (
            _("Increase so far"),
            formats.percent(found.increase, signed=True),
            _("Net revenue since ÷ (price before × quantity) − 1."),
        ),
    )
    grid = st.grid(5, min_column_width=150)
    for label, value, formula in shown:
        with grid.cell():
            st.metric(label, value, border=True, help=formula or None)


def _progress(found: Detail, currency: str) -> None:
    """How much of the money asked for stands where: one bar."""
    amounts = {
        said: sum((one.asked_for for one in found.accounts if one.draft.answer is said), ZERO)
        for said in ANSWERS
    }
    total = float(sum(amounts.values()))
    colours = charts.palette()
    looks = {
        RoundAnswer.ACCEPTED: colours.good, RoundAnswer.NEGOTIATED: colours.target, RoundAnswer.REFUSED: colours.bad,
        RoundAnswer.ANNOUNCED: colours.past,
    }  # fmt: skip
    said = "; ".join(f"{_(ANSWERS[one])} {formats.compact(amounts[one], currency)}" for one in looks)
    st.markdown("**" + _("Of what was asked for") + "**")
    st.markdown(
        " ".join(
            f":{_BADGES[one]}-badge[{_(ANSWERS[one])} {formats.compact(amounts[one], currency)}]"
            for one in looks
        )
    )
    bars = [
        go.Bar(
            x=[float(amounts[one])], y=[""], orientation="h", name=_(ANSWERS[one]),
            marker={"color": colour}, text=[formats.compact(amounts[one], currency) if amounts[one] else ""],
            textposition="inside", hovertemplate=f"{_(ANSWERS[one])}: %{{text}}<extra></extra>",
        )
        for one, colour in looks.items()
    ]  # fmt: skip
    figure = go.Figure(
        data=bars,
        layout={
            "template": charts.template(colours),
            "height": 56,
            "barmode": "stack",
            "bargap": 0.2,
            "showlegend": False,
            "xaxis": {"visible": False, "range": [0, total] if total > 0 else None},
            "yaxis": {"visible": False},
        },
    )
    charts.show(figure, alt=said, key="chart_round")


def _accounts(actor: Actor, found: Detail, currency: str) -> None:
    """Every account with its answer; choosing a cell opens the form of it."""
    rows = found.accounts
    may = round_form.may_write(actor)
    st.markdown("**" + (_("Accounts: choose one to note its answer") if may else _("Accounts")) + "**")
    number = st.session_state.get(_TABLE, 0)
    chosen = st.dataframe(
        _frame(rows),
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=14 * tables.ROW_HEIGHT if len(rows) > 14 else "auto",
        column_config=_columns(currency),
        on_select="rerun",
        selection_mode="single-cell" if may else [],
        key=f"round_accounts_{found.row.id}_{number}",
        placeholder=formats.UNKNOWN,
        alt=_("What each account answered, and what its orders show"),
    )
    if may and chosen.selection.cells:
        st.session_state[_TABLE] = number + 1  # the next run begins with nothing chosen
        round_form.answer(found.row, rows[int(chosen.selection.cells[0][0])])


def _frame(rows: Sequence[Answered]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": [one.name for one in rows],
            "answer": [_(ANSWERS[one.draft.answer]) for one in rows],
            "rate": [tables.hundred(one.draft.rate) for one in rows],
            "asked_for": [tables.whole(one.asked_for) for one in rows],
            "realisation": [tables.hundred(one.realisation) for one in rows],
            "increase": [tables.hundred(one.increase) for one in rows],
            "day": [one.draft.answered_on for one in rows],
            "note": [one.draft.note for one in rows],
            "code": [one.code for one in rows],
        }
    )


def _columns(currency: str) -> dict[str, Any]:
    column = st.column_config
    return {
        "name": column.TextColumn(_("Account"), width=200, pinned=True),
        "answer": column.TextColumn(_("Answer")),
        "rate": tables.percent_column(_("Settled on")),
        "asked_for": tables.money_column(_("Asked for, a year"), currency, places=0),
        "realisation": tables.percent_column(_("Realised")),
        "increase": tables.percent_column(_("Increase so far")),
        "day": column.DateColumn(_("Answered on"), format="D MMM YYYY"),
        "note": column.TextColumn(_("Note")),
        "code": column.TextColumn(_("Code")),
    }
