"""Dated entries about an account that are changed in place and never deleted: how each kind is written and taken back.

A kind is a table with `account_id`, `version` and `withdrawn_at`; what it may hold is the kind's own business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import audit, auth, clock, search_texts
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import Account, AccountNote, CompetitorPresence, Contest, Objection
from core.vocabulary import Permission

Row = TypeVar("Row", CompetitorPresence, Objection, Contest, AccountNote)


@dataclass(frozen=True)
class Entries(Generic[Row]):
    """One kind of entry."""

    model: type[Row]
    entity: str
    columns: tuple[str, ...]
    words: Callable[[Row], tuple[str, ...]] | None = None  # what it is found by; none: not searched


def record(
    session: Session, actor: Actor, kind: Entries[Row], account_id: int, values: Mapping[str, Any]
) -> int:
    """Note an entry about an account; returns its id."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    account = account_list.access(session, actor, account_id)
    if account.is_unassigned:
        raise Invalid(_("Orders without an account have no competitors: assign them first."))
    row = kind.model(account_id=account.id, recorded_at=clock.now(), recorded_by=actor.username, **values)
    session.add(row)
    session.flush()
    _index(session, kind, row)
    changes = {name: (None, value) for name, value in values.items() if value not in (None, "")}
    audit.record(session, actor, f"{kind.entity}:create", _subject(kind, account, row), changes)
    return row.id


def update(
    session: Session,
    actor: Actor,
    kind: Entries[Row],
    entry_id: int,
    values: Mapping[str, Any],
    *,
    version: int,
) -> int:
    """Say it otherwise; returns the new version."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    row, account = _access(session, actor, kind, entry_id)
    if row.withdrawn_at is not None:
        raise NotFound(_("There is no such entry any more."))
    before = {name: getattr(row, name) for name in kind.columns}
    if row.version != version:
        raise Conflict(
            _("Somebody else changed this entry meanwhile. Look at the new values and save again."),
            current={name: value for name, value in before.items() if value != values[name]},
            version=row.version,
        )
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    _index(session, kind, row)
    if changes := audit.differences(before, values):
        audit.record(session, actor, f"{kind.entity}:update", _subject(kind, account, row), changes)
    return row.version


def withdraw(session: Session, actor: Actor, kind: Entries[Row], entry_id: int, *, version: int) -> int:
    """Take an entry back; it stays on record. Returns its version, for `restore`."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    row, account = _access(session, actor, kind, entry_id)
    if row.withdrawn_at is not None:
        raise NotFound(_("There is no such entry any more."))
    return _turn(session, actor, kind, row, account, version=version)


def restore(session: Session, actor: Actor, kind: Entries[Row], entry_id: int, *, version: int) -> int:
    """Bring an entry back that was taken back; returns its version."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    row, account = _access(session, actor, kind, entry_id)
    if row.withdrawn_at is None:
        raise Conflict(_("This entry is in force already."))
    return _turn(session, actor, kind, row, account, version=version)


def _turn(
    session: Session, actor: Actor, kind: Entries[Row], row: Row, account: Account, *, version: int
) -> int:
    if row.version != version:
        raise Conflict(_("Somebody else changed this entry meanwhile. Load the page again."))
    is_back = row.withdrawn_at is not None
    row.withdrawn_at = None if is_back else clock.now()
    session.flush()
    _index(session, kind, row)
    action = f"{kind.entity}:{'restore' if is_back else 'retract'}"
    changes = {"is_withdrawn": (is_back, not is_back)}
    audit.record(session, actor, action, _subject(kind, account, row), changes)
    return row.version


def _access(session: Session, actor: Actor, kind: Entries[Row], entry_id: int) -> tuple[Row, Account]:
    model = kind.model
    query = (
        select(model, Account)
        .join(Account, Account.id == model.account_id)
        .where(model.id == entry_id, auth.visible_accounts(actor))
        .with_for_update(of=model)
        .execution_options(populate_existing=True)
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound(_("There is no such entry."))
    return found[0], found[1]


def _index(session: Session, kind: Entries[Row], row: Row) -> None:
    if kind.words is None:
        return
    if row.withdrawn_at is None:
        search_texts.put(session, kind.entity, row.id, *kind.words(row))
    else:
        search_texts.forget(session, kind.entity, row.id)


def _subject(kind: Entries[Row], account: Account, row: Row) -> Subject:
    return Subject(kind.entity, str(row.id), account.name, account.id)
