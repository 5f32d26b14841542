"""how deliveries turned out, kept with the order lines; the index of undelivered lines answers alone"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FORMERLY = "delivered_on IS NULL AND (promised_on IS NOT NULL OR requested_on IS NOT NULL)"
UNDELIVERED = (
    "delivered_on IS NULL AND "
    "(first_promised_on IS NOT NULL OR promised_on IS NOT NULL OR requested_on IS NOT NULL)"
)
ANSWERS = [
    "account_id", "delivered_on", "first_promised_on", "promised_on", "requested_on", "quantity", "net_amount",
]  # fmt: skip
LAYERS = {
    "delivery_cells": (("account_id", "accounts"), "month", ("product_id", "products")),
    "delivery_account_days": (("account_id", "accounts"), "due_on"),
    "delivery_account_months": (("account_id", "accounts"), "month"),
    "delivery_product_days": (("product_id", "products"), "due_on"),
    "delivery_product_months": (("product_id", "products"), "month"),
}
COUNTS = ("lines", "open_lines", "on_time_lines", "in_full_lines", "otif_lines")
AMOUNTS = ("net_amount", "open_amount", "otif_amount")
# Under the rule that holds until somebody decides otherwise.
LINES = """
    SELECT account_id, product_id, {month} AS month, due_on, 1 AS lines,
        CASE WHEN delivered_on IS NULL THEN 1 ELSE 0 END AS open_lines,
        CASE WHEN delivered_on = due_on THEN 1 ELSE 0 END AS on_time_lines,
        CASE WHEN {full} THEN 1 ELSE 0 END AS in_full_lines,
        CASE WHEN delivered_on = due_on AND {full} THEN 1 ELSE 0 END AS otif_lines,
        net_amount,
        CASE WHEN delivered_on IS NULL THEN net_amount ELSE 0 END AS open_amount,
        CASE WHEN delivered_on = due_on AND {full} THEN net_amount ELSE 0 END AS otif_amount
    FROM (SELECT order_lines.*, coalesce(first_promised_on, promised_on, requested_on) AS due_on FROM order_lines)
        AS line
    WHERE quantity > 0 AND due_on IS NOT NULL
"""
FULL = "delivered_on IS NOT NULL AND (delivered_quantity IS NULL OR delivered_quantity >= quantity)"


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    month = "date(due_on, 'start of month')" if sqlite else "date_trunc('month', due_on)::date"
    lines = LINES.format(month=month, full=FULL)
    for name, keys in LAYERS.items():
        columns = [key if isinstance(key, str) else key[0] for key in keys]
        op.create_table(
            name,
            *(
                sa.Column(key, sa.Date(), nullable=False)
                if isinstance(key, str)
                else sa.Column(key[0], BIG, autoincrement=False, nullable=False)
                for key in keys
            ),
            *(sa.Column(measure, sa.BigInteger(), nullable=False) for measure in (*COUNTS, *AMOUNTS)),
            *(
                sa.ForeignKeyConstraint([key[0]], [f"{key[1]}.id"], name=op.f(f"fk_{name}_{key[0]}"))
                for key in keys
                if not isinstance(key, str)
            ),
            sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{name}")),
            sqlite_with_rowid=False,
        )
        sums = ", ".join(f"sum({measure})" for measure in (*COUNTS, *AMOUNTS))
        given = ", ".join(columns)
        filled = ("INSERT INTO", name, f"({given}, {', '.join((*COUNTS, *AMOUNTS))})")
        counted = (
            "SELECT",
            f"{given}, {sums}",
            "FROM",
            f"({lines}) AS l",
            "GROUP BY",
            given,
            "ORDER BY",
            given,
        )
        op.execute(" ".join((*filled, *counted)))
        if name != "delivery_cells":
            op.create_index(op.f(f"ix_{name}_{columns[-1]}"), name, [columns[-1]])
        empty = sa.text("lines = 0")
        op.create_index(f"ix_{name}_emptied", name, [columns[0]], sqlite_where=empty, postgresql_where=empty)
    op.drop_index("ix_order_lines_undelivered", table_name="order_lines")
    op.create_index(
        "ix_order_lines_undelivered",
        "order_lines",
        ANSWERS,
        sqlite_where=sa.text(UNDELIVERED),
        postgresql_where=sa.text(UNDELIVERED),
    )


def downgrade() -> None:
    op.drop_index("ix_order_lines_undelivered", table_name="order_lines")
    op.create_index(
        "ix_order_lines_undelivered",
        "order_lines",
        ["account_id", "promised_on"],
        sqlite_where=sa.text(FORMERLY),
        postgresql_where=sa.text(FORMERLY),
    )
    for name in LAYERS:
        op.drop_table(name)
