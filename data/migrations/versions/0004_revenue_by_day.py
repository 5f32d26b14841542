"""revenue by account and by product of each day, for months that a period cuts"""

from alembic import op
import sqlalchemy as sa


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUMS = {
    "lines": "count(*)",
    "quantity": "sum(quantity)",
    "gross_amount": "sum(gross_amount)",
    "net_amount": "sum(net_amount)",
    "returned_lines": "sum(CASE WHEN quantity < 0 THEN 1 ELSE 0 END)",
    "returned_amount": "sum(CASE WHEN quantity < 0 THEN net_amount ELSE 0 END)",
    "covered_lines": "sum(CASE WHEN cost_amount IS NOT NULL THEN 1 ELSE 0 END)",
    "covered_amount": "sum(CASE WHEN cost_amount IS NOT NULL THEN net_amount ELSE 0 END)",
    "cost_amount": "coalesce(sum(cost_amount), 0)",
}
LAYERS = {
    "revenue_account_days": ("account_id", "accounts"),
    "revenue_product_days": ("product_id", "products"),
}


def upgrade() -> None:
    for name, (key, parent) in LAYERS.items():
        op.create_table(
            name,
            sa.Column(key, BIG, autoincrement=False, nullable=False),
            sa.Column("month", sa.Date(), nullable=False),
            sa.Column("booked_on", sa.Date(), nullable=False),
            *(sa.Column(measure, sa.BigInteger(), nullable=False) for measure in SUMS),
            sa.ForeignKeyConstraint([key], [f"{parent}.id"], name=op.f(f"fk_{name}_{key}")),
            sa.PrimaryKeyConstraint(key, "month", "booked_on", name=op.f(f"pk_{name}")),
            sqlite_with_rowid=False,
        )
        op.execute(
            f"INSERT INTO {name} ({key}, month, booked_on, {', '.join(SUMS)}) "
            f"SELECT {key}, booked_month, booked_on, {', '.join(SUMS.values())} FROM order_lines "
            f"GROUP BY {key}, booked_month, booked_on ORDER BY {key}, booked_month, booked_on"
        )
        op.create_index(op.f(f"ix_{name}_booked_on"), name, ["booked_on"])


def downgrade() -> None:
    for name in LAYERS:
        op.drop_table(name)
