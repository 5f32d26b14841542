"""What all tables share: column kinds that carry their unit, and names for constraints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, Enum, Integer, MetaData, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from core.money import MONEY_SCALE, QUANTITY_SCALE, RATE_SCALE, scaled

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class _Scaled(TypeDecorator[Decimal]):
    """A Decimal kept as a whole number of small units; a float is refused, digits are never lost."""

    impl = BigInteger
    cache_ok = True
    scale = 1

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError(f"{type(self).__name__} takes Decimal, not float")
        whole = scaled(Decimal(value), self.scale)
        if Decimal(whole) != Decimal(value) * self.scale:
            raise ValueError(f"{value} has more digits than {type(self).__name__} keeps")
        return whole

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Decimal | None]:
        # In place of process_result_value: a page reads tens of thousands of amounts.
        scale = Decimal(self.scale)

        def read(value: Any) -> Decimal | None:
            # PostgreSQL sums BIGINT to NUMERIC, SQLite to INTEGER: both become exact here.
            return None if value is None else Decimal(value) / scale

        return read


class Money(_Scaled):
    """Ten-thousandths of the currency unit."""

    cache_ok = True
    scale = MONEY_SCALE


class Quantity(_Scaled):
    """Thousandths of the base unit."""

    cache_ok = True
    scale = QUANTITY_SCALE


class Rate(_Scaled):
    """Millionths: discount rates, exchange rates."""

    cache_ok = True
    scale = RATE_SCALE


class UtcDateTime(TypeDecorator[datetime]):
    """A moment; SQLite forgets the zone, so it is stored in UTC and given its zone back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {
        str: String(),
        date: Date(),
        datetime: UtcDateTime(),
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=False,
            length=32,
            values_callable=lambda members: [member.value for member in members],
        ),
    }


Id = Annotated[
    int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
]
Ref = BigInteger().with_variant(Integer, "sqlite")
LongText = Annotated[str, mapped_column(Text)]
Amount = Annotated[Decimal, mapped_column(Money)]
OptionalAmount = Annotated[Decimal | None, mapped_column(Money)]
Count = Annotated[Decimal, mapped_column(Quantity)]
OptionalCount = Annotated[Decimal | None, mapped_column(Quantity)]
Share = Annotated[Decimal, mapped_column(Rate)]
OptionalShare = Annotated[Decimal | None, mapped_column(Rate)]


def whole_numbers(*columns: str) -> list[CheckConstraint]:
    """SQLite accepts any type in any column; these checks keep floats out of the scaled ones."""
    return [
        CheckConstraint(f"typeof({column}) IN ('integer', 'null')", name=f"{column}_whole").ddl_if(
            dialect="sqlite"
        )
        for column in columns
    ]
