"""Signing in and staying signed in: attempts, one-time tickets, and sessions that end when they should."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, joinedload

from core import attempts, audit, auth, clock, config, db, passwords
from core.audit import Subject
from core.auth import Actor
from core.errors import Forbidden, NotFound
from core.language import _
from core.models import SignInTicket, User, WebSession

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
TICKET_LIFE = timedelta(seconds=60)
_NOTED_EVERY = timedelta(minutes=1)

SECURE_COOKIE = "__Host-utama"  # browsers let nobody but this very host set it, and only in a secure context
PLAIN_COOKIE = "utama"


@dataclass(frozen=True)
class SignedIn:
    """A live session, and who it belongs to at this moment."""

    actor: Actor
    session_id: int
    token_hash: str
    must_change_password: bool
    is_demo: bool
    is_due: bool  # whether it should be noted again that somebody is there


@dataclass(frozen=True)
class SessionRow:
    """One signed-in browser in the list of My profile."""

    id: int
    device: str
    created_at: datetime
    seen_at: datetime
    is_current: bool


def cookie_names() -> tuple[str, ...]:
    """The cookies that may carry a session: only the protected one where the address people use is https."""
    if config.load().public_url.startswith("https://"):
        return (SECURE_COOKIE,)
    return (SECURE_COOKIE, PLAIN_COOKIE)


def token_in(cookies: Mapping[str, str]) -> str | None:
    """The session token among a browser's cookies."""
    return next((cookies[name] for name in cookie_names() if cookies.get(name)), None)


def cookie_for(host: str) -> str:
    """The cookie for a browser that used this host name: protected on https and on this machine itself."""
    public = urlsplit(config.load().public_url)
    if public.scheme == "https" and host == public.hostname:
        return SECURE_COOKIE
    return SECURE_COOKIE if host in ("localhost", "127.0.0.1") else PLAIN_COOKIE


def sign_in(username: str, password: str, *, address: str, is_local: bool) -> str:
    """Check a name and a password or one-time code; the ticket that the browser turns into its cookie.

    Opens its own transactions: an attempt counts before it is checked, whatever becomes of the check.
    """
    username = username.strip().lower()[:100]
    with db.write() as session:
        attempt_id = attempts.begin(session, username, address)
        user = session.scalar(select(User).where(User.username == username))
        stored = user.password_hash if user is not None and user.is_active else None
    right = passwords.fits(password, stored)
    with db.write() as session:
        user = session.scalar(select(User).where(User.username == username).with_for_update())
        if user is None or not user.is_active or not (right or _by_code(user, password)):
            raise Forbidden(_("User name or password is wrong."))
        if right and user.password_hash != stored:
            raise Forbidden(_("User name or password is wrong."))
        if user.is_demo and not is_local:
            raise Forbidden(_("The people of the demo company sign in only on the machine that runs Utama."))
        attempts.succeeded(session, attempt_id)
        audit.record(
            session, auth.actor_for(user), "session:create", Subject("session", user.username, user.name),
            {"address": (None, address)},
        )  # fmt: skip
        return _ticket(session, user)


def _by_code(user: User, typed: str) -> bool:
    """Whether a one-time code was typed; using it up asks for a new password at once."""
    if user.code_expires_at is None or user.code_expires_at <= clock.now():
        return False
    if not passwords.code_fits(typed, user.code_hash):
        return False
    user.code_hash, user.code_expires_at, user.must_change_password = None, None, True
    return True


def _ticket(session: Session, user: User) -> str:
    now = clock.now()
    session.execute(delete(SignInTicket).where(SignInTicket.expires_at < now - timedelta(days=1)))
    ticket = secrets.token_urlsafe(32)
    session.add(SignInTicket(ticket_hash=_hash(ticket), user_id=user.id, expires_at=now + TICKET_LIFE))
    session.flush()
    return ticket


def claim(session: Session, ticket: str, *, device: str, former_token: str | None = None) -> str:
    """Turn a ticket into a session, once; the session that the browser had before ends."""
    now = clock.now()
    user_id = session.scalar(
        update(SignInTicket)
        .where(
            SignInTicket.ticket_hash == _hash(ticket),
            SignInTicket.used_at.is_(None),
            SignInTicket.expires_at > now,
        )
        .values(used_at=now)
        .returning(SignInTicket.user_id)
    )
    user = session.get(User, user_id) if user_id is not None else None
    if user is None or not user.is_active:
        raise Forbidden(_("This sign-in has expired. Sign in again."))
    if former_token is not None:
        end_by_token(session, former_token)
    session.execute(delete(WebSession).where(WebSession.expires_at < now - timedelta(days=30)))
    token = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            token_hash=_hash(token),
            user_id=user.id,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
            device=_device(device),
        )
    )
    session.flush()
    return token


def find(session: Session, token: str) -> SignedIn | None:
    """The live session of this token with its user as they are now; None where it ended in any way."""
    now = clock.now()
    query = (
        select(WebSession, User)
        .join(User, User.id == WebSession.user_id)
        # One statement for all of it: this runs before every page.
        .options(joinedload(User.roles), joinedload(User.grants), joinedload(User.regions))
        .where(
            WebSession.token_hash == _hash(token),
            WebSession.revoked_at.is_(None),
            WebSession.expires_at > now,
            WebSession.seen_at > now - IDLE,
            User.is_active,
        )
    )
    row = session.execute(query).unique().first()
    if row is None:
        return None
    web_session, user = row
    return SignedIn(
        actor=auth.actor_for(user),
        session_id=web_session.id,
        token_hash=web_session.token_hash,
        must_change_password=user.must_change_password,
        is_demo=user.is_demo,
        is_due=now - web_session.seen_at > _NOTED_EVERY,
    )


def note_seen(session: Session, session_id: int) -> None:
    """Somebody is still there: the idle time starts anew."""
    session.execute(update(WebSession).where(WebSession.id == session_id).values(seen_at=clock.now()))


def search(session: Session, actor: Actor, current_id: int) -> list[SessionRow]:
    """The actor's own live sessions, newest first."""
    now = clock.now()
    query = (
        select(WebSession)
        .where(
            WebSession.user_id == actor.user_id,
            WebSession.revoked_at.is_(None),
            WebSession.expires_at > now,
            WebSession.seen_at > now - IDLE,
        )
        .order_by(WebSession.created_at.desc(), WebSession.id.desc())
    )
    return [
        SessionRow(row.id, row.device, row.created_at, row.seen_at, row.id == current_id)
        for row in session.scalars(query)
    ]


def end(session: Session, actor: Actor, session_id: int) -> None:
    """End one of the actor's own sessions."""
    ended = _revoke(session, WebSession.id == session_id, WebSession.user_id == actor.user_id)
    if not ended:
        raise NotFound(_("There is no such session."))
    audit.record(session, actor, "session:end", Subject("session", actor.username, actor.name))


def end_by_token(session: Session, token: str) -> None:
    """Sign out: the session ends wherever its cookie is open."""
    row = session.execute(
        select(WebSession, User)
        .join(User, User.id == WebSession.user_id)
        .where(WebSession.token_hash == _hash(token), WebSession.revoked_at.is_(None))
    ).first()
    if row is None:
        return
    web_session, user = row
    web_session.revoked_at = clock.now()
    audit.record(session, auth.actor_for(user), "session:end", Subject("session", user.username, user.name))


def end_all(session: Session, user_id: int, *, but: int | None = None) -> int:
    """End every session of a user except possibly one: after a new password, or when they leave."""
    conditions = [WebSession.user_id == user_id]
    if but is not None:
        conditions.append(WebSession.id != but)
    session.execute(delete(SignInTicket).where(SignInTicket.user_id == user_id))
    return _revoke(session, *conditions)


def count(session: Session, user_id: int) -> int:
    """How many sessions of a user are not revoked or run out."""
    query = select(func.count()).where(
        WebSession.user_id == user_id, WebSession.revoked_at.is_(None), WebSession.expires_at > clock.now()
    )
    return session.scalar(query) or 0


def _revoke(session: Session, *conditions: object) -> int:
    ended = session.scalars(
        update(WebSession)
        .where(WebSession.revoked_at.is_(None), *conditions)  # type: ignore[arg-type]
        .values(revoked_at=clock.now())
        .returning(WebSession.id)
    ).all()
    return len(ended)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def _device(agent: str) -> str:
    """What people would call the browser: `Firefox, Windows`."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return ", ".join(part for part in (browser, system) if part)
