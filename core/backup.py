"""The whole store in one file, and back again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, func, inspect, make_url, select, text, update

from core import audit, auth, clock, config, db, schema
from core.audit import Subject
from core.auth import Actor
from core.errors import Invalid, NotFound, Unavailable
from core.language import _
from core.models import AuditHead, Base, OrderLine, WebSession
from core.vocabulary import Permission

_MANIFEST = "manifest.json"
_PIECES = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, so that a damaged or foreign file is noticed before anything changes."""

    kind: str  # sqlite, postgresql
    revision: str
    made_at: str
    sha256: str  # of the store inside
    rows: dict[str, int]  # by table
    net_amount: str  # sum over all order lines, in the base currency
    audit_id: int
    audit_hash: str

    def same_content(self, other: Manifest) -> bool:
        mine = (self.revision, self.rows, self.net_amount, self.audit_id, self.audit_hash)
        return mine == (other.revision, other.rows, other.net_amount, other.audit_id, other.audit_hash)


def save(actor: Actor, target: Path) -> Manifest:
    """Write the store as it is now into one file; others go on working meanwhile."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    if target.is_dir() or not target.parent.is_dir():
        raise Invalid(
            _("{file} is no place for a backup: give a file in an existing folder.").format(file=target)
        )
    with _workplace(target.parent) as folder:
        inner = folder / "store"
        kind = db.engine().dialect.name
        summary = _dump_sqlite(inner) if kind == "sqlite" else _dump_postgresql(inner)
        manifest = Manifest(kind=kind, made_at=clock.now().isoformat(), sha256=_sha256(inner), **summary)
        packed = folder / "packed"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            archive.writestr(_MANIFEST, json.dumps(vars(manifest), indent=2, sort_keys=True))
            archive.write(inner, "store")
        packed.chmod(0o600)  # password hashes are in it
        packed.replace(target)
    changes = {"sha256": (None, manifest.sha256), "net_amount": (None, manifest.net_amount)}
    with db.write() as session:
        audit.record(session, actor, "store:backup", Subject("store", "backup", target.name), changes)
    return manifest


def load(actor: Actor, source: Path) -> Manifest:
    """Replace the store by a backup; everything is checked before, and the old store comes back if it fails."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    if not source.is_file():
        raise NotFound(_("There is no file {file}.").format(file=source))
    place = _store_folder()
    place.mkdir(parents=True, exist_ok=True)
    with _workplace(place) as folder:
        manifest = _unpack(source, folder / "store")
        if manifest.kind != db.engine().dialect.name:
            raise Invalid(
                _("This backup is of a {kind} store, and the store in use is another kind.").format(
                    kind=manifest.kind
                )
            )
        if manifest.kind == "sqlite":
            _restore_sqlite(folder, manifest)
        else:
            _restore_postgresql(folder, manifest)
    schema.upgrade()
    with db.write() as session:
        # Sessions of that day must not come alive again: passwords may have changed since.
        ended = update(WebSession).where(WebSession.revoked_at.is_(None)).values(revoked_at=clock.now())
        session.execute(ended)
        changes = {"sha256": (None, manifest.sha256), "made_at": (None, manifest.made_at)}
        audit.record(session, actor, "store:restore", Subject("store", "restore", source.name), changes)
    return manifest


def _store_folder() -> Path:
    url = db.engine().url
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).parent
    return config.load().data_dir


@contextmanager
def _workplace(parent: Path) -> Iterator[Path]:
    """A private folder beside the result, so that putting it in place is one rename."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".utama-", dir=parent))
    except OSError as error:
        raise Unavailable(
            _("The folder {folder} cannot be written ({reason}). Choose another.").format(
                folder=parent, reason=error.strerror
            )
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _summary(connection: Connection) -> dict[str, Any]:
    """What the manifest says of the content, counted in the store itself."""
    there = set(inspect(connection).get_table_names())
    tables = [table for table in Base.metadata.sorted_tables if table.name in there]
    rows = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    head = connection.execute(select(AuditHead.last_id, AuditHead.last_hash)).first()
    return {
        "revision": connection.scalar(text("SELECT version_num FROM alembic_version")),
        "rows": rows,
        "net_amount": f"{connection.scalar(select(func.sum(OrderLine.net_amount))) or 0:f}",
        "audit_id": head.last_id if head else 0,
        "audit_hash": head.last_hash if head else audit.GENESIS,
    }


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECES):
            found.update(piece)
    return found.hexdigest()


def _unpack(source: Path, target: Path) -> Manifest:
    """The store inside, once it is what its manifest says."""
    foreign = Invalid(_("{file} is not a backup of Utama, or it is damaged.").format(file=source))
    try:
        with zipfile.ZipFile(source) as archive:
            if sorted(archive.namelist()) != [_MANIFEST, "store"]:
                raise foreign
            manifest = Manifest(**json.loads(archive.read(_MANIFEST)))
            with archive.open("store") as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file, _PIECES)
    except (zipfile.BadZipFile, ValueError, TypeError, EOFError, OSError) as error:
        raise foreign from error
    if _sha256(target) != manifest.sha256:
        raise Invalid(
            _("{file} is damaged: the store inside is not the one its manifest names.").format(file=source)
        )
    known = {script.revision for script in ScriptDirectory(str(config.DATA / "migrations")).walk_revisions()}
    if manifest.revision not in known:
        raise Invalid(
            _("A newer Utama made this backup (revision {revision}). Restore it with that version.").format(
                revision=manifest.revision
            )
        )
    return manifest


def _differs() -> Invalid:
    return Invalid(_("The backup does not hold what its manifest says; the store was left as it was."))


# SQLite: the driver copies page by page in one transaction, so a running server sees the old or the new store.


def _dump_sqlite(target: Path) -> dict[str, Any]:
    _copy_sqlite(Path(db.engine().url.database or ""), target)
    with _opened(target) as connection:
        return _summary(connection)


def _copy_sqlite(source: Path, target: Path) -> None:
    module: Any = db.sqlite_module()
    timeout = db.BUSY_TIMEOUT_MS / 1000
    try:
        with (
            closing(module.connect(str(source), timeout=timeout)) as old,
            closing(module.connect(str(target), timeout=timeout)) as new,
        ):
            old.backup(new)
    except module.Error as error:
        raise Unavailable(
            _("The store could not be copied ({reason}). Stop what is using it and try again.").format(
                reason=error
            )
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    engine = db.connect_url(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _restore_sqlite(folder: Path, manifest: Manifest) -> None:
    fresh, aside, live = folder / "store", folder / "aside", Path(db.engine().url.database or "")
    with _opened(fresh) as connection:
        if connection.scalar(text("PRAGMA quick_check(1)")) != "ok" or not _holds(connection, manifest):
            raise _differs()
    kept = live.exists() and _kept_aside(live, aside)
    db.reset()
    try:
        _copy_sqlite(fresh, live)
        with _opened(live) as connection:
            if not _holds(connection, manifest):
                raise _differs()
    except BaseException:
        if kept:
            _copy_sqlite(aside, live)
        raise
    if not kept:
        live.chmod(0o600)


def _kept_aside(live: Path, aside: Path) -> bool:
    """Whether the old store was copied; one too damaged for that is only moved out of the way."""
    try:
        _copy_sqlite(live, aside)
    except Unavailable:
        for ending in ("", "-wal", "-shm"):
            part = live.with_name(live.name + ending)
            if part.exists():
                part.replace(live.with_name(f"{live.name}.damaged{ending}"))
        return False
    return True


def _holds(connection: Connection, manifest: Manifest) -> bool:
    found = Manifest(kind=manifest.kind, made_at="", sha256="", **_summary(connection))
    return found.same_content(manifest)


# PostgreSQL: its own tools, on one snapshot, so that the manifest and the dump say the same.


def _dump_postgresql(target: Path) -> dict[str, Any]:
    engine = db.engine()
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        _tool(
            engine,
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--file={target}",
        )
        return _summary(connection)


def _restore_postgresql(folder: Path, manifest: Manifest) -> None:
    engine, aside = db.engine(), folder / "aside"
    before = inspect(engine).has_table("alembic_version")
    if before:
        _tool(engine, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={aside}")
    try:
        _fill_postgresql(engine, folder / "store")
        with engine.connect() as connection:
            if not _holds(connection, manifest):
                raise _differs()
    except BaseException:
        if before:
            _fill_postgresql(engine, aside)
        raise


def _fill_postgresql(engine: Engine, dump: Path) -> None:
    engine.dispose()
    options = (
        "--clean",
        "--if-exists",
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        "--exit-on-error",
    )
    _tool(engine, "pg_restore", *options, f"--dbname={engine.url.database}", str(dump))


def _tool(engine: Engine, name: str, *options: str) -> None:
    program = shutil.which(name)
    if program is None:
        raise Unavailable(
            _("{tool} is not here. Install PostgreSQL's client programs of the server's version.").format(
                tool=name
            )
        )
    url: URL = make_url(engine.url)
    # The password goes by the environment: arguments are seen by everybody on the machine.
    environment = {
        **os.environ,
        "PGHOST": url.host or "",
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": str(url.password or ""),
        "PGDATABASE": url.database or "",
    }
    environment = {key: value for key, value in environment.items() if value or not key.startswith("PG")}
    done = subprocess.run([program, *options], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise Unavailable(_("{tool} failed: {reason}").format(tool=name, reason=last))
