"""How somebody proves who they are: passwords chosen, reset by one-time codes, and asked for again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from core import audit, auth, clock, passwords, sessions
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import User
from core.vocabulary import Permission

CODE_LIFE = timedelta(hours=24)


def reset_code(session: Session, actor: Actor, user_id: int, *, confirmation: str = "") -> str:
    """A one-time code in place of the password, good for a day; every session of the user ends."""
    auth.require(actor, Permission.USER_WRITE)
    confirm(session, actor, confirmation)
    user = access(session, user_id)
    if not user.is_active:
        raise Conflict(_("{name} is deactivated. Activate the user first.").format(name=user.name))
    code = passwords.new_code()
    user.password_hash = None
    give_code(user, code)
    ended = sessions.end_all(session, user.id)
    audit.record(session, actor, "user:reset-code", subject(user), {"sessions": (ended, 0)})
    return code


def set_password(session: Session, actor: Actor, user_id: int, password: str) -> None:
    """Give a user a password from the command line; every session of theirs ends."""
    auth.require(actor, Permission.USER_WRITE)
    user = access(session, user_id)
    _store_password(user, password)
    ended = sessions.end_all(session, user.id)
    audit.record(session, actor, "user:password", subject(user), {"sessions": (ended, 0)})


def change_password(
    session: Session, actor: Actor, old: str, new: str, *, session_id: int | None = None
) -> None:
    """Choose a new password; every other session of the actor ends.

    The old one is asked for, except from somebody who signed in with a one-time code.
    """
    user = access(session, actor.user_id)
    if not user.must_change_password and not passwords.fits(old, user.password_hash):
        raise Invalid(_("This is not your password."), fields={"old": _("This is not your password.")})
    if passwords.fits(new, user.password_hash):
        text = _("This is your password already. Choose another.")
        raise Invalid(text, fields={"new": text})
    _store_password(user, new)
    ended = sessions.end_all(session, user.id, but=session_id)
    audit.record(session, actor, "user:password", subject(user), {"sessions": (ended, 0)})


def confirm(session: Session, actor: Actor, password: str) -> None:
    """Make sure that it is really them before rights are given or taken; the command line is trusted."""
    if actor.user_id is None:
        return
    user = access(session, actor.user_id)
    if not passwords.fits(password, user.password_hash):
        text = _("Type your own password to confirm.") if not password else _("This is not your password.")
        raise Invalid(text, fields={"confirmation": text})


def subject(user: User) -> Subject:
    """The user as an audit entry names them."""
    return Subject("user", str(user.id), f"{user.name} ({user.username})")


def access(session: Session, user_id: int | None) -> User:
    """The user for another function of core, which has asked for the permission."""
    user = session.get(User, user_id) if user_id is not None else None
    if user is None:
        raise NotFound(_("There is no such user."))
    return user


def give_code(user: User, code: str) -> None:
    """Let this code stand in for a password, once and for a day."""
    user.code_hash = passwords.code_hash(code)
    user.code_expires_at = clock.now() + CODE_LIFE
    user.must_change_password = True


def _store_password(user: User, password: str) -> None:
    problem = passwords.problem(password, username=user.username)
    if problem is not None:
        raise Invalid(problem, fields={"new": problem})
    user.password_hash = passwords.hashed(password)
    user.code_hash, user.code_expires_at, user.must_change_password = None, None, False
