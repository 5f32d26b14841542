"""`terms lint` and `terms export`: what is wrong in the terms, and an account's whole set as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core import accounts, db, language, term_findings
from core.commands import acting, exporting
from core.commands.acting import As, Json
from core.exports import Format
from core.vocabulary import BatchKind

_GROUP = typer.Typer(no_args_is_help=True, help="Look through the terms, or write them as a file.")
Account = Annotated[str | None, typer.Option("--account", help="Only the account with this code.")]


def register(app: typer.Typer) -> None:
    app.add_typer(_GROUP, name="terms")


@_GROUP.command("lint")
def lint(account: Account = None, as_user: As = None, as_json: Json = False) -> None:
    """Say what is expired and still used, beaten everywhere, the wrong way round or below cost, and what to do."""
    actor = acting.current_actor(as_user)
    language.use(actor.language)
    with db.read() as session:
        account_id = None if account is None else accounts.get_by_code(session, actor, account).id
        found = term_findings.lint(session, actor, account_id)
    if as_json:
        acting.print_json(
            {
                "findings": [
                    {
                        "rule": one.rule.value,
                        "severity": one.severity.value,
                        "terms": list(one.terms),
                        "message": one.sentence,
                    }
                    for one in found
                ]
            }
        )
        return
    for one in found:
        typer.echo(f"{one.severity.value:<8} {one.rule.value:<20} {one.sentence}")


@_GROUP.command("export")
def export(
    account: Account = None,
    form: Annotated[Format, typer.Option("--format")] = Format.YAML,
    out: Annotated[Path | None, typer.Option("--out", help="The file; standard output if left out.")] = None,
    as_user: As = None,
) -> None:
    """Write the terms of an account, or of all, as a file that `import terms` reads back."""
    exporting.export(BatchKind.TERMS, account, form, out, as_user)
