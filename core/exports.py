"""Files out: accounts, products, orders, targets, receivables and what was granted, as an import reads them back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, BinaryIO

import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, competitor_claims, export_sources, term_yaml, terms
from core.audit import Subject
from core.auth import Actor
from core.errors import Invalid, NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter, account_named
from core.language import _
from core.models import Account
from core.vocabulary import BatchKind, Permission

_SHEET_ROWS = 1_048_576  # what a worksheet holds, header included
_STREAMED = 5_000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_OF_COST = {"unit_cost", "base_cost_amount", "margin"}


# What beside `data:export` is asked for.
_NEEDS = {
    BatchKind.TERMS: Permission.TERM_READ,
    BatchKind.LUMP_SUMS: Permission.TERM_READ,
    BatchKind.FLOORS: Permission.COST_READ,
    BatchKind.COMPETITOR_CLAIMS: Permission.COMPETITOR_READ,
    BatchKind.LOYALTY: Permission.LOYALTY_READ,
}


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    YAML = "yaml"  # terms only


@dataclass(frozen=True)
class Export:
    """Headers, and rows that are read while they are written."""

    kind: BatchKind
    headers: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]
    account: Subject | None = None


def prepare(
    session: Session,
    actor: Actor,
    kind: BatchKind,
    *,
    account_code: str | None = None,
    accounts: AccountFilter = ALL_ACCOUNTS,
) -> Export:
    """What the actor may take out: visible accounts only, and cost only with its permission."""
    auth.require(actor, Permission.DATA_EXPORT)
    subject = None
    if account_code is not None:
        if kind is BatchKind.PRODUCTS:
            raise Invalid(_("Products belong to no account: leave --account out."))
        if kind is BatchKind.FLOORS:
            raise Invalid(_("Floor prices belong to no account: leave --account out."))
        found = session.scalar(
            select(Account).where(account_named(account_code), auth.visible_accounts(actor))
        )
        if found is None:
            raise NotFound(_("There is no account {code}.").format(code=account_code))
        accounts = AccountFilter(account_ids=frozenset({found.id}))
        subject = Subject("account", found.code, found.name, found.id)
    columns = {
        name: column
        for name, column in export_sources.COLUMNS[kind]().items()
        if actor.sees_cost or name not in _OF_COST
    }
    query = export_sources.SOURCES[kind](select(*(column.label(name) for name, column in columns.items())))
    if kind in _NEEDS:
        auth.require(actor, _NEEDS[kind])
    if kind is BatchKind.TERMS:
        query = query.where(terms.visible(actor), accounts.condition())
    elif kind is BatchKind.COMPETITOR_CLAIMS:
        query = query.where(competitor_claims.in_reach(actor), accounts.condition())
    elif kind not in (BatchKind.PRODUCTS, BatchKind.FLOORS):
        query = query.where(auth.visible_accounts(actor), accounts.condition())
    found_rows = session.execute(query.execution_options(yield_per=_STREAMED))
    shaped = export_sources.SHAPES.get(kind, tuple)
    return Export(kind, tuple(columns), (shaped(row) for row in found_rows), subject)


def write(export: Export, stream: BinaryIO, form: Format) -> int:
    """Write the file and return how many rows it has, the header not counted."""
    if form is Format.YAML:
        if export.kind is not BatchKind.TERMS:
            raise Invalid(_("Only terms can be written as YAML: choose CSV or XLSX."))
        return term_yaml.write(export.headers, export.rows, stream)
    return (_write_csv if form is Format.CSV else _write_xlsx)(export, stream)


def record(session: Session, actor: Actor, export: Export, rows: int, form: Format) -> None:
    """Note who took out what; call it before the file is handed over."""
    auth.require(actor, Permission.DATA_EXPORT)
    of = export.account
    subject = Subject(
        "export", export.kind.value, of.label if of else export.kind.value, of.account_id if of else None
    )
    changes = {"rows": (None, rows), "format": (None, form.value), "account": (None, of.key if of else None)}
    audit.record(session, actor, "data:export", subject, changes)


def _write_csv(export: Export, stream: BinaryIO) -> int:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(export.headers)
        count = 0
        for row in export.rows:
            writer.writerow([_as_text(value) for value in row])
            count += 1
    finally:
        text.detach()
    return count


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return harmless(value) if isinstance(value, str) else str(value)


def harmless(text: str) -> str:
    """Text that a spreadsheet shows and does not compute: an apostrophe goes before what looks like a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _write_xlsx(export: Export, stream: BinaryIO) -> int:
    book = xlsxwriter.Workbook(stream, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    try:
        sheet = book.add_worksheet(export.kind.value)
        sheet.freeze_panes(1, 0)
        for place, header in enumerate(export.headers):
            sheet.write_string(0, place, header)
        count = 0
        for row in export.rows:
            count += 1
            if count >= _SHEET_ROWS:
                raise Invalid(
                    _("A worksheet holds 1,048,576 rows and there are more. Choose CSV, or one account.")
                )
            for place, value in enumerate(row):
                _put(sheet, count, place, value)
    finally:
        book.close()
    return count


def _put(sheet: Any, row: int, place: int, value: Any) -> None:
    # Each kind has its own call: the general one would take a text like =1+1 for a formula.
    if isinstance(value, (Decimal, int)):
        sheet.write_number(row, place, float(value))
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value)
    elif value is not None:
        sheet.write_string(row, place, str(value))
