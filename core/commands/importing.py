"""Commands that bring files in, and take an import back."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from core import db, importing, settings
from core.auth import Actor
from core.commands import acting
from core.errors import Invalid, Unavailable
from core.importing import Options, Outcome, Question, Reason, Upload
from core.language import _
from core.vocabulary import BatchKind

_GROUP = typer.Typer(
    no_args_is_help=True, help="Bring files in, or take an import back: `import undo BATCH`."
)


class MissingAccount(StrEnum):
    REJECT = "reject"
    UNASSIGNED = "unassigned"


class OnError(StrEnum):
    STOP = "stop"
    SKIP = "skip"


class DateOrder(StrEnum):
    DAY = "day"
    MONTH = "month"


class Decimals(StrEnum):
    POINT = "point"
    COMMA = "comma"


Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="CSV, TSV or XLSX.")]
Columns = Annotated[
    list[str] | None, typer.Option("--column", metavar="FIELD=HEADER", help="Which column is which field.")
]
Map = Annotated[Path | None, typer.Option("--map", metavar="FILE.toml", help="The same, from a file.")]
Missing = Annotated[
    MissingAccount, typer.Option("--missing-account", help="What to do with rows without an account.")
]
Create = Annotated[
    bool, typer.Option("--create-missing", help="Create accounts and products that are unknown.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
WhenRefused = Annotated[
    OnError, typer.Option("--on-error", help="A refused row: apply nothing, or skip the row.")
]
Order = Annotated[
    DateOrder | None, typer.Option("--date-order", help="Whether 03/04/2026 begins with the day or month.")
]
Decimal = Annotated[Decimals | None, typer.Option("--decimal", help="Whether 1,234 has a decimal comma.")]
Sheet = Annotated[str | None, typer.Option("--sheet", help="Which sheet of a workbook.")]
Source = Annotated[str | None, typer.Option("--source", help="Which system's account codes the file uses.")]


@dataclass(frozen=True)
class _Wish:
    """Everything that the command line said, the files apart."""

    columns: list[str]
    map: Path | None
    missing: MissingAccount
    create: bool
    dry_run: bool
    on_error: OnError
    date_order: DateOrder | None
    decimal: Decimals | None
    sheet: str | None
    source: str | None
    json: bool


def register(app: typer.Typer) -> None:
    for kind in BatchKind:
        _GROUP.command(kind.value, help=f"Import {kind.value}.")(_command(kind))
    app.add_typer(_GROUP, name="import")


def _command(kind: BatchKind) -> Any:
    """The command of one kind; all take the same options."""

    def command(  # noqa: PLR0913, PLR0917  (each argument is one option of the command line)
        files: Files,
        column: Columns = None,
        map_file: Map = None,
        missing_account: Missing = MissingAccount.REJECT,
        create_missing: Create = False,
        dry_run: DryRun = False,
        on_error: WhenRefused = OnError.STOP,
        date_order: Order = None,
        decimal: Decimal = None,
        sheet: Sheet = None,
        source: Source = None,
        username: acting.As = None,
        json: acting.Json = False,
    ) -> None:
        wish = _Wish(
            column or [], map_file, missing_account, create_missing, dry_run, on_error, date_order, decimal, sheet,
            source, json,
        )  # fmt: skip
        _import(kind, files, wish, username)

    return command


@_GROUP.command("undo")
def undo(batch: Annotated[int, typer.Argument(help="The number of the import.")], username: acting.As = None,
         json: acting.Json = False) -> None:  # fmt: skip
    """Take an import back, as long as nothing builds on it."""
    actor = acting.current_actor(username)
    with db.write() as session:
        importing.undo(session, actor, batch)
    if json:
        acting.print_json({"batch": str(batch), "undone": True})
    typer.echo(_("Import {batch} was undone.").format(batch=batch), err=True)


def _import(kind: BatchKind, files: list[Path], wish: _Wish, username: str | None) -> None:
    given = _given(wish.columns)
    actor = acting.current_actor(username)
    with db.read() as session:
        if settings.get(session).demo:
            typer.echo(
                _("The store holds the demo company; `python -m core demo --remove` empties it first."),
                err=True,
            )
    documents, failed = [], False
    for path in files:
        document, refusal = _one(kind, path, wish, given, actor)
        documents.append(document)
        failed = failed or refusal is not None
        if refusal:
            typer.echo(refusal, err=True)
            if wish.on_error is OnError.STOP:
                break
    if wish.json:
        acting.print_json(documents[0] if len(files) == 1 else documents)
    if failed:
        raise typer.Exit(1)


def _given(pairs: list[str]) -> dict[str, str]:
    given = {}
    for pair in pairs:
        name, sign, header = pair.partition("=")
        if not sign or not name.strip() or not header.strip():
            raise typer.BadParameter(_("write --column FIELD=HEADER, such as order_no=InvoiceNo"))
        given[name.strip()] = header
    return given


def _one(
    kind: BatchKind, path: Path, wish: _Wish, given: dict[str, str], actor: Actor
) -> tuple[dict[str, Any], str | None]:
    """Import one file: what to print, and the sentence where it was refused."""
    try:
        upload = _receive(path)
    except OSError as error:
        raise Unavailable(
            _("{file} cannot be read: {reason}.").format(file=path, reason=error.strerror)
        ) from error
    try:
        said = {**(importing.from_toml(wish.map, kind) if wish.map else {}), **given}
        upload = _sheet(kind, upload, wish, said)
        outcome = _run(kind, upload, wish, said, actor)
    finally:
        importing.discard(upload)
    return _document(outcome), _refusal(path, wish, outcome)


def _receive(path: Path) -> Upload:
    with path.open("rb") as stream:
        return importing.receive(stream, path.name)


def _sheet(kind: BatchKind, upload: Upload, wish: _Wish, said: dict[str, str]) -> Upload:
    """The sheet that is named, or the only one that has every column that is needed."""
    if wish.sheet is not None:
        if not upload.sheets:
            raise Invalid(_("The file is no workbook and has no sheets."))
        return importing.choose_sheet(upload, wish.sheet)
    if upload.sheet is not None or not upload.sheets:
        return upload
    needed = {field.name for field in importing.FIELDS[kind] if field.required}
    fitting = []
    for name in upload.sheets:
        try:
            sheet = importing.choose_sheet(upload, name)
            if needed <= importing.explicit(kind, sheet, said).keys():
                fitting.append(sheet)
        except Invalid:
            continue
    if len(fitting) == 1:
        return fitting[0]
    raise Invalid(
        _("The workbook has several sheets: {sheets}. Choose one with --sheet.").format(
            sheets=", ".join(upload.sheets)
        )
    )


def _run(kind: BatchKind, upload: Upload, wish: _Wish, said: dict[str, str], actor: Actor) -> Outcome:
    options = Options(
        columns=importing.explicit(kind, upload, said),
        missing_account=wish.missing.value,
        create_missing=wish.create,
        skip_rejected=wish.on_error is OnError.SKIP,
        decimals=wish.decimal.value if wish.decimal else None,
        date_order=wish.date_order.value if wish.date_order else None,
        source=wish.source,
    )
    if wish.dry_run:
        with db.read() as session:
            return Outcome(importing.check(session, actor, kind, upload, options, _progress), None, 0.0)
    return importing.apply(actor, kind, upload, options, _progress)


def _progress(stage: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{stage}: {done:,} / {total:,}   ")
        if done >= total:
            sys.stderr.write("\r\033[K")


def _document(outcome: Outcome) -> dict[str, Any]:
    checked = outcome.check
    return {
        "batch": None if outcome.batch_id is None else str(outcome.batch_id),
        "read": str(checked.read),
        "accepted": str(checked.accepted),
        "changed": str(checked.changed),
        "unchanged": str(checked.unchanged),
        "rejected": str(checked.rejected),
        "seconds": f"{outcome.seconds:.3f}",
        "reasons": [_counted(one) for one in checked.reasons],
        "warnings": [_counted(one) for one in checked.warnings],
    }


def _counted(one: Reason) -> dict[str, Any]:
    return {"reason": one.reason, "rows": str(one.rows)}


def _refusal(path: Path, wish: _Wish, outcome: Outcome) -> str | None:
    """The sentence where nothing was applied that should have been; what was done goes to standard error."""
    checked = outcome.check
    if checked.questions:
        return " ".join(_asked(question) for question in checked.questions)
    counts = _("{file}: {read} rows read, {accepted} accepted, {unchanged} unchanged, {rejected} rejected.").format(
        file=path.name, read=checked.read, accepted=checked.accepted, unchanged=checked.unchanged,
        rejected=checked.rejected,
    )  # fmt: skip
    reasons = [f"  {one.rows} × {one.reason}" for one in checked.reasons]
    if checked.rejected and wish.on_error is OnError.STOP:
        hint = _("Nothing was applied. Correct the rows, or apply the rest with --on-error skip.")
        return "\n".join([counts, *reasons, hint])
    typer.echo("\n".join([counts, *reasons]), err=True)
    return None


def _asked(question: Question) -> str:
    headers, examples = ", ".join(question.headers), ", ".join(question.examples)
    if question.about == "decimal":
        return _(
            "{examples} in {headers} can be read with a decimal point or a decimal comma. "
            "Say which: --decimal point or --decimal comma."
        ).format(examples=examples, headers=headers)
    return _(
        "{examples} in {headers} can begin with the day or with the month. "
        "Say which: --date-order day or --date-order month."
    ).format(examples=examples, headers=headers)
