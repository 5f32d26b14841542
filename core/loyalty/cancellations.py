"""Taking an enrolment back as if it had never been: what its orders earned is taken back, day by day."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, NotFound
from core.language import _
from core.loyalty import accruals, tier_spans
from core.models import Account, LoyaltyEnrolment, LoyaltyMember
from core.vocabulary import Permission


def cancel(session: Session, actor: Actor, account_id: int) -> None:
    """Take back the newest enrolment of an account by itself; a group's accounts leave one by one instead."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    query = (
        select(LoyaltyEnrolment, Account, LoyaltyMember.group_id)
        .join(Account, Account.id == LoyaltyEnrolment.account_id)
        .join(LoyaltyMember, LoyaltyMember.id == LoyaltyEnrolment.member_id)
        .where(
            LoyaltyEnrolment.account_id == account_id,
            LoyaltyEnrolment.superseded_at.is_(None),
            auth.visible_accounts(actor),
        )
        .order_by(LoyaltyEnrolment.valid_from.desc())
        .with_for_update(of=LoyaltyEnrolment)
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound(_("There is no such enrolment."))
    row, account, group_id = found
    if group_id is not None:
        raise Conflict(_("The points are pooled already: let the account leave the programme instead."))
    row.superseded_at = clock.now()
    session.flush()
    accruals.bring_up_to_date(session, actor, [row.member_id], clock.today())
    left = select(func.count()).where(
        LoyaltyEnrolment.member_id == row.member_id, LoyaltyEnrolment.superseded_at.is_(None)
    )
    if not session.scalar(left):
        tier_spans.keep(session, row.member_id, [])
    subject = Subject("loyalty_member", account.code, account.name, account.id)
    audit.record(session, actor, "loyalty:cancel", subject, {"valid_from": (row.valid_from, None)})
