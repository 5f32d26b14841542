"""What a tier gives an account beside points, how much of it was used in the window, and what the programme costs us.

The extra discount is counted on what was invoiced on days with the tier, as if it had been in every price; marketing
money is what was agreed as lump sums for marketing. A group's benefits are those of all its accounts together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from core import auth, clock, db, lump_sums
from core.auth import Actor
from core.filters import AccountFilter
from core.loyalty import ledger, members, replay, rules, status
from core.loyalty.specs import Benefits
from core.loyalty.status import Status
from core.loyalty_vocabulary import EntryKind
from core.models import AccountDay, LoyaltyEntry, LoyaltyMember, LoyaltyTierSpan
from core.money import ZERO, round_money
from core.periods import Period
from core.vocabulary import LumpSumKind, Permission


@dataclass(frozen=True)
class UsedBenefits:
    """Of one account, or its group, in the window so far; money in the base currency."""

    window: Period
    benefits: Benefits  # of the tier held now
    rewards_cost: Decimal  # what redeemed rewards cost us
    discount_given: Decimal
    marketing_used: Decimal
    marketing_unused: Decimal
    liability: Decimal  # of the points that are left: a management estimate, not accounting

    @property
    def value(self) -> Decimal:
        """What the account has had of the programme."""
        return self.rewards_cost + self.discount_given + self.marketing_used

    @property
    def cost(self) -> Decimal:
        """What the programme costs us: what was had, and what the points that are left will cost."""
        return self.value + self.liability


def of_account(
    session: Session, actor: Actor, account_id: int, *, on: date | None = None
) -> UsedBenefits | None:
    """None where the account is in no programme on that day."""
    auth.require(actor, Permission.LOYALTY_READ)
    day = on or clock.today()
    found = status.of_account(session, actor, account_id, on=day)
    if found.tier is None or found.spec is None or found.member_id is None:
        return None
    window = _window(session, found, day)
    tier = found.spec.tier(found.loyalty_tier)
    given = Benefits() if tier is None else tier.benefits
    accounts = _accounts(session, actor, account_id, found.member_id)
    only = AccountFilter(account_ids=frozenset(accounts))
    accrued = lump_sums.accrual(session, actor, window, only) if actor.may(Permission.TERM_READ) else None
    marketing = (accrued or {}).get(LumpSumKind.MARKETING, ZERO)
    return UsedBenefits(
        window=window,
        benefits=given,
        rewards_cost=_rewards(session, found.member_id, window),
        discount_given=_discount(session, found.member_id, accounts, window),
        marketing_used=marketing,
        marketing_unused=max(ZERO, given.marketing_amount - marketing),
        liability=replay.liability(found.active + found.pending, found.spec),
    )


def _window(session: Session, found: Status, day: date) -> Period:
    """The window so far."""
    assert found.spec is not None  # noqa: S101  (asked before)
    joined = session.scalar(
        select(func.min(LoyaltyTierSpan.valid_from)).where(
            LoyaltyTierSpan.member_id == found.member_id, LoyaltyTierSpan.superseded_at.is_(None)
        )
    )
    start, _end = rules.window_of(found.spec.window, day, joined or day)
    return Period(start, day + timedelta(days=1))


def _accounts(session: Session, actor: Actor, account_id: int, member_id: int) -> Sequence[int]:
    """The account, or those of its group that the actor sees."""
    member = session.get_one(LoyaltyMember, member_id)
    if member.group_id is None:
        return [account_id]
    rows = members.enrolments(session, actor)
    return sorted({row.account_id for row in rows if row.member_id == member_id} | {account_id})


def _rewards(session: Session, member_id: int, window: Period) -> Decimal:
    """A reward that was taken back costs nothing: its entry has the cost with a minus."""
    entry = LoyaltyEntry
    query = select(func.sum(entry.cost_amount)).where(
        entry.member_id == member_id, entry.kind.in_((EntryKind.REDEEM, EntryKind.REVERSE)), ledger.in_force(),
        entry.posted_on >= window.start, entry.posted_on < window.end,
    )  # fmt: skip
    return session.scalar(query) or ZERO


def _discount(session: Session, member_id: int, accounts: Sequence[int], window: Period) -> Decimal:
    """Net revenue on days with a discount, put back to what it was before it."""
    span, day = LoyaltyTierSpan, AccountDay
    held = and_(
        span.member_id == member_id, span.superseded_at.is_(None), span.discount_rate > 0,
        span.valid_from <= day.booked_on, or_(span.valid_to.is_(None), span.valid_to > day.booked_on),
    )  # fmt: skip
    query = (
        select(span.discount_rate, func.sum(day.net_amount))
        .join(span, held)
        .where(day.account_id.in_(accounts), day.booked_on >= window.start, day.booked_on < window.end)
        .group_by(span.discount_rate)
    )
    rows = db.rows(session, query)
    return sum((round_money(net * rate / (1 - rate)) for rate, net in rows), ZERO)
