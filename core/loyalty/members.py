"""Who takes part: accounts or whole groups, enrolled in one programme at a time, and which account earns for whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.loyalty import accruals, ledger, programmes
from core.loyalty.ledger import Draft
from core.loyalty.lots import NO_END
from core.loyalty_vocabulary import EntryKind, ProgrammeStatus
from core.models import Account, Group, LoyaltyEnrolment, LoyaltyMember, LoyaltyProgramme
from core.vocabulary import Permission


@dataclass(frozen=True)
class EnrolmentRow:
    """That an account earns under a programme on some days; `group` says with whom its points are pooled."""

    id: int
    member_id: int
    account_id: int
    account_code: str
    account: str  # name
    group: str | None
    programme_number: int
    programme: str  # name
    valid_from: date
    valid_to: date | None  # exclusive
    recorded_at: datetime
    recorded_by: str


def enrolments(
    session: Session, actor: Actor, *, account_id: int | None = None, number: int | None = None
) -> list[EnrolmentRow]:
    """The enrolments of visible accounts as known now, by account and day."""
    auth.require(actor, Permission.LOYALTY_READ)
    query = (
        select(LoyaltyEnrolment, Account.code, Account.name, Group.name)
        .join(Account, Account.id == LoyaltyEnrolment.account_id)
        .join(LoyaltyMember, LoyaltyMember.id == LoyaltyEnrolment.member_id)
        .outerjoin(Group, Group.id == LoyaltyMember.group_id)
        .where(LoyaltyEnrolment.superseded_at.is_(None), auth.visible_accounts(actor))
        .order_by(Account.code, LoyaltyEnrolment.valid_from)
    )
    if account_id is not None:
        query = query.where(LoyaltyEnrolment.account_id == account_id)
    if number is not None:
        query = query.where(LoyaltyEnrolment.programme_number == number)
    names = {row.number: row.name for row in programmes.search(session, actor)}
    return [
        EnrolmentRow(
            row.id, row.member_id, row.account_id, code, name, group, row.programme_number,
            names.get(row.programme_number, f"P{row.programme_number}"), row.valid_from, row.valid_to,
            row.recorded_at, row.recorded_by,
        )
        for row, code, name, group in session.execute(query)
    ]  # fmt: skip


def enrol_account(session: Session, actor: Actor, account_id: int, number: int, valid_from: date) -> int:
    """Let an account take part from a day on, a past one too: its orders since then earn at once. The member's id."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    account = account_list.access(session, actor, account_id)
    _refuse_unassigned(account)
    programme = _programme(session, number, valid_from)
    member = own_member(session, account_id)
    _refuse_overlap(session, [account], valid_from)
    _enrol(session, actor, member.id, number, account.id, valid_from)
    accruals.bring_up_to_date(session, actor, [member.id], clock.today())
    changes = {"programme": (None, programme.name), "valid_from": (None, valid_from)}
    audit.record(session, actor, "loyalty:enrol", _subject(account), changes)
    return member.id


def enrol_group(session: Session, actor: Actor, group_id: int, number: int, valid_from: date) -> int:
    """Let all accounts of a group earn together; points that they have of their own move into the pool."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    group = session.get(Group, group_id)
    there = _of_group(session, group_id)
    visible = set(
        session.scalars(select(Account.id).where(Account.group_id == group_id, auth.visible_accounts(actor)))
    )
    if group is None or not visible:
        raise NotFound(_("There is no such group."))
    if len(visible) < len(there):
        raise Conflict(_("Some accounts of this group are not yours: ask somebody who sees all of them."))
    programme = _programme(session, number, valid_from)
    _refuse_overlap(session, there, valid_from)
    member = session.scalar(select(LoyaltyMember).where(LoyaltyMember.group_id == group_id))
    if member is None:
        member = LoyaltyMember(group_id=group_id, created_at=clock.now())
        session.add(member)
        session.flush()
    for account in there:
        _enrol(session, actor, member.id, number, account.id, valid_from)
        _pool(session, actor, account.id, member.id)
    accruals.bring_up_to_date(session, actor, [member.id], clock.today())
    changes = {
        "programme": (None, programme.name), "valid_from": (None, valid_from),
        "accounts": (None, [account.code for account in there]),
    }  # fmt: skip
    audit.record(
        session, actor, "loyalty:enrol", Subject("loyalty_member", f"G{group_id}", group.name), changes
    )
    return member.id


def leave(session: Session, actor: Actor, enrolment_id: int, last_on: date) -> None:
    """End an enrolment: orders after its last day earn nothing; the points stay, and lapse as promised."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    row, account = _access(session, actor, enrolment_id)
    if row.valid_to is not None:
        raise Conflict(_("This enrolment ended already."))
    if last_on < row.valid_from:
        text = _("The last day is {day} or a later one.").format(day=row.valid_from)
        raise Invalid(text, fields={"last_on": text})
    _end(session, actor, row, last_on + timedelta(days=1))
    accruals.bring_up_to_date(session, actor, [row.member_id], clock.today())
    audit.record(session, actor, "loyalty:leave", _subject(account), {"last_on": (None, last_on)})


def follow_groups(session: Session, actor: Actor, day: date) -> int:
    """Accounts that joined or left a group since earn for its pool from this day on, or no longer; how many moved."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    open_now = select(LoyaltyEnrolment, LoyaltyMember.group_id).join(
        LoyaltyMember, LoyaltyMember.id == LoyaltyEnrolment.member_id
    )
    open_now = open_now.where(
        LoyaltyEnrolment.superseded_at.is_(None),
        LoyaltyEnrolment.valid_to.is_(None),
        LoyaltyMember.group_id.is_not(None),
    )
    pools: dict[int, list[LoyaltyEnrolment]] = {}
    for row, group_id in session.execute(open_now):
        assert group_id is not None  # noqa: S101  (asked for)
        pools.setdefault(group_id, []).append(row)
    moved = 0
    for group_id, rows in sorted(pools.items()):
        there = {account.id for account in _of_group(session, group_id)}
        for row in rows:
            if row.account_id not in there and row.valid_from < day:
                _end(session, actor, row, day)
                moved += 1
        for account_id in sorted(there - {row.account_id for row in rows}):
            if current(session, account_id, day) is None:
                _enrol(session, actor, rows[0].member_id, rows[0].programme_number, account_id, day)
                moved += 1
    return moved


def own_member(session: Session, account_id: int) -> LoyaltyMember:
    """The member that the account is by itself, made where there is none; for who has asked for the account."""
    found = session.scalar(select(LoyaltyMember).where(LoyaltyMember.account_id == account_id))
    if found is None:
        found = LoyaltyMember(account_id=account_id, created_at=clock.now())
        session.add(found)
        session.flush()
    return found


def current(
    session: Session, account_id: int, day: date, known_at: datetime | None = None
) -> LoyaltyEnrolment | None:
    """The enrolment of an account in force on a day, as known; for who has asked for the account."""
    return session.scalar(
        select(LoyaltyEnrolment).where(
            LoyaltyEnrolment.account_id == account_id, known(known_at), in_force_on(day)
        )
    )


def known(known_at: datetime | None) -> ColumnElement[bool]:
    """The enrolments known now, or at a moment."""
    if known_at is None:
        return LoyaltyEnrolment.superseded_at.is_(None)
    return and_(
        LoyaltyEnrolment.recorded_at <= known_at,
        or_(LoyaltyEnrolment.superseded_at.is_(None), LoyaltyEnrolment.superseded_at > known_at),
    )


def in_force_on(day: date) -> ColumnElement[bool]:
    """Enrolments that hold on a day."""
    return and_(
        LoyaltyEnrolment.valid_from <= day,
        or_(LoyaltyEnrolment.valid_to.is_(None), LoyaltyEnrolment.valid_to > day),
    )


def member_of(session: Session, account_id: int, day: date, known_at: datetime | None = None) -> int | None:
    """Who holds the account's points on a day: its pool, else itself; for who has asked for the account."""
    enrolment = current(session, account_id, day, known_at)
    if enrolment is not None:
        return enrolment.member_id
    return session.scalar(select(LoyaltyMember.id).where(LoyaltyMember.account_id == account_id))


def holders(session: Session, account_ids: Collection[int]) -> dict[int, int]:
    """Who holds the points of some accounts today, where anybody does; for who has asked for the accounts."""
    today, wanted = clock.today(), sorted(account_ids)
    found: dict[int, int] = {}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        own = select(LoyaltyMember.account_id, LoyaltyMember.id).where(LoyaltyMember.account_id.in_(some))
        pooled = select(LoyaltyEnrolment.account_id, LoyaltyEnrolment.member_id).where(
            LoyaltyEnrolment.account_id.in_(some), known(None), in_force_on(today)
        )
        for query in (own, pooled):
            for account_id, member_id in session.execute(query):
                found[account_id or 0] = member_id
    return found


def name_of(session: Session, member_id: int) -> str:
    """What the account or the group is called; for who has asked for it."""
    member = session.get_one(LoyaltyMember, member_id)
    holder: Account | Group
    if member.account_id is not None:
        holder = session.get_one(Account, member.account_id)
    else:
        holder = session.get_one(Group, member.group_id)
    return f"{holder.code} {holder.name}"


def visible(actor: Actor) -> ColumnElement[bool]:
    """The condition on LoyaltyMember: accounts that the actor sees, and groups of which they see some account."""
    accounts = select(Account.id).where(auth.visible_accounts(actor))
    pools = select(Account.group_id).where(auth.visible_accounts(actor), Account.group_id.is_not(None))
    return or_(LoyaltyMember.account_id.in_(accounts), LoyaltyMember.group_id.in_(pools))


def sees_whole(session: Session, actor: Actor, member: LoyaltyMember) -> bool:
    """Whether the actor sees every account of the member: only then its volume is told."""
    if member.group_id is None or actor.sees_everything:
        return True
    hidden = (
        select(func.count())
        .select_from(Account)
        .where(
            Account.group_id == member.group_id,
            Account.merged_into_id.is_(None),
            ~auth.visible_accounts(actor),
        )
    )
    return not session.scalar(hidden)


def _of_group(session: Session, group_id: int) -> list[Account]:
    query = select(Account).where(
        Account.group_id == group_id, Account.merged_into_id.is_(None), Account.is_unassigned.is_(False)
    )
    return list(session.scalars(query.order_by(Account.id)))


def _programme(session: Session, number: int, day: date) -> LoyaltyProgramme:
    query = select(LoyaltyProgramme).where(
        LoyaltyProgramme.number == number,
        LoyaltyProgramme.superseded_at.is_(None),
        LoyaltyProgramme.status == ProgrammeStatus.LIVE,
    )
    versions = list(session.scalars(query.order_by(LoyaltyProgramme.valid_from)))
    if not versions:
        raise NotFound(_("There is no live programme P{number}.").format(number=number))
    first = versions[0].valid_from
    if first is not None and day < first:
        text = _("The programme begins on {day}: choose that day or a later one.").format(day=first)
        raise Invalid(text, fields={"valid_from": text})
    return versions[-1]


def _refuse_unassigned(account: Account) -> None:
    if account.is_unassigned:
        raise Invalid(_("Orders without an account earn nothing: assign them first."))


def _refuse_overlap(session: Session, joining: Sequence[Account], valid_from: date) -> None:
    """An account is in one programme at a time, and with one pool."""
    query = select(LoyaltyEnrolment.account_id).where(
        LoyaltyEnrolment.account_id.in_([account.id for account in joining]),
        LoyaltyEnrolment.superseded_at.is_(None),
        or_(LoyaltyEnrolment.valid_to.is_(None), LoyaltyEnrolment.valid_to > valid_from),
    )
    taken = set(session.scalars(query))
    names = ", ".join(account.code for account in joining if account.id in taken)
    if names:
        text = _("In a programme on some of these days already: {names}.").format(names=names)
        raise Invalid(text, fields={"valid_from": text})


def _enrol(
    session: Session, actor: Actor, member_id: int, number: int, account_id: int, valid_from: date
) -> None:
    session.add(
        LoyaltyEnrolment(
            member_id=member_id, programme_number=number, account_id=account_id, valid_from=valid_from,
            valid_to=None, recorded_at=clock.now(), recorded_by=actor.username, superseded_at=None,
        )
    )  # fmt: skip
    session.flush()


def _end(session: Session, actor: Actor, row: LoyaltyEnrolment, end: date) -> None:
    """A version with an end supersedes the open one."""
    kept: dict[str, Any] = {
        name: getattr(row, name) for name in ("member_id", "programme_number", "account_id", "valid_from")
    }
    now = clock.now()
    row.superseded_at = now
    session.add(LoyaltyEnrolment(**kept, valid_to=end, recorded_at=now, recorded_by=actor.username))
    session.flush()


def _pool(session: Session, actor: Actor, account_id: int, member_id: int) -> None:
    """What an account has of its own moves into the pool, lot by lot, with its last days."""
    own_id = session.scalar(select(LoyaltyMember.id).where(LoyaltyMember.account_id == account_id))
    if own_id is None:
        return
    today = clock.today()
    own, pool = ledger.hold(session, own_id), ledger.hold(session, member_id)
    found = ledger.folded(ledger.entries(session, [own_id])[own_id], today)
    out, into = [], []
    for lot in sorted(found.lots.values(), key=lambda one: (one.expires, one.key)):
        if lot.remaining <= 0:
            continue
        name = f"pool:{own.entry_count}:{lot.source}"
        last = None if lot.expires == NO_END else date.fromordinal(lot.expires)
        draft = Draft(account_id, EntryKind.ADJUST, -lot.remaining, today, f"{name}:out", f"{name}:out")
        out.append(draft)
        into.append(
            Draft(
                account_id,
                EntryKind.ADJUST,
                lot.remaining,
                today,
                f"{name}:in",
                f"{name}:in",
                expires_on=last,
            )
        )
    ledger.append(session, actor, own, out)
    ledger.append(session, actor, pool, into)
    accruals.bring_up_to_date(session, actor, [own_id], today)


def _access(session: Session, actor: Actor, enrolment_id: int) -> tuple[LoyaltyEnrolment, Account]:
    query = (
        select(LoyaltyEnrolment, Account)
        .join(Account, Account.id == LoyaltyEnrolment.account_id)
        .where(
            LoyaltyEnrolment.id == enrolment_id,
            LoyaltyEnrolment.superseded_at.is_(None),
            auth.visible_accounts(actor),
        )
        .with_for_update(of=LoyaltyEnrolment)
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound(_("There is no such enrolment."))
    return found[0], found[1]


def _subject(account: Account) -> Subject:
    return Subject("loyalty_member", account.code, account.name, account.id)
