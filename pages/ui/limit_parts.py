"""Authority limits: what each role may grant alone, since when, and the form of who may say so."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core import authority, clock, db
from core.auth import Actor
from core.authority import LimitDraft, LimitRow
from core.language import _
from core.periods import holds
from core.vocabulary import Role
from pages.ui import approval_words, dialogs, formats, forms, user_fields
from pages.ui.forms import plain


def show(actor: Actor, currency: str) -> None:
    """One card a role, the limits in force today first."""
    with db.read() as session:
        rows = authority.search(session, actor)
    st.caption(
        _(
            "Within these limits a role grants alone. Beyond one, or where a measure is unknown, a manager's term "
            "waits for a director. Without limits managers grant nothing alone, and directors whatever they decide."
        )
    )
    places = st.columns(2, gap="medium")
    for place, role in zip(places, authority.ROLES, strict=True):
        with place, st.container(border=True, height="stretch"):
            _role(actor, role, [row for row in rows if row.draft.role is role], currency)


def _role(actor: Actor, role: Role, rows: list[LimitRow], currency: str) -> None:
    st.markdown(f"**{user_fields.role_names()[role]}**")
    now = [row for row in rows if row.superseded_at is None]
    today = clock.today()
    current = next(
        (row for row in now if holds(row.draft.valid_from, row.valid_to, today)),
        None,
    )
    if current is None:
        st.caption(_("No limits are recorded."))
    else:
        _limits(current.draft, currency)
        st.caption(plain(_said(current)))
    for row in sorted(now, key=lambda one: one.draft.valid_from):
        if row.draft.valid_from > today:
            st.caption(plain(_("Coming: {limits}").format(limits=_said(row))))
    if authority.may_limit(actor, role) and st.button(
        _("Record other limits"), key=f"limit_{role}", icon=":material/edit:"
    ):
        newest = max((row.id for row in now), default=None)
        draft = current.draft if current else LimitDraft(role, today)
        dialogs.ask(_("Authority limits"), _form, replace(draft, valid_from=today, reason=""), newest)
    older = [row for row in rows if row.superseded_at is not None or row.valid_to is not None]
    if older:
        with st.expander(_("What held before")):
            for row in older:
                st.caption(plain(f"{_in_words(row.draft, currency)} · {_said(row)}"))


def _limits(draft: LimitDraft, currency: str) -> None:
    meanings = approval_words.meanings()
    for measure, name in approval_words.measures().items():
        st.markdown(f"{name}: **{_value(draft, measure.value, currency)}**", help=meanings[measure])


def _value(draft: LimitDraft, field: str, currency: str) -> str:
    value = getattr(draft, field)
    if value is None:
        return _("not limited")
    if field == "contract_value":
        return _("at most {limit}").format(limit=formats.compact(value, currency))
    text = formats.percent(value)
    return (
        _("at least {limit}").format(limit=text)
        if field == "margin_rate"
        else _("at most {limit}").format(limit=text)
    )


def _in_words(draft: LimitDraft, currency: str) -> str:
    names = approval_words.measures()
    return "; ".join(f"{name} {_value(draft, measure.value, currency)}" for measure, name in names.items())


def _said(row: LimitRow) -> str:
    return _("from {day}, recorded by {who} on {when}: {why}").format(
        day=formats.day(row.draft.valid_from),
        who=row.recorded_by,
        when=formats.day(row.recorded_at.date()),
        why=row.draft.reason,
    )


def _form(actor: Actor, before: LimitDraft, newest: int | None) -> None:
    st.markdown(f"**{user_fields.role_names()[before.role]}**")
    meanings = list(approval_words.meanings().values())
    with forms.form(f"limit-{before.role}", border=False) as form:
        seen = form.keep("version", newest)
        day = form.date("valid_from", _("From"), before.valid_from)
        discount = form.decimal(
            "discount_share",
            _("Largest total discount, a share"),
            before.discount_share,
            places=4,
            help=meanings[0],
        )
        margin = form.decimal(
            "margin_rate", _("Least margin rate, a share"), before.margin_rate, places=4, help=meanings[1]
        )
        money = form.money(
            "contract_value", _("Largest discount money a year"), before.contract_value, help=meanings[2]
        )
        st.caption(_("Empty: not limited."))
        reason = form.text("reason", _("Reason"), "")
        submitted = form.submit(_("Save"))
    if submitted:
        draft = LimitDraft(before.role, day or clock.today(), discount, margin, money, reason)
        with form.saving(_("Limits recorded.")) as session:
            authority.record(session, actor, draft, version=seen)
