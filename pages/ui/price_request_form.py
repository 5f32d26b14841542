"""Asking for another price from the Price X-ray: in force at once within one's authority, else a director decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import streamlit as st

from core import approvals, clock, db
from core.auth import Actor
from core.errors import UtamaError
from core.language import _
from core.pricing import Price
from core.term_drafts import Scope, TermDraft
from core.vocabulary import Permission, TermKind
from pages.ui import dialogs, forms
from pages.ui.forms import Form, plain
from pages.ui.xray_parts import Asked


def button(actor: Actor, asked: Asked, price: Price) -> None:
    """Opens the form, for who may write terms."""
    if asked.account.is_unassigned or not actor.may(Permission.TERM_WRITE):
        return
    if st.button(_("Ask for another price"), key="ask_price", icon=":material/sell:", width="content"):
        dialogs.ask(_("Another price"), _form, asked, price.net_price)


def _form(actor: Actor, asked: Asked, net: Decimal | None) -> None:
    st.markdown(f"**{plain(asked.account.name)}** · {plain(asked.product.name)}")
    scope = Scope(account_id=asked.account.id, product_id=asked.product.id)
    key = f"ask-{asked.account.id}-{asked.product.id}"
    with forms.form(key, border=False, enter=False) as form:
        draft = _fields(form, TermDraft(scope, TermKind.SPECIAL_PRICE, net or Decimal(0), clock.today()))
        chosen = form.submits({"ask": _("Ask for it"), "look": _("What would happen?")})
    if chosen is None:
        return
    try:
        with db.read() as session:
            outcome = approvals.outcome_of(session, actor, draft)
    except UtamaError as error:
        form.show(error)
        return
    if chosen == "look":
        said = st.success if outcome.alone else st.info
        said(plain(outcome.sentence()))
        if outcome.effect is not None and outcome.effect.lines_below_floor:
            st.warning(_("Below the floor price: only an exception with a last day makes a price there."))
        return
    with form.saving(outcome.sentence()) as session:
        approvals.ask(session, actor, draft)


def _fields(form: Form, before: TermDraft) -> TermDraft:
    price = form.money("value", _("Price of a unit"), before.value)
    left, right = st.columns(2)
    with left:
        first = form.date("valid_from", _("From"), before.valid_from)
    with right:
        last = form.date("valid_to", _("Last day"), None, help=_("Empty: until further notice."))
    exception = form.tick(
        "is_exception",
        _("Exception from the floor price"),
        help=_("For this account and product until the last day; the floor price stays as it is."),
    )
    reason = form.text("reason", _("Why"), "", help=_("Who decides reads it."))
    return replace(
        before,
        value=price if price is not None else Decimal(-1),
        valid_from=first or clock.today(),
        valid_to=_after(last),
        is_exception=exception,
        reason=reason,
    )


def _after(last: date | None) -> date | None:
    return None if last is None else last + timedelta(days=1)
