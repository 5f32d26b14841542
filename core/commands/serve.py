"""The command that serves the pages, after everything that could stand in the way was looked at."""

from __future__ import annotations

import contextlib
import logging

import typer

from core.errors import UtamaError
from core.language import _


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve() -> None:
    """Serve the pages on this machine; Ctrl-C stops."""
    from core import config, schema, startup

    startup.check()
    settings = config.load()
    startup.check_port(settings.host, settings.port)
    if schema.upgrade():
        typer.echo(_("The store was brought up to date."), err=True)
    _welcome()
    _run(settings.host, settings.port)


def _welcome() -> None:
    """Load the demo company into a store of nobody's, and say who can sign in and where."""
    from core import config, db, demo, startup, users
    from core.auth import OPERATOR
    from core.commands.demo import print_sign_ins

    with db.read() as session:
        is_empty, has_demo = not users.exist(session), demo.is_loaded(session)
    if is_empty and config.load().is_default_store:
        typer.echo(
            _("The store is empty: loading the demo company. This takes half a minute, once."), err=True
        )
        try:
            with db.write() as session:
                loaded = demo.load(session, OPERATOR)
        except UtamaError as error:
            typer.echo(error.spelled_out(), err=True)  # rows but no users: somebody began by importing
        else:
            print_sign_ins(loaded)
            is_empty = False
    elif has_demo:
        _remind()
    if is_empty:
        typer.echo(_("Nobody can sign in yet. Make the first user: python -m core user add NAME"))
    typer.echo(_("Utama is at {address}  (Ctrl-C stops it)").format(address=startup.address()))


def _remind() -> None:
    """The demo's sign-ins once more, from the file that only this user can read."""
    from core import startup

    if startup.demo_sign_ins().exists():
        typer.echo(startup.demo_sign_ins().read_text(encoding="utf-8").rstrip())


def _run(host: str, port: int) -> None:
    import uvicorn

    from app import app

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)r")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=3,
            ws_ping_interval=30,
        )
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended everything by then
        server.run()
    if not server.started:
        raise typer.Exit(1)
