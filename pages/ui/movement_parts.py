"""Who moved net revenue, and who is behind retention."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from core import db, movement
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import N_, _
from core.money import ZERO
from core.movement import Kind, Move, Movement
from core.periods import Period
from pages.ui import answers, charts, figure_charts, figure_parts, formats, portfolio_parts, tables
from pages.ui.figure_charts import Step

KINDS = {
    Kind.NEW: N_("New"),
    Kind.REACTIVATED: N_("Won back"),
    Kind.EXPANDED: N_("Expanded"),
    Kind.CONTRACTED: N_("Contracted"),
    Kind.LOST: N_("Lost"),
    Kind.STEADY: N_("Steady"),
    Kind.OTHER: N_("Other"),
}


def show(
    actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "MYR", *,
    key: str = "movement",
) -> None:  # fmt: skip
    """The change of net revenue by what became of each account."""
    found = _found(actor, period, accounts, key)
    if not found.moves:
        st.info(_("No account bought in either of these windows."))
        return
    title = _("Net revenue {change}: {gained} won or grown, {given} shrunk or lost").format(
        change=formats.compact(found.change, currency, signed=True),
        gained=formats.compact(_sum(found, Kind.NEW, Kind.REACTIVATED, Kind.EXPANDED), currency, signed=True),
        given=formats.compact(_sum(found, Kind.CONTRACTED, Kind.LOST), currency, signed=True),
    )
    opened = portfolio_parts.heading(title, f"table_{key}")
    figure_parts.compared(found.period, found.base)
    rows = _steps(found)
    alt = title + ". " + "; ".join(f"{row.name} {formats.compact(row.amount, currency)}" for row in rows)
    charts.show(figure_charts.steps(rows, currency=currency), alt=alt, key=f"chart_{key}")
    if opened:
        frame = pd.DataFrame(
            {
                _("Step"): [row.name for row in rows],
                _("Net revenue"): [tables.whole(row.amount) for row in rows],
            }
        )
        portfolio_parts.table(title, frame, currency)
    moved = [move for move in found.moves if move.change]
    _list(actor, key, moved, found, currency)


def _found(actor: Actor, period: Period, accounts: AccountFilter, key: str) -> Movement:
    now, then = figure_parts.windows(period, key)
    with db.read() as session:
        return answers.asker(session, actor)(movement.between, now, then, accounts)


def _sum(found: Movement, *kinds: Kind) -> Decimal:
    return sum((found.amount(kind) for kind in kinds), ZERO)


def _steps(found: Movement) -> list[Step]:
    between = [
        Step(_(label) + f" ({len(found.of(kind))})", found.amount(kind))
        for kind, label in KINDS.items()
        if found.amount(kind)
    ]
    return [Step(_("Then"), found.then, True), *between, Step(_("Now"), found.now, True)]


def retention(
    actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "MYR", *,
    key: str = "retention",
) -> None:  # fmt: skip
    """Three retentions over the same accounts, and the accounts behind them."""
    found = _found(actor, period, accounts, key)
    kept = found.retention
    if not kept.accounts_base:
        st.info(_("No account bought in the earlier window, so there is nothing to be kept."))
        return
    behind = found.behind_retention
    gone = [move for move in behind if move.missing]
    title = _("{missing} of {opening} was not kept, at {count} accounts").format(
        missing=formats.compact(kept.opening - kept.kept, currency),
        opening=formats.compact(kept.opening, currency),
        count=formats.number(len(gone)),
    )
    st.markdown(f"**{title}**")
    figure_parts.compared(found.period, found.base)
    with st.grid(3, min_column_width=170):
        st.metric(
            _("Net revenue retention"), formats.percent(kept.net), border=True,
            help=_("Net revenue now ÷ then, over the accounts that bought then: growth counts, new accounts do not."),
        )  # fmt: skip
        st.metric(
            _("Gross revenue retention"), formats.percent(kept.gross), border=True,
            help=_("What was kept ÷ then: no account counts for more than it brought then, or for less than nothing."),
        )  # fmt: skip
        st.metric(
            _("Accounts retained"), formats.percent(kept.logo), border=True,
            help=_("Accounts that bought in both windows ÷ accounts that bought in the earlier one."),
        )  # fmt: skip
    st.caption(
        _("{kept} of {base} accounts still buy; {grown} grew on top of what was kept.").format(
            kept=formats.number(kept.accounts_kept),
            base=formats.number(kept.accounts_base),
            grown=formats.compact(kept.closing - kept.kept, currency, signed=True),
        )
    )
    _list(actor, key, behind, found, currency)


def one(actor: Actor, period: Period, accounts: AccountFilter, currency: str) -> None:
    """How a single account stands in retention, in a sentence."""
    now = figure_parts.trailing(period)
    with db.read() as session:
        found = answers.asker(session, actor)(movement.between, now, None, accounts)
    if not found.moves:
        st.caption(_("Nothing was bought in the last 24 months."))
        return
    move = found.moves[0]
    text = _("{kind}: {now} in 12 months, {then} in the 12 before ({change}).").format(
        kind=_(KINDS[move.kind]),
        now=formats.compact(move.now, currency),
        then=formats.compact(move.then, currency),
        change=formats.compact(move.change, currency, signed=True),
    )
    st.markdown(f"**{text}**")
    if move.in_base:
        st.caption(
            _("In gross revenue retention it keeps {kept} of {then}: {share}.").format(
                kept=formats.compact(move.kept, currency),
                then=formats.compact(move.then, currency),
                share=formats.percent(found.retention.gross),
            )
        )
    figure_parts.compared(found.period, found.base)


def _list(actor: Actor, key: str, moves: Sequence[Move], found: Movement, currency: str) -> None:
    frame = pd.DataFrame(
        {
            "code": [move.code for move in moves],
            "account": [move.name for move in moves],
            "kind": [_(KINDS[move.kind]) for move in moves],
            "then": [move.then for move in moves],
            "now": [move.now for move in moves],
            "change": [move.change for move in moves],
            "missing": [move.missing for move in moves],
        }
    )
    columns = {
        "code": figure_parts.texts(_("Code")),
        "account": figure_parts.texts(_("Account"), "medium"),
        "kind": figure_parts.texts(_("What became of it")),
        "then": figure_parts.amounts(_("Then"), currency),
        "now": figure_parts.amounts(_("Now"), currency),
        "change": figure_parts.amounts(_("Change"), currency),
        "missing": figure_parts.amounts(_("Not kept"), currency),
    }
    words = {"period": formats.period(found.period), "base": formats.period(found.base)}
    alt = _("Accounts with their net revenue then and now; choosing a cell opens its account.")
    codes = [None if move.kind is Kind.OTHER and move.code == "UNASSIGNED" else move.code for move in moves]
    figure_parts.listing(actor, key, frame, columns, codes, alt=alt, words=words)
