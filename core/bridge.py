"""The revenue bridge: what moved net revenue from one window to another, in seven parts that add up to the change.

`new` and `lost` are pairs of account and product without a sale in the other window; `returns` is the change of the
lines with negative quantity, which the other parts leave out; price, volume and mix are taken within each account and
unit over the pairs sold in both windows (`core.price_volume_mix`), UNASSIGNED being one account. `currency` is what
exchange rates moved on these pairs: both windows are first counted at the mean of their two rates, and the difference
to what was booked is the currency part, so that it turns its sign with the windows like the others.

Parts are worked out in whole millionths and rounded once, at the total; accounts and products share the rounded total
out, so that every level adds up to the last ten-thousandth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, pair_parts, pair_sales, parts, price_volume_mix
from core.audit import Subject
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.measures import Measures
from core.models import Account, Category, Product
from core.money import MONEY_SCALE, ZERO
from core.packed_sums import Wholes
from core.pair_parts import SQL_FINE
from core.pair_sales import Sold
from core.periods import Period
from core.price_volume_mix import FINE, Sums
from core.vocabulary import Permission

_STEP = FINE // SQL_FINE


class Step(StrEnum):
    """The steps from then to now, in the order they are shown in."""

    PRICE = "price"
    VOLUME = "volume"
    MIX = "mix"
    NEW = "new"
    LOST = "lost"
    RETURNS = "returns"
    CURRENCY = "currency"


@dataclass(frozen=True)
class Bridge:
    """Net revenue then and now, and what lies between; all amounts in the base currency."""

    then: Decimal = ZERO
    now: Decimal = ZERO
    price: Decimal = ZERO
    volume: Decimal = ZERO
    mix: Decimal = ZERO
    new: Decimal = ZERO
    lost: Decimal = ZERO
    returns: Decimal = ZERO
    currency: Decimal = ZERO
    lines_then: int = 0
    lines_now: int = 0

    @property
    def change(self) -> Decimal:
        return self.now - self.then

    @property
    def parts(self) -> dict[Step, Decimal]:
        """The seven steps; they add up to the change."""
        return {step: getattr(self, step.value) for step in Step}


@dataclass(frozen=True)
class Moved:
    """An account or a product with its own bridge."""

    id: int
    code: str
    name: str
    group: str | None  # a product's category; none: an account, or a product without one
    bridge: Bridge


@dataclass(frozen=True)
class Board:
    """The bridge of everything that is looked at, and of each account."""

    total: Bridge
    accounts: tuple[Moved, ...]  # the greatest change first
    price_at_then: Decimal = ZERO  # what a sequential method calls price: at the quantities of then
    price_at_now: Decimal = ZERO  # … at the quantities of now


@dataclass
class _Row:
    """Whole ten-thousandths; price, volume and currency × FINE."""

    then: int = 0
    now: int = 0
    price: int = 0
    volume: int = 0
    compared: int = 0  # price, volume, mix and currency together
    new: int = 0
    lost: int = 0
    returns: int = 0
    currency: int = 0
    price_at_then: int = 0  # × FINE
    price_at_now: int = 0  # × FINE
    lines_then: int = 0
    lines_now: int = 0


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def between(
    session: Session, actor: Actor, period: Period, base: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> Bridge:
    """What moved net revenue from the base window to the period, over all that the actor may see."""
    auth.require(actor, Permission.REVENUE_READ)
    return _bridges(parts.ask(session, actor, _moved, period, base, accounts))[0]


def change_of(then: Measures, now: Measures) -> Bridge:
    """Net revenue then and now of sums that were read already; its steps are not told apart."""
    return Bridge(then.net, now.net, lines_then=then.lines, lines_now=now.lines)


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def board(
    session: Session, actor: Actor, period: Period, base: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> Board:
    """The same together with the bridge of each account, which add up to it part by part."""
    auth.require(actor, Permission.REVENUE_READ)
    each = parts.ask(session, actor, _moved, period, base, accounts)
    total, found = _bridges(each)
    known = session.execute(
        select(Account.id, Account.code, Account.name).where(
            auth.visible_accounts(actor), accounts.condition()
        )
    )
    rows = [Moved(*row, group=None, bridge=found[row[0]]) for row in known if row[0] in found]
    at_then, at_now = (
        _money(price_volume_mix.rounded(sum(getattr(row, name) for row in each.values()), FINE))
        for name in ("price_at_then", "price_at_now")
    )
    return Board(total, _greatest_first(rows), at_then, at_now)


def by_account(
    session: Session, actor: Actor, period: Period, base: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> tuple[Moved, ...]:
    """Every account with an order line in either window, the greatest change first."""
    return board(session, actor, period, base, accounts).accounts


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def by_product(
    session: Session, actor: Actor, period: Period, base: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> tuple[Moved, ...]:
    """Every product with an order line in either window, the greatest change first.

    A product's volume is what it would have moved had its account bought proportionately more or less of
    everything; its mix is what it gained or lost of its account's volume.
    """
    auth.require(actor, Permission.REVENUE_READ)
    sold = parts.ask(session, actor, pair_sales.pairs, period, base, accounts)
    each = pair_parts.contributions(sold)
    rows = _sold(sold, sold.product)
    keys, sums = pair_sales.summed((sold.product,), (each.price, each.volume, each.currency))
    for product_id, price, volume, currency in zip(
        keys[0].tolist(), *(one.tolist() for one in sums), strict=True
    ):
        row = rows[product_id]
        row.price, row.volume, row.currency = price * _STEP, volume * _STEP, currency * _STEP
    found = _bridges(rows)[1]
    known = session.execute(
        select(Product.id, Product.code, Product.name, Category.name).join(
            Category, Category.id == Product.category_id, isouter=True
        )
    )
    return _greatest_first([Moved(*row, bridge=found[row[0]]) for row in known if row[0] in found])


def _greatest_first(rows: Iterable[Moved]) -> tuple[Moved, ...]:
    return tuple(sorted(rows, key=lambda row: (-abs(row.bridge.change), row.code)))


def _bridges(rows: Mapping[int, _Row]) -> tuple[Bridge, dict[int, Bridge]]:
    """The total, and each row with what is its own of the rounded total."""
    prices, volumes, rates = (
        price_volume_mix.shared_out({key: getattr(row, name) for key, row in rows.items()})
        for name in ("price", "volume", "currency")
    )
    each = {key: _bridge(row, prices[key], volumes[key], rates[key]) for key, row in rows.items()}
    columns = zip(*(vars(row).values() for row in rows.values()), strict=True)
    whole = _Row(*map(sum, columns))
    return _bridge(whole, sum(prices.values()), sum(volumes.values()), sum(rates.values())), each


def _bridge(row: _Row, price: int, volume: int, currency: int) -> Bridge:
    return Bridge(
        then=_money(row.then),
        now=_money(row.now),
        price=_money(price),
        volume=_money(volume),
        mix=_money(row.compared - price - volume - currency),
        new=_money(row.new),
        lost=_money(row.lost),
        returns=_money(row.returns),
        currency=_money(currency),
        lines_then=row.lines_then,
        lines_now=row.lines_now,
    )


def _money(amount: int) -> Decimal:
    return Decimal(amount) / MONEY_SCALE


@parts.by_account(parts.joined_by_id)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def _moved(
    session: Session, actor: Actor, period: Period, base: Period, accounts: AccountFilter
) -> dict[int, _Row]:
    """What every account moved, before anything is rounded."""
    return _accounts(parts.ask(session, actor, pair_sales.pairs, period, base, accounts))


def _accounts(sold: Sold) -> dict[int, _Row]:
    """What every account moved: the pairs are added up, the rule is applied to each account and unit."""
    found = _sold(sold, sold.account)
    both = sold.only(sold.in_both)
    then, now = pair_parts.crossed(both)
    columns = (
        both.then.quantity, both.now.quantity, both.then.net, both.now.net, both.shift_then, both.shift_now,
        # In two pieces, so that the sum of many large amounts stays within 64 bits.
        then // SQL_FINE, then % SQL_FINE, now // SQL_FINE, now % SQL_FINE,
    )  # fmt: skip
    (accounts, _units), sums = pair_sales.summed((both.account, both.unit), columns)
    for account_id, *row in zip(accounts.tolist(), *(one.tolist() for one in sums), strict=True):
        _compare(found[account_id], _Unit(*row))
    return found


def _sold(sold: Sold, key: Wholes) -> dict[int, _Row]:
    """What each account or product sold and took back in the two windows, and what of it was new or lost."""
    nothing, both = np.zeros_like(key), sold.in_both
    then, now = (side.net for side in (sold.then, sold.now))
    columns = (
        then + sold.then.returned, now + sold.now.returned,
        np.where(both, now - then, nothing), np.where(both, nothing, now), np.where(both, nothing, -then),
        sold.now.returned - sold.then.returned, sold.then.lines, sold.now.lines,
    )  # fmt: skip
    keys, sums = pair_sales.summed((key,), columns)
    names = ("then", "now", "compared", "new", "lost", "returns", "lines_then", "lines_now")
    rows = zip(*(one.tolist() for one in sums), strict=True)
    return {
        one: _Row(**dict(zip(names, row, strict=True)))
        for one, row in zip(keys[0].tolist(), rows, strict=True)
    }


class _Unit(NamedTuple):
    """One unit of an account: its products that were sold in both windows."""

    volume_then: int
    volume_now: int
    net_then: int
    net_now: int
    shift_then: int
    shift_now: int
    crossed_then: int
    crossed_then_rest: int
    crossed_now: int
    crossed_now_rest: int


def _compare(row: _Row, both: _Unit) -> None:
    then = both.net_then * FINE + both.shift_then * _STEP
    now = both.net_now * FINE + both.shift_now * _STEP
    repriced = both.crossed_then * FINE + both.crossed_then_rest * _STEP
    undone = both.crossed_now * FINE + both.crossed_now_rest * _STEP
    moved = price_volume_mix.parts(Sums(both.volume_then, both.volume_now, then, now, repriced, undone))
    row.price_at_then += repriced - then
    row.price_at_now += now - undone
    row.currency += (both.shift_then - both.shift_now) * _STEP
    row.price += moved.price
    row.volume += moved.volume


def record_export(session: Session, actor: Actor, rows: int, asked: Mapping[str, str]) -> None:
    """Note who took which bridge out, and how many rows."""
    auth.require(actor, Permission.DATA_EXPORT)
    changes = {"rows": (None, rows), **{name: (None, value) for name, value in asked.items()}}
    audit.record(session, actor, "export:bridge", Subject("export", "bridge", "bridge"), changes)
