"""The forms of floor prices: a new one from a day on, a correction, and its last day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from core import clock, db, floors, portfolio, products
from core.auth import Actor
from core.errors import Invalid
from core.floors import FloorDraft, FloorRow
from core.language import _
from core.vocabulary import Permission
from pages.ui import answers, dialogs, forms
from pages.ui.forms import Form


def may_write(actor: Actor) -> bool:
    """An administrator without the products and segments has nothing to choose from here."""
    needed = (Permission.FLOOR_WRITE, Permission.COST_READ, Permission.PRODUCT_READ, Permission.REVENUE_READ)
    return all(actor.may(one) for one in needed)


def add(actor: Actor) -> None:
    """The button of a new floor."""
    if may_write(actor) and st.button(_("New floor price"), key="floor_new", icon=":material/add:"):
        dialogs.show(_("New floor price"), _new)


def _new(actor: Actor) -> None:
    with db.read() as session:
        ask = answers.asker(session, actor)
        goods = {row.id: f"{row.name} · {row.code}" for row in ask(products.search)}
        kinds = ask(products.categories)
        segments = ask(portfolio.choices)["segment"]
    with forms.form("floor-new", border=False, enter=False) as form:
        left, right = st.columns(2)
        with left:
            product = form.choice(
                "product_id", _("Product"), goods, filter_mode="fuzzy", placeholder=_("Choose …")
            )
            category = form.choice("category_id", _("or category"), kinds, placeholder=_("Choose …"))
            segment = form.choice(
                "segment_id",
                _("Segment"),
                segments,
                placeholder=_("All"),
                help=_("Alone, or beside one of the others."),
            )
        with right:
            draft = _values(form, FloorDraft(clock.today()))
        submitted = form.submit(_("Record"))
    if submitted:
        draft = replace(draft, product_id=product, category_id=category, segment_id=segment)
        with form.saving(_("Floor price recorded.")) as session:
            floors.record(session, actor, draft)


def _values(form: Form, before: FloorDraft) -> FloorDraft:
    price = form.money("price", _("Price of a unit"), before.price)
    share = form.decimal("list_share", _("or share of the list price"), before.list_share, places=4)
    first = form.date("valid_from", _("From"), before.valid_from)
    last = form.date(
        "valid_to",
        _("Last day"),
        None if before.valid_to is None else before.valid_to - timedelta(days=1),
        help=_("Empty: until further notice, or until the next one that is known."),
    )
    reason = form.text("reason", _("Reason"), "")
    return replace(
        before,
        price=price,
        list_share=share,
        valid_from=first or before.valid_from,
        valid_to=None if last is None else last + timedelta(days=1),
        reason=reason,
    )


def change(actor: Actor, row: FloorRow) -> None:
    """Another value from a day on, or a last day."""
    if not may_write(actor):
        return
    with forms.form(f"floor-{row.number}", border=False, enter=False) as form:
        seen = form.keep("version", row.id)
        draft = _values(form, row.draft)
        chosen = form.submits({"change": _("Record from that day on"), "end": _("End on the last day")})
    if chosen == "change":
        same_day = draft.valid_from == row.draft.valid_from
        with form.saving(_("Floor price recorded.")) as session:
            floors.record(session, actor, draft, version=seen if same_day else None)
    elif chosen == "end":
        if draft.valid_to is None:
            form.show(Invalid("", fields={"valid_to": _("Give the last day.")}))
            return
        with form.saving(_("The floor price ends.")) as session:
            floors.end(
                session, actor, row.number, draft.valid_to - timedelta(days=1), draft.reason, version=seen
            )
