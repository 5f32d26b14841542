"""The record of who changed what, written in the same transaction and chained by hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, and_, desc, false, or_, select
from sqlalchemy.orm import Session

from core import auth, clock
from core.auth import Actor
from core.models import Account, AuditEntry, AuditHead
from core.vocabulary import Permission, Role

GENESIS = "0" * 64


@dataclass(frozen=True)
class Subject:
    """What a change is about."""

    entity: str  # `account`
    key: str  # stable: an id, a code, a date
    label: str  # what people call it
    account_id: int | None = None  # whose values these are


@dataclass(frozen=True)
class EntryRow:
    """One entry as its reader may see it."""

    id: int
    at: datetime
    actor: str
    action: str
    entity: str
    entity_key: str
    label: str
    changes: dict[str, list[Any]] | None  # None: the reader may not see the values


@dataclass(frozen=True)
class Entries:
    rows: tuple[EntryRow, ...]
    has_more: bool


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: Subject,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> int:
    """Append one entry to the chain and return its number.

    Call it last in a change: writers queue on the chain's head until the transaction ends.
    """
    head = session.scalar(select(AuditHead).where(AuditHead.id == 1).with_for_update())
    if head is None:
        head = AuditHead(id=1, last_id=0, last_hash=GENESIS)
        session.add(head)
    entry = AuditEntry(
        id=head.last_id + 1,
        at=clock.now(),
        actor=actor.username,
        user_id=actor.user_id,
        action=action,
        entity=subject.entity,
        entity_key=subject.key,
        label=subject.label,
        account_id=subject.account_id,
        changes={name: [plain(before), plain(after)] for name, (before, after) in (changes or {}).items()},
        previous_hash=head.last_hash,
        hash="",
    )
    entry.hash = digest(entry)
    session.add(entry)
    head.last_id, head.last_hash = entry.id, entry.hash
    session.flush()
    return entry.id


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields whose values differ, with both values."""
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}


def plain(value: Any) -> Any:
    """A value as JSON keeps it, exactly: decimals as text, dates in ISO form."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def digest(entry: AuditEntry) -> str:
    """SHA-256 over the entry before this one and this one's content in a canonical form."""
    content = [
        entry.id, entry.at.isoformat(), entry.actor, entry.user_id, entry.action, entry.entity, entry.entity_key,
        entry.label, entry.account_id, entry.changes,
    ]  # fmt: skip
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(f"{entry.previous_hash}{text}".encode()).hexdigest()


# Entries about these, and these actions, leave every figure as it was.
_NEVER_MOVING = frozenset({"export", "session"})
_WITHOUT_EFFECT = ("data:export", "store:backup", "user:password")
# Changes of these leave every sum of order lines as it was.
BESIDE_REVENUE = (
    "account_note", "attention", "authority", "cause", "competitor", "competitor_claim", "floor", "loyalty_member",
    "lump_sum", "receivable", "term", "view", "wallet",
)  # fmt: skip

# An entry about one of these that names an account changes nothing at any other account.
_OF_ONE_ACCOUNT = frozenset({
    "account_note", "cause", "competitor_claim", "competitor_presence", "contest", "lump_sum", "objection", "order",
    "receivable", "target", "term", "wallet",
})  # fmt: skip
_MOST_TOUCHED = 25  # accounts; with more it is as quick to ask for all

Reading = TypeVar("Reading", bound=Callable[..., Any])
_unmoved: dict[Callable[..., Any], frozenset[str]] = {}


def unmoved_by(*entities: str) -> Callable[[Reading], Reading]:
    """Says of a function that reads: changes of these entities, as the audit names them, leave its answers as they are.

    Leave an entity out when in doubt: then an answer is only found again needlessly.
    """

    def mark(function: Reading) -> Reading:
        _unmoved[function] = frozenset(entities)
        return function

    return mark


def unmoved(function: Callable[..., Any]) -> frozenset[str]:
    """The entities that `unmoved_by` named for the function; none without it."""
    return _unmoved.get(function, frozenset())


class State(NamedTuple):
    """A state of the store's figures: the last entry that could move them."""

    entry_id: int
    hash: str


def state(session: Session, unmoved: frozenset[str] = frozenset()) -> State | None:
    """What names the state of the store's figures, since every change has its entry; None before the first one.

    Changes of the entities in `unmoved` are no change of it.
    """
    last = select(AuditEntry.id, AuditEntry.hash).where(_moving(unmoved))
    found = session.execute(last.order_by(desc(AuditEntry.id)).limit(1)).first()
    return None if found is None else State(*found)


def touched_since(
    session: Session, known: State, unmoved: frozenset[str] = frozenset()
) -> frozenset[int] | None:
    """The accounts that alone were changed since that state; None where anything else was, or many accounts were.

    None also where the state is of another history, as before a backup was restored, or the newer one.
    """
    if session.scalar(select(AuditEntry.hash).where(AuditEntry.id == known.entry_id)) != known.hash:
        return None
    query = select(AuditEntry.entity, AuditEntry.account_id).distinct()
    query = query.where(AuditEntry.id > known.entry_id, _moving(unmoved))
    found: set[int] = set()
    for entity, account_id in session.execute(query):
        if account_id is None or entity not in _OF_ONE_ACCOUNT:
            return None
        found.add(account_id)
    return frozenset(found) if 0 < len(found) <= _MOST_TOUCHED else None


def _moving(unmoved: frozenset[str]) -> ColumnElement[bool]:
    return and_(
        AuditEntry.entity.not_in(sorted(unmoved | _NEVER_MOVING)), AuditEntry.action.not_in(_WITHOUT_EFFECT)
    )


def last_hash(session: Session) -> str | None:
    """The hash of the last entry of all, found at once: as long as it stays, so does `state` for any entities."""
    return session.scalar(select(AuditHead.last_hash).where(AuditHead.id == 1))


def broken_at(session: Session) -> int | None:
    """The number of the first entry that does not fit the chain; None where the chain is whole."""
    expected, number = GENESIS, 0
    for entry in session.scalars(
        select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)
    ):
        number += 1
        if entry.id != number or entry.previous_hash != expected or digest(entry) != entry.hash:
            return number
        expected = entry.hash
    head = session.get(AuditHead, 1)
    if (head.last_id, head.last_hash) != (number, expected) if head else number:
        return number + 1
    return None


def search(  # noqa: PLR0913  (each filter is a keyword)
    session: Session,
    actor: Actor,
    *,
    account_id: int | None = None,
    entity: str | None = None,
    entity_key: str | None = None,
    username: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    text: str = "",
    limit: int = 200,
    offset: int = 0,
) -> Entries:
    """Entries that the actor may know of, newest first; values only where they may see the account."""
    auth.require(actor, Permission.AUDIT_READ)
    query = (
        select(AuditEntry)
        .where(_knows_of(actor))
        .order_by(desc(AuditEntry.id))
        .limit(limit + 1)
        .offset(offset)
    )
    if account_id is not None:
        merged = session.scalars(select(Account.id).where(Account.merged_into_id == account_id))
        query = query.where(AuditEntry.account_id.in_([account_id, *merged]))
    for column, value in (
        (AuditEntry.entity, entity),
        (AuditEntry.entity_key, entity_key),
        (AuditEntry.actor, username),
        (AuditEntry.action, action),
    ):
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if until is not None:
        query = query.where(AuditEntry.at < until)
    if text:
        query = query.where(AuditEntry.label.icontains(text, autoescape=True))
    entries = list(session.scalars(query))
    readable = _readable(
        session, actor, {entry.account_id for entry in entries if entry.account_id is not None}
    )
    rows = tuple(_row(entry, actor, readable) for entry in entries[:limit])
    return Entries(rows, has_more=len(entries) > limit)


def choices(session: Session, actor: Actor) -> tuple[list[str], list[str]]:
    """The people and the kinds of change among the entries that the actor may know of."""
    auth.require(actor, Permission.AUDIT_READ)
    known = _knows_of(actor)
    people = session.scalars(select(AuditEntry.actor).where(known).distinct().order_by(AuditEntry.actor))
    actions = session.scalars(select(AuditEntry.action).where(known).distinct().order_by(AuditEntry.action))
    return list(people), list(actions)


def _knows_of(actor: Actor) -> ColumnElement[bool]:
    """An administrator knows of every entry; others of their accounts', and of what they did themselves."""
    if actor.sees_everything or Role.ADMIN in actor.roles:
        return and_(True)
    ids = select(Account.id).where(auth.readable_accounts(actor))
    own = AuditEntry.user_id == actor.user_id if actor.user_id is not None else false()
    return or_(and_(AuditEntry.account_id.is_not(None), AuditEntry.account_id.in_(ids)), own)


def _readable(session: Session, actor: Actor, account_ids: set[int]) -> set[int]:
    query = select(Account.id).where(Account.id.in_(account_ids), auth.readable_accounts(actor))
    return set(session.scalars(query))


# Values that say nothing about an account's terms: an administrator needs them to run the place.
_OF_ADMINISTRATION = {"user", "setting", "session"}
# A month may stand before the name: `2026-01 margin`.
_COSTS = {
    "unit_cost",
    "cost",
    "margin",
    "margin_amount",
    "target_margin",
    "margin_rate",
    "floor_price",
    "floor_share",
}


def _row(entry: AuditEntry, actor: Actor, readable: set[int]) -> EntryRow:
    shown = (
        entry.account_id in readable
        if entry.account_id is not None
        else actor.sees_everything or entry.entity in _OF_ADMINISTRATION or entry.user_id == actor.user_id
    )
    changes = entry.changes if shown else None
    if changes is not None and not actor.sees_cost:
        changes = {name: values for name, values in changes.items() if name.split()[-1] not in _COSTS}
    return EntryRow(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        entity=entry.entity,
        entity_key=entry.entity_key,
        label=entry.label,
        changes=changes,
    )
