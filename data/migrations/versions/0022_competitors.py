"""competitors: presence, claims with attachments, objections, contests, notes, full-text search"""

from alembic import op
import sqlalchemy as sa


revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The words of search_texts: FTS5 over that table, which triggers keep in step, or an index over its words.
FTS5 = (
    "CREATE VIRTUAL TABLE search_words USING fts5(body, content='search_texts', content_rowid='id',"
    " tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
    "CREATE TRIGGER search_texts_added AFTER INSERT ON search_texts BEGIN"
    " INSERT INTO search_words(rowid, body) VALUES (new.id, new.body); END",
    "CREATE TRIGGER search_texts_removed AFTER DELETE ON search_texts BEGIN"
    " INSERT INTO search_words(search_words, rowid, body) VALUES ('delete', old.id, old.body); END",
    "CREATE TRIGGER search_texts_changed AFTER UPDATE ON search_texts BEGIN"
    " INSERT INTO search_words(search_words, rowid, body) VALUES ('delete', old.id, old.body);"
    " INSERT INTO search_words(rowid, body) VALUES (new.id, new.body); END",
)
TSVECTOR = ("CREATE INDEX ix_search_texts_words ON search_texts USING gin (to_tsvector('simple', body))",)


def upgrade() -> None:
    op.create_table(
        "claim_attachments",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_attachments")),
    )
    op.create_index(op.f("ix_claim_attachments_number"), "claim_attachments", ["number"])
    op.create_table(
        "competitors",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("goals", sa.Text(), nullable=False),
        sa.Column("home_region", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competitors")),
        sa.UniqueConstraint("name_key", name=op.f("uq_competitors_name_key")),
    )
    op.create_table(
        "search_texts",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("entity_id", BIG, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_texts")),
    )
    op.create_index(
        op.f("ix_search_texts_entity_entity_id"), "search_texts", ["entity", "entity_id"], unique=True
    )
    op.create_table(
        "competitor_segments",
        sa.Column("competitor_id", BIG, nullable=False),
        sa.Column("segment_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["competitor_id"], ["competitors.id"], name=op.f("fk_competitor_segments_competitor_id")
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_competitor_segments_segment_id")
        ),
        sa.PrimaryKeyConstraint("competitor_id", "segment_id", name=op.f("pk_competitor_segments")),
    )
    op.create_table(
        "account_notes",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("noted_on", sa.Date(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_notes_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_notes")),
    )
    op.create_index(op.f("ix_account_notes_account_id"), "account_notes", ["account_id"])
    op.create_table(
        "competitor_claims",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("competitor_id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("product_id", BIG, nullable=True),
        sa.Column("category_id", BIG, nullable=True),
        sa.Column(
            "topic",
            sa.Enum(
                "price",
                "terms",
                "product",
                "people",
                "logistics",
                "finance",
                "legal",
                "goal",
                name="claimtopic",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "swot",
            sa.Enum(
                "strength", "weakness", "opportunity", "threat", name="swot", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", BIG, nullable=True),
        sa.Column("price_gap", sa.BigInteger(), nullable=True),
        sa.Column("observed_on", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "source_kind",
            sa.Enum(
                "buyer",
                "user",
                "own_staff",
                "distributor",
                "market",
                "press",
                "event",
                "other",
                "competitor",
                name="sourcekind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column(
            "reliability",
            sa.Enum("A", "B", "C", "D", "E", "F", name="reliability", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("credibility", sa.Integer(), nullable=False),
        sa.Column("is_confidential", sa.Boolean(), nullable=False),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("refuted_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("captured", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("author_id", BIG, nullable=True),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_id", BIG, nullable=True),
        sa.CheckConstraint(
            "typeof(price) IN ('integer', 'null')", name=op.f("ck_competitor_claims_price_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(price_gap) IN ('integer', 'null')", name=op.f("ck_competitor_claims_price_gap_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "credibility BETWEEN 1 AND 6", name=op.f("ck_competitor_claims_credibility_is_a_grade")
        ),
        sa.CheckConstraint("price IS NULL OR price_gap IS NULL", name=op.f("ck_competitor_claims_one_price")),
        sa.CheckConstraint(
            "product_id IS NULL OR category_id IS NULL", name=op.f("ck_competitor_claims_one_scope")
        ),
        sa.CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at",
            name=op.f("ck_competitor_claims_known_before_superseded"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR observed_on < valid_to", name=op.f("ck_competitor_claims_starts_before_end")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_competitor_claims_account_id")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_competitor_claims_author_id")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_competitor_claims_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["competitor_id"], ["competitors.id"], name=op.f("fk_competitor_claims_competitor_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_competitor_claims_product_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_competitor_claims_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competitor_claims")),
    )
    op.create_index(op.f("ix_competitor_claims_account_id"), "competitor_claims", ["account_id"])
    op.create_index(op.f("ix_competitor_claims_competitor_id"), "competitor_claims", ["competitor_id"])
    op.create_index(op.f("ix_competitor_claims_number"), "competitor_claims", ["number"])
    op.create_table(
        "competitor_presences",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("competitor_id", BIG, nullable=False),
        sa.Column("category_id", BIG, nullable=True),
        sa.Column("since_on", sa.Date(), nullable=True),
        sa.Column("contract_ends_on", sa.Date(), nullable=True),
        sa.Column("share", sa.BigInteger(), nullable=True),
        sa.Column("low_share", sa.BigInteger(), nullable=True),
        sa.Column("high_share", sa.BigInteger(), nullable=True),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "typeof(high_share) IN ('integer', 'null')", name=op.f("ck_competitor_presences_high_share_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(low_share) IN ('integer', 'null')", name=op.f("ck_competitor_presences_low_share_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(share) IN ('integer', 'null')", name=op.f("ck_competitor_presences_share_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "share IS NULL OR (share >= 0 AND share <= 1000000)",
            name=op.f("ck_competitor_presences_share_within_one"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_competitor_presences_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_competitor_presences_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["competitor_id"], ["competitors.id"], name=op.f("fk_competitor_presences_competitor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competitor_presences")),
    )
    op.create_index(op.f("ix_competitor_presences_account_id"), "competitor_presences", ["account_id"])
    op.create_index(op.f("ix_competitor_presences_competitor_id"), "competitor_presences", ["competitor_id"])
    op.create_table(
        "competitor_products",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("competitor_id", BIG, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("product_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["competitor_id"], ["competitors.id"], name=op.f("fk_competitor_products_competitor_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_competitor_products_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competitor_products")),
    )
    op.create_index(op.f("ix_competitor_products_competitor_id"), "competitor_products", ["competitor_id"])
    op.create_table(
        "contests",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("competitor_id", BIG, nullable=False),
        sa.Column("product_id", BIG, nullable=True),
        sa.Column("category_id", BIG, nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("won", "lost", name="contestoutcome", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("our_price", sa.BigInteger(), nullable=True),
        sa.Column("their_price", sa.BigInteger(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "price",
                "terms",
                "quality",
                "delivery",
                "range",
                "service",
                "relation",
                "brand",
                "other",
                name="contestreason",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("was_avoidable", sa.Boolean(), nullable=True),
        sa.Column("lesson", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "typeof(amount) IN ('integer', 'null')", name=op.f("ck_contests_amount_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(our_price) IN ('integer', 'null')", name=op.f("ck_contests_our_price_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "typeof(their_price) IN ('integer', 'null')", name=op.f("ck_contests_their_price_whole")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("amount IS NULL OR amount > 0", name=op.f("ck_contests_amount_positive")),
        sa.CheckConstraint("product_id IS NULL OR category_id IS NULL", name=op.f("ck_contests_one_scope")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_contests_account_id")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_contests_category_id")),
        sa.ForeignKeyConstraint(
            ["competitor_id"], ["competitors.id"], name=op.f("fk_contests_competitor_id")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_contests_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contests")),
    )
    op.create_index(op.f("ix_contests_account_id"), "contests", ["account_id"])
    op.create_index(op.f("ix_contests_competitor_id"), "contests", ["competitor_id"])
    op.create_table(
        "objections",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("competitor_id", BIG, nullable=True),
        sa.Column("product_id", BIG, nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "price",
                "terms",
                "quality",
                "delivery",
                "range",
                "service",
                "relation",
                "other",
                name="objectionkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("objection", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("won", "lost", "open", name="objectionoutcome", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_objections_account_id")),
        sa.ForeignKeyConstraint(
            ["competitor_id"], ["competitors.id"], name=op.f("fk_objections_competitor_id")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_objections_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_index(op.f("ix_objections_account_id"), "objections", ["account_id"])
    op.create_index(op.f("ix_objections_competitor_id"), "objections", ["competitor_id"])
    for statement in FTS5 if op.get_bind().dialect.name == "sqlite" else TSVECTOR:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("search_texts_changed", "search_texts_removed", "search_texts_added"):
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE search_words")
    for name in (
        "objections",
        "contests",
        "competitor_products",
        "competitor_presences",
        "competitor_claims",
        "account_notes",
        "competitor_segments",
        "search_texts",
        "competitors",
        "claim_attachments",
    ):
        op.drop_table(name)
