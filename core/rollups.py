"""Sums of order lines that are kept with the lines: add, take away, rebuild, compare."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby, pairwise
from operator import itemgetter
from statistics import median
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
    case,
    delete,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core import currency_sums, db, delivery_sums, health_marks, order_sums, packed_sums
from core.health_marks import Kind
from core.kept_sums import Difference, Family, table
from core.models import (
    AccountCountry,
    AccountDay,
    AccountMonth,
    AccountRhythm,
    AccountYear,
    Base,
    OrderDay,
    OrderLine,
    PairYear,
    ProductDay,
    ProductMonth,
    RevenueCell,
    TotalMonth,
)
from core.models.base import Money, Quantity, Ref

_LOCK = 7_381_002  # advisory lock: one import or rebuild at a time
_AT_ONCE = 1_000  # accounts asked for in one statement

# In this order everywhere: two writers that meet in one layer have met in the layers before it.
_LAYERS: dict[type[Base], tuple[str, ...]] = {
    RevenueCell: ("account_id", "month", "product_id", "country"),
    AccountDay: ("account_id", "month", "booked_on", "country"),
    AccountCountry: ("account_id", "month", "country"),
    AccountMonth: ("account_id", "month"),
    AccountYear: ("account_id", "year"),
    PairYear: ("account_id", "product_id", "year"),
    ProductDay: ("product_id", "month", "booked_on"),
    ProductMonth: ("product_id", "month"),
    TotalMonth: ("month",),
}
_OF_LINES = (RevenueCell, AccountDay, ProductDay)  # the others are summed from these
_MEASURES: dict[str, Any] = {
    "lines": BigInteger(),
    "quantity": Quantity(),
    "gross_amount": Money(),
    "net_amount": Money(),
    "returned_lines": BigInteger(),
    "returned_quantity": Quantity(),
    "returned_amount": Money(),
    "covered_lines": BigInteger(),
    "covered_amount": Money(),
    "cost_amount": Money(),
}
_FAMILY = Family(_LAYERS, _MEASURES)


def line_sums() -> dict[str, ColumnElement[Any]]:
    """What every layer keeps, as sums over order lines."""
    returned, covered = OrderLine.quantity < 0, OrderLine.cost_amount.is_not(None)
    nothing: ColumnElement[Any] = literal_column("0")
    return {
        "lines": func.count(),
        "quantity": func.sum(OrderLine.quantity),
        "gross_amount": func.sum(OrderLine.gross_amount),
        "net_amount": func.sum(OrderLine.net_amount),
        "returned_lines": func.sum(case((returned, literal_column("1", BigInteger)), else_=nothing)),
        "returned_quantity": func.sum(case((returned, OrderLine.quantity), else_=nothing)),
        "returned_amount": func.sum(case((returned, OrderLine.net_amount), else_=nothing)),
        "covered_lines": func.sum(case((covered, literal_column("1", BigInteger)), else_=nothing)),
        "covered_amount": func.sum(case((covered, OrderLine.net_amount), else_=nothing)),
        "cost_amount": func.sum(case((covered, OrderLine.cost_amount), else_=nothing)),
    }


def layer_sums(source: Any) -> dict[str, ColumnElement[Any]]:
    """The same, as sums over the cells of a layer."""
    return {name: func.sum(getattr(source, name)) for name in _MEASURES}


def lock(session: Session) -> None:
    """Let one import, undo or rebuild at a time change the sums; SQLite has one writer anyway."""
    if not db.is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def add(session: Session, where: ColumnElement[bool]) -> None:
    """Add the order lines that meet the condition to every layer; call it after they were inserted."""
    _apply(session, where, 1)


def subtract(session: Session, where: ColumnElement[bool]) -> None:
    """Take the order lines that meet the condition away from every layer; call it before they go."""
    _apply(session, where, -1)


def _apply(session: Session, where: ColumnElement[bool], sign: int) -> None:
    # The lines are read once, into a table of this transaction; all layers grow from that.
    session.flush()
    change = _change_table()
    connection = session.connection()
    change.drop(connection, checkfirst=True)
    change.create(connection)
    cells = _cells_of_lines(*_GRAIN, where=where)
    session.execute(change.insert().from_select(list(cells.selected_columns.keys()), cells))
    for layer in _LAYERS:
        _FAMILY.pour(session, layer, change, sign)
    health_marks.raise_for(session, Kind.LINES, select(change.c.account_id))
    packed_sums.apply(session, change, packed_sums.SALES, sign)
    change.drop(connection)
    currency_sums.apply(session, where, sign)
    delivery_sums.apply(session, where, sign)
    order_sums.apply(session, where, sign)


def _change_table() -> Table:
    return Table(
        "revenue_change",
        MetaData(),
        Column("account_id", Ref),
        Column("month", Date),
        Column("product_id", Ref),
        Column("country", String),
        Column("booked_on", Date),
        *(Column(name, kind) for name, kind in _MEASURES.items()),
        prefixes=["TEMPORARY"],
    )


_GRAIN = ("account_id", "month", "product_id", "country", "booked_on")  # every layer is sums of these cells


def _cells_of_lines(*keys: str, where: ColumnElement[bool] | None = None) -> Select[Any]:
    columns = [OrderLine.booked_month if key == "month" else getattr(OrderLine, key) for key in keys]
    labelled = [column.label(key) for key, column in zip(keys, columns, strict=True)]
    query = select(*labelled, *(total.label(name) for name, total in line_sums().items()))
    if where is not None:
        query = query.where(where)
    return query.group_by(*columns)


def prune(session: Session) -> None:
    """Drop cells that no line stands behind any more."""
    _FAMILY.prune(session)
    currency_sums.prune(session)
    delivery_sums.prune(session)
    order_sums.prune(session)


def rebuild(session: Session) -> None:
    """Count everything anew from the order lines."""
    lock(session)
    session.flush()
    _FAMILY.empty(session)
    for layer, keys in _LAYERS.items():
        if layer in _OF_LINES:
            cells = _cells_of_lines(*keys)
            session.execute(table(layer).insert().from_select(list(cells.selected_columns.keys()), cells))
        else:
            _FAMILY.fill(session, layer, _finer(layer))
    packed_sums.rebuild(session, packed_sums.SALES)
    currency_sums.rebuild(session)
    delivery_sums.rebuild(session)
    order_sums.rebuild(session)
    refresh_rhythm(session)
    health_marks.raise_for(session, Kind.LINES)


def _finer(layer: type[Base]) -> FromClause:
    """The smallest layer that this one can be summed from."""
    finer: dict[type[Base], type[Base]] = {
        AccountCountry: AccountDay,
        AccountMonth: AccountCountry,
        ProductMonth: ProductDay,
        PairYear: RevenueCell,
    }
    return table(finer.get(layer, AccountMonth))


def refresh_rhythm(session: Session, account_ids: Collection[int] | None = None) -> None:
    """Find out anew how often these accounts order; without ids: all accounts."""
    session.flush()
    if account_ids is None:
        session.execute(delete(AccountRhythm).execution_options(synchronize_session=False))
        _keep_rhythms(session, _rhythms(session))
        return
    ordered = sorted(set(account_ids))
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        found = list(_rhythms(session, some))
        without = set(some) - {rhythm["account_id"] for rhythm in found}
        gone = delete(AccountRhythm).where(AccountRhythm.account_id.in_(without))
        session.execute(gone.execution_options(synchronize_session=False))
        _keep_rhythms(session, found)


def _keep_rhythms(session: Session, rhythms: Collection[dict[str, Any]] | Iterator[dict[str, Any]]) -> None:
    rows = list(rhythms)
    if not rows:
        return
    statement: Any = (sqlite.insert if db.is_sqlite(session) else postgresql.insert)(AccountRhythm)
    names = [name for name in rows[0] if name != "account_id"]
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id"], set_={name: statement.excluded[name] for name in names}
        ),
        rows,
    )


def _rhythms(session: Session, account_ids: Collection[int] | None = None) -> Iterator[dict[str, Any]]:
    query: Select[Any] = order_sums.order_days()
    if account_ids is not None:
        query = query.where(table(OrderDay).c.account_id.in_(account_ids))
    found = session.execute(query.execution_options(yield_per=10_000))
    for account_id, rows in groupby(found, key=itemgetter(0)):
        days = [row[1] for row in rows]
        yield {
            "account_id": account_id,
            "first_order_on": days[0],
            "last_order_on": days[-1],
            "order_days": len(days),
            "median_gap_days": median_gap(days),
        }


def median_gap(days: list[date]) -> Decimal | None:
    """The median of the days from one order day to the next; None with fewer than three order days."""
    if len(days) < 3:
        return None
    return Decimal(str(median((later - earlier).days for earlier, later in pairwise(days))))


def differences(session: Session) -> list[Difference]:
    """Count every layer anew and name the first difference of each; empty when all is well."""
    session.flush()
    found = [_FAMILY.first_difference(session, layer, _counted(session, layer)) for layer in _LAYERS]
    found.append(_first_rhythm_difference(session))
    known = [difference for difference in found if difference is not None]
    known += packed_sums.differences(session, packed_sums.SALES)
    for beside in (currency_sums, delivery_sums, order_sums):
        known += beside.differences(session)
    return known


def _counted(session: Session, layer: type[Base]) -> Select[Any]:
    # The finest are counted from the lines, every other layer from a finer one: in the end all from the lines.
    if layer in _OF_LINES:
        return _cells_of_lines(*_LAYERS[layer])
    return _FAMILY.summed(session, layer, _finer(layer)).order_by(None)


def _first_rhythm_difference(session: Session) -> Difference | None:
    names = ("first_order_on", "last_order_on", "order_days", "median_gap_days")
    rhythms = table(AccountRhythm)
    kept = {
        row.account_id: {name: getattr(row, name) for name in names}
        for row in session.execute(select(rhythms).order_by(rhythms.c.account_id))
    }
    counted = {row["account_id"]: {name: row[name] for name in names} for row in _rhythms(session)}
    for account_id in sorted(kept.keys() | counted.keys()):
        before, after = kept.get(account_id, {}), counted.get(account_id, {})
        for name in names:
            if before.get(name) != after.get(name):
                key = f"account_id {account_id}"
                return Difference(rhythms.name, key, name, before.get(name), after.get(name))
    return None
