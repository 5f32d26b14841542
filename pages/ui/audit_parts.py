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
from core.language import N_, _
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
        "attention": _("Today"),
        "authority": _("Authority limits"),
        "category": _("Category"),
        "cause": _("Cause"),
        "account_note": _("Note"),
        "competitor": _("Competitor"),
        "competitor_claim": _("Competitor claim"),
        "competitor_presence": _("Competitor at an account"),
        "contest": _("Contested deal"),
        "data": _("Data"),
        "demo": _("Demo company"),
        "export": _("Export"),
        "floor": _("Floor price"),
        "group": _("Group"),
        "import": _("Import"),
        "objection": _("Objection"),
        "order": _("Order"),
        "product": _("Product"),
        "region": _("Region"),
        "segment": _("Segment"),
        "session": _("Session"),
        "setting": _("Settings"),
        "store": _("Store"),
        "target": _("Target"),
        "round": _("Price round"),
        "term": _("Term"),
        "tier": _("Tier"),
        "unit": _("Unit"),
        "user": _("User"),
        "view": _("View"),
        "wallet": _("Wallet"),
    }


def action_names() -> dict[str, str]:
    return {
        "apply": _("applied"),
        "approve": _("approved"),
        "backup": _("backed up"),
        "bridge": _("Revenue bridge"),
        "change": _("changed"),
        "codes": _("codes changed"),
        "confirm": _("confirmed"),
        "cost": _("cost noted"),
        "create": _("created"),
        "deactivate": _("deactivated"),
        "delivery": _("Orders & delivery"),
        "done": _("done"),
        "end": _("ended"),
        "export": _("exported"),
        "grant": _("granted"),
        "load": _("loaded"),
        "merge": _("merged"),
        "packs": _("pack sizes changed"),
        "password": _("new password"),
        "portfolio": _("Portfolio"),
        "price": _("list price published"),
        "reactivate": _("active again"),
        "reject": _("rejected"),
        "remove": _("removed"),
        "reset-code": _("one-time code given"),
        "restore": _("restored"),
        "retract": _("withdrawn"),
        "revenue": _("Revenue"),
        "set": _("set"),
        "share": _("shared"),
        "snoozed": _("put off"),
        "submit": _("submitted"),
        "team": _("team changed"),
        "undo": _("undone"),
        "unmerge": _("merge undone"),
        "update": _("changed"),
        "wallets": _("Share of wallet"),
        "withdraw": _("asks again"),
    }


def action_name(action: str) -> str:
    """`account:update` as people say it: `Account: changed`."""
    entity, _colon, verb = action.partition(":")
    verbs = {
        "announce": _("announced"),
        "answer": _("answer noted"),
        "attach": _("file attached"),
        "battlecard": _("Battlecard"),
        "detach": _("file taken back"),
        "refute": _("refuted"),
        "revert": _("taken back"),
        **action_names(),
    }
    return f"{entity_names().get(entity, entity)}: {verbs.get(verb, verb)}"


# Fields of records as people say them; they are translated where they are shown.
_FIELDS = {
    "accepted": N_("Accepted"),
    "account": N_("Account"),
    "address": N_("Address"),
    "answer": N_("Answer"),
    "answered_on": N_("Answered on"),
    "category": N_("Category"),
    "choices": N_("Choices"),
    "code": N_("Code"),
    "codes": N_("Codes elsewhere"),
    "company": N_("Company"),
    "country": N_("Country"),
    "credit_limit": N_("Credit limit"),
    "currency": N_("Currency"),
    "effective_on": N_("Takes effect on"),
    "base_currency": N_("Base currency"),
    "confirm_days": N_("Data confirmed within, days"),
    "terms_expire_days": N_("Terms end within, days"),
    "delivered_on": N_("Delivered on"),
    "email": N_("E-mail"),
    "fall_spread": N_("Beyond its usual spread, times"),
    "fx_rate": N_("Exchange rate"),
    "invoiced_on": N_("Invoiced on"),
    "is_shared": N_("Offered to everybody"),
    "ordered_on": N_("Ordered on"),
    "outcome": N_("Decision"),
    "promised_on": N_("Promised for"),
    "reason": N_("Reason"),
    "requested_on": N_("Requested for"),
    "until_on": N_("Ask again on"),
    "fall_share": N_("Fall against last year"),
    "fiscal_year_month": N_("First month of the fiscal year"),
    "format": N_("Format"),
    "group": N_("Group"),
    "industry": N_("Industry"),
    "is_active": N_("Active"),
    "kind": N_("Kind"),
    "language": N_("Language"),
    "languages": N_("Languages"),
    "list_price": N_("List price"),
    "targets": N_("Targets"),
    "receivables": N_("Receivables"),
    "orders": N_("Orders"),
    "merged_into": N_("Merged into"),
    "merged": N_("Merged account"),
    "lines": N_("Order lines"),
    "left_out": N_("Invoices at both"),
    "margin": N_("Margin"),
    "margin_amount": N_("Margin amount"),
    "name": N_("Name"),
    "net_amount": N_("Net amount"),
    "net_revenue": N_("Net revenue"),
    "owner": N_("Owner"),
    "packs": N_("Pack sizes"),
    "payment_days": N_("Days to pay"),
    "region": N_("Region"),
    "region_ids": N_("Regions"),
    "rejected": N_("Refused"),
    "rhythm_amber": N_("Rhythm: amber from"),
    "rhythm_red": N_("Rhythm: red from"),
    "roles": N_("Roles"),
    "rows": N_("Rows"),
    "sees_cost": N_("Sees costs and margins"),
    "segment": N_("Segment"),
    "sessions": N_("Open sessions"),
    "since_on": N_("Account since"),
    "status": N_("Status"),
    "team": N_("Team"),
    "tier": N_("Tier"),
    "unit": N_("Unit"),
    "unit_cost": N_("Cost per unit"),
    "username": N_("User name"),
    "amount": N_("Amount"),
    "basis": N_("Known from"),
    "category_id": N_("Category"),
    "causes": N_("Causes"),
    "driver": N_("Size counted in"),
    "driver_count": N_("How many"),
    "ends_on": N_("Ends before"),
    "high_amount": N_("At most"),
    "low_amount": N_("At least"),
    "note": N_("Note"),
    "product_id": N_("Product"),
    "rank": N_("Our rank"),
    "said_by": N_("Who said it"),
    "source": N_("Source"),
    "starts_on": N_("First day"),
    "suppliers": N_("Suppliers"),
    "unit_amount": N_("Spend in a year for each"),
    "wallets": N_("Share of wallet"),
    "valid_from": N_("Valid from"),
    "valid_to": N_("Valid before"),
    "contract_value": N_("Discount money a year"),
    "discount_share": N_("Total discount"),
    "floor_price": N_("Floor price"),
    "floor_share": N_("Floor, share of list"),
    "is_exception": N_("Exception"),
    "least_margin": N_("Least margin rate"),
    "min_quantity": N_("From quantity"),
    "stacks": N_("Stacks"),
    "value": N_("Value"),
}


def field_name(field: str) -> str:
    """A field as people say it; before the last word stands which month or line it is of."""
    *of, name = field.split(" ")
    return " ".join([*of, _(_FIELDS[name]) if name in _FIELDS else name])


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
