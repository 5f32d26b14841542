"""Parts of the Competitors page: figures, the threat board, claims with search, win rates, whitespace, the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import competition_search, competitors, contests, db, price_gaps, whitespace_grid
from core.auth import Actor
from core.claim_rules import ClaimState
from core.competition_search import Found
from core.competitor_claims import ClaimRow
from core.competitors import CompetitorRow
from core.contests import ContestRow, RateBy, WinRate
from core.filters import AccountFilter
from core.language import _, ngettext
from core.presences import PresenceRow
from core.threats import Board, Threat
from core.whitespace_grid import Cell, Grid
from pages.ui import answers, claim_parts, competition_tab, formats, gap_parts, navigation, tables
from pages.ui import competitor_words as words
from pages.ui.forms import plain

_SHOWN = 100
_FEW = 5  # contests below which a rate says little


def figures(
    board: Board, claims: Sequence[ClaimRow], ending: Sequence[PresenceRow], days: int, currency: str
) -> None:
    """What is exposed, what is to be confirmed, which contracts of theirs end."""
    asked = sum(row.state is ClaimState.TO_CONFIRM for row in claims)
    live = sum(row.state is ClaimState.LIVE for row in claims)
    what = _("margin × freshness × strength") if board.is_margin else _("net revenue × freshness × strength")
    shown = (
        (_("Exposed"), formats.compact(board.exposure, currency), what),
        (_("Accounts threatened"), formats.number(board.accounts), _("with a claim that still counts")),
        (_("Claims to confirm"), formats.number(asked), _("{count} are live").format(count=live)),
        (_("Contracts ending"), formats.number(len(ending)), _("within {days} days").format(days=days)),
    )  # fmt: skip
    grid = st.grid(4, min_column_width=150)
    for label, value, below in shown:
        with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
            st.metric(label, value)
            st.caption(below)


def tabs(
    actor: Actor,
    board: Board,
    rows: Sequence[ClaimRow],
    only: AccountFilter,
    there: Sequence[PresenceRow],
    currency: str,
) -> None:
    """The tabs of the page; each asks and draws only while it is open."""

    def index() -> None:
        with db.read() as session:
            gaps = answers.asker(session, actor)(price_gaps.search)
        gap_parts.index(gaps)

    def ended() -> None:
        with db.read() as session:
            fought = answers.asker(session, actor)(contests.search, only)
        win_rates(fought, currency)

    def white() -> None:
        with db.read() as session:
            grid = answers.asker(session, actor)(whitespace_grid.grid, only)
        whitespace(grid, currency)

    def everyone() -> None:
        with db.read() as session:
            known = answers.asker(session, actor)(competitors.search)
        listing(known, rows, there)

    draws = {
        _("Threat board"): lambda: threat_board(board, currency),
        _("Claims"): lambda: claims(actor, rows, only, currency),
        _("Price index"): index,
        _("Win/loss"): ended,
        _("Whitespace"): white,
        _("Competitors"): everyone,
    }
    places = st.tabs(list(draws), key="competitors_tab", on_change="rerun")
    for place, draw in zip(places, draws.values(), strict=True):
        if place.open:
            with place:
                draw()


def threat_board(board: Board, currency: str) -> None:
    """Account × competitor by exposure, each with its reason; a row opens the account."""
    if not board.rows:
        st.success(_("No live evidence threatens an account."), icon=":material/check_circle:")
        return
    rows = board.rows[:_SHOWN]
    event = st.dataframe(
        _board_frame(rows, currency),
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        column_config=_board_columns(board, currency),
        on_select="rerun",
        selection_mode="single-cell",
        key="threat_board",
        placeholder=formats.UNKNOWN,
        alt=_("Accounts by what competitors expose there; choosing a cell opens the account"),
    )
    st.caption(
        _(
            "Exposed = at stake × freshness × strength of the strongest claim; each account and competitor counts once."
        )
    )
    cells = getattr(getattr(event, "selection", None), "cells", None)
    if cells:
        chosen = rows[int(cells[0][0])]
        st.switch_page(
            navigation.PAGES / "accounts/account.py", query_params={"account": chosen.account_code}
        )


def _board_frame(rows: Sequence[Threat], currency: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account": [row.account for row in rows],
            "competitor": [row.competitor for row in rows],
            "exposure": [None if row.exposure is None else tables.whole(row.exposure) for row in rows],
            "stake": [None if row.at_stake is None else tables.whole(row.at_stake) for row in rows],
            "fresh": [tables.hundred(row.claim.standing.freshness) for row in rows],
            "strength": [tables.hundred(row.claim.standing.strength) for row in rows],
            "reason": [_reason(row, currency) for row in rows],
            "ends": [row.contract_ends_on for row in rows],
        }
    )


def _board_columns(board: Board, currency: str) -> dict[str, Any]:
    stake = _("Margin at stake") if board.is_margin else _("Net revenue at stake")
    column = st.column_config
    return {
        "account": column.TextColumn(_("Account"), width=190),
        "competitor": column.TextColumn(_("Competitor"), width=130),
        "exposure": tables.money_column(_("Exposed"), currency, places=0),
        "stake": tables.money_column(stake, currency, places=0, help=_("Of the last twelve months.")),
        "fresh": column.NumberColumn(_("Freshness"), format="%.0f%%"),
        "strength": column.NumberColumn(_("Strength"), format="%.0f%%"),
        "reason": column.TextColumn(_("Reason"), width=420),
        "ends": column.DateColumn(_("Contract ends"), format="D MMM YYYY"),
    }


def _reason(row: Threat, currency: str) -> str:
    said = row.claim
    parts = [said.draft.statement, words.value(said, currency), said.grade, words.age(said)]
    if row.gap is not None and row.gap.break_even is not None:
        share = formats.percent(row.gap.break_even, places=1)
        parts.append(_("break-even loss {share}").format(share=share))
    if row.claims > 1:
        parts.append(
            ngettext("{count} claim", "{count} claims", row.claims).format(count=formats.number(row.claims))
        )
    return " · ".join(part for part in parts if part)


def claims(actor: Actor, rows: Sequence[ClaimRow], only: AccountFilter, currency: str) -> None:
    """Search over claims, notes, objections and contests; without a search the claims by state."""
    text = st.text_input(
        _("Search"), key="claim_search", placeholder=_("words, or how they begin"), icon=":material/search:"
    )
    labels = words.states()
    chosen = st.pills(
        _("State"), list(labels), format_func=labels.__getitem__, selection_mode="multi", key="claim_states"
    )
    found, hits = list(rows), Found()
    if text.strip():
        with db.read() as session:
            hits = competition_search.everything(session, actor, text, only)
        numbers = {row.number for row in hits.claims}
        found = [row for row in found if row.number in numbers]
    if chosen:
        found = [row for row in found if row.state in chosen]
    if not text.strip():
        claim_parts.contradictions(actor, found, currency, key="claims")
    if found:
        with db.read() as session:
            gaps = answers.asker(session, actor)(price_gaps.search)
        claim_parts.cards(actor, found, currency, key="claims", gaps=gaps)
    else:
        st.info(_("No claim is like this."))
    _beside(hits, currency)


def _beside(hits: Found, currency: str) -> None:
    """What else has these words: notes, objections and contests."""
    for note in hits.notes:
        below = f"{note.account} · {formats.day(note.noted_on)} · {note.recorded_by}"
        st.markdown(f":material/sticky_note_2: {plain(note.body)}  \n:small[:gray[{plain(below)}]]")
    for one in hits.objections:
        below = " · ".join(filter(None, (one.account, one.competitor, one.draft.answer)))
        st.markdown(
            f":material/contact_support: {plain(one.draft.objection)}  \n:small[:gray[{plain(below)}]]"
        )
    for deal in hits.contests:
        st.markdown(f"{plain(deal.account)} · {competition_tab.contest_text(deal, currency)}")


def win_rates(rows: Sequence[ContestRow], currency: str) -> None:
    """How contests ended: by competitor, reason, segment and manager, never without how many."""
    if not rows:
        st.info(_("No contest is on record. On an account: Competition, “Won or lost”."))
        return
    whole = contests.total(rows)
    text = _(
        "Won {won} of {count} contests ({rate}); {avoidable} of {judged} losses gone through were avoidable"
    )
    said = text.format(
        won=whole.won, count=whole.contests, rate=formats.percent(whole.rate, places=0), avoidable=whole.avoidable,
        judged=whole.judged,
    )  # fmt: skip
    st.markdown(f"**{plain(said)}**")
    names = {
        RateBy.COMPETITOR: _("Competitor"), RateBy.REASON: _("Reason"), RateBy.SEGMENT: _("Segment"),
        RateBy.MANAGER: _("Manager"),
    }  # fmt: skip
    by = st.segmented_control(
        _("Rates by"), list(names), format_func=names.__getitem__, default=RateBy.COMPETITOR, key="rates_by"
    )
    chosen = by or RateBy.COMPETITOR
    _rates(contests.rates(rows, chosen), names[chosen], chosen, currency)
    for row in rows[:25]:
        st.markdown(f"{plain(row.account)} · {competition_tab.contest_text(row, currency)}")


def _rates(found: Sequence[WinRate], label: str, by: RateBy, currency: str) -> None:
    reasons = {kind.value: name for kind, name in words.reasons().items()}
    named = [reasons.get(one.key or "", one.key) if by is RateBy.REASON else one.key for one in found]
    frame = pd.DataFrame(
        {
            "key": [name or _("none") for name in named],
            "rate": [tables.hundred(one.rate) for one in found],
            "count": [one.contests for one in found],
            "won": [one.won for one in found],
            "lost": [one.lost for one in found],
            "amount": [tables.whole(one.lost_amount) for one in found],
            "avoidable": [
                f"{one.avoidable} / {one.judged}" if one.judged else formats.UNKNOWN for one in found
            ],
            "few": [_("few") if one.contests < _FEW else "" for one in found],
        }
    )
    column = st.column_config
    tables.plain_frame(
        frame,
        {
            "key": column.TextColumn(label),
            "rate": column.NumberColumn(_("Win rate"), format="%.0f%%"),
            "count": column.NumberColumn(_("Contests")),
            "won": column.NumberColumn(_("Won")),
            "lost": column.NumberColumn(_("Lost to them")),
            "amount": tables.money_column(_("Revenue lost"), currency, places=0),
            "avoidable": column.TextColumn(_("Avoidable")),
            "few": column.TextColumn(_("Sample"), help=_("Fewer than five contests say little.")),
        },
        key="win_rates",
        alt=_("Win rates with sample sizes"),
    )


def whitespace(found: Grid, currency: str) -> None:
    """Account × category in money: ours, theirs, open."""
    if not found.cells:
        st.info(_("Nothing was sold, estimated or seen of competitors in these accounts."))
        return
    views = {"open": _("Open"), "theirs": _("Theirs"), "ours": _("Ours"), "list": _("All in one list")}
    view = st.segmented_control(
        _("Show"), list(views), format_func=views.__getitem__, default="open", key="whitespace_view"
    )
    st.caption(
        _(
            "Ours: net revenue of {period}. Theirs: known shares × wallet. Open = wallet − ours − theirs. Unknown "
            "where no wallet is estimated or a competitor's share is not known."
        ).format(period=formats.period(found.period))
    )
    if view != "list":
        _matrix(found.cells, view, currency)
        return
    heads = {
        "ours": _("Ours"), "theirs": _("Theirs"), "open": _("Open"), "elsewhere": _("Bought from others"),
        "wallet": _("Wallet"),
    }  # fmt: skip
    text = st.column_config.TextColumn
    tables.plain_frame(
        _grid_frame(found.cells[:_SHOWN]),
        {
            "account": text(_("Account")),
            "category": text(_("Category")),
            **{name: tables.money_column(label, currency, places=0) for name, label in heads.items()},
            "competitors": text(_("Competitors")),
            "note": text(_("Note")),
        },
        key="whitespace_grid",
        alt=_("Whitespace by account and category"),
    )
    if len(found.cells) > _SHOWN:
        st.caption(_("The first {shown} of {count}.").format(shown=_SHOWN, count=len(found.cells)))


def _matrix(cells: Sequence[Cell], name: str | None, currency: str) -> None:
    """Accounts down, categories across: one figure, empty where it is not known."""
    kept = name or "open"
    accounts = list(dict.fromkeys(cell.account for cell in cells))[:_SHOWN]
    categories = sorted({cell.category for cell in cells})
    known = {(cell.account, cell.category): getattr(cell, kept) for cell in cells}
    columns: dict[str, list[Any]] = {_("Account"): list(accounts)}
    for category in categories:
        amounts = (known.get((account, category)) for account in accounts)
        columns[category] = [None if amount is None else tables.whole(amount) for amount in amounts]
    config = {category: st.column_config.NumberColumn(format="localized") for category in categories}
    tables.plain_frame(
        pd.DataFrame(columns), config, key="whitespace_matrix", alt=_("Whitespace by account and category")
    )
    st.caption(_("In {unit}, rounded.").format(unit=formats.symbol(currency)))


def _grid_frame(cells: Sequence[Cell]) -> pd.DataFrame:
    def money(name: str) -> list[int | None]:
        known = (getattr(cell, name) for cell in cells)
        return [None if amount is None else tables.whole(amount) for amount in known]

    return pd.DataFrame(
        {
            "account": [cell.account for cell in cells],
            "category": [cell.category for cell in cells],
            **{name: money(name) for name in ("ours", "theirs", "open", "elsewhere", "wallet")},
            "competitors": [", ".join(cell.competitors) for cell in cells],
            "note": [_note(cell.is_white, cell.is_below_sales) for cell in cells],
        }
    )


def _note(is_white: bool, is_below: bool) -> str:
    if is_below:
        return _("wallet below our sales: check the estimate")
    return _("we sell nothing here") if is_white else ""


def listing(rows: Sequence[CompetitorRow], claims: Sequence[ClaimRow], there: Sequence[PresenceRow]) -> None:
    """Every competitor with how much is known; a button opens it."""
    if not rows:
        st.info(
            _("No competitor is on record yet. “New competitor” above, or a file of claims, brings them.")
        )
    for row in rows:
        live = sum(one.competitor_id == row.id and one.state is ClaimState.LIVE for one in claims)
        seen = len({one.account_id for one in there if one.draft.competitor_id == row.id})
        below = " · ".join(
            filter(
                None,
                (
                    row.home_region,
                    ngettext("{count} live claim", "{count} live claims", live).format(count=live),
                    ngettext("at {count} account", "at {count} accounts", seen).format(count=seen),
                ),
            )
        )
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            if st.button(
                plain(row.name), key=f"open_competitor_{row.id}", type="tertiary", icon=":material/domain:"
            ):
                st.query_params["competitor"] = str(row.id)
                st.rerun()
            st.markdown(f":small[:gray[{plain(below)}]]", width="content")
