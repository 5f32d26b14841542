"""One history makes the same tables on both databases."""

import pytest
from sqlalchemy import inspect, text

from core import db, schema
from core.errors import Unavailable
from core.models import Base


def test_the_migrated_store_is_what_the_models_describe(store):
    assert schema.differences() == []


def test_upgrading_twice_changes_nothing(store):
    assert schema.upgrade() is False


def test_a_store_of_a_newer_version_is_refused(store):
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Unavailable, match="A newer Utama made this store"):
        schema.upgrade()


def test_large_tables_can_be_sharded_by_account():
    # Citus asks that each unique key of a distributed table contains the column it is spread by.
    for name in schema.SHARDED_TABLES:
        table = Base.metadata.tables[name]
        assert "account_id" in table.primary_key.columns, name
        unique = [index for index in table.indexes if index.unique]
        assert all("account_id" in index.columns for index in unique), name


def test_large_tables_refer_only_to_reference_tables():
    for name in schema.SHARDED_TABLES:
        targets = {key.column.table.name for key in Base.metadata.tables[name].foreign_keys}
        assert targets <= set(schema.REFERENCE_TABLES), name


def test_the_views_speak_in_plain_decimals(store):
    with db.write() as session:
        session.execute(text("SELECT * FROM v_order_lines")).all()
        session.execute(text("SELECT * FROM v_account_month")).all()
        session.execute(text("SELECT * FROM v_targets")).all()
        session.execute(text("SELECT * FROM v_products")).all()
        session.execute(
            text(
                "INSERT INTO accounts (code, name, status, is_unassigned, created_at, version, credit_limit)"
                " VALUES ('A', 'A', 'active', false, '2026-01-01', 1, 12345)"
            )
        )
        assert float(session.execute(text("SELECT credit_limit FROM v_accounts")).scalar_one()) == 1.2345
        account_id = session.execute(text("SELECT id FROM accounts")).scalar_one()
        session.execute(
            text(
                "INSERT INTO receivables (account_id, as_of, invoice_no, due_on, amount, open_amount)"
                " VALUES (:account, '2026-03-31', 'R-1', '2026-03-01', 1000001, -5000)"
            ),
            {"account": account_id},
        )
        row = session.execute(text("SELECT * FROM v_receivables")).mappings().one()
        assert (row["account_code"], row["account"], row["invoice_no"]) == ("A", "A", "R-1")
        assert (float(row["amount"]), float(row["open_amount"])) == (100.0001, -0.5)
        assert "v_order_lines" in inspect(session.connection()).get_view_names()


def test_a_failed_migration_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("UTAMA_DATABASE_URL", f"sqlite:///{tmp_path / 'half.db'}")
    schema.config.load.cache_clear()
    db.reset()

    with pytest.raises(RuntimeError), schema._migrating(db.engine()) as connection:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        raise RuntimeError

    assert inspect(db.engine()).get_table_names() == []
