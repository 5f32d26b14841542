"""The ledger of points: entries are appended, never changed; lots and standings follow from them.

Whoever writes locks the member first, so that two redemptions of the same points cannot both succeed: on SQLite one
writer is let in at a time, on PostgreSQL the member's row is held until the transaction ends. An entry that would
leave something uncovered, on its day or on any later one, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from core import bulk, clock, db, kept_sums
from core.auth import Actor
from core.errors import Conflict, NotFound
from core.language import _
from core.loyalty import lots
from core.loyalty.lots import NO_END, Folded, Key, Lot, Movement, Phase
from core.loyalty.rules import SCALE
from core.loyalty_vocabulary import EntryKind
from core.models import LoyaltyEntry, LoyaltyLot, LoyaltyMember
from core.money import MONEY_SCALE

_COLUMNS = (
    "account_id", "member_id", "seq", "kind", "points", "qualifying", "posted_on", "active_on", "expires_on", "key",
    "source", "reverses", "generated", "spec_id", "reason", "cost_amount", "recorded_at", "recorded_by", "batch_id",
    "undone_at",
)  # fmt: skip
_LOT = ("account_id", "member_id", "source", "earned_on", "active_on", "expires_on", "points", "redeemed", "expired",
        "taken")  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """An entry to be booked; points and qualifying are thousandths, with their sign."""

    account_id: int
    kind: EntryKind
    points: int
    posted_on: date
    key: str
    source: str
    qualifying: int = 0
    active_on: date | None = None
    expires_on: date | None = None
    reverses: str | None = None
    generated: bool = False
    spec_id: int | None = None
    reason: str = ""
    cost: Decimal | None = None
    batch_id: int | None = None


@dataclass(frozen=True)
class Kept:
    """An entry as it is kept, beside the movement that it is."""

    movement: Movement
    qualifying: int
    generated: bool
    posted_on: date


def hold(session: Session, member_id: int) -> LoyaltyMember:
    """The member, locked until the transaction ends."""
    query = (
        select(LoyaltyMember)
        .where(LoyaltyMember.id == member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = session.scalar(query)
    if found is None:
        raise NotFound(_("Nobody of this name holds loyalty points."))
    return found


def in_force(known_at: datetime | None = None) -> ColumnElement[bool]:
    """The entries that count now, or that counted as known at a moment."""
    if known_at is None:
        return LoyaltyEntry.undone_at.is_(None)
    return and_(
        LoyaltyEntry.recorded_at <= known_at,
        or_(LoyaltyEntry.undone_at.is_(None), LoyaltyEntry.undone_at > known_at),
    )


def entries(
    session: Session,
    member_ids: Sequence[int],
    *,
    until: date | None = None,
    known_at: datetime | None = None,
) -> dict[int, list[Kept]]:
    """The entries of some members in the order of their booking, by member."""
    whole = (LoyaltyEntry.points, LoyaltyEntry.qualifying)
    query = select(
        LoyaltyEntry.member_id, LoyaltyEntry.account_id, LoyaltyEntry.seq, LoyaltyEntry.kind,
        *(type_coerce(column, BigInteger) for column in whole), LoyaltyEntry.posted_on, LoyaltyEntry.active_on,
        LoyaltyEntry.expires_on, LoyaltyEntry.source, LoyaltyEntry.reverses, LoyaltyEntry.generated,
    ).where(LoyaltyEntry.member_id.in_(member_ids), in_force(known_at))  # fmt: skip
    if until is not None:
        query = query.where(LoyaltyEntry.posted_on <= until)
    found: dict[int, list[Kept]] = {member_id: [] for member_id in member_ids}
    for row in db.rows(session, query.order_by(LoyaltyEntry.member_id, LoyaltyEntry.seq)):
        found[row[0]].append(_kept(row))
    return found


def _kept(row: Any) -> Kept:
    (
        _member,
        account_id,
        seq,
        kind,
        points,
        qualifying,
        posted_on,
        active_on,
        expires_on,
        source,
        back,
        made,
    ) = row
    phase = Phase.PEOPLE if not made else Phase.LAPSE if source.startswith("lapse:") else Phase.ORDERS
    movement = Movement(
        source=source,
        account_id=account_id,
        kind=kind,
        posted=posted_on.toordinal(),
        points=points,
        active=posted_on.toordinal() if active_on is None else active_on.toordinal(),
        expires=NO_END if expires_on is None else expires_on.toordinal(),
        phase=phase,
        seq=seq,
        reverses=back,
    )
    return Kept(movement, qualifying, made, posted_on)


def folded(kept: Iterable[Kept], until: date, *, idle_months: int | None = None) -> Folded:
    """What entries come to at the end of a day; lapses follow from the lots, whether they are booked or not."""
    movements = lots.netted([one.movement for one in kept if one.movement.phase is not Phase.LAPSE])
    return lots.fold(movements, until.toordinal(), idle_months=idle_months)


def append(
    session: Session,
    actor: Actor,
    member: LoyaltyMember,
    drafts: Sequence[Draft],
    *,
    known: Callable[[date], datetime] | None = None,
) -> None:
    """Book entries; the member is held by the caller. `known`: when what belongs to a day became known, if not now."""
    if not drafts:
        return
    now = clock.now()
    first = member.entry_count
    member.entry_count += len(drafts)
    session.flush()
    rows = [
        (
            one.account_id, member.id, first + place, one.kind.value, one.points, one.qualifying,
            one.posted_on.isoformat(), _iso(one.active_on), _iso(one.expires_on),
            _key(one, member.id, first + place), one.source, one.reverses,
            one.generated, one.spec_id, one.reason, None if one.cost is None else int(one.cost * MONEY_SCALE),
            bulk.stored_moment(session, known(one.posted_on) if known else now), actor.username, one.batch_id, None,
        )
        for place, one in enumerate(drafts, start=1)
    ]  # fmt: skip
    bulk.insert_rows(session, "loyalty_entries", _COLUMNS, rows)


def _key(one: Draft, member_id: int, seq: int) -> str:
    """What the daily job books of a source for the first time has one key; corrections are told apart."""
    if not one.generated:
        return one.key
    return f"~{member_id}:{one.source}" + ("" if one.key == one.source else f"#{seq}")


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def known_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Which of these keys stand in the ledger, whoever they belong to."""
    found: set[str] = set()
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        query = select(LoyaltyEntry.key).where(LoyaltyEntry.key.in_(some), LoyaltyEntry.undone_at.is_(None))
        found.update(session.scalars(query))
    return found


def refuse_uncovered(
    kept: Sequence[Kept], drafts: Sequence[Draft], first_seq: int, *, idle_months: int | None
) -> list[Kept]:
    """The entries with the drafts; raises Conflict where these spend what is not there, on their day or a later one."""
    after = [*kept, *(as_kept(one, first_seq + place) for place, one in enumerate(drafts))]
    ends = [folded(one, date.max, idle_months=idle_months).uncovered for one in (kept, after)]
    if ends[1] > ends[0]:
        worst = min(drafts, key=lambda one: one.points)
        there = folded(kept, worst.posted_on, idle_months=idle_months).active(worst.posted_on.toordinal())
        raise Conflict(
            _("{points} points are more than the {there} that can be spent on {day}.").format(
                points=plain(Decimal(abs(worst.points)) / SCALE),
                there=plain(Decimal(there) / SCALE),
                day=worst.posted_on.isoformat(),
            ),
            fields={"points": _("Not so many points are there.")},
        )
    return after


def as_kept(one: Draft, seq: int) -> Kept:
    """A draft as if it were booked."""
    posted = one.posted_on.toordinal()
    phase = (
        Phase.PEOPLE
        if not one.generated
        else Phase.LAPSE
        if one.source.startswith("lapse:")
        else Phase.ORDERS
    )
    movement = Movement(
        source=one.source,
        account_id=one.account_id,
        kind=one.kind,
        posted=posted,
        points=one.points,
        active=posted if one.active_on is None else one.active_on.toordinal(),
        expires=NO_END if one.expires_on is None else one.expires_on.toordinal(),
        phase=phase,
        seq=seq,
        reverses=one.reverses,
    )
    return Kept(movement, one.qualifying, one.generated, one.posted_on)


def plain(points: Decimal) -> str:
    """Points as the command line writes them: without trailing zeros."""
    return f"{points.normalize() + 0:f}"


@dataclass(frozen=True)
class _LapseBooked:
    points: int
    count: int


def lapses(kept: Sequence[Kept], found: Folded) -> list[Draft]:
    """The entries that make booked lapses what the lots say: nothing where they are already."""
    booked: dict[Key, _LapseBooked] = {}
    for one in kept:
        if one.movement.phase is Phase.LAPSE:
            was = booked.get(one.movement.key, _LapseBooked(0, 0))
            booked[one.movement.key] = _LapseBooked(was.points + one.movement.points, was.count + 1)
    due = {
        (account_id, f"lapse:{source}:{date.fromordinal(last).isoformat()}"): (last, -points)
        for (account_id, source), (last, points) in found.lapses.items()
        if points
    }
    drafts = []
    for key in sorted(due.keys() | {key for key, one in booked.items() if one.points}):
        was = booked.get(key, _LapseBooked(0, 0))
        posted, wanted = _due(key, due)
        if (missing := wanted - was.points) != 0:
            drafts.append(_lapse(key, posted, missing, was.count))
    return drafts


def _due(key: Key, due: dict[Key, tuple[int, int]]) -> tuple[date, int]:
    last, points = due.get(key, (0, 0))
    on = date.fromordinal(last) if last else date.fromisoformat(key[1].rpartition(":")[2])
    return on + timedelta(days=1), points


def _lapse(key: Key, posted_on: date, points: int, count: int) -> Draft:
    account_id, source = key
    return Draft(
        account_id=account_id,
        kind=EntryKind.EXPIRE if points < 0 else EntryKind.REVERSE,
        points=points,
        posted_on=posted_on,
        key=numbered(source, count),
        source=source,
        generated=True,
    )


def numbered(source: str, count: int) -> str:
    """What tells the entries of one source apart: the same thing is never booked twice."""
    return source if not count else f"{source}#{count + 1}"


def keep_lots(session: Session, member_id: int, found: Folded) -> None:
    """Bring the kept lots in step with the ledger; only those that changed are written."""
    columns = [
        getattr(LoyaltyLot, name) for name in ("account_id", "source", "earned_on", "active_on", "expires_on")
    ]
    sums = [type_coerce(getattr(LoyaltyLot, name), BigInteger) for name in _LOT[6:]]
    query = select(*columns, *sums).where(LoyaltyLot.member_id == member_id)
    stored = {(row[0], row[1]): tuple(row[2:]) for row in db.rows(session, query)}
    wanted = {key: _lot_values(lot) for key, lot in found.lots.items()}
    new = [key for key in wanted if key not in stored]
    if new:
        rows = [(key[0], member_id, key[1], *_stored(wanted[key])) for key in new]
        bulk.insert_rows(session, "loyalty_lots", _LOT, rows)
    table = kept_sums.table(LoyaltyLot)
    changed = [key for key, values in stored.items() if values != wanted.get(key)]
    for key in changed:
        same = and_(table.c.account_id == key[0], table.c.member_id == member_id, table.c.source == key[1])
        if key not in wanted:
            session.connection().execute(table.delete().where(same))
            continue
        names = zip(_LOT[3:], wanted[key], strict=True)
        values = {name: Decimal(value) / SCALE if isinstance(value, int) else value for name, value in names}
        session.connection().execute(update(table).where(same).values(values))


def _lot_values(lot: Lot) -> tuple[Any, ...]:
    active = None if lot.active <= lot.earned else date.fromordinal(lot.active)
    last = None if lot.expires == NO_END else date.fromordinal(lot.expires)
    return date.fromordinal(lot.earned), active, last, lot.points, lot.redeemed, lot.expired, lot.taken


def _stored(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.isoformat() if isinstance(value, date) else value for value in values)
