"""Orders: what an account ordered, down to the line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import desc, func, select
from sqlalchemy.orm import Session

from core import accounts, auth
from core.auth import Actor
from core.errors import NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, Order, OrderLine, Product
from core.periods import Period
from core.vocabulary import Permission


@dataclass(frozen=True)
class OrderRow:
    """One order of one account; an order with lines of several accounts has a row under each."""

    account_id: int
    order_no: str
    ordered_on: date
    line_count: int
    net_amount: Decimal  # base currency
    batch_id: int | None


@dataclass(frozen=True)
class Orders:
    """A page of orders, newest first, and how many there are."""

    rows: tuple[OrderRow, ...]
    count: int


@dataclass(frozen=True)
class Line:
    """One line of an order; amounts in the base currency, prices in the order's."""

    account_id: int
    account_code: str
    line_no: int
    product_id: int
    product_code: str
    product_name: str
    ordered_on: date
    invoiced_on: date | None
    requested_on: date | None
    promised_on: date | None
    first_promised_on: date | None
    delivered_on: date | None
    quantity: Decimal
    delivered_quantity: Decimal | None
    unit: str | None
    country: str | None
    currency: str
    fx_rate: Decimal
    list_price: Decimal
    net_price: Decimal
    unit_cost: Decimal | None  # None: unknown, or not to be seen by who asks
    gross_amount: Decimal
    net_amount: Decimal
    cost_amount: Decimal | None
    batch_id: int | None


@dataclass(frozen=True)
class OrderDetail:
    """An order with the lines that the actor may see."""

    order_no: str
    ordered_on: date
    lines: tuple[Line, ...]
    gross_amount: Decimal
    net_amount: Decimal
    cost_amount: Decimal | None  # None: unknown for some line, or not to be seen


def by_account(
    session: Session,
    actor: Actor,
    account_id: int,
    *,
    period: Period | None = None,
    text: str = "",
    limit: int = 50,
    offset: int = 0,
) -> Orders:
    """The orders of one account by the day they were ordered on, the newest first."""
    auth.require(actor, Permission.REVENUE_READ)
    account = accounts.access(session, actor, account_id)
    query = select(Order).where(Order.account_id == account.id)
    if period is not None:
        query = query.where(Order.ordered_on >= period.start, Order.ordered_on < period.end)
    if wanted := text.strip():
        query = query.where(Order.order_no.icontains(wanted, autoescape=True))
    count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    newest = query.order_by(desc(Order.ordered_on), desc(Order.order_no)).limit(limit).offset(offset)
    rows = tuple(
        OrderRow(row.account_id, row.order_no, row.ordered_on, row.line_count, row.net_amount, row.batch_id)
        for row in session.scalars(newest)
    )
    return Orders(rows, count)


@dataclass(frozen=True)
class OrderOfAccount(OrderRow):
    """One order in a list across accounts."""

    account_code: str
    account_name: str


def recent(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    text: str = "",
    limit: int = 200,
) -> tuple[OrderOfAccount, ...]:
    """The newest orders of the period across the visible accounts; `text` is the beginning of a number.

    Both conditions follow an index, so that it is quick however many orders there are; how many there are in
    all is not counted.
    """
    auth.require(actor, Permission.REVENUE_READ)
    query = (
        select(Order, Account.code, Account.name)
        .join(Account, Account.id == Order.account_id)
        .where(Order.ordered_on >= period.start, Order.ordered_on < period.end)
        .where(auth.visible_accounts(actor), accounts.condition())
    )
    if wanted := text.strip():
        query = query.where(Order.order_no >= wanted, Order.order_no < f"{wanted}\U0010fffd")
    newest = query.order_by(desc(Order.ordered_on), Order.account_id, Order.order_no).limit(limit)
    return tuple(
        OrderOfAccount(
            row.account_id,
            row.order_no,
            row.ordered_on,
            row.line_count,
            row.net_amount,
            row.batch_id,
            code,
            name,
        )
        for row, code, name in session.execute(newest)
    )


def detail(session: Session, actor: Actor, order_no: str, *, account_id: int | None = None) -> OrderDetail:
    """One order by its number, with the lines of the accounts that the actor sees and of no other."""
    auth.require(actor, Permission.REVENUE_READ)
    query = (
        select(OrderLine, Account, Product)
        .join(Account, Account.id == OrderLine.account_id)
        .join(Product, Product.id == OrderLine.product_id)
        .where(OrderLine.order_no == order_no.strip(), auth.visible_accounts(actor))
        .order_by(OrderLine.account_id, OrderLine.line_no)
    )
    if account_id is not None:
        query = query.where(OrderLine.account_id == account_id)
    lines = tuple(_line(actor, row) for row in session.execute(query))
    if not lines:
        raise NotFound(_("There is no order {number}.").format(number=order_no.strip()))
    costs = [line.cost_amount for line in lines]
    known = [cost for cost in costs if cost is not None]
    return OrderDetail(
        order_no=order_no.strip(),
        ordered_on=min(line.ordered_on for line in lines),
        lines=lines,
        gross_amount=sum((line.gross_amount for line in lines), Decimal(0)),
        net_amount=sum((line.net_amount for line in lines), Decimal(0)),
        cost_amount=sum(known, Decimal(0)) if len(known) == len(costs) else None,
    )


_SAME = (
    "line_no", "ordered_on", "invoiced_on", "requested_on", "promised_on", "first_promised_on", "delivered_on",
    "quantity", "delivered_quantity", "unit", "currency", "fx_rate", "list_price", "net_price", "gross_amount",
    "net_amount", "batch_id",
)  # fmt: skip


def _line(actor: Actor, row: Any) -> Line:
    line, account, product = row
    return Line(
        account_id=account.id,
        account_code=account.code,
        product_id=product.id,
        product_code=product.code,
        product_name=product.name,
        country=line.country or account.country,
        unit_cost=line.unit_cost if actor.sees_cost else None,
        cost_amount=line.cost_amount if actor.sees_cost else None,
        **{name: getattr(line, name) for name in _SAME},
    )
