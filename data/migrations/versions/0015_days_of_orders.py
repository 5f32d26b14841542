"""days of orders and of their bookings, so that no order is counted from its lines"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NEVER = "0001-01-01"


def upgrade() -> None:
    create("order_days", "ordered_on", counted="lines")
    op.execute(
        "INSERT INTO order_days (account_id, ordered_on, lines) SELECT account_id, ordered_on, count(*) FROM order_lines "
        "WHERE quantity > 0 GROUP BY account_id, ordered_on ORDER BY account_id, ordered_on"
    )
    create("order_booked_days", "booked_on", "previous_on", counted="orders")
    op.execute(
        "INSERT INTO order_booked_days (account_id, booked_on, previous_on, orders) "
        f"{chained('booked_on')} GROUP BY account_id, booked_on, previous_on ORDER BY account_id, booked_on, previous_on"
    )
    op.create_index(op.f("ix_order_booked_days_booked_on"), "order_booked_days", ["booked_on"])
    create("order_booked_months", "month", "previous_on", counted="orders")
    op.execute(
        "INSERT INTO order_booked_months (account_id, month, previous_on, orders) "
        f"{chained('month')} WHERE previous_on < month "
        "GROUP BY account_id, month, previous_on ORDER BY account_id, month, previous_on"
    )


def create(name: str, *days: str, counted: str) -> None:
    op.create_table(
        name,
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        *(sa.Column(day, sa.Date(), nullable=False) for day in days),
        sa.Column(counted, sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f(f"fk_{name}_account_id")),
        sa.PrimaryKeyConstraint("account_id", *days, name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )


def chained(day: str) -> str:
    """Every booking of an order with the day of the one before it."""
    never = f"'{NEVER}'" if op.get_bind().dialect.name == "sqlite" else f"DATE '{NEVER}'"
    return (
        f"SELECT account_id, {day}, previous_on, count(*) FROM ("
        "SELECT account_id, booked_on, month, coalesce(lag(booked_on) OVER "
        f"(PARTITION BY account_id, order_no ORDER BY booked_on), {never}) AS previous_on FROM ("
        "SELECT account_id, order_no, booked_on, booked_month AS month FROM order_lines WHERE quantity > 0 "
        "GROUP BY account_id, order_no, booked_on, booked_month) AS bookings) AS chained"
    )


def downgrade() -> None:
    for name in ("order_booked_months", "order_booked_days", "order_days"):
        op.drop_table(name)
