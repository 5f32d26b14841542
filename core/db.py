"""One engine, and the two ways to the store: `read()` and `write()`."""

from __future__ import annotations

import logging
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, Executable, create_engine, event, make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from core import clock, config
from core.errors import AlreadyDone, Conflict, Unavailable
from core.language import _
from core.models import Submission

log = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 30_000
_FEW = 200  # rows
_SAFE_SQLITE = (3, 51, 3)  # older builds can corrupt a WAL database under several writers
_WRITING = {"sqlite_begin": "IMMEDIATE"}
_READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def sqlite_module() -> ModuleType:
    """The SQLite driver in use: the bundled newer build where the standard library's is too old."""
    if sqlite3.sqlite_version_info >= _SAFE_SQLITE:
        return sqlite3
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        return sqlite3
    return dbapi2  # type: ignore[no-any-return]


def connect_url(url: str) -> Engine:
    """A new engine for one database address, with every safety setting on."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args={"connect_timeout": 10}
        )
    module = sqlite_module()
    if parsed.database and parsed.database != ":memory:":
        _make_folder(Path(parsed.database).parent)
    engine = create_engine(
        parsed, module=module, pool_size=10, max_overflow=20, connect_args={"check_same_thread": False}
    )
    journal = "WAL" if module.sqlite_version_info >= _SAFE_SQLITE else "DELETE"
    if journal != "WAL":
        warnings.warn(
            f"SQLite {module.sqlite_version} can damage a write-ahead log; the rollback journal is used instead.",
            stacklevel=2,
        )
    _guard_sqlite(engine, journal)
    return engine


def _guard_sqlite(engine: Engine, journal: str) -> None:
    @event.listens_for(engine, "connect")
    def _connect(driver: Any, _record: Any) -> None:
        driver.isolation_level = None  # SQLAlchemy's BEGIN below is the only one
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            f"journal_mode={journal}",
            "foreign_keys=ON",
            "synchronous=FULL",
            "recursive_triggers=ON",
            "trusted_schema=OFF",
            "cache_size=-65536",
            "temp_store=MEMORY",
        ):
            driver.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            _("The folder {folder} cannot be made ({reason}). Choose another with UTAMA_DATA_DIR.").format(
                folder=folder, reason=error.strerror
            )
        ) from error


@cache
def engine() -> Engine:
    """The engine of the configured store."""
    return connect_url(config.load().store_url)


def reset() -> None:
    """Forget the engine, so that the next call reads the configuration anew (tests, `restore`)."""
    if engine.cache_info().currsize:
        engine().dispose()
    engine.cache_clear()


def ping(session: Session) -> None:
    """Ask the store for a sign of life."""
    session.execute(text("SELECT 1"))


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def rows(session: Session, query: Executable) -> Sequence[Any]:
    """A query's rows as the driver brings them, for questions with thousands: the mapper would handle each twice."""
    session.flush()
    return session.connection().execute(query).all()


def each_row(session: Session, query: Executable) -> Iterator[Any]:
    """The same few by few, for tens of thousands that nobody keeps: all at once they are work for the collector."""
    session.flush()
    for some in session.connection().execute(query).partitions(_FEW):
        yield from some


@contextmanager
def read() -> Iterator[Session]:
    """A session on one consistent snapshot; nothing it changes is kept."""
    bind = engine()
    if bind.dialect.name == "postgresql":
        bind = bind.execution_options(**_READING)
    with _sentences(), sessionmaker(bind)() as session:
        yield session


@contextmanager
def write(*, once: str | None = None, actor_name: str = "") -> Iterator[Session]:
    """A transaction: committed at the end of the block, rolled back by any error.

    `once` is a form's nonce; the second transaction that brings it raises AlreadyDone.
    No Streamlit call may stand inside: a second click would abort the block half way.
    """
    with _sentences(), sessionmaker(engine().execution_options(**_WRITING))() as session, session.begin():
        if once is not None:
            _claim(session, once, actor_name)
        yield session


def _claim(session: Session, nonce: str, actor_name: str) -> None:
    session.add(Submission(nonce=nonce, actor=actor_name, at=clock.now()))
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyDone(_("This was saved already.")) from error


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what the driver says about locks and lost connections into sentences."""
    try:
        yield
    except StaleDataError as error:
        raise Conflict(
            _("Somebody else changed this meanwhile. Look at the new values and save again.")
        ) from error
    except OperationalError as error:
        log.info("The store did not answer", exc_info=True)
        raise Unavailable(_unavailable(error)) from error


def _unavailable(error: OperationalError) -> str:
    said = str(error.orig).lower()
    if "locked" in said or "busy" in said:
        return _("The store is busy with a long change. Try again in a moment; nothing was saved.")
    if "full" in said:
        return _("The disk is full: nothing was saved. Make room and try again.")
    if "readonly" in said or "unable to open" in said:
        return _("The store at {place} cannot be opened or written. Check the folder's permissions.").format(
            place=engine().url.render_as_string(hide_password=True)
        )
    return _(
        "The store at {place} does not answer. Check that the database runs and UTAMA_DATABASE_URL is right."
    ).format(place=engine().url.render_as_string(hide_password=True))
