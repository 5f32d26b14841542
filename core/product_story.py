"""The story of a product: who buys it and who stopped, at which price against list, and how it is delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from sqlalchemy.orm import Session

from core import accounts, audit, auth, delivery, measures, product_prices, products, revenue
from core.accounts import AccountRow
from core.auth import Actor
from core.delivery import Service
from core.filters import ALL_ACCOUNTS, AccountFilter, LineFilter
from core.money import ratio
from core.periods import Period
from core.portfolio import MonthOfPortfolio, shown_months
from core.revenue import Dimension, Measures
from core.vocabulary import Permission


@dataclass(frozen=True)
class ProductStanding:
    """A product in a list: what it brings among the visible accounts, and what it lists for today."""

    product_id: int
    code: str
    name: str
    category: str | None
    now: Measures
    year_ago: Measures
    list_price: Decimal | None

    @property
    def growth(self) -> Decimal | None:
        if self.year_ago.net <= 0:
            return None
        return ratio(self.now.net - self.year_ago.net, self.year_ago.net)


@dataclass(frozen=True)
class Buyer:
    """An account that buys the product, or did a year ago."""

    account_id: int
    code: str
    name: str
    now: Measures
    year_ago: Measures

    @property
    def change(self) -> Decimal:
        return self.now.net - self.year_ago.net

    @property
    def has_stopped(self) -> bool:
        """Bought last year and not now: last year's revenue is at stake."""
        return self.year_ago.net > 0 and self.now.net <= 0

    @property
    def price(self) -> Decimal | None:
        """Net price of one unit on average, returns included; None where nothing is left of them."""
        return ratio(self.now.net, self.now.quantity) if self.now.quantity > 0 else None

    @property
    def listed(self) -> Decimal | None:
        """List price of one unit on average over the same lines."""
        return ratio(self.now.gross, self.now.quantity) if self.now.quantity > 0 else None


@dataclass(frozen=True)
class Spread:
    """The prices that accounts paid for one unit."""

    lowest: Decimal
    middle: Decimal
    highest: Decimal


@dataclass(frozen=True)
class ProductStory:
    """What the Products page shows of one product."""

    total: Measures
    year_ago: Measures
    buyers: tuple[Buyer, ...]  # the greatest now first
    months: tuple[MonthOfPortfolio, ...]
    deliveries: tuple[tuple[date, Service], ...]  # by month
    service: Service
    service_year_ago: Service

    @property
    def active(self) -> list[Buyer]:
        return [buyer for buyer in self.buyers if buyer.now.net > 0]

    @property
    def stopped(self) -> list[Buyer]:
        """Who stopped, the greatest value at stake first."""
        return sorted((one for one in self.buyers if one.has_stopped), key=lambda one: -one.year_ago.net)


def spread(buyers: Sequence[Buyer]) -> Spread | None:
    """Lowest, median and highest price paid; None where nobody bought."""
    prices = sorted(buyer.price for buyer in buyers if buyer.price is not None)
    return Spread(prices[0], Decimal(median(prices)), prices[-1]) if prices else None


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def standings(
    session: Session, actor: Actor, period: Period, chosen: AccountFilter = ALL_ACCOUNTS, *, day: date
) -> list[ProductStanding]:
    """Every product, those that bring most first; a product that nobody bought has sums of zero."""
    auth.require(actor, Permission.REVENUE_READ)
    now, year_ago = (
        revenue.by(session, actor, span, Dimension.PRODUCT, accounts=chosen)
        for span in (period, period.shifted(-12))
    )
    listed = product_prices.list_prices_on(session, actor, day)
    nothing = measures.nothing(sees_cost=actor.sees_cost)
    found = [
        ProductStanding(
            row.id, row.code, row.name, row.category,
            now.get((row.id,), nothing), year_ago.get((row.id,), nothing), listed.get(row.id),
        )
        for row in products.search(session, actor)
    ]  # fmt: skip
    return sorted(found, key=lambda row: (-row.now.net, -row.year_ago.net, row.code))


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target")
def story(
    session: Session,
    actor: Actor,
    product_id: int,
    period: Period,
    chosen: AccountFilter = ALL_ACCOUNTS,
    *,
    fiscal_month: int = 1,
    day: date,
) -> ProductStory:
    """One product among the accounts that the actor sees."""
    auth.require(actor, Permission.REVENUE_READ)
    product = products.access(session, actor, product_id)
    one = LineFilter(product_ids=frozenset({product.id}))
    now, year_ago = (
        revenue.by(session, actor, span, Dimension.ACCOUNT, accounts=chosen, sold=one)
        for span in (period, period.shifted(-12))
    )
    nothing = measures.nothing(sees_cost=actor.sees_cost)
    known = accounts.find(session, actor, [key for (key,) in {**now, **year_ago}])
    buyers = [
        _buyer(row, now.get((row.id,), nothing), year_ago.get((row.id,), nothing)) for row in known.values()
    ]
    deliveries = delivery.by(session, actor, period, Dimension.MONTH, accounts=chosen, sold=one)
    return ProductStory(
        total=sum(now.values(), nothing),
        year_ago=sum(year_ago.values(), nothing),
        buyers=tuple(sorted(buyers, key=lambda buyer: (-buyer.now.net, -buyer.year_ago.net, buyer.code))),
        months=_months(session, actor, shown_months(period, fiscal_month), chosen, one, day),
        deliveries=tuple(sorted((month, service) for (month,), service in deliveries.items())),
        service=sum(deliveries.values(), Service()),
        service_year_ago=delivery.totals(session, actor, period.shifted(-12), chosen, one),
    )


def _buyer(row: AccountRow, now: Measures, year_ago: Measures) -> Buyer:
    return Buyer(row.id, row.code, row.name, now, year_ago)


def _months(
    session: Session, actor: Actor, shown: Period, chosen: AccountFilter, one: LineFilter, day: date
) -> tuple[MonthOfPortfolio, ...]:
    now, year_ago = (
        revenue.by_month(session, actor, span, chosen, one) for span in (shown, shown.shifted(-12))
    )
    return tuple(
        MonthOfPortfolio(month, sums.net if month <= day else None, before.net, None)
        for (month, sums), before in zip(now.items(), year_ago.values(), strict=True)
    )
