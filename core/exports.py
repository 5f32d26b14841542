"""Files out: accounts, products, orders, targets, receivables and what was granted, as an import reads them back."""
"""Files out, a kind each: with the columns that an import of the same kind reads back."""

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

from core import audit, auth, export_sources, term_yaml, terms
from core import audit, auth, claim_exports, clock, competitor_claims, term_yaml, terms
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
    if kind in (BatchKind.TERMS, BatchKind.LUMP_SUMS):
        auth.require(actor, Permission.TERM_READ)
    if kind is BatchKind.TERMS:
        query = query.where(terms.visible(actor), accounts.condition())
    elif kind is BatchKind.FLOORS:
        auth.require(actor, Permission.COST_READ)
    elif kind is not BatchKind.PRODUCTS:
        query = query.where(auth.visible_accounts(actor), accounts.condition())
    found_rows = session.execute(query.execution_options(yield_per=_STREAMED))
    shaped = export_sources.SHAPES.get(kind, tuple)
    elif kind is BatchKind.COMPETITOR_CLAIMS:
        auth.require(actor, Permission.COMPETITOR_READ)
        query = query.where(competitor_claims.in_reach(actor), accounts.condition())
    elif kind is not BatchKind.PRODUCTS:
        query = query.where(auth.visible_accounts(actor), accounts.condition())
    found_rows = session.execute(query.execution_options(yield_per=_STREAMED))
    shaped = _SHAPES.get(kind, tuple)
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


def _account_columns() -> dict[str, Any]:
    return {
        "code": Account.code,
        "name": Account.name,
        "group": Group.code,
        "segment": Segment.name,
        "tier": Tier.name,
        "industry": Account.industry,
        "region": Region.name,
        "country": Account.country,
        "owner": User.username,
        "status": Account.status,
        "since": Account.since_on,
        "currency": Account.currency,
        "payment_days": Account.payment_days,
        "credit_limit": Account.credit_limit,
    }


def _from_accounts(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(Account)
        .join(Group, Group.id == Account.group_id, isouter=True)
        .join(Segment, Segment.id == Account.segment_id, isouter=True)
        .join(Tier, Tier.id == Account.tier_id, isouter=True)
        .join(Region, Region.id == Account.region_id, isouter=True)
        .join(User, User.id == Account.owner_id, isouter=True)
        .where(Account.is_unassigned.is_(False))
        .order_by(Account.code)
    )


def _product_columns() -> dict[str, Any]:
    return {
        "code": Product.code,
        "name": Product.name,
        "category": Category.name,
        "unit": Unit.name,
        "list_price": ListPrice.price,
        "unit_cost": UnitCost.cost,
        "valid_from": ListPrice.valid_from,
    }


def _from_products(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(Product)
        .join(Category, Category.id == Product.category_id, isouter=True)
        .join(Unit, Unit.id == Product.unit_id, isouter=True)
        .join(ListPrice, and_(ListPrice.product_id == Product.id, *_today(ListPrice)), isouter=True)
        .join(UnitCost, and_(UnitCost.product_id == Product.id, *_today(UnitCost)), isouter=True)
        .order_by(Product.code)
    )


def _today(version: type[ListPrice | UnitCost]) -> tuple[Any, ...]:
    today = clock.today()
    return (
        version.superseded_at.is_(None),
        version.valid_from <= today,
        or_(version.valid_to.is_(None), version.valid_to > today),
    )


def _order_columns() -> dict[str, Any]:
    plain = (
        "invoiced_on", "requested_on", "promised_on", "delivered_on", "delivered_quantity", "country", "currency",
        "fx_rate",
    )  # fmt: skip
    return {
        "order_no": OrderLine.order_no,
        "line_no": OrderLine.line_no,
        "ordered_on": OrderLine.ordered_on,
        "account": Account.code,
        "account_name": Account.name,
        "product": Product.code,
        "product_name": Product.name,
        "category": Category.name,
        "quantity": OrderLine.quantity,
        "unit": OrderLine.unit,
        "list_price": OrderLine.list_price,
        "unit_price": OrderLine.net_price,
        "unit_cost": OrderLine.unit_cost,
        **{name: getattr(OrderLine, name) for name in plain},
        "first_promised_on": OrderLine.first_promised_on,
        # In the base currency, under names that an import does not take for the order's own amounts.
        "base_gross_amount": OrderLine.gross_amount,
        "base_net_amount": OrderLine.net_amount,
        "base_cost_amount": OrderLine.cost_amount,
    }


def _from_orders(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(OrderLine)
        .join(Account, Account.id == OrderLine.account_id)
        .join(Product, Product.id == OrderLine.product_id)
        .join(Category, Category.id == Product.category_id, isouter=True)
        .order_by(OrderLine.account_id, OrderLine.order_no, OrderLine.line_no)
    )


def _target_columns() -> dict[str, Any]:
    return {
        "account": Account.code,
        "month": Target.month,
        "net_revenue": Target.net_revenue_amount,
        "margin": Target.margin_amount,
    }


def _receivable_columns() -> dict[str, Any]:
    columns = ("invoice_no", "due_on", "amount", "open_amount", "as_of")
    return {"account": Account.code, **{name: getattr(Receivable, name) for name in columns}}


def _from_receivables(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(Receivable)
        .join(Account, Account.id == Receivable.account_id)
        .order_by(Account.code, Receivable.as_of, Receivable.due_on, Receivable.invoice_no)
    )


def _from_targets(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(Target)
        .join(Account, Account.id == Target.account_id)
        .where(Target.superseded_at.is_(None))
        .order_by(Account.code, Target.month)
    )


def _term_columns() -> dict[str, Any]:
    counted = ("min_quantity", "basis", "period", "mode")
    plain = ("days", "governed_by", "valid_from", "valid_to", "stacks")
    millionths = case(
        (Term.price.is_not(None), type_coerce(Term.price, BigInteger) * (RATE_SCALE // MONEY_SCALE)),
        (Term.kind == TermKind.PAYMENT_TERMS, type_coerce(Term.days, BigInteger) * RATE_SCALE),
        else_=type_coerce(Term.rate, BigInteger),
    )
    return {
        "kind": Term.kind,
        "value": type_coerce(millionths, Rate),
        "account": Account.code,
        "group": Group.code,
        "segment": Segment.name,
        "product": Product.code,
        "category": Category.name,
        **{name: getattr(Term, name) for name in counted},
        "unit": Unit.name,
        **{name: getattr(Term, name) for name in plain},
        "exception": Term.is_exception,
        "reason": Term.reason,
        "status": Term.status,
        "recorded_on": Term.recorded_at,
    }


def _from_terms(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(Term)
        .join(Account, Account.id == Term.account_id, isouter=True)
        .join(Group, Group.id == Term.group_id, isouter=True)
        .join(Segment, Segment.id == Term.segment_id, isouter=True)
        .join(Product, Product.id == Term.product_id, isouter=True)
        .join(Category, Category.id == Term.category_id, isouter=True)
        .join(Unit, Unit.id == Term.unit_id, isouter=True)
        .where(terms.known(None))
        .order_by(*(func.coalesce(column, "") for column in (Account.code, Group.code, Segment.name)))
        .order_by(*(func.coalesce(column, "") for column in (Product.code, Category.name)))
        .order_by(Term.kind, Term.min_quantity, Term.valid_from, Term.status, Term.number)
    )


def _term_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """As on paper: the last day included, yes and no, the day on which it became known."""
    *before, valid_to, stacks, is_exception, reason, status, recorded_at = row
    last = None if valid_to is None else valid_to - timedelta(days=1)
    said = ("yes" if one else "no" for one in (stacks, is_exception))
    return (*before, last, *said, reason, status, recorded_at.date())


_COLUMNS: dict[BatchKind, Callable[[], dict[str, Any]]] = {
    BatchKind.ACCOUNTS: _account_columns,
    BatchKind.PRODUCTS: _product_columns,
    BatchKind.ORDERS: _order_columns,
    BatchKind.TARGETS: _target_columns,
    BatchKind.RECEIVABLES: _receivable_columns,
    BatchKind.TERMS: _term_columns,
    BatchKind.COMPETITOR_CLAIMS: claim_exports.columns,
}
_SOURCES: dict[BatchKind, Callable[[Select[Any]], Select[Any]]] = {
    BatchKind.ACCOUNTS: _from_accounts,
    BatchKind.PRODUCTS: _from_products,
    BatchKind.ORDERS: _from_orders,
    BatchKind.TARGETS: _from_targets,
    BatchKind.RECEIVABLES: _from_receivables,
    BatchKind.TERMS: _from_terms,
    BatchKind.COMPETITOR_CLAIMS: claim_exports.source,
}
_SHAPES: dict[BatchKind, Callable[[Any], tuple[Any, ...]]] = {
    BatchKind.TERMS: _term_row,
    BatchKind.COMPETITOR_CLAIMS: claim_exports.shaped,
}
