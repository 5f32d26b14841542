"""From a file to the store: check it, compare it, and apply it in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, auth, clock, db, rollups
from core.audit import Subject
from core.auth import Actor
from core.errors import Invalid
from core.importing import columns, fields, files, kinds, mapping, rejects
from core.importing.columns import Question
from core.importing.files import Upload
from core.importing.findings import Findings, Reason
from core.importing.options import Options
from core.importing.rejects import RefusedRow
from core.importing.tables import Mask, Progress, Table, silent
from core.language import _
from core.models import AuditEntry, ImportBatch
from core.vocabulary import BatchKind, BatchStatus, Permission

# Changes of these decide what a file's rows mean; others may happen between the check and the booking.
_MEANING = ("account", "import_batch", "order", "product", "target", "user")
_TRIES = 3


class Plan(Protocol):
    """What a kind of file wants to do, worked out without changing anything."""

    @property
    def accepted(self) -> Mask: ...

    @property
    def changed(self) -> Mask: ...

    def apply(
        self, session: Session, actor: Actor, batch: ImportBatch, moment: datetime, progress: Progress
    ) -> dict[str, Any]:
        """Do it, and say what else came of it."""


@dataclass(frozen=True)
class Check:
    """What a file would do, or has done."""

    kind: BatchKind
    read: int
    accepted: int
    changed: int  # of the accepted ones
    unchanged: int
    rejected: int
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    questions: tuple[Question, ...]  # to be answered before anything can be applied
    refused_rows: tuple[RefusedRow, ...]  # the first of them; all stand in the file that can be downloaded


@dataclass(frozen=True)
class Outcome:
    """What came of an import; `batch_id` is None where nothing was applied."""

    check: Check
    batch_id: int | None
    seconds: float
    created_accounts: int = 0
    created_products: int = 0


@dataclass(frozen=True)
class _Staged:
    check: Check
    plan: Plan
    found: Findings
    table: Table
    revision: tuple[Any, ...]


def check(
    session: Session,
    actor: Actor,
    kind: BatchKind,
    upload: Upload,
    options: Options,
    progress: Progress = silent,
) -> Check:
    """Say what an import would do, without doing it."""
    return _stage(session, actor, kind, upload, options, progress).check


def apply(
    actor: Actor, kind: BatchKind, upload: Upload, options: Options, progress: Progress = silent
) -> Outcome:
    """Check a file and apply it: everything or nothing, in one transaction that is as short as can be.

    This opens its own transactions, since reading the file must not keep others from saving. `progress` is
    also called while the transaction is open, so it must not call Streamlit.
    """
    started = time.monotonic()
    for attempt in range(_TRIES):
        with db.read() as session:
            staged = _stage(session, actor, kind, upload, options, progress)
        if not _is_to_be_applied(staged.check, options):
            return Outcome(staged.check, None, time.monotonic() - started)
        with db.write() as session:
            rollups.lock(session)
            if _revision(session) != staged.revision:
                if attempt < _TRIES - 1:
                    continue
                staged = _stage(session, actor, kind, upload, options, progress)
                if not _is_to_be_applied(staged.check, options):
                    return Outcome(staged.check, None, time.monotonic() - started)
            outcome = _book(session, actor, upload, options, staged, progress)
            break
    return replace(outcome, seconds=time.monotonic() - started)


def _is_to_be_applied(checked: Check, options: Options) -> bool:
    if checked.questions or not checked.accepted:
        return False
    return options.skip_rejected or not checked.rejected


def _stage(
    session: Session, actor: Actor, kind: BatchKind, upload: Upload, options: Options, progress: Progress
) -> _Staged:
    auth.require(actor, Permission.DATA_IMPORT)
    revision = _revision(session)
    _require_columns(kind, upload, options)
    headers = list(dict.fromkeys(options.columns.values()))
    table = files.read_columns(upload, headers, progress)
    known = fields.of(kind)
    progress("check", 0, 1)
    mapped = [(known[name], table.columns[header]) for name, header in options.columns.items()]
    values = columns.read(mapped, table.rows, decimals=options.decimals, date_order=options.date_order)
    found = Findings.of(values, table.too_wide)
    plan: Plan = kinds.plan(kind)(session, actor, values, found, options, progress)
    progress("check", 1, 1)
    checked = _counted(kind, upload, table, found, plan, values.questions)
    rejects.write(upload, table, found, kinds.belonging(kind, values, found, options))
    return _Staged(checked, plan, found, table, revision)


def _require_columns(kind: BatchKind, upload: Upload, options: Options) -> None:
    if upload.text == upload.path and upload.sheets:
        raise Invalid(
            _("The workbook has several sheets: {sheets}. Choose one.").format(
                sheets=", ".join(upload.sheets)
            )
        )
    mapping.check_headers(upload, options.columns)
    missing = [one.name for one in fields.FIELDS[kind] if one.required and one.name not in options.columns]
    if missing:
        raise Invalid(mapping.missing_sentence(kind, upload, missing))


def _counted(
    kind: BatchKind, upload: Upload, table: Table, found: Findings, plan: Plan, questions: Sequence[Question]
) -> Check:
    rejected, accepted = int(found.refused.sum()), int(plan.accepted.sum())
    return Check(
        kind=kind,
        read=table.rows,
        accepted=accepted,
        changed=int(plan.changed.sum()),
        unchanged=table.rows - rejected - accepted,
        rejected=rejected,
        reasons=found.reasons(),
        warnings=found.warnings(),
        questions=tuple(questions),
        refused_rows=rejects.first(upload, table, found),
    )


def _revision(session: Session) -> tuple[Any, ...]:
    """Changes whenever something happened that a check may have relied on."""
    batches = session.execute(
        select(func.max(ImportBatch.id), func.count(ImportBatch.undone_at), func.max(ImportBatch.applied_at))
    ).one()
    last = session.scalar(select(func.max(AuditEntry.id)).where(AuditEntry.entity.in_(_MEANING)))
    return (*batches, last)


def _book(
    session: Session, actor: Actor, upload: Upload, options: Options, staged: _Staged, progress: Progress
) -> Outcome:
    checked, moment = staged.check, clock.now()
    batch = _batch(actor, upload, options, checked, moment)
    session.add(batch)
    session.flush()
    made = staged.plan.apply(session, actor, batch, moment, progress)
    batch.summary = {
        "reasons": [[one.reason, one.rows] for one in checked.reasons],
        "warnings": [[one.reason, one.rows] for one in checked.warnings],
        **made,
    }
    rejects.keep(session, batch.id, upload, staged.table, staged.found)
    mapping.remember(session, actor, checked.kind, upload, options, moment)
    facts = {"kind": checked.kind, "accepted": checked.accepted, "rejected": checked.rejected, **made}
    audit.record(
        session,
        actor,
        "import:apply",
        Subject("import_batch", str(batch.id), upload.name),
        {name: (None, value) for name, value in facts.items()},
    )
    return Outcome(checked, batch.id, 0.0, made.get("accounts_created", 0), made.get("products_created", 0))


def _batch(actor: Actor, upload: Upload, options: Options, checked: Check, moment: datetime) -> ImportBatch:
    return ImportBatch(
        kind=checked.kind,
        status=BatchStatus.APPLIED,
        file_name=upload.name,
        sha256=upload.sha256,
        actor=actor.username,
        user_id=actor.user_id,
        started_at=moment,
        applied_at=moment,
        read_count=checked.read,
        accepted_count=checked.accepted,
        changed_count=checked.changed,
        unchanged_count=checked.unchanged,
        rejected_count=checked.rejected,
        options={
            "columns": dict(options.columns),
            "missing_account": options.missing_account,
            "create_missing": options.create_missing,
            "source": options.source,
        },
    )
