"""Users: who may sign in, what they may do, and how they get a password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from core import audit, auth, clock, credentials, passwords, sessions, settings
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import LANGUAGES, _
from core.models import Region, User, UserGrant, UserRegion, UserRole, WebSession
from core.vocabulary import Permission, Role

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_RIGHTS = ("roles", "region_ids", "sees_cost", "username")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class UserDraft:
    """What an administrator decides about a user."""

    username: str
    name: str
    email: str = ""
    roles: frozenset[Role] = frozenset()
    region_ids: frozenset[int] = frozenset()  # directors and viewers: empty means all
    sees_cost: bool = False
    language: str = "en"


@dataclass(frozen=True)
class UserRow:
    """A user as the list and the form show them."""

    id: int
    username: str
    name: str
    email: str
    roles: frozenset[Role]
    region_ids: frozenset[int]
    sees_cost: bool
    language: str
    is_active: bool
    is_demo: bool
    has_code: bool  # a one-time code waits to be used
    seen_at: datetime | None
    version: int


@dataclass(frozen=True)
class Created:
    """A new user's id, and the one-time code to hand over; it is shown once and kept nowhere."""

    user_id: int
    code: str


def search(session: Session, actor: Actor, text: str = "") -> list[UserRow]:
    """Users whose name, user name or e-mail has the text, by name."""
    auth.require(actor, Permission.USER_WRITE)
    query = select(User).order_by(func.lower(User.name), User.id)
    if text:
        columns = (User.name, User.username, User.email)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    seen = dict(
        session.execute(
            select(WebSession.user_id, func.max(WebSession.seen_at)).group_by(WebSession.user_id)
        ).all()
    )
    return [_row(user, seen.get(user.id)) for user in session.scalars(query)]


def get(session: Session, actor: Actor, user_id: int) -> UserRow:
    """One user."""
    auth.require(actor, Permission.USER_WRITE)
    seen = session.scalar(select(func.max(WebSession.seen_at)).where(WebSession.user_id == user_id))
    return _row(credentials.access(session, user_id), seen)


def regions(session: Session, actor: Actor) -> dict[int, str]:
    """Every region by its id, for choosing."""
    auth.require(actor, Permission.USER_WRITE)
    return dict(session.execute(select(Region.id, Region.name).order_by(Region.name)).all())


def exist(session: Session) -> bool:
    """Whether anybody can sign in; asked before there is anybody who could ask."""
    return session.scalar(select(User.id).limit(1)) is not None


def create(session: Session, actor: Actor, draft: UserDraft, *, confirmation: str = "") -> Created:
    """A new user, who signs in with a one-time code and then chooses a password."""
    auth.require(actor, Permission.USER_WRITE)
    credentials.confirm(session, actor, confirmation)
    draft = _tidy(draft)
    _check(session, draft, user_id=None)
    code = passwords.new_code()
    user = User(
        username=draft.username,
        name=draft.name,
        email=draft.email or None,
        password_hash=None,
        language=draft.language,
        must_change_password=True,
        created_at=clock.now(),
    )
    credentials.give_code(user, code)
    _assign(user, draft)
    session.add(user)
    session.flush()
    audit.record(
        session,
        actor,
        "user:create",
        credentials.subject(user),
        audit.differences({}, {**_facts(user), "is_active": True}),
    )
    return Created(user.id, code)


def update(
    session: Session, actor: Actor, user_id: int, draft: UserDraft, *, version: int, confirmation: str = ""
) -> None:
    """Change what was decided about a user; whoever changes rights gives their own password again."""
    auth.require(actor, Permission.USER_WRITE)
    user = credentials.access(session, user_id)
    draft = _tidy(draft)
    before = _facts(user)
    if user.version != version:
        raise Conflict(
            _("Somebody else changed this user meanwhile. Look at the new values and save again."),
            current=audit.differences(_facts_of(draft), before) and before,
            version=user.version,
        )
    _check(session, draft, user_id=user.id)
    if any(before[right] != getattr(draft, right) for right in _RIGHTS):
        credentials.confirm(session, actor, confirmation)
    if Role.ADMIN in _roles(user) and Role.ADMIN not in draft.roles:
        _require_another_admin(session, user)
    user.username, user.name, user.language = draft.username, draft.name, draft.language
    user.email = draft.email or None
    _assign(user, draft)
    session.flush()
    changes = audit.differences(before, _facts(user))
    if changes:
        audit.record(session, actor, "user:update", credentials.subject(user), changes)


def deactivate(session: Session, actor: Actor, user_id: int, *, confirmation: str = "") -> None:
    """The user may no longer sign in, and is out wherever they are signed in."""
    auth.require(actor, Permission.USER_WRITE)
    credentials.confirm(session, actor, confirmation)
    user = credentials.access(session, user_id)
    if not user.is_active:
        raise Conflict(_("{name} is deactivated already.").format(name=user.name))
    if Role.ADMIN in _roles(user):
        _require_another_admin(session, user)
    user.is_active = False
    user.code_hash, user.code_expires_at = None, None
    ended = sessions.end_all(session, user.id)
    audit.record(
        session,
        actor,
        "user:deactivate",
        credentials.subject(user),
        {"is_active": (True, False), "sessions": (ended, 0)},
    )


def reactivate(session: Session, actor: Actor, user_id: int) -> None:
    """A user who left may sign in again, with the password they had."""
    auth.require(actor, Permission.USER_WRITE)
    user = credentials.access(session, user_id)
    if user.is_active:
        raise Conflict(_("{name} is active already.").format(name=user.name))
    user.is_active = True
    audit.record(session, actor, "user:reactivate", credentials.subject(user), {"is_active": (False, True)})


def choose_language(session: Session, actor: Actor, language: str) -> None:
    """The language that the actor reads: one that the company chose."""
    if language not in settings.get(session).languages:
        raise Invalid(
            _("Utama does not speak this language."), fields={"language": _("Choose one of the list.")}
        )
    user = credentials.access(session, actor.user_id)
    before, user.language = user.language, language
    if before != language:
        audit.record(
            session, actor, "user:update", credentials.subject(user), {"language": (before, language)}
        )


def named(session: Session, actor: Actor, username: str) -> UserRow:
    """A user by their user name, for the command line."""
    auth.require(actor, Permission.USER_WRITE)
    user = session.scalar(select(User).where(User.username == username.strip().lower()))
    if user is None:
        raise NotFound(
            _("There is no user {name}. `python -m core user list` shows the users.").format(name=username)
        )
    return _row(user, None)


def _row(user: User, seen_at: datetime | None) -> UserRow:
    return UserRow(
        id=user.id,
        username=user.username,
        name=user.name,
        email=user.email or "",
        roles=_roles(user),
        region_ids=frozenset(row.region_id for row in user.regions),
        sees_cost=_sees_cost(user),
        language=user.language,
        is_active=user.is_active,
        is_demo=user.is_demo,
        has_code=user.code_expires_at is not None and user.code_expires_at > clock.now(),
        seen_at=seen_at,
        version=user.version,
    )


def _roles(user: User) -> frozenset[Role]:
    return frozenset(row.role for row in user.roles)


def _sees_cost(user: User) -> bool:
    return any(row.permission is Permission.COST_READ for row in user.grants)


def _facts(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "name": user.name,
        "email": user.email or "",
        "language": user.language,
        "roles": _roles(user),
        "region_ids": frozenset(row.region_id for row in user.regions),
        "sees_cost": _sees_cost(user),
    }


def _facts_of(draft: UserDraft) -> Mapping[str, Any]:
    return {name: getattr(draft, name) for name in UserDraft.__dataclass_fields__}


def _assign(user: User, draft: UserDraft) -> None:
    """Roles, regions and grants as the draft says; rows that stay are left alone."""
    user.roles = [row for row in user.roles if row.role in draft.roles] + [
        UserRole(role=role) for role in sorted(draft.roles - _roles(user))
    ]
    kept = {row.region_id for row in user.regions}
    user.regions = [row for row in user.regions if row.region_id in draft.region_ids] + [
        UserRegion(region_id=region_id) for region_id in sorted(draft.region_ids - kept)
    ]
    if draft.sees_cost != _sees_cost(user):
        user.grants = [row for row in user.grants if row.permission is not Permission.COST_READ]
        if draft.sees_cost:
            user.grants.append(UserGrant(permission=Permission.COST_READ))
    # Roles stand in rows of their own: the user's version must move with them.
    flag_modified(user, "name")


def _tidy(draft: UserDraft) -> UserDraft:
    return UserDraft(
        username=draft.username.strip().lower(),
        name=" ".join(draft.name.split()),
        email=draft.email.strip().lower(),
        roles=frozenset(draft.roles),
        region_ids=frozenset(draft.region_ids),
        sees_cost=draft.sees_cost,
        language=draft.language,
    )


def _check(session: Session, draft: UserDraft, *, user_id: int | None) -> None:
    problems = {}
    if not _USERNAME.fullmatch(draft.username):
        problems["username"] = _("A user name has 2 to 64 letters, digits, dots or hyphens, without spaces.")
    elif _taken(session, User.username == draft.username, user_id):
        problems["username"] = _("Somebody has this user name already.")
    if not draft.name:
        problems["name"] = _("Give the name that colleagues know.")
    if draft.email and not _EMAIL.fullmatch(draft.email):
        problems["email"] = _("This is not an e-mail address.")
    elif draft.email and _taken(session, User.email == draft.email, user_id):
        problems["email"] = _("Somebody has this e-mail address already.")
    if not draft.roles:
        problems["roles"] = _("Choose at least one role.")
    if draft.language not in LANGUAGES:
        problems["language"] = _("Choose one of the list.")
    known = set(session.scalars(select(Region.id).where(Region.id.in_(draft.region_ids))))
    if known != set(draft.region_ids):
        problems["region_ids"] = _("One of these regions no longer exists.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)


def _taken(session: Session, condition: Any, user_id: int | None) -> bool:
    return session.scalar(select(User.id).where(condition, User.id != (user_id or 0))) is not None


def _require_another_admin(session: Session, user: User) -> None:
    # The rows are locked: two administrators who remove each other at once do not both succeed.
    admins = session.scalars(
        select(User)
        .join(UserRole, UserRole.user_id == User.id)
        .where(User.is_active, UserRole.role == Role.ADMIN)
        .order_by(User.id)
        .with_for_update(of=User)
    ).all()
    if not any(admin.id != user.id for admin in admins):
        text = _("{name} is the last administrator. Make somebody else one first.").format(name=user.name)
        raise Conflict(text, fields={"roles": text})
