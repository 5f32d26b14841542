"""after the invoice: volume tiers, payment and freight terms, units of terms, lump sums"""

from alembic import op
import sqlalchemy as sa


revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("terms") as batch:
        batch.add_column(sa.Column("basis", sa.String(length=32), nullable=False, server_default="line"))
        batch.add_column(sa.Column("period", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("mode", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("unit_id", BIG, nullable=True))
        batch.add_column(sa.Column("days", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_terms_unit_id"), "units", ["unit_id"], ["id"])
        batch.create_check_constraint(op.f("ck_terms_period_of_volume"), "(period IS NULL) = (basis = 'line')")
        batch.create_check_constraint(op.f("ck_terms_days_not_negative"), "days IS NULL OR days >= 0")
    with op.batch_alter_table("terms") as batch:
        batch.alter_column("basis", existing_type=sa.String(length=32), server_default=None)
    op.create_table(
        "lump_sums",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_lump_sums_starts_before_end")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_lump_sums_amount_positive")),
        sa.CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at", name=op.f("ck_lump_sums_known_before_superseded")
        ),
        sa.CheckConstraint(
            "typeof(amount) IN ('integer', 'null')", name=op.f("ck_lump_sums_amount_whole")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_lump_sums_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lump_sums")),
    )
    op.create_index(op.f("ix_lump_sums_number"), "lump_sums", ["number"])
    op.create_index(op.f("ix_lump_sums_account_id_number"), "lump_sums", ["account_id", "number"])
    op.create_table(
        "lump_sum_entries",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(step = 'settled') = (amount IS NOT NULL)", name=op.f("ck_lump_sum_entries_amount_when_settled")
        ),
        sa.CheckConstraint(
            "typeof(amount) IN ('integer', 'null')", name=op.f("ck_lump_sum_entries_amount_whole")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_lump_sum_entries_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lump_sum_entries")),
    )
    op.create_index(op.f("ix_lump_sum_entries_account_id_number"), "lump_sum_entries", ["account_id", "number"])


def downgrade() -> None:
    op.drop_table("lump_sum_entries")
    op.drop_table("lump_sums")
    with op.batch_alter_table("terms") as batch:
        batch.drop_constraint(op.f("ck_terms_days_not_negative"), type_="check")
        batch.drop_constraint(op.f("ck_terms_period_of_volume"), type_="check")
        batch.drop_constraint(op.f("fk_terms_unit_id"), type_="foreignkey")
        for name in ("days", "unit_id", "mode", "period", "basis"):
            batch.drop_column(name)
