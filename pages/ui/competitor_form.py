"""The form of a competitor itself: names, goals, segments, home region, products that stand against ours."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core import classification, competitors, db, products
from core.auth import Actor
from core.competitors import CompetitorDetail, CompetitorDraft, TheirProduct
from core.language import _
from pages.ui import claim_form, dialogs, forms
from pages.ui.forms import Form


def new_button(actor: Actor) -> None:
    if claim_form.may_write(actor) and st.button(
        _("New competitor"), icon=":material/add:", key="new_competitor"
    ):
        dialogs.show(_("Competitor"), _new)


def edit_button(actor: Actor, one: CompetitorDetail) -> None:
    if claim_form.may_write(actor) and st.button(_("Edit"), icon=":material/edit:", key="edit_competitor"):
        dialogs.show(_("Competitor"), _change, one.id)


def _new(actor: Actor) -> None:
    with forms.form("competitor-new", border=False) as form:
        draft = _fields(form, actor, CompetitorDraft(""))
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Competitor recorded: {name}").format(name=draft.name)) as session:
            key = competitors.create(session, actor, draft)
            form.offer_undo(partial(competitors.remove, competitor_id=key, version=1))


def _change(actor: Actor, competitor_id: int) -> None:
    with db.read() as session:
        one = competitors.get(session, actor, competitor_id)
    before = one.draft()
    with forms.form(f"competitor-{one.id}", border=False) as form:
        version = form.keep("version", one.version)
        draft = _fields(form, actor, before)
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Competitor saved: {name}").format(name=draft.name)) as session:
            now = competitors.update(session, actor, one.id, draft, version=version)
            form.offer_undo(partial(competitors.update, competitor_id=one.id, draft=before, version=now))


def _fields(form: Form, actor: Actor, draft: CompetitorDraft) -> CompetitorDraft:
    with db.read() as session:
        segments = classification.choices(session, actor).segments
    left, right = st.columns(2)
    with left:
        name = form.text("name", _("Name"), draft.name)
        region = form.text("home_region", _("Home region"), draft.home_region)
    with right:
        aliases = form.text(
            "aliases", _("Other names"), draft.aliases, help=_("A comma between them: brands, short forms.")
        )
        chosen = form.choices("segment_ids", _("Segments"), segments, draft.segment_ids)
    goals = form.text("goals", _("Goals"), draft.goals, long=True)
    theirs = _products(form, actor, draft)
    note = form.text("note", _("Note"), draft.note, long=True)
    active = form.tick("is_active", _("Still a competitor"), draft.is_active)
    return CompetitorDraft(name, aliases, goals, region, note, active, tuple(chosen), theirs)


def _products(form: Form, actor: Actor, draft: CompetitorDraft) -> tuple[TheirProduct, ...]:
    """Their products, each with ours that it stands against; read again by what stands in the cells."""
    with db.read() as session:
        ours = {f"{row.name} · {row.code}": row.id for row in products.search(session, actor)}
    named = {key: label for label, key in ours.items()}
    frame = pd.DataFrame(
        {
            "theirs": [one.name for one in draft.products],
            "ours": [named.get(one.product_id or 0) for one in draft.products],
        }
    ).astype({"theirs": object, "ours": object})
    st.caption(_("Their products against ours"))
    typed = st.data_editor(
        frame,
        key=form.widget_key("products"),
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "theirs": st.column_config.TextColumn(_("Theirs"), max_chars=200),
            "ours": st.column_config.SelectboxColumn(_("Against ours"), options=list(ours)),
        },
        alt=_("Their products and ours that they stand against"),
    )
    form.place("products")
    found = []
    for theirs, against in zip(typed["theirs"], typed["ours"], strict=True):
        if isinstance(theirs, str) and theirs.strip():
            found.append(TheirProduct(theirs, ours.get(against) if isinstance(against, str) else None))
    return tuple(found)
