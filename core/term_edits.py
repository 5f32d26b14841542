"""Editing terms: grant, change from a day, shift, end early, extend, take back; each all or nothing, each to be undone.

Nothing is overwritten. A change of a day or a value is a new version of the same number; what a change takes from the
days of another term is a new version of that one; overlaps are looked for when all is recorded. What is beyond the
actor's authority is submitted and waits, while what is in force stays. Undoing is one more version as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import approvals, auth, clock, term_drafts, term_versions, terms
from core.auth import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound, UtamaError
from core.language import _, ngettext
from core.models import Term
from core.term_drafts import TermDraft
from core.term_versions import Recording
from core.vocabulary import Permission, TermKind, TermStatus

_UNDO_WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class Saved:
    """What an edit left: versions that stand since, and those that stood before; by `TermRow.id`."""

    numbers: tuple[int, ...]
    in_force: int
    waiting: int
    why: str  # the first sentence of what waits; empty where nothing does
    made: tuple[int, ...]
    ended: tuple[int, ...]

    def sentence(self) -> str:
        """`T17 is in force.`, `3 terms are in force, 2 wait for approval. Beyond your authority: …`"""
        parts = []
        if self.in_force:
            text = ngettext("{count} term recorded as approved.", "{count} terms recorded as approved.",
                            self.in_force)  # fmt: skip
            parts.append(text.format(count=self.in_force))
        if self.waiting:
            text = ngettext("{count} waits for approval.", "{count} wait for approval.", self.waiting)
            parts.append(text.format(count=self.waiting))
        return " ".join([*parts, *filter(None, [self.why])])


@dataclass(frozen=True)
class Shift:
    """What a version of a timeline becomes; `version` is the `TermRow.id` that was seen."""

    version: int
    valid_from: date
    valid_to: date | None  # exclusive
    value: Decimal


def grant(session: Session, actor: Actor, draft: TermDraft) -> Saved:
    """A new term: in force within the actor's authority, else submitted; replaces what holds on the same days."""
    return grant_many(session, actor, [draft])


def grant_many(
    session: Session, actor: Actor, drafts: Sequence[TermDraft], labels: Sequence[str] = ()
) -> Saved:
    """Many new terms, all or none; every one that cannot be is said with its label under `grid`."""
    auth.require(actor, Permission.TERM_WRITE)
    if not drafts:
        raise Invalid(_("Nothing has been typed yet."))
    edit = _Edit(session, (draft.scope.key for draft in drafts))
    problems: list[tuple[str, UtamaError]] = []
    why, waiting, numbers = "", 0, []
    for place, draft in enumerate(drafts):
        try:
            _why(draft.reason)
            with session.begin_nested():
                _refuse_twin(session, draft)
                found = approvals.ask(session, actor, draft)
        except (Invalid, Conflict) as error:
            problems.append((labels[place] if labels else "", error))
            continue
        numbers.append(found.number)
        if not found.is_in_force:
            waiting += 1
            why = why or found.sentence
    if problems:
        raise _together(problems, is_one=not labels and len(drafts) == 1)
    return edit.saved(numbers, in_force=len(numbers) - waiting, waiting=waiting, why=why)


def _together(problems: Sequence[tuple[str, UtamaError]], *, is_one: bool) -> UtamaError:
    if is_one:
        return problems[0][1]
    said = [_("{row}: {problem}").format(row=label, problem=error.message) for label, error in problems]
    sentence = " ".join(said)
    return Invalid(sentence, fields={"grid": sentence})


def _refuse_twin(session: Session, draft: TermDraft) -> None:
    """Raise Conflict where somebody asked for the same from the same day already: one of them would vanish."""
    query = select(Term.number, Term.recorded_by).where(
        Term.scope_key == draft.scope.key,
        Term.kind == draft.kind,
        Term.min_quantity == draft.min_quantity,
        Term.is_exception == draft.is_exception,
        Term.valid_from == draft.valid_from,
        Term.status == TermStatus.SUBMITTED,
        Term.superseded_at.is_(None),
        Term.undone_at.is_(None),
    )
    found = session.execute(query.limit(1)).one_or_none()
    if found is not None:
        raise Conflict(
            _("{name} from {who} for the same from the same day waits for approval already.").format(
                name=f"T{found.number}", who=found.recorded_by
            )
        )


def change(
    session: Session, actor: Actor, version: int, value: Decimal, valid_from: date, *, reason: str
) -> Saved:
    """Another value from a day on, until the term would have ended; before that day it stays as it is."""
    term = _in_force(session, actor, version)
    if valid_from < term.valid_from or (term.valid_to is not None and valid_from >= term.valid_to):
        problem = _("{name} does not hold on that day: choose a day between its first and its last.").format(
            name=f"T{term.number}"
        )
        raise Invalid(problem, fields={"valid_from": problem})
    draft = replace(
        term_versions.draft_of(term),
        value=value,
        valid_from=valid_from,
        reason=_why(reason),
        status=TermStatus.DRAFT,
    )
    if draft.value_kept == terms.value_of(term):
        problem = _("This is its value already.")
        raise Invalid(problem, fields={"value": problem})
    return grant(session, actor, draft)


def expire(session: Session, actor: Actor, version: int, last_day: date, *, reason: str) -> Saved:
    """Let a term end earlier than it would: a version of the same number."""
    term = _in_force(session, actor, version)
    end = last_day + timedelta(days=1)
    if last_day < term.valid_from:
        problem = _("It begins on {day}: take it back instead.").format(day=term.valid_from)
        raise Invalid(problem, fields={"last_day": problem})
    if term.valid_to is not None and end >= term.valid_to:
        problem = _("It ends on that day or earlier already: extending is what makes it longer.")
        raise Invalid(problem, fields={"last_day": problem})
    draft = replace(term_versions.draft_of(term), valid_to=end, reason=_why(reason))
    return _recorded(session, actor, [Recording(draft)], [term.scope_key])


def extend(session: Session, actor: Actor, version: int, last_day: date | None, *, reason: str) -> Saved:
    """Let a term hold longer; beyond the actor's authority the days that are added wait for approval by themselves."""
    term = _in_force(session, actor, version)
    end = None if last_day is None else last_day + timedelta(days=1)
    if term.valid_to is None or (end is not None and end <= term.valid_to):
        problem = _("It holds until that day or longer already: end it early instead.")
        raise Invalid(problem, fields={"last_day": problem})
    added = replace(
        term_versions.draft_of(term),
        valid_from=term.valid_to,
        valid_to=end,
        reason=_why(reason),
        status=TermStatus.DRAFT,
    )
    if not approvals.outcome_of(session, actor, added).alone:
        return grant(session, actor, added)
    longer = replace(added, valid_from=term.valid_from, status=TermStatus.APPROVED)
    return _recorded(session, actor, [Recording(longer)], [term.scope_key])


def take_back(session: Session, actor: Actor, version: int, *, reason: str) -> Saved:
    """Let a term that has not begun, or a proposal of one's own, never come into force; the history keeps it."""
    term = _current(session, actor, version)
    if term.status is TermStatus.APPROVED and term.valid_from <= clock.today():
        raise Invalid(
            _("{name} has begun: end it early instead, so that the past keeps its price.").format(
                name=f"T{term.number}"
            )
        )
    edit = _Edit(session, [term.scope_key])
    _take_back(session, actor, [term], _why(reason))
    return edit.saved([term.number], in_force=0, waiting=0)


def _take_back(session: Session, actor: Actor, ending: Sequence[Term], why: str) -> None:
    """End versions; what was submitted becomes a draft first, as if taken back on Approvals."""
    last = []
    for term in ending:
        if term.status is TermStatus.SUBMITTED:
            version = approvals.withdraw(session, actor, term.number, version=term.id)
            last.append(session.get_one(Term, version))
        else:
            last.append(term)
    term_versions.record_many(session, actor, [], ending=last, why=why)


def reshape(session: Session, actor: Actor, shifts: Sequence[Shift], *, reason: str) -> Saved:
    """Move the first days, last days and values of versions of one timeline at once.

    Overlaps are looked for when all of them have moved, so that two that follow each other can be shifted in either
    direction. Raises Forbidden, and changes nothing, where any of it is beyond the actor's authority.
    """
    held = [_in_force(session, actor, one.version) for one in shifts]
    ending, recordings = [], []
    for term, shift in zip(held, shifts, strict=True):
        before = term_versions.draft_of(term)
        draft = replace(
            before,
            valid_from=shift.valid_from,
            valid_to=shift.valid_to,
            value=shift.value,
            reason=_why(reason),
        )
        same = (before.valid_from, before.valid_to, before.value_kept)
        if (draft.valid_from, draft.valid_to, draft.value_kept) == same:
            continue
        term_drafts.check(draft)
        recordings.append(Recording(draft, number=term.number))
        if draft.valid_from != term.valid_from:
            ending.append(term)
    if not recordings:
        raise Invalid(_("Nothing has changed yet."))
    return _recorded(session, actor, recordings, [term.scope_key for term in held], ending)


def _recorded(
    session: Session,
    actor: Actor,
    recordings: Sequence[Recording],
    scope_keys: Iterable[str],
    ending: Sequence[Term] = (),
) -> Saved:
    edit = _Edit(session, scope_keys)
    made = term_versions.record_many(session, actor, recordings, ending=ending)
    return edit.saved([term.number for term in made], in_force=len(made), waiting=0)


def undo(session: Session, actor: Actor, saved: Saved) -> None:
    """Take one's own edit back within a day: what it made ends, what it ended is in force again.

    Raises Conflict where somebody changed it since, and Forbidden for what somebody else did.
    """
    auth.require(actor, Permission.TERM_WRITE)
    made = [_seen(session, actor, one) for one in saved.made]
    ended = [_seen(session, actor, one) for one in saved.ended]
    if any(term.superseded_at is not None or term.undone_at is not None for term in made):
        raise Conflict(_("It was changed again since."))
    if any(term.recorded_by != actor.username for term in made):
        raise Forbidden(_("Somebody else recorded it."))
    moments = [*(term.recorded_at for term in made), *(one.superseded_at for one in ended)]
    if any(moment is None or clock.now() - moment > _UNDO_WITHIN for moment in moments):
        raise Conflict(_("It was recorded more than a day ago: change it instead."))
    before = [one for one in ended if one.status is TermStatus.APPROVED]
    begins = {_beginning(one) for one in before}
    proposals = [term for term in made if term.status is not TermStatus.APPROVED]
    if proposals:
        _take_back(session, actor, proposals, _("undone"))
    ending = [term for term in made if term.status is TermStatus.APPROVED and _beginning(term) not in begins]
    again = [Recording(term_versions.draft_of(one), number=one.number) for one in before]
    term_versions.record_many(session, actor, again, ending=ending, why=_("undone"), restoring=True)


def _beginning(term: Term) -> tuple[str, TermKind, Decimal, bool, date]:
    """One version at a time stands for each of these."""
    return term.scope_key, term.kind, term.min_quantity, term.is_exception, term.valid_from


class _Edit:
    """What stands in some scopes before an edit, to tell what it made and ended."""

    def __init__(self, session: Session, scope_keys: Iterable[str]) -> None:
        self._session, self._keys = session, sorted(set(scope_keys))
        self._before = self._standing()

    def _standing(self) -> set[int]:
        query = select(Term.id).where(
            Term.scope_key.in_(self._keys), Term.superseded_at.is_(None), Term.undone_at.is_(None)
        )
        return set(self._session.scalars(query))

    def saved(self, numbers: Sequence[int], *, in_force: int, waiting: int, why: str = "") -> Saved:
        self._session.flush()
        after = self._standing()
        made, ended = after - self._before, self._before - after
        return Saved(
            tuple(dict.fromkeys(numbers)), in_force, waiting, why, tuple(sorted(made)), tuple(sorted(ended))
        )


def _current(session: Session, actor: Actor, version: int) -> Term:
    """The version that was seen, held; raises Conflict with what stands now where another one does."""
    term = _seen(session, actor, version)
    terms.require_scope(session, actor, terms.scope_of(term), lock=True)
    session.refresh(term)
    if term.superseded_at is None and term.undone_at is None:
        return term
    now = session.scalar(
        select(Term).where(
            Term.number == term.number,
            Term.status == term.status,
            Term.superseded_at.is_(None),
            Term.undone_at.is_(None),
        )
    )
    if now is None:
        raise Conflict(_("Somebody else ended {name} meanwhile. Load the page again.").format(
            name=f"T{term.number}"))  # fmt: skip
    raise Conflict(
        _("Somebody else changed {name} meanwhile. Look at the new values and save again.").format(
            name=f"T{term.number}"
        ),
        current={
            "value": terms.value_of(now),
            "valid_from": now.valid_from,
            "last_day": None if now.valid_to is None else now.valid_to - timedelta(days=1),
        },
        version=now.id,
    )


def _in_force(session: Session, actor: Actor, version: int) -> Term:
    """The same for an approved one; raises Conflict for a proposal."""
    term = _current(session, actor, version)
    if term.status is not TermStatus.APPROVED:
        raise Conflict(_("{name} is a proposal: take it back and ask for another one.").format(
            name=f"T{term.number}"))  # fmt: skip
    return term


def _seen(session: Session, actor: Actor, version: int) -> Term:
    auth.require(actor, Permission.TERM_WRITE)
    term = session.scalar(select(Term).where(Term.id == version, terms.visible(actor)))
    if term is None:
        raise NotFound(_("There is no such term."))
    return term


def _why(reason: str) -> str:
    if not reason.strip():
        problem = _("Say in a few words why.")
        raise Invalid(problem, fields={"reason": problem})
    return reason.strip()


def draft_from(session: Session, actor: Actor, version: int) -> TermDraft:
    """A term as it would be typed, for copying it or changing it; raises NotFound for one that is out of sight."""
    auth.require(actor, Permission.TERM_READ)
    term = session.scalar(select(Term).where(Term.id == version, terms.visible(actor)))
    if term is None:
        raise NotFound(_("There is no such term."))
    return term_versions.draft_of(term)
