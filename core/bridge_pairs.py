"""What is behind a step of the revenue bridge: pairs of account and product, with what they bought then and now."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, pair_parts, pair_sales, parts, price_volume_mix
from core.auth import Actor
from core.bridge import Bridge, Step
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, Product
from core.money import MONEY_SCALE, QUANTITY_SCALE, ratio
from core.packed_sums import Wholes
from core.pair_parts import SQL_FINE, Contributions
from core.pair_sales import Sold
from core.periods import Period
from core.vocabulary import Permission


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
    sold = parts.ask(session, actor, pair_sales.pairs, period, base, accounts)
    each = pair_parts.contributions(sold)
    amounts = _amounts(sold, each, step)
    wanted = amounts != 0
    if product_ids:
        wanted &= np.isin(sold.product, list(product_ids))
    places = np.flatnonzero(wanted)
    order = np.lexsort((sold.product[places], sold.account[places], -np.abs(amounts[places])))
    shown = places[order[:limit]]
    return Pairs(_rows(session, sold.only(shown), each.only(shown)), len(places))


def _amounts(sold: Sold, each: Contributions, step: Step | None) -> Wholes:
    if step is None:
        return sold.now.net + sold.now.returned - sold.then.net - sold.then.returned
    alone = ~sold.in_both
    amounts: dict[Step, Wholes] = {
        Step.PRICE: each.price,
        Step.VOLUME: each.volume,
        Step.MIX: each.compared * SQL_FINE - each.currency - each.price - each.volume,
        Step.NEW: np.where(alone, sold.now.net, 0),
        Step.LOST: np.where(alone, sold.then.net, 0),
        Step.RETURNS: sold.now.returned - sold.then.returned,
        Step.CURRENCY: each.currency,
    }
    return amounts[step]


def _rows(session: Session, sold: Sold, each: Contributions) -> tuple[Pair, ...]:
    accounts, products = (
        {
            row[0]: (row[1], row[2])
            for row in session.execute(
                select(named.id, named.code, named.name).where(named.id.in_(set(ids.tolist())))
            )
        }
        for named, ids in ((Account, sold.account), (Product, sold.product))
    )
    bridges = _bridges(sold, each)
    found = []
    for account_id, product_id, bridge, *amounts in zip(
        sold.account.tolist(), sold.product.tolist(), bridges, sold.then.quantity.tolist(), sold.now.quantity.tolist(),
        sold.then.net.tolist(), sold.now.net.tolist(), strict=True,
    ):  # fmt: skip
        before, after = (Decimal(one) / QUANTITY_SCALE for one in amounts[:2])
        then, now = (_money(one) for one in amounts[2:])
        found.append(
            Pair(
                account_id, *accounts[account_id], product_id, *products[product_id], before, after,
                ratio(then, before), ratio(now, after), bridge,
            )
        )  # fmt: skip
    return tuple(found)


def _bridges(sold: Sold, each: Contributions) -> list[Bridge]:
    then, now = sold.then, sold.now
    columns = (
        sold.in_both, then.net, now.net, then.returned, now.returned, then.lines, now.lines,
        each.compared, each.price, each.volume, each.currency,
    )  # fmt: skip
    return [_bridge(*row) for row in zip(*(one.tolist() for one in columns), strict=True)]


def _bridge(
    both: bool, net_then: int, net_now: int, returned_then: int, returned_now: int, lines_then: int, lines_now: int,
    compared: int, *fine: int,
) -> Bridge:  # fmt: skip
    price, volume, currency = (price_volume_mix.rounded(amount, SQL_FINE) for amount in fine)
    return Bridge(
        then=_money(net_then + returned_then),
        now=_money(net_now + returned_now),
        price=_money(price),
        volume=_money(volume),
        mix=_money(compared - currency - price - volume),
        new=_money(0 if both else net_now),
        lost=_money(0 if both else -net_then),
        returns=_money(returned_now - returned_then),
        currency=_money(currency),
        lines_then=lines_then,
        lines_now=lines_now,
    )


def _money(amount: int) -> Decimal:
    return Decimal(amount) / MONEY_SCALE
