"""Stores of a given number of order lines, on SQLite and on PostgreSQL, made once and kept for the next run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from core import config

ACCOUNTS = 2_000
LINES = {"100k": 100_000, "1m": 1_000_000, "10m": 10_000_000}
POSTGRES = os.environ.get("UTAMA_TEST_DATABASE_URL", "")
FOLDER = Path(os.environ.get("BENCH_DIR", "/tmp/utama-bench"))


@dataclass(frozen=True)
class Store:
    """Where a store is, and what to call it in a table."""

    size: str
    database: str
    url: str

    def environment(self) -> dict[str, str]:
        """What a process needs to work on this store and on no other."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("UTAMA_")}
        return kept | {"UTAMA_DATABASE_URL": self.url, "UTAMA_DATA_DIR": str(FOLDER / "data")}


def databases() -> list[str]:
    return ["sqlite", "postgresql"] if POSTGRES else ["sqlite"]


def store(size: str, database: str) -> Store:
    """A store of this size with the demo company's rows; made where it is missing or of an older schema."""
    (FOLDER / "data").mkdir(parents=True, exist_ok=True)
    found = Store(size, database, _url(size, database))
    if not _is_current(found):
        _make(found)
    return found


def _url(size: str, database: str) -> str:
    if database == "sqlite":
        return f"sqlite:///{FOLDER / f'{size}.db'}"
    return make_url(POSTGRES).set(database=f"utama_bench_{size}").render_as_string(hide_password=False)


def _mark() -> str:
    """Which schema and how many accounts: another mark, another store."""
    newest = max((config.DATA / "migrations" / "versions").glob("0*.py")).stem
    return f"{newest} {ACCOUNTS}"


def _is_current(found: Store) -> bool:
    mark = FOLDER / f"{found.size}.{found.database}.made"
    return mark.exists() and mark.read_text(encoding="utf-8") == _mark()


def _make(found: Store) -> None:
    print(f"making {LINES[found.size]:,} lines on {found.database} …", file=sys.stderr, flush=True)
    started = time.monotonic()
    if found.database == "sqlite":
        for path in FOLDER.glob(f"{found.size}.db*"):
            path.unlink()
    else:
        _fresh_database(make_url(found.url).database or "")
    for arguments in (
        ["db", "upgrade"],
        ["demo", "--accounts", str(ACCOUNTS), "--lines", str(LINES[found.size]), "--seed", "1", "--json"],
    ):
        command = [sys.executable, "-m", "core", *arguments]
        subprocess.run(
            command, check=True, env=found.environment(), cwd=config.ROOT, stdout=subprocess.DEVNULL
        )
    (FOLDER / f"{found.size}.{found.database}.made").write_text(_mark(), encoding="utf-8")
    print(f"made in {time.monotonic() - started:,.0f} s", file=sys.stderr, flush=True)


def empty_database(name: str) -> str:
    """A PostgreSQL database without anything in it, by its address."""
    _fresh_database(name)
    return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)


def _fresh_database(name: str) -> None:
    server = create_engine(make_url(POSTGRES), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    server.dispose()
