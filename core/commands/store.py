"""Commands about the store as a whole: its shape."""

from __future__ import annotations

import typer

from core import schema
from core.errors import Invalid
from core.language import _

db_app = typer.Typer(no_args_is_help=True, help="The store's tables.")


def register(app: typer.Typer) -> None:
    app.add_typer(db_app, name="db")


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
