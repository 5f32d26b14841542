"""The record of every change, each entry chained to the one before it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Ref


class AuditEntry(Base):
    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "account_id", "id"),
        Index(None, "entity", "entity_key", "id"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False
    )  # 1, 2, 3 … without a gap
    at: Mapped[datetime]
    actor: Mapped[str]  # the user name, or `operator`
    user_id: Mapped[int | None] = mapped_column(Ref)
    action: Mapped[str]  # `account:update`
    entity: Mapped[str]  # `account`
    entity_key: Mapped[str]
    label: Mapped[str]  # what people call it
    account_id: Mapped[int | None] = mapped_column(Ref)  # whose values these are, if an account's
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)  # field → [before, after]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class AuditHead(Base):
    """The one row that names the last entry: writers queue on it, and a cut-off tail shows."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # always 1
    last_id: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[str]
