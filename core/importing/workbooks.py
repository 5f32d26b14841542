"""Workbooks: looked at from outside first, and opened only in a child process that may die."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from core.errors import Invalid
from core.importing import workbook_child
from core.language import _

LARGEST_WORKBOOK = 25 * 1024 * 1024
MOST_UNPACKED = 400 * 1024 * 1024
MOST_PARTS = 2_000
MOST_ROWS, MOST_COLUMNS = 1_048_576, 200

_RATIO = 100
_RATIO_MATTERS_FROM = 5 * 1024 * 1024
_SECONDS = 90
_MEMORY = 1536 * 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0"


def is_workbook(path: Path) -> bool:
    """Whether a file is a zip archive, as every XLSX is, or an older or encrypted workbook."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == _OLE:
        raise Invalid(
            _("This is an old .xls workbook or one with a password. Save it as .xlsx without a password.")
        )
    return head.startswith(b"PK")


def check(path: Path) -> None:
    """Refuse a workbook that is too large or no workbook, before anything is unpacked."""
    if path.stat().st_size > LARGEST_WORKBOOK:
        raise Invalid(
            _("The workbook is larger than {limit} MB. Save the sheet as CSV and upload that.").format(
                limit=LARGEST_WORKBOOK // (1024 * 1024)
            )
        )
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
        raise Invalid(damaged()) from error
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names and "xl/workbook.bin" not in names:
        raise Invalid(_("This archive is no XLSX workbook. Save the table as CSV or XLSX and upload that."))
    if "xl/vbaProject.bin" in names:
        raise Invalid(_("The workbook contains macros. Save it as .xlsx without macros and upload that."))
    if any(part.flag_bits & 1 for part in parts):
        raise Invalid(_("The workbook is encrypted. Save it without a password and upload it again."))
    if any(_is_outside(name) for name in names) or len(parts) > MOST_PARTS or len(names) < len(parts):
        raise Invalid(damaged())
    if sum(part.file_size for part in parts) > MOST_UNPACKED or any(map(_is_bomb, parts)):
        raise Invalid(
            _("The workbook unpacks to far more than its size allows. Save the sheet as CSV and upload that.")
        )


def sheets(path: Path) -> list[str]:
    """The names of the sheets that have rows."""
    return [str(name) for name in json.loads(_child("list", str(path)))]


def convert(path: Path, sheet: str, target: Path) -> None:
    """Write one sheet as a CSV file: numbers with a point, days as YYYY-MM-DD."""
    _child("convert", str(path), sheet, str(target))


def damaged() -> str:
    return _("This workbook is damaged or too large to open. Save the sheet as CSV and upload that.")


def _is_outside(name: str) -> bool:
    return name.startswith(("/", "\\")) or ":" in name or ".." in name.replace("\\", "/").split("/")


def _is_bomb(part: zipfile.ZipInfo) -> bool:
    return part.file_size > _RATIO_MATTERS_FROM and part.file_size > _RATIO * max(part.compress_size, 1)


def _child(*arguments: str) -> str:
    """Run the child on a workbook; whatever ends it, the answer is a sentence."""
    program = str(Path(workbook_child.__file__).resolve())
    command = [
        sys.executable,
        "-I",
        program,
        *arguments,
        str(_MEMORY),
        str(_SECONDS),
        str(MOST_ROWS),
        str(MOST_COLUMNS),
    ]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "RUST_BACKTRACE": "0"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise Invalid(damaged()) from error
    if done.returncode == workbook_child.TOO_LARGE:
        raise Invalid(
            _("The sheet has more than {rows} rows or {columns} columns.").format(
                rows=MOST_ROWS, columns=MOST_COLUMNS
            )
        )
    if done.returncode != 0:
        raise Invalid(damaged())
    return done.stdout.decode("utf-8")
