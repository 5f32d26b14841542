"""price rounds: increases announced to accounts, and what each answered"""

from alembic import op
import sqlalchemy as sa


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "price_rounds",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("announced_on", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=True),
        sa.Column("category_id", BIG, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "announced_on <= effective_on", name=op.f("ck_price_rounds_announced_before_effective")
        ),
        sa.CheckConstraint(
            "typeof(rate) IN ('integer', 'null')", name=op.f("ck_price_rounds_rate_whole")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_price_rounds_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_rounds")),
    )
    op.create_table(
        "price_round_prices",
        sa.Column("round_id", BIG, nullable=False),
        sa.Column("product_id", BIG, nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "typeof(price) IN ('integer', 'null')", name=op.f("ck_price_round_prices_price_whole")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(["round_id"], ["price_rounds.id"], name=op.f("fk_price_round_prices_round_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_price_round_prices_product_id")),
        sa.PrimaryKeyConstraint("round_id", "product_id", name=op.f("pk_price_round_prices")),
    )
    op.create_table(
        "price_round_accounts",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("round_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("answer", sa.String(length=32), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(rate IS NOT NULL) = (answer = 'negotiated')",
            name=op.f("ck_price_round_accounts_rate_when_negotiated"),
        ),
        sa.CheckConstraint(
            "typeof(rate) IN ('integer', 'null')", name=op.f("ck_price_round_accounts_rate_whole")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(["round_id"], ["price_rounds.id"], name=op.f("fk_price_round_accounts_round_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_price_round_accounts_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_round_accounts")),
        sa.UniqueConstraint("account_id", "round_id", name=op.f("uq_price_round_accounts_account_id_round_id")),
    )
    op.create_index(op.f("ix_price_round_accounts_round_id"), "price_round_accounts", ["round_id"])


def downgrade() -> None:
    op.drop_table("price_round_accounts")
    op.drop_table("price_round_prices")
    op.drop_table("price_rounds")
