"""The store's shape: bring it up to date, check it, spread it over a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from core import config, db
from core.errors import Invalid, Unavailable
from core.language import _
from core.models import Base

_LOCK = 7_381_001  # advisory lock: two processes that start together migrate one after the other

# Small tables that every node needs whole, and large ones spread by account.
REFERENCE_TABLES = (
    "regions", "groups", "segments", "tiers", "users", "accounts", "account_structures", "categories", "units",
    "products", "forecast_versions", "loyalty_programmes", "loyalty_members",
)  # fmt: skip
SHARDED_TABLES = (
    "orders", "order_lines", "replaced_lines", "revenue_cells", "revenue_account_months", "revenue_account_days",
    "revenue_account_countries", "revenue_account_years", "revenue_pair_years", "foreign_sales_months",
    "foreign_sales_years", "order_days", "order_booked_days", "order_booked_months", "health_marks",
    "health_standings", "packed_months", "packed_years", "packed_foreign_months", "packed_foreign_years",
    "account_rhythms", "merged_lines", "receivables",
    "delivery_cells", "delivery_account_days", "delivery_account_months",
    "forecast_series", "forecast_points", "forecast_overrides", "loyalty_entries", "loyalty_lots",
)  # fmt: skip


def _alembic(connection: Connection | None = None) -> AlembicConfig:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(config.DATA / "migrations").replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def head() -> str:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(_alembic()).get_current_head() or ""


def current(engine: Engine | None = None) -> str | None:
    """The revision that the store stands at; None for an empty store."""
    with (engine or db.engine()).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine | None = None) -> bool:
    """Bring the store to the newest revision; whether anything changed.

    A store that a newer version of Utama made is refused.
    """
    target = engine or db.engine()
    before = current(target)
    if before == head():
        return False
    known = {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}
    if before is not None and before not in known:
        raise Unavailable(
            _(
                "A newer Utama made this store (revision {revision}). Start that version, or restore a backup."
            ).format(revision=before)
        )
    with _migrating(target) as connection:
        command.upgrade(_alembic(connection), "head")
    return True


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """A connection on which moving a table cannot cascade: foreign keys are off, and checked before the end."""
    with engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _foreign_keys(connection, "OFF")
        try:
            with connection.begin():
                if not sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection
                if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise Invalid(
                        _("The migration would leave rows without what they refer to; nothing was changed.")
                    )
        finally:
            if sqlite:
                _foreign_keys(connection, "ON")


def _foreign_keys(connection: Connection, state: str) -> None:
    # The pragma does nothing inside a transaction, so it goes to the driver before one begins.
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA foreign_keys={state}")


def differences() -> list[str]:
    """What the store's tables lack or have too much, compared with this code; empty when all is well."""
    with db.engine().connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": False, "include_name": _is_of_a_model}
        )
        found = [str(item) for item in compare_metadata(context, Base.metadata)]
    revision = current()
    if revision != head():
        found.insert(
            0,
            _("The store is at revision {now}, this code at {head}. Run `python -m core db upgrade`.").format(
                now=revision or "–", head=head()
            ),
        )
    return found


# Full-text search has its own index on each database, which no model describes.
_WORDS = ("search_words", "ix_search_texts_words")


def _is_of_a_model(name: str | None, _kind: str, _parents: Any) -> bool:
    return name is None or not name.startswith(_WORDS)


def is_empty() -> bool:
    """Whether the store has no tables yet."""
    return not inspect(db.engine()).has_table("accounts")


def distribute() -> list[str]:
    """Turn small tables into reference tables and shard the large ones by account (Citus only)."""
    with db.engine().connect() as connection:
        if connection.dialect.name != "postgresql":
            raise Invalid(
                _("Only a PostgreSQL store can be distributed. Set UTAMA_DATABASE_URL to one with Citus.")
            )
        try:
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS citus"))
        except SQLAlchemyError as error:
            raise Unavailable(
                _("This PostgreSQL has no Citus extension. Install it on every node, then run this again.")
            ) from error
        done = []
        for name in REFERENCE_TABLES:
            connection.execute(text("SELECT create_reference_table(:name)"), {"name": name})
            done.append(name)
        for name in SHARDED_TABLES:
            connection.execute(text("SELECT create_distributed_table(:name, 'account_id')"), {"name": name})
            done.append(name)
        connection.commit()
    return done
