"""`export KIND`: accounts, products, orders, targets, receivables, what was granted, claims or points as a file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from core import db, exports
from core.commands import acting
from core.commands.acting import As
from core.errors import Invalid, Unavailable
from core.exports import Format
from core.language import _
from core.vocabulary import BatchKind


def register(app: typer.Typer) -> None:
    app.command("export")(export)


def export(
    kind: Annotated[
        BatchKind,
        typer.Argument(
            metavar="KIND",
            help="accounts, products, orders, targets, receivables, terms, lump_sums, floors, "
            "competitor_claims or loyalty.",
        ),
    ],
    account: Annotated[str | None, typer.Option("--account", help="Only the account with this code.")] = None,
    form: Annotated[Format, typer.Option("--format")] = Format.CSV,
    out: Annotated[Path | None, typer.Option("--out", help="The file; standard output if left out.")] = None,
    as_user: As = None,
) -> None:
    """Write what the actor may see as a file that `import` reads back."""
    target = typer.get_binary_stream("stdout")
    if out is None and form is Format.XLSX and target.isatty():
        raise Invalid(_("A workbook is nothing to look at on a terminal: give --out FILE."))
    actor = acting.current_actor(as_user)
    # The file is made first and handed over only when the record of it is kept.
    with tempfile.TemporaryFile() as made:
        with db.read() as session:
            prepared = exports.prepare(session, actor, kind, account_code=account)
            count = exports.write(prepared, made, form)
        with db.write() as session:
            exports.record(session, actor, prepared, count, form)
        made.seek(0)
        try:
            if out is None:
                shutil.copyfileobj(made, target)
                target.flush()
            else:
                with out.open("wb") as file:
                    shutil.copyfileobj(made, file)
        except OSError as error:
            reason = error.strerror
            raise Unavailable(_("The file cannot be written: {reason}.").format(reason=reason)) from error
    typer.echo(_("{rows} rows written.").format(rows=count), err=True)
