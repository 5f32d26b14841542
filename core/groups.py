"""Groups of accounts: chains, buying groups, families of companies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import accounts, audit, auth
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import Account, AccountStructure, Group
from core.vocabulary import Permission

Moves = Mapping[int, int | None]  # account → group; None: no group


@dataclass(frozen=True)
class GroupRow:
    """A group and how many of the visible accounts belong to it."""

    id: int
    code: str
    name: str
    accounts: int
    version: int


@dataclass(frozen=True)
class Placement:
    """An account and the group that it belongs to, if any."""

    code: str
    name: str
    group_id: int | None
    group: str | None


def search(session: Session, actor: Actor) -> list[GroupRow]:
    """The groups by name: all of them for directors, for others those of accounts that they see."""
    auth.require(actor, Permission.ACCOUNT_READ)
    counts = (
        select(Account.group_id, func.count().label("accounts"))
        .where(auth.visible_accounts(actor), Account.group_id.is_not(None))
        .group_by(Account.group_id)
        .subquery()
    )
    query = select(Group, counts.c.accounts).outerjoin(counts, counts.c.group_id == Group.id)
    if not actor.may(Permission.ACCOUNT_CREATE):
        query = query.where(counts.c.accounts.is_not(None))
    rows = session.execute(query.order_by(func.lower(Group.name), Group.id))
    return [GroupRow(row.id, row.code, row.name, count or 0, row.version) for row, count in rows]


def create(session: Session, actor: Actor, code: str, name: str) -> int:
    """A new group; returns its id."""
    auth.require(actor, Permission.ACCOUNT_CREATE)
    code, name = code.strip(), name.strip()
    _check(session, code, name, None)
    group = Group(code=code, name=name)
    session.add(group)
    session.flush()
    audit.record(
        session, actor, "group:create", _subject(group), {"code": (None, code), "name": (None, name)}
    )
    return group.id


def update(session: Session, actor: Actor, group_id: int, *, code: str, name: str, version: int) -> int:
    """Call a group otherwise; returns its new version."""
    auth.require(actor, Permission.ACCOUNT_CREATE)
    group = _open(session, group_id)
    before = {"code": group.code, "name": group.name}
    code, name = code.strip(), name.strip()
    if group.version != version:
        after = {"code": code, "name": name}
        raise Conflict(
            _("Somebody else changed this group meanwhile. Look at the new values and save again."),
            current={field: value for field, value in before.items() if value != after[field]},
            version=group.version,
        )
    _check(session, code, name, group)
    group.code, group.name = code, name
    session.flush()
    changes = audit.differences(before, {"code": code, "name": name})
    if changes:
        audit.record(session, actor, "group:update", _subject(group), changes)
    return group.version


def remove(session: Session, actor: Actor, group_id: int, *, version: int) -> None:
    """Remove a group that no account belongs to."""
    auth.require(actor, Permission.ACCOUNT_CREATE)
    group = _open(session, group_id)
    if group.version != version:
        raise Conflict(_("Somebody else changed this group meanwhile. Load the page again."))
    if session.scalar(select(Account.id).where(Account.group_id == group.id).limit(1)) is not None:
        raise Conflict(_("Accounts belong to this group: move them to another group first."))
    past = select(AccountStructure.account_id).where(AccountStructure.group_id == group.id).limit(1)
    if session.scalar(past) is not None:
        raise Conflict(_("Accounts belonged to this group in earlier months: it stays for their figures."))
    subject, before = _subject(group), {"code": (group.code, None), "name": (group.name, None)}
    session.delete(group)
    session.flush()
    audit.record(session, actor, "group:remove", subject, before)


def placements(session: Session, actor: Actor) -> dict[int, Placement]:
    """Every visible account with the group that it belongs to, by name: for putting accounts into a group."""
    auth.require(actor, Permission.ACCOUNT_CREATE)
    query = (
        select(Account.id, Account.code, Account.name, Account.group_id, Group.name.label("group"))
        .outerjoin(Group, Group.id == Account.group_id)
        .where(auth.visible_accounts(actor), Account.is_unassigned.is_(False))
        .order_by(func.lower(Account.name), Account.code)
    )
    return {row.id: Placement(row.code, row.name, row.group_id, row.group) for row in session.execute(query)}


def place(session: Session, actor: Actor, moves: Moves, *, seen: Moves) -> int:
    """Put accounts into groups, or with None into none; all or none. Returns how many moved.

    `seen` is where each was when the form was shown: one that somebody moved elsewhere meanwhile is a Conflict
    that names it. Raises NotFound for an account or a group that is not there for the actor.
    """
    auth.require(actor, Permission.ACCOUNT_CREATE)
    query = select(Account).where(Account.id.in_(moves), auth.visible_accounts(actor))
    query = query.where(Account.is_unassigned.is_(False)).order_by(Account.id).with_for_update()
    known = {account.id: account for account in session.scalars(query)}
    if set(moves) - set(known):
        raise NotFound(_("There is no such account."))
    named = {group.id: group.name for group in session.scalars(select(Group))}
    if {group_id for group_id in moves.values() if group_id is not None} - set(named):
        raise NotFound(_("There is no such group."))
    _refuse_moved(known, moves, seen, named)
    moved = [account for account in known.values() if account.group_id != moves[account.id]]
    for account in moved:
        before, after = account.group_id, moves[account.id]
        account.group_id = after
        session.flush()
        changes = {"group": (named.get(before) if before else None, named.get(after) if after else None)}
        audit.record(session, actor, "account:update", accounts.subject(account), changes)
    return len(moved)


def _refuse_moved(known: Mapping[int, Account], moves: Moves, seen: Moves, named: Mapping[int, str]) -> None:
    elsewhere = [
        account
        for account in known.values()
        if account.group_id != seen.get(account.id) and account.group_id != moves[account.id]
    ]
    if elsewhere:
        none = _("no group")
        said = [
            f"{account.name}: {none if account.group_id is None else named[account.group_id]}"
            for account in elsewhere
        ]
        raise Conflict(
            _(
                "Somebody else put some of these accounts elsewhere meanwhile. Look where they are and save again."
            ),
            current={"accounts": "; ".join(said)},
        )


def _open(session: Session, group_id: int) -> Group:
    group = session.get(Group, group_id)
    if group is None:
        raise NotFound(_("There is no such group."))
    return group


def _check(session: Session, code: str, name: str, group: Group | None) -> None:
    found = {}
    if not code or len(code) > 64:
        found["code"] = _("Give the group a code of at most 64 characters.")
    if not name:
        found["name"] = _("Give the group a name.")
    is_new = group is None or group.code != code
    if code and is_new and session.scalar(select(Group.id).where(Group.code == code)) is not None:
        found["code"] = _("The code {code} is taken already. Choose another.").format(code=code)
    if found:
        raise Invalid(_("Some fields need another look."), fields=found)


def _subject(group: Group) -> Subject:
    return Subject("group", str(group.id), f"{group.code} {group.name}")
