"""What stands on the demo company's orders: each customer's range, its taste, and the season."""

from __future__ import annotations

import numpy as np

from core.demo.calendar import Days, Factors
from core.demo.company import DemoAccount
from core.demo.scene import Numbers, Scene

_KITCHEN_FAVOURS = {"retail": 0.10, "all": 1.0, "food service": 1.7}
_SHOP_FAVOURS = {"retail": 1.2, "all": 1.0, "food service": 0.06}
# The families that the account whose mix shifts buys less and less of.
_FADING = ("Coffee, tea & malt drinks", "Biscuits & snacks", "Laundry care")


def baskets(
    scene: Scene, account: DemoAccount, ordered: Days, random: np.random.Generator
) -> tuple[Numbers, Numbers, Factors]:
    """For each line its order, its product, and how much of it relative to the account's other lines."""
    buying = scene.company.buying[account.segment]
    liking = _liking(scene, account, random)
    keys = np.log(np.maximum(liking, 1e-12)) + random.gumbel(size=len(liking))
    listed = np.sort(np.argsort(-keys)[: buying.range])
    family = scene.families[listed]
    season = scene.calendar.seasons[buying.basket][family][:, ordered].T  # order × listed product
    chance = np.clip(season, 0.6, 1.6) ** 0.5 * liking[listed] ** 0.5
    chance *= _on_offer(scene, listed, ordered, random)
    if account.story == "mix":
        fading = np.isin(family, [scene.calendar.families.index(name) for name in _FADING])
        passed = ordered[:, np.newaxis] / scene.calendar.today_no
        chance *= np.where(fading, 1 - 0.85 * passed, 1 + 0.15 * passed)
    chance = _scaled_to(chance, scene.lines_an_order(account) * len(ordered))
    bought = random.random(chance.shape) < chance
    # No order is empty: it has at least the likeliest product.
    bought[np.arange(len(bought)), np.argmax(chance, axis=1)] |= ~bought.any(axis=1)
    order, column = np.nonzero(bought)
    appetite = liking[listed] ** 0.4 * random.lognormal(0, 0.3, len(listed))
    wanted: Factors = (season**0.8 * appetite)[order, column]
    return order.astype(np.int64), listed[column], wanted


def _liking(scene: Scene, account: DemoAccount, random: np.random.Generator) -> Factors:
    """How much the account wants each product: its family, popularity and pack, and a taste of its own."""
    company = scene.company
    buying = company.buying[account.segment]
    favours = dict(_KITCHEN_FAVOURS if buying.basket == "kitchen" else _SHOP_FAVOURS)
    if account.segment == "Distributor":
        favours["food service"] = 0.6  # it serves canteens as well as corner shops
    raw = np.array([product.popularity * favours[product.channel] for product in company.products])
    shares = np.array([family["share"][buying.basket] for family in company.families.values()])
    tastes = random.lognormal(0, 0.3, len(shares))
    in_family = np.bincount(scene.families, weights=raw, minlength=len(shares))
    liking: Factors = raw * (shares * tastes / in_family)[scene.families]
    return liking * random.lognormal(0, 0.4, len(liking))


def _on_offer(scene: Scene, listed: Numbers, ordered: Days, random: np.random.Generator) -> Factors:
    """1 where a product could be ordered: on sale, taken into the range already, not yet thrown out."""
    count, today_no = len(listed), scene.calendar.today_no
    taken_in = np.where(random.random(count) < 0.16, random.integers(0, today_no, count), 0)
    thrown_out = np.where(random.random(count) < 0.14, random.integers(120, today_no, count), 10**6)
    begins = np.maximum(scene.prices.launched[listed], taken_in)
    ends = np.minimum(scene.prices.ended[listed], np.maximum(thrown_out, begins + 60))
    day = ordered[:, np.newaxis]
    offered: Factors = ((day >= begins) & (day < ends)).astype(np.float64)
    return offered


def _scaled_to(chance: Factors, lines: float) -> Factors:
    """Chances of at most 0.95 that sum to so many lines."""
    for _step in range(8):
        chance = np.minimum(chance * (lines / max(float(chance.sum()), 1e-9)), 0.95)
    return chance
