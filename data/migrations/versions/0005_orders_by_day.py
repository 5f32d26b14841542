"""orders by the day they were ordered on, for a list across accounts"""

from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_orders_ordered_on"), "orders", ["ordered_on"])


def downgrade() -> None:
    op.drop_index(op.f("ix_orders_ordered_on"), "orders")
