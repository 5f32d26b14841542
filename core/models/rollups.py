"""Exact sums of order lines, kept in the same transaction as the lines.

`revenue_cells` is the base; the others are sums of it. Layers without an account in their key may be read
only for somebody who sees every account.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Amount, Base, Count, OptionalCount, Rate, Ref

_WITHOUT_ROWID = {"sqlite_with_rowid": False}


class Measures:
    """What every layer sums up; all amounts in the base currency."""

    lines: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[Count]
    gross_amount: Mapped[Amount]
    net_amount: Mapped[Amount]
    returned_lines: Mapped[int] = mapped_column(BigInteger)
    returned_quantity: Mapped[Count]  # below zero, as on the lines
    returned_amount: Mapped[Amount]  # net amount of lines with negative quantity
    covered_lines: Mapped[int] = mapped_column(BigInteger)  # lines whose cost is known
    covered_amount: Mapped[Amount]  # their net amount
    cost_amount: Mapped[Amount]  # their cost


class RevenueCell(Measures, Base):
    """Account × month × product × country of the line ('' where the line names none)."""

    __tablename__ = "revenue_cells"
    __table_args__ = (Index(None, "product_id", "month"), _WITHOUT_ROWID)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("products.id"), primary_key=True, autoincrement=False
    )
    country: Mapped[str] = mapped_column(primary_key=True)


class AccountMonth(Measures, Base):
    __tablename__ = "revenue_account_months"
    __table_args__ = (Index(None, "month"), _WITHOUT_ROWID)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)


class AccountCountry(Measures, Base):
    """Account × month × country of the line ('' where the line names none): every cell of all products together."""

    __tablename__ = "revenue_account_countries"
    __table_args__ = (Index(None, "month"), _WITHOUT_ROWID)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)


class AccountDay(Measures, Base):
    """By country too, for the days of months that a period cuts; `month` is that of the day."""

    __tablename__ = "revenue_account_days"
    __table_args__ = (Index(None, "booked_on"), _WITHOUT_ROWID)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    booked_on: Mapped[date] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)


class AccountYear(Measures, Base):
    """Calendar years, `year` as their first day."""

    __tablename__ = "revenue_account_years"
    __table_args__ = (_WITHOUT_ROWID,)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    year: Mapped[date] = mapped_column(primary_key=True)


class PairYear(Measures, Base):
    """Account × product × calendar year, for comparing years pair by pair; `year` is its first day."""

    __tablename__ = "revenue_pair_years"
    __table_args__ = (_WITHOUT_ROWID,)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    product_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("products.id"), primary_key=True, autoincrement=False
    )
    year: Mapped[date] = mapped_column(primary_key=True)


class ProductMonth(Measures, Base):
    """Small and local: only for actors who see every account."""

    __tablename__ = "revenue_product_months"
    __table_args__ = (Index(None, "month"), _WITHOUT_ROWID)

    product_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("products.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)


class ProductDay(Measures, Base):
    """Small and local: only for actors who see every account."""

    __tablename__ = "revenue_product_days"
    __table_args__ = (Index(None, "booked_on"), _WITHOUT_ROWID)

    product_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("products.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    booked_on: Mapped[date] = mapped_column(primary_key=True)


class TotalMonth(Measures, Base):
    """Small and local: only for actors who see every account."""

    __tablename__ = "revenue_months"

    month: Mapped[date] = mapped_column(primary_key=True)


class ForeignSales:
    """Sales in another currency than the base (those at a rate other than 1), returns left out."""

    lines: Mapped[int] = mapped_column(BigInteger)
    net_amount: Mapped[Amount]  # base currency
    order_amount: Mapped[Decimal] = mapped_column(Rate)  # the same in the order's currency, in millionths


class ForeignMonth(ForeignSales, Base):
    """Account × month × product × currency."""

    __tablename__ = "foreign_sales_months"
    __table_args__ = (_WITHOUT_ROWID,)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("products.id"), primary_key=True, autoincrement=False
    )
    currency: Mapped[str] = mapped_column(primary_key=True)


class ForeignYear(ForeignSales, Base):
    """Account × product × currency × calendar year; `year` is its first day."""

    __tablename__ = "foreign_sales_years"
    __table_args__ = (_WITHOUT_ROWID,)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    product_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("products.id"), primary_key=True, autoincrement=False
    )
    currency: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[date] = mapped_column(primary_key=True)


class Packed:
    """One row a span of an account: the cells of all its products, as `core.packed_sums` writes them.

    Millions of cells as rows take seconds to fetch; so many whole numbers in a row take milliseconds.
    """

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    start: Mapped[date] = mapped_column(primary_key=True)  # first day of the span
    cells: Mapped[bytes] = mapped_column(LargeBinary)


class PackedMonth(Packed, Base):
    """The cells of `revenue_cells`, all countries together."""

    __tablename__ = "packed_months"
    __table_args__ = (Index(None, "start"),)


class PackedYear(Packed, Base):
    """The same by calendar year: `revenue_pair_years`."""

    __tablename__ = "packed_years"
    __table_args__ = (Index(None, "start"),)


class PackedForeignMonth(Packed, Base):
    """The cells of `foreign_sales_months`."""

    __tablename__ = "packed_foreign_months"
    __table_args__ = (Index(None, "start"),)


class PackedForeignYear(Packed, Base):
    """The cells of `foreign_sales_years`."""

    __tablename__ = "packed_foreign_years"
    __table_args__ = (Index(None, "start"),)


class AccountRhythm(Base):
    """How often an account orders: recomputed from its order days with each change of its orders."""

    __tablename__ = "account_rhythms"
    __table_args__ = (_WITHOUT_ROWID,)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    first_order_on: Mapped[date]
    last_order_on: Mapped[date]
    order_days: Mapped[int]  # distinct days with an order; returns alone do not count
    median_gap_days: Mapped[OptionalCount]  # none: fewer than three order days
