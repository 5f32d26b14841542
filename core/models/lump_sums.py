"""Lump sums: money promised to an account for something it does, as versions with two clocks, and what came of them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Amount, Base, Id, LongText, OptionalAmount, Ref, whole_numbers
from core.vocabulary import LumpSumKind, LumpSumStep


class LumpSum(Base):
    """One version of a lump sum, accrued evenly over its days; `number` is the same in all versions."""

    __tablename__ = "lump_sums"
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="starts_before_end"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at", name="known_before_superseded"
        ),
        *whole_numbers("amount"),
        Index(None, "account_id", "number"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(Ref, index=True)
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    kind: Mapped[LumpSumKind]
    amount: Mapped[Amount]  # what was agreed, base currency
    valid_from: Mapped[date]
    valid_to: Mapped[date]  # exclusive
    is_withdrawn: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[LongText]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]  # none: what we know now


class LumpSumEntry(Base):
    """That proof came, or that money was paid; never changed, a wrong payment is taken back by a negative one."""

    __tablename__ = "lump_sum_entries"
    __table_args__ = (
        CheckConstraint("(step = 'settled') = (amount IS NOT NULL)", name="amount_when_settled"),
        *whole_numbers("amount"),
        Index(None, "account_id", "number"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(Ref)  # of the lump sum
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    step: Mapped[LumpSumStep]
    occurred_on: Mapped[date]
    amount: Mapped[OptionalAmount]
    note: Mapped[LongText]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
