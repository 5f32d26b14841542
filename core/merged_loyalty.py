"""The loyalty points of an account that turned out to be another: moved to it with their whole ledger, and back.

What the account holds by itself joins what the other holds; where it earns for a group it goes on doing so as the
other account. Orders follow the lines: the next daily job books what changes by that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from core import auth, clock
from core.auth import Actor
from core.language import _
from core.loyalty import accruals, ledger, members
from core.merged_lines import Route
from core.models import LoyaltyEnrolment, LoyaltyEntry, LoyaltyLot, LoyaltyMember, LoyaltyRequest
from core.vocabulary import Permission

_UNSYNCHRONISED = {"synchronize_session": False}


def move(session: Session, actor: Actor, route: Route) -> dict[str, Any]:
    """Move points, enrolments and requests; what undoing wants to find."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    held = _members_of(session, route.merged_id)
    if not held:
        return {}
    own = session.scalar(select(LoyaltyMember.id).where(LoyaltyMember.account_id == route.merged_id))
    kept = None if own is None else members.own_member(session, route.kept_id).id
    moved: dict[str, Any] = {"own": own, "kept": kept, "members": {}}
    for member_id in held:
        target = member_id if kept is None or member_id != own else kept
        source, into = ledger.hold(session, member_id), ledger.hold(session, target)
        shift = into.entry_count if target != member_id else 0
        # Numbers stay those of one member: what comes along is counted on after what is there.
        moved["members"][str(member_id)] = [target, shift, source.entry_count]
        if target != member_id:
            into.entry_count += source.entry_count
        session.flush()
        _rename(session, route, member_id)
        _renumber(session, (route.merged_id, member_id), (route.kept_id, target), shift, source.entry_count)
    moved["enrolments"] = _move_enrolments(session, route, own, kept)
    moved["requests"] = _move_requests(session, route.merged_id, route.kept_id, own, kept)
    _follow(session, actor, {*held, *([] if kept is None else [kept])})
    moved["people"] = _people(session, route.kept_id)
    return moved


def changed(session: Session, actor: Actor, route: Route, moved: Mapping[str, Any]) -> list[str]:
    """A sentence where somebody did something with the points since."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    if not moved or _people(session, route.kept_id) == moved["people"]:
        return []
    return [_("Loyalty points were entered since.")]


def move_back(session: Session, actor: Actor, route: Route, moved: Mapping[str, Any]) -> None:
    """Give everything back; call it only where nothing `changed`."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    if not moved:
        return
    for member, (target, shift, count) in moved["members"].items():
        _renumber(
            session, (route.kept_id, target), (route.merged_id, int(member)), -shift, shift + count, shift
        )
    _name_back(session, route)
    _enrol_back(session, route, moved)
    _move_requests(session, route.kept_id, route.merged_id, moved["kept"], moved["own"], moved["requests"])
    kept = [] if moved["kept"] is None else [moved["kept"]]
    _follow(session, actor, {*kept, *(int(member) for member in moved["members"])})


def _members_of(session: Session, account_id: int) -> list[int]:
    """Whoever holds or held points that the account brought."""
    found: set[int] = set()
    for column, where in (
        (LoyaltyEntry.member_id, LoyaltyEntry.account_id == account_id),
        (LoyaltyEnrolment.member_id, LoyaltyEnrolment.account_id == account_id),
        (LoyaltyMember.id, LoyaltyMember.account_id == account_id),
    ):
        found.update(session.scalars(select(column).where(where).distinct()))
    return sorted(found)


def _rename(session: Session, route: Route, member_id: int) -> None:
    """Keys that the other account has too say whose they were: each key is booked once an account."""
    other = aliased(LoyaltyEntry)
    taken = select(other.key).where(other.account_id == route.kept_id, other.undone_at.is_(None))
    both = and_(
        LoyaltyEntry.account_id == route.merged_id,
        LoyaltyEntry.member_id == member_id,
        LoyaltyEntry.key.in_(taken),
    )
    values = {"key": LoyaltyEntry.key + _mark(route)}
    session.execute(update(LoyaltyEntry).where(both).values(values).execution_options(**_UNSYNCHRONISED))


def _name_back(session: Session, route: Route) -> None:
    mark = _mark(route)
    marked = and_(
        LoyaltyEntry.account_id == route.merged_id, LoyaltyEntry.key.endswith(mark, autoescape=True)
    )
    values = {"key": func.substr(LoyaltyEntry.key, 1, func.length(LoyaltyEntry.key) - len(mark))}
    session.execute(update(LoyaltyEntry).where(marked).values(values).execution_options(**_UNSYNCHRONISED))


def _mark(route: Route) -> str:
    return f"@{route.merged_id}"


def _renumber(
    session: Session, was: tuple[int, int], now: tuple[int, int], shift: int, last: int, first: int = 0
) -> None:
    """Entries of one account and member become those of another; lots are told anew by `_follow`."""
    own = and_(LoyaltyEntry.account_id == was[0], LoyaltyEntry.member_id == was[1])
    rows = and_(own, LoyaltyEntry.seq > first, LoyaltyEntry.seq <= last)
    values = {"account_id": now[0], "member_id": now[1], "seq": LoyaltyEntry.seq + shift}
    session.execute(update(LoyaltyEntry).where(rows).values(values).execution_options(**_UNSYNCHRONISED))
    for account_id, member_id in (was, now):
        lots = and_(LoyaltyLot.account_id == account_id, LoyaltyLot.member_id == member_id)
        session.execute(delete(LoyaltyLot).where(lots).execution_options(**_UNSYNCHRONISED))


def _move_enrolments(
    session: Session, route: Route, own: int | None, kept: int | None
) -> dict[str, list[int]]:
    """Those that meet one of the kept account end; the others become its own."""
    there = _open(session, route.kept_id)
    moved, ended = [], []
    for row in _open(session, route.merged_id):
        if any(_meet(row, other) for other in there):
            row.superseded_at = clock.now()
            ended.append(row.id)
        else:
            row.account_id = route.kept_id
            row.member_id = row.member_id if kept is None or row.member_id != own else kept
            moved.append(row.id)
    session.flush()
    return {"moved": moved, "ended": ended}


def _open(session: Session, account_id: int) -> list[LoyaltyEnrolment]:
    query = select(LoyaltyEnrolment).where(
        LoyaltyEnrolment.account_id == account_id, LoyaltyEnrolment.superseded_at.is_(None)
    )
    return list(session.scalars(query.order_by(LoyaltyEnrolment.id)))


def _meet(one: LoyaltyEnrolment, other: LoyaltyEnrolment) -> bool:
    begins = other.valid_to is None or one.valid_from < other.valid_to
    return begins and (one.valid_to is None or other.valid_from < one.valid_to)


def _enrol_back(session: Session, route: Route, moved: Mapping[str, Any]) -> None:
    found = moved["enrolments"]
    for row in session.scalars(select(LoyaltyEnrolment).where(LoyaltyEnrolment.id.in_(found["moved"]))):
        row.account_id = route.merged_id
        row.member_id = moved["own"] if row.member_id == moved["kept"] and moved["own"] else row.member_id
    for row in session.scalars(select(LoyaltyEnrolment).where(LoyaltyEnrolment.id.in_(found["ended"]))):
        row.superseded_at = None
    session.flush()


def _move_requests(
    session: Session, was: int, now: int, own: int | None, kept: int | None, ids: list[int] | None = None
) -> list[int]:
    query = select(LoyaltyRequest).where(LoyaltyRequest.account_id == was).order_by(LoyaltyRequest.id)
    rows = [row for row in session.scalars(query) if ids is None or row.id in ids]
    for row in rows:
        row.account_id = now
        if kept is not None and row.member_id == own:
            row.member_id = kept
    session.flush()
    return [row.id for row in rows]


def _people(session: Session, account_id: int) -> int:
    """How many entries people made for an account: one more says that something was done since."""
    query = select(func.count()).where(
        LoyaltyEntry.account_id == account_id,
        LoyaltyEntry.generated.is_(False),
        LoyaltyEntry.undone_at.is_(None),
    )
    return session.scalar(query) or 0


def _follow(session: Session, actor: Actor, member_ids: set[int]) -> None:
    session.expire_all()
    accruals.bring_up_to_date(session, actor, sorted(member_ids), clock.today())
