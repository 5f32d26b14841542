"""Orders and their lines: the large tables, keyed so that they can be sharded by account."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import (
    Amount,
    Base,
    Count,
    OptionalAmount,
    OptionalCount,
    Rate,
    Ref,
    whole_numbers,
)

_WHOLE = (
    "quantity",
    "delivered_quantity",
    "fx_rate",
    "list_price",
    "net_price",
    "unit_cost",
    "gross_amount",
    "net_amount",
    "cost_amount",
)

# Lines with a day to be delivered by that nobody delivered yet: few, and asked for on every page.
_UNDELIVERED = (
    "delivered_on IS NULL AND "
    "(first_promised_on IS NOT NULL OR promised_on IS NOT NULL OR requested_on IS NOT NULL)"
)


class Order(Base):
    """One order number under one account.

    An order is known by its number throughout the company; where some of its lines belong to another
    account (or to none), each account has a row.
    """

    __tablename__ = "orders"
    __table_args__ = (Index(None, "order_no"), Index(None, "ordered_on"), {"sqlite_with_rowid": False})

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    order_no: Mapped[str] = mapped_column(primary_key=True)
    ordered_on: Mapped[date]  # the earliest of its lines
    line_count: Mapped[int]
    net_amount: Mapped[Amount]  # base currency
    batch_id: Mapped[int | None] = mapped_column(Ref, index=True)
    version: Mapped[int] = mapped_column(default=1)


class _Line:
    """The columns that a line in force and a replaced line have in common."""

    product_id: Mapped[int] = mapped_column(Ref, ForeignKey("products.id"))
    batch_id: Mapped[int | None] = mapped_column(Ref)  # the import that brought it; none: entered by hand
    ordered_on: Mapped[date]
    invoiced_on: Mapped[date | None]
    booked_on: Mapped[date]  # the day revenue belongs to: invoiced_on, or ordered_on without it
    booked_month: Mapped[date]  # first day of booked_on's month
    requested_on: Mapped[date | None]
    promised_on: Mapped[date | None]  # the last promise
    first_promised_on: Mapped[date | None]  # the first one: a later promise does not make a delivery on time
    delivered_on: Mapped[date | None]
    quantity: Mapped[Count]  # below zero: a return
    delivered_quantity: Mapped[OptionalCount]
    unit: Mapped[str | None]  # as the order says; none: the product's base unit
    country: Mapped[str] = mapped_column(default="")  # empty: the account's country counts
    currency: Mapped[str]
    fx_rate: Mapped[Decimal] = mapped_column(Rate)  # base currency per one unit of `currency`
    list_price: Mapped[Amount]  # per unit, order currency
    net_price: Mapped[Amount]  # per unit, order currency
    unit_cost: Mapped[OptionalAmount]  # per unit, order currency
    gross_amount: Mapped[Amount]  # at list price, base currency
    net_amount: Mapped[Amount]  # base currency
    cost_amount: Mapped[OptionalAmount]  # base currency; none: cost unknown


class OrderLine(_Line, Base):
    __tablename__ = "order_lines"
    __table_args__ = (
        *whole_numbers(*_WHOLE),
        Index(
            # With all that pairs of account and product need of the days of a month that a period cuts.
            "ix_order_lines_booked",
            "booked_on",
            "account_id",
            "product_id",
            "quantity",
            "net_amount",
            "fx_rate",
            "currency",
        ),
        Index(None, "order_no"),
        Index(None, "batch_id"),
        Index(
            # With all that a sum of them needs, so that it never reads the lines themselves.
            "ix_order_lines_undelivered",
            "account_id",
            "delivered_on",
            "first_promised_on",
            "promised_on",
            "requested_on",
            "quantity",
            "net_amount",
            sqlite_where=text(_UNDELIVERED),
            postgresql_where=text(_UNDELIVERED),
        ),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    order_no: Mapped[str] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class ReplacedLine(_Line, Base):
    """A line that an import changed or removed, kept so that the import can be undone."""

    __tablename__ = "replaced_lines"
    __table_args__ = (
        *whole_numbers(*_WHOLE),
        Index(None, "replaced_by"),
        Index(None, "batch_id"),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    replaced_by: Mapped[int] = mapped_column(Ref, primary_key=True, autoincrement=False)  # the batch
    order_no: Mapped[str] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
