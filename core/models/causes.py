"""Why an account's revenue moved: dated entries, withdrawn but never deleted."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Id, OptionalAmount, Ref, whole_numbers
from core.vocabulary import CauseKind


class Cause(Base):
    """One reason, from one day to before another; of one product or category, or of everything."""

    __tablename__ = "causes"
    __table_args__ = (
        CheckConstraint("starts_on < ends_on", name="starts_before_end"),
        CheckConstraint("product_id IS NULL OR category_id IS NULL", name="one_scope"),
        Index(None, "account_id", "starts_on"),
        *whole_numbers("amount"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    kind: Mapped[CauseKind]
    starts_on: Mapped[date]
    ends_on: Mapped[date]  # exclusive
    amount: Mapped[OptionalAmount]  # what it did to net revenue, with its sign; none: nobody estimated it
    product_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("products.id"))
    category_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("categories.id"))
    note: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
