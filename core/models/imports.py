"""Imported files: what each brought, what was refused and why, and how its columns were read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Id, LongText, Ref
from core.vocabulary import BatchKind, BatchStatus


class ImportBatch(Base):
    __tablename__ = "import_batches"
    __table_args__ = (Index(None, "sha256"),)

    id: Mapped[Id]
    kind: Mapped[BatchKind]
    status: Mapped[BatchStatus]
    file_name: Mapped[str]
    sha256: Mapped[str]
    actor: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("users.id"))
    started_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    read_count: Mapped[int] = mapped_column(default=0)
    accepted_count: Mapped[int] = mapped_column(default=0)
    changed_count: Mapped[int] = mapped_column(default=0)  # of the accepted ones
    unchanged_count: Mapped[int] = mapped_column(default=0)
    rejected_count: Mapped[int] = mapped_column(default=0)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # columns, missing_account, …
    summary: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict
    )  # reasons, warnings, first and last day


class ImportReject(Base):
    """One refused row, as it was read."""

    __tablename__ = "import_rejects"

    batch_id: Mapped[int] = mapped_column(Ref, ForeignKey("import_batches.id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False
    )  # line of the file, header is 1
    reasons: Mapped[list[dict[str, str]]] = mapped_column(JSON)  # [{"field": …, "value": …, "reason": …}]
    row: Mapped[dict[str, str]] = mapped_column(JSON)


class ImportChange(Base):
    """What a batch of accounts, products or targets changed, kept so that it can be undone."""

    __tablename__ = "import_changes"

    batch_id: Mapped[int] = mapped_column(Ref, ForeignKey("import_batches.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entity: Mapped[str]
    entity_id: Mapped[int] = mapped_column(Ref)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # none: created by the batch
    after: Mapped[dict[str, Any]] = mapped_column(JSON)


class ImportMapping(Base):
    """How the columns of a header were matched the last time."""

    __tablename__ = "import_mappings"

    kind: Mapped[BatchKind] = mapped_column(primary_key=True)
    header_hash: Mapped[str] = mapped_column(primary_key=True)
    header: Mapped[LongText]
    columns: Mapped[dict[str, Any]] = mapped_column(JSON)  # field → header, and chosen notations
    saved_by: Mapped[str]
    saved_at: Mapped[datetime]
