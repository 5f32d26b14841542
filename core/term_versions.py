"""Recording terms: a change is a new version that supersedes the one before, and nothing is overwritten.

Versions of one lane (scope, kind, minimum quantity, exception or not) stand in the order they were recorded in.
Approved ones never hold on the same day as known at the same moment; proposals may, since they end nothing that is in
force. Many changes are recorded at once and looked at only when all are made, so that two adjacent versions can be
shifted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, authority, clock, term_drafts, term_timelines, terms
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid
from core.language import _
from core.models import ImportBatch, Term
from core.term_drafts import TermDraft
from core.term_timelines import Span
from core.vocabulary import Permission, TermKind, TermStatus

LaneKey = tuple[str, TermKind, Any, bool]  # scope key, kind, minimum quantity, exception or not


@dataclass(frozen=True)
class Recording:
    """A draft, and since when we know it; none: from this moment on."""

    draft: TermDraft
    recorded_at: datetime | None = None
    number: int | None = None  # that of the proposal which it puts in force


def record(session: Session, actor: Actor, draft: TermDraft, *, recorded_at: datetime | None = None) -> Term:
    """Record a term, or a new version of the one that begins on the same day; raises Conflict on an overlap."""
    return record_many(session, actor, [Recording(draft, recorded_at)])[0]


def record_many(
    session: Session,
    actor: Actor,
    recordings: Sequence[Recording],
    *,
    ending: Sequence[Term] = (),
    why: str = "",
    batch_id: int | None = None,
    restoring: bool = False,
) -> list[Term]:
    """Record terms in the order in which they became known, all or none; overlaps are looked for after all of them.

    `ending` are versions that hold no longer from this moment on, and `why`. Raises Forbidden for an approved one
    beyond the actor's own authority, unless it grants nothing new; `restoring` says that all of them were in force.
    """
    auth.require(actor, Permission.TERM_WRITE)
    now = clock.now()
    scopes = [*(one.draft.scope for one in recordings), *(terms.scope_of(term) for term in ending)]
    for scope in dict.fromkeys(scopes):
        terms.require_scope(session, actor, scope, lock=True)
    for one in recordings:
        term_drafts.check(one.draft)
        if one.recorded_at is not None and one.recorded_at > now:
            raise Invalid(_("What is known cannot be dated after today."))
    lanes = _lanes(session, [one.draft.scope.key for one in recordings])
    granted = [one.draft for one in recordings if _grants(lanes.get(_lane_of(one.draft), ()), one.draft)]
    if not restoring:
        authority.require(session, actor, granted)
    going_on = {one.number for one in recordings}
    for term in ending:
        _end(session, actor, term, now, None if term.number in going_on else why)
    made = [_insert(session, actor, lanes, one, now, batch_id) for one in recordings]
    for term in made:
        _refuse_overlap(lanes, term)
    return made


def _end(session: Session, actor: Actor, term: Term, now: datetime, why: str | None) -> None:
    """Let a version be known no longer; who took it back and why is kept as a version that was never known."""
    term.superseded_at = now
    if why is None:
        return
    mark = replace(draft_of(term), status=TermStatus.REJECTED, reason=why)
    session.add(
        _term(mark, Span(term.valid_from, term.valid_to, now, now), actor, number=term.number, batch_id=None)
    )
    session.flush()
    _record(session, actor, "term:end", term, None)


def _lanes(session: Session, scope_keys: Sequence[str]) -> dict[LaneKey, list[Term]]:
    """Every version of these scopes by kind and minimum quantity, in the order they were recorded in."""
    wanted = sorted(set(scope_keys))
    found: dict[LaneKey, list[Term]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(Term).where(
            Term.scope_key.in_(wanted[start : start + _AT_ONCE]), Term.undone_at.is_(None)
        )
        for term in session.scalars(query.order_by(Term.recorded_at, Term.id)):
            found.setdefault(_lane_of(term), []).append(term)
    return found


_AT_ONCE = 500


def _lane_of(one: Term | TermDraft) -> LaneKey:
    key = one.scope.key if isinstance(one, TermDraft) else one.scope_key
    return key, one.kind, one.min_quantity, one.is_exception


def _grants(lane: Sequence[Term], draft: TermDraft) -> bool:
    """Whether an approved draft gives more than what is in force: another value, or days on which nothing holds."""
    if draft.status is not TermStatus.APPROVED:
        return False
    end = draft.valid_to or date.max
    return not any(
        one.status is TermStatus.APPROVED
        and one.superseded_at is None
        and (terms.value_of(one), one.stacks, one.governed_by)
        == (draft.value_kept, draft.stacks, draft.governed_by)
        and one.valid_from <= draft.valid_from
        and end <= (one.valid_to or date.max)
        for one in lane
    )


def peers(versions: Sequence[Term], status: TermStatus) -> list[Term]:
    """Approved versions among themselves, proposals among themselves: a proposal ends nothing that is in force."""
    approved = status is TermStatus.APPROVED
    return [one for one in versions if (one.status is TermStatus.APPROVED) is approved]


def span_of(term: Term) -> Span:
    return Span(term.valid_from, term.valid_to, term.recorded_at, term.superseded_at)


def _insert(
    session: Session,
    actor: Actor,
    lanes: dict[LaneKey, list[Term]],
    one: Recording,
    now: datetime,
    batch_id: int | None,
) -> Term:
    draft, moment = one.draft, one.recorded_at or now
    lane = lanes.setdefault(_lane_of(draft), [])
    versions = peers(lane, draft.status)
    span = Span(draft.valid_from, draft.valid_to, moment)
    place = term_timelines.placed([span_of(version) for version in versions], span)
    before = None if place.supersedes is None else versions[place.supersedes]
    if before is not None:
        before.superseded_at = moment
    same = _same(lane, versions, draft)
    span = replace(span, superseded_at=place.superseded_at)
    number = same.number if same else one.number or 0
    term = _term(draft, span, actor, number=number, batch_id=batch_id)
    session.add(term)
    session.flush()
    if not number:
        term.number = term.id
        session.flush()
    lane.append(term)
    lane.sort(key=lambda version: (version.recorded_at, version.id))
    _record(session, actor, "term:change" if before else "term:grant", before, term)
    return term


def _same(lane: Sequence[Term], versions: Sequence[Term], draft: TermDraft) -> Term | None:
    """The version whose number a new one carries on; a proposal that came into force leaves its number to the term."""
    known = {id(one) for one in versions}
    elsewhere = {one.number for one in lane if id(one) not in known}
    return next(
        (
            one
            for one in versions
            if one.valid_from == draft.valid_from
            and (draft.status is TermStatus.APPROVED or one.number not in elsewhere)
        ),
        None,
    )


def _refuse_overlap(lanes: dict[LaneKey, list[Term]], term: Term) -> None:
    if term.status is not TermStatus.APPROVED:
        return
    versions = peers(lanes[_lane_of(term)], term.status)
    met = term_timelines.overlapping([span_of(one) for one in versions], span_of(term))
    if met:
        other = versions[met[0]]
        raise Conflict(
            _(
                "{name} of the same scope, kind and minimum quantity, from {first}, holds on some of the same days: "
                "let one end before the other begins."
            ).format(name=f"T{other.number}", first=other.valid_from)
        )


def _term(draft: TermDraft, span: Span, actor: Actor, *, number: int, batch_id: int | None) -> Term:
    scope = draft.scope
    return Term(
        number=number,
        kind=draft.kind,
        account_id=scope.account_id,
        group_id=scope.group_id,
        segment_id=scope.segment_id,
        product_id=scope.product_id,
        category_id=scope.category_id,
        scope_key=scope.key,
        min_quantity=draft.min_quantity,
        basis=draft.basis,
        period=draft.period,
        mode=draft.mode,
        unit_id=draft.unit_id,
        days=draft.due_days,
        price=draft.price,
        rate=draft.rate,
        governed_by=draft.governed_by,
        stacks=draft.stacks,
        is_exception=draft.is_exception,
        status=draft.status,
        reason=draft.reason,
        valid_from=span.valid_from,
        valid_to=span.valid_to,
        recorded_at=span.recorded_at,
        recorded_by=actor.username,
        superseded_at=span.superseded_at,
        batch_id=batch_id,
    )


def draft_of(term: Term) -> TermDraft:
    """A version as it would be typed."""
    return TermDraft(
        scope=terms.scope_of(term),
        kind=term.kind,
        value=terms.value_of(term),
        valid_from=term.valid_from,
        valid_to=term.valid_to,
        min_quantity=term.min_quantity,
        stacks=term.stacks,
        governed_by=term.governed_by,
        status=term.status,
        reason=term.reason,
        is_exception=term.is_exception,
        basis=term.basis,
        period=term.period,
        mode=term.mode,
        unit_id=term.unit_id,
        days=term.days,
    )


def move_on(
    session: Session,
    actor: Actor,
    term: Term,
    status: TermStatus,
    *,
    action: str,
    judged: Mapping[str, str | None] | None = None,
) -> Term:
    """The next version of a proposal, alike but for its status; what is in force stays as it is.

    `judged` are the measures that a submission is kept with.
    """
    auth.require(actor, Permission.TERM_WRITE)
    now = clock.now()
    span = Span(term.valid_from, term.valid_to, now)
    after = _term(replace(draft_of(term), status=status), span, actor, number=term.number, batch_id=None)
    after.judged = None if judged is None else dict(judged)
    term.superseded_at = now
    session.add(after)
    session.flush()
    _record(session, actor, action, term, after)
    return after


def put_in_force(session: Session, actor: Actor, term: Term, *, action: str) -> Term:
    """End a proposal and record it as approved under its number, in the place of what holds on the same days.

    A term of the same lane that begins earlier ends before the first day, and goes on after the last one.
    """
    auth.require(actor, Permission.TERM_WRITE)
    now = clock.now()
    draft = replace(draft_of(term), status=TermStatus.APPROVED)
    lane = _lanes(session, [term.scope_key]).get(_lane_of(term), [])
    room = [
        Recording(one, now) for before in standing(lane, draft) for one in _beside(draft_of(before), draft)
    ]
    term.superseded_at = now
    session.flush()
    made = record_many(session, actor, [*room, Recording(draft, now, term.number)])[-1]
    _record(session, actor, action, term, made)
    return made


def standing(versions: Sequence[Term], draft: TermDraft) -> list[Term]:
    """The approved versions that are known now, began earlier than the draft and hold on one of its days."""
    end = draft.valid_to or date.max
    return [
        one
        for one in versions
        if one.status is TermStatus.APPROVED
        and one.superseded_at is None
        and one.undone_at is None
        and one.valid_from < draft.valid_from < (one.valid_to or date.max)
        and one.valid_from < end
    ]


def _beside(before: TermDraft, draft: TermDraft) -> list[TermDraft]:
    """What is left of a term where another takes some of its days."""
    left = [replace(before, valid_to=draft.valid_from)]
    if draft.valid_to is not None and draft.valid_to < (before.valid_to or date.max):
        left.append(replace(before, valid_from=draft.valid_to))
    return left


_AUDITED = (
    "value", "valid_from", "valid_to", "min_quantity", "basis", "period", "mode", "unit_id", "days", "governed_by",
    "stacks", "is_exception", "status", "reason",
)  # fmt: skip


def _record(session: Session, actor: Actor, action: str, before: Term | None, after: Term | None) -> None:
    one = after or before
    assert one is not None  # noqa: S101
    was, now = ({} if term is None else _facts(term) for term in (before, after))
    changes = {name: (was.get(name), now.get(name)) for name in _AUDITED if was.get(name) != now.get(name)}
    subject = Subject("term", f"T{one.number}", f"{one.kind} {one.scope_key}", one.account_id)
    audit.record(session, actor, action, subject, changes)


def _facts(term: Term) -> dict[str, Any]:
    return {name: terms.value_of(term) if name == "value" else getattr(term, name) for name in _AUDITED}


def undo(session: Session, actor: Actor, batch: ImportBatch, moment: datetime) -> None:
    """Take the versions of an import back, the last first: what they superseded is in force again."""
    auth.require(actor, Permission.TERM_WRITE)
    own = list(session.scalars(select(Term).where(Term.batch_id == batch.id).order_by(Term.id.desc())))
    for scope in dict.fromkeys(terms.scope_of(term) for term in own):
        terms.require_scope(session, actor, scope, lock=True)
    lanes = _lanes(session, [term.scope_key for term in own])
    for term in own:
        if term.undone_at is not None:
            continue
        chain = [
            one for one in peers(lanes[_lane_of(term)], term.status) if one.valid_from == term.valid_from
        ]
        if any(one.recorded_at == term.superseded_at and one.batch_id != batch.id for one in chain):
            raise Conflict(
                _("{name} was changed since, so the import cannot be undone.").format(name=f"T{term.number}")
            )
        before = next(
            (one for one in chain if one is not term and one.superseded_at == term.recorded_at), None
        )
        if before is not None:
            before.superseded_at = term.superseded_at
        term.undone_at = moment
        session.flush()
        _record(session, actor, "term:undo", term, before)
