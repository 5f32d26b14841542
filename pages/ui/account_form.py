"""Forms to create and change an account, its team, and what other systems call it."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import accounts, classification, clock, db, settings, teams
from core.accounts import AccountDetail, AccountDraft, Member
from core.auth import Actor
from core.classification import Choices
from core.errors import Invalid
from core.language import _
from core.vocabulary import AccountStatus, Permission, TeamRole
from pages.ui import dialogs, formats, forms, merge_form
from pages.ui.forms import Form


def may_create(actor: Actor) -> bool:
    return actor.may(Permission.ACCOUNT_CREATE)


def may_edit(actor: Actor, account: AccountDetail) -> bool:
    return actor.may(Permission.ACCOUNT_WRITE) and not account.is_unassigned


def create_dialog() -> None:
    """Open the form for a new account."""
    dialogs.show(_("New account"), _create)


def edit_dialog(account_id: int) -> None:
    """Open the forms of an account: its data, its team, its codes."""
    dialogs.show(_("Change the account"), _edit, account_id)


def _create(actor: Actor) -> None:
    with db.read() as session:
        lists = classification.choices(session, actor)
        currency = settings.get(session).base_currency
    with forms.form("account-new", border=False) as form:
        draft = _draft(form, actor, AccountDraft("", "", owner_id=_self(actor, lists)), lists, currency)
        submitted = form.submit(_("Create account"))
    if submitted:
        with form.saving(_("Account {code} created.").format(code=draft.code)) as session:
            number = accounts.create(session, actor, draft)
            form.offer_undo(partial(accounts.remove, account_id=number, version=1))


def _edit(actor: Actor, account_id: int) -> None:
    with db.read() as session:
        account = accounts.get(session, actor, account_id)
        lists = classification.choices(session, actor)
        currency = settings.get(session).base_currency
    labels = [_("Data"), _("Team"), _("Codes elsewhere")]
    may_merge = actor.may(Permission.ACCOUNT_MERGE)
    data, team, codes, *more = st.tabs([*labels, _("Merge")] if may_merge else labels)
    with data:
        _data(actor, account, lists, currency)
    with team:
        _team(actor, account, lists)
    with codes:
        _codes(actor, account)
    for merge in more:
        with merge:
            merge_form.show(actor, account)


def _data(actor: Actor, account: AccountDetail, lists: Choices, currency: str) -> None:
    with forms.form(f"account-{account.id}", border=False) as form:
        draft = _draft(form, actor, account, lists, currency)
        version = form.keep("version", account.version)
        submitted = form.submit(_("Save"))
    said = account.confirmed_at
    st.caption(_("Last confirmed: {day}").format(day=formats.day(said.date()) if said else formats.UNKNOWN))
    confirm_data(actor, account.id, account.name)
    if submitted:
        with form.saving(_("Account saved.")) as session:
            now = accounts.update(session, actor, account.id, draft, version=version)
            form.offer_undo(
                partial(accounts.update, account_id=account.id, draft=_as_stored(account), version=now)
            )


def confirm_data(actor: Actor, account_id: int, name: str) -> None:
    """One button for data that are right as they stand."""
    with forms.form(f"confirm-{account_id}", border=False) as form:
        right = form.submit(_("The data are right"), type="secondary", icon=":material/verified:")
    if right:
        with form.saving(_("Confirmed: {name}").format(name=name)) as session:
            accounts.confirm(session, actor, account_id)


def _as_stored(account: AccountDetail) -> AccountDraft:
    return AccountDraft(**{field.name: getattr(account, field.name) for field in fields(AccountDraft)})


def _draft(
    form: Form, actor: Actor, account: AccountDetail | AccountDraft, lists: Choices, base_currency: str
) -> AccountDraft:
    """The fields of an account, filled with what holds now; a manager reads code and owner, a director sets them."""
    decides = actor.may(Permission.ACCOUNT_CREATE)
    left, right = st.columns(2)
    with left:
        who = _who(form, account, lists, decides)
    with right:
        filed: dict[str, Any] = {
            field: _listed(form, field, label, known, getattr(account, field), decides)
            for field, label, known in (
                ("group", _("Group"), lists.groups),
                ("segment", _("Segment"), lists.segments),
                ("tier", _("Tier"), lists.tiers),
                ("region", _("Region"), lists.regions),
            )
        }
        country = form.text("country", _("Country"), account.country)
        currency = form.text(
            "currency", _("Currency"), account.currency, max_chars=3, placeholder=base_currency
        )
        credit_limit = form.money("credit_limit", _("Credit limit"), account.credit_limit)
    return AccountDraft(**who, **filed, country=country, currency=currency, credit_limit=credit_limit).tidy()


def _who(form: Form, account: AccountDetail | AccountDraft, lists: Choices, decides: bool) -> dict[str, Any]:
    return {
        "code": form.text("code", _("Code"), account.code, max_chars=64, disabled=not decides),
        "name": form.text("name", _("Name"), account.name),
        "owner_id": form.choice(
            "owner_id", _("Owner"), _owners(lists, account), account.owner_id, disabled=not decides
        ),
        "status": form.choice("status", _("Status"), _statuses(), account.status) or AccountStatus.ACTIVE,
        "industry": form.text("industry", _("Industry"), account.industry),
        "since_on": form.date("since_on", _("Account since"), account.since_on),
        "payment_days": form.whole("payment_days", _("Days to pay"), account.payment_days),
    }


def _listed(
    form: Form, field: str, label: str, known: dict[int, str], value: str | None, may_add: bool
) -> str | None:
    """One of a list's names, or none; who may add to the list types a new one."""
    names = list(dict.fromkeys([*known.values(), *([value] if value else [])]))
    return form.choice(
        field,
        label,
        names,
        value,
        accept_new_options=may_add,
        placeholder=_("Choose, or type a new one") if may_add else _("Choose"),
    )


def _owners(lists: Choices, account: AccountDetail | AccountDraft) -> dict[int, str]:
    """Everybody who can own an account, and whoever owns it now even if deactivated."""
    owners = dict(lists.colleagues)
    if isinstance(account, AccountDetail) and account.owner_id is not None:
        owners.setdefault(account.owner_id, account.owner or "")
    return owners


def _self(actor: Actor, lists: Choices) -> int | None:
    return actor.user_id if actor.user_id in lists.colleagues else None


def _team(actor: Actor, account: AccountDetail, lists: Choices) -> None:
    st.caption(_("Who works on the account beside its owner. Whoever stands here sees it for those days."))
    names = lists.colleagues | {member.user_id: member.name for member in account.team}
    roles = {TeamRole.MEMBER: _("Team member"), TeamRole.DEPUTY: _("Deputy")}
    with forms.form(f"team-{account.id}", border=False) as form:
        version = form.keep("version", account.version)
        rows = form.keep("team", account.team)
        frame = pd.DataFrame(
            [(_shown(m.user_id, names), roles[m.role], m.valid_from, _last_day(m.valid_to)) for m in rows],
            columns=["person", "role", "first", "last"],
        ).astype(object)
        edited = st.data_editor(
            frame,
            key=form.widget_key("team"),
            num_rows="dynamic",
            hide_index=True,
            column_config={
                "person": st.column_config.SelectboxColumn(
                    _("Who"), options=[_shown(number, names) for number in names], required=True
                ),
                "role": st.column_config.SelectboxColumn(
                    _("As"), options=list(roles.values()), required=True
                ),
                "first": st.column_config.DateColumn(_("From"), format="DD/MM/YYYY", required=True),
                "last": st.column_config.DateColumn(_("Last day"), format="DD/MM/YYYY"),
            },
            placeholder=formats.UNKNOWN,
            alt=_("Who works on the account, as what, and from when to when"),
        )
        form.place("team")
        submitted = form.submit(_("Save team"))
    if submitted:
        try:
            members = _members(edited, names, roles)
        except Invalid as error:
            form.show(error)
            return
        with form.saving(_("Team saved.")) as session:
            now = teams.set_team(session, actor, account.id, members, version=version)
            form.offer_undo(partial(teams.set_team, account_id=account.id, members=account.team, version=now))


def _members(edited: pd.DataFrame, names: dict[int, str], roles: dict[TeamRole, str]) -> list[Member]:
    people = {_shown(number, names): number for number in names}
    kinds = {label: role for role, label in roles.items()}
    members = []
    for _place, row in edited.iterrows():
        person, role = people.get(row["person"]), kinds.get(row["role"], TeamRole.MEMBER)
        first, last = _day(row["first"]), _day(row["last"])
        if person is None:
            raise Invalid(_("Choose a person in every row, or delete the row."))
        members.append(
            Member(
                person, role, first or clock.today(), date.fromordinal(last.toordinal() + 1) if last else None
            )
        )
    return members


def _shown(number: int, names: dict[int, str]) -> str:
    """A person's name; where two have the same, with their number, so that the right one is chosen."""
    name = names[number]
    return name if list(names.values()).count(name) == 1 else f"{name} ({number})"


def _last_day(end: date | None) -> date | None:
    return None if end is None else date.fromordinal(end.toordinal() - 1)


def _day(value: Any) -> date | None:
    if value is None or pd.isna(value):
        return None
    day = pd.Timestamp(value).date()
    assert isinstance(day, date)  # noqa: S101  (pandas types it as a moment or nothing)
    return day


def _codes(actor: Actor, account: AccountDetail) -> None:
    st.caption(
        _("What other systems call this account. Imports that name the system find it by these codes.")
    )
    with forms.form(f"codes-{account.id}", border=False) as form:
        version = form.keep("version", account.version)
        frame = pd.DataFrame(form.keep("codes", list(account.codes)), columns=["source", "code"]).astype(
            object
        )
        edited = st.data_editor(
            frame,
            key=form.widget_key("codes"),
            num_rows="dynamic",
            hide_index=True,
            column_config={
                "source": st.column_config.TextColumn(_("System"), required=True, max_chars=64),
                "code": st.column_config.TextColumn(_("Code there"), required=True, max_chars=64),
            },
            placeholder=formats.UNKNOWN,
            alt=_("What other systems call this account"),
        )
        form.place("codes")
        submitted = form.submit(_("Save codes"))
    if submitted:
        pairs = [(_text(row["source"]), _text(row["code"])) for _place, row in edited.iterrows()]
        with form.saving(_("Codes saved.")) as session:
            now = teams.set_codes(session, actor, account.id, pairs, version=version)
            form.offer_undo(partial(teams.set_codes, account_id=account.id, codes=account.codes, version=now))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _statuses() -> dict[AccountStatus, str]:
    return {
        AccountStatus.ACTIVE: _("Active"),
        AccountStatus.DORMANT: _("Dormant"),
        AccountStatus.LOST: _("Lost"),
    }
