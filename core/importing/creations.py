"""Accounts and products that an import made: they go with it when nothing else uses them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from core import references
from core.models import Account, AccountStructure, HealthMark, HealthStanding, Product

_AT_ONCE = 500


def remove_unused(session: Session, batch_id: int) -> None:
    """Remove what a batch created, as far as no line, target, price or edit stands on it."""
    accounts, products = _unused(session, Account, batch_id), _unused(session, Product, batch_id)
    _remove(session, Account, accounts)
    if products:
        with _found_by_product(session):
            _remove(session, Product, products)
    session.expire_all()


def _unused(session: Session, model: type[Account | Product], batch_id: int) -> list[int]:
    used = [select(column).where(column.is_not(None)) for column in references.to(model)]
    query = select(model.id).where(
        model.batch_id == batch_id, model.version == 1, *(model.id.not_in(ids) for ids in used)
    )
    return list(session.scalars(query))


def _remove(session: Session, model: type[Account | Product], ids: list[int]) -> None:
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        if model is Account:
            for beside in (AccountStructure, HealthStanding, HealthMark):
                rows = delete(beside).where(beside.account_id.in_(some))
                session.execute(rows.execution_options(synchronize_session=False))
        session.execute(delete(model).where(model.id.in_(some)).execution_options(synchronize_session=False))


@contextmanager
def _found_by_product(session: Session) -> Iterator[None]:
    """Let the store look lines up by product for a moment.

    It makes sure of each removed product that no line refers to it. No question asks for lines by product
    alone, so there is no index that every import would have to keep; without one, each product costs a
    walk through all lines.
    """
    session.execute(text("CREATE INDEX ix_undo_lines ON order_lines (product_id)"))
    session.execute(text("CREATE INDEX ix_undo_replaced ON replaced_lines (product_id)"))
    yield
    session.execute(text("DROP INDEX ix_undo_lines"))
    session.execute(text("DROP INDEX ix_undo_replaced"))
