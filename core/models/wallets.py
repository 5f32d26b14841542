"""What accounts spend in a year with anybody, as somebody estimated it: every version is kept."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Id, OptionalAmount, OptionalCount, Ref, whole_numbers
from core.vocabulary import WalletBasis


class Wallet(Base):
    """One estimate of one account's spend in a category; it holds from its day until the next one's.

    Declared: `amount`. Modelled: `driver_count` × `unit_amount`. Allocated: `rank` among `suppliers`; its amount
    follows from our sales when it is asked for.
    """

    __tablename__ = "wallets"
    __table_args__ = (
        CheckConstraint("rank IS NULL OR (rank >= 1 AND rank <= suppliers)", name="rank_among_suppliers"),
        Index(None, "account_id", "superseded_at"),
        *whole_numbers("amount", "driver_count", "unit_amount", "low_amount", "high_amount"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    category_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("categories.id"))  # none: all together
    basis: Mapped[WalletBasis]
    valid_from: Mapped[date]  # the day of the estimate
    amount: Mapped[OptionalAmount]  # a year's spend, base currency
    driver: Mapped[str]  # outlets, beds, meals a day
    driver_count: Mapped[OptionalCount]
    unit_amount: Mapped[OptionalAmount]  # a year's spend per unit of the driver
    low_amount: Mapped[OptionalAmount]
    high_amount: Mapped[OptionalAmount]
    rank: Mapped[int | None]  # ours among the suppliers: 1 is the first
    suppliers: Mapped[int | None]
    said_by: Mapped[str]
    source: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]  # none: what we know now
