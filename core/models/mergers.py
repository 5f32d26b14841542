"""Accounts that turned out to be one: what was moved, so that it can be moved back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Id, Ref


class AccountMerger(Base):
    """One account went into another; `details` holds what beside order lines was moved."""

    __tablename__ = "account_mergers"

    id: Mapped[Id]
    merged_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"), index=True)  # the one that went
    kept_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"), index=True)
    merged_at: Mapped[datetime]
    merged_by: Mapped[str]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class MergedLine(Base):
    """An order line that a merger moved; its number changed where the kept account had one like it."""

    __tablename__ = "merged_lines"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[int] = mapped_column(  # the kept account: where the line is now
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    merger_id: Mapped[int] = mapped_column(Ref, primary_key=True, autoincrement=False)
    order_no: Mapped[str] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    former_line_no: Mapped[int]
