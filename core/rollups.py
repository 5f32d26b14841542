"""Sums of order lines that are kept with the lines: add, take away, rebuild, compare."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby, pairwise
from operator import itemgetter
from statistics import median
from typing import Any, cast

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
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core import db
from core.language import _
from core.models import (
    AccountMonth,
    AccountRhythm,
    AccountYear,
    Base,
    OrderLine,
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
    AccountMonth: ("account_id", "month"),
    AccountYear: ("account_id", "year"),
    ProductMonth: ("product_id", "month"),
    TotalMonth: ("month",),
}
_MEASURES: dict[str, Any] = {
    "lines": BigInteger(),
    "quantity": Quantity(),
    "gross_amount": Money(),
    "net_amount": Money(),
    "returned_lines": BigInteger(),
    "returned_amount": Money(),
    "covered_lines": BigInteger(),
    "covered_amount": Money(),
    "cost_amount": Money(),
}


@dataclass(frozen=True)
class Difference:
    """The first cell of a layer whose stored sum is not the sum of its lines."""

    layer: str  # the table
    key: str  # `account_id 7, month 2026-03-01`
    measure: str
    stored: Decimal | int | date | None
    counted: Decimal | int | date | None

    def __str__(self) -> str:
        return _("{layer}: {measure} of {key} is kept as {stored}, its order lines give {counted}.").format(
            layer=self.layer, measure=self.measure, key=self.key, stored=self.stored, counted=self.counted
        )


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


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
    cells = _cells_of_lines(where)
    session.execute(change.insert().from_select(list(cells.selected_columns.keys()), cells))
    for layer in _LAYERS:
        _pour(session, layer, change, sign)
    change.drop(connection)


def _change_table() -> Table:
    return Table(
        "revenue_change",
        MetaData(),
        Column("account_id", Ref),
        Column("month", Date),
        Column("product_id", Ref),
        Column("country", String),
        *(Column(name, kind) for name, kind in _MEASURES.items()),
        prefixes=["TEMPORARY"],
    )


def _cells_of_lines(where: ColumnElement[bool] | None = None) -> Select[Any]:
    keys = (
        OrderLine.account_id,
        OrderLine.booked_month.label("month"),
        OrderLine.product_id,
        OrderLine.country,
    )
    query = select(*keys, *(total.label(name) for name, total in line_sums().items()))
    if where is not None:
        query = query.where(where)
    return query.group_by(
        OrderLine.account_id, OrderLine.booked_month, OrderLine.product_id, OrderLine.country
    )


def _summed(session: Session, layer: type[Base], source: FromClause, sign: int = 1) -> Select[Any]:
    """The rows of a layer as sums over finer cells, in the order of its key."""
    keys = [
        (_year_of(session, source.c.month) if name == "year" else source.c[name]).label(name)
        for name in _LAYERS[layer]
    ]
    factor: ColumnElement[Any] = literal_column(str(sign))
    sums = [(func.sum(source.c[name]) * factor).label(name) for name in _MEASURES]
    plain = [key.element for key in keys]
    return select(*keys, *sums).group_by(*plain).order_by(*plain)


def _year_of(session: Session, month: ColumnElement[date]) -> ColumnElement[date]:
    if db.is_sqlite(session):
        return func.date(month, literal_column("'start of year'"), type_=Date)
    return func.cast(func.date_trunc(literal_column("'year'"), month), Date)


def _pour(session: Session, layer: type[Base], source: FromClause, sign: int = 1) -> None:
    rows = _summed(session, layer, source, sign)
    insert = sqlite.insert if db.is_sqlite(session) else postgresql.insert
    statement: Any = insert(layer).from_select(list(rows.selected_columns.keys()), _before_conflict(rows))
    target = _table(layer).c
    session.execute(
        statement.on_conflict_do_update(
            index_elements=list(_LAYERS[layer]),
            set_={name: target[name] + statement.excluded[name] for name in _MEASURES},
        )
    )


def _before_conflict(rows: Select[Any]) -> Select[Any]:
    # SQLite takes ON CONFLICT after a bare SELECT … FROM for the condition of a join.
    return rows.where(literal_column("1") == literal_column("1"))


def prune(session: Session) -> None:
    """Drop cells that no line stands behind any more."""
    for layer in _LAYERS:
        lines = _table(layer).c.lines
        session.execute(delete(layer).where(lines == 0).execution_options(synchronize_session=False))


def rebuild(session: Session) -> None:
    """Count everything anew from the order lines."""
    lock(session)
    session.flush()
    emptied: list[type[Base]] = [*_LAYERS, AccountRhythm]
    for layer in emptied:
        session.execute(delete(_table(layer)).execution_options(synchronize_session=False))
    cells = _cells_of_lines()
    session.execute(_table(RevenueCell).insert().from_select(list(cells.selected_columns.keys()), cells))
    for layer in _LAYERS:
        if layer is not RevenueCell:
            rows = _summed(session, layer, _finer(layer))
            session.execute(_table(layer).insert().from_select(list(rows.selected_columns.keys()), rows))
    refresh_rhythm(session)


def _finer(layer: type[Base]) -> FromClause:
    """The smallest layer that this one can be summed from."""
    return _table(AccountMonth if layer in (AccountYear, TotalMonth) else RevenueCell)


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
    query = (
        select(OrderLine.account_id, OrderLine.ordered_on)
        .where(OrderLine.quantity > 0)
        .distinct()
        .order_by(OrderLine.account_id, OrderLine.ordered_on)
    )
    if account_ids is not None:
        query = query.where(OrderLine.account_id.in_(account_ids))
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
    found = [_first_difference(session, layer) for layer in _LAYERS]
    found.append(_first_rhythm_difference(session))
    return [difference for difference in found if difference is not None]


def _first_difference(session: Session, layer: type[Base]) -> Difference | None:
    # The base is compared with the lines, every other layer with a finer one: in the end all with the lines.
    keys = _LAYERS[layer]
    table = _table(layer)
    if layer is RevenueCell:
        counted: Select[Any] = _cells_of_lines()
    else:
        counted = _summed(session, layer, _finer(layer)).order_by(None)
    nothing = {name: literal_column("0", kind) for name, kind in _MEASURES.items()}
    kept = select(
        *(table.c[key] for key in keys),
        *(table.c[name].label(f"kept_{name}") for name in _MEASURES),
        *(nothing[name].label(f"counted_{name}") for name in _MEASURES),
    )
    sums = counted.subquery()
    anew = select(
        *(sums.c[key] for key in keys),
        *(nothing[name].label(f"kept_{name}") for name in _MEASURES),
        *(sums.c[name].label(f"counted_{name}") for name in _MEASURES),
    )
    both = union_all(kept, anew).subquery()
    pairs = [(func.sum(both.c[f"kept_{name}"]), func.sum(both.c[f"counted_{name}"])) for name in _MEASURES]
    row = session.execute(
        select(*(both.c[key] for key in keys), *(total for pair in pairs for total in pair))
        .group_by(*(both.c[key] for key in keys))
        .having(or_(*(stored != anew_sum for stored, anew_sum in pairs)))
        .order_by(*(both.c[key] for key in keys))
        .limit(1)
    ).first()
    return None if row is None else _named(table.name, keys, tuple(row))


def _named(layer: str, keys: tuple[str, ...], row: tuple[Any, ...]) -> Difference:
    key = ", ".join(f"{name} {value}" for name, value in zip(keys, row, strict=False))
    for index, name in enumerate(_MEASURES):
        stored, counted = row[len(keys) + 2 * index], row[len(keys) + 2 * index + 1]
        if stored != counted:
            return Difference(layer, key, name, stored, counted)
    raise AssertionError(row)


def _first_rhythm_difference(session: Session) -> Difference | None:
    names = ("first_order_on", "last_order_on", "order_days", "median_gap_days")
    table = _table(AccountRhythm)
    kept = {
        row.account_id: {name: getattr(row, name) for name in names}
        for row in session.execute(select(table).order_by(table.c.account_id))
    }
    counted = {row["account_id"]: {name: row[name] for name in names} for row in _rhythms(session)}
    for account_id in sorted(kept.keys() | counted.keys()):
        before, after = kept.get(account_id, {}), counted.get(account_id, {})
        for name in names:
            if before.get(name) != after.get(name):
                key = f"account_id {account_id}"
                return Difference(table.name, key, name, before.get(name), after.get(name))
    return None
