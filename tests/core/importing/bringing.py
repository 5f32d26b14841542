"""Bringing a small file in, as the page and the command line do."""

from __future__ import annotations

import io
from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import func, select

from core import db, importing, rollups
from core.auth import OPERATOR, Actor
from core.importing import Check, Options, Outcome
from core.models import Base, OrderLine, TotalMonth
from core.vocabulary import BatchKind


def bring(
    kind: str,
    text: str | bytes,
    *,
    actor: Actor = OPERATOR,
    columns: Mapping[str, str] | None = None,
    **options,
) -> Outcome:
    """Apply a file; columns are matched by the fields' own names unless said otherwise."""
    data = text.encode() if isinstance(text, str) else text
    upload = importing.receive(io.BytesIO(data), "file.csv")
    try:
        mapped = importing.explicit(BatchKind(kind), upload, columns or {})
        return importing.apply(actor, BatchKind(kind), upload, Options(columns=mapped, **options))
    finally:
        importing.discard(upload)


def orders(text: str, **options) -> Outcome:
    return bring("orders", text, create_missing=True, **options)


def dry(kind: str, text: str, *, actor: Actor = OPERATOR, **options) -> Check:
    upload = importing.receive(io.BytesIO(text.encode()), "file.csv")
    try:
        mapped = importing.explicit(BatchKind(kind), upload, {})
        with db.read() as session:
            return importing.check(
                session, actor, BatchKind(kind), upload, Options(columns=mapped, **options)
            )
    finally:
        importing.discard(upload)


def undo(batch_id: int | None, actor: Actor = OPERATOR) -> None:
    assert batch_id is not None
    with db.write() as session:
        importing.undo(session, actor, batch_id)


def counts(check: Check) -> tuple[int, int, int, int, int]:
    """Read, accepted, changed among them, unchanged, rejected."""
    return check.read, check.accepted, check.changed, check.unchanged, check.rejected


def reasons(check: Check) -> dict[str, int]:
    return {one.reason: one.rows for one in check.reasons}


def net() -> Decimal:
    """The net amount of all lines, which the sums must agree with."""
    with db.read() as session:
        assert rollups.differences(session) == []
        lines = session.scalar(select(func.sum(OrderLine.net_amount))) or Decimal(0)
        assert lines == (session.scalar(select(func.sum(TotalMonth.net_amount))) or Decimal(0))
    return lines


def everything() -> dict[str, list[tuple]]:
    """Every row of what KPIs are read from, for comparing before and after."""
    names = (
        "accounts", "products", "orders", "order_lines", "revenue_cells", "revenue_account_months",
        "revenue_account_days", "revenue_account_countries", "revenue_account_years", "revenue_product_months",
        "revenue_months", "account_rhythms", "delivery_cells", "delivery_account_days", "delivery_account_months",
        "delivery_product_days", "delivery_product_months", "revenue_pair_years", "foreign_sales_months",
        "foreign_sales_years", "order_days", "order_booked_days", "order_booked_months",
    )  # fmt: skip
    with db.read() as session:
        return {
            name: sorted(map(_without_version(name), session.execute(select(Base.metadata.tables[name]))))
            for name in names
        }


def _without_version(name):
    columns = [column.name for column in Base.metadata.tables[name].columns]
    left_out = {place for place, column in enumerate(columns) if column in ("version", "created_at")}
    return lambda row: tuple(str(cell) for place, cell in enumerate(row) if place not in left_out)
