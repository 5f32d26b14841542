"""terms: what customers were granted, as versions with two clocks"""

from alembic import op
import sqlalchemy as sa


revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "terms",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("group_id", BIG, nullable=True),
        sa.Column("segment_id", BIG, nullable=True),
        sa.Column("product_id", BIG, nullable=True),
        sa.Column("category_id", BIG, nullable=True),
        sa.Column("scope_key", sa.String(), nullable=False),
        sa.Column("min_quantity", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("rate", sa.BigInteger(), nullable=True),
        sa.Column("governed_by", sa.String(length=32), nullable=False),
        sa.Column("stacks", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_id", BIG, nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name=op.f("ck_terms_starts_before_end")),
        sa.CheckConstraint("superseded_at IS NULL OR recorded_at <= superseded_at", name=op.f("ck_terms_known_before_superseded")),
        sa.CheckConstraint("(price IS NULL) <> (rate IS NULL)", name=op.f("ck_terms_price_or_rate")),
        sa.CheckConstraint("product_id IS NULL OR category_id IS NULL", name=op.f("ck_terms_one_product_scope")),
        sa.CheckConstraint(
            "(CASE WHEN account_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN group_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN segment_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_terms_one_customer_scope"),
        ),
        *(
            sa.CheckConstraint(
                f"typeof({column}) IN ('integer', 'null')", name=op.f(f"ck_terms_{column}_whole")
            ).ddl_if(dialect="sqlite")
            for column in ("min_quantity", "price", "rate")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_terms_account_id")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_terms_group_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_terms_segment_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_terms_product_id")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_terms_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
    )
    op.create_index(op.f("ix_terms_account_id"), "terms", ["account_id"])
    op.create_index(op.f("ix_terms_group_id"), "terms", ["group_id"])
    op.create_index(op.f("ix_terms_segment_id"), "terms", ["segment_id"])
    op.create_index(op.f("ix_terms_product_id"), "terms", ["product_id"])
    op.create_index(op.f("ix_terms_category_id"), "terms", ["category_id"])
    op.create_index(op.f("ix_terms_number"), "terms", ["number"])
    op.create_index(op.f("ix_terms_batch_id"), "terms", ["batch_id"])
    op.create_index(
        op.f("ix_terms_scope_key_kind_min_quantity"), "terms", ["scope_key", "kind", "min_quantity"]
    )


def downgrade() -> None:
    op.drop_table("terms")
