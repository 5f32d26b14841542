"""Attempts to sign in: counted before they are checked, and slowed down by how often they failed."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from core import clock, db
from core.errors import Forbidden
from core.language import _
from core.models import SignInAttempt
from core.vocabulary import AttemptOutcome

_FREE_BY_USER = 5
_FREE_BY_ADDRESS = 20  # an office shares one
_LONGEST_WAIT = timedelta(minutes=15)
_MEMORY = timedelta(hours=24)
_EVERYBODY_A_MINUTE = 100
_QUEUE = 7_381_002  # advisory lock


def begin(session: Session, username: str, address: str) -> int:
    """Count an attempt as failed until it succeeds; raises Forbidden while it is too early for another."""
    now = clock.now()
    if not db.is_sqlite(session):
        # Attempts queue, so that many at once cannot all be the first; SQLite has one writer anyway.
        session.execute(select(func.pg_advisory_xact_lock(_QUEUE)))
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - timedelta(days=30)))
    wait = max(
        _wait(
            session,
            now,
            SignInAttempt.username == username,
            _FREE_BY_USER,
            since=_last_success(session, username),
        ),
        _wait(session, now, SignInAttempt.address == address, _FREE_BY_ADDRESS),
        _wait_for_everybody(session, now),
    )
    if wait > timedelta(0):
        seconds = math.ceil(wait.total_seconds())
        raise Forbidden(_("Too many attempts. Try again in {seconds} seconds.").format(seconds=seconds))
    attempt = SignInAttempt(at=now, username=username, address=address, outcome=AttemptOutcome.FAILED)
    session.add(attempt)
    session.flush()
    return attempt.id


def succeeded(session: Session, attempt_id: int) -> None:
    attempt = session.get(SignInAttempt, attempt_id)
    if attempt is not None:
        attempt.outcome = AttemptOutcome.SUCCEEDED


def delay(failures: int, free: int) -> timedelta:
    """How long to wait after so many failures: twice as long each time, but never for ever."""
    if failures < free:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - free + 1, 20)), _LONGEST_WAIT)


def _wait(
    session: Session, now: datetime, who: ColumnElement[bool], free: int, since: datetime | None = None
) -> timedelta:
    start = max(now - _MEMORY, since) if since is not None else now - _MEMORY
    failures, last = session.execute(
        select(func.count(), func.max(SignInAttempt.at)).where(
            who, SignInAttempt.outcome == AttemptOutcome.FAILED, SignInAttempt.at > start
        )
    ).one()
    if not last:
        return timedelta(0)
    return last + delay(failures, free) - now


def _last_success(session: Session, username: str) -> datetime | None:
    return session.scalar(
        select(func.max(SignInAttempt.at)).where(
            SignInAttempt.username == username, SignInAttempt.outcome == AttemptOutcome.SUCCEEDED
        )
    )


def _wait_for_everybody(session: Session, now: datetime) -> timedelta:
    minute = timedelta(minutes=1)
    recent, first = session.execute(
        select(func.count(), func.min(SignInAttempt.at)).where(SignInAttempt.at > now - minute)
    ).one()
    return first + minute - now if recent >= _EVERYBODY_A_MINUTE else timedelta(0)
