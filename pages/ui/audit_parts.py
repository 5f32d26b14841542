"""What the audit page shows: names of changes, the values before and after, and the way back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core import restoration
from core.audit import EntryRow
from core.auth import Actor
from core.language import _
from pages.ui import formats, forms
from pages.ui.forms import plain


def start_of(day: date | None, *, days_later: int = 0) -> datetime | None:
    """The moment at which a day begins where this machine stands."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=days_later), time()).astimezone(UTC)


def entity_names() -> dict[str, str]:
    return {
        "account": _("Account"),
        "category": _("Category"),
        "data": _("Data"),
        "demo": _("Demo company"),
        "export": _("Export"),
        "group": _("Group"),
        "import": _("Import"),
        "product": _("Product"),
        "region": _("Region"),
        "segment": _("Segment"),
        "session": _("Session"),
        "setting": _("Settings"),
        "store": _("Store"),
        "target": _("Target"),
        "tier": _("Tier"),
        "unit": _("Unit"),
        "user": _("User"),
    }


def action_names() -> dict[str, str]:
    return {
        "apply": _("applied"),
        "backup": _("backed up"),
        "codes": _("codes changed"),
        "confirm": _("confirmed"),
        "create": _("created"),
        "deactivate": _("deactivated"),
        "end": _("ended"),
        "export": _("exported"),
        "load": _("loaded"),
        "packs": _("pack sizes changed"),
        "password": _("new password"),
        "portfolio": _("Portfolio"),
        "reactivate": _("active again"),
        "remove": _("removed"),
        "reset-code": _("one-time code given"),
        "restore": _("restored"),
        "set": _("set"),
        "team": _("team changed"),
        "undo": _("undone"),
        "update": _("changed"),
    }


def action_name(action: str) -> str:
    """`account:update` as people say it: `Account: changed`."""
    entity, _colon, verb = action.partition(":")
    return f"{entity_names().get(entity, entity)}: {action_names().get(verb, verb)}"


def field_names() -> dict[str, str]:
    return {
        "accepted": _("Accepted"),
        "account": _("Account"),
        "address": _("Address"),
        "category": _("Category"),
        "code": _("Code"),
        "codes": _("Codes elsewhere"),
        "company": _("Company"),
        "country": _("Country"),
        "credit_limit": _("Credit limit"),
        "currency": _("Currency"),
        "base_currency": _("Base currency"),
        "email": _("E-mail"),
        "fall_share": _("Fall against last year"),
        "fiscal_year_month": _("First month of the fiscal year"),
        "format": _("Format"),
        "group": _("Group"),
        "industry": _("Industry"),
        "is_active": _("Active"),
        "kind": _("Kind"),
        "language": _("Language"),
        "languages": _("Languages"),
        "list_price": _("List price"),
        "margin": _("Margin"),
        "margin_amount": _("Margin amount"),
        "name": _("Name"),
        "net_amount": _("Net amount"),
        "net_revenue": _("Net revenue"),
        "owner": _("Owner"),
        "packs": _("Pack sizes"),
        "payment_days": _("Days to pay"),
        "region": _("Region"),
        "region_ids": _("Regions"),
        "rejected": _("Refused"),
        "rhythm_amber": _("Rhythm: amber from"),
        "rhythm_red": _("Rhythm: red from"),
        "roles": _("Roles"),
        "rows": _("Rows"),
        "sees_cost": _("Sees costs and margins"),
        "segment": _("Segment"),
        "sessions": _("Open sessions"),
        "since_on": _("Account since"),
        "status": _("Status"),
        "team": _("Team"),
        "tier": _("Tier"),
        "unit": _("Unit"),
        "unit_cost": _("Cost per unit"),
        "username": _("User name"),
        "valid_from": _("Valid from"),
    }


def field_name(field: str) -> str:
    """A field as people say it; before the last word stands which month or line it is of."""
    *of, name = field.split(" ")
    return " ".join([*of, field_names().get(name, name)])


def frame(rows: Sequence[EntryRow]) -> pd.DataFrame:
    """The entries as a table; fields that changed are named, their values stand below."""
    lines = [
        (row.at, row.actor, action_name(row.action), row.label, ", ".join(map(field_name, row.changes or ())))
        for row in rows
    ]
    return pd.DataFrame(lines, columns=[_("When"), _("Who"), _("What"), _("Record"), _("Fields")])


def show_entry(actor: Actor, entry: EntryRow) -> None:
    """One change: before and after, field by field."""
    st.subheader(plain(f"{action_name(entry.action)}, {entry.label}"))
    st.caption(plain(f"{formats.moment(entry.at)} · {entry.actor}"))
    if entry.changes is None:
        st.info(_("You may know that this happened, but not the values: the account is not yours to see."))
        return
    if not entry.changes:
        return
    lines = [
        (field_name(name), _value(before), _value(after)) for name, (before, after) in entry.changes.items()
    ]
    st.dataframe(
        pd.DataFrame(lines, columns=[_("Field"), _("Before"), _("After")]),
        hide_index=True,
        alt=_("The values before and after the change"),
    )
    if restoration.can_restore(actor, entry.action):
        _offer_way_back(actor, entry)


def _offer_way_back(actor: Actor, entry: EntryRow) -> None:
    with forms.form(f"restore-{entry.id}") as form:
        names = {name: field_name(name) for name in entry.changes or ()}
        field = form.choice("field", _("Bring back what stood before"), names)
        submitted = form.submit(_("Restore"), type="secondary")
    if submitted and field is not None:
        with form.saving(_("The former value stands again.")) as session:
            restoration.restore(session, actor, entry.id, field)


def _value(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
