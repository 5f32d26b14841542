"""What a table of revenue can be broken down by: the twelve axes, their keys' names, and steps of fiscal time."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth
from core.auth import Actor
from core.dimensions import Dimension
from core.models import Account, Category, Group, Product, Region, Segment, Tier, User
from core.periods import add_months, fiscal_year_start, months_between
from core.vocabulary import Permission


class Axis(StrEnum):
    """What a table is broken down by; time in fiscal months, quarters and years."""

    ACCOUNT = "account"
    PRODUCT = "product"
    CATEGORY = "category"
    COUNTRY = "country"
    OWNER = "owner"
    REGION = "region"
    SEGMENT = "segment"
    GROUP = "group"
    TIER = "tier"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int | None:
        """How long one step of time is; None for what is no time."""
        return {Axis.MONTH: 1, Axis.QUARTER: 3, Axis.YEAR: 12}.get(self)

    @property
    def dimension(self) -> Dimension:
        return Dimension.MONTH if self.months else Dimension(self.value)


@lru_cache(1024)
def moved(axis: Axis, day: date, later: int, first_month: int) -> date:
    return start_of(axis, add_months(day, later), first_month)


def start_of(axis: Axis, day: date, first_month: int) -> date:
    """The first day of the month, quarter or year of a fiscal year that a day is in."""
    year = fiscal_year_start(day, first_month)
    step = axis.months or 1
    return add_months(year, months_between(year, day.replace(day=1)) // step * step)


_NAMED: dict[Axis, tuple[Any, Any]] = {
    Axis.PRODUCT: (Product.id, Product.name),
    Axis.CATEGORY: (Category.id, Category.name),
    Axis.OWNER: (User.id, User.name),
    Axis.REGION: (Region.id, Region.name),
    Axis.SEGMENT: (Segment.id, Segment.name),
    Axis.GROUP: (Group.id, Group.name),
    Axis.TIER: (Tier.id, Tier.name),
}


def names(session: Session, actor: Actor, axis: Axis) -> dict[Any, str]:
    """What the keys of an axis are called; of accounts those that are visible."""
    auth.require(actor, Permission.REVENUE_READ)
    if axis is Axis.ACCOUNT:
        rows = session.execute(select(Account.id, Account.name).where(auth.visible_accounts(actor)))
    elif axis in _NAMED:
        rows = session.execute(select(*_NAMED[axis]))
    else:
        return {}
    return {row[0]: row[1] for row in rows}
