"""The quick note: one line, shown as what it will become, kept with one click and taken back with another."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import db, quick_notes
from core.auth import Actor
from core.capture import Entry
from core.language import _
from core.quick_notes import Preview
from pages.ui import claim_form, formats, forms
from pages.ui import competitor_words as words
from pages.ui.forms import plain


def box(actor: Actor, account_id: int | None, currency: str) -> None:
    """The line and its preview; on an account's page it is about that account."""
    if not claim_form.may_write(actor):
        return
    above = st.container(gap="xsmall")
    with forms.form(f"quick-note-{account_id}", border=False, enter=False) as form:
        with above:
            line = _line(form, account_id)
        seen = _seen(actor, line, account_id)
        if seen is not None:
            with above:
                preview(seen, currency)
        label = _("Keep as a note") if seen is not None and seen.draft is None else _("Keep")
        submitted = form.submit(label, disabled=seen is None or bool(seen.problem), icon=":material/check:")
    if submitted and seen is not None:
        message = _("Claim recorded.") if seen.said.kind is Entry.CLAIM else _("Note kept.")
        with form.saving(message) as session:
            kept = quick_notes.keep(session, actor, line, account_id=account_id)
            form.offer_undo(partial(quick_notes.undo, kept=kept))


def _line(form: forms.Form, account_id: int | None) -> str:
    example = _("#call BrandX -3% Snacks 500g until 31/3 src:buyer B2")
    typed = st.text_input(
        _("Quick note"),
        key=form.widget_key("line"),
        max_chars=quick_notes.LONGEST,
        placeholder=example if account_id is not None else f"@acme {example}",
        help=_(
            "One line: @account, a competitor by name, -3% or RM 12.50/ctn, product or category, until 31/3, "
            "src:buyer/Siti, a grade such as B2, #confidential. What is not understood stays as text."
        ),
    )
    form.place("line")
    return typed or ""


def _seen(actor: Actor, line: str, account_id: int | None) -> Preview | None:
    if not line.strip():
        return None
    with db.read() as session:
        return quick_notes.preview(session, actor, line, account_id=account_id)


def preview(seen: Preview, currency: str) -> None:
    """What the line becomes, field by field, before it is kept."""
    if seen.draft is None:
        parts = [_("Note"), seen.account or "", seen.said.rest]
        st.markdown(f":small[{plain(' · '.join(part for part in parts if part))}]")
    else:
        st.markdown(f":small[{plain(' · '.join(_said(seen, currency)))}]")
        if seen.said.rest:
            st.caption(plain(_("As text: {text}").format(text=seen.said.rest)))
    if seen.problem:
        st.warning(plain(seen.problem), icon=":material/block:")


def _said(seen: Preview, currency: str) -> list[str]:
    draft = seen.draft
    if draft is None:
        return []
    amount = "" if draft.price is None else formats.price(draft.price, currency)
    gap = "" if draft.price_gap is None else formats.percent(draft.price_gap, places=1, signed=True)
    parts = [
        _("Claim"),
        seen.account or _("market"),
        seen.competitor or "",
        words.topics()[draft.topic],
        words.sides()[draft.swot],
        seen.product or seen.category or "",
        f"{amount} / {seen.unit}" if amount and seen.unit else amount,
        gap,
        _("until {day}").format(day=formats.day(draft.last_on)) if draft.last_on else "",
        words.sources().get(draft.source_kind, ""),
        draft.source,
        f"{draft.reliability}{draft.credibility}",
        _("confidential") if draft.is_confidential else "",
    ]
    return [part for part in parts if part]
