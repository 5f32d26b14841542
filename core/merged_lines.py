"""The order lines of an account that turned out to be another: moved as a whole, and back, by the store itself."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session, aliased

from core import audit, auth, rollups
from core.auth import Actor
from core.language import _
from core.models import MergedLine, Order, OrderLine
from core.vocabulary import Permission

_OF_A_LINE = tuple(
    column.key for column in OrderLine.__mapper__.column_attrs if column.key not in ("account_id", "line_no")
)
_OF_AN_ORDER = ("order_no", "ordered_on", "line_count", "net_amount", "batch_id", "version")
_SEALED_SUMS = (
    "line_no", "product_id", "batch_id", "quantity", "delivered_quantity", "gross_amount", "net_amount", "cost_amount",
)  # fmt: skip
_SEALED_DAYS = ("ordered_on", "invoiced_on", "requested_on", "promised_on", "delivered_on")
_UNSYNCHRONISED = {"synchronize_session": False}


@dataclass(frozen=True)
class Route:
    """From which account to which, and by which merger."""

    merger_id: int
    merged_id: int
    kept_id: int


def move(session: Session, actor: Actor, route: Route) -> dict[str, Any]:
    """Give every order line of the merged account to the kept one; what undoing needs to know."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    session.flush()
    rollups.subtract(session, OrderLine.account_id == route.merged_id)
    _number(session, route)
    _carry(session, route, back=False)
    session.execute(_without_sync(delete(OrderLine).where(OrderLine.account_id == route.merged_id)))
    shared = _move_orders(session, route)
    rollups.add(session, _moved(route))
    rollups.prune(session)
    rollups.refresh_rhythm(session, [route.merged_id, route.kept_id])
    return {"shared_orders": shared, "seals": _seals(session, route)}


def move_back(session: Session, actor: Actor, route: Route, shared: Mapping[str, Any]) -> None:
    """Give the lines back under their former numbers; call it only where nothing `changed`."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    session.flush()
    rollups.subtract(session, _moved(route))
    _carry(session, route, back=True)
    session.execute(_without_sync(delete(OrderLine).where(_moved(route))))
    _move_orders_back(session, route, shared)
    rollups.add(session, OrderLine.account_id == route.merged_id)
    rollups.prune(session)
    rollups.refresh_rhythm(session, [route.merged_id, route.kept_id])
    own = (MergedLine.account_id == route.kept_id, MergedLine.merger_id == route.merger_id)
    session.execute(_without_sync(delete(MergedLine).where(*own)))


def changed(session: Session, actor: Actor, route: Route, seals: Mapping[str, int]) -> list[str]:
    """A sentence for each moved order that is not as the merger left it, the first ten."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    now = _seals(session, route)
    orders = sorted(order_no for order_no, seal in seals.items() if now.get(order_no) != seal)
    return [_told(session, route, order_no) for order_no in orders[:10]]


def renumbered(session: Session, actor: Actor, merged_id: int, kept_id: int) -> int:
    """How many lines would need another number, since the kept account has one like it."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    taken = aliased(OrderLine)
    count = (
        select(func.count()).select_from(OrderLine).join(taken, _clash(OrderLine, taken, merged_id, kept_id))
    )
    return session.scalar(count) or 0


def _clash(line: Any, taken: Any, merged_id: int, kept_id: int) -> ColumnElement[bool]:
    """Whether a line of the one account has the key of a line of the other."""
    same = and_(taken.order_no == line.order_no, taken.line_no == line.line_no)
    return and_(line.account_id == merged_id, taken.account_id == kept_id, same)


def _number(session: Session, route: Route) -> None:
    """Note under which number each line stands from now on: its own, or the next ones where that is taken."""
    line, taken, other = OrderLine, aliased(OrderLine), aliased(OrderLine)
    merged_id, kept_id = route.merged_id, route.kept_id
    highest = select(func.max(other.line_no)).where(
        other.account_id.in_([merged_id, kept_id]), other.order_no == line.order_no
    )
    beyond = func.row_number().over(partition_by=line.order_no, order_by=line.line_no)
    is_taken = select(taken.line_no).where(_clash(line, taken, merged_id, kept_id)).exists()
    own = line.account_id == merged_id
    into = (literal(kept_id), literal(route.merger_id), line.order_no)
    names = ["account_id", "merger_id", "order_no", "line_no", "former_line_no"]
    for number, which in (
        (line.line_no, ~is_taken),
        (highest.scalar_subquery() + beyond, is_taken),
    ):
        rows: Any = select(*into, number, line.line_no).where(own, which)
        session.execute(insert(MergedLine).from_select(names, rows))


def _carry(session: Session, route: Route, *, back: bool) -> None:
    """Write the moved lines at the other account; the caller deletes them where they were."""
    line, moved = OrderLine, MergedLine
    source, target = (route.kept_id, route.merged_id) if back else (route.merged_id, route.kept_id)
    before, after = (moved.line_no, moved.former_line_no) if back else (moved.former_line_no, moved.line_no)
    rows = (
        select(literal(target), after, *(getattr(line, name) for name in _OF_A_LINE))
        .select_from(moved)
        .join(line, and_(line.account_id == source, line.order_no == moved.order_no, line.line_no == before))
        .where(moved.account_id == route.kept_id, moved.merger_id == route.merger_id)
        .order_by(line.order_no, after)
    )
    session.execute(insert(OrderLine).from_select(["account_id", "line_no", *_OF_A_LINE], rows))


def _moved(route: Route) -> ColumnElement[bool]:
    """The moved lines where they are now."""
    keys = select(MergedLine.account_id, MergedLine.order_no, MergedLine.line_no).where(
        MergedLine.account_id == route.kept_id, MergedLine.merger_id == route.merger_id
    )
    return tuple_(OrderLine.account_id, OrderLine.order_no, OrderLine.line_no).in_(keys)


def _moved_orders(route: Route) -> Select[str]:
    return (
        select(MergedLine.order_no)
        .where(MergedLine.account_id == route.kept_id, MergedLine.merger_id == route.merger_id)
        .distinct()
    )


def _move_orders(session: Session, route: Route) -> dict[str, Any]:
    """Give the heads to the kept account, or add them to those that it has; those of both as they were."""
    ours, theirs = aliased(Order), aliased(Order)
    heads = [
        *(getattr(ours, name) for name in _OF_AN_ORDER),
        *(getattr(theirs, name) for name in _OF_AN_ORDER),
    ]
    both = (
        select(*heads)
        .join(theirs, and_(theirs.account_id == route.kept_id, theirs.order_no == ours.order_no))
        .where(ours.account_id == route.merged_id)
    )
    shared: dict[str, Any] = {}
    added: list[dict[str, Any]] = []
    for row in session.execute(both):
        one = dict(zip(_OF_AN_ORDER, row[: len(_OF_AN_ORDER)], strict=True))
        other = dict(zip(_OF_AN_ORDER, row[len(_OF_AN_ORDER) :], strict=True))
        shared[one["order_no"]] = {"merged": audit.plain(one), "kept": audit.plain(other)}
        added.append(_one_head(route.kept_id, one, other))
    if added:
        session.execute(update(Order), added)
    there = select(theirs.order_no).where(theirs.account_id == route.kept_id)
    own = Order.account_id == route.merged_id
    rows = select(literal(route.kept_id), *(getattr(Order, name) for name in _OF_AN_ORDER)).where(own)
    rows = rows.where(Order.order_no.not_in(there))
    session.execute(insert(Order).from_select(["account_id", *_OF_AN_ORDER], rows))
    session.execute(_without_sync(delete(Order).where(own)))
    return shared


def _one_head(kept_id: int, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {
        "account_id": kept_id,
        "order_no": one["order_no"],
        "ordered_on": min(one["ordered_on"], other["ordered_on"]),
        "line_count": one["line_count"] + other["line_count"],
        "net_amount": one["net_amount"] + other["net_amount"],
        "version": max(one["version"], other["version"]) + 1,
    }


def _move_orders_back(session: Session, route: Route, shared: Mapping[str, Any]) -> None:
    moved = and_(Order.account_id == route.kept_id, Order.order_no.in_(_moved_orders(route)))
    rows = select(literal(route.merged_id), *(getattr(Order, name) for name in _OF_AN_ORDER)).where(moved)
    session.execute(insert(Order).from_select(["account_id", *_OF_AN_ORDER], rows))
    session.execute(_without_sync(delete(Order).where(moved)))
    if shared:
        session.execute(update(Order), [_head(route.merged_id, one["merged"]) for one in shared.values()])
        session.execute(insert(Order), [_head(route.kept_id, one["kept"]) for one in shared.values()])


def _head(account_id: int, kept: Mapping[str, Any]) -> dict[str, Any]:
    """A head as it was, from the JSON that it was kept in."""
    typed = {
        "ordered_on": date.fromisoformat(kept["ordered_on"]),
        "net_amount": Decimal(kept["net_amount"]),
    }
    return {**kept, **typed, "account_id": account_id}


def _seals(session: Session, route: Route) -> dict[str, int]:
    """A number for each moved order that changes with its lines, their amounts and days."""
    sums = [func.sum(type_coerce(getattr(OrderLine, name), BigInteger)) for name in _SEALED_SUMS]
    days = [getattr(OrderLine, name) for name in _SEALED_DAYS]
    ends = [end(day) for day in days for end in (func.min, func.max, func.count)]
    rows = session.execute(
        select(OrderLine.order_no, func.count(), *sums, *ends)
        .where(OrderLine.account_id == route.kept_id, OrderLine.order_no.in_(_moved_orders(route)))
        .group_by(OrderLine.order_no)
    )
    return {row[0]: zlib.crc32("|".join(str(value) for value in row[1:]).encode()) for row in rows}


def _told(session: Session, route: Route, order_no: str) -> str:
    lines = select(OrderLine.batch_id).where(
        OrderLine.account_id == route.kept_id, OrderLine.order_no == order_no, OrderLine.batch_id.is_not(None)
    )
    batch = session.scalar(select(func.max(lines.subquery().c.batch_id)))
    if batch is None:
        return _("Order {order} was changed.").format(order=order_no)
    return _("Order {order} was changed; the last import that it comes from is {batch}.").format(
        order=order_no, batch=batch
    )


def _without_sync(statement: Any) -> Any:
    return statement.execution_options(**_UNSYNCHRONISED)
