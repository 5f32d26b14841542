"""Imports that were applied: what each brought, what it refused, and taking one back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from core import account_mergers, audit, auth, clock, rollups
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, NotFound
from core.importing import kinds
from core.importing.findings import CellProblem, Reason
from core.importing.rejects import RefusedRow
from core.language import _
from core.models import ImportBatch, ImportReject
from core.vocabulary import BatchKind, BatchStatus, Permission


@dataclass(frozen=True)
class BatchRow:
    """One import, for a list."""

    id: int
    kind: BatchKind
    status: BatchStatus
    file_name: str
    actor: str
    applied_at: datetime | None
    undone_at: datetime | None
    read: int
    accepted: int
    changed: int
    unchanged: int
    rejected: int


@dataclass(frozen=True)
class BatchDetail:
    """One import with the reasons and warnings of its rows, and the first rows that it refused."""

    row: BatchRow
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    columns: dict[str, str]  # field → header
    refused_rows: tuple[RefusedRow, ...]


def search(session: Session, actor: Actor, *, limit: int = 50) -> list[BatchRow]:
    """The latest imports that the actor may know of, newest first."""
    auth.require(actor, Permission.BATCH_READ)
    query = select(ImportBatch).where(_known_to(actor)).order_by(ImportBatch.id.desc()).limit(limit)
    return [_row(batch) for batch in session.scalars(query)]


def get(session: Session, actor: Actor, batch_id: int) -> BatchDetail:
    auth.require(actor, Permission.BATCH_READ)
    batch = _access(session, actor, batch_id)
    rejects = session.scalars(
        select(ImportReject).where(ImportReject.batch_id == batch_id).order_by(ImportReject.row_no).limit(200)
    )
    return BatchDetail(
        row=_row(batch),
        reasons=_reasons(batch.summary.get("reasons")),
        warnings=_reasons(batch.summary.get("warnings")),
        columns=dict(batch.options.get("columns", {})),
        refused_rows=tuple(
            RefusedRow(
                one.row_no,
                tuple(one.row.values()),
                tuple(CellProblem(problem["field"], problem["reason"]) for problem in one.reasons),
            )
            for one in rejects
        ),
    )


def undo(session: Session, actor: Actor, batch_id: int) -> None:
    """Take an import back; raises Conflict naming what builds on it."""
    auth.require(actor, Permission.DATA_IMPORT)
    rollups.lock(session)
    batch = _access(session, actor, batch_id)
    # One that was stopped between two parts of a large file can be taken back as well.
    if batch.status not in (BatchStatus.APPLIED, BatchStatus.APPLYING):
        raise Conflict(_("Import {batch} was undone already.").format(batch=batch_id))
    account_mergers.refuse_undo_of_import(session, actor, batch_id)
    moment = clock.now()
    kinds.KINDS[batch.kind].undo(session, actor, batch, moment)
    before = batch.status
    batch.status, batch.undone_at = BatchStatus.UNDONE, moment
    session.flush()
    audit.record(
        session,
        actor,
        "import:undo",
        Subject("import_batch", str(batch.id), batch.file_name),
        {"status": (before, BatchStatus.UNDONE)},
    )


def _access(session: Session, actor: Actor, batch_id: int) -> ImportBatch:
    batch = session.scalar(select(ImportBatch).where(ImportBatch.id == batch_id, _known_to(actor)))
    if batch is None:
        raise NotFound(_("There is no such import."))
    return batch


def _known_to(actor: Actor) -> ColumnElement[bool]:
    """Those who see every account know of every import, others of their own."""
    return true() if actor.sees_everything else ImportBatch.user_id == actor.user_id


def _row(batch: ImportBatch) -> BatchRow:
    return BatchRow(
        id=batch.id,
        kind=batch.kind,
        status=batch.status,
        file_name=batch.file_name,
        actor=batch.actor,
        applied_at=batch.applied_at,
        undone_at=batch.undone_at,
        read=batch.read_count,
        accepted=batch.accepted_count,
        changed=batch.changed_count,
        unchanged=batch.unchanged_count,
        rejected=batch.rejected_count,
    )


def _reasons(kept: Any) -> tuple[Reason, ...]:
    return tuple(Reason(text, rows) for text, rows in kept or ())
