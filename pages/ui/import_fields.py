"""The names of an import's fields, the matching of columns to them, and templates to fill in."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import importing
from core.auth import Actor
from core.errors import Invalid
from core.importing import Upload
from core.language import _
from core.vocabulary import BatchKind, Permission
from pages.ui import tables

_SAMPLES = 4


def kinds(actor: Actor) -> dict[BatchKind, str]:
    """What the actor may bring."""
    needed = {
        BatchKind.ORDERS: Permission.DATA_IMPORT,
        BatchKind.ACCOUNTS: Permission.ACCOUNT_WRITE,
        BatchKind.PRODUCTS: Permission.PRODUCT_WRITE,
        BatchKind.TARGETS: Permission.TARGET_WRITE,
        BatchKind.RECEIVABLES: Permission.DATA_IMPORT,
        BatchKind.TERMS: Permission.TERM_WRITE,
        BatchKind.LUMP_SUMS: Permission.TERM_WRITE,
        BatchKind.FLOORS: Permission.FLOOR_WRITE,
        BatchKind.COMPETITOR_CLAIMS: Permission.COMPETITOR_WRITE,
        BatchKind.LOYALTY: Permission.LOYALTY_WRITE,
    }
    names = kind_names()
    return {kind: names[kind] for kind, permission in needed.items() if actor.may(permission)}


def kind_names() -> dict[BatchKind, str]:
    return {
        BatchKind.ORDERS: _("Orders"),
        BatchKind.ACCOUNTS: _("Accounts"),
        BatchKind.PRODUCTS: _("Products"),
        BatchKind.TARGETS: _("Targets"),
        BatchKind.RECEIVABLES: _("Receivables"),
        BatchKind.TERMS: _("Price terms"),
        BatchKind.LUMP_SUMS: _("Lump sums"),
        BatchKind.FLOORS: _("Floor prices"),
        BatchKind.COMPETITOR_CLAIMS: _("Competitor claims"),
        BatchKind.LOYALTY: _("Loyalty points"),
    }


def names(kind: BatchKind) -> dict[str, str]:
    """Every field of a kind by what people call it; what a file must have is marked."""
    said = _order_names() | _record_names() | _granted_names()
    if kind is BatchKind.LUMP_SUMS:
        said["amount"] = _("Amount")
    if kind is BatchKind.COMPETITOR_CLAIMS:
        said |= _claim_names()
    return {
        field.name: f"{said.get(field.name, field.name)} *"
        if field.required
        else said.get(field.name, field.name)
        for field in importing.FIELDS[kind]
    }


def matching(kind: BatchKind, upload: Upload, suggested: dict[str, str], key: str) -> dict[str, str]:
    """Field → header, as suggested and as changed in the table; raises Invalid for a field taken twice."""
    labels = names(kind)
    by_header = {header: labels[field] for field, header in suggested.items() if field in labels}
    frame = pd.DataFrame(
        {
            "header": list(upload.headers),
            "samples": [_samples(upload, place) for place in range(len(upload.headers))],
            "field": [by_header.get(header) for header in upload.headers],
        }
    ).astype({"field": object})
    edited = st.data_editor(
        frame,
        key=key,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        disabled=["header", "samples"],
        column_order=["header", "field", "samples"],
        column_config={
            "header": st.column_config.TextColumn(_("Column of the file"), width="small"),
            "samples": st.column_config.TextColumn(_("What stands in it"), width="large"),
            "field": st.column_config.SelectboxColumn(
                _("Means"),
                options=list(labels.values()),
                width="small",
                help=_("Empty: the column is not read."),
            ),
        },
        alt=_("Columns of the file, what stands in them, and the field that each is read as"),
    )
    return _read_back(kind, edited)


def _read_back(kind: BatchKind, edited: pd.DataFrame) -> dict[str, str]:
    by_label = {label: name for name, label in names(kind).items()}
    columns: dict[str, str] = {}
    for header, label in zip(edited["header"], edited["field"], strict=True):
        name = by_label.get(label) if isinstance(label, str) else None
        if name is None:
            continue
        if name in columns:
            raise Invalid(
                _("Two columns mean “{field}”: {first} and {second}. Leave one of them empty.").format(
                    field=label, first=columns[name], second=header
                )
            )
        columns[name] = header
    missing = [label for label, name in by_label.items() if label.endswith(" *") and name not in columns]
    if missing:
        raise Invalid(
            _("Choose the columns that mean: {fields}.").format(
                fields=", ".join(label.removesuffix(" *") for label in missing)
            )
        )
    return columns


def _samples(upload: Upload, place: int) -> str:
    seen = dict.fromkeys(row[place] for row in upload.samples if place < len(row) and row[place])
    return " · ".join(list(seen)[:_SAMPLES])


def templates(kind: BatchKind) -> None:
    """Empty files of this kind with the right headers."""
    fields = [field.name for field in importing.FIELDS[kind]]
    with st.popover(_("Templates"), icon=":material/download:"):
        st.caption(
            _("An empty file with every column. Those marked * are needed, the others may be left out.")
        )
        st.table(
            [{_("Column"): name, _("Means"): said} for name, said in names(kind).items()], hide_index=True
        )
        csv, xlsx = st.columns(2)
        csv.download_button(
            _("As CSV"), tables.as_csv([fields]), f"utama-{kind.value}.csv", "text/csv", on_click="ignore"
        )
        xlsx.download_button(
            _("As XLSX"), tables.as_xlsx([fields], kind.value), f"utama-{kind.value}.xlsx", on_click="ignore"
        )


def _order_names() -> dict[str, str]:
    return {
        "order_no": _("Order number"),
        "ordered_on": _("Ordered on"),
        "account": _("Account"),
        "product": _("Product"),
        "quantity": _("Quantity"),
        "line_no": _("Line number"),
        "account_name": _("Account name"),
        "country": _("Country"),
        "product_name": _("Product name"),
        "category": _("Category"),
        "unit_price": _("Net price per unit"),
        "list_price": _("List price per unit"),
        "discount_rate": _("Discount"),
        "unit_cost": _("Cost per unit"),
        "net_amount": _("Net amount of the line"),
        "cost_amount": _("Cost of the line"),
        "currency": _("Currency"),
        "fx_rate": _("Exchange rate"),
        "requested_on": _("Requested for"),
        "promised_on": _("Promised for"),
        "delivered_on": _("Delivered on"),
        "delivered_quantity": _("Quantity delivered"),
        "invoiced_on": _("Invoiced on"),
        "unit": _("Unit"),
    }


def _record_names() -> dict[str, str]:
    return {
        "code": _("Code"),
        "name": _("Name"),
        "group": _("Group"),
        "segment": _("Segment"),
        "tier": _("Tier"),
        "industry": _("Industry"),
        "region": _("Region"),
        "owner": _("Owner (user name)"),
        "status": _("Status"),
        "since": _("Account since"),
        "payment_days": _("Days to pay"),
        "credit_limit": _("Credit limit"),
        "valid_from": _("Valid from"),
        "month": _("Month"),
        "net_revenue": _("Net revenue"),
        "margin": _("Margin"),
        "invoice_no": _("Invoice number"),
        "due_on": _("Due on"),
        "amount": _("Invoice amount"),
        "open_amount": _("Open amount"),
        "as_of": _("As of"),
        "posted_on": _("Posted on"),
        "points": _("Points"),
        "qualifying": _("Qualifying points"),
        "key": _("Key"),
        "expires_on": _("Last day"),
    }


def _granted_names() -> dict[str, str]:
    return {
        "kind": _("Kind"),
        "value": _("Value"),
        "valid_to": _("Last day"),
        "reason": _("Reason"),
        "number": _("Number (changes that one)"),
        "price": _("Price of a unit"),
        "list_share": _("Share of the list price"),
        "min_quantity": _("From this quantity on"),
        "stacks": _("Given beside other discounts"),
        "recorded_on": _("Known since"),
        "governed_by": _("Goes by"),
        "basis": _("What it counts"),
        "period": _("Period"),
        "mode": _("How tiers count"),
        "days": _("Days"),
        "exception": _("Exception from the floor price"),
    }


def _claim_names() -> dict[str, str]:
    return {
        "competitor": _("Competitor"),
        "statement": _("Statement"),
        "observed_on": _("Observed on"),
        "source_kind": _("Kind of source"),
        "topic": _("Topic"),
        "swot": _("Side"),
        "price": _("Their price"),
        "price_gap": _("Their price against ours"),
        "source": _("Source"),
        "reliability": _("Reliability"),
        "credibility": _("Credibility"),
        "confidential": _("Confidential"),
        "confirmed_on": _("Confirmed on"),
        "refuted_on": _("Refuted on"),
        "recorded_on": _("Recorded on"),
        "valid_to": _("Until"),
    }
