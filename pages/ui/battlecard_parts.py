"""The battlecard on a page: live claims as facts, what is to be confirmed apart, answers that won; and its print."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import battlecards, db, language, settings
from core.auth import Actor
from core.battlecards import Battlecard
from core.competitor_claims import ClaimRow
from core.errors import UtamaError
from core.language import _, ngettext
from core.reports import battlecard as printed
from core.vocabulary import Permission, Swot
from pages.ui import claim_parts, dialogs, formats, gap_parts
from pages.ui import competitor_words as words
from pages.ui.forms import plain

_MOST = 6  # claims of a side: what counts most stands first, as on paper
_ORDER = ((Swot.STRENGTH, Swot.WEAKNESS), (Swot.THREAT, Swot.OPPORTUNITY))


def button(competitor_id: int, name: str, account_id: int) -> None:
    """Opens the battlecard of a competitor at an account."""
    label = plain(_("Battlecard: {name}").format(name=name))
    if st.button(label, icon=":material/style:", key=f"card_{competitor_id}_{account_id}"):
        dialogs.show(_("Battlecard"), opened, competitor_id, account_id)


def opened(actor: Actor, competitor_id: int, account_id: int | None) -> None:
    """The card of a competitor, everywhere or at one account."""
    try:
        with db.read() as session:
            currency = settings.get(session).base_currency
            card = battlecards.card(session, actor, competitor_id, account_id=account_id)
    except UtamaError as error:
        st.error(plain(error.message))
        return
    show(actor, card, currency)


def show(actor: Actor, card: Battlecard, currency: str) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center")
    title = " · ".join(filter(None, (card.competitor.name, card.account)))
    left.markdown(f"**{plain(title)}**  \n:small[:gray[{plain(_as_of(card))}]]")
    with right:
        _print(actor, card)
    if card.competitor.goals:
        st.markdown(plain(_("Goals: {text}").format(text=card.competitor.goals)))
    for pair in _ORDER:
        for place, side in zip(st.columns(2), pair, strict=True):
            with place, st.container(border=True, height="stretch"):
                _side(words.sides()[side], card.facts.sides[side], currency)
    _advantages(card)
    gap_parts.table(card.gaps, currency, sees_cost=actor.sees_cost)
    _answers(card)
    if card.to_confirm:
        st.markdown("**" + _("To be confirmed: ask, do not claim") + "**")
        claim_parts.cards(actor, card.to_confirm, currency, key="card_ask")


def _as_of(card: Battlecard) -> str:
    day = _("As of {day}").format(day=formats.day(card.day))
    left = ngettext(
        "{count} stale or refuted claim left out", "{count} stale or refuted claims left out", card.left_out
    ).format(count=card.left_out)
    return f"{day} · {left}" if card.left_out else day


def _side(title: str, rows: tuple[ClaimRow, ...], currency: str) -> None:
    st.markdown(f"**{title}**")
    for row in rows[:_MOST]:
        lock = ":material/lock: " if row.draft.is_confidential else ""
        below = words.facts(row, currency, with_competitor=False)
        st.markdown(f"{lock}{plain(row.draft.statement)}  \n:small[:gray[{plain(below)}]]")
    if len(rows) > _MOST:
        st.caption(_("and {count} more").format(count=len(rows) - _MOST))
    if not rows:
        st.caption(_("No live claim."))


def _advantages(card: Battlecard) -> None:
    if not card.advantages:
        return
    st.markdown("**" + _("What speaks for us") + "**")
    for one in card.advantages:
        said = "; ".join(row.draft.statement for row in one.claims)
        scope = one.scope or _("In general")
        st.markdown(plain(f"{scope}: {said}"))


def _answers(card: Battlecard) -> None:
    whole = card.contests
    if whole.contests:
        rate = formats.percent(whole.rate, places=0)
        text = _("Won {won} of {count} contests ({rate})").format(
            won=whole.won, count=whole.contests, rate=rate
        )
        st.markdown(f"**{plain(text)}**")
    if card.answers:
        st.markdown("**" + _("Answers that won") + "**")
        for row in card.answers:
            st.markdown(f"{plain(row.draft.objection)}  \n:small[→ {plain(row.draft.answer)}]")


def _print(actor: Actor, card: Battlecard) -> None:
    if not actor.may(Permission.DATA_EXPORT):
        return
    st.download_button(
        _("Print"),
        data=partial(document, actor, card.competitor.id, card.account_id, language.current()),
        file_name=f"battlecard-{card.competitor.id}-{card.account_id or 'all'}-{card.day:%Y-%m-%d}.pdf",
        mime="application/pdf",
        icon=":material/print:",
        key=f"print_{card.competitor.id}_{card.account_id}",
        on_click="ignore",
    )


def document(actor: Actor, competitor_id: int, account_id: int | None, speaks: str) -> bytes:
    """One page on paper, made anew when it is asked for, from what the actor may see then; noted in the audit."""
    with db.read() as session:
        currency = settings.get(session).base_currency
        card = battlecards.card(session, actor, competitor_id, account_id=account_id)
    before = language.current()
    language.use(speaks)
    try:
        said = printed.Words(words.sides(), partial(words.facts, currency=currency, with_competitor=False))
        made = printed.write(card, said, currency)
    finally:
        language.use(before)
    with db.write() as session:
        battlecards.record_print(session, actor, card)
    return made
