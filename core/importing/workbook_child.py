"""The child process that opens a workbook: it limits itself first, and may die without harm.

It is started by its path and imports nothing of Utama, so that it is up within a tenth of a second.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

TOO_LARGE = 3
DAMAGED = 4


def limit(memory: int, seconds: int) -> None:
    """Take memory and processor time away from this process, where the system can (Windows cannot)."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def as_text(cell: Any) -> str:
    """A cell in the one notation that leaves nothing to guess."""
    if isinstance(cell, str):
        return cell.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, (int, float)):
        return number_as_text(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    return str(cell)


def number_as_text(number: float) -> str:
    # Fifteen digits are what a spreadsheet itself shows: 0.30000000000000004 is 0.3.
    text = format(Decimal(format(number, ".15g")), "f") if isinstance(number, float) else str(number)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    # Three decimals could be read as thousands; a fourth says that the point is a decimal sign.
    return text + "0" if len(text.rpartition(".")[2]) == 3 and "." in text else text


def main(arguments: list[str]) -> int:
    action, path, *rest = arguments
    memory, seconds, most_rows, most_columns = (int(text) for text in rest[-4:])
    limit(memory, seconds)
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_path(path)
    if action == "list":
        filled = [name for name in workbook.sheet_names if workbook.get_sheet_by_name(name).height > 0]
        sys.stdout.write(json.dumps(filled))
        return 0
    sheet = workbook.get_sheet_by_name(rest[0])
    last_row, last_column = sheet.end or (0, 0)
    if last_row >= most_rows or last_column >= most_columns:
        return TOO_LARGE
    with Path(rest[1]).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([as_text(cell) for cell in row] for row in sheet.iter_rows())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Exception:  # noqa: BLE001  (the parent turns every end into one sentence)
        sys.exit(DAMAGED)
