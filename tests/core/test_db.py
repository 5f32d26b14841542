"""Writers never lose each other's work, and a form counts once."""

import threading
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, text

from core import config, db
from core.errors import AlreadyDone, Conflict, Unavailable
from core.models import Account, Region
from tests import factories


def test_fifty_concurrent_changes_all_count(store):
    with db.write() as session:
        account_id = factories.account(session, payment_days=0).id

    def add_one() -> None:
        for _ in range(10):
            with db.write() as session:
                row = session.scalars(select(Account).where(Account.id == account_id).with_for_update()).one()
                row.payment_days += 1

    threads = [threading.Thread(target=add_one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with db.read() as session:
        assert session.scalar(select(Account.payment_days)) == 50


def test_the_same_form_saves_once(store):
    with db.write(once="form-1", actor_name="anna") as session:
        session.add(Region(name="North"))

    with pytest.raises(AlreadyDone, match="saved already"), db.write(once="form-1") as session:
        session.add(Region(name="South"))

    with db.read() as session:
        assert list(session.scalars(select(Region.name))) == ["North"]


def test_an_error_in_the_middle_leaves_nothing(store):
    with pytest.raises(RuntimeError), db.write(once="form-1") as session:
        session.add(Region(name="North"))
        session.flush()
        raise RuntimeError

    with db.write(once="form-1") as session:  # the nonce is free again: what was typed can be saved
        assert session.scalar(select(Region.name)) is None


def test_a_stale_version_is_a_conflict(store):
    with db.write() as session:
        account_id = factories.account(session).id

    with pytest.raises(Conflict), db.write() as session:
        row = session.get(Account, account_id)
        session.execute(text("UPDATE accounts SET version = version + 1"))
        row.name = "Mine"


def test_reading_never_changes_the_store(store):
    with db.write() as session:
        session.add(Region(name="North"))

    with db.read() as session:
        if store == "sqlite":
            session.add(Region(name="South"))
            session.flush()
    with db.read() as session:
        assert list(session.scalars(select(Region.name))) == ["North"]


def test_a_reader_sees_one_moment_while_others_write(store):
    with db.write() as session:
        session.add(Region(name="North"))

    with db.read() as reader:
        before = list(reader.scalars(select(Region.name)))
        with db.write() as writer:
            writer.add(Region(name="South"))
        assert list(reader.scalars(select(Region.name))) == before


def test_sqlite_connections_are_safe(sqlite_store):
    with db.read() as session:
        values = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "journal_mode", "recursive_triggers", "busy_timeout", "synchronous")
        }
        assert session.connection().connection.driver_connection.isolation_level is None
    newer = db.sqlite_module().sqlite_version_info >= (3, 51, 3)

    assert values == {
        "foreign_keys": 1,
        "journal_mode": "wal" if newer else "delete",
        "recursive_triggers": 1,
        "busy_timeout": 30_000,
        "synchronous": 2,
    }


def test_an_unreachable_database_is_a_sentence_without_the_password(monkeypatch):
    monkeypatch.setenv("UTAMA_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/none")
    config.load.cache_clear()
    db.reset()

    with pytest.raises(Unavailable) as caught, db.read() as session:
        session.execute(text("SELECT 1"))

    assert "does not answer" in caught.value.message
    assert "hunter2" not in caught.value.message


def test_a_data_folder_that_cannot_be_made_is_a_sentence(monkeypatch, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("UTAMA_DATA_DIR", str(tmp_path / "file" / "data"))
    config.load.cache_clear()
    db.reset()

    with pytest.raises(Unavailable, match="cannot be made"):
        db.engine()


def test_deleting_what_is_referred_to_is_refused(session):
    account = factories.account(session)
    factories.line(session, account, factories.product(session), date(2026, 1, 1))

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        session.execute(text("DELETE FROM accounts"))
