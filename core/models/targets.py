"""What each account is expected to bring, month by month, with every earlier version kept."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Amount, Base, OptionalAmount, Ref, whole_numbers


class Target(Base):
    __tablename__ = "targets"
    __table_args__ = (
        *whole_numbers("net_revenue_amount", "margin_amount"),
        Index(None, "month"),
    )

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False
    )  # 1, 2, … per account and month
    net_revenue_amount: Mapped[Amount]
    margin_amount: Mapped[OptionalAmount]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]  # none: in force
    batch_id: Mapped[int | None] = mapped_column(Ref)
