"""When accounts order and when their orders are booked, kept in the same transaction as the order lines.

Returns count nowhere here. `previous_on` is the day before on which the same order was booked, so that an order counts
once in any period: where it is booked within and was not booked within before.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Ref

_WITHOUT_ROWID = {"sqlite_with_rowid": False}


class OrderDay(Base):
    """Account × day of the order."""

    __tablename__ = "order_days"
    __table_args__ = (_WITHOUT_ROWID,)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    ordered_on: Mapped[date] = mapped_column(primary_key=True)
    lines: Mapped[int] = mapped_column(BigInteger)


class BookedDay(Base):
    """Account × day × the day before on which the same orders were booked; the first day of all: none."""

    __tablename__ = "order_booked_days"
    __table_args__ = (Index(None, "booked_on"), _WITHOUT_ROWID)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    booked_on: Mapped[date] = mapped_column(primary_key=True)
    previous_on: Mapped[date] = mapped_column(primary_key=True)
    orders: Mapped[int] = mapped_column(BigInteger)


class BookedMonth(Base):
    """The same by month: each order once a month, with the last day on which it was booked in a month before."""

    __tablename__ = "order_booked_months"
    __table_args__ = (_WITHOUT_ROWID,)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    previous_on: Mapped[date] = mapped_column(primary_key=True)
    orders: Mapped[int] = mapped_column(BigInteger)
