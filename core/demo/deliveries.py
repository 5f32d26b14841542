"""When the demo company's orders arrive: mostly as promised, sometimes late, sometimes short."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.demo.calendar import Days, DemoCalendar
from core.demo.company import DemoAccount
from core.demo.scene import Numbers, Scene

_TROUBLE_DAYS = 120  # how long the badly served account has been badly served
_MOVED_SHARE = 0.2  # late orders for which a later day was promised in time
_FORGETFUL = 6  # at every sixth account, and at the badly served one, …
_FORGOTTEN_SHARE = 0.015  # … lines that nobody delivered and nobody cancelled so far …
_FORGOTTEN_DAYS = 75  # … of so many days: what is older was cleared up
_OFF_REGION = "Central"  # accounts without a region are served from the central store


@dataclass(frozen=True)
class Deliveries:
    """Dates as day numbers, −1 for none."""

    requested: Days  # by order
    promised: Days  # by order
    first_promised: Days  # by order; earlier than `promised` where a late order was promised anew
    invoiced: Days  # by order
    delivered: Days  # by line
    delivered_quantity: Numbers  # by line


def deliveries(
    scene: Scene,
    account: DemoAccount,
    ordered: Days,
    order: Numbers,
    quantity: Numbers,
    random: np.random.Generator,
) -> Deliveries:
    """What became of each order and line by today."""
    calendar = scene.calendar
    count, lines = len(ordered), len(order)
    habits = scene.company.delivery[account.region or _OFF_REGION]
    lead = scene.company.buying[account.segment].lead_days + random.integers(-1, 3, count)
    requested = calendar.next_working(ordered + np.maximum(lead, 1))
    later = np.where(random.random(count) < 0.14, random.integers(1, 4, count), 0)
    promised = calendar.next_working(requested + later)
    trouble = _trouble(account, calendar, ordered)
    # A late lorry makes a whole order late, a missing product only its line.
    late_order = random.random(count) < habits["late"] * trouble * 0.7
    arrived = promised + np.where(late_order, random.geometric(0.35, count), 0)
    early = ~late_order & (random.random(count) < 0.02)
    arrived = np.where(early, np.maximum(promised - 1, ordered), arrived)
    moved = late_order & (random.spawn(1)[0].random(count) < _MOVED_SHARE)
    invoiced = arrived + random.choice([0, 1, 2], size=count, p=[0.6, 0.3, 0.1])
    late_line = random.random(lines) < (habits["late"] * trouble * 0.3)[order]
    delivered = arrived[order] + np.where(late_line, random.geometric(0.3, lines), 0)
    short = (random.random(lines) < (habits["short"] * trouble)[order]) & (quantity > 1)
    share = np.where(short, random.uniform(0.4, 0.96, lines), 1.0)
    received = np.where(short, np.clip((quantity * share).astype(np.int64), 1, quantity - 1), quantity)
    forgetful = scene.company.accounts.index(account) % _FORGETFUL == 0 or account.story == "service"
    forgotten = (
        forgetful
        & (random.random(lines) < _FORGOTTEN_SHARE)
        & (ordered[order] > calendar.today_no - _FORGOTTEN_DAYS)
    )
    open_line = (delivered > calendar.today_no) | forgotten
    return Deliveries(
        requested=requested,
        promised=np.where(moved, calendar.next_working(arrived), promised),
        first_promised=promised,
        invoiced=np.where(invoiced > calendar.today_no, -1, invoiced),
        delivered=np.where(open_line, -1, delivered),
        delivered_quantity=np.where(open_line, -1, received),
    )


def _trouble(account: DemoAccount, calendar: DemoCalendar, ordered: Days) -> npt.NDArray[np.float64]:
    """How much more often than usual a delivery fails: before festivals, and at one account of late."""
    rush = calendar.seasons["shop"].mean(axis=0)[ordered]
    trouble = np.where(rush > 1.2, 1.7, 1.0)
    if account.story == "service":
        trouble = np.where(ordered > calendar.today_no - _TROUBLE_DAYS, trouble * 3.5, trouble)
    return trouble
