"""Changes of terms as people make them: each in one transaction, with all that it shifts, and all of it can go back.

What is beyond the authority of who asks waits for somebody else (`core.approvals`); everything else is in force at once.
Overlaps are looked for after all edits, so that two adjacent versions can move together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import approvals, auth, clock, term_drafts, term_versions, terms
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound, UtamaError
from core.language import _
from core.models import Term
from core.term_drafts import Scope, TermDraft
from core.term_versions import Recording
from core.vocabulary import Permission, TermStatus


@dataclass
class Saved:
    """What became of a change: how much is in force, how much waits, and what taking it back needs."""

    in_force: int = 0
    waiting: list[str] = field(default_factory=list)  # for each that waits, why
    made: tuple[int, ...] = ()  # versions that it made and that stand now
    ended: tuple[int, ...] = ()  # versions that stood before it


@dataclass(frozen=True)
class Copied:
    """A term of another account that is wanted here, with the value that it gets."""

    number: int
    value: Decimal


@dataclass(frozen=True)
class Cell:
    """What somebody typed for one product; the row is its place in the grid, from 0."""

    row: int
    draft: TermDraft


def grant(session: Session, actor: Actor, draft: TermDraft) -> Saved:
    """Grant a term: in force at once within one's authority, else submitted.

    A term of the same scope, kind and minimum quantity that holds on its days ends before it and goes on after it.
    """
    auth.require(actor, Permission.TERM_WRITE)
    with _tracked(session, [draft.scope]) as saved:
        _put(session, actor, draft, saved)
    return saved


def change_value(
    session: Session, actor: Actor, number: int, value: Decimal, first: date, *, version: int, reason: str
) -> Saved:
    """Another value from a day on: the version before ends the day before, and the new one ends when it would have."""
    auth.require(actor, Permission.TERM_WRITE)
    term = _in_force(session, actor, number, version)
    if first < term.valid_from or (term.valid_to is not None and first >= term.valid_to):
        problem = _("Choose a day on which the term holds.")
        raise Invalid(problem, fields={"first": problem})
    before = term_versions.draft_of(term)
    draft = replace(before, value=value, valid_from=first, reason=reason or before.reason)
    if draft.value_kept == before.value_kept:
        problem = _("This is the value that it has already.")
        raise Invalid(problem, fields={"value": problem})
    return grant(session, actor, draft)


def end(session: Session, actor: Actor, number: int, last_day: date | None, *, version: int) -> Saved:
    """Let a term end on another day: earlier is in force at once, later goes the way of what is granted.

    Without a last day it holds until further notice.
    """
    auth.require(actor, Permission.TERM_WRITE)
    term = _in_force(session, actor, number, version)
    valid_to = None if last_day is None else last_day + timedelta(days=1)
    if valid_to == term.valid_to:
        problem = _("This is the day on which it ends already.")
        raise Invalid(problem, fields={"last_day": problem})
    draft = replace(term_versions.draft_of(term), valid_to=valid_to)
    if (valid_to or date.max) > (term.valid_to or date.max):
        return grant(session, actor, draft)
    with _tracked(session, [draft.scope]) as saved:
        term_versions.record(session, actor, draft)
        saved.in_force = 1
    return saved


def withdraw(session: Session, actor: Actor, number: int, *, version: int) -> Saved:
    """Take back a term that has not begun yet, as if it had not been granted."""
    auth.require(actor, Permission.TERM_WRITE)
    term = _in_force(session, actor, number, version)
    if term.valid_from <= clock.today():
        raise Invalid(_("It has begun already: let it end on a day instead."))
    with _tracked(session, [terms.scope_of(term)]) as saved:
        term_versions.close(session, actor, term)
        saved.in_force = 1
    return saved


def shift(
    session: Session, actor: Actor, number: int, first: date, *, version: int, before: int | None = None
) -> Saved:
    """Move the day on which a version begins, and with it the end of the adjacent one before it.

    `before` is the number of that one; None: the one that ends on the day on which this one begins, if any.
    """
    auth.require(actor, Permission.TERM_WRITE)
    term = _in_force(session, actor, number, version)
    earlier = _adjacent(session, term) if before is None else _standing(session, before)
    if term.valid_to is not None and first >= term.valid_to:
        problem = _("It would end before it begins.")
        raise Invalid(problem, fields={"first": problem})
    if earlier is not None and first <= earlier.valid_from:
        problem = _("{name} begins on {day}: choose a later day.").format(
            name=f"T{earlier.number}", day=earlier.valid_from
        )
        raise Invalid(problem, fields={"first": problem})
    moved = Recording(replace(term_versions.draft_of(term), valid_from=first), number=term.number)
    recordings = [moved]
    if earlier is not None:
        recordings.insert(0, Recording(replace(term_versions.draft_of(earlier), valid_to=first)))
    with _tracked(session, [terms.scope_of(term)]) as saved:
        term_versions.record_many(session, actor, recordings, closing=[term])
        saved.in_force = len(recordings)
    return saved


def copy(
    session: Session, actor: Actor, source_id: int, account_id: int, chosen: Sequence[Copied], first: date
) -> Saved:
    """Grant an account terms of another one, each from a day on; all of them or none."""
    auth.require(actor, Permission.TERM_WRITE)
    if not chosen:
        raise Invalid(_("Choose at least one term."))
    if source_id == account_id:
        raise Invalid(_("These are the account's own terms already."))
    found = {
        term.number: term
        for term in session.scalars(
            select(Term).where(terms.for_account(session, actor, source_id), *_standing_now())
        )
    }
    drafts = []
    for one in chosen:
        term = found.get(one.number)
        if term is None:
            raise NotFound(_("There is no term {name} of that account any more.").format(name=f"T{one.number}"))
        before = term_versions.draft_of(term)
        scope = Scope(account_id=account_id, product_id=term.product_id, category_id=term.category_id)
        drafts.append(replace(before, scope=scope, value=one.value, valid_from=max(first, before.valid_from)))
    return grant_many(session, actor, [Cell(row, draft) for row, draft in enumerate(drafts)])


def grant_many(session: Session, actor: Actor, cells: Sequence[Cell]) -> Saved:
    """Grant many terms, all or none; raises Invalid with every problem as `row/field`, so that each cell says its own."""
    auth.require(actor, Permission.TERM_WRITE)
    if not cells:
        raise Invalid(_("Nothing has been typed yet."))
    problems: dict[str, str] = {}
    for cell in cells:
        try:
            term_drafts.check(cell.draft)
        except Invalid as error:
            problems |= {f"{cell.row}/{name}": text for name, text in error.fields.items()}
    seen: dict[object, int] = {}
    for cell in cells:
        draft = cell.draft
        lane = (draft.scope, draft.kind, draft.min_quantity, draft.is_exception, draft.valid_from)
        if lane in seen:
            problems[f"{cell.row}/product"] = _("Row {row} says the same already.").format(row=seen[lane] + 1)
        seen.setdefault(lane, cell.row)
    if problems:
        raise Invalid(_("Nothing was saved: some cells need another look."), fields=problems)
    with _tracked(session, [cell.draft.scope for cell in cells]) as saved:
        for cell in cells:
            try:
                _put(session, actor, cell.draft, saved)
            except UtamaError as error:
                fields = {f"{cell.row}/{name}": text for name, text in error.fields.items()}
                raise Invalid(
                    _("Nothing was saved. Row {row}: {reason}").format(
                        row=cell.row + 1, reason=error.message
                    ),
                    fields=fields or {f"{cell.row}/value": error.message},
                ) from error
    return saved


def take_back(session: Session, actor: Actor, saved: Saved) -> None:
    """Undo a change: what it made holds no longer, what it ended holds again."""
    auth.require(actor, Permission.TERM_WRITE)
    term_versions.take_back(session, actor, saved.made, saved.ended)


def _put(session: Session, actor: Actor, draft: TermDraft, saved: Saved) -> None:
    wanted = term_versions.record(session, actor, replace(draft, status=TermStatus.DRAFT))
    done = approvals.submit(session, actor, wanted.number, version=wanted.id)
    if done.is_in_force:
        saved.in_force += 1
    else:
        saved.waiting.append(done.sentence)


@contextmanager
def _tracked(session: Session, scopes: Sequence[Scope]) -> Iterator[Saved]:
    """Note which versions stand before and after a change, so that it can be taken back."""
    keys = sorted({scope.key for scope in scopes})
    before = _ids(session, keys)
    saved = Saved()
    yield saved
    after = _ids(session, keys)
    saved.made, saved.ended = tuple(sorted(after - before)), tuple(sorted(before - after))


def _ids(session: Session, keys: Sequence[str]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(keys), _AT_ONCE):
        query = select(Term.id).where(Term.scope_key.in_(keys[start : start + _AT_ONCE]), terms.known(None))
        found |= set(session.scalars(query))
    return found


_AT_ONCE = 500


def _standing_now() -> tuple[object, ...]:
    return (terms.known(None), Term.status == TermStatus.APPROVED)


def _standing(session: Session, number: int) -> Term | None:
    return session.scalar(select(Term).where(Term.number == number, *_standing_now()))  # type: ignore[arg-type]


def _in_force(session: Session, actor: Actor, number: int, version: int) -> Term:
    """The approved version that stands now, its scope held; raises Conflict where it is not the one that was seen."""
    seen = session.scalar(select(Term).where(Term.number == number, terms.visible(actor)).limit(1))
    if seen is None:
        raise NotFound(_("There is no term {name}.").format(name=f"T{number}"))
    terms.require_scope(session, actor, terms.scope_of(seen), lock=True)
    term = _standing(session, number)
    if term is None:
        raise Conflict(_("{name} is not in force any more. Load the page again.").format(name=f"T{number}"))
    session.refresh(term)
    if term.id != version:
        value = terms.value_of(term)
        raise Conflict(
            _("{who} changed {name} meanwhile.").format(who=term.recorded_by, name=f"T{number}"),
            version=term.id,
            current={"value": value, "last_day": term.valid_to and term.valid_to - timedelta(days=1)},
        )
    return term


def _adjacent(session: Session, term: Term) -> Term | None:
    """The version of the same lane that ends where this one begins."""
    query = select(Term).where(
        Term.scope_key == term.scope_key,
        Term.kind == term.kind,
        Term.min_quantity == term.min_quantity,
        Term.is_exception == term.is_exception,
        Term.valid_to == term.valid_from,
        *_standing_now(),  # type: ignore[arg-type]
    )
    return session.scalar(query)
