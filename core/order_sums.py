"""Days of orders and of their bookings, kept beside the order lines: the lines of returns left out.

`core.rollups` calls this wherever lines come and go. An order may be booked on several days, so numbers of orders do
not add up like amounts: what changes is counted from all lines of the orders that a change touches, with its lines and
without them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    FromClause,
    MetaData,
    Select,
    String,
    Table,
    and_,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core.kept_sums import Difference, Family, table
from core.models import Base, BookedDay, BookedMonth, OrderDay, OrderLine
from core.models.base import Ref

NEVER = date(1, 1, 1)  # an order's first booking has no day before

_DAYS = Family({OrderDay: ("account_id", "ordered_on")}, {"lines": BigInteger()})
_BOOKED = Family(
    {
        BookedDay: ("account_id", "booked_on", "previous_on"),
        BookedMonth: ("account_id", "month", "previous_on"),
    },
    {"orders": BigInteger()},
    counted="orders",
)
_LINE_KEYS = ("account_id", "order_no", "ordered_on", "booked_on", "month")
_ORDER_KEYS = ("account_id", "order_no", "booked_on", "month")
_BOOKED_KEYS = ("account_id", "booked_on", "month", "previous_on")


def apply(session: Session, where: ColumnElement[bool], sign: int) -> None:
    """Add the order lines that meet the condition, or take them away; they stand among the lines in both cases."""
    lines = _temporary("order_lines_change", *_LINE_KEYS, measure="lines")
    orders = _temporary("orders_change", *_ORDER_KEYS, measure="lines")
    booked = _temporary("booked_change", *_BOOKED_KEYS, measure="orders")
    connection = session.connection()
    for change in (lines, orders, booked):
        change.drop(connection, checkfirst=True)
        change.create(connection)
    _put(session, lines, _of_lines(*_LINE_KEYS, where=where))
    if session.execute(select(literal_column("1")).select_from(lines).limit(1)).first():
        _DAYS.pour(session, OrderDay, lines, sign)
        _put(session, orders, _touched(lines))
        _put(session, booked, _moved(lines, orders))
        for layer in _BOOKED.layers:
            _BOOKED.pour(session, layer, _source(layer, booked), sign)
    for change in (lines, orders, booked):
        change.drop(connection)


def _temporary(name: str, *keys: str, measure: str) -> Table:
    kinds: dict[str, Any] = {"account_id": Ref, "order_no": String}
    columns = (Column(key, kinds.get(key, Date)) for key in keys)
    return Table(name, MetaData(), *columns, Column(measure, BigInteger), prefixes=["TEMPORARY"])


def _put(session: Session, change: Table, rows: Select[Any]) -> None:
    session.execute(change.insert().from_select([column.name for column in change.columns], rows))


def _of_lines(*keys: str, where: ColumnElement[bool] | None = None) -> Select[Any]:
    columns = [OrderLine.booked_month if key == "month" else getattr(OrderLine, key) for key in keys]
    labelled = (column.label(key) for key, column in zip(keys, columns, strict=True))
    query = select(*labelled, func.count().label("lines")).where(OrderLine.quantity > literal_column("0"))
    return (query if where is None else query.where(where)).group_by(*columns)


def _touched(lines: Table) -> Select[Any]:
    """All bookings of the orders that some lines belong to."""
    orders = select(lines.c.account_id, lines.c.order_no).distinct().subquery()
    same = and_(OrderLine.account_id == orders.c.account_id, OrderLine.order_no == orders.c.order_no)
    query: Any = select(
        OrderLine.account_id, OrderLine.order_no, OrderLine.booked_on, OrderLine.booked_month, func.count()
    )
    found: Select[Any] = (
        query.select_from(orders)
        .join(OrderLine, same)
        .where(OrderLine.quantity > literal_column("0"))
        .group_by(OrderLine.account_id, OrderLine.order_no, OrderLine.booked_on, OrderLine.booked_month)
    )
    return found


def _moved(lines: Table, orders: Table) -> Select[Any]:
    """What the lines add to the bookings: those with them less those without them."""
    together = union_all(
        select(*(orders.c[key] for key in _ORDER_KEYS), orders.c.lines),
        select(*(lines.c[key] for key in _ORDER_KEYS), -lines.c.lines),
    ).subquery()
    keys = [together.c[key] for key in _ORDER_KEYS]
    left = select(*keys).group_by(*keys).having(func.sum(together.c.lines) > literal_column("0")).subquery()
    both = union_all(_chained(orders, 1), _chained(left, -1)).subquery()
    given = [both.c[key] for key in _BOOKED_KEYS]
    total = func.sum(both.c.orders)
    return select(*given, total).group_by(*given).having(total != literal_column("0"))


def _chained(bookings: FromClause, factor: int) -> Select[Any]:
    """Each booking of an order with the one before it."""
    of_order = bookings.c.account_id, bookings.c.order_no
    before = func.lag(bookings.c.booked_on).over(partition_by=of_order, order_by=bookings.c.booked_on)
    never: ColumnElement[date] = literal_column(f"'{NEVER.isoformat()}'", Date)
    return select(
        bookings.c.account_id,
        bookings.c.booked_on,
        bookings.c.month,
        func.coalesce(before, never, type_=Date).label("previous_on"),
        literal_column(str(factor), BigInteger).label("orders"),
    )


def _source(layer: type[Base], booked: FromClause) -> FromClause:
    if layer is BookedDay:
        return booked
    # By month an order counts where it is booked in the month for the first time.
    return select(booked).where(booked.c.previous_on < booked.c.month).subquery()


def prune(session: Session) -> None:
    """Drop cells that no line stands behind any more."""
    _DAYS.prune(session)
    _BOOKED.prune(session)


def rebuild(session: Session) -> None:
    """Count everything anew from the order lines; `core.rollups.lock` comes first."""
    session.flush()
    for family in (_DAYS, _BOOKED):
        family.empty(session)
        for layer in family.layers:
            family.fill(session, layer, _anew(layer))


def differences(session: Session) -> list[Difference]:
    """Count every layer anew and name the first difference of each."""
    found = (
        family.first_difference(session, layer, family.summed(session, layer, _anew(layer)).order_by(None))
        for family in (_DAYS, _BOOKED)
        for layer in family.layers
    )
    return [difference for difference in found if difference is not None]


def _anew(layer: type[Base]) -> FromClause:
    if layer is OrderDay:
        return _of_lines("account_id", "ordered_on").subquery()
    return _source(layer, _chained(_of_lines(*_ORDER_KEYS).subquery(), 1).subquery())


def order_days() -> Select[tuple[int, date]]:
    """Account and day of everything that was ordered, by account and day."""
    kept = table(OrderDay).c
    query = select(kept.account_id, kept.ordered_on).where(kept.lines > literal_column("0"))
    return query.order_by(kept.account_id, kept.ordered_on)
