"""`kpi NAME…`: figures over any period, as text or JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import typer

from core import db, kpi_registry, kpis
from core.commands import acting
from core.commands.acting import As, Json
from core.errors import Invalid
from core.kpi_registry import KPIS
from core.kpis import By, Options
from core.language import _
from core.periods import Period
from core.vocabulary import Structure


def register(app: typer.Typer) -> None:
    app.command("kpi")(kpi)


def _list_all(wanted: bool) -> None:
    if not wanted:
        return
    for name in KPIS:
        known = kpi_registry.explained(name)
        typer.echo(f"{name:<26} {known.question}")
        typer.echo(f"{'':<26} {known.formula}")
    raise typer.Exit


def kpi(  # noqa: PLR0913, PLR0917  (one parameter an option)
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="KPIs, such as net_revenue orders.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")],
    by: Annotated[By | None, typer.Option("--by", help="Break down by this.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Only the account with this code.")] = None,
    base_months: Annotated[
        int, typer.Option("--base-months", min=1, help="Retention, bridge: so many months earlier.")
    ] = 12,
    base_from: Annotated[datetime | None, typer.Option("--base-from", formats=["%Y-%m-%d"])] = None,
    base_to: Annotated[datetime | None, typer.Option("--base-to", formats=["%Y-%m-%d"])] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="How many accounts top_share counts.")] = 10,
    as_reported: Annotated[
        bool,
        typer.Option(
            "--as-reported", help="Each month by its owner, segment, group, region and tier of then."
        ),
    ] = False,
    as_user: As = None,
    as_json: Json = False,
    _list: Annotated[
        bool,
        typer.Option(
            "--list", is_eager=True, callback=_list_all, help="Every KPI with its question and formula."
        ),
    ] = False,
) -> None:
    """Print figures over a period; both days are included."""
    period = _period(first.date(), last.date())
    structure = Structure.THEN if as_reported else Structure.TODAY
    options = Options(by, account, base_months, _base(base_from, base_to), top, structure=structure)
    actor = acting.current_actor(as_user)
    with db.read() as session:
        results = kpis.compute(session, actor, names, period, options)
        document = kpis.document(session, period, results)
    left_out = sorted({*names} - {result.kpi.name for result in results})
    if left_out:
        note = _("Left out, since you may not see cost: {names}.").format(names=", ".join(left_out))
        typer.echo(note, err=True)
    if as_json:
        acting.print_json(document)
    else:
        _print(document)


def _period(first: date, last: date) -> Period:
    if last < first:
        raise Invalid(_("The period ends before it starts: give a --to on or after --from."))
    return Period.of(first, last)


def _base(first: datetime | None, last: datetime | None) -> Period | None:
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise typer.BadParameter(_("give both --base-from and --base-to"))
    return _period(first.date(), last.date())


def _print(document: dict[str, Any]) -> None:
    for figure in document["kpis"]:
        value = "–" if figure["value"] is None else figure["value"]
        typer.echo(f"{figure['name']:<26} {value:>24} {figure['unit']}")
        for row in figure["by"]:
            value = "–" if row["value"] is None else row["value"]
            typer.echo(f"  {row['key'] or '–':<24} {value:>24}")
