"""loyalty: programmes, members, ledger, lots, tiers, requests, standings"""

from alembic import op
import sqlalchemy as sa


revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "loyalty_programmes",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status IN ('live', 'closed')) = (valid_from IS NOT NULL)",
            name=op.f("ck_loyalty_programmes_days_when_live"),
        ),
        sa.CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at",
            name=op.f("ck_loyalty_programmes_known_before_superseded"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from < valid_to", name=op.f("ck_loyalty_programmes_starts_before_end")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_programmes")),
    )
    op.create_index(op.f("ix_loyalty_programmes_number"), "loyalty_programmes", ["number"])
    op.create_table(
        "loyalty_members",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("group_id", BIG, nullable=True),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("accrued_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(account_id IS NULL) <> (group_id IS NULL)", name=op.f("ck_loyalty_members_account_or_group")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_loyalty_members_account_id")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_loyalty_members_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_members")),
        sa.UniqueConstraint("account_id", name=op.f("uq_loyalty_members_account_id")),
        sa.UniqueConstraint("group_id", name=op.f("uq_loyalty_members_group_id")),
    )
    op.create_table(
        "loyalty_enrolments",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("programme_number", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at",
            name=op.f("ck_loyalty_enrolments_known_before_superseded"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from < valid_to", name=op.f("ck_loyalty_enrolments_starts_before_end")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_loyalty_enrolments_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_enrolments_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_enrolments")),
    )
    op.create_index(op.f("ix_loyalty_enrolments_account_id"), "loyalty_enrolments", ["account_id"])
    op.create_index(op.f("ix_loyalty_enrolments_member_id"), "loyalty_enrolments", ["member_id"])
    op.create_table(
        "loyalty_entries",
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        sa.Column("member_id", BIG, autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("qualifying", sa.BigInteger(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("active_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reverses", sa.String(), nullable=True),
        sa.Column("generated", sa.Boolean(), nullable=False),
        sa.Column("spec_id", BIG, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cost_amount", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("batch_id", BIG, nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "typeof(cost_amount) IN ('integer', 'null')", name=op.f("ck_loyalty_entries_cost_amount_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(points) IN ('integer', 'null')", name=op.f("ck_loyalty_entries_points_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(qualifying) IN ('integer', 'null')", name=op.f("ck_loyalty_entries_qualifying_whole")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_loyalty_entries_account_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_entries_member_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "member_id", "seq", name=op.f("pk_loyalty_entries")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_loyalty_entries_batch_id"), "loyalty_entries", ["batch_id"])
    op.create_index(op.f("ix_loyalty_entries_key"), "loyalty_entries", ["key"])
    op.create_index(
        op.f("ix_loyalty_entries_member_id_posted_on"), "loyalty_entries", ["member_id", "posted_on"]
    )
    op.create_index(
        "uq_loyalty_entries_in_force",
        "loyalty_entries",
        ["account_id", "key"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "loyalty_grants",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("loyalty_tier", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_loyalty_grants_starts_before_end")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_grants_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_grants")),
    )
    op.create_index(op.f("ix_loyalty_grants_member_id"), "loyalty_grants", ["member_id"])
    op.create_table(
        "loyalty_lots",
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        sa.Column("member_id", BIG, autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("earned_on", sa.Date(), nullable=False),
        sa.Column("active_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("redeemed", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "typeof(expired) IN ('integer', 'null')", name=op.f("ck_loyalty_lots_expired_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(points) IN ('integer', 'null')", name=op.f("ck_loyalty_lots_points_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(redeemed) IN ('integer', 'null')", name=op.f("ck_loyalty_lots_redeemed_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(taken) IN ('integer', 'null')", name=op.f("ck_loyalty_lots_taken_whole")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_loyalty_lots_account_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_lots_member_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "member_id", "source", name=op.f("pk_loyalty_lots")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_loyalty_lots_member_id_expires_on"), "loyalty_lots", ["member_id", "expires_on"])
    op.create_table(
        "loyalty_requests",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("qualifying", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "typeof(points) IN ('integer', 'null')", name=op.f("ck_loyalty_requests_points_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(qualifying) IN ('integer', 'null')", name=op.f("ck_loyalty_requests_qualifying_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_at IS NULL)", name=op.f("ck_loyalty_requests_decided_with_outcome")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_loyalty_requests_account_id")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_requests_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_requests")),
    )
    op.create_index(op.f("ix_loyalty_requests_account_id"), "loyalty_requests", ["account_id"])
    op.create_table(
        "loyalty_standings",
        sa.Column("member_id", BIG, autoincrement=False, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("programme_number", BIG, nullable=True),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("redeemed", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("owed", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.Column("qualifying", sa.BigInteger(), nullable=False),
        sa.Column("loyalty_tier", sa.String(), nullable=True),
        sa.Column("tier_source", sa.String(length=32), nullable=True),
        sa.Column("tier_since", sa.Date(), nullable=True),
        sa.Column("tier_until", sa.Date(), nullable=True),
        sa.Column("next_tier", sa.String(), nullable=True),
        sa.Column("to_next", sa.BigInteger(), nullable=True),
        sa.Column("to_stay", sa.BigInteger(), nullable=True),
        sa.Column("projected_tier", sa.String(), nullable=True),
        sa.Column("projected", sa.BigInteger(), nullable=True),
        sa.Column("window_ends_on", sa.Date(), nullable=True),
        sa.Column("expiring_30", sa.BigInteger(), nullable=False),
        sa.Column("expiring_60", sa.BigInteger(), nullable=False),
        sa.Column("expiring_90", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "typeof(active) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_active_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(expired) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_expired_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(expiring_30) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_expiring_30_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(expiring_60) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_expiring_60_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(expiring_90) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_expiring_90_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(issued) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_issued_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(owed) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_owed_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(pending) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_pending_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(projected) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_projected_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(qualifying) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_qualifying_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(redeemed) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_redeemed_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(taken) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_taken_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(to_next) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_to_next_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(to_stay) IN ('integer', 'null')", name=op.f("ck_loyalty_standings_to_stay_whole")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_standings_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_loyalty_standings")),
    )
    op.create_table(
        "loyalty_tier_spans",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("member_id", BIG, nullable=False),
        sa.Column("programme_number", BIG, nullable=False),
        sa.Column("loyalty_tier", sa.String(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("discount_rate", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "typeof(discount_rate) IN ('integer', 'null')",
            name=op.f("ck_loyalty_tier_spans_discount_rate_whole"),
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from < valid_to", name=op.f("ck_loyalty_tier_spans_starts_before_end")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_tier_spans_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_tier_spans")),
    )
    op.create_index(
        op.f("ix_loyalty_tier_spans_member_id_valid_from"), "loyalty_tier_spans", ["member_id", "valid_from"]
    )


def downgrade() -> None:
    op.drop_table("loyalty_tier_spans")
    op.drop_table("loyalty_standings")
    op.drop_table("loyalty_requests")
    op.drop_table("loyalty_lots")
    op.drop_table("loyalty_grants")
    op.drop_table("loyalty_entries")
    op.drop_table("loyalty_enrolments")
    op.drop_table("loyalty_members")
    op.drop_table("loyalty_programmes")
