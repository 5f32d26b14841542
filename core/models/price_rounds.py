"""Price-increase rounds: what was announced to whom from when on, and what each account answered."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Amount, Base, Id, LongText, Rate, Ref, whole_numbers
from core.vocabulary import RoundAnswer


class PriceRound(Base):
    """One round: a percentage on what was paid before, on a category or on everything, or a price for each product."""

    __tablename__ = "price_rounds"
    __table_args__ = (
        CheckConstraint("announced_on <= effective_on", name="announced_before_effective"),
        *whole_numbers("rate"),
    )

    id: Mapped[Id]
    name: Mapped[str]
    announced_on: Mapped[date]
    effective_on: Mapped[date]
    rate: Mapped[Decimal | None] = mapped_column(Rate)  # share on top of the price before; none: by product
    category_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("categories.id"))
    note: Mapped[LongText]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class PriceRoundPrice(Base):
    """The price of one base unit that a round asks for, where it goes by product."""

    __tablename__ = "price_round_prices"
    __table_args__ = tuple(whole_numbers("price"))

    round_id: Mapped[int] = mapped_column(Ref, ForeignKey("price_rounds.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(Ref, ForeignKey("products.id"), primary_key=True)
    price: Mapped[Amount]


class PriceRoundAccount(Base):
    """An account that a round was announced to, and its answer."""

    __tablename__ = "price_round_accounts"
    __table_args__ = (
        UniqueConstraint("account_id", "round_id"),
        CheckConstraint("(rate IS NOT NULL) = (answer = 'negotiated')", name="rate_when_negotiated"),
        *whole_numbers("rate"),
    )

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(Ref, ForeignKey("price_rounds.id"), index=True)
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    answer: Mapped[RoundAnswer]
    rate: Mapped[Decimal | None] = mapped_column(Rate)  # what was settled on instead
    answered_on: Mapped[date | None]
    note: Mapped[LongText]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
