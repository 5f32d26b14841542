"""How each account stands on a day: now, before and a year ago, against its target, and what needs attention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import account_months, audit, auth, db, measures, parts, revenue, settings, spread, targets
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, AccountMonth, AccountRhythm, Group, Region, Segment, Tier, User
from core.money import MONEY_SCALE, ZERO, ratio, round_money
from core.periods import Period, add_months
from core.revenue import Measures
from core.settings import Settings
from core.vocabulary import Permission, Structure

BEHIND_SHARE = Decimal("0.1")  # less than nine tenths of the target to date asks for attention
Sums = Mapping[tuple[Any, ...], Measures]  # by account
Wanted = dict[str, Any]  # which accounts, and as of which structure: arguments of the sums


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


def _rank(row: Standing) -> tuple[Decimal, str]:
    return -row.now.net, row.code


def _joined(
    old: tuple[Standing, ...], new: tuple[Standing, ...], account_ids: frozenset[int]
) -> tuple[Standing, ...]:
    return tuple(sorted(parts.joined_rows(old, new, account_ids), key=_rank))


@parts.by_account(_joined)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product")
def search(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    day: date,
    structure: Structure = Structure.TODAY,
) -> tuple[Standing, ...]:
    """Each visible account of the filter on a day, with what needs attention; the greatest net revenue first."""
    auth.require(actor, Permission.REVENUE_READ)
    decided = settings.get(session)
    sums = [
        parts.ask(session, actor, revenue.of_accounts, one, accounts=accounts, structure=structure)
        for one in (period, period.previous(), period.shifted(-12))
    ]
    found = _standings(session, actor, period, sums, {"accounts": accounts, "structure": structure}, day)
    return tuple(_with_reasons(row, decided, day) for row in sorted(found, key=_rank))


def _with_reasons(standing: Standing, decided: Settings, day: date) -> Standing:
    found = reasons(standing, decided, day)
    return replace(standing, reasons=found) if found else standing


def _standings(
    session: Session, actor: Actor, period: Period, sums: Sequence[Sums], chosen: Wanted, day: date
) -> list[Standing]:
    now, before, year_ago = sums
    series = parts.ask(session, actor, _series, day, **chosen)
    wanted = targets.by_account(session, actor, period, **chosen)
    nothing = measures.nothing(sees_cost=actor.sees_cost)
    quiet = _Series((0.0,) * 12, ZERO, None)
    found = []
    for row in _listed(session, actor, chosen, {*(key for (key,) in (*now, *before, *year_ago)), *wanted}):
        key = (row.id,)
        if row.is_unassigned and key not in now and key not in year_ago:
            continue
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
                last_order_on=row.last_order_on,
                usual_gap_days=row.median_gap_days,
                usual_spread=None if past.swing is None else spread.over(past.swing, period.days),
            )
        )
    return found


def _listed(session: Session, actor: Actor, chosen: Wanted, found: set[Any]) -> Iterable[Any]:
    """The accounts of the filter; as reported then, those that were let through in some month."""
    if revenue.is_then(chosen["structure"], (), chosen["accounts"]):
        only = Account.id.in_(found)
        return db.rows(session, _account_columns().where(auth.visible_accounts(actor), only))
    return parts.ask(session, actor, _known, chosen["accounts"]).values()


@parts.by_account(parts.joined_by_id)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def _known(session: Session, actor: Actor, accounts: AccountFilter) -> dict[int, Any]:
    """Each account with the names of what it is filed under, and its rhythm."""
    auth.require(actor, Permission.REVENUE_READ)
    query = _account_columns().where(auth.visible_accounts(actor), accounts.condition())
    return {row.id: row for row in db.rows(session, query)}


def _account_columns() -> Any:
    return (
        select(
            Account.id, Account.code, Account.name, Account.is_unassigned,
            Account.owner_id, User.name.label("owner"),
            Account.tier_id, Tier.name.label("tier"),
            Account.segment_id, Segment.name.label("segment"),
            Account.region_id, Region.name.label("region"),
            Account.group_id, Group.name.label("group"),
            AccountRhythm.last_order_on, AccountRhythm.median_gap_days,
        )
        .outerjoin(User, User.id == Account.owner_id)
        .outerjoin(Tier, Tier.id == Account.tier_id)
        .outerjoin(Segment, Segment.id == Account.segment_id)
        .outerjoin(Region, Region.id == Account.region_id)
        .outerjoin(Group, Group.id == Account.group_id)
        .outerjoin(AccountRhythm, AccountRhythm.account_id == Account.id)
    )  # fmt: skip


@dataclass(frozen=True)
class _Series:
    months: tuple[float, ...]
    year: Decimal
    swing: Decimal | None


@parts.by_account(parts.joined_by_id)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def _series(
    session: Session, actor: Actor, day: date, accounts: AccountFilter, structure: Structure
) -> dict[int, _Series]:
    """The last twelve months of each account, and how much the twelve finished ones swing on the year before."""
    auth.require(actor, Permission.REVENUE_READ)
    shown = Period(add_months(day, -24), add_months(day, 1))
    query: Any = account_months.packed(AccountMonth.account_id, AccountMonth.month, AccountMonth.net_amount)
    query = query.where(AccountMonth.month >= shown.start, AccountMonth.month < shown.end)
    month = AccountMonth.month if revenue.is_then(structure, (), accounts) else None
    query = revenue.within(query, AccountMonth, actor, accounts, with_account=True, month=month)
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
