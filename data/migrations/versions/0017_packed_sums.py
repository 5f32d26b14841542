"""the sums of account and product packed by month and year; the days of order lines with all that pairs need of them"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SALES = (
    "lines", "quantity", "gross_amount", "net_amount", "returned_lines", "returned_quantity", "returned_amount",
    "covered_lines", "covered_amount", "cost_amount",
)  # fmt: skip
FOREIGN = ("lines", "net_amount", "order_amount")
# Each table with the layer that it packs, the keys after account and time, and the measures.
PACKED = {
    "packed_months": ("revenue_cells", "month", ("product_id",), SALES),
    "packed_years": ("revenue_pair_years", "year", ("product_id",), SALES),
    "packed_foreign_months": ("foreign_sales_months", "month", ("product_id", "currency"), FOREIGN),
    "packed_foreign_years": ("foreign_sales_years", "year", ("product_id", "currency"), FOREIGN),
}
LINES = ["booked_on", "account_id", "product_id", "quantity", "net_amount", "fx_rate", "currency"]


def upgrade() -> None:
    op.drop_index("ix_order_lines_booked_on", "order_lines")
    op.create_index("ix_order_lines_booked", "order_lines", LINES)
    for name, (source, time, keys, measures) in PACKED.items():
        _create(name)
        _fill(name, source, time, keys, measures)
        op.create_index(f"ix_{name}_start", name, ["start"])


def _create(name: str) -> None:
    op.create_table(
        name,
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f(f"fk_{name}_account_id")),
        sa.PrimaryKeyConstraint("account_id", "start", name=op.f(f"pk_{name}")),
    )


def _fill(name: str, source: str, time: str, keys: tuple[str, ...], measures: tuple[str, ...]) -> None:
    """Account by account, so that memory stays small whatever the store holds."""
    connection = op.get_bind()
    target = sa.table(
        name, sa.column("account_id", BIG), sa.column("start", sa.Date()), sa.column("cells", sa.LargeBinary())
    )
    sums = ", ".join(f"CAST(sum({one}) AS BIGINT)" for one in measures)
    key = ", ".join(keys)
    query = sa.text(
        f"SELECT {time}, {key}, {sums} FROM {source} WHERE account_id = :one AND lines <> 0 "
        f"GROUP BY {time}, {key} ORDER BY {time}, {key}"
    ).columns(sa.column(time, sa.Date()))
    accounts = connection.execute(sa.text("SELECT id FROM accounts ORDER BY id")).scalars().all()
    for account_id in accounts:
        rows = connection.execute(query, {"one": account_id})
        packed = [
            {"account_id": account_id, "start": start, "cells": b"".join(_cells(some, len(keys)))}
            for start, some in groupby(rows, key=lambda row: row[0])
        ]
        if packed:
            connection.execute(target.insert(), packed)


def _cells(rows: Any, keys: int) -> Iterator[bytes]:
    numbered = [(row[1], *(_number(row[2]) for _ in range(keys - 1)), *row[keys + 1 :]) for row in rows]
    for row in sorted(numbered):
        cells = array("q", row)
        if sys.byteorder == "big":
            cells.byteswap()
        yield cells.tobytes()


def _number(currency: str) -> int:
    letters = currency.encode()
    if len(letters) > 7:
        letters = blake2b(letters, digest_size=7).digest()
    return int.from_bytes(letters, "big")


def downgrade() -> None:
    for name in PACKED:
        op.drop_table(name)
    op.drop_index("ix_order_lines_booked", "order_lines")
    op.create_index("ix_order_lines_booked_on", "order_lines", ["booked_on"])
