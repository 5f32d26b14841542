"""terms: floor prices, authority limits, decisions about submissions, exceptions"""

from alembic import op
import sqlalchemy as sa


revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _two_clocks(table: str, *columns: str) -> list[sa.schema.SchemaItem]:
    """What every table of versions has: since when it holds, since when we know it, and the rules between them."""
    return [
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from < valid_to", name=op.f(f"ck_{table}_starts_before_end")
        ),
        sa.CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at",
            name=op.f(f"ck_{table}_known_before_superseded"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        *_whole(table, *columns),
    ]


def _whole(table: str, *columns: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(
            f"typeof({column}) IN ('integer', 'null')", name=op.f(f"ck_{table}_{column}_whole")
        ).ddl_if(dialect="sqlite")
        for column in columns
    ]


def upgrade() -> None:
    op.add_column("terms", sa.Column("is_exception", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "term_decisions",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("term_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("discount_share", sa.BigInteger(), nullable=True),
        sa.Column("margin_rate", sa.BigInteger(), nullable=True),
        sa.Column("contract_value", sa.BigInteger(), nullable=True),
        *_whole("term_decisions", "discount_share", "margin_rate", "contract_value"),
        sa.ForeignKeyConstraint(["term_id"], ["terms.id"], name=op.f("fk_term_decisions_term_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term_decisions")),
    )
    for column in ("term_id", "number", "decided_at"):
        op.create_index(op.f(f"ix_term_decisions_{column}"), "term_decisions", [column])
    op.create_table(
        "floor_prices",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("product_id", BIG, nullable=True),
        sa.Column("category_id", BIG, nullable=True),
        sa.Column("segment_id", BIG, nullable=True),
        sa.Column("scope_key", sa.String(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("list_share", sa.BigInteger(), nullable=True),
        *_two_clocks("floor_prices", "price", "list_share"),
        sa.CheckConstraint(
            "(price IS NULL) <> (list_share IS NULL)", name=op.f("ck_floor_prices_price_or_share")
        ),
        sa.CheckConstraint(
            "product_id IS NULL OR category_id IS NULL", name=op.f("ck_floor_prices_one_product_scope")
        ),
        sa.CheckConstraint(
            "NOT (product_id IS NULL AND category_id IS NULL AND segment_id IS NULL)",
            name=op.f("ck_floor_prices_some_scope"),
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_floor_prices_product_id")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_floor_prices_category_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_floor_prices_segment_id")),
    )
    for column in ("product_id", "category_id", "segment_id", "scope_key", "number"):
        op.create_index(op.f(f"ix_floor_prices_{column}"), "floor_prices", [column])
    op.create_table(
        "authority_limits",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("discount_share", sa.BigInteger(), nullable=True),
        sa.Column("margin_rate", sa.BigInteger(), nullable=True),
        sa.Column("contract_value", sa.BigInteger(), nullable=True),
        *_two_clocks("authority_limits", "discount_share", "margin_rate", "contract_value"),
    )
    op.create_index(op.f("ix_authority_limits_role"), "authority_limits", ["role"])


def downgrade() -> None:
    op.drop_table("authority_limits")
    op.drop_table("floor_prices")
    op.drop_table("term_decisions")
    op.drop_column("terms", "is_exception")
