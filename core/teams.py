"""Who works on an account beside its owner, and what other systems call the account."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from core import accounts, audit, auth
from core.accounts import Member
from core.auth import Actor
from core.errors import Conflict, Invalid
from core.language import _
from core.models import Account, AccountCode, TeamMember, User
from core.vocabulary import Permission, TeamRole


def set_team(
    session: Session, actor: Actor, account_id: int, members: Sequence[Member], *, version: int
) -> int:
    """Decide who works on an account, from which day to which; the list replaces the one before.

    Returns the account's new version.
    """
    auth.require(actor, Permission.ACCOUNT_WRITE)
    account = _open(session, actor, account_id)
    stored = list(session.scalars(select(TeamMember).where(TeamMember.account_id == account.id)))
    _is_as_shown(account, version, {"team": "; ".join(_said(stored, _full_names(session, stored)))})
    names = _names(session, members)
    _check(members, names)
    before = {_key(row): row for row in stored}
    wanted = {_key(member): member for member in members}
    if before.keys() == wanted.keys():
        return account.version
    for key, row in before.items():
        if key not in wanted:
            session.delete(row)
    for key, member in wanted.items():
        if key not in before:
            session.add(TeamMember(account_id=account.id, user_id=member.user_id, role=member.role,
                                   valid_from=member.valid_from, valid_to=member.valid_to))  # fmt: skip
    names |= _names(session, stored)
    _touch(session, account)
    changes = {"team": (_said(before.values(), names), _said(wanted.values(), names))}
    audit.record(session, actor, "account:team", accounts.subject(account), changes)
    return account.version


def set_codes(
    session: Session, actor: Actor, account_id: int, codes: Sequence[tuple[str, str]], *, version: int
) -> int:
    """Decide what other systems call an account, as (source, code); the list replaces the one before.

    Returns the account's new version.
    """
    auth.require(actor, Permission.ACCOUNT_WRITE)
    account = _open(session, actor, account_id)
    wanted = sorted({(source.strip(), code.strip()) for source, code in codes})
    if any(not source or not code for source, code in wanted):
        raise Invalid(
            _("Each code needs the system that it comes from."), fields={"codes": _("Fill both columns.")}
        )
    query = select(AccountCode.source, AccountCode.code).where(AccountCode.account_id == account.id)
    before = sorted((source, code) for source, code in session.execute(query))
    _is_as_shown(account, version, {"codes": "; ".join(": ".join(pair) for pair in before)})
    if wanted == before:
        return account.version
    session.execute(delete(AccountCode).where(AccountCode.account_id == account.id))
    for source, code in wanted:
        taken = session.get(AccountCode, (source, code))
        if taken is not None:
            sentence = _("The code {code} of {source} already means another account.").format(
                code=code, source=source
            )
            raise Invalid(sentence, fields={"codes": sentence})
        session.add(AccountCode(source=source, code=code, account_id=account.id))
    _touch(session, account)
    changes = {"codes": ([": ".join(pair) for pair in before], [": ".join(pair) for pair in wanted])}
    audit.record(session, actor, "account:codes", accounts.subject(account), changes)
    return account.version


def _open(session: Session, actor: Actor, account_id: int) -> Account:
    account = accounts.access(session, actor, account_id)
    if account.is_unassigned:
        raise Conflict(_("This account stands for orders without an account and cannot be changed."))
    return account


def _is_as_shown(account: Account, version: int, current: dict[str, str]) -> None:
    if account.version != version:
        raise Conflict(
            _("Somebody else changed this account meanwhile. Look at the new values and save again."),
            current=current,
            version=account.version,
        )


def _touch(session: Session, account: Account) -> None:
    # Team and codes are part of what the form shows, so they count as a change of the account.
    flag_modified(account, "name")
    session.flush()


def _names(session: Session, members: Sequence[Member | TeamMember]) -> dict[int, str]:
    ids = {member.user_id for member in members}
    found = session.scalars(select(User).where(User.id.in_(ids)))
    return {user.id: user.username for user in found}


def _full_names(session: Session, members: Sequence[TeamMember]) -> dict[int, str]:
    ids = {member.user_id for member in members}
    return {user.id: user.name for user in session.scalars(select(User).where(User.id.in_(ids)))}


def _check(members: Sequence[Member], names: dict[int, str]) -> None:
    for position, member in enumerate(members):
        if member.user_id not in names:
            raise Invalid(
                _("Choose people who have a user."), fields={"team": _("Choose people of the list.")}
            )
        if member.valid_to is not None and member.valid_to <= member.valid_from:
            sentence = _("The time of {name} ends before it starts.").format(name=names[member.user_id])
            raise Invalid(sentence, fields={"team": sentence})
        for other in members[:position]:
            if other.user_id == member.user_id and _meet(member, other):
                sentence = _("{name} stands twice for the same days.").format(name=names[member.user_id])
                raise Invalid(sentence, fields={"team": sentence})


def _meet(one: Member, other: Member) -> bool:
    starts_before_end = other.valid_to is None or one.valid_from < other.valid_to
    return starts_before_end and (one.valid_to is None or other.valid_from < one.valid_to)


def _key(member: Member | TeamMember) -> tuple[object, ...]:
    return (member.user_id, member.role, member.valid_from, member.valid_to)


def _said(members: object, names: dict[int, str]) -> list[str]:
    said = []
    for member in members:  # type: ignore[attr-defined]
        role = TeamRole(member.role).value
        end = member.valid_to.isoformat() if member.valid_to else ""
        said.append(
            f"{names.get(member.user_id, member.user_id)} {role} {member.valid_from.isoformat()} – {end}".strip()
        )
    return sorted(said)
