"""When the demo company's customers order: planned for everybody at once, so that numbers follow the days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.demo.calendar import Days, DemoCalendar, Factors
from core.demo.company import DemoAccount, account_end, account_start
from core.demo.scene import Numbers, Scene

_PLAN = 201  # its stream of random numbers
_RETURN_SHARE = 0.07  # of the orders; from each a few lines come back in part
_MANY_RETURNS_SHARE = 0.16
_LINES_OF_ORDERS = 0.995  # the rest are returns
_MONSOON = ((11, 5), (2, 10))  # the island resort is closed from day to day


@dataclass(frozen=True)
class OrderPlan:
    """When one account orders, and which orders something comes back from."""

    account_no: int
    ordered: Days
    order_nos: list[str]
    returned: Numbers  # indices into `ordered`
    return_delays: Days  # after the invoice
    return_nos: list[str]


def plans(scene: Scene) -> list[OrderPlan]:
    """Everybody's orders, so many that about the wanted number of lines comes out."""
    weights = [_line_weight(scene, account) for account in scene.company.accounts]
    per_weight = scene.lines * _LINES_OF_ORDERS / sum(weights)
    drawn = [_plan(scene, number, per_weight * weight) for number, weight in enumerate(weights)]
    years = scene.calendar.years() % 100
    _number("SO", years, [plan.ordered for plan in drawn], [plan.order_nos for plan in drawn])
    _number("CN", years, [plan.ordered[plan.returned] for plan in drawn], [plan.return_nos for plan in drawn])
    return drawn


def _line_weight(scene: Scene, account: DemoAccount) -> float:
    """Large accounts have more lines, but not in proportion: their lines are larger too."""
    active = account_end(account, scene.calendar) - account_start(account, scene.calendar)
    share = max(active, 1) / scene.calendar.today_no
    return scene.company.buying[account.segment].weight * float(np.sqrt(account.revenue)) * share


def _plan(scene: Scene, number: int, lines: float) -> OrderPlan:
    account = scene.company.accounts[number]
    random = np.random.default_rng([scene.seed, _PLAN, number])
    count = max(2, round(lines / scene.lines_an_order(account)))
    # One order in each stretch of equal working time, not at its very end: a rhythm with a human hand.
    rhythm = np.cumsum(_order_days(account, scene.calendar, random))
    places = (np.arange(count) + 0.5 + random.uniform(-0.4, 0.4, count)) / count
    ordered = np.searchsorted(rhythm, places * rhythm[-1]).astype(np.int64)
    if account.story == "silent":
        until = account_end(account, scene.calendar) + 1
        ordered[-1] = np.flatnonzero(scene.calendar.working[:until] > 0.5)[-1]
    share = _MANY_RETURNS_SHARE if account.story == "returns" else _RETURN_SHARE
    returned = np.flatnonzero(random.random(count) < share)
    delays = random.integers(4, 25, len(returned)).astype(np.int64)
    return OrderPlan(number, ordered, [], returned, delays, [])


def _order_days(account: DemoAccount, calendar: DemoCalendar, random: np.random.Generator) -> Factors:
    """How likely the account orders on each day: working days, most of all its own weekdays."""
    likely = calendar.working.copy()
    favourites = random.choice(5, size=2, replace=False)
    weekdays = (calendar.start.weekday() + np.arange(len(likely))) % 7
    likely[np.isin(weekdays, favourites)] *= 4
    likely[: account_start(account, calendar)] = 0
    likely[account_end(account, calendar) + 1 :] = 0
    if account.story == "monsoon":
        closes, opens = _MONSOON
        days = [calendar.day(number) for number in range(len(likely))]
        closed = [(day.month, day.day) >= closes or (day.month, day.day) < opens for day in days]
        likely[np.array(closed)] = 0
    return likely


def _number(prefix: str, years: Days, days: Sequence[Days], names: Sequence[list[str]]) -> None:
    """Give out order numbers as one company does: by day through all accounts, from 1 each year."""
    together = np.concatenate(days)
    rank = np.empty(len(together), dtype=np.int64)
    rank[np.argsort(together, kind="stable")] = np.arange(len(together))
    year = years[together]
    in_year = rank - np.searchsorted(np.sort(year), year) + 1
    texts = [f"{prefix}{yy:02d}-{no:06d}" for yy, no in zip(year.tolist(), in_year.tolist(), strict=True)]
    place = 0
    for mine, target in zip(days, names, strict=True):
        target.extend(texts[place : place + len(mine)])
        place += len(mine)
