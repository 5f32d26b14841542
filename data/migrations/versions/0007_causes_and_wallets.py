"""why revenue moved, and what accounts spend with anybody"""

from alembic import op
import sqlalchemy as sa


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def whole_numbers(table: str, *columns: str) -> list[sa.CheckConstraint]:
    """SQLite accepts any type in any column; these checks keep floats out of the scaled ones."""
    return [
        sa.CheckConstraint(
            f"typeof({column}) IN ('integer', 'null')", name=op.f(f"ck_{table}_{column}_whole")
        ).ddl_if(dialect="sqlite")
        for column in columns
    ]


def upgrade() -> None:
    op.create_table(
        "causes",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("product_id", BIG, nullable=True),
        sa.Column("category_id", BIG, nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts_on < ends_on", name=op.f("ck_causes_starts_before_end")),
        sa.CheckConstraint("product_id IS NULL OR category_id IS NULL", name=op.f("ck_causes_one_scope")),
        *whole_numbers("causes", "amount"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_causes_account_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_causes_product_id")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_causes_category_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_causes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_causes")),
    )
    op.create_index(op.f("ix_causes_account_id_starts_on"), "causes", ["account_id", "starts_on"])
    op.create_table(
        "wallets",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("category_id", BIG, nullable=True),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("driver", sa.String(), nullable=False),
        sa.Column("driver_count", sa.BigInteger(), nullable=True),
        sa.Column("unit_amount", sa.BigInteger(), nullable=True),
        sa.Column("low_amount", sa.BigInteger(), nullable=True),
        sa.Column("high_amount", sa.BigInteger(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("suppliers", sa.Integer(), nullable=True),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "rank IS NULL OR (rank >= 1 AND rank <= suppliers)", name=op.f("ck_wallets_rank_among_suppliers")
        ),
        *whole_numbers("wallets", "amount", "driver_count", "unit_amount", "low_amount", "high_amount"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_wallets_account_id")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_wallets_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallets")),
    )
    op.create_index(
        op.f("ix_wallets_account_id_superseded_at"), "wallets", ["account_id", "superseded_at"]
    )


def downgrade() -> None:
    op.drop_table("wallets")
    op.drop_table("causes")
