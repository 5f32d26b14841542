"""One competitor, or two beside each other: who it is, its battlecard, its moves, its sides, where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from core import battlecards, competitor_claims, contests, db, presences, price_gaps, threats
from core.auth import Actor
from core.battlecards import Battlecard, Swots
from core.competitor_claims import ClaimFilter, ClaimRow
from core.competitors import CompetitorDetail
from core.contests import ContestRow
from core.filters import AccountFilter
from core.language import _
from core.presences import PresenceRow
from core.price_gaps import PriceGap
from core.threats import Board
from core.vocabulary import Swot
from pages.ui import (
    answers,
    battlecard_parts,
    claim_form,
    claim_parts,
    competitor_parts,
    formats,
    gap_parts,
    tables,
)
from pages.ui import competitor_words as words
from pages.ui.forms import plain


def show(actor: Actor, one: CompetitorDetail, only: AccountFilter, currency: str) -> None:
    """The competitor's tabs; what stands in them is drawn while they are open."""
    with db.read() as session:
        ask = answers.asker(session, actor)
        card = ask(battlecards.card, one.id)
        rows = ask(competitor_claims.search, ClaimFilter(frozenset({one.id})))
        board = ask(threats.board, only, competitor_id=one.id)
        there = ask(presences.search, only, competitor_id=one.id)
        ended = ask(contests.search, only, competitor_id=one.id)
        gaps = ask(price_gaps.search, ClaimFilter(frozenset({one.id})))
    _who(one)
    labels = [
        _("Battlecard"), _("Moves"), _("Strengths & weaknesses"), _("Accounts"), _("Price index"), _("Win/loss"),
    ]  # fmt: skip
    tabs = st.tabs(labels, key="competitor_tab", on_change="rerun")
    draws: tuple[Callable[[], None], ...] = (
        lambda: battlecard_parts.show(actor, card, currency),
        lambda: _moves(actor, one, rows, gaps, currency),
        lambda: _sides(rows, currency),
        lambda: _accounts(board, there, currency),
        lambda: gap_parts.index(gaps),
        lambda: competitor_parts.win_rates(ended, currency),
    )
    for place, draw in zip(tabs, draws, strict=True):
        if place.open:
            with place:
                draw()


def _who(one: CompetitorDetail) -> None:
    parts = [
        ", ".join(one.aliases),
        one.home_region,
        ", ".join(one.segments.values()),
        "" if one.is_active else _("no longer a competitor"),
    ]
    st.caption(plain(" · ".join(part for part in parts if part)))
    if one.products:
        said = [f"{row.name} → {row.product}" if row.product else row.name for row in one.products]
        st.caption(plain(_("Against ours: {products}").format(products="; ".join(said))))
    if one.note:
        st.markdown(plain(one.note))


def _moves(
    actor: Actor, one: CompetitorDetail, rows: list[ClaimRow], gaps: Sequence[PriceGap], currency: str
) -> None:
    """What it did and said to want, by the day on which it was observed, the newest first."""
    claim_form.new_button(actor, None, one.name, competitor_id=one.id)
    claim_parts.contradictions(actor, rows, currency, key="moves")
    newest = sorted(
        rows, key=lambda row: (row.draft.observed_on is None, row.draft.observed_on), reverse=True
    )
    claim_parts.cards(actor, newest, currency, key="moves", gaps=gaps)


def _sides(rows: list[ClaimRow], currency: str) -> None:
    """Strengths, weaknesses, opportunities and threats: usable claims by side."""
    found = Swots.of(row for row in rows if row.standing.is_usable)
    for pair in ((Swot.STRENGTH, Swot.WEAKNESS), (Swot.OPPORTUNITY, Swot.THREAT)):
        for place, side in zip(st.columns(2), pair, strict=True):
            with place, st.container(border=True, height="stretch"):
                st.markdown(f"**{words.sides()[side]}**")
                for row in found.sides[side]:
                    said = f"{words.badges(row)} {plain(row.draft.statement)}"
                    st.markdown(
                        f"{said}  \n:small[:gray[{plain(words.facts(row, currency, with_competitor=False))}]]"
                    )
                if not found.sides[side]:
                    st.caption(_("Nothing is known."))


def _accounts(board: Board, there: list[PresenceRow], currency: str) -> None:
    competitor_parts.threat_board(board, currency)
    if there:
        st.markdown("**" + _("Where it stands") + "**")
        tables.plain_frame(
            pd.DataFrame(
                {
                    _("Account"): [row.account for row in there],
                    _("Category"): [row.category or formats.UNKNOWN for row in there],
                    _("Share"): [formats.percent(row.draft.share, places=0) for row in there],
                    _("Since"): [formats.day(row.draft.since_on) for row in there],
                    _("Contract ends"): [formats.day(row.draft.contract_ends_on) for row in there],
                    _("Whom they know best"): [row.draft.contact or formats.UNKNOWN for row in there],
                }
            ),
            key="presences",
        )


def compare(
    actor: Actor, pair: tuple[CompetitorDetail, CompetitorDetail], only: AccountFilter, currency: str
) -> None:
    """Two competitors line by line, and their live claims by side."""
    with db.read() as session:
        ask = answers.asker(session, actor)
        cards = [ask(battlecards.card, one.id) for one in pair]
        boards = [ask(threats.board, only, competitor_id=one.id) for one in pair]
        ended = [ask(contests.search, only, competitor_id=one.id) for one in pair]
    columns = [_measures(*found, currency) for found in zip(cards, boards, ended, strict=True)]
    frame = pd.DataFrame(
        {
            _("Measure"): list(columns[0]),
            pair[0].name: list(columns[0].values()),
            pair[1].name: list(columns[1].values()),
        }
    )
    tables.plain_frame(frame, key="compared", alt=_("Two competitors beside each other"))
    for side in Swot:
        for place, card in zip(st.columns(2), cards, strict=True):
            with place, st.container(border=True, height="stretch"):
                st.markdown(f"**{plain(card.competitor.name)}** · {words.sides()[side]}")
                for row in card.facts.sides[side]:
                    st.markdown(
                        f"{words.badges(row)} {plain(row.draft.statement)} :small[:gray[{plain(row.grade)}]]"
                    )
                if not card.facts.sides[side]:
                    st.caption(_("No live claim."))


def _measures(card: Battlecard, board: Board, ended: list[ContestRow], currency: str) -> Mapping[str, str]:
    whole = contests.total(ended)
    live = sum(len(rows) for rows in card.facts.sides.values())
    return {
        _("Home region"): card.competitor.home_region or formats.UNKNOWN,
        _("Segments"): ", ".join(card.competitor.segments.values()) or formats.UNKNOWN,
        _("Accounts where it stands"): formats.number(len({row.account_id for row in card.presences})),
        _("Accounts threatened"): formats.number(board.accounts),
        _("Exposed"): formats.compact(board.exposure, currency),
        _("Live claims"): formats.number(live),
        _("Claims to confirm"): formats.number(len(card.to_confirm)),
        _("Price index now"): _index(card.gaps),
        _("Win rate"): _("{rate} of {count}").format(
            rate=formats.percent(whole.rate, places=0), count=whole.contests
        ),
        _("Answers that won"): formats.number(len(card.answers)),
    }


def _index(gaps: tuple[PriceGap, ...]) -> str:
    """Over all that is known of it, with how many observations."""
    point = price_gaps.together(gaps)
    if point is None:
        return formats.UNKNOWN
    return f"{formats.number(point.index * 100, places=1)} (n = {point.observations})"
