"""Points over a period by account, as KPIs and the Loyalty page sum them: issued, spent, lapsed, owed, and by cohort.

Issued − redeemed − expired − reversed = outstanding, always: each entry is in exactly one of them. A cohort is what was
issued in a month, with what has become of it since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from core import auth, clock, db, parts
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.loyalty import ledger, programmes
from core.loyalty.specs import Spec
from core.loyalty_vocabulary import EntryKind
from core.models import (
    Account,
    AccountDay,
    LoyaltyEnrolment,
    LoyaltyEntry,
    LoyaltyLot,
    LoyaltyTierSpan,
)
from core.money import ZERO, round_money
from core.periods import Period, first_of_month
from core.vocabulary import Permission


@dataclass(frozen=True)
class AccountPoints:
    """One account in a period; `None`: not in a programme, so that nothing says so."""

    account_id: int
    entries: int = 0
    issued: Decimal = ZERO
    redeemed: Decimal = ZERO
    expired: Decimal = ZERO
    reversed: Decimal = ZERO
    outstanding: Decimal = ZERO  # at the end of the period
    cohort_issued: Decimal = ZERO  # in the period, and what has become of it since
    cohort_redeemed: Decimal = ZERO
    expected: Decimal | None = None  # of what is outstanding, the points that will be redeemed
    liability: Decimal | None = None
    revenue: Decimal | None = None  # on days in a programme
    all_revenue: Decimal = ZERO
    tier_before: str | None = None  # the day before the period; None: in no programme then
    tier_after: str | None = None
    step: int | None = None  # tiers up or down


@dataclass(frozen=True)
class Cohort:
    """What was issued in a month, and what has become of it."""

    month: date
    issued: Decimal
    redeemed: Decimal
    expired: Decimal
    taken: Decimal

    @property
    def remaining(self) -> Decimal:
        return self.issued - self.redeemed - self.expired - self.taken

    @property
    def redemption_rate(self) -> Decimal | None:
        return self.redeemed / self.issued if self.issued else None


def _joined(
    old: list[AccountPoints], new: list[AccountPoints], account_ids: frozenset[int]
) -> list[AccountPoints]:
    rows = parts.joined_rows(tuple(old), tuple(new), account_ids)
    return sorted(rows, key=lambda one: one.account_id)


@parts.by_account(_joined)
def by_account(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> list[AccountPoints]:
    """Every visible account with points, an enrolment or a tier in or before the period."""
    auth.require(actor, Permission.LOYALTY_READ)
    chosen = and_(auth.visible_accounts(actor), accounts.condition(), Account.is_unassigned.is_(False))
    found: dict[int, AccountPoints] = {}
    for row in _flows(session, period, chosen):
        issued, redeemed, expired, back, outstanding = (value or ZERO for value in row[2:])
        found[row[0]] = AccountPoints(row[0], row[1], issued, redeemed, expired, back, outstanding)
    for account_id, issued, redeemed in _cohort(session, period, chosen):
        one = found.setdefault(account_id, AccountPoints(account_id))
        found[account_id] = replace(one, cohort_issued=issued, cohort_redeemed=redeemed)
    _owed(session, period, chosen, found)
    _revenue(session, period, chosen, found)
    _tiers(session, period, chosen, found)
    return sorted(found.values(), key=lambda one: one.account_id)


def _flows(session: Session, period: Period, chosen: Any) -> Any:
    """Entries of the period by what they are, and the balance at its end."""
    entry = LoyaltyEntry
    within = entry.posted_on >= period.start
    positive = and_(entry.kind == EntryKind.ADJUST, entry.points > 0)
    issues = or_(entry.kind == EntryKind.EARN, positive)

    def total(condition: Any, sign: int) -> Any:
        value = entry.points if sign > 0 else -entry.points
        return func.sum(case((and_(within, condition), value), else_=None))

    query = (
        select(
            entry.account_id,
            func.sum(case((within, 1), else_=0)),
            total(issues, 1),
            total(entry.kind == EntryKind.REDEEM, -1),
            total(entry.kind == EntryKind.EXPIRE, -1),
            total(and_(~issues, entry.kind.not_in((EntryKind.REDEEM, EntryKind.EXPIRE))), -1),
            func.sum(entry.points),
        )
        .join(Account, Account.id == entry.account_id)
        .where(entry.posted_on < period.end, ledger.in_force(), chosen)
        .group_by(entry.account_id)
    )
    return db.rows(session, query)


def _cohort(session: Session, period: Period, chosen: Any) -> Any:
    query = (
        select(LoyaltyLot.account_id, func.sum(LoyaltyLot.points), func.sum(LoyaltyLot.redeemed))
        .join(Account, Account.id == LoyaltyLot.account_id)
        .where(LoyaltyLot.earned_on >= period.start, LoyaltyLot.earned_on < period.end, chosen)
        .group_by(LoyaltyLot.account_id)
    )
    return db.rows(session, query)


def _owed(session: Session, period: Period, chosen: Any, found: dict[int, AccountPoints]) -> None:
    """What the outstanding points are expected to cost, by the specification that the account was last under."""
    specs = _specs(session, period.last_day)
    query = (
        select(LoyaltyEnrolment.account_id, LoyaltyEnrolment.programme_number)
        .join(Account, Account.id == LoyaltyEnrolment.account_id)
        .where(LoyaltyEnrolment.superseded_at.is_(None), LoyaltyEnrolment.valid_from < period.end, chosen)
        .order_by(LoyaltyEnrolment.valid_from)
    )
    for account_id, number in db.rows(session, query):
        spec, one = specs.get(number), found.get(account_id)
        if spec is not None and one is not None:
            expected = one.outstanding * spec.redemption_rate
            found[account_id] = replace(
                one, expected=expected, liability=round_money(expected * spec.point_cost)
            )


def _specs(session: Session, day: date) -> Mapping[int, Spec]:
    return {
        number: begun[-1].spec
        for number, versions in programmes.versions_in_force(session).items()
        if (begun := [one for one in versions if one.start <= day])
    }


def _revenue(session: Session, period: Period, chosen: Any, found: dict[int, AccountPoints]) -> None:
    """Net revenue of the period, and of it what falls on days in a programme."""
    day, joined = AccountDay, LoyaltyEnrolment
    on_days = and_(
        joined.account_id == day.account_id,
        joined.superseded_at.is_(None),
        joined.valid_from <= day.booked_on,
        or_(joined.valid_to.is_(None), joined.valid_to > day.booked_on),
    )
    query = (
        select(
            day.account_id,
            func.sum(case((joined.id.is_not(None), day.net_amount), else_=None)),
            func.sum(day.net_amount),
        )
        .join(Account, Account.id == day.account_id)
        .outerjoin(joined, on_days)
        .where(day.booked_on >= period.start, day.booked_on < period.end, chosen)
        .group_by(day.account_id)
    )
    for account_id, inside, total in db.rows(session, query):
        one = found.setdefault(account_id, AccountPoints(account_id))
        found[account_id] = replace(one, revenue=inside, all_revenue=total)


def _tiers(session: Session, period: Period, chosen: Any, found: dict[int, AccountPoints]) -> None:
    before = _held_on(session, period.start - timedelta(days=1), chosen)
    after = _held_on(session, period.last_day, chosen)
    ranks = _ranks(session)
    for account_id in before.keys() | after.keys():
        one = found.setdefault(account_id, AccountPoints(account_id))
        was, now = before.get(account_id), after.get(account_id)
        step = None
        if was is not None and now is not None:
            step = ranks.get(now, 0) - ranks.get(was, 0)
        found[account_id] = replace(
            one,
            tier_before=None if was is None else was[1],
            tier_after=None if now is None else now[1],
            step=step,
        )


Held = tuple[int, str]  # programme and tier


def _held_on(session: Session, day: date, chosen: Any) -> dict[int, Held]:
    """The tier of each account in a programme on a day."""
    span, joined = LoyaltyTierSpan, LoyaltyEnrolment
    query = (
        select(joined.account_id, span.programme_number, span.loyalty_tier)
        .join(Account, Account.id == joined.account_id)
        .join(span, span.member_id == joined.member_id)
        .where(
            joined.superseded_at.is_(None), joined.valid_from <= day,
            or_(joined.valid_to.is_(None), joined.valid_to > day),
            span.superseded_at.is_(None), span.valid_from <= day,
            or_(span.valid_to.is_(None), span.valid_to > day), chosen,
        )
    )  # fmt: skip
    return {account_id: (number, tier) for account_id, number, tier in db.rows(session, query)}


def _ranks(session: Session) -> dict[Held, int]:
    """How high each tier stands in its programme, as the newest version says."""
    ranks: dict[Held, int] = {}
    for number, versions in programmes.versions_in_force(session).items():
        for version in versions:
            for place, tier in enumerate(version.spec.tiers, start=1):
                ranks[number, tier.name] = place
    return ranks


@dataclass(frozen=True)
class Migration:
    """How many accounts went from one tier to another; None: not in a programme at that time."""

    period: Period
    moves: Mapping[tuple[str | None, str | None], int] = field(default_factory=dict)
    up: int = 0
    down: int = 0
    stayed: int = 0


def migration(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> Migration:
    """From the day before the period to its last day, by tier."""
    auth.require(actor, Permission.LOYALTY_READ)
    moves: dict[tuple[str | None, str | None], int] = {}
    steps = []
    for one in parts.ask(session, actor, by_account, period, accounts):
        if one.tier_before is not None or one.tier_after is not None:
            key = (one.tier_before, one.tier_after)
            moves[key] = moves.get(key, 0) + 1
        if one.step is not None:
            steps.append(one.step)
    return Migration(
        period, moves, sum(step > 0 for step in steps), sum(step < 0 for step in steps), steps.count(0)
    )


def tiers_over_time(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> dict[date, dict[str, int]]:
    """How many accounts hold which tier at the end of each month (at most today); below the lowest: an empty name."""
    auth.require(actor, Permission.LOYALTY_READ)
    chosen = and_(auth.visible_accounts(actor), accounts.condition())
    found: dict[date, dict[str, int]] = {}
    for month in period.months():
        last = min(first_of_month(month + timedelta(days=32)) - timedelta(days=1), clock.today())
        counts: dict[str, int] = {}
        for _number, tier in _held_on(session, last, chosen).values():
            counts[tier] = counts.get(tier, 0) + 1
        found[month] = counts
    return found


def cohorts(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> list[Cohort]:
    """What was issued in each month of the period, and what has become of it since."""
    auth.require(actor, Permission.LOYALTY_READ)
    query = (
        select(
            LoyaltyLot.earned_on,
            *(func.sum(getattr(LoyaltyLot, name)) for name in ("points", "redeemed", "expired", "taken")),
        )
        .join(Account, Account.id == LoyaltyLot.account_id)
        .where(
            LoyaltyLot.earned_on >= period.start, LoyaltyLot.earned_on < period.end,
            auth.visible_accounts(actor), accounts.condition(),
        )
        .group_by(LoyaltyLot.earned_on)
    )  # fmt: skip
    months: dict[date, list[Decimal]] = {}
    for earned_on, *values in db.rows(session, query):
        sums = months.setdefault(first_of_month(earned_on), [ZERO] * len(values))
        months[first_of_month(earned_on)] = [one + other for one, other in zip(sums, values, strict=True)]
    return [Cohort(month, *values) for month, values in sorted(months.items())]
