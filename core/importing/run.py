"""From a file to the store: check it, compare it, and apply it in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, auth, clock, db, rollups
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid
from core.importing import columns, fields, files, kinds, mapping, rejects
from core.importing.columns import Question
from core.importing.files import Upload
from core.importing.findings import Findings, Reason
from core.importing.options import BatchInHand, Options
from core.importing.rejects import RefusedRow
from core.importing.tables import Mask, Progress, Table, silent
from core.language import _
from core.models import AuditEntry, ImportBatch
from core.vocabulary import BatchKind, BatchStatus, Permission

# Changes of these decide what a file's rows mean; others may happen between the check and the booking.
_MEANING = (
    "account", "import_batch", "loyalty_member", "loyalty_programme", "loyalty_run", "order", "product", "target",
    "term", "user",
)  # fmt: skip
_TRIES = 3


class Plan(Protocol):
    """What a kind of file wants to do, worked out without changing anything."""

    @property
    def accepted(self) -> Mask: ...

    @property
    def changed(self) -> Mask: ...

    @property
    def parts(self) -> int:
        """In how many transactions it is applied."""

    def stage(self, folder: Path, part: int, progress: Progress) -> None:
        """Prepare a part as far as that can be done before the store is locked."""

    def apply(self, session: Session, actor: Actor, batch: BatchInHand, progress: Progress) -> dict[str, int]:
        """Do one part of it, and say what else came of it."""


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

    A file so large that others would wait too long is applied in parts of whole orders, all under one batch:
    stopped between two of them, it can be undone, or imported again, which goes on where it stopped.

    This opens its own transactions, since reading the file must not keep others from saving. `progress` is
    also called while the transaction is open, so it must not call Streamlit.
    """
    started = time.monotonic()
    for attempt in range(_TRIES):
        with db.read() as session:
            staged = _stage(session, actor, kind, upload, options, progress)
        if not _is_to_be_applied(staged.check, options):
            return Outcome(staged.check, None, time.monotonic() - started)
        staged.plan.stage(upload.path.parent, 0, progress)
        with db.write() as session:
            rollups.lock(session)
            if _revision(session) != staged.revision:
                if attempt < _TRIES - 1:
                    continue
                staged = _stage(session, actor, kind, upload, options, progress)
                if not _is_to_be_applied(staged.check, options):
                    return Outcome(staged.check, None, time.monotonic() - started)
            work = _Application(actor, upload, options, staged, progress)
            work.begin(session, actor)
        break
    work.go_on()
    return work.outcome(time.monotonic() - started)


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


class _Application:
    """Applies a checked file part by part."""

    def __init__(
        self, actor: Actor, upload: Upload, options: Options, staged: _Staged, progress: Progress
    ) -> None:
        self._actor, self._upload, self._options = actor, upload, options
        self._staged, self._progress = staged, progress
        self._moment = clock.now()
        self._made: dict[str, int] = {}
        self._batch_id = 0
        self._revision: tuple[Any, ...] = ()

    def begin(self, session: Session, actor: Actor) -> None:
        """Make the batch and apply the first part, which is mostly the only one."""
        auth.require(actor, Permission.DATA_IMPORT)
        checked = self._staged.check
        batch = ImportBatch(
            kind=checked.kind,
            status=BatchStatus.APPLYING,
            file_name=self._upload.name,
            sha256=self._upload.sha256,
            actor=self._actor.username,
            user_id=self._actor.user_id,
            started_at=self._moment,
            read_count=checked.read,
            accepted_count=checked.accepted,
            changed_count=checked.changed,
            unchanged_count=checked.unchanged,
            rejected_count=checked.rejected,
            options={
                "columns": dict(self._options.columns),
                "missing_account": self._options.missing_account,
                "create_missing": self._options.create_missing,
                "source": self._options.source,
            },
        )
        session.add(batch)
        session.flush()
        self._batch_id = batch.id
        self._apply(session, batch, 0)

    def go_on(self) -> None:
        """Apply the other parts, each in a transaction of its own."""
        for part in range(1, self._staged.plan.parts):
            self._staged.plan.stage(self._upload.path.parent, part, self._progress)
            with db.write() as session:
                rollups.lock(session)
                if _revision(session) != self._revision:
                    raise Conflict(
                        _(
                            "The store changed while this large file was applied in parts; import {batch} has the "
                            "first {parts}. Import the file again: what is there already stays as it is."
                        ).format(batch=self._batch_id, parts=part)
                    )
                self._apply(session, session.get_one(ImportBatch, self._batch_id), part)

    def _apply(self, session: Session, batch: ImportBatch, part: int) -> None:
        plan = self._staged.plan
        made = plan.apply(session, self._actor, BatchInHand(batch.id, self._moment, part), self._progress)
        for name, count in made.items():
            self._made[name] = self._made.get(name, 0) + count
        if part == plan.parts - 1:
            self._finish(session, batch)
        self._record(session, part)
        self._revision = _revision(session)

    def _finish(self, session: Session, batch: ImportBatch) -> None:
        checked = self._staged.check
        batch.status, batch.applied_at = BatchStatus.APPLIED, self._moment
        batch.summary = {
            "reasons": [[one.reason, one.rows] for one in checked.reasons],
            "warnings": [[one.reason, one.rows] for one in checked.warnings],
            **self._made,
        }
        rejects.keep(session, batch.id, self._upload, self._staged.table, self._staged.found)
        mapping.remember(session, self._actor, checked.kind, self._upload, self._options, self._moment)

    def _record(self, session: Session, part: int) -> None:
        checked = self._staged.check
        facts = {
            "kind": checked.kind,
            "accepted": checked.accepted,
            "rejected": checked.rejected,
            **self._made,
        }
        if self._staged.plan.parts > 1:
            facts["part"] = f"{part + 1}/{self._staged.plan.parts}"
        subject = Subject("import_batch", str(self._batch_id), self._upload.name)
        changes = {name: (None, value) for name, value in facts.items()}
        audit.record(session, self._actor, "import:apply", subject, changes)

    def outcome(self, seconds: float) -> Outcome:
        made = self._made
        return Outcome(
            self._staged.check,
            self._batch_id,
            seconds,
            made.get("accounts_created", 0),
            made.get("products_created", 0),
        )
