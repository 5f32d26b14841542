"""Accounts and products that an import made: they go with it when nothing else uses them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, delete, exists, select
from sqlalchemy.orm import Session

from core.models import Account, Base, Product

# Sums and order heads follow the lines; they hold on to nothing by themselves.
_DERIVED = {
    "orders", "revenue_cells", "revenue_account_months", "revenue_account_years", "revenue_product_months",
    "account_rhythms",
}  # fmt: skip


def remove_unused(session: Session, batch_id: int) -> None:
    """Remove what a batch created, as far as no line, target, price or edit stands on it."""
    for model in (Account, Product):
        used = [
            exists().where(column == model.id)
            for table, column in _referring(model.__table__)
            if table.name not in _DERIVED
        ]
        unused = (model.batch_id == batch_id, model.version == 1, *(~one for one in used))
        session.execute(delete(model).where(*unused).execution_options(synchronize_session=False))
    session.expire_all()


def _referring(target: Any) -> list[tuple[Table, Any]]:
    """Every column of every table that refers to this one."""
    return [
        (table, key.parent)
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table is target and table is not target
    ]


def is_used(session: Session, record: Account | Product) -> bool:
    """Whether anything but sums refers to an account or product."""
    return any(
        session.scalar(select(exists().where(column == record.id)))
        for table, column in _referring(type(record).__table__)
        if table.name not in _DERIVED
    )
