"""Competitor claims on a page: each with its evidence and two buttons; those that contradict each other together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core import competitor_claim_records as records
from core import competitor_claims
from core.auth import Actor
from core.claim_rules import ClaimState
from core.competitor_claims import ClaimRow
from core.language import _, ngettext
from core.price_gaps import PriceGap
from pages.ui import claim_form, forms
from pages.ui import competitor_words as words
from pages.ui.forms import plain

FIRST = 8


def cards(
    actor: Actor,
    rows: Sequence[ClaimRow],
    currency: str,
    *,
    key: str,
    with_account: bool = True,
    gaps: Sequence[PriceGap] = (),
) -> None:
    """The claims one below the other, more of them on demand."""
    shown = f"{key}_shown"
    count = st.session_state.get(shown, FIRST)
    beside = {one.claim.number: one for one in gaps}
    for row in rows[:count]:
        card(actor, row, currency, key=key, with_account=with_account, gap=beside.get(row.number))
    left = len(rows) - count
    if left > 0 and st.button(
        ngettext("Show more ({count} left)", "Show more ({count} left)", left).format(count=left),
        icon=":material/expand_more:",
        key=f"{key}_more",
    ):
        st.session_state[shown] = count + 25
        st.rerun()


def card(
    actor: Actor,
    row: ClaimRow,
    currency: str,
    *,
    key: str,
    with_account: bool = True,
    gap: PriceGap | None = None,
) -> None:
    """One claim: what is claimed, how far it is to be believed, and what to do about it."""
    with st.container(border=True, gap="xsmall"):
        below = words.facts(row, currency, with_account=with_account)
        if row.reason:
            below += f" · {row.reason}"
        if gap is not None and row.standing.is_usable:
            below += words.beside_ours(gap, currency)
        st.markdown(
            f"{words.badges(row)} {plain(row.draft.statement)}  \n:small[:gray[{plain(below)}]]",
            width="stretch",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if claim_form.may_write(actor):
                decide(actor, row, key=key)
            claim_form.more_button(row, key)
            if row.attachments:
                st.markdown(f":small[:material/attach_file: {row.attachments}]", width="content")


def decide(actor: Actor, row: ClaimRow, *, key: str) -> None:
    """Two buttons: it is so today, or it is not so; each is taken back with one click."""
    if row.draft.last_on is None or row.state is not ClaimState.STALE:
        with (
            st.container(width="content"),
            forms.form(f"{key}-confirm-{row.number}-{row.version}", border=False) as form,
        ):
            is_so = form.submit(_("Confirm"), type="secondary", icon=":material/check:")
        if is_so:
            with form.saving(_("Confirmed: {text}").format(text=_short(row))) as session:
                now = records.confirm(session, actor, row.number, version=row.version)
                form.offer_undo(partial(records.revert, number=row.number, version=now))
    if row.state is not ClaimState.REFUTED:
        with (
            st.container(width="content"),
            forms.form(f"{key}-refute-{row.number}-{row.version}", border=False) as form,
        ):
            is_not = form.submit(_("Refute"), type="tertiary", icon=":material/close:")
        if is_not:
            with form.saving(_("Refuted: {text}").format(text=_short(row))) as session:
                now = records.refute(session, actor, row.number, version=row.version)
                form.offer_undo(partial(records.revert, number=row.number, version=now))


def _short(row: ClaimRow) -> str:
    text = row.draft.statement
    return text if len(text) <= 60 else f"{text[:59]}…"


def contradictions(actor: Actor, rows: Sequence[ClaimRow], currency: str, *, key: str) -> None:
    """Claims that cannot all be right, side by side."""
    found = competitor_claims.contradictions(rows)
    if not found:
        return
    title = ngettext(
        "{count} contradiction: which holds?", "{count} contradictions: which hold?", len(found)
    ).format(count=len(found))
    with st.expander(title, icon=":material/compare_arrows:"):
        for one in found:
            with st.container(border=True, gap="xsmall"):
                for row in one.claims:
                    card(actor, row, currency, key=f"{key}_against")
