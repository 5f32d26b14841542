"""What differs between two moments: the terms in force on one day as known then, and on another as known then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from core import auth, entitlements, term_calendar, terms
from core.auth import Actor
from core.term_calendar import Lane, Phase
from core.terms import TermRow
from core.vocabulary import Permission


class Kind(StrEnum):
    """How a term differs."""

    ADDED = "added"
    ENDED = "ended"
    CHANGED = "changed"


@dataclass(frozen=True)
class Moment:
    """A day on both clocks: what holds on `on`, as known at the end of `known_on` (None: as known now)."""

    on: date
    known_on: date | None = None


@dataclass(frozen=True)
class Difference:
    """What held then and what holds now, side by side."""

    kind: Kind
    then: TermRow | None
    now: TermRow | None

    @property
    def row(self) -> TermRow:
        """Whichever there is, the later first."""
        found = self.now or self.then
        assert found is not None  # noqa: S101  (one of them always is)
        return found


@dataclass(frozen=True)
class Diff:
    """All that differs, and how many terms are the same."""

    rows: tuple[Difference, ...]
    same: int

    def count(self, kind: Kind) -> int:
        return sum(1 for one in self.rows if one.kind is kind)


def between(session: Session, actor: Actor, account_id: int, then: Moment, now: Moment) -> Diff:
    """The terms that reach an account at two moments; raises NotFound for an account that is out of sight.

    Two terms are the same one where scope, kind, minimum quantity and being an exception are: at most one of them
    holds on a day.
    """
    auth.require(actor, Permission.TERM_READ)
    before, after = (_holding(session, actor, account_id, one) for one in (then, now))
    found, same = [], 0
    for key in sorted({*before, *after}):
        was, is_now = before.get(key), after.get(key)
        if was is None or is_now is None:
            found.append(Difference(Kind.ADDED if was is None else Kind.ENDED, was, is_now))
        elif _grants(was) != _grants(is_now):
            found.append(Difference(Kind.CHANGED, was, is_now))
        else:
            same += 1
    return Diff(tuple(found), same)


def _holding(session: Session, actor: Actor, account_id: int, moment: Moment) -> dict[Lane, TermRow]:
    known_at = None if moment.known_on is None else entitlements.end_of(moment.known_on)
    rows = terms.search(session, actor, account_id=account_id, known_at=known_at)
    return {
        term_calendar.lane(row): row for row in rows if term_calendar.phase(row, moment.on) is Phase.IN_FORCE
    }


def _grants(row: TermRow) -> tuple[object, ...]:
    """What a term gives, apart from when and why."""
    return (
        row.value,
        row.stacks,
        row.governed_by,
        row.basis,
        row.period,
        row.mode,
        row.unit,
        row.days,
        row.last_day,
    )
