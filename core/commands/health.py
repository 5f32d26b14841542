"""`health read`: read the health of accounts before pages ask; the server does the same beside them."""

from __future__ import annotations

import typer

from core import db
from core.commands import acting
from core.commands.acting import As, Json
from core.language import _

health_app = typer.Typer(no_args_is_help=True, help="The health of accounts.")


def register(app: typer.Typer) -> None:
    app.add_typer(health_app, name="health")


@health_app.callback()
def _family() -> None:
    """The health of accounts."""


@health_app.command()
def read(as_user: As = None, as_json: Json = False) -> None:
    """Read and keep what changed since the last time."""
    from core import health_renewal

    actor, count = acting.current_actor(as_user), 0
    while True:
        with db.read() as session:
            batch = health_renewal.read(session, actor)
        if batch is None:
            break
        with db.write() as session:
            health_renewal.keep(session, actor, batch)
        count += len(batch.rows)
    if as_json:
        acting.print_json({"read": count})
    else:
        typer.echo(_("Read: {count} accounts and days.").format(count=count), err=True)
