"""The story of one account: what it buys and no longer buys, how its mix shifts, what it pays against list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from core import accounts, audit, measures, revenue, targets
from core.auth import Actor
from core.filters import AccountFilter, LineFilter
from core.money import ZERO, ratio
from core.periods import Period
from core.portfolio_tiles import Part, Tile, discount_rate, margin, net_revenue, price_realisation
from core.revenue import Dimension, Measures, ProductRevenue


@dataclass(frozen=True)
class ProductStory:
    """A product at this account, now and in the periods it is compared with."""

    product_id: int
    code: str
    name: str
    category: str | None
    now: Measures
    before: Measures
    year_ago: Measures

    @property
    def change(self) -> Decimal:
        return self.now.net - self.year_ago.net

    @property
    def is_lost(self) -> bool:
        """Bought last year and not now: last year's revenue is at stake."""
        return self.year_ago.net > 0 and not self.now.lines

    @property
    def is_new(self) -> bool:
        return self.now.net > 0 and not self.year_ago.lines


@dataclass(frozen=True)
class CategoryShare:
    """A product category's part of the account's revenue, now and last year."""

    name: str | None  # none: products without a category
    now: Decimal
    year_ago: Decimal
    share: Decimal | None
    year_ago_share: Decimal | None

    @property
    def shift(self) -> Decimal | None:
        if self.share is None or self.year_ago_share is None:
            return None
        return self.share - self.year_ago_share


@dataclass(frozen=True)
class PricePoint:
    """What one unit cost the account in a month, returns included, against the list price of the same lines."""

    month: date
    quantity: Decimal
    paid: Decimal | None
    listed: Decimal | None


def products(session: Session, actor: Actor, account_id: int, period: Period) -> list[ProductStory]:
    """Every product of the period and of those it is compared with, the greatest now first."""
    one = _only(session, actor, account_id)
    sides = [
        {row.product_id: row for row in revenue.by_product(session, actor, span, one)}
        for span in (period, period.previous(), period.shifted(-12))
    ]
    known: dict[int, ProductRevenue] = {key: row for side in reversed(sides) for key, row in side.items()}
    nothing = measures.nothing(sees_cost=actor.sees_cost)
    stories = [
        ProductStory(
            key,
            row.code,
            row.name,
            row.category,
            *(side[key].measures if key in side else nothing for side in sides),
        )
        for key, row in known.items()
    ]
    return sorted(stories, key=lambda story: (-story.now.net, -story.year_ago.net, story.code))


def _only(session: Session, actor: Actor, account_id: int) -> AccountFilter:
    accounts.access(session, actor, account_id)
    return AccountFilter(account_ids=frozenset({account_id}))


def mix(stories: Iterable[ProductStory]) -> list[CategoryShare]:
    """The categories' shares of revenue, the greatest now first."""
    sums: dict[str | None, tuple[Decimal, Decimal]] = {}
    for story in stories:
        now, then = sums.get(story.category, (ZERO, ZERO))
        sums[story.category] = (now + story.now.net, then + story.year_ago.net)
    total = sum((now for now, _ in sums.values()), ZERO)
    total_then = sum((then for _, then in sums.values()), ZERO)
    found = [
        CategoryShare(
            name,
            now,
            then,
            ratio(now, total) if total > 0 else None,
            ratio(then, total_then) if total_then > 0 else None,
        )
        for name, (now, then) in sums.items()
    ]
    return sorted(found, key=lambda row: (-row.now, -row.year_ago, row.name or ""))


def lost(stories: Iterable[ProductStory]) -> list[ProductStory]:
    """What was bought last year and is no longer, the greatest value at stake first."""
    return sorted((story for story in stories if story.is_lost), key=lambda story: -story.year_ago.net)


def price_paid(
    session: Session, actor: Actor, account_id: int, product_id: int, period: Period
) -> list[PricePoint]:
    """Net and list price per unit by month; None in a month without a purchase."""
    one = _only(session, actor, account_id)
    sold = LineFilter(product_ids=frozenset({product_id}))
    sums = revenue.by_month(session, actor, period, one, sold)
    return [
        PricePoint(
            month,
            row.quantity,
            ratio(row.net, row.quantity) if row.quantity > 0 else None,
            ratio(row.gross, row.quantity) if row.quantity > 0 else None,
        )
        for month, row in sums.items()
    ]


@dataclass(frozen=True)
class Story:
    """The products of an account and the figures that they add up to."""

    products: list[ProductStory]
    tiles: dict[str, Tile]


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast")
def story(session: Session, actor: Actor, account_id: int, period: Period) -> Story:
    """What the Account page shows on top."""
    found = products(session, actor, account_id, period)
    return Story(found, tiles(session, actor, account_id, period, found))


def tiles(
    session: Session,
    actor: Actor,
    account_id: int,
    period: Period,
    stories: Sequence[ProductStory],
) -> dict[str, Tile]:
    """The account's figures with the products, or months, that add up to them."""
    found = (
        net_revenue(stories),
        margin(stories) if actor.sees_cost else price_realisation(stories),
        discount_rate(stories),
        _target(session, actor, account_id, period),
        _products_bought(stories),
        _returns(stories),
    )
    return {tile.name: tile for tile in found}


def _target(session: Session, actor: Actor, account_id: int, period: Period) -> Tile:
    one = _only(session, actor, account_id)
    sums = revenue.by(session, actor, period, Dimension.MONTH, accounts=one)
    wanted = targets.by_month(session, actor, period, one)
    parts = [
        Part(
            f"{month:%Y-%m}",
            f"{month:%Y-%m}",
            sums[month,].net if (month,) in sums else ZERO,
            expected.net_revenue or ZERO,
            sums[month,].lines if (month,) in sums else 0,
        )
        for month, expected in wanted.items()
    ]
    return Tile("target_attainment", tuple(parts), None, None)


def _products_bought(stories: Sequence[ProductStory]) -> Tile:
    parts = [
        Part(story.code, story.name, Decimal(1), None, story.now.lines)
        for story in stories
        if story.now.net > 0
    ]
    before = sum(1 for story in stories if story.before.net > 0)
    year_ago = sum(1 for story in stories if story.year_ago.net > 0)
    return Tile("products_bought", tuple(parts), Decimal(before), Decimal(year_ago))


def _returns(stories: Sequence[ProductStory]) -> Tile:
    """Returned amount as a share of what was sold before returns."""

    def rate(rows: Sequence[Measures]) -> Decimal | None:
        returned = -sum((row.returns for row in rows), ZERO)
        return ratio(returned, sum((row.net for row in rows), ZERO) + returned)

    parts = [
        Part(story.code, story.name, -story.now.returns, story.now.net - story.now.returns, story.now.lines)
        for story in stories
        if story.now.lines
    ]
    return Tile(
        "return_rate",
        tuple(parts),
        rate([story.before for story in stories]),
        rate([story.year_ago for story in stories]),
    )
