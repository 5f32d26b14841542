"""How deliveries turned out, kept beside the order lines: verdicts under the rule in force, by the due day.

`core.rollups` calls this wherever lines come and go, so that nobody has to remember a second kind of sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    FromClause,
    MetaData,
    Subquery,
    Table,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from core import db, otif
from core.kept_sums import Difference, Family, table
from core.models import (
    Base,
    DeliveryAccountDay,
    DeliveryAccountMonth,
    DeliveryCell,
    DeliveryProductDay,
    DeliveryProductMonth,
    OrderLine,
)
from core.models.base import Money, Ref
from core.otif import OtifRule
from core.vocabulary import OtifBasis

_MEASURES: dict[str, Any] = {
    "lines": BigInteger(),
    "open_lines": BigInteger(),
    "on_time_lines": BigInteger(),
    "in_full_lines": BigInteger(),
    "otif_lines": BigInteger(),
    "net_amount": Money(),
    "open_amount": Money(),
    "otif_amount": Money(),
}
# In this order everywhere, as in `core.rollups`.
_FAMILY = Family(
    {
        DeliveryCell: ("account_id", "month", "product_id"),
        DeliveryAccountDay: ("account_id", "due_on"),
        DeliveryAccountMonth: ("account_id", "month"),
        DeliveryProductDay: ("product_id", "due_on"),
        DeliveryProductMonth: ("product_id", "month"),
    },
    _MEASURES,
)
_FINER: dict[type[Base], type[Base]] = {
    DeliveryAccountMonth: DeliveryAccountDay,
    DeliveryProductMonth: DeliveryProductDay,
}
_SHARE_SCALE = 10_000

# The day that the company chose, or the next best where a line has none of that kind.
_DAYS: dict[OtifBasis, tuple[Any, ...]] = {
    OtifBasis.REQUESTED: (OrderLine.requested_on, OrderLine.first_promised_on, OrderLine.promised_on),
    OtifBasis.FIRST_PROMISED: (OrderLine.first_promised_on, OrderLine.promised_on, OrderLine.requested_on),
    OtifBasis.LAST_PROMISED: (OrderLine.promised_on, OrderLine.first_promised_on, OrderLine.requested_on),
}


@dataclass(frozen=True)
class Judged:
    """What becomes of an order line under a rule, as conditions on OrderLine."""

    due_on: ColumnElement[Any]
    counts: ColumnElement[bool]  # it has a day to be delivered by and is no return
    is_open: ColumnElement[bool]
    on_time: ColumnElement[bool]
    in_full: ColumnElement[bool]


def judged(session: Session, rule: OtifRule) -> Judged:
    """Open lines are neither on time nor in full; a quantity that nobody wrote down arrived in full."""
    due = due_on(rule)
    delivered = OrderLine.delivered_on
    early, late = _shifted(session, due, -rule.early_days), _shifted(session, due, rule.late_days)
    return Judged(
        due_on=due,
        counts=and_(OrderLine.quantity > literal_column("0"), has_due_day()),
        is_open=delivered.is_(None),
        on_time=and_(delivered >= early, delivered <= late),
        in_full=and_(delivered.is_not(None), or_(OrderLine.delivered_quantity.is_(None), _enough(rule))),
    )


def due_on(rule: OtifRule) -> ColumnElement[Any]:
    """The day a line is due on under the rule."""
    return func.coalesce(*_DAYS[rule.basis], type_=Date)


def has_due_day() -> ColumnElement[bool]:
    """Whether a line is due on any day at all, in the words of the index of undelivered lines."""
    days = (OrderLine.first_promised_on, OrderLine.promised_on, OrderLine.requested_on)
    return or_(*(day.is_not(None) for day in days))


def _enough(rule: OtifRule) -> ColumnElement[bool]:
    if rule.in_full_share == 1:
        return OrderLine.delivered_quantity >= OrderLine.quantity
    scale: ColumnElement[int] = literal_column(str(_SHARE_SCALE))
    share: ColumnElement[int] = literal_column(str(int(rule.in_full_share * _SHARE_SCALE)))
    delivered, ordered = (
        type_coerce(column, BigInteger) for column in (OrderLine.delivered_quantity, OrderLine.quantity)
    )
    return delivered * scale >= ordered * share


def _shifted(session: Session, day: ColumnElement[Any], days: int) -> ColumnElement[Any]:
    if not days:
        return day
    if db.is_sqlite(session):
        return func.date(day, literal(f"{days:+d} days"), type_=Date)
    return type_coerce(day.op("+")(literal_column(str(days))), Date)


def line_rows(
    session: Session, rule: OtifRule, *where: ColumnElement[bool], more: tuple[Any, ...] = ()
) -> Subquery:
    """The lines that are due at some time, each with what it adds to the measures."""
    verdict = judged(session, rule)
    one: ColumnElement[Any] = literal_column("1", BigInteger)
    nothing: ColumnElement[Any] = literal_column("0")
    both = and_(verdict.on_time, verdict.in_full)
    counted = {
        "open_lines": verdict.is_open,
        "on_time_lines": verdict.on_time,
        "in_full_lines": verdict.in_full,
        "otif_lines": both,
    }
    return (
        select(
            OrderLine.account_id,
            verdict.due_on.label("due_on"),
            OrderLine.product_id,
            *more,
            one.label("lines"),
            *(case((condition, one), else_=nothing).label(name) for name, condition in counted.items()),
            OrderLine.net_amount,
            case((verdict.is_open, OrderLine.net_amount), else_=nothing).label("open_amount"),
            case((both, OrderLine.net_amount), else_=nothing).label("otif_amount"),
        )
        .where(verdict.counts, *where)
        .subquery()
    )


def apply(session: Session, where: ColumnElement[bool], sign: int) -> None:
    """Add the order lines that meet the condition to every layer, or take them away."""
    lines = line_rows(session, otif.in_force(session), where)
    change = _change_table()
    connection = session.connection()
    change.drop(connection, checkfirst=True)
    change.create(connection)
    keys = (lines.c.account_id, lines.c.due_on, lines.c.product_id)
    cells = select(*keys, *(func.sum(lines.c[name]).label(name) for name in _MEASURES)).group_by(*keys)
    session.execute(change.insert().from_select(list(cells.selected_columns.keys()), cells))
    if session.execute(select(literal_column("1")).select_from(change).limit(1)).first():
        for layer in _FAMILY.layers:
            _FAMILY.pour(session, layer, change, sign)
    change.drop(connection)


def _change_table() -> Table:
    return Table(
        "delivery_change",
        MetaData(),
        Column("account_id", Ref),
        Column("due_on", Date),
        Column("product_id", Ref),
        *(Column(name, kind) for name, kind in _MEASURES.items()),
        prefixes=["TEMPORARY"],
    )


def prune(session: Session) -> None:
    """Drop cells that no line stands behind any more."""
    _FAMILY.prune(session)


def rebuild(session: Session) -> None:
    """Count everything anew from the order lines, under the rule in force; `core.rollups.lock` comes first."""
    session.flush()
    _FAMILY.empty(session)
    lines = line_rows(session, otif.in_force(session))
    for layer in _FAMILY.layers:
        _FAMILY.fill(session, layer, _source(layer, lines))


def differences(session: Session) -> list[Difference]:
    """Count every layer anew and name the first difference of each."""
    lines = line_rows(session, otif.in_force(session))
    found = (
        _FAMILY.first_difference(
            session, layer, _FAMILY.summed(session, layer, _source(layer, lines)).order_by(None)
        )
        for layer in _FAMILY.layers
    )
    return [difference for difference in found if difference is not None]


def _source(layer: type[Base], lines: Subquery) -> FromClause:
    return table(_FINER[layer]) if layer in _FINER else lines
