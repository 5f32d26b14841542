"""What accounts owe: invoices as a file said that they stood on a day, one snapshot a day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Amount, Base, Ref, whole_numbers


class Receivable(Base):
    """One invoice of one account as it stood at the end of a day; amounts in the base currency."""

    __tablename__ = "receivables"
    __table_args__ = (
        *whole_numbers("amount", "open_amount"),
        Index(None, "as_of"),
        Index(None, "batch_id"),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    as_of: Mapped[date] = mapped_column(primary_key=True)
    invoice_no: Mapped[str] = mapped_column(primary_key=True)
    due_on: Mapped[date]
    amount: Mapped[Amount]  # below zero: a credit note
    open_amount: Mapped[Amount]  # zero: paid
    batch_id: Mapped[int | None] = mapped_column(Ref)
