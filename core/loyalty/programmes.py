"""Loyalty programmes: drafted, approved, put into force and closed, as versions with two clocks.

A programme's number stays the same in all its versions. Beside the versions in force it has at most one that is a
draft or approved; going live ends the version before it on that day. Nothing is overwritten: each step supersedes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from core import audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.loyalty import order_facts, spec_documents
from core.loyalty.rules import VersionInForce
from core.loyalty.specs import Spec
from core.loyalty_vocabulary import ProgrammeStatus
from core.models import LoyaltyEnrolment, LoyaltyProgramme
from core.vocabulary import Permission

_OPEN = (ProgrammeStatus.DRAFT, ProgrammeStatus.APPROVED)
_IN_FORCE = (ProgrammeStatus.LIVE, ProgrammeStatus.CLOSED)


@dataclass(frozen=True)
class ProgrammeRow:
    """One version of a programme; `version` is what a form passes back."""

    number: int
    version: int
    name: str
    status: ProgrammeStatus
    spec: Spec
    document: dict[str, Any]
    valid_from: date | None
    valid_to: date | None  # exclusive
    note: str
    recorded_at: datetime
    recorded_by: str
    approved_by: str | None
    members: int  # enrolled now, of the programme

    @property
    def label(self) -> str:
        return f"P{self.number}"


def search(session: Session, actor: Actor, *, known_at: datetime | None = None) -> list[ProgrammeRow]:
    """Every version known now (or then): in force ones and drafts, programmes by name, the newest version first."""
    auth.require(actor, Permission.LOYALTY_READ)
    enrolled = (
        select(
            LoyaltyEnrolment.programme_number, func.count(LoyaltyEnrolment.member_id.distinct()).label("n")
        )
        .where(LoyaltyEnrolment.superseded_at.is_(None), LoyaltyEnrolment.valid_to.is_(None))
        .group_by(LoyaltyEnrolment.programme_number)
        .subquery()
    )
    query = (
        select(LoyaltyProgramme, enrolled.c.n)
        .outerjoin(enrolled, enrolled.c.programme_number == LoyaltyProgramme.number)
        .where(known(known_at))
        .order_by(LoyaltyProgramme.name, LoyaltyProgramme.number, LoyaltyProgramme.id.desc())
    )
    if not actor.may(Permission.LOYALTY_DESIGN):
        query = query.where(LoyaltyProgramme.status.in_(_IN_FORCE))
    return [_row(programme, members or 0) for programme, members in session.execute(query)]


def get(session: Session, actor: Actor, version: int) -> ProgrammeRow:
    """One version, superseded ones included, for comparing."""
    auth.require(actor, Permission.LOYALTY_READ)
    row = session.get(LoyaltyProgramme, version)
    if row is None or (row.status in _OPEN and not actor.may(Permission.LOYALTY_DESIGN)):
        raise NotFound(_("There is no such programme."))
    return _row(row, 0)


def history(session: Session, actor: Actor, number: int) -> list[ProgrammeRow]:
    """Every version that a programme ever had, the newest first."""
    auth.require(actor, Permission.LOYALTY_DESIGN)
    query = select(LoyaltyProgramme).where(LoyaltyProgramme.number == number)
    return [_row(row, 0) for row in session.scalars(query.order_by(LoyaltyProgramme.id.desc()))]


def live_on(session: Session, actor: Actor, day: date) -> list[ProgrammeRow]:
    """The programmes that make points on a day."""
    return [
        row
        for row in search(session, actor)
        if row.status in _IN_FORCE and row.valid_from and row.valid_from <= day
        and (row.valid_to is None or day < row.valid_to)
    ]  # fmt: skip


def save_draft(
    session: Session,
    actor: Actor,
    name: str,
    document: Mapping[str, Any],
    *,
    note: str = "",
    number: int | None = None,
    version: int | None = None,
) -> int:
    """Keep a draft: a new programme, or with `number` the next version of one; returns its `version`.

    `version` is that of the draft that the form was drawn from; none where there was no draft.
    """
    auth.require(actor, Permission.LOYALTY_DESIGN)
    spec = _checked(session, name, document)
    before = None if number is None else _open_version(session, number)
    if number is not None and before is None and not _known_number(session, number):
        raise NotFound(_("There is no such programme."))
    if (None if before is None else before.id) != version:
        raise _overtaken(before)
    row = _supersede(session, actor, before, name=name.strip(), status=ProgrammeStatus.DRAFT, note=note.strip(),
                     spec=spec.document(), number=number or 0)  # fmt: skip
    if not row.number:
        row.number = row.id
        session.flush()
    _record(session, actor, "loyalty_programme:draft", before, row)
    return row.id


def discard_draft(session: Session, actor: Actor, number: int, *, version: int) -> None:
    """Take back a version that never went live."""
    auth.require(actor, Permission.LOYALTY_DESIGN)
    row = _access_open(session, number, version)
    row.superseded_at = clock.now()
    session.flush()
    audit.record(session, actor, "loyalty_programme:discard", _subject(row), {"status": (row.status, None)})


def approve(session: Session, actor: Actor, number: int, *, version: int) -> int:
    """Say that a draft may go live; somebody else than who wrote it, unless they are the operator."""
    auth.require(actor, Permission.LOYALTY_APPROVE)
    before = _access_open(session, number, version)
    if before.status is not ProgrammeStatus.DRAFT:
        raise Conflict(_("This version was approved already."))
    if before.recorded_by == actor.username and actor.user_id is not None:
        raise Conflict(_("Whoever wrote a version cannot approve it: ask somebody else who may."))
    row = _supersede(session, actor, before, status=ProgrammeStatus.APPROVED, approved_by=actor.username)
    _record(session, actor, "loyalty_programme:approve", before, row)
    return row.id


def go_live(session: Session, actor: Actor, number: int, valid_from: date, *, version: int) -> int:
    """Put an approved version into force from a day on; the one before it ends there. Returns its `version`."""
    auth.require(actor, Permission.LOYALTY_APPROVE)
    before = _access_open(session, number, version)
    if before.status is not ProgrammeStatus.APPROVED:
        raise Conflict(_("Only an approved version can go live."))
    current = _in_force_versions(session, number)
    late = [one for one in current if one.valid_from is not None and one.valid_from >= valid_from]
    if late:
        text = _("A version begins on {day}: choose a later day.").format(day=late[-1].valid_from)
        raise Invalid(text, fields={"valid_from": text})
    for one in current:
        if one.valid_to is None or one.valid_to > valid_from:
            _supersede(session, actor, one, valid_to=valid_from)
    row = _supersede(session, actor, before, status=ProgrammeStatus.LIVE, valid_from=valid_from)
    _record(session, actor, "loyalty_programme:go_live", before, row)
    return row.id


def close(session: Session, actor: Actor, number: int, last_on: date, *, version: int) -> int:
    """End a programme: after its last day orders earn nothing more; points stay and lapse as they were promised."""
    auth.require(actor, Permission.LOYALTY_APPROVE)
    current = _in_force_versions(session, number)
    if not current:
        raise NotFound(_("There is no such programme."))
    before = current[-1]
    if before.id != version:
        raise _overtaken(before)
    if before.valid_from is not None and last_on < before.valid_from:
        text = _("The last day is {day} or a later one.").format(day=before.valid_from)
        raise Invalid(text, fields={"last_on": text})
    end = date.fromordinal(last_on.toordinal() + 1)
    row = _supersede(session, actor, before, status=ProgrammeStatus.CLOSED, valid_to=end)
    _record(session, actor, "loyalty_programme:close", before, row)
    return row.id


def known(known_at: datetime | None) -> ColumnElement[bool]:
    """The versions known now, or at a moment."""
    if known_at is None:
        return LoyaltyProgramme.superseded_at.is_(None)
    return and_(
        LoyaltyProgramme.recorded_at <= known_at,
        or_(LoyaltyProgramme.superseded_at.is_(None), LoyaltyProgramme.superseded_at > known_at),
    )


def versions_in_force(session: Session, known_at: datetime | None = None) -> dict[int, list[VersionInForce]]:
    """By programme the versions that make points, in the order of their days; for the daily job, which has asked."""
    query = (
        select(LoyaltyProgramme)
        .where(known(known_at), LoyaltyProgramme.status.in_(_IN_FORCE))
        .order_by(LoyaltyProgramme.valid_from)
    )
    found: dict[int, list[VersionInForce]] = {}
    for row in session.scalars(query):
        assert row.valid_from is not None  # noqa: S101  (the table says so of versions in force)
        spec = spec_documents.parse(row.spec)
        found.setdefault(row.number, []).append(VersionInForce(row.id, row.valid_from, row.valid_to, spec))
    return found


def _checked(session: Session, name: str, document: Mapping[str, Any]) -> Spec:
    if not name.strip():
        raise Invalid(_("Give the programme a name."), fields={"name": _("Give the programme a name.")})
    spec = spec_documents.parse(document)
    rows: Sequence[Any] = (*spec.multipliers, *spec.campaigns)
    problems = {}
    for place, kind in order_facts.unknown_places(session, rows).items():
        text = _("There is no product {place}.") if kind == "product" else _("There is no category {place}.")
        problems[f"earning.multipliers {place}"] = text.format(place=place)
    if problems:
        raise Invalid(_("Some of the programme's fields need another look."), fields=problems)
    return spec


def _open_version(session: Session, number: int) -> LoyaltyProgramme | None:
    query = select(LoyaltyProgramme).where(
        LoyaltyProgramme.number == number,
        LoyaltyProgramme.superseded_at.is_(None),
        LoyaltyProgramme.status.in_(_OPEN),
    )
    return session.scalar(query.with_for_update())


def _known_number(session: Session, number: int) -> bool:
    return bool(_in_force_versions(session, number))


def _in_force_versions(session: Session, number: int) -> list[LoyaltyProgramme]:
    query = select(LoyaltyProgramme).where(
        LoyaltyProgramme.number == number,
        LoyaltyProgramme.superseded_at.is_(None),
        LoyaltyProgramme.status.in_(_IN_FORCE),
    )
    return list(session.scalars(query.order_by(LoyaltyProgramme.valid_from).with_for_update()))


def _access_open(session: Session, number: int, version: int) -> LoyaltyProgramme:
    row = _open_version(session, number)
    if row is None:
        raise NotFound(_("There is no such programme."))
    if row.id != version:
        raise _overtaken(row)
    return row


def _overtaken(row: LoyaltyProgramme | None) -> Conflict:
    return Conflict(
        _("Somebody else changed this programme meanwhile. Look at the new version and save again."),
        current={} if row is None else {"name": row.name, "status": row.status},
        version=None if row is None else row.id,
    )


_KEPT = ("number", "name", "status", "spec", "valid_from", "valid_to", "note", "approved_by")


def _supersede(
    session: Session, actor: Actor, before: LoyaltyProgramme | None, **values: Any
) -> LoyaltyProgramme:
    kept = {name: getattr(before, name, None) for name in _KEPT} if before is not None else {}
    row = LoyaltyProgramme(**{**kept, **values}, recorded_at=clock.now(), recorded_by=actor.username)
    if before is not None:
        row.number = before.number
        before.superseded_at = row.recorded_at
    session.add(row)
    session.flush()
    return row


def _row(row: LoyaltyProgramme, members: int) -> ProgrammeRow:
    return ProgrammeRow(
        number=row.number,
        version=row.id,
        name=row.name,
        status=row.status,
        spec=spec_documents.parse(row.spec),
        document=dict(row.spec),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        note=row.note,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        approved_by=row.approved_by,
        members=members,
    )


def _subject(row: LoyaltyProgramme) -> Subject:
    return Subject("loyalty_programme", f"P{row.number}", row.name)


def _record(
    session: Session, actor: Actor, action: str, before: LoyaltyProgramme | None, after: LoyaltyProgramme
) -> None:
    was = {} if before is None else {name: getattr(before, name) for name in _KEPT}
    now = {name: getattr(after, name) for name in _KEPT}
    audit.record(session, actor, action, _subject(after), audit.differences(was, now))
