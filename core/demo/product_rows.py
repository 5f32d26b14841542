"""The demo company's products, list prices and costs as rows of the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from core import clock
from core.demo.orders import DAYS_WITHOUT_COST
from core.demo.prices import ALWAYS
from core.demo.rows import Ids, morning, named
from core.demo.scene import Scene
from core.models import Category, ListPrice, PackSize, Product, Unit, UnitCost
from core.money import MONEY_SCALE

_RECORDED_DAYS_BEFORE = 21  # prices and costs are known before they hold


def products(session: Session, scene: Scene, ids: Ids) -> None:
    """Products with their pack sizes and what they listed for and cost over the years."""
    company = scene.company
    categories = named(session, Category, scene.calendar.families)
    units = named(session, Unit, [*dict.fromkeys(product.unit for product in company.products), "pallet"])
    rows = [
        Product(
            code=product.code,
            name=product.name,
            category=categories[product.category],
            unit=units[product.unit],
            created_at=clock.now(),
        )
        for product in company.products
    ]
    session.add_all(rows)
    session.flush()
    ids.products = [row.id for row in rows]
    for product, row in zip(company.products, rows, strict=True):
        per_pallet = Decimal(product.units_per_pallet)
        session.add(PackSize(product_id=row.id, unit_id=units["pallet"].id, base_units=per_pallet))
    for place, product_id in enumerate(ids.products):
        session.add_all(_list_prices(scene, place, product_id))
        session.add_all(_unit_costs(scene, place, product_id))
    session.flush()


def _list_prices(scene: Scene, place: int, product_id: int) -> Iterator[ListPrice]:
    prices = scene.prices
    years = prices.list_prices.shape[1]
    firsts = [date(prices.first_year + year, 1, 1) for year in range(years)]
    for first, valid_from, valid_to in _validities(scene, place, firsts, launch_delay_days=0):
        price = int(prices.list_prices[place, first])
        yield ListPrice(
            product_id=product_id,
            valid_from=valid_from,
            valid_to=valid_to,
            recorded_at=_recorded(valid_from),
            price=Decimal(price) / MONEY_SCALE,
        )


def _unit_costs(scene: Scene, place: int, product_id: int) -> Iterator[UnitCost]:
    prices = scene.prices
    halves = prices.costs.shape[1]
    firsts = [date(prices.first_year + half // 2, 1 + 6 * (half % 2), 1) for half in range(halves)]
    for first, valid_from, valid_to in _validities(scene, place, firsts, launch_delay_days=DAYS_WITHOUT_COST):
        cost = int(prices.costs[place, first])
        yield UnitCost(
            product_id=product_id,
            valid_from=valid_from,
            valid_to=valid_to,
            recorded_at=_recorded(valid_from),
            cost=Decimal(cost) / MONEY_SCALE,
        )


def _validities(
    scene: Scene, place: int, firsts: Sequence[date], *, launch_delay_days: int
) -> Iterator[tuple[int, date, date | None]]:
    """Which of the consecutive spans hold for a product, from its launch to its end, none of them ahead."""
    calendar = scene.calendar
    launched = int(scene.prices.launched[place])
    begins = calendar.day(launched + launch_delay_days) if launched != ALWAYS else date.min
    ended = int(scene.prices.ended[place])
    ends = calendar.day(ended) if ended <= calendar.today_no else None
    for number, first in enumerate(firsts):
        following = firsts[number + 1] if number + 1 < len(firsts) else None
        if first > calendar.today or (ends is not None and first >= ends):
            return
        valid_to = following if following is not None and following <= calendar.today else None
        if ends is not None and (valid_to is None or ends < valid_to):
            valid_to = ends
        if valid_to is not None and valid_to <= begins:
            continue
        if begins <= calendar.today:
            yield number, max(first, begins), valid_to


def _recorded(valid_from: date) -> datetime:
    return morning(valid_from - timedelta(days=_RECORDED_DAYS_BEFORE))
