"""receivables, decisions on Today, saved views, mergers of accounts, the first promise of a delivery"""

from alembic import op
import sqlalchemy as sa


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNDELIVERED = "delivered_on IS NULL AND (promised_on IS NOT NULL OR requested_on IS NOT NULL)"


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
        "receivables",
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("invoice_no", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("open_amount", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", BIG, nullable=True),
        *whole_numbers("receivables", "amount", "open_amount"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_receivables_account_id")),
        sa.PrimaryKeyConstraint("account_id", "as_of", "invoice_no", name=op.f("pk_receivables")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_receivables_as_of"), "receivables", ["as_of"])
    op.create_index(op.f("ix_receivables_batch_id"), "receivables", ["batch_id"])
    op.create_table(
        "attention_decisions",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        *whole_numbers("attention_decisions", "amount"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_attention_decisions_account_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_attention_decisions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attention_decisions")),
    )
    op.create_index(
        op.f("ix_attention_decisions_account_id_kind"), "attention_decisions", ["account_id", "kind"]
    )
    op.create_table(
        "saved_views",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("user_id", "page", "name", name=op.f("uq_saved_views_user_id_page_name")),
    )
    op.create_table(
        "account_mergers",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("merged_id", BIG, nullable=False),
        sa.Column("kept_id", BIG, nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.String(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["merged_id"], ["accounts.id"], name=op.f("fk_account_mergers_merged_id")),
        sa.ForeignKeyConstraint(["kept_id"], ["accounts.id"], name=op.f("fk_account_mergers_kept_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_mergers")),
    )
    op.create_index(op.f("ix_account_mergers_merged_id"), "account_mergers", ["merged_id"])
    op.create_index(op.f("ix_account_mergers_kept_id"), "account_mergers", ["kept_id"])
    op.create_table(
        "merged_lines",
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        sa.Column("merger_id", BIG, autoincrement=False, nullable=False),
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("line_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("former_line_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_merged_lines_account_id")),
        sa.PrimaryKeyConstraint(
            "account_id", "merger_id", "order_no", "line_no", name=op.f("pk_merged_lines")
        ),
        sqlite_with_rowid=False,
    )
    # Written out, since SQLite adds a foreign key only together with its column.
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE accounts ADD COLUMN merged_into_id {number} "
        "CONSTRAINT fk_accounts_merged_into_id REFERENCES accounts (id)"
    )
    op.create_index(op.f("ix_accounts_merged_into_id"), "accounts", ["merged_into_id"])
    for table in ("order_lines", "replaced_lines"):
        op.add_column(table, sa.Column("first_promised_on", sa.Date(), nullable=True))
        op.execute(f"UPDATE {table} SET first_promised_on = promised_on WHERE promised_on IS NOT NULL")
    op.create_index(
        "ix_order_lines_undelivered",
        "order_lines",
        ["account_id", "promised_on"],
        sqlite_where=sa.text(UNDELIVERED),
        postgresql_where=sa.text(UNDELIVERED),
    )


def downgrade() -> None:
    op.drop_index("ix_order_lines_undelivered", table_name="order_lines")
    for table in ("order_lines", "replaced_lines"):
        op.drop_column(table, "first_promised_on")
    op.drop_index(op.f("ix_accounts_merged_into_id"), table_name="accounts")
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_constraint(op.f("fk_accounts_merged_into_id"), type_="foreignkey")
        accounts.drop_column("merged_into_id")
    for table in ("merged_lines", "account_mergers", "saved_views", "attention_decisions", "receivables"):
        op.drop_table(table)
