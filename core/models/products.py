"""Products, how they are packed, and what they listed for and cost over time."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Amount, Base, Count, Id, Ref, whole_numbers


class Category(Base):
    __tablename__ = "categories"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)


class Unit(Base):
    """A base unit: piece, carton, kg."""

    __tablename__ = "units"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)


class Product(Base):
    __tablename__ = "products"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(index=True)
    category_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("categories.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("units.id"))
    created_at: Mapped[datetime]
    batch_id: Mapped[int | None] = mapped_column(Ref)  # the import that created it
    version: Mapped[int] = mapped_column(default=1)

    category: Mapped[Category | None] = relationship()
    unit: Mapped[Unit | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class PackSize(Base):
    """How many base units one pack holds: a carton of 24."""

    __tablename__ = "pack_sizes"
    __table_args__ = (
        CheckConstraint("base_units > 0", name="base_units_positive"),
        *whole_numbers("base_units"),
    )

    product_id: Mapped[int] = mapped_column(Ref, ForeignKey("products.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(Ref, ForeignKey("units.id"), primary_key=True)
    base_units: Mapped[Count]

    unit: Mapped[Unit] = relationship()


class ListPrice(Base):
    """The published price of one base unit in the base currency, from `valid_from` to before `valid_to`."""

    __tablename__ = "list_prices"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="starts_before_end"),
        *whole_numbers("price"),
    )

    product_id: Mapped[int] = mapped_column(Ref, ForeignKey("products.id"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    superseded_at: Mapped[datetime | None]
    valid_to: Mapped[date | None]  # exclusive
    price: Mapped[Amount]
    batch_id: Mapped[int | None] = mapped_column(Ref)


class UnitCost(Base):
    """What one base unit cost us, in the base currency; seen only with `cost:read`."""

    __tablename__ = "unit_costs"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="starts_before_end"),
        *whole_numbers("cost"),
    )

    product_id: Mapped[int] = mapped_column(Ref, ForeignKey("products.id"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    superseded_at: Mapped[datetime | None]
    valid_to: Mapped[date | None]  # exclusive
    cost: Mapped[Amount]
    batch_id: Mapped[int | None] = mapped_column(Ref)
