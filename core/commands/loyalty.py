"""`loyalty status`, `run` and `replay`: where an account stands, the daily job, and trying a programme."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from core import accounts, clock, db
from core.auth import Actor
from core.commands import acting
from core.commands.acting import As, Json
from core.errors import Invalid, NotFound
from core.language import _
from core.periods import Period

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from core.loyalty.specs import Spec

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


@loyalty_app.command("replay")
def try_out(
    spec: Annotated[
        str, typer.Argument(help="A file with a specification (JSON), or P and a programme's number.")
    ],
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; needed for a file.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    as_user: As = None,
    as_json: Json = False,
) -> None:
    """What a specification would have made of real orders; of a programme in force whether its ledger says the same."""
    from core.loyalty import replay

    actor = acting.current_actor(as_user)
    began = time.monotonic()
    document: dict[str, Any]
    if re.fullmatch(r"P\d+", spec) and first is None:
        with db.read() as session:
            found = replay.of_programme(session, actor, int(spec[1:]), None if last is None else last.date())
        document = {"lines": str(len(found.lines)), "differences": list(found.differences)}
    else:
        document = dict(_tried(actor, spec, first, last))
    document["seconds"] = f"{time.monotonic() - began:.1f}"
    if as_json:
        acting.print_json(document)
        return
    for name, value in document.items():
        if isinstance(value, str):
            typer.echo(f"{name:<14}{value:>20}")
    for one in document.get("tiers", ()):
        typer.echo(f"  {one['loyalty_tier'] or '–':<20}{one['accounts']:>8}")
    for sentence in document.get("differences", ()):
        typer.echo(sentence)


def _tried(actor: Actor, spec: str, first: datetime | None, last: datetime | None) -> Mapping[str, object]:
    from core.loyalty import replay

    if first is None or last is None:
        raise Invalid(_("Give the first and the last day: --from and --to."))
    with db.read() as session:
        found = replay.replay(
            session, actor, _specification(session, actor, spec), Period.of(first.date(), last.date())
        )
    return replay.document(found)


def _specification(session: Session, actor: Actor, spec: str) -> Spec:
    from core.loyalty import programmes, spec_documents

    if re.fullmatch(r"P\d+", spec):
        rows = [row for row in programmes.search(session, actor) if row.label == spec]
        if not rows:
            raise NotFound(_("There is no live programme {name}.").format(name=spec))
        return rows[0].spec
    try:
        document = orjson.loads(Path(spec).read_bytes())
    except OSError as error:
        raise Invalid(_("The file {name} cannot be read.").format(name=spec)) from error
    except orjson.JSONDecodeError as error:
        raise Invalid(
            _("The file {name} is no JSON document: {reason}.").format(name=spec, reason=error)
        ) from error
    if not isinstance(document, dict):
        raise Invalid(_("The file {name} holds no specification: begin with {{ and }}.").format(name=spec))
    return spec_documents.parse(document)
