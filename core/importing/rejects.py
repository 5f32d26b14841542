"""Refused rows: shown with their reasons, kept with the batch, and written to a file that can be corrected."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import xlsxwriter
from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.importing import cells, files
from core.importing.files import Upload
from core.importing.findings import CellProblem, Findings
from core.importing.tables import Mask, Table
from core.language import _
from core.models import ImportReject

# The same in every language, so that a corrected file is recognised by whoever uploads it.
REASON_HEADER = "Utama: reasons"
MOST_SHOWN = 200
MOST_KEPT = 10_000


@dataclass(frozen=True)
class RefusedRow:
    """One refused row as it stands in the file."""

    line: int
    cells: tuple[str, ...]
    problems: tuple[CellProblem, ...]


def first(upload: Upload, table: Table, found: Findings, most: int = MOST_SHOWN) -> tuple[RefusedRow, ...]:
    """The first refused rows with what is wrong with each cell."""
    return tuple(_rows(upload, table, found, np.flatnonzero(found.refused)[:most]))


def keep(session: Session, batch_id: int, upload: Upload, table: Table, found: Findings) -> None:
    """Keep the refused rows of a batch that was applied without them."""
    refused = _rows(upload, table, found, np.flatnonzero(found.refused)[:MOST_KEPT])
    while block := list(islice(refused, 1000)):
        rows = [
            {
                "batch_id": batch_id,
                "row_no": row.line,
                "reasons": [{"field": one.field, "reason": one.reason} for one in row.problems],
                "row": dict(zip(upload.headers, row.cells, strict=False)),
            }
            for row in block
        ]
        session.execute(insert(ImportReject), rows)


def write(upload: Upload, table: Table, found: Findings, belonging: Mask) -> None:
    """Write the file of refused rows beside the upload; remove an older one where nothing is refused."""
    path = csv_path(upload)
    if not belonging.any():
        path.unlink(missing_ok=True)
        return
    headers = [header for header in upload.headers if header != REASON_HEADER]
    kept = [place for place, header in enumerate(upload.headers) if header != REASON_HEADER]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*map(cells.disarmed, headers), REASON_HEADER])
        for row in _rows(upload, table, found, np.flatnonzero(belonging)):
            reasons = "; ".join(
                f"{one.field}: {one.reason}" if one.field else one.reason for one in row.problems
            )
            given = [cells.disarmed(row.cells[place]) for place in kept]
            writer.writerow(
                [*given, cells.disarmed(reasons or _("in order; it belongs to an order with a refused row"))]
            )


def csv_path(upload: Upload) -> Path:
    return upload.path.parent / "refused.csv"


def rejected_csv(upload: Upload) -> bytes:
    """The refused rows as CSV, after a check; empty where there are none."""
    path = csv_path(upload)
    return path.read_bytes() if path.exists() else b""


def rejected_xlsx(upload: Upload) -> bytes:
    """The same as a workbook: every cell is text, so that nothing is turned into a formula."""
    path = csv_path(upload)
    if not path.exists():
        return b""
    target = upload.path.parent / "refused.xlsx"
    book = xlsxwriter.Workbook(str(target), {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file)):
            for place, cell in enumerate(row):
                sheet.write_string(number, place, cells.clean(cell))
    book.close()
    return target.read_bytes()


def _rows(upload: Upload, table: Table, found: Findings, places: np.ndarray) -> Iterator[RefusedRow]:
    by_line = dict(zip(table.lines[places].tolist(), places.tolist(), strict=True))
    for line, row in files.read_rows(upload, set(by_line)):
        yield RefusedRow(line, tuple(cells.clean(cell) for cell in row), found.at(by_line[line]))
