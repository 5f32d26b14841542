"""health: what accounts were read as on some days, kept until something of theirs changes"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    kind = sa.Column("kind", sa.String(), nullable=False)
    create("health_marks", [kind], sa.Column("number", sa.Integer(), nullable=False))
    create(
        "health_standings",
        [sa.Column("day", sa.Date(), nullable=False)],
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("measures", sa.String(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("total", sa.String(), nullable=False),
        sa.Column("tenths", sa.Integer(), nullable=True),
        sa.Column("readings", sa.Text(), nullable=False),
        sa.Column("net_amount", sa.BigInteger(), nullable=False),
        sa.Column("before_amount", sa.BigInteger(), nullable=True),
        sa.Column("after_amount", sa.BigInteger(), nullable=True),
    )


def create(name: str, keys: list[sa.Column], *columns: sa.Column) -> None:
    op.create_table(
        name,
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        *keys,
        *columns,
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f(f"fk_{name}_account_id")),
        sa.PrimaryKeyConstraint("account_id", *(key.name for key in keys), name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("health_standings")
    op.drop_table("health_marks")
