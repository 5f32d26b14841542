"""forecast versions, their points, and what managers set over them"""

from alembic import op
import sqlalchemy as sa


revision = "0008"
down_revision = "0007"
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
        "forecast_versions",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("horizon", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("running", sa.Integer(), nullable=True),
        sa.Column("series_done", sa.Integer(), nullable=False),
        sa.Column("series_total", sa.Integer(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_forecast_versions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast_versions")),
        sa.UniqueConstraint("running", name=op.f("uq_forecast_versions_running")),
    )
    of_account = lambda table: (  # noqa: E731
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f(f"fk_{table}_account_id")),
    )
    of_version = lambda table: (  # noqa: E731
        sa.ForeignKeyConstraint(["version_id"], ["forecast_versions.id"], name=op.f(f"fk_{table}_version_id")),
    )
    op.create_table(
        "forecast_series",
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        sa.Column("version_id", BIG, autoincrement=False, nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("months_known", sa.Integer(), nullable=False),
        sa.Column("scale_amount", sa.BigInteger(), nullable=True),
        sa.Column("back_test", sa.JSON(), nullable=False),
        *whole_numbers("forecast_series", "scale_amount"),
        *of_account("forecast_series"),
        *of_version("forecast_series"),
        sa.PrimaryKeyConstraint("account_id", "version_id", name=op.f("pk_forecast_series")),
        sqlite_with_rowid=False,
    )
    amounts = ("mean_amount", "low_amount", "high_amount")
    op.create_table(
        "forecast_points",
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        sa.Column("version_id", BIG, autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("mean_amount", sa.BigInteger(), nullable=False),
        sa.Column("low_amount", sa.BigInteger(), nullable=True),
        sa.Column("high_amount", sa.BigInteger(), nullable=True),
        *whole_numbers("forecast_points", *amounts),
        *of_account("forecast_points"),
        *of_version("forecast_points"),
        sa.PrimaryKeyConstraint("account_id", "version_id", "month", name=op.f("pk_forecast_points")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "forecast_sums",
        sa.Column("version_id", BIG, autoincrement=False, nullable=False),
        sa.Column("group_id", BIG, autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("mean_amount", sa.BigInteger(), nullable=False),
        sa.Column("low_amount", sa.BigInteger(), nullable=True),
        sa.Column("high_amount", sa.BigInteger(), nullable=True),
        *whole_numbers("forecast_sums", *amounts),
        *of_version("forecast_sums"),
        sa.PrimaryKeyConstraint("version_id", "group_id", "month", name=op.f("pk_forecast_sums")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "forecast_overrides",
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        *whole_numbers("forecast_overrides", "amount"),
        *of_account("forecast_overrides"),
        sa.PrimaryKeyConstraint("account_id", "month", "number", name=op.f("pk_forecast_overrides")),
    )
    op.create_index(op.f("ix_forecast_overrides_month"), "forecast_overrides", ["month"])


def downgrade() -> None:
    for name in ("overrides", "sums", "points", "series", "versions"):
        op.drop_table(f"forecast_{name}")
