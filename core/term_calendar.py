"""What is in force, what comes and what ends: the terms of an account, or of everybody that the actor sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy.orm import Session

from core import auth, clock, due_lines, entitlements, terms
from core.auth import Actor
from core.due_lines import DueLine
from core.errors import NotFound
from core.filters import AccountFilter
from core.language import _
from core.models import Term
from core.price_book import Asked
from core.pricing import Days
from core.terms import TermRow
from core.vocabulary import Permission, TermKind, TermStatus

ENDING_DAYS = 60
_OPEN_LINES = 500  # the first due of an account that are looked at


class Phase(StrEnum):
    """Where a version stands on a day."""

    IN_FORCE = "in_force"
    COMING = "coming"
    ENDED = "ended"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REJECTED = "rejected"


class Event(StrEnum):
    """What happens to a term on a day."""

    STARTS = "starts"
    ENDS = "ends"
    CHANGES = "changes"  # one ends and the next of its scope, kind and minimum quantity begins


@dataclass(frozen=True)
class Overview:
    """The terms as they were known, and how many of them are in which state on a day."""

    rows: tuple[TermRow, ...]
    day: date
    in_force: int
    ending: int  # within `ENDING_DAYS` with nothing after them
    coming: int
    waiting: int

    def phase(self, row: TermRow) -> Phase:
        return phase(row, self.day)


@dataclass(frozen=True)
class Coming:
    """A change on a day; `row` is the term that begins, or that ends where none begins."""

    day: date  # the first on which it is so; of what ends the last
    event: Event
    row: TermRow
    before: TermRow | None = None
    waits: bool = False  # for an approval


@dataclass(frozen=True)
class Overdue:
    """An open order line whose day comes after the term that made its price has ended."""

    line: DueLine
    row: TermRow


Lane = tuple[str, TermKind, Decimal, bool]


def lane(row: TermRow) -> Lane:
    """Approved terms of one lane never hold on the same day: scope, kind, minimum quantity, exception or not."""
    return row.scope.key, row.kind, row.min_quantity, row.is_exception


def phase(row: TermRow, day: date) -> Phase:
    """Where a version stands on a day."""
    if row.status is not TermStatus.APPROVED:
        return Phase(row.status.value)
    if row.valid_from > day:
        return Phase.COMING
    return Phase.IN_FORCE if row.valid_to is None or day < row.valid_to else Phase.ENDED


def overview(
    session: Session, actor: Actor, account_id: int | None = None, *, known_on: date | None = None
) -> Overview:
    """All terms that reach an account, or all that are visible, as known now or at the end of a day."""
    auth.require(actor, Permission.TERM_READ)
    known_at = None if known_on is None else entitlements.end_of(known_on)
    rows = terms.search(session, actor, account_id=account_id, known_at=known_at)
    day = known_on or clock.today()
    phases = [phase(row, day) for row in rows]
    return Overview(
        tuple(rows),
        day,
        in_force=phases.count(Phase.IN_FORCE),
        ending=len(ending(rows, day)),
        coming=phases.count(Phase.COMING),
        waiting=phases.count(Phase.SUBMITTED),
    )


def ending(rows: Sequence[TermRow], day: date, days: int = ENDING_DAYS) -> list[TermRow]:
    """Terms in force whose last day is within so many days and that nothing carries on, the soonest first."""
    follows = {(lane(row), row.valid_from) for row in rows if row.status is TermStatus.APPROVED}
    found = [
        row
        for row in rows
        if phase(row, day) is Phase.IN_FORCE
        and row.valid_to is not None
        and row.valid_to <= day + timedelta(days=days + 1)
        and (lane(row), row.valid_to) not in follows
    ]
    return sorted(found, key=lambda row: (row.valid_to or date.max, row.number))


def coming(rows: Sequence[TermRow], day: date, until: date) -> list[Coming]:
    """Starts, ends and changes of value after a day and before another, by day; proposals say that they wait."""
    ends = {
        (lane(row), row.valid_to): row
        for row in rows
        if row.status is TermStatus.APPROVED and row.valid_to is not None
    }
    found, carried = [], set()
    for row in rows:
        waits = row.status is TermStatus.SUBMITTED
        if not (waits or row.status is TermStatus.APPROVED) or not day < row.valid_from < until:
            continue
        before = None if waits else ends.get((lane(row), row.valid_from))
        event = Event.STARTS if before is None else Event.CHANGES
        found.append(Coming(row.valid_from, event, row, before, waits))
        if before is not None:
            carried.add(before.id)
    for (_lane, end), row in ends.items():
        last = end - timedelta(days=1)
        if day <= last < until and row.id not in carried:
            found.append(Coming(last, Event.ENDS, row))
    return sorted(found, key=lambda one: (one.day, one.row.number, one.event))


@dataclass(frozen=True)
class Version:
    """One version of a term as it was recorded."""

    row: TermRow
    is_taken_back: bool  # no version of its own: the mark of who ended the one before, and why


def history(session: Session, actor: Actor, number: int) -> list[Version]:
    """Every version that was ever recorded under a number, the newest first; raises NotFound out of sight."""
    auth.require(actor, Permission.TERM_READ)
    query = terms.with_names().where(Term.number == number, Term.undone_at.is_(None), terms.visible(actor))
    rows = [terms.row_of(*one) for one in session.execute(query)]
    if not rows:
        raise NotFound(_("There is no term {name}.").format(name=f"T{number}"))
    return [
        Version(row, row.status is TermStatus.REJECTED and row.superseded_at == row.recorded_at)
        for row in reversed(rows)
    ]


def timeline_of(rows: Sequence[TermRow], row: TermRow) -> list[TermRow]:
    """The approved terms of the same scope, kind and minimum quantity, in the order of their days."""
    alike = [one for one in rows if lane(one) == lane(row) and one.status is TermStatus.APPROVED]
    return sorted(alike, key=lambda one: one.valid_from)


def due_after_end(session: Session, actor: Actor, account_id: int) -> list[Overdue]:
    """Open order lines that are due after the last day of a term that made their price, by due day."""
    auth.require(actor, Permission.TERM_READ)
    if not actor.may(Permission.REVENUE_READ):
        return []
    only = AccountFilter(account_ids=frozenset({account_id}))
    lines = due_lines.open_lines(session, actor, only, limit=_OPEN_LINES).rows
    if not lines:
        return []
    asked = [
        Asked(account_id, line.product_id, line.quantity, Days(line.ordered_on, line.due_on))
        for line in lines
    ]
    rows = {row.number: row for row in terms.search(session, actor, account_id=account_id)}
    found = []
    for line, price in zip(lines, entitlements.prices(session, actor, asked), strict=True):
        for layer in price.layers:
            row = rows.get(layer.offer.number)  # none: a loyalty tier's discount, which ends with the tier
            if row is not None and row.valid_to is not None and line.due_on >= row.valid_to:
                found.append(Overdue(line, row))
                break
    return found
