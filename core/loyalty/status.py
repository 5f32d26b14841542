"""Where an account stands: points by what became of them, its tier, and what is ahead.

`search` lists all members from the standings that are kept; `of_account` reads the ledger, on any day and as known on
any other. Of a group that the actor does not see as a whole the tier and the points are told, and no volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import auth, clock, db, entitlements
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.loyalty import accruals, ledger, lots, members, outlooks, programmes, rules, standings
from core.loyalty.generation import GrantedTier
from core.loyalty.ledger import Kept
from core.loyalty.lots import Folded
from core.loyalty.rules import SCALE
from core.loyalty.specs import Spec
from core.loyalty.standings import TierStanding
from core.loyalty.tier_spans import Stretch
from core.loyalty_vocabulary import TierSource
from core.models import Account, Group, LoyaltyEnrolment, LoyaltyGrant, LoyaltyMember, LoyaltyStanding
from core.money import ZERO
from core.vocabulary import Permission


@dataclass(frozen=True)
class Lapsing:
    """Points with their last day."""

    on: date
    points: Decimal


@dataclass(frozen=True)
class Status:
    """One account's status on a day; `tier` is None outside programmes. Volumes are None where they are not told."""

    account_id: int
    member_id: int | None  # none: no points ever
    group: str | None  # with whom they are pooled
    on: date
    accrued_on: date | None  # up to which day orders are in the ledger
    spec: Spec | None
    issued: Decimal
    active: Decimal
    pending: Decimal
    redeemed: Decimal
    expired: Decimal
    taken: Decimal
    owed: Decimal
    balance: Decimal  # the sum of the entries: lots less what is owed
    lots_balance: Decimal  # the sum of the lots, told apart so that a page can show that the two agree
    qualifying: Decimal | None
    tier: TierStanding | None
    expiring: tuple[Lapsing, ...]

    @property
    def loyalty_tier(self) -> str | None:
        return None if self.tier is None else self.tier.loyalty_tier

    def by_month(self) -> list[tuple[date, Decimal]]:
        """What lapses in each month ahead: its first day, and the points."""
        found: dict[date, Decimal] = {}
        for one in self.expiring:
            month = one.on.replace(day=1)
            found[month] = found.get(month, ZERO) + one.points
        return sorted(found.items())

    def within(self, days: int) -> Decimal:
        """What lapses in so many days unless it is spent."""
        last = self.on.toordinal() + days
        return sum((one.points for one in self.expiring if one.on.toordinal() <= last), ZERO)


def of_account(
    session: Session, actor: Actor, account_id: int, *, on: date | None = None, known_on: date | None = None
) -> Status:
    """Where an account stands at the end of a day, as known at the end of another."""
    auth.require(actor, Permission.LOYALTY_READ)
    account = account_list.access(session, actor, account_id)
    day = on or clock.today()
    known_at = None if known_on is None else entitlements.end_of(known_on)
    member_id = members.member_of(session, account.id, day, known_at)
    member = None if member_id is None else session.get(LoyaltyMember, member_id)
    if member is None:
        return _of_nobody(account.id, day)
    kept = ledger.entries(session, [member.id], until=day, known_at=known_at)[member.id]
    stretches = _stretches(session, member.id, known_at)
    found = _standing(kept, stretches, _grants(session, member.id, known_at), day)
    group = (
        None
        if member.group_id is None
        else session.scalar(select(Group.name).where(Group.id == member.group_id))
    )
    whole = members.sees_whole(session, actor, member)
    return found.status(account.id, member, group, day, whole=whole)


def document(found: Status) -> dict[str, Any]:
    """The status as the command line prints it."""
    tier = found.tier
    return {
        "loyalty_tier": found.loyalty_tier,
        "active": ledger.plain(found.active),
        "pending": ledger.plain(found.pending),
        "redeemed": ledger.plain(found.redeemed),
        "expired": ledger.plain(found.expired),
        "qualifying": None if found.qualifying is None else ledger.plain(found.qualifying),
        "to_next": None if tier is None or tier.to_next is None else ledger.plain(tier.to_next),
        "to_stay": None if tier is None or tier.to_stay is None else ledger.plain(tier.to_stay),
        "expiring": [
            {"on": one.on.isoformat(), "points": ledger.plain(one.points)} for one in found.expiring
        ],
    }


def _of_nobody(account_id: int, day: date) -> Status:
    return Status(
        account_id=account_id, member_id=None, group=None, on=day, accrued_on=None, spec=None, issued=ZERO,
        active=ZERO, pending=ZERO, redeemed=ZERO, expired=ZERO, taken=ZERO, owed=ZERO, balance=ZERO,
        lots_balance=ZERO, qualifying=ZERO, tier=None, expiring=(),
    )  # fmt: skip


@dataclass(frozen=True)
class _Found:
    """What a member's ledger says on a day."""

    folded: Folded
    booked: int  # the sum of the entries, lapses that are not booked yet taken off
    tier: TierStanding | None
    spec: Spec | None
    qualifying: int
    expiring: tuple[tuple[int, int], ...]

    def status(
        self, account_id: int, member: LoyaltyMember, group: str | None, day: date, *, whole: bool
    ) -> Status:
        folded, tier = self.folded, self.tier
        qualifying = Decimal(self.qualifying) / SCALE if tier is None else tier.qualifying
        return Status(
            account_id=account_id,
            member_id=member.id,
            group=group,
            on=day,
            accrued_on=member.accrued_on,
            spec=self.spec,
            issued=_points(folded.issued),
            active=_points(folded.active(day.toordinal())),
            pending=_points(folded.pending(day.toordinal())),
            redeemed=_points(folded.redeemed),
            expired=_points(folded.expired),
            taken=_points(folded.taken),
            owed=_points(folded.owed + folded.short),
            balance=_points(self.booked),
            lots_balance=_points(folded.balance),
            qualifying=qualifying if whole else None,
            tier=tier if whole or tier is None else without_volume(tier),
            expiring=tuple(Lapsing(date.fromordinal(on), _points(points)) for on, points in self.expiring),
        )


def _points(whole: int) -> Decimal:
    return Decimal(whole) / SCALE


def without_volume(tier: TierStanding) -> TierStanding:
    """The tier with nothing that tells how much others bought."""
    values = {**vars(tier), "to_next": None, "to_stay": None, "projected": ZERO, "qualifying": ZERO}
    return TierStanding(**values)


def _standing(
    kept: Sequence[Kept], stretches: Sequence[Stretch], grants: Sequence[GrantedTier], day: date
) -> _Found:
    """The tier follows from what qualifies in the ledger itself, so that it can be told of any day."""
    begun = [one for one in stretches if one.version.start <= day]
    spec = begun[-1].version.spec if begun else None
    months = standings.idle_months(spec)
    folded = ledger.folded(kept, day, idle_months=months)
    booked = sum(one.movement.points for one in kept)
    unbooked = sum(one.points for one in ledger.lapses(kept, folded))
    qualifying: dict[int, int] = {}
    for one in kept:
        qualifying[one.movement.posted] = qualifying.get(one.movement.posted, 0) + one.qualifying
    tier = None
    current = [one for one in begun if one.version.end is None or day < one.version.end]
    if current:
        joined = min(one.version.start for one in begun)
        track = rules.tiers_over([one.version for one in begun], qualifying, joined, day)
        ahead = outlooks.outlook(track, qualifying, day)
        if ahead is not None:
            tier = standings.tier_standing(current[-1].programme_number, ahead, grants, day)
    expiring = lots.expiring(folded.lots.values(), standings.idle_end(folded, months))
    return _Found(folded, booked + unbooked, tier, spec, sum(qualifying.values()), tuple(expiring))


def _stretches(session: Session, member_id: int, known_at: datetime | None) -> tuple[Stretch, ...]:
    query = select(LoyaltyEnrolment).where(LoyaltyEnrolment.member_id == member_id, members.known(known_at))
    rows = list(session.scalars(query.order_by(LoyaltyEnrolment.valid_from)))
    return accruals.stretches(rows, programmes.versions_in_force(session, known_at)) if rows else ()


def _grants(session: Session, member_id: int, known_at: datetime | None) -> list[GrantedTier]:
    grants = LoyaltyGrant
    condition: ColumnElement[bool] = grants.superseded_at.is_(None)
    if known_at is not None:
        condition = and_(grants.recorded_at <= known_at, or_(condition, grants.superseded_at > known_at))
    query = select(grants).where(grants.member_id == member_id, condition).order_by(grants.id)
    return [
        GrantedTier(row.loyalty_tier, row.valid_from.toordinal(), row.valid_to.toordinal())
        for row in session.scalars(query)
    ]


@dataclass(frozen=True)
class StandingRow:
    """A member in a list: an account, or a group with all of its accounts."""

    member_id: int
    account_id: int | None  # none: a group
    group_id: int | None
    code: str
    name: str
    as_of: date
    programme_number: int | None
    loyalty_tier: str | None
    tier_source: TierSource | None
    tier_since: date | None
    tier_until: date | None
    next_tier: str | None
    to_next: Decimal | None
    to_stay: Decimal | None
    projected_tier: str | None
    window_ends_on: date | None
    qualifying: Decimal | None
    issued: Decimal
    active: Decimal
    pending: Decimal
    redeemed: Decimal
    expired: Decimal
    expiring_30: Decimal
    expiring_60: Decimal
    expiring_90: Decimal


_KEPT = (
    "as_of", "programme_number", "loyalty_tier", "tier_source", "tier_since", "tier_until", "next_tier", "to_next",
    "to_stay", "projected_tier", "window_ends_on", "qualifying", "issued", "active", "pending", "redeemed", "expired",
    "expiring_30", "expiring_60", "expiring_90",
)  # fmt: skip
_VOLUMES = ("to_next", "to_stay", "qualifying")


def search(session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS) -> list[StandingRow]:
    """Every member of whom the actor sees some account, from the standings that are kept, by name."""
    auth.require(actor, Permission.LOYALTY_READ)
    chosen = and_(auth.visible_accounts(actor), accounts.condition())
    own = select(Account.id).where(chosen)
    pools = select(Account.group_id).where(chosen, Account.group_id.is_not(None))
    is_group = LoyaltyMember.group_id.is_not(None)
    columns = [getattr(LoyaltyStanding, name) for name in _KEPT]
    query = (
        select(
            LoyaltyMember.id, LoyaltyMember.account_id, LoyaltyMember.group_id,
            case((is_group, Group.code), else_=Account.code).label("code"),
            case((is_group, Group.name), else_=Account.name).label("name"),
            *columns,
        )
        .join(LoyaltyStanding, LoyaltyStanding.member_id == LoyaltyMember.id)
        .outerjoin(Account, Account.id == LoyaltyMember.account_id)
        .outerjoin(Group, Group.id == LoyaltyMember.group_id)
    )  # fmt: skip
    if not (actor.sees_everything and accounts == ALL_ACCOUNTS):
        query = query.where(or_(LoyaltyMember.account_id.in_(own), LoyaltyMember.group_id.in_(pools)))
    rows = [StandingRow(*row) for row in db.rows(session, query)]
    hidden = set() if actor.sees_everything else _partly_hidden(session, actor)
    told = [row if row.group_id not in hidden else _without_volume(row) for row in rows]
    return sorted(told, key=lambda row: (row.name.lower(), row.code))


def _partly_hidden(session: Session, actor: Actor) -> set[int]:
    """The groups of which some account is not visible."""
    query = (
        select(Account.group_id)
        .where(Account.group_id.is_not(None), Account.merged_into_id.is_(None))
        .group_by(Account.group_id)
        .having(func.sum(case((auth.visible_accounts(actor), 0), else_=1)) > 0)
    )
    return {group_id for group_id in session.scalars(query) if group_id is not None}


def _without_volume(row: StandingRow) -> StandingRow:
    return StandingRow(**{**vars(row), **dict.fromkeys(_VOLUMES)})
