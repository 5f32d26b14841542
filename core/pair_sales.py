"""What each account bought of each product in two windows, side by side: quantities, amounts, rates.

A pair is *sold* in a window where its quantity without returns is above zero. Order lines of quantity zero count with
their amount but make no sale; free goods are a sale at price zero; a negative price counts as it is. Amounts are in
ten-thousandths of the base currency, quantities in thousandths, as the store keeps them.

Whole years and months are read from the packed sums, the days of months that a window cuts from the lines; of a year
or a month the smaller part is read, and where that is the part outside the window it is taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import BigInteger, ColumnElement, Select, cast, literal_column, select, type_coerce
from sqlalchemy.orm import Session

from core import audit, auth, currency_sums, db, packed_sums, parts
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import (
    Account,
    AccountDay,
    OrderLine,
    PackedMonth,
    PackedYear,
    Product,
)
from core.packed_sums import FOREIGN, SALES, Kind, Wholes
from core.periods import Period, add_months
from core.sum_pieces import Layers, Piece
from core.vocabulary import Permission

SHIFT_FINE = 1_000
_LAYERS = Layers(PackedMonth, PackedYear)
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """One window of every pair, without returns but for `returned` and `lines`."""

    quantity: Wholes
    net: Wholes
    returned: Wholes  # their amount
    lines: Wholes

    def only(self, which: Any) -> Side:
        return Side(self.quantity[which], self.net[which], self.returned[which], self.lines[which])

    def with_more(self, other: Side) -> Side:
        return Side(*(np.concatenate(both) for both in zip(_columns(self), _columns(other), strict=True)))


@dataclass(frozen=True)
class Sold:
    """Every pair with an order line in either window, by account and product; one place of each column a pair.

    The shifts are what brings the amounts to one rate for both windows where they were in another currency, in
    thousandths of the amounts' unit; they are known of pairs sold in both.
    """

    account: Wholes
    product: Wholes
    unit: Wholes  # 0: none
    then: Side
    now: Side
    shift_then: Wholes
    shift_now: Wholes

    @property
    def in_both(self) -> npt.NDArray[np.bool_]:
        """Which pairs are compared: sold then and now."""
        return (self.then.quantity > 0) & (self.now.quantity > 0)

    def with_more(self, other: Sold) -> Sold:
        """These pairs, then those of other accounts."""
        columns: list[Any] = [
            one.with_more(more) if isinstance(one, Side) else np.concatenate((one, more))
            for one, more in zip(_columns(self), _columns(other), strict=True)
        ]
        return Sold(*columns)

    def only(self, which: Any) -> Sold:
        """The pairs of some places."""
        return Sold(
            self.account[which], self.product[which], self.unit[which], self.then.only(which), self.now.only(which),
            self.shift_then[which], self.shift_now[which],
        )  # fmt: skip


def _columns(one: Any) -> tuple[Any, ...]:
    return tuple(getattr(one, field.name) for field in fields(one))


@dataclass(frozen=True)
class _Cells:
    """Keys of some cells, and their measures by column."""

    keys: tuple[Wholes, ...]
    columns: tuple[Wholes, ...]


def _joined(old: Sold, new: Sold, account_ids: frozenset[int]) -> Sold:
    return old.only(~np.isin(old.account, list(account_ids))).with_more(new)


@parts.by_account(_joined, is_large=True)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def pairs(
    session: Session, actor: Actor, period: Period, base: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> Sold:
    """What was sold of each pair in the period (now) and in the base window (then)."""
    auth.require(actor, Permission.REVENUE_READ)
    mine = _accounts(actor, accounts)
    pieces = [list(_LAYERS.pieces(_filled(session, window))) for window in (base, period)]
    sides = [[_sales(session, piece, mine) for piece in some] for some in pieces]
    (account, product), then, now = _together(sides, 2, 4)
    known = then[3] != 0
    known |= now[3] != 0
    sold = Sold(
        account, product, _units(session, product), Side(*then), Side(*now),
        np.zeros_like(account), np.zeros_like(account),
    )  # fmt: skip
    return _at_one_rate(session, pieces, mine, sold.only(known))


def summed(keys: Sequence[Wholes], columns: Sequence[Wholes]) -> tuple[list[Wholes], list[Wholes]]:
    """Columns added up by their keys: the keys in order, each once, and the sums."""
    if not len(keys[0]):
        return list(keys), list(columns)
    order = np.lexsort(tuple(keys)[::-1])
    ordered = [key[order] for key in keys]
    first = np.ones(len(order), dtype=bool)
    first[1:] = False
    for key in ordered:
        first[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(first)
    return [key[starts] for key in ordered], [np.add.reduceat(column[order], starts) for column in columns]


def rounded(values: Doubles) -> Wholes:
    """Whole numbers, half away from zero."""
    return np.trunc(values + np.copysign(0.5, values)).astype(np.int64)


def _together(
    sides: Sequence[Sequence[_Cells]], key_count: int, width: int
) -> tuple[list[Wholes], list[Wholes], list[Wholes]]:
    """The keys of both windows, and what each window has of them."""
    cells = [one for side in sides for one in side]
    if not cells:
        nothing = [np.zeros(0, dtype=np.int64)] * max(key_count, width)
        return nothing[:key_count], nothing[:width], nothing[:width]
    bases = [1 + max(int(one.keys[place].max(initial=0)) for one in cells) for place in range(1, key_count)]

    def joined(one: _Cells) -> Wholes:
        number = one.keys[0]
        for key, base in zip(one.keys[1:], bases, strict=True):
            number = number * base + key
        return number

    numbers = {id(one): joined(one) for one in cells}
    every = _each_once(np.concatenate(list(numbers.values())))
    found = []
    for side in sides:
        sums = [np.zeros(len(every), dtype=np.int64) for _ in range(width)]
        for one in side:
            places = np.searchsorted(every, numbers[id(one)])
            for total, column in zip(sums, one.columns, strict=True):
                np.add.at(total, places, column)
        found.append(sums)
    keys = []
    for base in reversed(bases):
        keys.append(every % base)
        every = every // base
    return [every, *reversed(keys)], found[0], found[1]


def _each_once(numbers: Wholes) -> Wholes:
    """In order; sorting is several times as fast as what numpy's own function does."""
    ordered: Wholes = np.sort(numbers)
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    found: Wholes = ordered[first]
    return found


def _sales(session: Session, piece: Piece, mine: Select[Any] | None) -> _Cells:
    if piece.source is OrderLine:
        columns = (OrderLine.account_id, OrderLine.product_id, OrderLine.quantity, OrderLine.net_amount)
        account, product, quantity, net = _lines(session, piece, mine, columns)
        back = quantity < 0
        values = (
            np.where(back, 0, quantity), np.where(back, 0, net), np.where(back, net, 0),
            np.ones_like(account),
        )  # fmt: skip
        return _Cells((account, product), tuple(piece.sign * value for value in values))
    account, cells = _packed(session, piece, mine, SALES)
    quantity, net, returned_quantity, returned, lines = (
        cells[:, SALES.place(name)]
        for name in ("quantity", "net_amount", "returned_quantity", "returned_amount", "lines")
    )
    values = (quantity - returned_quantity, net - returned, returned, lines)
    return _Cells((account, cells[:, 0]), tuple(piece.sign * value for value in values))


def _foreign(session: Session, piece: Piece, mine: Select[Any] | None) -> _Cells:
    """Sales in other currencies: the amount in the base currency and in the other one."""
    if piece.source is OrderLine:
        other = cast(currency_sums.order_amount(), BigInteger)
        columns = (
            OrderLine.account_id,
            OrderLine.product_id,
            OrderLine.currency,
            OrderLine.net_amount,
            other,
        )
        account, product, currency, *values = _lines(
            session, piece, mine, columns, currency_sums.is_foreign_sale()
        )
        return _Cells((account, product, currency), tuple(piece.sign * value for value in values))
    account, cells = _packed(session, piece, mine, FOREIGN)
    base, other_amount = (
        piece.sign * cells[:, FOREIGN.place(name)] for name in ("net_amount", "order_amount")
    )
    return _Cells((account, cells[:, 0], cells[:, 1]), (base, other_amount))


def _packed(session: Session, piece: Piece, mine: Select[Any] | None, kind: Kind) -> tuple[Wholes, Wholes]:
    """The account of each packed cell, and the cells."""
    layer: Any = kind.by_year if piece.source is PackedYear else kind.by_month
    query = select(layer.account_id, layer.cells).where(
        layer.start >= piece.span.start, layer.start < piece.span.end
    )
    if mine is not None:
        query = query.where(layer.account_id.in_(mine))
    rows = db.rows(session, query)
    ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    cells = [row[1] for row in rows]
    return np.repeat(ids, packed_sums.sizes(cells, kind)), packed_sums.unpacked(cells, kind)


def _lines(
    session: Session,
    piece: Piece,
    mine: Select[Any] | None,
    columns: Sequence[Any],
    *where: ColumnElement[bool],
) -> list[Wholes]:
    """The order lines of some days; a currency as its number."""
    whole = [one if one is OrderLine.currency else type_coerce(one, BigInteger) for one in columns]
    query = select(*whole).where(
        OrderLine.booked_on >= piece.span.start, OrderLine.booked_on < piece.span.end, *where
    )
    if mine is not None:
        # Written so that the days are looked up, not every line of every account.
        query = query.where((OrderLine.account_id + literal_column("0")).in_(mine))
    rows = db.rows(session, query)
    if any(one is OrderLine.currency for one in columns):
        numbers = {code: packed_sums.currency_number(code) for code in {row[2] for row in rows}}
        rows = [(*row[:2], numbers[row[2]], *row[3:]) for row in rows]
    count = len(columns) * len(rows)
    found = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=count).reshape(-1, len(columns))
    return list(found.T)


def _units(session: Session, product: Wholes) -> Wholes:
    known: dict[int, int | None] = {
        row[0]: row[1] for row in session.execute(select(Product.id, Product.unit_id))
    }
    ids = _each_once(product)
    units = np.array([known.get(one) or 0 for one in ids.tolist()], dtype=np.int64)
    return units[np.searchsorted(ids, product)]


def _at_one_rate(
    session: Session, pieces: Sequence[Sequence[Piece]], mine: Select[Any] | None, sold: Sold
) -> Sold:
    """By how much a pair's amounts change when both windows are counted at the mean of their two rates.

    A window's rate is what one unit of the currency brought on average over the pair's lines of that window. A
    currency that the pair was sold in in one window only has no second rate: what it moved stays in the price.
    """
    sides = [[_foreign(session, piece, mine) for piece in some] for some in pieces]
    every = [one.keys[2] for side in sides for one in side]
    currencies = _each_once(np.concatenate(every or [sold.account[:0]]))
    if not len(currencies):
        return sold
    numbered = [
        [_Cells((*one.keys[:2], np.searchsorted(currencies, one.keys[2])), one.columns) for one in side]
        for side in sides
    ]
    (account, product, _currency), then, now = _together(numbered, 3, 2)
    known = (then[1] != 0) & (now[1] != 0)
    base_then, other_then, base_now, other_now = (
        one[known].astype(np.float64) for one in (then[0], then[1], now[0], now[1])
    )
    half = (base_now / other_now - base_then / other_then) / 2.0
    before, after = (rounded(other * half * float(SHIFT_FINE)) for other in (other_then, other_now))
    shifts = _Cells((account[known], product[known]), (before, -after))
    pairs_of_all = _Cells((sold.account, sold.product), (np.zeros_like(sold.account),) * 2)
    _keys, sums, _none = _together([[pairs_of_all, shifts], []], 2, 2)
    if len(sums[0]) != len(sold.account):
        raise AssertionError("a sale in another currency without its pair")
    both = sold.in_both
    return Sold(
        sold.account, sold.product, sold.unit, sold.then, sold.now,
        np.where(both, sums[0], 0), np.where(both, sums[1], 0),
    )  # fmt: skip


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
