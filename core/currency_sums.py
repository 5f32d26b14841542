"""Sales in other currencies, kept beside the order lines: what they brought in the base and in their own currency.

`core.rollups` calls this wherever lines come and go. A line counts when it is no return and its rate is not 1; the
amount in the order's currency is its base amount ÷ its rate, in whole millionths, cut off: the same on every
database, and the same whether a line is added or counted anew.
"""

from __future__ import annotations

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
)
from sqlalchemy.orm import Session

from core import packed_sums
from core.kept_sums import Difference, Family, table
from core.models import Base, ForeignMonth, ForeignYear, OrderLine
from core.models.base import Money, Rate, Ref

_LAYERS: dict[type[Base], tuple[str, ...]] = {
    ForeignMonth: ("account_id", "month", "product_id", "currency"),
    ForeignYear: ("account_id", "product_id", "currency", "year"),
}
_MEASURES: dict[str, Any] = {"lines": BigInteger(), "net_amount": Money(), "order_amount": Rate()}
_FAMILY = Family(_LAYERS, _MEASURES)
_KEYS = _LAYERS[ForeignMonth]


def is_foreign_sale() -> ColumnElement[bool]:
    """Which order lines count."""
    return and_(
        OrderLine.fx_rate != literal_column("1000000"),
        OrderLine.fx_rate > literal_column("0"),
        OrderLine.quantity >= literal_column("0"),
    )


def order_amount() -> ColumnElement[Any]:
    """A line's net amount in its own currency: a long division of whole numbers, in which nothing overflows."""
    net, rate = "order_lines.net_amount", "order_lines.fx_rate"
    rest = f"({net} % {rate}) * 10000"  # the rate being in millionths, eight more places make millionths
    written = (
        f"({net} / {rate}) * 100000000 + ({rest} / {rate}) * 10000 + (({rest}) % {rate}) * 10000 / {rate}"
    )
    return literal_column(f"({written})", Rate())


def line_sums() -> dict[str, ColumnElement[Any]]:
    """What every layer keeps, as sums over order lines that meet `is_foreign_sale`."""
    return {
        "lines": func.count(),
        "net_amount": func.sum(OrderLine.net_amount),
        "order_amount": func.sum(order_amount()),
    }


def layer_sums(source: Any) -> dict[str, ColumnElement[Any]]:
    """The same, as sums over the cells of a layer."""
    return {name: func.sum(getattr(source, name)) for name in _MEASURES}


def _cells(*where: ColumnElement[bool]) -> Select[Any]:
    keys = [OrderLine.booked_month if key == "month" else getattr(OrderLine, key) for key in _KEYS]
    labelled = [column.label(name) for name, column in zip(_KEYS, keys, strict=True)]
    sums = (total.label(name) for name, total in line_sums().items())
    return select(*labelled, *sums).where(is_foreign_sale(), *where).group_by(*keys)


def apply(session: Session, where: ColumnElement[bool], sign: int) -> None:
    """Add the order lines that meet the condition to every layer, or take them away."""
    change = _change_table()
    connection = session.connection()
    change.drop(connection, checkfirst=True)
    change.create(connection)
    cells = _cells(where)
    session.execute(change.insert().from_select(list(cells.selected_columns.keys()), cells))
    if session.execute(select(literal_column("1")).select_from(change).limit(1)).first():
        for layer in _LAYERS:
            _FAMILY.pour(session, layer, change, sign)
        packed_sums.apply(session, change, packed_sums.FOREIGN, sign)
    change.drop(connection)


def _change_table() -> Table:
    return Table(
        "foreign_sales_change",
        MetaData(),
        Column("account_id", Ref),
        Column("month", Date),
        Column("product_id", Ref),
        Column("currency", String),
        *(Column(name, kind) for name, kind in _MEASURES.items()),
        prefixes=["TEMPORARY"],
    )


def prune(session: Session) -> None:
    """Drop cells that no line stands behind any more."""
    _FAMILY.prune(session)


def rebuild(session: Session) -> None:
    """Count everything anew from the order lines; `core.rollups.lock` comes first."""
    session.flush()
    _FAMILY.empty(session)
    for layer in _LAYERS:
        _FAMILY.fill(session, layer, _source(layer))
    packed_sums.rebuild(session, packed_sums.FOREIGN)


def differences(session: Session) -> list[Difference]:
    """Count every layer anew and name the first difference of each."""
    found = (
        _FAMILY.first_difference(
            session, layer, _FAMILY.summed(session, layer, _source(layer)).order_by(None)
        )
        for layer in _LAYERS
    )
    known = [difference for difference in found if difference is not None]
    return [*known, *packed_sums.differences(session, packed_sums.FOREIGN)]


def _source(layer: type[Base]) -> FromClause:
    return table(ForeignMonth) if layer is ForeignYear else _cells().subquery()
