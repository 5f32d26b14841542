"""What refers to a record: it may go only while nothing does."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from core.models import Account, Base, Product

# Sums and order heads follow the lines; they hold on to nothing by themselves.
_DERIVED = {
    "orders", "revenue_cells", "revenue_account_countries", "revenue_account_days", "revenue_account_months",
    "revenue_account_years", "revenue_pair_years", "revenue_product_days", "revenue_product_months",
    "foreign_sales_months", "foreign_sales_years", "account_rhythms", "account_structures",
    "order_days", "order_booked_days", "order_booked_months", "health_marks", "health_standings",
    "packed_months", "packed_years", "packed_foreign_months", "packed_foreign_years",
}  # fmt: skip


def to(model: type[Account | Product]) -> list[Any]:
    """Every column by which something could refer to a record of this kind."""
    return [
        key.parent
        for table in Base.metadata.sorted_tables
        if table.name not in (model.__tablename__, *_DERIVED)
        for key in table.foreign_keys
        if key.column.table.name == model.__tablename__
    ]


def is_used(session: Session, record: Account | Product) -> bool:
    """Whether anything but sums refers to an account or product."""
    return any(session.scalar(select(exists().where(column == record.id))) for column in to(type(record)))
