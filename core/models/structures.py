"""Whose an account was, month by month: its owner, segment, group, region and tier."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Ref


class AccountStructure(Base):
    """What was in force from one month up to another; the open version is what the account says of itself."""

    __tablename__ = "account_structures"
    __table_args__ = (
        CheckConstraint("until_month IS NULL OR until_month > from_month", name="until_after_from"),
        Index(None, "from_month"),
    )

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    from_month: Mapped[date] = mapped_column(primary_key=True)  # first of a month
    until_month: Mapped[date | None]  # exclusive; none: in force
    owner_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("users.id"))
    segment_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("segments.id"))
    group_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("groups.id"))
    region_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("regions.id"))
    tier_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("tiers.id"))
