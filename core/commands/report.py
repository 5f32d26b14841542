"""`report NAME`: a month laid out for print, as a PDF or a workbook."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from core import clock, db, directors, language, portfolio, reports, settings
from core.auth import Actor
from core.commands import acting
from core.commands.acting import As
from core.errors import Invalid, Unavailable
from core.language import _
from core.periods import Period, add_months
from core.reports import directors as directors_report
from core.vocabulary import Structure


def register(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="directors")],
    month: Annotated[datetime, typer.Option("--month", formats=["%Y-%m"], help="The month, as 2026-11.")],
    out: Annotated[Path, typer.Option("--out", help="The file: its ending says .pdf or .xlsx.")],
    as_reported: Annotated[
        bool,
        typer.Option(
            "--as-reported", help="Each month by its owner, segment, group, region and tier of then."
        ),
    ] = False,
    as_user: As = None,
) -> None:
    """Write a report of one month: the figures are those of the page over that month."""
    if name not in reports.NAMES:
        known = ", ".join(reports.NAMES)
        raise Invalid(_("There is no report {name}. Known: {known}.").format(name=name, known=known))
    form = reports.form_of(out.name)
    actor = acting.current_actor(as_user)
    language.use(actor.language)
    structure = Structure.THEN if as_reported else Structure.TODAY
    made = _directors(actor, month.date(), form, structure)
    with db.write() as session:
        asked = {"month": f"{month:%Y-%m}", "structure": structure.value}
        reports.record_export(session, actor, name, form, asked)
    try:
        out.write_bytes(made)
    except OSError as error:
        reason = error.strerror
        raise Unavailable(_("The file cannot be written: {reason}.").format(reason=reason)) from error
    typer.echo(_("{file} written.").format(file=out.name), err=True)


def _directors(actor: Actor, month: date, form: str, structure: Structure) -> bytes:
    period = Period(month, add_months(month, 1))
    with db.read() as session:
        newest = portfolio.as_of(session, actor) or clock.today()
        day = max(period.start, min(period.last_day, newest))
        found = directors.overview(session, actor, period, day=day, structure=structure)
        currency = settings.get(session).base_currency
    return reports.write(directors_report.sheet(found, actor, currency, {}, clock.now()), form)
