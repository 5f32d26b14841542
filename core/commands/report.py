"""`report NAME`: a month, or a customer's price list, laid out for print as a PDF or a workbook."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from core import accounts, auth, clock, db, directors, language, portfolio, price_lists, reports, settings
from core.auth import Actor
from core.commands import acting
from core.commands.acting import As
from core.errors import Invalid, Unavailable
from core.language import _
from core.periods import Period, add_months
from core.reports import directors as directors_report
from core.reports import price_list
from core.vocabulary import Permission, Structure


def register(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="directors or price-list")],
    out: Annotated[Path, typer.Option("--out", help="The file: its ending says .pdf or .xlsx.")],
    month: Annotated[
        datetime | None, typer.Option("--month", formats=["%Y-%m"], help="directors: the month, as 2026-11.")
    ] = None,
    as_reported: Annotated[
        bool,
        typer.Option(
            "--as-reported", help="Each month by its owner, segment, group, region and tier of then."
        ),
    ] = False,
    account: Annotated[
        str | None, typer.Option("--account", help="price-list: the code of the customer's account.")
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="price-list: the day from which it is valid."),
    ] = None,
    speaks: Annotated[
        str | None, typer.Option("--language", help="price-list: en or ms; else the one who asks.")
    ] = None,
    as_user: As = None,
) -> None:
    """Write a report of one month, with the figures of the page over that month, or a customer's price list."""
    if name not in reports.NAMES:
        known = ", ".join(reports.NAMES)
        raise Invalid(_("There is no report {name}. Known: {known}.").format(name=name, known=known))
    form = reports.form_of(out.name)
    actor = acting.current_actor(as_user)
    language.use(actor.language)
    if name == reports.PRICE_LIST:
        made, asked = _price_list(actor, account, first, form, speaks)
    else:
        structure = Structure.THEN if as_reported else Structure.TODAY
        if month is None:
            raise typer.BadParameter(_("say which month: --month 2026-11"))
        made = _directors(actor, month.date(), form, structure)
        asked = {"month": f"{month:%Y-%m}", "structure": structure.value}
    with db.write() as session:
        reports.record_export(session, actor, name, form, asked)
    try:
        out.write_bytes(made)
    except OSError as error:
        reason = error.strerror
        raise Unavailable(_("The file cannot be written: {reason}.").format(reason=reason)) from error
    typer.echo(_("{file} written.").format(file=out.name), err=True)


def _price_list(
    actor: Actor, code: str | None, first: datetime | None, form: str, speaks: str | None
) -> tuple[bytes, dict[str, str]]:
    speaks = speaks or actor.language
    if code is None or first is None:
        raise typer.BadParameter(_("say whose price list and from when: --account CODE --from 2026-12-01"))
    if speaks not in language.LANGUAGES:
        raise typer.BadParameter(_("the language is en or ms"))
    auth.require(actor, Permission.DATA_EXPORT)
    with db.read() as session:
        account = accounts.get_by_code(session, actor, code)
        found = price_lists.of_account(session, actor, account.id, first.date())
    asked = {"account": account.code, "valid_from": f"{first:%Y-%m-%d}", "language": speaks}
    return price_list.write(found, form, speaks), asked


def _directors(actor: Actor, month: date, form: str, structure: Structure) -> bytes:
    period = Period(month, add_months(month, 1))
    with db.read() as session:
        newest = portfolio.as_of(session, actor) or clock.today()
        day = max(period.start, min(period.last_day, newest))
        found = directors.overview(session, actor, period, day=day, structure=structure)
        currency = settings.get(session).base_currency
    return reports.write(directors_report.sheet(found, actor, currency, {}, clock.now()), form)
