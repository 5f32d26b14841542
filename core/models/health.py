"""What the health of accounts was read from on some days, kept until something of theirs changes."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Amount, Base, LongText, OptionalAmount, Ref

_WITHOUT_ROWID = {"sqlite_with_rowid": False}


class HealthMark(Base):
    """How often something of a kind changed that the health of an account is read from; no row: never.

    Kinds have rows of their own, so that nobody who sets a target waits for an import of orders to end.
    """

    __tablename__ = "health_marks"
    __table_args__ = (_WITHOUT_ROWID,)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]


class HealthStanding(Base):
    """An account on a day: good for as long as its marks come to the number that they had when this was read."""

    __tablename__ = "health_standings"
    __table_args__ = (_WITHOUT_ROWID,)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int]
    edition: Mapped[int]  # of the readers
    rule: Mapped[str]  # the weights and limits by which it was scored
    measures: Mapped[str]  # those that were known, without those of the present alone
    weight: Mapped[int]  # their weights
    total: Mapped[str]  # sum of weight × points of these, exactly
    tenths: Mapped[int | None]  # the score that these make; none: nothing was known
    readings: Mapped[LongText]  # by measure, exactly: JSON
    net_amount: Mapped[Amount]  # net revenue of the six months that the trend looks at
    before_amount: Mapped[
        OptionalAmount
    ]  # of a month's last day: that of the six months after, a year earlier
    after_amount: Mapped[OptionalAmount]  # … and that of the six months after, as far as they are over
