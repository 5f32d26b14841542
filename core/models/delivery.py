"""How deliveries turned out by the day they were due on, kept in the same transaction as the order lines.

The verdicts are those of the OTIF settings in force; a change of these counts everything anew. Lines that are not
delivered yet stand among `lines` and `open_lines`: whether they count as misses depends on the day that asks.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Amount, Base, Ref

_WITHOUT_ROWID = {"sqlite_with_rowid": False}


def _emptied(name: str, column: str) -> Index:
    """Cells that no line stands behind any more, found without looking through all."""
    empty = text("lines = 0")
    return Index(f"ix_{name}_emptied", column, sqlite_where=empty, postgresql_where=empty)


def _account() -> Any:
    return mapped_column(Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False)


def _product() -> Any:
    return mapped_column(Ref, ForeignKey("products.id"), primary_key=True, autoincrement=False)


class Deliveries:
    """What every layer counts: lines with a due day, returns left out; amounts are net, in the base currency."""

    lines: Mapped[int] = mapped_column(BigInteger)
    open_lines: Mapped[int] = mapped_column(BigInteger)  # not delivered yet
    on_time_lines: Mapped[int] = mapped_column(BigInteger)
    in_full_lines: Mapped[int] = mapped_column(BigInteger)
    otif_lines: Mapped[int] = mapped_column(BigInteger)  # both of one delivery
    net_amount: Mapped[Amount]
    open_amount: Mapped[Amount]
    otif_amount: Mapped[Amount]


class DeliveryCell(Deliveries, Base):
    """Account × month of the due day × product."""

    __tablename__ = "delivery_cells"
    __table_args__ = (_emptied("delivery_cells", "account_id"), _WITHOUT_ROWID)

    account_id: Mapped[int] = _account()
    month: Mapped[date] = mapped_column(primary_key=True)
    product_id: Mapped[int] = _product()


class DeliveryAccountDay(Deliveries, Base):
    __tablename__ = "delivery_account_days"
    __table_args__ = (
        Index(None, "due_on"),
        _emptied("delivery_account_days", "account_id"),
        _WITHOUT_ROWID,
    )

    account_id: Mapped[int] = _account()
    due_on: Mapped[date] = mapped_column(primary_key=True)


class DeliveryAccountMonth(Deliveries, Base):
    __tablename__ = "delivery_account_months"
    __table_args__ = (Index(None, "month"), _emptied("delivery_account_months", "account_id"), _WITHOUT_ROWID)

    account_id: Mapped[int] = _account()
    month: Mapped[date] = mapped_column(primary_key=True)


class DeliveryProductDay(Deliveries, Base):
    """Only for actors who see every account."""

    __tablename__ = "delivery_product_days"
    __table_args__ = (
        Index(None, "due_on"),
        _emptied("delivery_product_days", "product_id"),
        _WITHOUT_ROWID,
    )

    product_id: Mapped[int] = _product()
    due_on: Mapped[date] = mapped_column(primary_key=True)


class DeliveryProductMonth(Deliveries, Base):
    """Only for actors who see every account."""

    __tablename__ = "delivery_product_months"
    __table_args__ = (Index(None, "month"), _emptied("delivery_product_months", "product_id"), _WITHOUT_ROWID)

    product_id: Mapped[int] = _product()
    month: Mapped[date] = mapped_column(primary_key=True)
