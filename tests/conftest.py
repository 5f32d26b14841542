"""The four people of every test, and a store of each kind for them to work on.

Anna owns the account, Ben must not see it, Dora directs, Vera only reads.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core import auth, clock, config, db, language, schema
from core.auth import Actor
from core.vocabulary import Permission, Role
from tests import factories

POSTGRES = os.environ.get("UTAMA_TEST_DATABASE_URL", "")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHARED_DATA = Path(os.environ.get("UTAMA_SHARED_DATA") or config.ROOT.parent / "shared" / "data")

needs_postgres = pytest.mark.skipif(
    not POSTGRES,
    reason="PostgreSQL is not here: set UTAMA_TEST_DATABASE_URL to a database that may be emptied.",
)
CHROMIUM = os.environ.get("UTAMA_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), "")

needs_chromium = pytest.mark.skipif(
    not Path(CHROMIUM).is_file(),
    reason="Chromium is not here: install it, or set UTAMA_CHROMIUM to where it is.",
)
needs_shared_data = pytest.mark.skipif(
    not SHARED_DATA.is_dir(), reason="The outside data is not here: put it into ../shared/data to run this."
)

# For what does not depend on the database, or asks nothing of it that other tests do not ask of both.
on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


# Tests run beside each other on all cores: how long one example takes says nothing about the rule that it tries.
hypothesis.settings.register_profile("beside others", deadline=None)
hypothesis.settings.load_profile("beside others")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test has a store and a data folder of its own, and nothing of the surrounding environment."""
    for name in list(os.environ):
        if name.startswith("UTAMA_") and name not in config._FOREIGN:
            monkeypatch.delenv(name)
    monkeypatch.setenv("UTAMA_DATA_DIR", str(tmp_path))
    _forget()
    language.use("en")
    yield
    _forget()


@pytest.fixture(scope="session", autouse=True)
def _one_day() -> Iterator[None]:
    """A run that passes midnight stays in the day it began in: figures of today do not change within a test."""
    today = clock.today()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "today", lambda: today)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_server() -> Iterator[None]:
    """Closed once the last database is gone."""
    yield
    if _server.cache_info().currsize:
        _server().close()
        _server().engine.dispose()


def _forget() -> None:
    db.reset()
    config.load.cache_clear()


def _migrate(url: str, folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UTAMA_DATABASE_URL", url)
        patch.setenv("UTAMA_DATA_DIR", str(folder))
        _forget()
        schema.upgrade()
    _forget()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema: migrating takes longer than most tests, copying does not."""
    path = tmp_path_factory.mktemp("migrated") / "utama.db"
    _migrate(f"sqlite:///{path}", path.parent)
    return path


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with the schema, from which others are copied."""
    name = f"utama_{uuid.uuid4().hex[:12]}_migrated"
    _server().execute(text(f'CREATE DATABASE "{name}"'))
    url = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    _migrate(url, tmp_path_factory.mktemp("migrated"))
    yield name
    _drop(name)


def _drop(name: str) -> None:
    """Without FORCE: the tests' role need not be allowed to end the server's own cleaning."""
    for attempt in range(40):
        try:
            _server().execute(text(f'DROP DATABASE "{name}"'))
        except OperationalError as error:  # a connection that was closed a moment ago may still be going
            if "being accessed by other users" not in str(error) or attempt == 39:
                raise
            time.sleep(0.25)
        else:
            return


@cache
def _server() -> Connection:
    """Where databases are made and dropped: one connection for all tests of a process."""
    return create_engine(make_url(POSTGRES), isolation_level="AUTOCOMMIT").connect()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated store; tests that use it run on both databases."""
    if request.param == "sqlite":
        _copied(request.getfixturevalue("migrated_file"), tmp_path, monkeypatch)
        yield "sqlite"
        return
    name, template = f"utama_{uuid.uuid4().hex[:12]}", request.getfixturevalue("migrated_database")
    _server().execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'))
    url = make_url(POSTGRES).set(database=name)
    monkeypatch.setenv("UTAMA_DATABASE_URL", url.render_as_string(hide_password=False))
    _forget()
    yield "postgresql"
    db.reset()
    _drop(name)


@pytest.fixture
def sqlite_store(migrated_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty, migrated SQLite store, for what does not depend on the database."""
    _copied(migrated_file, tmp_path, monkeypatch)
    return "sqlite"


def _copied(template: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(template, folder / "utama.db")
    monkeypatch.setenv("UTAMA_DATABASE_URL", f"sqlite:///{folder / 'utama.db'}")
    _forget()


@pytest.fixture
def session(store: str) -> Iterator[Session]:
    """A write transaction that the test commits if another session shall see its rows."""
    with db.write() as opened:
        yield opened


@pytest.fixture
def kam(session: Session) -> Actor:
    """Anna, the key account manager."""
    return auth.actor_for(factories.user(session, "anna", Role.MANAGER))


@pytest.fixture
def other_kam(session: Session) -> Actor:
    """Ben, who must not see Anna's accounts."""
    return auth.actor_for(factories.user(session, "ben", Role.MANAGER))


@pytest.fixture
def director(session: Session) -> Actor:
    """Dora, who sees everything, cost included."""
    return auth.actor_for(factories.user(session, "dora", Role.DIRECTOR, grants=[Permission.COST_READ]))


@pytest.fixture
def viewer(session: Session) -> Actor:
    """Vera, who only reads, without cost."""
    return auth.actor_for(factories.user(session, "vera", Role.VIEWER))
