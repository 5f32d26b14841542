"""`forecast run`: make a new forecast version; a page starts the same command beside itself."""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import Annotated

import typer

from core import db
from core.auth import Actor
from core.commands import acting
from core.commands.acting import As, Json
from core.errors import UtamaError
from core.language import _

forecast_app = typer.Typer(no_args_is_help=True, help="Expected net revenue by account and month.")


def register(app: typer.Typer) -> None:
    app.add_typer(forecast_app, name="forecast")


@forecast_app.callback()
def _family() -> None:
    """Expected net revenue by account and month."""


@forecast_app.command()
def run(
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="Know only days before the month of this one."),
    ] = None,
    horizon: Annotated[int, typer.Option("--horizon", min=1, max=24, help="Months ahead.")] = 12,
    version: Annotated[int | None, typer.Option("--version", hidden=True)] = None,
    as_user: As = None,
    as_json: Json = False,
) -> None:
    """Carry every account's net revenue on and freeze the result."""
    from core import forecast_runs

    actor = acting.current_actor(as_user)
    began = time.monotonic()
    if version is None:
        with db.write() as session:
            version = forecast_runs.start(session, actor, on=on.date() if on else None, horizon=horizon)
    elif hasattr(os, "nice"):
        os.nice(5)  # started by a page: people who click come first
    first_month, count = _fill(actor, version)
    seconds = f"{time.monotonic() - began:.1f}"
    if as_json:
        # How many series there are would tell somebody of a region about the others.
        series = count if actor.sees_everything else None
        acting.print_json(
            {"version": version, "first_month": first_month, "series": series, "seconds": seconds}
        )
    else:
        typer.echo(
            _("Forecast version {version} from {month} is frozen, after {seconds} s.").format(
                version=version, month=first_month[:7], seconds=seconds
            )
        )


def _fill(actor: Actor, version: int) -> tuple[str, int]:
    from core import forecast_runs

    def progress(done: int, total: int) -> None:
        with db.write() as session:
            forecast_runs.note(session, actor, version, done, total)
        typer.echo(f"{done}/{total}", err=True)

    problem = _("The run was stopped. Nothing of it was kept; start it again.")
    try:
        with db.read() as session:
            found = forecast_runs.known(session, actor, version)
        carried = forecast_runs.carry_all(found, progress)
        with db.write() as session:
            forecast_runs.finish(session, actor, found, carried)
    except UtamaError as error:
        problem = error.spelled_out()
        raise
    except Exception:
        problem = _("Something went wrong while forecasting. Nothing was kept; tell your administrator.")
        raise
    else:
        problem = ""
    finally:
        if problem:
            with db.write() as session:
                forecast_runs.fail(session, actor, version, problem)
    return found.first_month.isoformat(), len(found.series)
