"""The portfolio across accounts: how each stands now, against before and target, and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core import account_months, audit, auth, clock, db, measures, revenue, settings, spread, targets
from core.audit import Subject
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import (
    Account,
    AccountMonth,
    AccountRhythm,
    Group,
    OrderLine,
    Region,
    Segment,
    Tier,
    User,
)
from core.money import MONEY_SCALE, ZERO, ratio, round_money
from core.periods import Period, add_months, first_of_month
from core.revenue import Dimension, Measures
from core.settings import Settings
from core.vocabulary import Permission, Structure

BEHIND_SHARE = Decimal("0.1")  # less than nine tenths of the target to date asks for attention
Sums = Mapping[tuple[Any, ...], Measures]  # by account
NOTHING_KNOWN: Mapping[Period, Sums] = {}
Wanted = dict[str, Any]  # which accounts, and as of which structure: arguments of the sums
_STALE_DAYS = 45  # where nothing was booked for so long, periods end with the newest booking


class ReasonKind(StrEnum):
    """Why an account needs attention."""

    RHYTHM = "rhythm"
    FALL = "fall"
    TARGET = "target"


@dataclass(frozen=True)
class Reason:
    """One thing that needs attention, and the money behind it."""

    kind: ReasonKind
    is_red: bool
    amount: Decimal  # what is missing, above zero
    days: int = 0  # rhythm: since the last order
    usual_days: Decimal = ZERO  # rhythm: the account's median gap
    share: Decimal = ZERO  # fall and target: how far below, as a share
    usual: Decimal | None = (
        None  # fall: what the account usually swings over as long a period; none: not known
    )
    account: str = ""  # whose, where several are shown as one group


@dataclass(frozen=True)
class Standing:
    """An account, or a group of them, in the period and in those it is compared with."""

    account_id: int | None  # none: a group
    code: str
    name: str
    is_unassigned: bool
    owner: str | None
    tier: str | None
    segment: str | None
    region: str | None
    group: str | None
    now: Measures
    before: Measures  # the period just before
    year_ago: Measures
    months: tuple[float, ...]  # net revenue of twelve months, the newest last: for the picture
    year: Decimal  # their exact sum
    target: Decimal | None  # none: no month of the period has one
    last_order_on: date | None
    usual_gap_days: Decimal | None
    usual_spread: Decimal | None = None  # of net revenue against last year over as long a period
    reasons: tuple[Reason, ...] = ()
    account_count: int = 1

    @property
    def growth(self) -> Decimal | None:
        """Change against last year; None where last year brought nothing."""
        if self.year_ago.net <= 0:
            return None
        return ratio(self.now.net - self.year_ago.net, self.year_ago.net)

    @property
    def attainment(self) -> Decimal | None:
        return ratio(self.now.net, self.target)


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
    known: Mapping[Period, Sums] = NOTHING_KNOWN,
) -> Board:
    """How the visible accounts of the filter stand on a day (default: today).

    As reported then, a filter lets through the months in which an account was what it asks for. `known` are sums by
    account that the same question was answered with already, by period.
    """
    auth.require(actor, Permission.REVENUE_READ)
    day = day or clock.today()
    before, year_ago = period.previous(), period.shifted(-12)
    wanted: Wanted = {"accounts": accounts, "structure": structure}
    sums = [
        known.get(one) or revenue.by(session, actor, one, Dimension.ACCOUNT, **wanted)
        for one in (period, before, year_ago)
    ]
    standings = _standings(session, actor, period, sums, wanted, day)
    decided = settings.get(session)
    return Board(
        period=period,
        before=before,
        year_ago=year_ago,
        as_of=day,
        settings=decided,
        standings=tuple(_with_reasons(row, decided, day) for row in standings),
        months=_months(session, actor, period, wanted, decided, day),
        sees_cost=actor.sees_cost,
    )


def _with_reasons(standing: Standing, decided: Settings, day: date) -> Standing:
    found = reasons(standing, decided, day)
    return replace(standing, reasons=found) if found else standing


def _standings(
    session: Session, actor: Actor, period: Period, sums: Sequence[Sums], chosen: Wanted, day: date
) -> list[Standing]:
    now, before, year_ago = sums
    series = _series(session, actor, chosen, day)
    wanted = targets.by_account(session, actor, period, **chosen)
    condition = _listed(chosen, {*(key for (key,) in (*now, *before, *year_ago)), *wanted})
    rhythms = _rhythms(session, actor, condition)
    nothing = measures.nothing(sees_cost=actor.sees_cost)
    quiet = _Series((0.0,) * 12, ZERO, None)
    found = []
    for row in db.rows(session, _account_columns().where(auth.visible_accounts(actor), condition)):
        key = (row.id,)
        if row.is_unassigned and key not in now and key not in year_ago:
            continue
        rhythm = rhythms.get(row.id)
        past = series.get(row.id, quiet)
        found.append(
            Standing(
                account_id=row.id,
                code=row.code,
                name=row.name,
                is_unassigned=row.is_unassigned,
                owner=row.owner,
                tier=row.tier,
                segment=row.segment,
                region=row.region,
                group=row.group,
                now=now.get(key, nothing),
                before=before.get(key, nothing),
                year_ago=year_ago.get(key, nothing),
                months=past.months,
                year=past.year,
                target=wanted[row.id].net_revenue if row.id in wanted else None,
                last_order_on=rhythm.last_order_on if rhythm else None,
                usual_gap_days=rhythm.median_gap_days if rhythm else None,
                usual_spread=None if past.swing is None else spread.over(past.swing, period.days),
            )
        )
    return sorted(found, key=lambda standing: (-standing.now.net, standing.code))


def _listed(chosen: Wanted, found: set[Any]) -> ColumnElement[bool]:
    """The accounts of the filter; as reported then, those that were let through in some month."""
    if revenue.is_then(chosen["structure"], (), chosen["accounts"]):
        return Account.id.in_(found)
    return chosen["accounts"].condition()  # type: ignore[no-any-return]


def _rhythms(session: Session, actor: Actor, condition: ColumnElement[bool]) -> dict[int, Any]:
    query = (
        select(AccountRhythm.account_id, AccountRhythm.last_order_on, AccountRhythm.median_gap_days)
        .join(Account, Account.id == AccountRhythm.account_id)
        .where(auth.visible_accounts(actor), condition)
    )
    return {row[0]: row for row in db.rows(session, query)}


def _account_columns() -> Any:
    return (
        select(
            Account.id, Account.code, Account.name, Account.is_unassigned,
            Account.owner_id, User.name.label("owner"),
            Account.tier_id, Tier.name.label("tier"),
            Account.segment_id, Segment.name.label("segment"),
            Account.region_id, Region.name.label("region"),
            Account.group_id, Group.name.label("group"),
        )
        .outerjoin(User, User.id == Account.owner_id)
        .outerjoin(Tier, Tier.id == Account.tier_id)
        .outerjoin(Segment, Segment.id == Account.segment_id)
        .outerjoin(Region, Region.id == Account.region_id)
        .outerjoin(Group, Group.id == Account.group_id)
    )  # fmt: skip


@dataclass(frozen=True)
class _Series:
    months: tuple[float, ...]
    year: Decimal
    swing: Decimal | None


def _series(session: Session, actor: Actor, chosen: Wanted, day: date) -> dict[int, _Series]:
    """The last twelve months of each account, and how much the twelve finished ones swing on the year before."""
    shown = Period(add_months(day, -24), add_months(day, 1))
    query: Any = account_months.packed(AccountMonth.account_id, AccountMonth.month, AccountMonth.net_amount)
    query = query.where(AccountMonth.month >= shown.start, AccountMonth.month < shown.end)
    month = AccountMonth.month if revenue.is_then(chosen["structure"], (), chosen["accounts"]) else None
    query = revenue.within(query, AccountMonth, actor, chosen["accounts"], with_account=True, month=month)
    ids, (nets,) = account_months.matrices(db.rows(session, query), shown)
    swings = spread.of_many(nets[:, 12:24], nets[:, :12])
    pictures, years = (nets[:, 13:] / MONEY_SCALE).tolist(), nets[:, 13:].sum(axis=1).tolist()
    return {
        account_id: _Series(
            tuple(months),
            Decimal(year) / MONEY_SCALE,
            None if swing is None else round_money(swing / MONEY_SCALE),
        )
        for account_id, months, year, swing in zip(ids, pictures, years, swings, strict=True)
    }


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
    chosen: Wanted,
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


def reasons(standing: Standing, decided: Settings, day: date) -> tuple[Reason, ...]:
    """What needs attention in an account, the greatest amount first."""
    if standing.is_unassigned:
        return ()
    found = [_rhythm(standing, decided, day), _fall(standing, decided), _behind(standing)]
    return tuple(sorted((reason for reason in found if reason), key=lambda reason: -reason.amount))


def _rhythm(standing: Standing, decided: Settings, day: date) -> Reason | None:
    usual = standing.usual_gap_days
    if standing.last_order_on is None or not usual:
        return None
    days = (day - standing.last_order_on).days
    beat = Decimal(days) / usual
    if beat <= decided.rhythm_amber:
        return None
    # What the account would have bought in the days beyond its usual gap, at the pace of its twelve months.
    missed = max(standing.year, ZERO) * (days - usual) / 365
    return Reason(
        ReasonKind.RHYTHM, beat > decided.rhythm_red, round_money(missed), days=days, usual_days=usual
    )


def _fall(standing: Standing, decided: Settings) -> Reason | None:
    growth = standing.growth
    if growth is None or growth >= -decided.fall_share:
        return None
    lost = standing.year_ago.net - standing.now.net
    usual = standing.usual_spread
    if usual is not None and lost <= decided.fall_spread * usual:
        return None
    return Reason(ReasonKind.FALL, growth < -2 * decided.fall_share, lost, share=-growth, usual=usual)


def _behind(standing: Standing) -> Reason | None:
    reached = standing.attainment
    if reached is None or standing.target is None or standing.target <= 0 or reached >= 1 - BEHIND_SHARE:
        return None
    missing = standing.target - standing.now.net
    return Reason(ReasonKind.TARGET, reached < 1 - 2 * BEHIND_SHARE, missing, share=1 - reached)


def record_export(session: Session, actor: Actor, rows: int, asked: Mapping[str, str]) -> None:
    """Note who took the portfolio out, how many rows and by which filters."""
    auth.require(actor, Permission.DATA_EXPORT)
    changes = {"rows": (None, rows), **{name: (None, value) for name, value in asked.items()}}
    audit.record(session, actor, "export:portfolio", Subject("export", "portfolio", "portfolio"), changes)
