"""Single order lines: what a figure opens into, so that the rows shown add up to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Select, and_, desc, func, literal_column, select, type_coerce
from sqlalchemy.orm import Session

from core import auth, db, revenue, structures
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, ALL_LINES, AccountFilter, LineFilter, country_of, line_condition
from core.models import Account, AccountStructure, BookedDay, BookedMonth, Category, OrderLine, Product
from core.periods import Period, add_months, first_of_month
from core.revenue import Dimension, Measures
from core.vocabulary import Permission, Structure


@dataclass(frozen=True)
class LineRow:
    """One order line; amounts are in the base currency, prices in the order's."""

    account_id: int
    account_code: str
    account_name: str
    order_no: str
    line_no: int
    ordered_on: date
    invoiced_on: date | None
    booked_on: date
    promised_on: date | None
    delivered_on: date | None
    product_id: int
    product_code: str
    product_name: str
    category: str | None
    country: str | None
    quantity: Decimal
    delivered_quantity: Decimal | None
    unit: str | None
    currency: str
    list_price: Decimal
    net_price: Decimal
    gross_amount: Decimal
    net_amount: Decimal
    cost_amount: Decimal | None  # None: unknown, or not to be seen by who asks
    batch_id: int | None

    @property
    def discount_amount(self) -> Decimal:
        return self.gross_amount - self.net_amount

    @property
    def margin_amount(self) -> Decimal | None:
        return None if self.cost_amount is None else self.net_amount - self.cost_amount


@dataclass(frozen=True)
class Lines:
    """A page of order lines, newest first, and the sums of all of them."""

    rows: tuple[LineRow, ...]
    total: Measures

    @property
    def count(self) -> int:
        return self.total.lines


def search(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    *,
    limit: int = 200,
    offset: int = 0,
    structure: Structure = Structure.TODAY,
) -> Lines:
    """The order lines behind a figure, and what all of them (not only this page) add up to."""
    auth.require(actor, Permission.REVENUE_READ)
    total = revenue.totals(session, actor, period, accounts, sold, structure)
    query = _lines(actor, period, accounts, sold, then=revenue.is_then(structure, (), accounts))
    newest = (desc(OrderLine.booked_on), OrderLine.account_id, OrderLine.order_no, OrderLine.line_no)
    found = session.execute(query.order_by(*newest).limit(limit).offset(offset))
    return Lines(tuple(_row(actor, row) for row in found), total)


def order_counts(
    session: Session,
    actor: Actor,
    period: Period,
    *dimensions: Dimension,
    accounts: AccountFilter = ALL_ACCOUNTS,
    bought: bool = False,
    structure: Structure = Structure.TODAY,
) -> dict[tuple[Any, ...], int]:
    """Distinct order numbers with a line in the period; `bought`: a line that is not a return."""
    auth.require(actor, Permission.REVENUE_READ)
    then = revenue.is_then(structure, dimensions, accounts)
    keys = [revenue.key_of(OrderLine, dimension, then=then) for dimension in dimensions]
    query: Any = select(*keys, func.count(OrderLine.order_no.distinct())).select_from(OrderLine)
    query = query.where(OrderLine.booked_on >= period.start, OrderLine.booked_on < period.end)
    if bought:
        query = query.where(OrderLine.quantity > 0)
    if Dimension.CATEGORY in dimensions:
        query = query.join(Product, Product.id == OrderLine.product_id)
    with_account = revenue.needs_account(dimensions, ALL_LINES)
    day = OrderLine.booked_on if then else None
    query = revenue.within(query, OrderLine, actor, accounts, with_account=with_account, month=day)
    return {tuple(row[:-1]): row[-1] for row in session.execute(query.group_by(*keys))}


def orders_by_account(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> dict[int, int]:
    """`order_counts` of what was bought by account, from kept numbers: each order where the period first meets it."""
    auth.require(actor, Permission.REVENUE_READ)
    pieces = []
    for source, span, sign in _booked(period):
        day = source.month if source is BookedMonth else source.booked_on
        total = type_coerce(func.sum(source.orders) * literal_column(str(sign)), BigInteger)
        query: Any = select(source.account_id, total.label("orders"))
        query = query.where(day >= span.start, day < span.end, source.previous_on < period.start)
        query = revenue.within(query, source, actor, accounts, with_account=False)
        pieces.append(query.group_by(source.account_id))
    found: dict[int, int] = {}
    for piece in pieces:
        for account_id, orders in db.rows(session, piece):
            found[account_id] = found.get(account_id, 0) + int(orders)
    return {account_id: orders for account_id, orders in found.items() if orders}


def _booked(period: Period) -> Iterator[tuple[Any, Period, int]]:
    """Whole months by month; of a month that the period begins, the smaller part by day, taken away if outside."""
    whole = period.whole_months()
    if whole is not None:
        yield BookedMonth, whole, 1
    for part in period.cut_parts():
        month = Period(first_of_month(part.last_day), add_months(part.last_day, 1))
        if part.start == month.start and 2 * part.days > month.days:
            yield BookedMonth, month, 1
            yield BookedDay, Period(part.end, month.end), -1
        else:
            yield BookedDay, part, 1


def _lines(
    actor: Actor, period: Period, accounts: AccountFilter, sold: LineFilter, *, then: bool
) -> Select[Any]:
    columns: list[Any] = [OrderLine, Account, Product, Category.name, country_of(OrderLine)]
    query = (
        select(*columns)
        .select_from(OrderLine)
        .join(Account, Account.id == OrderLine.account_id)
        .join(Product, Product.id == OrderLine.product_id)
        .join(Category, Category.id == Product.category_id, isouter=True)
        .where(OrderLine.booked_on >= period.start, OrderLine.booked_on < period.end)
        .where(auth.visible_accounts(actor), line_condition(sold))
    )
    if not then:
        return query.where(accounts.condition())
    version = and_(
        AccountStructure.account_id == OrderLine.account_id, structures.in_force(OrderLine.booked_on)
    )
    return query.join(AccountStructure, version).where(accounts.condition(AccountStructure))


def _row(actor: Actor, row: Any) -> LineRow:
    line, account, product, category, country = row
    return LineRow(
        account_id=account.id,
        account_code=account.code,
        account_name=account.name,
        order_no=line.order_no,
        line_no=line.line_no,
        ordered_on=line.ordered_on,
        invoiced_on=line.invoiced_on,
        booked_on=line.booked_on,
        promised_on=line.promised_on,
        delivered_on=line.delivered_on,
        product_id=product.id,
        product_code=product.code,
        product_name=product.name,
        category=category,
        country=country,
        quantity=line.quantity,
        delivered_quantity=line.delivered_quantity,
        unit=line.unit,
        currency=line.currency,
        list_price=line.list_price,
        net_price=line.net_price,
        gross_amount=line.gross_amount,
        net_amount=line.net_amount,
        cost_amount=line.cost_amount if actor.sees_cost else None,
        batch_id=line.batch_id,
    )
