"""What each account bought of each product in two windows, side by side: quantities, amounts, rates.

A pair is *sold* in a window where its quantity without returns is above zero. Order lines of quantity zero count with
their amount but make no sale; free goods are a sale at price zero; a negative price counts as it is. Amounts are in
ten-thousandths of the base currency, quantities in thousandths, as the store keeps them.

Whole years are read from a kept layer, months from another, the days of months that a window cuts from the lines; of a
year or a month the smaller part is read, and where that is the part outside the window it is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from core import auth, currency_sums
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import (
    Account,
    AccountDay,
    ForeignMonth,
    ForeignYear,
    OrderLine,
    PairYear,
    Product,
    RevenueCell,
)
from core.periods import Period, add_months, first_of_month, months_between

_NOTHING: ColumnElement[int] = literal_column("0", BigInteger)
SHIFT_FINE = 1_000
_SUMS = ("quantity", "net", "returned", "lines")  # of each window; without returns but for `returned`


@dataclass(frozen=True)
class Windows:
    """Now, what it is compared with, and whose sales are looked at."""

    now: Period
    then: Period
    accounts: AccountFilter = ALL_ACCOUNTS


@dataclass(frozen=True)
class _Piece:
    source: Any
    span: Period
    sign: int
    window: int  # 0 then, 1 now


def compared(session: Session, actor: Actor, windows: Windows) -> CTE:
    """The pairs sold in both windows, one row each.

    Columns: account_id, product_id, unit (0: none), quantity_ and net_ of `then` and `now` without returns, and
    shift_then, shift_now: what brings these to one rate for both windows where they were in another currency, in
    thousandths of the amounts' unit.
    """
    mine = _accounts(actor, windows.accounts)
    then, now = (
        _of_window(_pieces(_filled(session, window), number), mine, number)
        for number, window in enumerate((windows.then, windows.now))
    )
    alike = and_(now.c.account_id == then.c.account_id, now.c.product_id == then.c.product_id)
    query = (
        select(
            then.c.account_id,
            then.c.product_id,
            func.coalesce(Product.unit_id, _NOTHING).label("unit"),
            then.c.quantity.label("quantity_then"),
            now.c.quantity.label("quantity_now"),
            then.c.net.label("net_then"),
            now.c.net.label("net_now"),
        )
        .join_from(then, now, alike)
        .join(Product, Product.id == then.c.product_id)
        .where(then.c.quantity > _NOTHING, now.c.quantity > _NOTHING)
    )
    return _at_one_rate(session, actor, windows, query, then.c).cte("compared")


def pairs(session: Session, actor: Actor, windows: Windows) -> CTE:
    """Every pair with an order line in either window, one row each.

    The columns of `compared`, and returned_ (amount) and lines_ (returns among them) of `then` and `now`.
    """
    mine = _accounts(actor, windows.accounts)
    pieces = [
        piece
        for number, window in enumerate((windows.then, windows.now))
        for piece in _pieces(_filled(session, window), number)
    ]
    rows = _summed(_selects(pieces, mine), "pair_cells")
    columns = [rows.c[f"{name}_{when}"] for when in ("then", "now") for name in _SUMS]
    query = (
        select(
            rows.c.account_id,
            rows.c.product_id,
            func.coalesce(Product.unit_id, _NOTHING).label("unit"),
            *columns,
        )
        .select_from(rows)
        .join(Product, Product.id == rows.c.product_id)
    )
    return _at_one_rate(session, actor, windows, query, rows.c).cte("pairs")


def _at_one_rate(
    session: Session, actor: Actor, windows: Windows, query: Select[Any], key: Any
) -> Select[Any]:
    """The query with what brings the amounts of both windows to the mean of their rates."""
    rates = _currency_shift(session, actor, windows)
    if rates is None:
        return query.add_columns(_NOTHING.label("shift_then"), _NOTHING.label("shift_now"))
    alike = and_(rates.c.account_id == key.account_id, rates.c.product_id == key.product_id)
    return query.add_columns(
        func.coalesce(rates.c.shift_then, _NOTHING).label("shift_then"),
        func.coalesce(rates.c.shift_now, _NOTHING).label("shift_now"),
    ).join(rates, alike, isouter=True)


def _of_window(pieces: Iterator[_Piece], mine: Select[Any] | None, number: int) -> FromClause:
    """What one window sold, pair by pair; one whole year is read as it is kept."""
    found = list(pieces)
    selects = []
    for piece in found:
        values = _values(piece.source)
        factor: ColumnElement[Any] = literal_column(str(piece.sign), BigInteger)
        query = select(
            piece.source.account_id,
            piece.source.product_id,
            (factor * values["quantity"]).label("quantity"),
            (factor * values["net"]).label("net"),
        )
        selects.append(_limited(query, [piece], mine))
    if [piece.source for piece in found] == [PairYear]:
        return selects[0].subquery()
    return _summed(iter(selects), f"window_{number}")


def _accounts(actor: Actor, accounts: AccountFilter) -> Select[Any] | None:
    """The accounts to look at; none: all there are."""
    if actor.sees_everything and accounts.is_empty:
        return None
    return select(Account.id).where(auth.visible_accounts(actor), accounts.condition())


def _filled(session: Session, window: Period) -> Period:
    """The window up to the end of its last year or month where nothing is booked after it: the same sums."""
    last = window.last_day
    for end in (date(last.year + 1, 1, 1), add_months(last, 1)):
        later = select(AccountDay.account_id).where(
            AccountDay.booked_on >= window.end, AccountDay.booked_on < end
        )
        if end > window.end and session.scalar(later.limit(1)) is None:
            return Period(window.start, end)
    return window


def _pieces(window: Period, number: int) -> Iterator[_Piece]:
    for part in window.cut_parts():
        yield from _days(part, number)
    whole = window.whole_months()
    if whole is None:
        return
    for year in range(whole.start.year, whole.last_day.year + 1):
        all_of_it = Period(date(year, 1, 1), date(year + 1, 1, 1))
        inside = Period(max(whole.start, all_of_it.start), min(whole.end, all_of_it.end))
        if months_between(inside.start, inside.end) <= 6:
            yield _Piece(RevenueCell, inside, 1, number)
            continue
        yield _Piece(PairYear, all_of_it, 1, number)
        for outside in _around(inside, all_of_it):
            yield _Piece(RevenueCell, outside, -1, number)


def _days(part: Period, number: int) -> Iterator[_Piece]:
    """Some days, which may lie in two months that neither is whole."""
    start = part.start
    while start < part.end:
        month = Period(first_of_month(start), add_months(start, 1))
        inside = Period(start, min(part.end, month.end))
        if 2 * inside.days <= month.days:
            yield _Piece(OrderLine, inside, 1, number)
        else:
            yield _Piece(RevenueCell, month, 1, number)
            for outside in _around(inside, month):
                yield _Piece(OrderLine, outside, -1, number)
        start = inside.end


def _around(inside: Period, whole: Period) -> Iterator[Period]:
    if whole.start < inside.start:
        yield Period(whole.start, inside.start)
    if inside.end < whole.end:
        yield Period(inside.end, whole.end)


def _selects(pieces: list[_Piece], mine: Select[Any] | None) -> Iterator[Select[Any]]:
    """What each source tells about each window, unsummed; the years of both windows are read at once."""
    years = [piece for piece in pieces if piece.source is PairYear]
    groups = [years] if years else []
    groups += [[piece] for piece in pieces if piece.source is not PairYear]
    for group in groups:
        source = group[0].source
        query = select(source.account_id, source.product_id)
        for number, when in enumerate(("then", "now")):
            factor = _factor(group, number)
            query = query.add_columns(
                *(
                    (factor * value if factor is not None else _NOTHING).label(f"{name}_{when}")
                    for name, value in _values(source).items()
                )
            )
        yield _limited(query, group, mine)


def _limited(query: Select[Any], group: list[_Piece], mine: Select[Any] | None) -> Select[Any]:
    source = group[0].source
    query = query.where(or_(*(_within(piece) for piece in group)))
    if mine is not None:
        return query.where(source.account_id.in_(mine))
    if source in (RevenueCell, ForeignMonth):
        # Their keys begin with the account: account by account the months are found, else all are read.
        return query.where(source.account_id.in_(select(Account.id)))
    return query


def _within(piece: _Piece) -> ColumnElement[bool]:
    day: ColumnElement[Any] = _day(piece.source)
    if piece.source in (PairYear, ForeignYear):
        return day == piece.span.start
    return and_(day >= piece.span.start, day < piece.span.end)


def _day(source: Any) -> Any:
    if source is OrderLine:
        return OrderLine.booked_on
    return source.year if source in (PairYear, ForeignYear) else source.month


def _factor(group: list[_Piece], number: int) -> ColumnElement[Any] | None:
    """How often a row counts in a window: once, not at all, or taken away."""
    mine = [piece for piece in group if piece.window == number]
    if not mine:
        return None
    if len(group) == 1:
        return literal_column(str(mine[0].sign), BigInteger)
    one: ColumnElement[int] = literal_column("1", BigInteger)
    return case((or_(*(_within(piece) for piece in mine)), one), else_=_NOTHING)


def _values(source: Any) -> dict[str, ColumnElement[Any]]:
    if source is OrderLine:
        returned = OrderLine.quantity < literal_column("0")
        quantity, net = _whole(OrderLine.quantity), _whole(OrderLine.net_amount)
        return {
            "quantity": case((returned, _NOTHING), else_=quantity),
            "net": case((returned, _NOTHING), else_=net),
            "returned": case((returned, net), else_=_NOTHING),
            "lines": literal_column("1", BigInteger),
        }
    return {
        "quantity": _whole(source.quantity) - _whole(source.returned_quantity),
        "net": _whole(source.net_amount) - _whole(source.returned_amount),
        "returned": _whole(source.returned_amount),
        "lines": source.lines,
    }


def _whole(column: Any) -> ColumnElement[Any]:
    return type_coerce(column, BigInteger)


def _summed(selects: Iterator[Select[Any]], name: str, *more: str) -> CTE:
    """One row a key, whichever tables answered."""
    found = list(selects)
    cells = (union_all(*found) if len(found) > 1 else found[0]).subquery()
    keys = [cells.c.account_id, cells.c.product_id, *(cells.c[one] for one in more)]
    named = {key.name for key in keys}
    sums = [func.sum(column).label(column.name) for column in cells.c if column.name not in named]
    return select(*keys, *sums).group_by(*keys).cte(name)


def _currency_shift(session: Session, actor: Actor, windows: Windows) -> CTE | None:
    """By how much a pair's amounts change when both windows are counted at the mean of their two rates.

    A window's rate is what one unit of the currency brought on average over the pair's lines of that window. A
    currency that the pair was sold in in one window only has no second rate: what it moved stays in the price.
    """
    if session.scalar(select(ForeignMonth.account_id).limit(1)) is None:
        return None
    mine = _accounts(actor, windows.accounts)
    then, now = (
        _foreign(_pieces(_filled(session, window), number), mine, number)
        for number, window in enumerate((windows.then, windows.now))
    )
    keys = ("account_id", "product_id", "currency")
    rate = {one: cast(one.c.base, Double) / cast(one.c.other, Double) for one in (then, now)}
    fine: ColumnElement[Any] = literal_column(f"{SHIFT_FINE}.0")
    half = (rate[now] - rate[then]) / literal_column("2.0")
    shifted = (cast(func.round(cast(one.c.other, Double) * half * fine), BigInteger) for one in (then, now))
    before, after = shifted
    return (
        select(
            then.c.account_id,
            then.c.product_id,
            func.sum(before).label("shift_then"),
            (-func.sum(after)).label("shift_now"),
        )
        .join_from(then, now, and_(*(now.c[key] == then.c[key] for key in keys)))
        .where(then.c.other != _NOTHING, now.c.other != _NOTHING)
        .group_by(then.c.account_id, then.c.product_id)
        .cte("rates")
    )


def _foreign(pieces: Iterator[_Piece], mine: Select[Any] | None, number: int) -> FromClause:
    """What one window sold in other currencies: the amount in the base currency and in the other one."""
    layers = {PairYear: ForeignYear, RevenueCell: ForeignMonth, OrderLine: OrderLine}
    selects, sources = [], []
    for piece in pieces:
        moved = _Piece(layers[piece.source], piece.span, piece.sign, piece.window)
        source = moved.source
        other = currency_sums.order_amount() if source is OrderLine else source.order_amount
        factor: ColumnElement[Any] = literal_column(str(piece.sign), BigInteger)
        query = select(
            source.account_id,
            source.product_id,
            type_coerce(source.currency, String).label("currency"),
            (factor * _whole(source.net_amount)).label("base"),
            (factor * _whole(other)).label("other"),
        )
        if source is OrderLine:
            query = query.where(currency_sums.is_foreign_sale())
        selects.append(_limited(query, [moved], mine))
        sources.append(source)
    if sources == [ForeignYear]:
        return selects[0].subquery()
    return _summed(iter(selects), f"foreign_{number}", "currency")
