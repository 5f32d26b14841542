"""What stands in files of each kind: columns by the names that an import reads, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Select, and_, case, func, or_, type_coerce

from core import claim_exports, clock, floors, terms
from core.loyalty import files as loyalty_files
from core.models import (
    Account,
    Category,
    FloorPrice,
    Group,
    ListPrice,
    LumpSum,
    OrderLine,
    Product,
    Rate,
    Receivable,
    Region,
    Segment,
    Target,
    Term,
    Tier,
    Unit,
    UnitCost,
    User,
)
from core.money import MONEY_SCALE, RATE_SCALE
from core.vocabulary import BatchKind, TermKind


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


def _lump_sum_columns() -> dict[str, Any]:
    columns = ("kind", "amount", "valid_from", "valid_to", "reason")
    return {
        "number": LumpSum.number,
        "account": Account.code,
        **{name: getattr(LumpSum, name) for name in columns},
    }


def _from_lump_sums(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(LumpSum)
        .join(Account, Account.id == LumpSum.account_id)
        .where(LumpSum.superseded_at.is_(None), LumpSum.is_withdrawn.is_(False))
        .order_by(Account.code, LumpSum.valid_from, LumpSum.number)
    )


def _lump_sum_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    number, *before, valid_to, reason = row
    return (f"L{number}", *before, valid_to - timedelta(days=1), reason)


def _floor_columns() -> dict[str, Any]:
    columns = ("price", "list_share", "valid_from", "valid_to", "reason")
    return {
        "product": Product.code,
        "category": Category.name,
        "segment": Segment.name,
        **{name: getattr(FloorPrice, name) for name in columns},
    }


def _from_floors(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(FloorPrice)
        .join(Product, Product.id == FloorPrice.product_id, isouter=True)
        .join(Category, Category.id == FloorPrice.category_id, isouter=True)
        .join(Segment, Segment.id == FloorPrice.segment_id, isouter=True)
        .where(floors.known(None))
        .order_by(*(func.coalesce(column, "") for column in (Product.code, Category.name, Segment.name)))
        .order_by(FloorPrice.valid_from)
    )


def _floor_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    *before, valid_to, reason = row
    return (*before, None if valid_to is None else valid_to - timedelta(days=1), reason)


COLUMNS: dict[BatchKind, Callable[[], dict[str, Any]]] = {
    BatchKind.ACCOUNTS: _account_columns,
    BatchKind.PRODUCTS: _product_columns,
    BatchKind.ORDERS: _order_columns,
    BatchKind.TARGETS: _target_columns,
    BatchKind.RECEIVABLES: _receivable_columns,
    BatchKind.TERMS: _term_columns,
    BatchKind.LUMP_SUMS: _lump_sum_columns,
    BatchKind.FLOORS: _floor_columns,
    BatchKind.COMPETITOR_CLAIMS: claim_exports.columns,
    BatchKind.LOYALTY: loyalty_files.columns,
}
SOURCES: dict[BatchKind, Callable[[Select[Any]], Select[Any]]] = {
    BatchKind.ACCOUNTS: _from_accounts,
    BatchKind.PRODUCTS: _from_products,
    BatchKind.ORDERS: _from_orders,
    BatchKind.TARGETS: _from_targets,
    BatchKind.RECEIVABLES: _from_receivables,
    BatchKind.TERMS: _from_terms,
    BatchKind.LUMP_SUMS: _from_lump_sums,
    BatchKind.FLOORS: _from_floors,
    BatchKind.COMPETITOR_CLAIMS: claim_exports.source,
    BatchKind.LOYALTY: loyalty_files.source,
}
# What is not written as it is stored.
SHAPES: dict[BatchKind, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    BatchKind.TERMS: _term_row,
    BatchKind.LUMP_SUMS: _lump_sum_row,
    BatchKind.FLOORS: _floor_row,
    BatchKind.COMPETITOR_CLAIMS: claim_exports.shaped,
}
