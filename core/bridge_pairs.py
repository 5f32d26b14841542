"""What is behind a step of the revenue bridge: pairs of account and product, with what they bought then and now."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, func, literal_column, select
from sqlalchemy.orm import Session

from core import auth, pair_parts, pair_sales, price_volume_mix
from core.auth import Actor
from core.bridge import Bridge, Step
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, Product
from core.money import MONEY_SCALE, QUANTITY_SCALE, ratio
from core.pair_sales import Windows
from core.periods import Period
from core.vocabulary import Permission

_NOTHING: ColumnElement[int] = literal_column("0", BigInteger)


@dataclass(frozen=True)
class Pair:
    """One account's purchases of one product then and now, returns left out of quantities and prices."""

    account_id: int
    account_code: str
    account_name: str
    product_id: int
    product_code: str
    product_name: str
    quantity_then: Decimal
    quantity_now: Decimal
    price_then: Decimal | None  # net, per unit, base currency; none: not sold then
    price_now: Decimal | None
    bridge: Bridge  # rounded by itself: many pairs need not add up to their total to the last decimal


@dataclass(frozen=True)
class Pairs:
    """The pairs that moved a step most, and how many there are."""

    rows: tuple[Pair, ...]
    count: int


def search(
    session: Session,
    actor: Actor,
    period: Period,
    base: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    product_ids: frozenset[int] = frozenset(),
    step: Step | None = None,
    limit: int = 200,
) -> Pairs:
    """The pairs behind a step, or behind the whole change, those that moved it most first."""
    auth.require(actor, Permission.REVENUE_READ)
    each = pair_parts.contributions(pair_sales.pairs(session, actor, Windows(period, base, accounts))).c
    amount = _amount(each, step)
    query = _named(each).where(amount != _NOTHING)
    if product_ids:
        query = query.where(each.product_id.in_(product_ids))
    ordered = query.order_by(func.abs(amount).desc(), each.account_id, each.product_id).limit(limit)
    rows = session.execute(ordered).all()
    return Pairs(tuple(_pair(row) for row in rows), rows[0].found if rows else 0)


def _named(each: Any) -> Select[Any]:
    return (
        select(
            *each,
            func.count().over().label("found"),
            Account.code.label("account_code"),
            Account.name.label("account_name"),
            Product.code.label("product_code"),
            Product.name.label("product_name"),
        )
        .join_from(Account, Product, literal_column("1") == literal_column("1"))
        .where(Account.id == each.account_id, Product.id == each.product_id)
    )


def _amount(each: Any, step: Step | None) -> ColumnElement[Any]:
    both = pair_parts.sold_in_both(each)
    fine = literal_column(str(pair_parts.SQL_FINE), BigInteger)
    amounts: dict[Step, Any] = {
        Step.PRICE: each.price,
        Step.VOLUME: each.volume,
        Step.MIX: each.compared * fine - each.currency - each.price - each.volume,
        Step.NEW: case((both, _NOTHING), else_=each.net_now),
        Step.LOST: case((both, _NOTHING), else_=each.net_then),
        Step.RETURNS: each.returned_now - each.returned_then,
        Step.CURRENCY: each.currency,
    }
    if step is None:
        change: ColumnElement[Any] = each.net_now + each.returned_now - each.net_then - each.returned_then
        return change
    found: ColumnElement[Any] = amounts[step]
    return found


def _pair(row: Any) -> Pair:
    quantity_then, quantity_now = (
        Decimal(one) / QUANTITY_SCALE for one in (row.quantity_then, row.quantity_now)
    )
    then, now = _money(row.net_then), _money(row.net_now)
    return Pair(
        row.account_id,
        row.account_code,
        row.account_name,
        row.product_id,
        row.product_code,
        row.product_name,
        quantity_then,
        quantity_now,
        ratio(then, quantity_then),
        ratio(now, quantity_now),
        _bridge(row),
    )


def _bridge(row: Any) -> Bridge:
    both = row.quantity_then > 0 and row.quantity_now > 0
    price, volume, currency = (
        price_volume_mix.rounded(int(amount), pair_parts.SQL_FINE)
        for amount in (row.price, row.volume, row.currency)
    )
    return Bridge(
        then=_money(row.net_then + row.returned_then),
        now=_money(row.net_now + row.returned_now),
        price=_money(price),
        volume=_money(volume),
        mix=_money(int(row.compared) - currency - price - volume),
        new=_money(0 if both else row.net_now),
        lost=_money(0 if both else -row.net_then),
        returns=_money(row.returned_now - row.returned_then),
        currency=_money(currency),
        lines_then=int(row.lines_then),
        lines_now=int(row.lines_now),
    )


def _money(amount: Any) -> Decimal:
    return Decimal(int(amount)) / MONEY_SCALE
