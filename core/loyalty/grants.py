"""Granted tiers: a loyalty tier given for some days whatever was earned, with who gave it, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.loyalty import accruals, ledger, members, postings
from core.models import LoyaltyGrant, LoyaltyMember
from core.vocabulary import Permission


@dataclass(frozen=True)
class GrantRow:
    """A granted tier; `last_on` is its last day."""

    id: int
    loyalty_tier: str
    first_on: date
    last_on: date
    reason: str
    granted_by: str
    granted_at: datetime
    withdrawn_at: datetime | None


def search(session: Session, actor: Actor, account_id: int) -> list[GrantRow]:
    """The tiers that an account, or its group, was ever granted, the newest first."""
    auth.require(actor, Permission.LOYALTY_READ)
    account = account_list.access(session, actor, account_id)
    member_id = members.member_of(session, account.id, clock.today())
    query = select(LoyaltyGrant).where(LoyaltyGrant.member_id == member_id).order_by(LoyaltyGrant.id.desc())
    return [
        GrantRow(
            row.id, row.loyalty_tier, row.valid_from, row.valid_to - timedelta(days=1), row.reason, row.recorded_by,
            row.recorded_at, row.superseded_at,
        )
        for row in session.scalars(query)
    ]  # fmt: skip


def grant(
    session: Session,
    actor: Actor,
    account_id: int,
    loyalty_tier: str,
    first_on: date,
    last_on: date,
    reason: str,
) -> int:
    """Give a tier of the programme in force for some days; it counts where it is higher than the earned one."""
    auth.require(actor, Permission.LOYALTY_APPROVE)
    account = account_list.access(session, actor, account_id)
    spec = postings.spec_of(session, account.id, clock.today())
    problems = {}
    if spec is None or spec.tier(loyalty_tier) is None:
        problems["loyalty_tier"] = _("Choose a tier of the programme that the account is in.")
    if last_on < first_on:
        problems["last_on"] = _("The last day is the first one or a later one.")
    if not reason.strip():
        problems["reason"] = _("Say why.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)
    member_id = members.member_of(session, account.id, clock.today())
    if member_id is None:
        raise NotFound(_("Nobody of this name holds loyalty points."))
    member = ledger.hold(session, member_id)
    row = LoyaltyGrant(
        member_id=member.id, loyalty_tier=loyalty_tier, valid_from=first_on, valid_to=last_on + timedelta(days=1),
        reason=reason.strip(), recorded_at=clock.now(), recorded_by=actor.username,
    )  # fmt: skip
    session.add(row)
    session.flush()
    accruals.bring_up_to_date(session, actor, [member.id], clock.today())
    changes = {
        "loyalty_tier": (None, loyalty_tier), "first_on": (None, first_on), "last_on": (None, last_on),
        "reason": (None, row.reason),
    }  # fmt: skip
    subject = Subject("loyalty_member", account.code, account.name, account.id)
    audit.record(session, actor, "loyalty:grant_tier", subject, changes)
    return row.id


def withdraw(session: Session, actor: Actor, account_id: int, grant_id: int) -> None:
    """Take a granted tier back, as if it had not been given: what was earned counts again."""
    auth.require(actor, Permission.LOYALTY_APPROVE)
    account = account_list.access(session, actor, account_id)
    row = session.get(LoyaltyGrant, grant_id, with_for_update=True)
    member_id = members.member_of(session, account.id, clock.today())
    if row is None or row.member_id != member_id or session.get(LoyaltyMember, member_id) is None:
        raise NotFound(_("There is no such granted tier."))
    if row.superseded_at is not None:
        raise Conflict(_("This was taken back already."))
    row.superseded_at = clock.now()
    session.flush()
    accruals.bring_up_to_date(session, actor, [row.member_id], clock.today())
    subject = Subject("loyalty_member", account.code, account.name, account.id)
    audit.record(session, actor, "loyalty:withdraw_tier", subject, {"loyalty_tier": (row.loyalty_tier, None)})
