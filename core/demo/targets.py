"""What the demo company expected of each customer, month by month, before each year began."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from core.demo.calendar import Factors
from core.demo.company import DemoAccount, account_end, account_start
from core.demo.scene import Scene
from core.money import MONEY_SCALE

_TARGETS = 301  # its stream of random numbers
_YEARS = 3  # this one and the two before
_PLANNED_ON = (11, 20)  # the year before
_REVISED_MONTH = 7
_COST_SHARE = 0.607  # of the list price, as the plan assumes


@dataclass(frozen=True)
class DemoTarget:
    account_no: int
    month: date
    version: int
    net_revenue: int  # ten-thousandths
    margin: int  # ten-thousandths
    recorded_on: date
    superseded_on: date | None


def targets(scene: Scene) -> Iterator[DemoTarget]:
    """Every target in force and every one that was revised, by account and month."""
    this_year = scene.calendar.today.year
    for number, account in enumerate(scene.company.accounts):
        random = np.random.default_rng([scene.seed, _TARGETS, number])
        for year in range(this_year - _YEARS + 1, this_year + 1):
            ambition = float(random.normal(0.065, 0.02))
            yield from _year(scene, number, account, year, ambition)


def _year(
    scene: Scene, number: int, account: DemoAccount, year: int, ambition: float
) -> Iterator[DemoTarget]:
    calendar = scene.calendar
    began = calendar.day(account_start(account, calendar)) if account.story == "new" else None
    if began is not None and year < began.year:
        return
    if account.story == "lost" and year > calendar.day(account_end(account, calendar)).year:
        return
    planned_on = date(year - 1, *_PLANNED_ON)
    if began is not None and began.year == year:
        planned_on = began
    annual = _annual(scene, account, year) * (1 + ambition)
    revised = account.story == "decline" and calendar.today >= date(calendar.today.year, _REVISED_MONTH, 1)
    for month, share in _shape(scene, account, year):
        if began is not None and month < began.replace(day=1):
            continue
        amount = _rounded(annual * share)
        if revised and year == calendar.today.year and month.month >= _REVISED_MONTH:
            revised_on = date(year, _REVISED_MONTH, 1)
            yield _target(scene, number, month, 1, amount, planned_on, revised_on)
            yield _target(scene, number, month, 2, _rounded(annual * share * 0.92), revised_on, None)
        else:
            yield _target(scene, number, month, 1, amount, planned_on, None)


def _annual(scene: Scene, account: DemoAccount, year: int) -> float:
    """What the account brought in the year before, as its planners saw it."""
    calendar = scene.calendar
    years_ago = (calendar.today_no - 182 - calendar.number(date(year - 1, 7, 1))) / 365
    if account.story == "new":
        return account.revenue * 0.8
    return account.revenue * float((1 + account.growth) ** -years_ago)


def _shape(scene: Scene, account: DemoAccount, year: int) -> list[tuple[date, float]]:
    """Each month's share of the year: working days and seasons of what the account buys."""
    calendar = scene.calendar
    basket = scene.company.buying[account.segment].basket
    shares = np.array([family["share"][basket] for family in scene.company.families.values()], dtype=float)
    daily: Factors = calendar.working * ((shares / shares.sum()) @ calendar.seasons[basket])
    firsts = [date(year, month, 1) for month in range(1, 13)]
    starts = [calendar.number(first) for first in firsts] + [calendar.number(date(year + 1, 1, 1))]
    months = [float(daily[starts[place] : starts[place + 1]].sum()) for place in range(12)]
    return [(first, amount / sum(months)) for first, amount in zip(firsts, months, strict=True)]


def _rounded(amount: float) -> int:
    """A plan's figure: in thousands, small ones in hundreds."""
    step = 1000 if amount >= 50_000 else 100
    return max(1, round(amount / step)) * step * MONEY_SCALE


def _target(
    scene: Scene,
    number: int,
    month: date,
    version: int,
    net_revenue: int,
    recorded_on: date,
    superseded_on: date | None,
) -> DemoTarget:
    discount = scene.company.buying[scene.company.accounts[number].segment].discount
    margin = _rounded(net_revenue / MONEY_SCALE * (1 - _COST_SHARE / (1 - discount)))
    return DemoTarget(number, month, version, net_revenue, margin, recorded_on, superseded_on)
