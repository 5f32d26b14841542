"""The portfolio across accounts: how each stands now, against before and target, and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, auth, clock, parts, revenue, settings, standings, targets
from core.audit import Subject
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import (
    Account,
    AccountMonth,
    Group,
    OrderLine,
    Region,
    Segment,
    Tier,
    User,
)
from core.periods import Period, add_months, first_of_month
from core.settings import Settings
from core.standings import Standing
from core.vocabulary import Permission, Structure

_STALE_DAYS = 45  # where nothing was booked for so long, periods end with the newest booking


@dataclass(frozen=True)
class MonthOfPortfolio:
    month: date
    net: Decimal | None  # none: not begun yet
    year_ago: Decimal
    target: Decimal | None


@dataclass(frozen=True)
class Board:
    """Everything that the Portfolio page shows."""

    period: Period
    before: Period
    year_ago: Period
    as_of: date
    settings: Settings
    standings: tuple[Standing, ...]
    months: tuple[MonthOfPortfolio, ...]
    sees_cost: bool


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target", "product")
def as_of(session: Session, actor: Actor) -> date | None:
    """The day that periods end with: today, or that of the newest booking where it is old; None without any."""
    auth.require(actor, Permission.REVENUE_READ)
    today = clock.today()
    months = select(func.max(AccountMonth.month)).where(AccountMonth.month <= today)
    newest = session.scalar(_of_visible(months, AccountMonth, actor))
    if newest is None:
        return None
    if add_months(newest, 1) > today - timedelta(days=_STALE_DAYS):
        return today
    days = select(func.max(OrderLine.booked_on)).where(
        OrderLine.booked_on >= newest, OrderLine.booked_on < add_months(newest, 1)
    )
    last: date | None = session.scalar(_of_visible(days, OrderLine, actor))
    return last


def _of_visible(query: Any, source: Any, actor: Actor) -> Any:
    ids = auth.visible_account_ids(actor)
    return query if ids is None else query.where(source.account_id.in_(ids))


_CHOICES: dict[str, tuple[Any, Any]] = {
    "owner": (User, Account.owner_id),
    "region": (Region, Account.region_id),
    "segment": (Segment, Account.segment_id),
    "tier": (Tier, Account.tier_id),
    "group": (Group, Account.group_id),
}


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target", "product", "order")
def choices(session: Session, actor: Actor) -> dict[str, dict[int, str]]:
    """What accounts can be filtered by: owners, regions, segments, tiers and groups of those that are visible."""
    auth.require(actor, Permission.ACCOUNT_READ)
    found: dict[str, dict[int, str]] = {}
    for what, (named, column) in _CHOICES.items():
        used = select(column).where(auth.visible_accounts(actor), Account.is_unassigned.is_(False))
        rows = session.execute(select(named.id, named.name).where(named.id.in_(used)))
        found[what] = {key: name for name, key in sorted((name, key) for key, name in rows)}
    return found


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product")
def board(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    day: date | None = None,
    structure: Structure = Structure.TODAY,
) -> Board:
    """How the visible accounts of the filter stand on a day (default: today).

    As reported then, a filter lets through the months in which an account was what it asks for.
    """
    auth.require(actor, Permission.REVENUE_READ)
    day = day or clock.today()
    wanted = {"accounts": accounts, "structure": structure}
    decided = settings.get(session)
    return Board(
        period=period,
        before=period.previous(),
        year_ago=period.shifted(-12),
        as_of=day,
        settings=decided,
        standings=parts.ask(session, actor, standings.search, period, accounts, day=day, structure=structure),
        months=_months(session, actor, period, wanted, decided, day),
        sees_cost=actor.sees_cost,
    )


def shown_months(period: Period, first_month: int) -> Period:
    """The months of the picture: all twelve of the fiscal year that the period opens, else twelve up to its end."""
    last = first_of_month(period.last_day)
    if period.start.day == 1 and period.start.month == first_month and len(period.months()) <= 12:
        return Period(period.start, add_months(period.start, 12))
    count = max(12, min(len(period.months()), 36))
    return Period(add_months(last, 1 - count), add_months(last, 1))


def _months(
    session: Session,
    actor: Actor,
    period: Period,
    chosen: dict[str, Any],
    decided: Settings,
    day: date,
) -> tuple[MonthOfPortfolio, ...]:
    shown = shown_months(period, decided.fiscal_year_month)
    span = Period(add_months(shown.start, -12), shown.end)
    sums = revenue.by_month(session, actor, span, **chosen)
    wanted = targets.by_month(session, actor, shown, **chosen)
    return tuple(
        MonthOfPortfolio(
            month=month,
            net=sums[month].net if month <= day else None,
            year_ago=sums[add_months(month, -12)].net,
            target=wanted[month].net_revenue,
        )
        for month in shown.months()
    )


def record_export(session: Session, actor: Actor, rows: int, asked: Mapping[str, str]) -> None:
    """Note who took the portfolio out, how many rows and by which filters."""
    auth.require(actor, Permission.DATA_EXPORT)
    changes = {"rows": (None, rows), **{name: (None, value) for name, value in asked.items()}}
    audit.record(session, actor, "export:portfolio", Subject("export", "portfolio", "portfolio"), changes)
