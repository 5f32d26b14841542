"""The forms of causes: one click on a kind says why revenue moved; what is known beyond that may stand beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import streamlit as st

from core import causes, clock, db, products, revenue
from core.auth import Actor
from core.causes import CauseDraft, CauseRow
from core.filters import AccountFilter
from core.language import _
from core.periods import Period, add_months
from core.vocabulary import CauseKind, Permission
from pages.ui import cause_words, dialogs, formats, forms
from pages.ui.forms import Form, plain

Scope = tuple[str, int]  # "category" or "product", and its id

_BOUGHT_MONTHS = 24  # products bought within so many months are offered


def may_record(actor: Actor) -> bool:
    return actor.may(Permission.ACCOUNT_WRITE)


def say_why(actor: Actor, account_id: int, name: str, period: Period, *, key: str, text: str = "") -> None:
    """The first of two clicks: opens the kinds, of which the second click saves one for the period's days."""
    if may_record(actor) and st.button(_("Say why"), key=key, icon=":material/edit_note:", width="content"):
        dialogs.show(_("Why did it move?"), _record, account_id, name, period, text)


def change(actor: Actor, cause: CauseRow, name: str) -> None:
    """Opens the form of a cause that is there."""
    key = f"cause_{cause.id}"
    if may_record(actor) and st.button(_("Edit"), key=key, icon=":material/edit:", type="tertiary"):
        dialogs.show(_("Cause"), _change, cause, name)


def _record(actor: Actor, account_id: int, name: str, period: Period, text: str) -> None:
    st.markdown(f"**{plain(name)}**  \n{plain(text)}" if text else f"**{plain(name)}**")
    today = clock.today()
    first, last = min(period.start, today), min(period.last_day, today)
    drafted = CauseDraft(CauseKind.OTHER, first, last)
    scopes = _scopes(actor, account_id, last)
    with forms.form(f"cause-{account_id}-{first}-{last}", border=False, enter=False) as form:
        buttons = st.container()
        st.caption(_("If you know more, write it down before the click. All of it may stay as it is."))
        drafted = _fields(form, drafted, scopes)
        with buttons:
            kind = form.submits(cause_words.kinds())
    if kind is not None:
        message = _("{kind} recorded: {name}").format(
            kind=cause_words.kinds()[kind].removesuffix(" …"), name=name
        )
        with form.saving(message) as session:
            number = causes.record(session, actor, account_id, replace(drafted, kind=kind))
            form.offer_undo(partial(causes.withdraw, cause_id=number, version=1))


def _change(actor: Actor, cause: CauseRow, name: str) -> None:
    before = cause.draft()
    scopes = _scopes(actor, cause.account_id, cause.last_on)
    with forms.form(f"cause-{cause.id}", border=False) as form:
        version = form.keep("version", cause.version)
        kind = form.choice("kind", _("Kind"), cause_words.kinds(), cause.kind)
        draft = replace(_fields(form, before, scopes), kind=kind or cause.kind)
        submitted = form.submit(_("Save"))
    removal = forms.confirm(
        f"cause-withdraw-{cause.id}",
        _("Withdraw"),
        _("It no longer explains anything; it stays in the history."),
        _("Withdraw the cause"),
        icon=":material/delete:",
    )
    st.caption(
        plain(
            _("Recorded by {who}, {when}").format(
                who=cause.recorded_by, when=formats.moment(cause.recorded_at)
            )
        )
    )
    if submitted:
        with form.saving(_("Cause saved: {name}").format(name=name)) as session:
            now = causes.update(session, actor, cause.id, draft, version=version)
            form.offer_undo(partial(causes.update, cause_id=cause.id, draft=before, version=now))
    if removal is not None:
        with removal.saving(_("Cause withdrawn: {name}").format(name=name)) as session:
            now = causes.withdraw(session, actor, cause.id, version=cause.version)
            removal.offer_undo(partial(causes.restore, cause_id=cause.id, version=now))


def _scopes(actor: Actor, account_id: int, last: date) -> dict[Scope, str]:
    """What a cause can be of: each category, and the products that the account bought of late."""
    span = Period(add_months(last, -_BOUGHT_MONTHS), add_months(last, 1))
    only = AccountFilter(account_ids=frozenset({account_id}))
    with db.read() as session:
        categories = products.categories(session, actor)
        bought = revenue.by_product(session, actor, span, only)
    found: dict[Scope, str] = {("category", key): name for key, name in categories.items()}
    return found | {("product", row.product_id): f"{row.name} · {row.code}" for row in bought}


def _fields(form: Form, draft: CauseDraft, scopes: dict[Scope, str]) -> CauseDraft:
    """All but the kind."""
    with st.grid(3, min_column_width=150):
        with st.container():
            first = form.date("first_on", _("First day"), draft.first_on)
        with st.container():
            last = form.date("last_on", _("Last day"), draft.last_on)
        with st.container():
            amount = form.money(
                "amount",
                _("What it did to net revenue"),
                draft.amount,
                placeholder=_("such as -12,000"),
                help=_(
                    "Below zero where revenue was lost. Without an amount the whole change counts as explained."
                ),
            )
    product = None if draft.product_id is None else ("product", draft.product_id)
    category = None if draft.category_id is None else ("category", draft.category_id)
    chosen = form.choice("scope", _("Only of a product or category"), scopes, product or category)
    note = form.text("note", _("Note"), draft.note, placeholder=_("who said it, what happened"))
    which, key = chosen or ("", None)
    return replace(
        draft,
        first_on=first,
        last_on=last,
        amount=amount,
        product_id=key if which == "product" else None,
        category_id=key if which == "category" else None,
        note=note,
    )
