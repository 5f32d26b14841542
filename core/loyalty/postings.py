"""What people do with points: redeem a reward, give a bonus, adjust (beyond the limit with approval), take back.

Each is an entry of its own with who, when and why; nothing is ever changed. Every function here holds the member
first, looks whether the points are there, and keeps lots and standing in step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.loyalty import accruals, ledger, members, rules, spec_documents, standings
from core.loyalty.ledger import Draft, Kept
from core.loyalty.rules import SCALE, milli
from core.loyalty.specs import Reward, Spec
from core.loyalty_vocabulary import EntryKind, ProgrammeStatus, RequestOutcome
from core.models import Account, LoyaltyEntry, LoyaltyMember, LoyaltyProgramme, LoyaltyRequest
from core.money import ZERO
from core.vocabulary import Permission

_LARGEST = Decimal(10) ** 9
USUAL_LIMIT = Decimal(1000)  # points that may be adjusted alone where no programme says otherwise


@dataclass(frozen=True)
class RequestRow:
    """An adjustment that waits for approval, or how it ended."""

    id: int
    account_id: int
    account_code: str
    account: str  # name
    points: Decimal
    qualifying: Decimal
    expires_on: date | None
    reason: str
    asked_by: str
    asked_at: datetime
    outcome: RequestOutcome | None
    decided_by: str | None
    decision: str


def redeem(
    session: Session,
    actor: Actor,
    account_id: int,
    reward: str,
    *,
    key: str,
    on: date | None = None,
    times: int = 1,
) -> Decimal:
    """Spend points on a reward of the programme in force; returns the points that were spent.

    `key` tells this redemption from others: the same one is never booked twice (a form passes its nonce).
    """
    auth.require(actor, Permission.LOYALTY_WRITE)
    account, member, spec = _opened(session, actor, account_id)
    chosen = _reward(spec, reward)
    if not 1 <= times <= 1000:
        raise Invalid(
            _("Give a number from 1 to 1000."), fields={"times": _("Give a number from 1 to 1000.")}
        )
    points = chosen.points * times
    draft = Draft(
        account_id=account.id,
        kind=EntryKind.REDEEM,
        points=-milli(points),
        posted_on=_day(on),
        key=f"redeem:{key}",
        source=f"redeem:{key}",
        reason=chosen.name if times == 1 else f"{times} × {chosen.name}",
        cost=chosen.cost * times,
    )
    _book(session, actor, account, member, spec, draft, "loyalty:redeem")
    return points


def redeem_points(
    session: Session,
    actor: Actor,
    account_id: int,
    points: Decimal,
    reason: str,
    *,
    key: str,
    on: date | None = None,
) -> None:
    """Spend a number of points on what stands in no list of rewards; it costs what the programme says of a point."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    account, member, spec = _opened(session, actor, account_id)
    _checked(points, reason, signed=False)
    draft = Draft(
        account_id=account.id,
        kind=EntryKind.REDEEM,
        points=-milli(points),
        posted_on=_day(on),
        key=f"redeem:{key}",
        source=f"redeem:{key}",
        reason=reason.strip(),
        cost=None if spec is None else round(points * spec.point_cost, 4),
    )
    _book(session, actor, account, member, spec, draft, "loyalty:redeem")


def award(
    session: Session,
    actor: Actor,
    account_id: int,
    bonus: str,
    *,
    key: str,
    on: date | None = None,
    reason: str = "",
) -> Decimal:
    """Give one of the programme's bonuses (on-time payment, referral, signature …); returns its points."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    account, member, spec = _opened(session, actor, account_id)
    if spec is None or bonus not in spec.bonuses:
        raise NotFound(_("The programme has no bonus {name}.").format(name=bonus))
    day = _day(on)
    draft = Draft(
        account_id=account.id,
        kind=EntryKind.EARN,
        points=milli(spec.bonuses[bonus]),
        posted_on=day,
        expires_on=rules.expires_on(spec, day),
        key=f"bonus:{bonus}:{key}",
        source=f"bonus:{bonus}:{key}",
        reason=reason.strip() or bonus,
    )
    _book(session, actor, account, member, spec, draft, "loyalty:award")
    return spec.bonuses[bonus]


def adjust(
    session: Session,
    actor: Actor,
    account_id: int,
    points: Decimal,
    reason: str,
    *,
    key: str,
    qualifying: Decimal = ZERO,
    expires_on: date | None = None,
) -> int | None:
    """Give points, or take some with a minus; beyond the limit it becomes a request, whose id is returned."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    account, member, spec = _opened(session, actor, account_id)
    _checked(points, reason, signed=True)
    if expires_on is not None and expires_on < clock.today():
        text = _("The last day of the points is today or a later one.")
        raise Invalid(text, fields={"expires_on": text})
    limit = USUAL_LIMIT if spec is None else spec.adjust_limit
    if max(abs(points), abs(qualifying)) > limit and not actor.may(Permission.LOYALTY_APPROVE):
        row = LoyaltyRequest(
            member_id=member.id, account_id=account.id, points=points, qualifying=qualifying, expires_on=expires_on,
            reason=reason.strip(), asked_by=actor.username, asked_at=clock.now(), decision="",
        )  # fmt: skip
        session.add(row)
        session.flush()
        changes = {"points": (None, points), "reason": (None, row.reason)}
        audit.record(session, actor, "loyalty:ask", _subject(account), changes)
        return row.id
    draft = _adjustment(account.id, points, qualifying, expires_on, reason, f"adjust:{key}")
    _book(session, actor, account, member, spec, draft, "loyalty:adjust")
    return None


def requests(session: Session, actor: Actor, *, undecided: bool = True) -> list[RequestRow]:
    """The requests about visible accounts, the newest first."""
    auth.require(actor, Permission.LOYALTY_READ)
    query = (
        select(LoyaltyRequest, Account.code, Account.name)
        .join(Account, Account.id == LoyaltyRequest.account_id)
        .where(auth.visible_accounts(actor))
        .order_by(LoyaltyRequest.id.desc())
    )
    if undecided:
        query = query.where(LoyaltyRequest.outcome.is_(None))
    return [
        RequestRow(
            row.id, row.account_id, code, name, row.points, row.qualifying, row.expires_on, row.reason, row.asked_by,
            row.asked_at, row.outcome, row.decided_by, row.decision,
        )
        for row, code, name in session.execute(query)
    ]  # fmt: skip


def decide(
    session: Session, actor: Actor, request_id: int, outcome: RequestOutcome, *, reason: str = ""
) -> None:
    """Approve a request, which books it, or reject it with a reason; nobody decides about their own."""
    auth.require(actor, Permission.LOYALTY_APPROVE)
    query = (
        select(LoyaltyRequest, Account)
        .join(Account, Account.id == LoyaltyRequest.account_id)
        .where(LoyaltyRequest.id == request_id, auth.visible_accounts(actor))
        .with_for_update(of=LoyaltyRequest)
        .execution_options(populate_existing=True)
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound(_("There is no such request."))
    row, account = found
    if row.outcome is not None:
        raise Conflict(_("This request was decided already."))
    if row.asked_by == actor.username and actor.user_id is not None:
        raise Conflict(_("Nobody decides about their own request: ask somebody else who may."))
    if outcome is RequestOutcome.REJECTED and not reason.strip():
        raise Invalid(_("Say why it is rejected."), fields={"reason": _("Say why it is rejected.")})
    row.outcome, row.decided_by, row.decided_at = outcome, actor.username, clock.now()
    row.decision = reason.strip()
    session.flush()
    if outcome is RequestOutcome.APPROVED:
        _account, member, spec = _opened(session, actor, account.id)
        draft = _adjustment(
            account.id, row.points, row.qualifying, row.expires_on, row.reason, f"request:{row.id}"
        )
        _book(session, actor, account, member, spec, draft, "loyalty:adjust")
        return
    changes = {"outcome": (None, outcome), "reason": (None, row.decision)}
    audit.record(session, actor, "loyalty:reject", _subject(account), changes)


def take_back(session: Session, actor: Actor, account_id: int, source: str, reason: str) -> None:
    """Undo what somebody entered (a redemption, an adjustment, a bonus) by a further entry.

    What a redemption spent goes back to the lots that it came from; those whose last day is over stay lapsed.
    """
    auth.require(actor, Permission.LOYALTY_WRITE)
    account, member, spec = _opened(session, actor, account_id)
    _checked(Decimal(1), reason, signed=True)
    query = select(LoyaltyEntry).where(
        LoyaltyEntry.account_id == account.id, LoyaltyEntry.member_id == member.id, LoyaltyEntry.source == source,
        LoyaltyEntry.generated.is_(False), ledger.in_force(),
    )  # fmt: skip
    rows = list(session.scalars(query.order_by(LoyaltyEntry.seq)))
    if not rows:
        raise NotFound(_("There is no such entry."))
    points = sum((row.points for row in rows), ZERO)
    qualifying = sum((row.qualifying for row in rows), ZERO)
    if not points and not qualifying:
        raise Conflict(_("This was taken back already."))
    costs = [row.cost_amount for row in rows if row.cost_amount is not None]
    draft = Draft(
        account_id=account.id,
        kind=EntryKind.REVERSE,
        points=-milli(points),
        qualifying=-milli(qualifying),
        posted_on=max(clock.today(), rows[-1].posted_on),
        key=ledger.numbered(source, len(rows)),
        source=source,
        reason=reason.strip(),
        cost=-sum(costs, ZERO) if costs else None,
    )
    _book(session, actor, account, member, spec, draft, "loyalty:take_back")


def _opened(session: Session, actor: Actor, account_id: int) -> tuple[Account, LoyaltyMember, Spec | None]:
    """The account, who holds its points (locked), and the specification in force for it today."""
    account = account_list.access(session, actor, account_id)
    if account.is_unassigned:
        raise Invalid(_("Orders without an account earn nothing: assign them first."))
    today = clock.today()
    member_id = members.member_of(session, account.id, today)
    if member_id is None:
        member_id = members.own_member(session, account.id).id
    return account, ledger.hold(session, member_id), spec_of(session, account.id, today)


def spec_of(session: Session, account_id: int, day: date) -> Spec | None:
    """The specification that is in force for an account; for who has asked for the account."""
    enrolment = members.current(session, account_id, day)
    if enrolment is None:
        return None
    query = select(LoyaltyProgramme).where(
        LoyaltyProgramme.number == enrolment.programme_number,
        LoyaltyProgramme.superseded_at.is_(None),
        LoyaltyProgramme.status.in_((ProgrammeStatus.LIVE, ProgrammeStatus.CLOSED)),
        LoyaltyProgramme.valid_from <= day,
    )
    row = session.scalars(query.order_by(LoyaltyProgramme.valid_from.desc())).first()
    return None if row is None else spec_documents.parse(row.spec)


def _reward(spec: Spec | None, name: str) -> Reward:
    found = None if spec is None else next((one for one in spec.rewards if one.name == name), None)
    if found is None:
        raise NotFound(_("The programme has no reward {name}.").format(name=name))
    return found


def _day(on: date | None) -> date:
    day = on or clock.today()
    if day > clock.today():
        text = _("The day lies in the future: choose today or an earlier one.")
        raise Invalid(text, fields={"on": text})
    return day


def _checked(points: Decimal, reason: str, *, signed: bool) -> None:
    problems = {}
    whole = points * SCALE
    if not points or (points < 0 and not signed) or abs(points) >= _LARGEST or whole != int(whole):
        problems["points"] = _("Give a number of points, with at most three decimals.")
    if not reason.strip():
        problems["reason"] = _("Say why.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)


def _adjustment(
    account_id: int, points: Decimal, qualifying: Decimal, expires_on: date | None, reason: str, key: str
) -> Draft:
    return Draft(
        account_id=account_id, kind=EntryKind.ADJUST, points=milli(points), qualifying=milli(qualifying),
        posted_on=clock.today(), expires_on=expires_on, key=key, source=key, reason=reason.strip(),
    )  # fmt: skip


def _book(
    session: Session,
    actor: Actor,
    account: Account,
    member: LoyaltyMember,
    spec: Spec | None,
    draft: Draft,
    action: str,
) -> None:
    if ledger.known_keys(session, [draft.key]):
        raise Conflict(_("This was booked already."))
    book(session, actor, member, spec, [draft])
    changes = {
        "points": (None, Decimal(draft.points) / SCALE), "posted_on": (None, draft.posted_on),
        "reason": (None, draft.reason), "key": (None, draft.key),
    }  # fmt: skip
    audit.record(session, actor, action, _subject(account), changes)


def book(
    session: Session, actor: Actor, member: LoyaltyMember, spec: Spec | None, drafts: Sequence[Draft]
) -> None:
    """Append entries of people to the ledger of a member who is held; raises Conflict where points are not there."""
    day, months = clock.today(), standings.idle_months(spec)
    kept: Sequence[Kept] = ledger.entries(session, [member.id])[member.id]
    after = ledger.refuse_uncovered(kept, drafts, member.entry_count + 1, idle_months=months)
    ledger.append(session, actor, member, drafts)
    if any(one.qualifying for one in drafts):
        accruals.bring_up_to_date(session, actor, [member.id], day)
        return
    found = ledger.folded(after, day, idle_months=months)
    ledger.append(session, actor, member, ledger.lapses(after, found))
    ledger.keep_lots(session, member.id, found)
    standings.keep(session, member.id, day, standings.of_points(found, day, months))


def _subject(account: Account) -> Subject:
    return Subject("loyalty_member", account.code, account.name, account.id)
