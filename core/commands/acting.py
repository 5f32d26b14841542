"""On whose behalf a command runs, and how it prints."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import typer
from sqlalchemy.orm import Session

from core import auth, db, schema
from core.auth import OPERATOR, Actor
from core.errors import Unavailable
from core.language import _

As = Annotated[str | None, typer.Option("--as", help="Act as this user: their permissions and rows apply.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output and nothing else.")
]


def ensure_current() -> None:
    """Bring an empty store up to date; refuse one that is behind this version."""
    if schema.current() == schema.head():
        return
    if schema.is_empty():
        schema.upgrade()
        return
    raise Unavailable(_("The store is behind this version. Run `python -m core db upgrade` first."))


def actor(session: Session, username: str | None) -> Actor:
    """The user named by `--as`, or the operator."""
    return auth.actor_named(session, username) if username else OPERATOR


def current_actor(username: str | None) -> Actor:
    """The same, read in a transaction of its own."""
    ensure_current()
    with db.read() as session:
        return actor(session, username)


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
