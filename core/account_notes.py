"""Notes about an account: what somebody typed that is no other kind of entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import account_entries, auth, clock
from core.account_entries import Entries
from core.auth import Actor
from core.errors import Invalid
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, AccountNote
from core.vocabulary import Permission

ENTITY = "account_note"
LONGEST = 10_000


@dataclass(frozen=True)
class NoteRow:
    """A note in force."""

    id: int
    version: int
    account_id: int
    account_code: str
    account: str
    noted_on: date
    tag: str
    body: str
    recorded_at: datetime
    recorded_by: str


_KIND = Entries(AccountNote, ENTITY, ("noted_on", "tag", "body"), lambda row: (row.body,))


def search(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    ids: frozenset[int] = frozenset(),
    limit: int | None = None,
) -> list[NoteRow]:
    """The notes about visible accounts, the newest first."""
    auth.require(actor, Permission.COMPETITOR_READ)
    query = (
        select(AccountNote, Account.code, Account.name)
        .join(Account, Account.id == AccountNote.account_id)
        .where(auth.visible_accounts(actor), accounts.condition(), AccountNote.withdrawn_at.is_(None))
        .order_by(AccountNote.noted_on.desc(), AccountNote.id.desc())
        .limit(limit)
    )
    if ids:
        query = query.where(AccountNote.id.in_(sorted(ids)))
    return [
        NoteRow(
            row.id, row.version, row.account_id, code, name, row.noted_on, row.tag, row.body, row.recorded_at,
            row.recorded_by,
        )
        for row, code, name in session.execute(query)
    ]  # fmt: skip


def record(session: Session, actor: Actor, account_id: int, body: str, *, tag: str = "") -> int:
    """Keep a note; returns its id."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    text = body.strip()
    if not text or len(text) > LONGEST:
        raise Invalid(_("Write a note of at most {most} characters.").format(most=LONGEST))
    values = {"noted_on": clock.today(), "tag": tag, "body": text}
    return account_entries.record(session, actor, _KIND, account_id, values)


def withdraw(session: Session, actor: Actor, entry_id: int, *, version: int) -> int:
    """Take a note back; it stays on record. Returns its version, for `restore`."""
    return account_entries.withdraw(session, actor, _KIND, entry_id, version=version)


def restore(session: Session, actor: Actor, entry_id: int, *, version: int) -> int:
    """Bring a note back; returns its version."""
    return account_entries.restore(session, actor, _KIND, entry_id, version=version)
