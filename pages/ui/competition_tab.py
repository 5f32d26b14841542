"""Competition at an account: the quick note, who else supplies it, what is claimed and how strong the evidence is."""

from __future__ import annotations

import streamlit as st

from core import account_notes, clock, competitor_claims, contests, db, objections, presences, price_gaps
from core.accounts import AccountDetail
from core.auth import Actor
from core.competitor_claims import ClaimFilter, ClaimRow
from core.contests import ContestRow
from core.filters import AccountFilter
from core.language import _
from core.objections import ObjectionRow
from core.presences import PresenceRow
from core.vocabulary import Permission
from pages.ui import (
    answers,
    battlecard_parts,
    claim_form,
    claim_parts,
    competition_forms,
    formats,
    gap_parts,
    quick_note,
)
from pages.ui import competitor_words as words
from pages.ui.forms import plain

_NOTES = 10


def show(actor: Actor, account: AccountDetail, currency: str) -> None:
    """Everything known about competitors at this account, the quick note first."""
    if not actor.may(Permission.COMPETITOR_READ):
        st.info(_("Competition is shown to who may read about competitors."))
        return
    if account.is_unassigned:
        st.info(_("Orders without an account have no competitors: assign them first."))
        return
    quick_note.box(actor, account.id, currency)
    only = AccountFilter(account_ids=frozenset({account.id}))
    with db.read() as session:
        ask = answers.asker(session, actor)
        rows = ask(competitor_claims.search, ClaimFilter(account_ids=frozenset({account.id})))
        there = ask(presences.search, only)
        ended = ask(contests.search, only)
        against = ask(objections.search, only)
        notes = ask(account_notes.search, only, limit=_NOTES)
        gaps = ask(price_gaps.search, ClaimFilter(account_ids=frozenset({account.id})))
    with st.container(horizontal=True):
        claim_form.new_button(actor, account.id, account.name)
        competition_forms.new_buttons(actor, account.id, account.name)
        _cards(rows, there, account)
    _presences(actor, there)
    gap_parts.table(gaps, currency, sees_cost=actor.sees_cost)
    claim_parts.contradictions(actor, rows, currency, key="account_claims")
    if rows:
        st.markdown("**" + _("Claims") + "**")
        claim_parts.cards(actor, rows, currency, key="account_claims", with_account=False, gaps=gaps)
    elif not there:
        st.info(_("Nothing is known yet about competitors here. One line above takes ten seconds."))
    _contests(actor, ended, currency)
    _objections(actor, against)
    if notes:
        st.markdown("**" + _("Notes") + "**")
        for note in notes:
            below = " · ".join(filter(None, (note.tag, formats.day(note.noted_on), note.recorded_by)))
            st.markdown(f"{plain(note.body)}  \n:small[:gray[{plain(below)}]]")


def _cards(rows: list[ClaimRow], there: list[PresenceRow], account: AccountDetail) -> None:
    """A battlecard for each competitor that is known here."""
    rivals = {row.competitor_id: row.competitor for row in rows}
    rivals |= {row.draft.competitor_id or 0: row.competitor for row in there}
    for key, name in sorted(rivals.items(), key=lambda item: item[1]):
        battlecard_parts.button(key, name, account.id)


def _presences(actor: Actor, there: list[PresenceRow]) -> None:
    if not there:
        return
    st.markdown("**" + _("Who else supplies them") + "**")
    for row in there:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(_said(row)), width="stretch")
            competition_forms.edit_button(actor, row, "presence")


def _said(row: PresenceRow) -> str:
    draft, left = row.draft, row.days_left(clock.today())
    share = formats.percent(draft.share, places=0)
    if draft.low_share is not None and draft.high_share is not None:
        low, high = (formats.percent(one, places=0) for one in (draft.low_share, draft.high_share))
        share = f"{share} ({low} – {high})"
    parts = [
        row.competitor,
        row.category or _("category not known"),
        _("share {share}").format(share=share),
        _("since {day}").format(day=formats.day(draft.since_on)) if draft.since_on else "",
        _("knows {contact}").format(contact=draft.contact) if draft.contact else "",
    ]
    if left is not None:
        end = formats.day(draft.contract_ends_on)
        parts.append(
            _("contract ends on {day}, in {days} days").format(day=end, days=left)
            if left >= 0
            else _("contract ended on {day}").format(day=end)
        )
    return " · ".join(part for part in parts if part)


def _contests(actor: Actor, ended: list[ContestRow], currency: str) -> None:
    if not ended:
        return
    whole = contests.total(ended)
    title = _("Won {won} of {count} contests").format(won=whole.won, count=whole.contests)
    st.markdown(f"**{plain(title)}**")
    for row in ended:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(contest_text(row, currency), width="stretch")
            competition_forms.edit_button(actor, row, "contest")


def contest_text(row: ContestRow, currency: str) -> str:
    """How one contest ended, with its reason, price gap and lesson."""
    draft = row.draft
    mark = ":green-badge" if row.is_won else ":red-badge"
    parts = [
        row.competitor,
        draft.title,
        formats.day(draft.decided_on),
        words.reasons()[draft.reason],
        formats.compact(draft.amount, currency) if draft.amount is not None else "",
        _("their price {gap} against ours").format(gap=formats.percent(row.price_gap, places=1, signed=True))
        if row.price_gap is not None
        else "",
        _("not gone through yet") if row.needs_lesson else "",
        _("avoidable") if draft.was_avoidable else "",
        draft.lesson,
    ]
    said = plain(" · ".join(part for part in parts if part))
    return f"{mark}[{words.contest_outcomes()[draft.outcome]}] {said}"


def _objections(actor: Actor, rows: list[ObjectionRow]) -> None:
    if not rows:
        return
    st.markdown("**" + _("Objections") + "**")
    for row in rows:
        draft = row.draft
        below = " · ".join(
            filter(None, (words.objection_outcomes()[draft.outcome], draft.answer, row.competitor or ""))
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{plain(draft.objection)}  \n:small[:gray[{plain(below)}]]", width="stretch")
            competition_forms.edit_button(actor, row, "objection")
