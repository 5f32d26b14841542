"""Recording terms: a change is a new version that supersedes the one before, and nothing is overwritten.

Versions of one lane (scope, kind, minimum quantity) stand in the order they were recorded in. Approved ones never hold
on the same day as known at the same moment; proposals may, since they end nothing that is in force. Many changes are
recorded at once and looked at only when all are made, so that two adjacent versions can be shifted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, clock, term_drafts, term_timelines, terms
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid
from core.language import _
from core.models import ImportBatch, Term
from core.term_drafts import TermDraft
from core.term_timelines import Span
from core.vocabulary import Permission, TermKind, TermStatus

LaneKey = tuple[str, TermKind, Any]  # scope key, kind, minimum quantity


@dataclass(frozen=True)
class Recording:
    """A draft, and since when we know it; none: from this moment on."""

    draft: TermDraft
    recorded_at: datetime | None = None


def record(session: Session, actor: Actor, draft: TermDraft, *, recorded_at: datetime | None = None) -> Term:
    """Record a term, or a new version of the one that begins on the same day; raises Conflict on an overlap."""
    return record_many(session, actor, [Recording(draft, recorded_at)])[0]


def record_many(
    session: Session, actor: Actor, recordings: Sequence[Recording], *, batch_id: int | None = None
) -> list[Term]:
    """Record terms in the order in which they became known, all or none; overlaps are looked for after all of them."""
    auth.require(actor, Permission.TERM_WRITE)
    now = clock.now()
    for scope in dict.fromkeys(one.draft.scope for one in recordings):
        terms.require_scope(session, actor, scope, lock=True)
    for one in recordings:
        term_drafts.check(one.draft)
        if one.draft.status is TermStatus.APPROVED:
            auth.require(actor, Permission.TERM_APPROVE)
        if one.recorded_at is not None and one.recorded_at > now:
            raise Invalid(_("What is known cannot be dated after today."))
    lanes = _lanes(session, [one.draft.scope.key for one in recordings])
    made = [_insert(session, actor, lanes, one, now, batch_id) for one in recordings]
    for term in made:
        _refuse_overlap(lanes, term)
    return made


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
    return key, one.kind, one.min_quantity


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
    same = next((version for version in versions if version.valid_from == draft.valid_from), None)
    span = replace(span, superseded_at=place.superseded_at)
    term = _term(draft, span, actor, number=same.number if same else 0, batch_id=batch_id)
    session.add(term)
    session.flush()
    if same is None:
        term.number = term.id
        session.flush()
    lane.append(term)
    lane.sort(key=lambda version: (version.recorded_at, version.id))
    _record(session, actor, "term:change" if before else "term:grant", before, term)
    return term


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
        status=draft.status,
        reason=draft.reason,
        valid_from=span.valid_from,
        valid_to=span.valid_to,
        recorded_at=span.recorded_at,
        recorded_by=actor.username,
        superseded_at=span.superseded_at,
        batch_id=batch_id,
    )


_AUDITED = (
    "value", "valid_from", "valid_to", "min_quantity", "basis", "period", "mode", "unit_id", "days", "governed_by",
    "stacks", "status", "reason",
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
