"""`loyalty status`, `run` and `replay`: where an account stands, the daily job, and trying a programme."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from core import accounts, clock, db
from core.commands import acting
from core.commands.acting import As, Json
from core.language import _

loyalty_app = typer.Typer(
    no_args_is_help=True, help="Loyalty points: where accounts stand, and the daily job."
)
Day = typer.Option("--on", formats=["%Y-%m-%d"], help="The day; today if left out.")


def register(app: typer.Typer) -> None:
    app.add_typer(loyalty_app, name="loyalty")


@loyalty_app.callback()
def _family() -> None:
    """Loyalty points."""


@loyalty_app.command("status")
def show_status(
    account: Annotated[str, typer.Option("--account", help="The account's code.")],
    on: Annotated[datetime | None, Day] = None,
    known: Annotated[
        datetime | None, typer.Option("--known", formats=["%Y-%m-%d"], help="As known on this day.")
    ] = None,
    as_user: As = None,
    as_json: Json = False,
) -> None:
    """Print where an account stands: its tier, its points, and what lapses when."""
    from core.loyalty import status

    actor = acting.current_actor(as_user)
    with db.read() as session:
        account_id = accounts.get_by_code(session, actor, account).id
        found = status.of_account(
            session,
            actor,
            account_id,
            on=None if on is None else on.date(),
            known_on=None if known is None else known.date(),
        )
    document = status.document(found)
    if as_json:
        acting.print_json(document)
        return
    for name, value in document.items():
        if name != "expiring":
            typer.echo(f"{name:<14}{value or '–':>16}")
    for one in document["expiring"]:
        typer.echo(f"  {one['on']:<12}{one['points']:>16}")


@loyalty_app.command("run")
def run_job(on: Annotated[datetime | None, Day] = None, as_user: As = None, as_json: Json = False) -> None:
    """The daily job: accrue orders and returns, let points lapse, evaluate tiers. Twice does no harm."""
    from core.loyalty import runs

    actor = acting.current_actor(as_user)
    with db.write() as session:
        run, pieces = runs.begin(session, actor, clock.today() if on is None else on.date())
    for done, member_ids in enumerate(pieces, start=1):
        with db.write() as session:
            runs.piece(session, actor, run, member_ids)
        typer.echo(f"{done}/{len(pieces)}", err=True)
    with db.write() as session:
        runs.finish(session, actor, run)
    if as_json:
        acting.print_json(
            {
                "on": run.on.isoformat(),
                "members": str(run.accrued.members),
                "entries": str(run.accrued.entries),
                "corrections": str(run.accrued.corrections),
                "moved": str(run.moved),
            }
        )
    else:
        typer.echo(
            _("{entries} entries for {members} members, {corrections} of them corrections.").format(
                entries=run.accrued.entries, members=run.accrued.members, corrections=run.accrued.corrections
            ),
            err=True,
        )
