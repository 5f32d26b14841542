"""Discount creep: what a change of the discount rate costs at the list prices of today.

Rate = 1 − invoice ÷ list; Pricefx's page of the same name takes list ÷ invoice − 1, which is another number. Creep =
rate now − rate then; in money × what the same was worth at list price now. Seen by account it is the change of the
average over all that the account buys, a change of what it buys included; product by product at one account it is
that of the price alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from sqlalchemy.orm import Session

from core import audit, auth, parts, revenue
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.money import ZERO, ratio, round_money
from core.periods import Period
from core.revenue import Measures
from core.vocabulary import Permission


@dataclass(frozen=True)
class CreepRow:
    """An account or a product sold in both windows."""

    id: int
    code: str
    name: str
    gross: Decimal  # now, at list price
    rate: Decimal
    rate_then: Decimal

    @property
    def points(self) -> Decimal:
        """How much the rate rose, as a share."""
        return self.rate - self.rate_then

    @property
    def amount(self) -> Decimal:
        """What that comes to at list price now; above zero is given away."""
        return round_money(self.gross * self.points)


@dataclass(frozen=True)
class Creep:
    """Whoever crept most first; what was sold in one window only has no creep and is counted apart."""

    period: Period
    base: Period
    rows: tuple[CreepRow, ...]
    left_out: int
    left_out_gross: Decimal  # their worth at list price now

    @cached_property
    def amount(self) -> Decimal:
        return sum((row.amount for row in self.rows), ZERO)

    @cached_property
    def given(self) -> Decimal:
        """What rising discounts cost, those that fell left out."""
        return sum((row.amount for row in self.rows if row.amount > 0), ZERO)


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def by_account(
    session: Session,
    actor: Actor,
    period: Period,
    base: Period | None = None,
    accounts: AccountFilter = ALL_ACCOUNTS,
) -> Creep:
    """The creep of each account's average discount; UNASSIGNED is no account."""
    auth.require(actor, Permission.REVENUE_READ)
    base = base or period.shifted(-12)
    now, then = (
        {
            (row.account_id, row.code, row.name): row.measures
            for row in revenue.by_account(session, actor, window, accounts)
            if not row.is_unassigned
        }
        for window in (period, base)
    )
    return _between(period, base, now, then)


@parts.of_its_accounts
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def by_product(
    session: Session,
    actor: Actor,
    period: Period,
    base: Period | None = None,
    accounts: AccountFilter = ALL_ACCOUNTS,
) -> Creep:
    """The creep of each product's average discount; with one account in the filter, account by product."""
    auth.require(actor, Permission.REVENUE_READ)
    base = base or period.shifted(-12)
    now, then = (
        {
            (row.product_id, row.code, row.name): row.measures
            for row in revenue.by_product(session, actor, window, accounts)
        }
        for window in (period, base)
    )
    return _between(period, base, now, then)


Sums = dict[tuple[int, str, str], Measures]


def _between(period: Period, base: Period, now: Sums, then: Sums) -> Creep:
    rows, left_out = [], []
    for key, sums in now.items():
        row = creep_of(key, sums, then.get(key))
        if row is None:
            left_out.append(sums.gross)
        else:
            rows.append(row)
    return Creep(period, base, _ranked(rows), len(left_out), sum(left_out, ZERO))


def _ranked(rows: Iterable[CreepRow]) -> tuple[CreepRow, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.amount, row.code)))


def creep_of(key: tuple[int, str, str], now: Measures, then: Measures | None) -> CreepRow | None:
    """None where one of the windows has nothing above zero at list price."""
    if then is None or now.gross <= 0 or then.gross <= 0:
        return None
    rate, rate_then = ratio(now.discount, now.gross), ratio(then.discount, then.gross)
    if rate is None or rate_then is None:
        return None
    return CreepRow(*key, now.gross, rate, rate_then)
