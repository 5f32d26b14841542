"""What somebody decided about a reason for attention: dealt with, or put off until a day."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Id, OptionalAmount, Ref, whole_numbers
from core.vocabulary import AttentionOutcome


class AttentionDecision(Base):
    """One click on Today; the newest one in force that is not withdrawn counts.

    `occasion` names the event behind the reason (the last order of a broken rhythm, the snapshot of a debt),
    so that a new event of the same kind asks again.
    """

    __tablename__ = "attention_decisions"
    __table_args__ = (Index(None, "account_id", "kind"), *whole_numbers("amount"))

    id: Mapped[Id]
    account_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("accounts.id"))  # none: of no account
    kind: Mapped[str]  # a kind of reason
    occasion: Mapped[str]
    outcome: Mapped[AttentionOutcome]
    until_on: Mapped[date | None]  # put off: the day it asks again
    reason: Mapped[str]  # why it was put off, or what was done; may be empty for what is done
    amount: Mapped[OptionalAmount]  # at stake when it was decided, base currency
    decided_by: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("users.id"))
    decided_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
