"""On time, in full: how deliveries turned out, and what is still to be delivered.

A line is due on the day that the OTIF settings name. It counts once its fate is known: as soon as it is delivered,
or, while it is open, from the day after its last day on time. Before its due day nothing counts. Lines without any
due day, and returns, are no deliveries: where there are only such, figures are None, never zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, literal_column, or_, select
from sqlalchemy.orm import Session

from core import audit, auth, clock, delivery_sums, otif, parts, structures
from core.audit import Subject
from core.auth import Actor
from core.due_lines import (
    DueLine,
    Late,
    LateLines,
    Undelivered,
    late_by_account,
    late_lines,
    misses,
    open_lines,
    undelivered,
)
from core.filters import ALL_ACCOUNTS, ALL_LINES, AccountFilter, LineFilter, country_of, line_condition
from core.kept_sums import start_of, table
from core.models import (
    Account,
    AccountStructure,
    DeliveryAccountDay,
    DeliveryAccountMonth,
    DeliveryCell,
    DeliveryProductDay,
    DeliveryProductMonth,
    OrderLine,
    Product,
)
from core.money import ZERO, ratio
from core.otif import OtifRule
from core.periods import Period
from core.revenue import Dimension, is_then
from core.vocabulary import OtifLevel, Permission, Structure

__all__ = [
    "DueLine",
    "Late",
    "LateLines",
    "Service",
    "Undelivered",
    "by",
    "late_by_account",
    "late_lines",
    "misses",
    "open_lines",
    "record_export",
    "totals",
    "undelivered",
]  # fmt: skip


@dataclass(frozen=True)
class Service:
    """How some deliveries turned out; rates are made from counts, never averaged or multiplied."""

    due: int = 0  # order lines, or orders where the settings say so
    on_time: int = 0
    in_full: int = 0
    otif: int = 0  # on time and in full, of one delivery
    lines: int = 0  # order lines behind `due`
    amount: Decimal = ZERO  # net amount of these, base currency
    otif_amount: Decimal = ZERO

    def __add__(self, other: Service) -> Service:
        return Service(
            self.due + other.due,
            self.on_time + other.on_time,
            self.in_full + other.in_full,
            self.otif + other.otif,
            self.lines + other.lines,
            self.amount + other.amount,
            self.otif_amount + other.otif_amount,
        )

    @property
    def rate(self) -> Decimal | None:
        return self._share(self.otif)

    @property
    def on_time_rate(self) -> Decimal | None:
        return self._share(self.on_time)

    @property
    def in_full_rate(self) -> Decimal | None:
        return self._share(self.in_full)

    @property
    def missed_amount(self) -> Decimal:
        return self.amount - self.otif_amount

    def _share(self, count: int) -> Decimal | None:
        return ratio(Decimal(count), Decimal(self.due))


_OF_ACCOUNT = {
    Dimension.OWNER: Account.owner_id,
    Dimension.REGION: Account.region_id,
    Dimension.SEGMENT: Account.segment_id,
    Dimension.GROUP: Account.group_id,
    Dimension.TIER: Account.tier_id,
}
_WITHOUT_ACCOUNT = (table(DeliveryProductDay), table(DeliveryProductMonth))


@dataclass(frozen=True)
class _Question:
    """Who asks what, by which rule, and up to which day it is decided."""

    session: Session
    actor: Actor
    rule: OtifRule
    today: date
    dimensions: tuple[Dimension, ...]
    accounts: AccountFilter
    sold: LineFilter
    structure: Structure = Structure.TODAY

    @property
    def is_then(self) -> bool:
        """Whether accounts are looked at as what they were in the month of the due day."""
        return is_then(self.structure, self.dimensions, self.accounts)

    @property
    def decided(self) -> date:
        """From here on an open line may still come in time."""
        return self.today - timedelta(days=self.rule.late_days)

    @property
    def about_products(self) -> bool:
        wanted = {Dimension.PRODUCT, Dimension.CATEGORY} & set(self.dimensions)
        return bool(wanted or self.sold.product_ids or self.sold.category_ids)

    @property
    def about_accounts(self) -> bool:
        wanted = {Dimension.ACCOUNT, *_OF_ACCOUNT} & set(self.dimensions)
        return bool(wanted or not self.accounts.is_empty or not self.actor.sees_everything)

    @property
    def by_line_only(self) -> bool:
        """What no kept sum answers: countries, lines with known cost, whole orders."""
        by_country = Dimension.COUNTRY in self.dimensions or self.sold.countries
        return bool(by_country or self.sold.covered or self.rule.level is OtifLevel.ORDER)


@parts.of_its_accounts
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def totals(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    structure: Structure = Structure.TODAY,
) -> Service:
    """How everything turned out that was due in the period and that the actor may see."""
    found = by(session, actor, period, accounts=accounts, sold=sold, structure=structure)
    return found.get((), Service())


@parts.of_its_accounts
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def by(
    session: Session,
    actor: Actor,
    period: Period,
    *dimensions: Dimension,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    structure: Structure = Structure.TODAY,
) -> dict[tuple[Any, ...], Service]:
    """The same by one or more dimensions; the period and its months are those of the due days.

    Whole months come from the kept sums, and so do single days, but for products of some accounts only, for
    countries and for whole orders, which are counted from the lines.
    """
    auth.require(actor, Permission.REVENUE_READ)
    if sold.returned:
        return {}
    ask = _Question(
        session, actor, otif.in_force(session), clock.today(), dimensions, accounts, sold, structure
    )
    end = min(period.end, ask.today + timedelta(days=1))
    if end <= period.start:
        return {}
    found: dict[tuple[Any, ...], Service] = {}
    for query in _queries(ask, Period(period.start, end)):
        for row in session.execute(query):
            key, service = tuple(row[: len(dimensions)]), _service(row[len(dimensions) :])
            if service.due:
                found[key] = found[key] + service if key in found else service
    return found


def _service(sums: Sequence[Any]) -> Service:
    due, on_time, in_full, both, lines, amount, otif_amount = sums
    return Service(
        int(due or 0),
        int(on_time or 0),
        int(in_full or 0),
        int(both or 0),
        int(lines or 0),
        amount,
        otif_amount,
    )


def _queries(ask: _Question, period: Period) -> list[Select[Any]]:
    """One query for each table that answers for a part of the period."""
    if ask.rule.level is OtifLevel.ORDER:
        return [_of_orders(ask, period)]
    if ask.by_line_only:
        return [_of_cells(ask, _lines(ask, period), [period])]
    days, months = _layers(ask)
    whole = None
    if period.start < ask.decided:
        whole = Period(period.start, min(period.end, ask.decided)).whole_months()
    if whole is None:
        return [_of_cells(ask, _lines(ask, period) if days is None else days, [period])]
    edges = ((period.start, whole.start), (whole.end, period.end))
    cut = [Period(start, end) for start, end in edges if start < end]
    queries = [_of_cells(ask, months, [whole])]
    if cut:
        queries.append(_of_cells(ask, _lines(ask, *cut) if days is None else days, cut))
    return queries


def _layers(ask: _Question) -> tuple[FromClause | None, FromClause]:
    """The smallest kept sums by day and by month; no sums by day: the lines have to be read."""
    if ask.about_products and ask.about_accounts:
        return None, table(DeliveryCell)
    if ask.about_accounts or not (ask.about_products or _has_fewer_products(ask.session)):
        return table(DeliveryAccountDay), table(DeliveryAccountMonth)
    return table(DeliveryProductDay), table(DeliveryProductMonth)


def _has_fewer_products(session: Session) -> bool:
    """Whether there are fewer products than accounts, so that their sums are the smaller ones."""
    count = (select(func.count()).select_from(one).scalar_subquery() for one in (Product, Account))
    return bool(session.scalar(select(next(count) < next(count))))


def _lines(ask: _Question, *periods: Period) -> FromClause:
    due = delivery_sums.due_on(ask.rule)
    where = or_(*(and_(due >= period.start, due < period.end) for period in periods))
    known = [where, OrderLine.cost_amount.is_not(None)] if ask.sold.covered else [where]
    return delivery_sums.line_rows(ask.session, ask.rule, *known, more=(OrderLine.country,))


def _of_cells(ask: _Question, source: FromClause, periods: Sequence[Period]) -> Select[Any]:
    cells = source.c
    keys = [_key(ask, source, dimension) for dimension in ask.dimensions]
    day = cells.month if "month" in cells else cells.due_on
    lines: ColumnElement[Any] = cells.lines
    amount: ColumnElement[Any] = cells.net_amount
    if "due_on" in cells:
        is_decided = day < ask.decided
        lines = case((is_decided, lines), else_=lines - cells.open_lines)
        amount = case((is_decided, amount), else_=amount - cells.open_amount)
    due = func.sum(lines)
    counts = (due, *(func.sum(cells[name]) for name in ("on_time_lines", "in_full_lines", "otif_lines")), due)
    query = select(*keys, *counts, func.sum(amount), func.sum(cells.otif_amount)).select_from(source)
    query = query.where(or_(*(and_(day >= period.start, day < period.end) for period in periods)))
    return _within(ask, query, source).group_by(*keys)


def _of_orders(ask: _Question, period: Period) -> Select[Any]:
    """An order is due with its last line, and turned out well where all of its lines did."""
    known = [OrderLine.cost_amount.is_not(None)] if ask.sold.covered else []
    more = (OrderLine.country, OrderLine.order_no)
    lines = delivery_sums.line_rows(ask.session, ask.rule, *known, more=more)
    keys = [_key(ask, lines, one).label(f"key_{n}") for n, one in enumerate(ask.dimensions)
            if one is not Dimension.MONTH]  # fmt: skip
    worst = ("on_time_lines", "in_full_lines", "otif_lines")
    head = (lines.c.account_id, lines.c.order_no, *(key.element for key in keys))
    rows = _within(
        ask,
        select(
            *keys,
            lines.c.order_no,
            func.max(lines.c.due_on).label("due_on"),
            func.sum(lines.c.lines).label("lines"),
            func.max(lines.c.open_lines).label("is_open"),
            *(func.min(lines.c[name]).label(name) for name in worst),
            func.sum(lines.c.net_amount).label("net_amount"),
        ).select_from(lines),
        lines,
    )
    orders = rows.group_by(*head).subquery()
    columns = [
        start_of(ask.session, "month", orders.c.due_on) if one is Dimension.MONTH else orders.c[f"key_{n}"]
        for n, one in enumerate(ask.dimensions)
    ]
    good = case((orders.c.otif_lines == literal_column("1"), orders.c.net_amount), else_=literal_column("0"))
    return (
        select(
            *columns,
            func.count(),
            *(func.sum(orders.c[name]) for name in worst),
            func.sum(orders.c.lines),
            func.sum(orders.c.net_amount),
            func.sum(good),
        )
        .where(orders.c.due_on >= period.start, orders.c.due_on < period.end)
        .where(or_(orders.c.due_on < ask.decided, orders.c.is_open == literal_column("0")))
        .group_by(*columns)
    )


def _key(ask: _Question, source: FromClause, dimension: Dimension) -> Any:
    if dimension is Dimension.MONTH:
        return source.c.month if "month" in source.c else start_of(ask.session, "month", source.c.due_on)
    if dimension is Dimension.ACCOUNT:
        return source.c.account_id
    if dimension is Dimension.PRODUCT:
        return source.c.product_id
    if dimension is Dimension.CATEGORY:
        return Product.category_id
    if dimension is Dimension.COUNTRY:
        return country_of(source.c)
    return getattr(AccountStructure, f"{dimension}_id") if ask.is_then else _OF_ACCOUNT[dimension]


def _within(ask: _Question, query: Select[Any], source: FromClause) -> Select[Any]:
    """Only the lines that are wanted, of the accounts that are wanted and that the actor may see."""
    if Dimension.CATEGORY in ask.dimensions or ask.sold.category_ids:
        query = query.join(Product, Product.id == source.c.product_id)
    query = query.where(line_condition(replace(ask.sold, covered=False), source.c))
    if source in _WITHOUT_ACCOUNT:
        return query
    if ask.about_accounts or Dimension.COUNTRY in ask.dimensions or ask.sold.countries:
        query = query.join(Account, Account.id == source.c.account_id)
        query = query.where(auth.visible_accounts(ask.actor))
        if ask.is_then:
            day = source.c.month if "month" in source.c else source.c.due_on
            version = and_(AccountStructure.account_id == source.c.account_id, structures.in_force(day))
            query = query.join(AccountStructure, version)
        query = query.where(ask.accounts.condition(AccountStructure if ask.is_then else Account))
    return query


def record_export(session: Session, actor: Actor, name: str, rows: int) -> None:
    """Note who took which list of deliveries out, and how many rows."""
    auth.require(actor, Permission.DATA_EXPORT)
    audit.record(
        session, actor, "export:delivery", Subject("export", "delivery", name), {"rows": (None, rows)}
    )
