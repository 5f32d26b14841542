"""A report as a workbook: numbers as numbers, laid out to be printed on A4."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from core import formats
from core.reports.sheets import Cell, Sheet, Table, cell

_PERCENT = "0.0%"


def write(sheet: Sheet) -> bytes:
    """The workbook; texts are never taken for formulas."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet(sheet.title[:31].replace("/", "-").replace("'", ""))
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    page.set_footer(f"&L{sheet.title}&R&P / &N")
    looks = _Looks(book, sheet.currency)
    page.write_string(0, 0, sheet.title, looks.title)
    row = 1
    for line in sheet.lines:
        page.write_string(row, 0, line, looks.quiet)
        row += 1
    for table in sheet.tables:
        row = _table(page, looks, table, row + 1)
    _columns(page, sheet)
    book.close()
    return target.getvalue()


class _Looks:
    """The formats of cells, each made once."""

    def __init__(self, book: Any, currency: str) -> None:
        self._book, self._made = book, {}  # type: ignore[var-annotated]
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.heading = book.add_format({"bold": True, "font_size": 12, "top": 1})
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.quiet = book.add_format({"font_color": "#5c6664"})
        self.text = book.add_format({"text_wrap": True, "valign": "top"})
        self._money = f'"{formats.symbol(currency)}" #,##0.00'

    def of(self, found: Cell) -> Any:
        pattern = {
            "money": self._money,
            "ratio": _PERCENT,
            "points": "+0.0%;-0.0%;0.0%",
            "index": "#,##0.0",
        }.get(found.unit, "#,##0")
        if found.is_change and found.unit == "ratio":
            pattern = "+0.0%;-0.0%;0.0%"
        if pattern not in self._made:
            self._made[pattern] = self._book.add_format({"num_format": pattern, "valign": "top"})
        return self._made[pattern]


def _table(page: Any, looks: _Looks, table: Table, row: int) -> int:
    """Heading, head, rows and note; the first row below."""
    page.write_string(row, 0, table.title, looks.heading)
    for place, column in enumerate(table.columns):
        page.write_string(row + 1, place, column.label, looks.head)
    row += 2
    for values in table.rows:
        for place, (value, column) in enumerate(zip(values, table.columns, strict=True)):
            found = cell(value, column)
            if isinstance(found, str):
                page.write_string(row, place, found, looks.text)
            elif found.value is not None:
                page.write_number(row, place, float(found.value), looks.of(found))
            else:
                page.write_string(row, place, formats.UNKNOWN, looks.quiet)
        row += 1
    if table.note:
        page.write_string(row, 0, table.note, looks.quiet)
        row += 1
    return row


def _columns(page: Any, sheet: Sheet) -> None:
    """Each column as wide as the widest table wants it."""
    count = max(len(table.columns) for table in sheet.tables)
    for place in range(count):
        wanted = [table.columns[place].width for table in sheet.tables if place < len(table.columns)]
        page.set_column(place, place, max(wanted))
