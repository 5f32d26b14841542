"""Commands about the store as a whole: its shape, its backup, its health."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core import db, schema
from core.auth import OPERATOR, Actor
from core.commands import acting
from core.commands.acting import As, Json
from core.errors import Invalid
from core.language import _

db_app = typer.Typer(no_args_is_help=True, help="The store's tables.")


def register(app: typer.Typer) -> None:
    app.add_typer(db_app, name="db")
    app.command()(backup)
    app.command()(restore)
    app.command()(doctor)


@db_app.command()
def upgrade() -> None:
    """Bring the store to the newest revision."""
    changed = schema.upgrade()
    typer.echo(
        _("The store is up to date.") if not changed else _("The store was brought up to date."), err=True
    )


@db_app.command()
def check() -> None:
    """Compare the store's tables with this version of Utama."""
    found = schema.differences()
    if found:
        raise Invalid("\n".join(found))
    typer.echo(_("The store's tables are as this version expects them."), err=True)


@db_app.command()
def distribute() -> None:
    """Spread the large tables over a Citus cluster, by account."""
    done = schema.distribute()
    typer.echo(_("Distributed: {tables}.").format(tables=", ".join(done)), err=True)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; an earlier backup is replaced.")],
    as_user: As = None,
    as_json: Json = False,
) -> None:
    """Write the whole store into one file."""
    from core import backup as backups

    manifest = backups.save(acting.current_actor(as_user), file)
    typer.echo(
        _("{file} holds {rows} order lines worth {amount}.").format(
            file=file, rows=manifest.rows["order_lines"], amount=manifest.net_amount
        ),
        err=True,
    )
    if as_json:
        acting.print_json(_written(manifest))


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` wrote.")],
    as_user: As = None,
    as_json: Json = False,
) -> None:
    """Replace the store by a backup."""
    from core import backup as backups

    # The operator restores even where the present store cannot be read any more.
    actor: Actor = acting.current_actor(as_user) if as_user else OPERATOR
    manifest = backups.load(actor, file)
    typer.echo(
        _("The store is as it was at {moment}: {rows} order lines worth {amount}.").format(
            moment=manifest.made_at, rows=manifest.rows["order_lines"], amount=manifest.net_amount
        ),
        err=True,
    )
    if as_json:
        acting.print_json(_written(manifest))


def _written(manifest: object) -> dict[str, object]:
    """A manifest as JSON shows it: counts as text, like all numbers."""
    document = dict(vars(manifest))
    document["rows"] = {name: str(count) for name, count in document["rows"].items()}
    document["audit_id"] = str(document["audit_id"])
    return document


def doctor(as_user: As = None, as_json: Json = False) -> None:
    """Recompute everything that is kept twice; exit status 1 names the difference."""
    from core import doctor as doctors

    actor = acting.current_actor(as_user)
    with db.read() as session:
        checks = doctors.examine(session, actor)
    for check_ in checks:
        for hint in check_.hints:
            typer.echo(hint, err=True)
    found = [difference for check_ in checks for difference in check_.differences]
    if as_json:
        acting.print_json(
            {
                "well": not found,
                "checks": [
                    {"name": check_.name, "differences": check_.differences, "hints": check_.hints}
                    for check_ in checks
                ],
            }
        )
    if found:
        raise Invalid("\n".join(found))
    typer.echo(
        _("All is well: {checks}.").format(checks=", ".join(check_.name for check_ in checks)), err=True
    )
