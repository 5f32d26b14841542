"""Single deliveries: the order lines that are open, late, or behind an OTIF figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, desc, func, literal_column, not_, or_, select
from sqlalchemy.orm import Session

from core import audit, auth, clock, delivery_sums, otif, parts
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, ALL_LINES, AccountFilter, LineFilter, line_condition
from core.models import Account, OrderLine, Product
from core.money import ZERO
from core.otif import OtifRule
from core.periods import Period
from core.vocabulary import Permission


@dataclass(frozen=True)
class DueLine:
    """One order line that was or is to be delivered, and how that turned out."""

    account_id: int
    account_code: str
    account_name: str
    order_no: str
    line_no: int
    product_id: int
    product_code: str
    product_name: str
    ordered_on: date
    due_on: date
    requested_on: date | None
    first_promised_on: date | None
    promised_on: date | None
    delivered_on: date | None  # None: open
    quantity: Decimal
    delivered_quantity: Decimal | None
    unit: str | None
    net_amount: Decimal  # base currency
    days_late: int  # against the due day; below zero: early, or still to come
    on_time: bool
    in_full: bool

    @property
    def short_by(self) -> Decimal:
        """What is missing of the ordered quantity; a delivery of unknown quantity lacks nothing."""
        if self.delivered_on is None:
            return self.quantity
        return ZERO if self.delivered_quantity is None else max(self.quantity - self.delivered_quantity, ZERO)

    @property
    def is_otif(self) -> bool:
        return self.on_time and self.in_full


@dataclass(frozen=True)
class LateLines:
    """Some lines, and how many there are and what all of them are worth."""

    rows: tuple[DueLine, ...]
    count: int
    amount: Decimal  # net, base currency


@dataclass(frozen=True)
class Counted:
    """How many lines, and what they are worth."""

    count: int
    amount: Decimal  # net, base currency


@dataclass(frozen=True)
class Undelivered:
    """What nobody delivered yet, and what of it can no longer come on time."""

    open: Counted
    late: Counted


@dataclass(frozen=True)
class Late:
    """What an account waits for past its due day."""

    lines: int
    amount: Decimal  # net, base currency
    oldest_due_on: date


@parts.of_its_accounts
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def undelivered(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS, *, day: date | None = None
) -> Undelivered:
    """How many lines are open and late, without the lines themselves."""
    auth.require(actor, Permission.REVENUE_READ)
    is_late = _is_late(otif.in_force(session), day or clock.today())
    counted: tuple[Any, ...] = (literal_column("1"), OrderLine.net_amount)
    sums = [func.sum(one) for one in (*counted, *(case((is_late, one)) for one in counted))]
    found = session.execute(_of_visible(select(*sums), actor, accounts).where(_is_open())).one()
    return Undelivered(Counted(found[0] or 0, found[1] or ZERO), Counted(found[2] or 0, found[3] or ZERO))


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def late_lines(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    *,
    day: date | None = None,
    limit: int = 200,
) -> LateLines:
    """Open lines that can no longer come on time, the oldest first."""
    rule, today = otif.in_force(session), day or clock.today()
    return _listed(session, actor, accounts, sold, rule, today, limit, [_is_open(), _is_late(rule, today)])


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def open_lines(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    *,
    day: date | None = None,
    limit: int = 200,
) -> LateLines:
    """All lines that nobody delivered yet, late or not yet due, by due day."""
    rule, today = otif.in_force(session), day or clock.today()
    return _listed(session, actor, accounts, sold, rule, today, limit, [_is_open()])


def late_by_account(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS, day: date | None = None
) -> dict[int, Late]:
    """What each account waits for past its due day; accounts that wait for nothing are left out."""
    auth.require(actor, Permission.REVENUE_READ)
    rule = otif.in_force(session)
    due = delivery_sums.due_on(rule)
    columns: list[Any] = [OrderLine.account_id, func.count(), func.sum(OrderLine.net_amount), func.min(due)]
    query = _of_visible(select(*columns), actor, accounts)
    query = query.where(_is_open(), _is_late(rule, day or clock.today())).group_by(OrderLine.account_id)
    return {row[0]: Late(row[1], row[2], row[3]) for row in session.execute(query)}


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def misses(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    *,
    limit: int = 200,
    missed_only: bool = True,
) -> LateLines:
    """The lines behind an OTIF figure that were not on time in full, the last due first; or all of them."""
    rule, today = otif.in_force(session), clock.today()
    verdict = delivery_sums.judged(session, rule)
    due = verdict.due_on
    until = today - timedelta(days=rule.late_days)
    where = [
        verdict.counts,
        due >= period.start,
        due < min(period.end, today + timedelta(days=1)),
        or_(not_(verdict.is_open), due < until),
    ]
    if missed_only:
        where.append(or_(verdict.is_open, not_(and_(verdict.on_time, verdict.in_full))))
    return _listed(session, actor, accounts, sold, rule, today, limit, where, newest=True)


def _of_visible(query: Select[Any], actor: Actor, accounts: AccountFilter) -> Select[Any]:
    if actor.sees_everything and accounts.is_empty:
        return query
    query = query.join(Account, Account.id == OrderLine.account_id)
    return query.where(auth.visible_accounts(actor), accounts.condition())


def _is_open() -> ColumnElement[bool]:
    # In the words of the index of undelivered lines.
    return and_(OrderLine.delivered_on.is_(None), delivery_sums.has_due_day(), OrderLine.quantity > 0)


def _is_late(rule: OtifRule, day: date) -> ColumnElement[bool]:
    return delivery_sums.due_on(rule) < day - timedelta(days=rule.late_days)


def _listed(  # noqa: PLR0913  (one question, all of its parts)
    session: Session,
    actor: Actor,
    accounts: AccountFilter,
    sold: LineFilter,
    rule: OtifRule,
    today: date,
    limit: int,
    where: Iterable[ColumnElement[bool]],
    *,
    newest: bool = False,
) -> LateLines:
    auth.require(actor, Permission.REVENUE_READ)
    due, conditions = delivery_sums.due_on(rule), list(where)

    def of(*columns: Any) -> Select[Any]:
        return (
            select(*columns)
            .select_from(OrderLine)
            .join(Account, Account.id == OrderLine.account_id)
            .join(Product, Product.id == OrderLine.product_id)
            .where(auth.visible_accounts(actor), accounts.condition(), line_condition(sold), *conditions)
        )

    count, amount = session.execute(of(func.count(), func.sum(OrderLine.net_amount))).one()
    columns = (OrderLine, Account.code, Account.name, Product.code, Product.name, due)
    keys = (OrderLine.account_id, OrderLine.order_no, OrderLine.line_no)
    query = of(*columns).order_by(desc(due) if newest else due, *keys).limit(limit)
    rows = tuple(_row(rule, today, row) for row in session.execute(query))
    return LateLines(rows, count, amount or ZERO)


_SAME = (
    "account_id", "order_no", "line_no", "product_id", "ordered_on", "requested_on", "first_promised_on",
    "promised_on", "delivered_on", "quantity", "delivered_quantity", "unit", "net_amount",
)  # fmt: skip


def _row(rule: OtifRule, today: date, row: Any) -> DueLine:
    line, account_code, account_name, product_code, product_name, due_on = row
    days = ((line.delivered_on or today) - due_on).days
    delivered = line.delivered_on is not None
    enough = line.delivered_quantity is None or line.delivered_quantity >= line.quantity * rule.in_full_share
    return DueLine(
        account_code=account_code,
        account_name=account_name,
        product_code=product_code,
        product_name=product_name,
        due_on=due_on,
        days_late=days,
        on_time=delivered and -rule.early_days <= days <= rule.late_days,
        in_full=delivered and enough,
        **{name: getattr(line, name) for name in _SAME},
    )
