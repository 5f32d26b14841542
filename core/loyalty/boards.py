"""What lists say of loyalty: who is near a tier or near losing one and what hangs on it, what lapses, what is owed.

Figures come from the standings and lots that are kept, so that a list of thousands needs no ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, and_, func, select, type_coerce
from sqlalchemy.orm import Session

from core import auth, clock, db, revenue
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.loyalty import ledger, lots, programmes, standings, status
from core.loyalty.replay import liability
from core.loyalty.rules import SCALE
from core.loyalty.specs import Spec, TierSpec
from core.loyalty.status import StandingRow
from core.loyalty_vocabulary import EarningBasis, LotExpiry, QualifyingBasis
from core.models import Account, LoyaltyLot
from core.money import ZERO, round_money
from core.periods import Period, shift_day
from core.vocabulary import Permission

NEAR = Decimal("0.25")  # near a tier: at most this share of its threshold is missing
_NONE = TierSpec("", ZERO)


@dataclass(frozen=True)
class Reach:
    """A member near a boundary: what it takes to get `goal`, by when, and what that is worth to the account."""

    row: StandingRow
    is_drop: bool  # `goal` is the tier that is held; else the next one
    goal: TierSpec
    other: TierSpec  # what is held otherwise; without a name: no tier
    missing: Decimal  # qualifying points, or money where the programme counts revenue
    counts_revenue: bool
    missing_money: Decimal | None  # in orders without multipliers; None where base units earn
    by: date | None  # the last day for it; none: at once, in a trailing window
    worth: Decimal | None  # a year, at last year's purchases; None where they are not known
    net_revenue: Decimal | None  # of the last twelve months


@dataclass(frozen=True)
class Owed:
    """What the outstanding points of a programme will cost: a management estimate, not accounting."""

    programme_number: int | None  # none: points that came by file, outside programmes
    name: str
    members: int
    outstanding: Decimal
    redemption_rate: Decimal | None
    point_cost: Decimal | None
    liability: Decimal | None  # None outside programmes: nobody said what a point costs


def reaches(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    nets: Mapping[int, Decimal] | None = None,
) -> list[Reach]:
    """Who is near the next tier, and who is about to lose one at last year's pace; the greatest money first.

    `nets`: the net revenue of the last twelve months by account, for who has read it already.
    Of groups that are not seen as a whole nothing is said: how much is missing would tell what others bought.
    """
    rows = status.search(session, actor, accounts)
    specs = _specs(session)
    bought = _bought(session, actor, rows, nets)
    found = []
    for row in rows:
        spec = specs.get(row.programme_number or 0)
        if spec is not None:
            net = bought.get(row.member_id)
            found += [one for one in (_near(row, spec, net), _drop(row, spec, net)) if one is not None]
    return sorted(found, key=lambda one: (-(one.worth or ZERO), one.row.name, one.is_drop))


def _near(row: StandingRow, spec: Spec, net: Decimal | None) -> Reach | None:
    goal = spec.tier(row.next_tier)
    if goal is None or not row.to_next or row.to_next > goal.threshold * NEAR:
        return None
    end = row.window_ends_on
    by = end if end is not None and end > row.as_of else None
    return _reach(row, spec, net, goal, spec.tier(row.loyalty_tier) or _NONE, row.to_next, by, is_drop=False)


def _drop(row: StandingRow, spec: Spec, net: Decimal | None) -> Reach | None:
    held, then = spec.tier(row.loyalty_tier), spec.tier(row.projected_tier) or _NONE
    if held is None or not row.to_stay or row.tier_until is None or then.threshold >= held.threshold:
        return None
    end = row.window_ends_on
    by = min(end, row.tier_until) if end is not None and end > row.as_of else row.tier_until
    return _reach(row, spec, net, held, then, row.to_stay, by, is_drop=True)


def _reach(
    row: StandingRow,
    spec: Spec,
    net: Decimal | None,
    goal: TierSpec,
    other: TierSpec,
    missing: Decimal,
    by: date | None,
    *,
    is_drop: bool,
) -> Reach:
    counts_revenue = spec.qualifying is QualifyingBasis.REVENUE
    money = missing if counts_revenue else None
    if money is None and spec.basis is EarningBasis.REVENUE:
        money = missing / spec.points_per
    return Reach(
        row=row,
        is_drop=is_drop,
        goal=goal,
        other=other,
        missing=missing,
        counts_revenue=counts_revenue,
        missing_money=None if money is None else round_money(money),
        by=by,
        worth=None if net is None else worth(spec, goal, other, net),
        net_revenue=net,
    )


def worth(spec: Spec, goal: TierSpec, other: TierSpec, net: Decimal) -> Decimal:
    """What one tier gives an account more than another in a year: discount, rebate, marketing money and points."""
    more, less = goal.benefits, other.benefits
    share = more.discount_rate - less.discount_rate + more.rebate_rate - less.rebate_rate
    if spec.basis is EarningBasis.REVENUE:
        share += (goal.factor - other.factor) * spec.points_per * spec.point_cost
    return round_money(max(net, ZERO) * share + more.marketing_amount - less.marketing_amount)


def _bought(
    session: Session, actor: Actor, rows: Sequence[StandingRow], nets: Mapping[int, Decimal] | None
) -> dict[int, Decimal]:
    """Net revenue of the last twelve months by member, of groups seen as a whole that of all their accounts."""
    if nets is None:
        end = clock.today() + timedelta(days=1)
        period = Period(shift_day(end, -12), end)
        nets = {one.account_id: one.measures.net for one in revenue.by_account(session, actor, period)}
    whole = {row.group_id: row.member_id for row in rows if row.group_id and row.qualifying is not None}
    found = {
        row.member_id: nets.get(row.account_id, ZERO) for row in rows if row.account_id is not None
    } | dict.fromkeys(whole.values(), ZERO)
    query = select(Account.id, Account.group_id).where(
        auth.visible_accounts(actor), Account.group_id.is_not(None)
    )
    for account_id, group_id in db.rows(session, query):
        if group_id in whole:
            found[whole[group_id]] += nets.get(account_id, ZERO)
    return found


def liabilities(session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS) -> list[Owed]:
    """By programme the points that can still be spent, and what they will cost."""
    specs = _specs(session)
    names = {row.number: row.name for row in programmes.search(session, actor)}
    sums: dict[int | None, tuple[int, Decimal]] = {}
    for row in status.search(session, actor, accounts):
        members, points = sums.get(row.programme_number, (0, ZERO))
        sums[row.programme_number] = members + 1, points + row.active + row.pending
    found = []
    for number, (members, points) in sums.items():
        spec = specs.get(number or 0)
        found.append(
            Owed(
                programme_number=number,
                name=names.get(number or 0, ""),
                members=members,
                outstanding=points,
                redemption_rate=None if spec is None else spec.redemption_rate,
                point_cost=None if spec is None else spec.point_cost,
                liability=None if spec is None else liability(points, spec),
            )
        )
    return sorted(found, key=lambda one: -(one.liability or ZERO))


def expiring(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS
) -> list[tuple[date, Decimal]]:
    """What lapses in each month ahead unless it is spent: the month's first day, and the points."""
    auth.require(actor, Permission.LOYALTY_READ)
    today = clock.today()
    left = LoyaltyLot.points - LoyaltyLot.redeemed - LoyaltyLot.expired - LoyaltyLot.taken
    chosen = and_(auth.visible_accounts(actor), accounts.condition())
    query = (
        select(LoyaltyLot.expires_on, func.sum(type_coerce(left, BigInteger)))
        .join(Account, Account.id == LoyaltyLot.account_id)
        .where(chosen, LoyaltyLot.expires_on >= today)
        .group_by(LoyaltyLot.expires_on)
    )
    found: dict[date, Decimal] = {}
    for day, points in (*db.rows(session, query), *_idle(session, actor, accounts)):
        month = day.replace(day=1)
        found[month] = found.get(month, ZERO) + _points(points)
    return sorted((month, points) for month, points in found.items() if points)


def _idle(session: Session, actor: Actor, accounts: AccountFilter) -> list[tuple[date, int]]:
    """Where points lapse when nothing happens for long: the day that it would be."""
    specs = {number: spec for number, spec in _specs(session).items() if spec.expiry is LotExpiry.INACTIVITY}
    rows = {
        row.member_id: specs[row.programme_number]
        for row in status.search(session, actor, accounts)
        if row.programme_number in specs
    }
    found, today = [], clock.today()
    for member_id, kept in ledger.entries(session, sorted(rows)).items() if rows else ():
        months = standings.idle_months(rows[member_id])
        folded = ledger.folded(kept, today, idle_months=months)
        ahead = lots.expiring(folded.lots.values(), standings.idle_end(folded, months))
        kept_ends = {lot.expires for lot in folded.lots.values()}
        found += [(date.fromordinal(on), points) for on, points in ahead if on not in kept_ends]
    return found


def _points(whole: int) -> Decimal:
    return Decimal(int(whole)) / SCALE


def _specs(session: Session) -> Mapping[int, Spec]:
    """What each programme says today; of one that comes or ended the version nearest to it."""
    today = clock.today()
    found = {}
    for number, versions in programmes.versions_in_force(session).items():
        begun = [one for one in versions if one.start <= today]
        found[number] = (begun[-1] if begun else versions[0]).spec
    return found
