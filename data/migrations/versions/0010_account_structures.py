"""whose an account was, month by month: owner, segment, group, region and tier"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

BEGINNING = "1900-01-01"  # accounts that are there already have always been what they are today


def upgrade() -> None:
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "account_structures",
        sa.Column("account_id", whole, autoincrement=False, nullable=False),
        sa.Column("from_month", sa.Date(), nullable=False),
        sa.Column("until_month", sa.Date(), nullable=True),
        sa.Column("owner_id", whole, nullable=True),
        sa.Column("segment_id", whole, nullable=True),
        sa.Column("group_id", whole, nullable=True),
        sa.Column("region_id", whole, nullable=True),
        sa.Column("tier_id", whole, nullable=True),
        sa.CheckConstraint(
            "until_month IS NULL OR until_month > from_month",
            name=op.f("ck_account_structures_until_after_from"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_structures_account_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_account_structures_owner_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_account_structures_segment_id")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_account_structures_group_id")),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"], name=op.f("fk_account_structures_region_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tiers.id"], name=op.f("fk_account_structures_tier_id")),
        sa.PrimaryKeyConstraint("account_id", "from_month", name=op.f("pk_account_structures")),
    )
    op.create_index(op.f("ix_account_structures_from_month"), "account_structures", ["from_month"])
    columns = "owner_id, segment_id, group_id, region_id, tier_id"
    op.execute(
        f"INSERT INTO account_structures (account_id, from_month, {columns}) "
        f"SELECT id, DATE '{BEGINNING}', {columns} FROM accounts"
        if op.get_bind().dialect.name == "postgresql"
        else f"INSERT INTO account_structures (account_id, from_month, {columns}) "
        f"SELECT id, '{BEGINNING}', {columns} FROM accounts"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_account_structures_from_month"), "account_structures")
    op.drop_table("account_structures")
