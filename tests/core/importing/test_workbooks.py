from __future__ import annotations

import io
import time
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from core.errors import Invalid
from core.importing import files, workbooks


def workbook(**sheets) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, (date, datetime)):
                    sheet.write_datetime(number, place, cell, day)
                else:
                    sheet.write(number, place, cell)
    book.close()
    return stream.getvalue()


def received(data: bytes):
    return files.receive(io.BytesIO(data), "orders.xlsx")


def texts(upload, header):
    column = files.read_columns(upload, [header]).columns[header]
    return [column.texts[code] for code in column.codes]


def test_numbers_and_days_of_a_workbook_come_in_the_one_notation_that_is_never_ambiguous():
    upload = received(
        workbook(
            Orders=[
                ["no", "on", "price"],
                [536365, date(2011, 3, 4), 1.234],
                [17850.0, date(2011, 3, 5), 0.1 + 0.2],
            ]
        )
    )

    assert texts(upload, "no") == ["536365", "17850"]
    assert texts(upload, "on") == ["2011-03-04", "2011-03-05"]
    assert texts(upload, "price") == ["1.2340", "0.3"]


def test_an_empty_sheet_is_no_choice_but_two_filled_ones_are():
    one = received(workbook(Empty=[], Orders=[["a", "b"], [1, 2]]))
    two = received(workbook(First=[["a", "b"], [1, 2]], Second=[["c", "d"], [3, 4]]))

    assert one.sheet == "Orders"
    assert two.sheet is None
    assert two.sheets == ("First", "Second")
    assert files.choose_sheet(two, "Second").headers == ("c", "d")
    with pytest.raises(Invalid, match="First, Second"):
        files.choose_sheet(two, "Third")


def test_rows_are_named_by_their_number_in_the_sheet():
    upload = received(workbook(Orders=[[], ["a", "b"], [1, 2], [], [3, 4]]))

    assert files.read_columns(upload, ["a"]).lines.tolist() == [3, 5]


def archive(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def replaced(data: bytes, part: str, content: bytes) -> bytes:
    """The same workbook with one part exchanged."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
FOOT = b"</sheetData></worksheet>"


def far_cell() -> bytes:
    cell = b'<row r="%d"><c r="%s"><v>1</v></c></row>'
    content = HEAD + cell % (1, b"A1") + cell % (1_048_576, b"XFD1048576") + FOOT
    return replaced(workbook(Orders=[["a"]]), SHEET, content)


def many_rows() -> bytes:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 400_000))
    return replaced(workbook(Orders=[["a"]]), SHEET, HEAD + rows + b" " * 300_000_000 + FOOT)


def shared_strings() -> bytes:
    strings = (
        b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
    )
    return replaced(
        workbook(Orders=[["a"]]), "xl/sharedStrings.xml", strings + b"A" * 200_000_000 + b"</t></si></sst>"
    )


def laughs() -> bytes:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    content = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">' + entities + b"]>" + HEAD[21:] + FOOT
    return replaced(workbook(Orders=[["a"]]), SHEET, content)


HOSTILE = {
    "a cell in the last corner": far_cell,
    "300 MB of one sheet": many_rows,
    "200 MB of one text": shared_strings,
    "entities that multiply": laughs,
    "no workbook at all": lambda: archive(readme=b"hello"),
    "a cut-off archive": lambda: workbook(Orders=[["a"]])[:400],
    "a damaged sheet": lambda: replaced(workbook(Orders=[["a"]]), SHEET, b"<worksheet"),
    "macros": lambda: archive(xl__workbook=b"", **{"xl/workbook.xml": b"<a/>", "xl/vbaProject.bin": b"x"}),
    "a way out of the folder": lambda: archive(**{"xl/workbook.xml": b"<a/>", "../../etc/passwd": b"x"}),
    "a password": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_within_seconds(name):
    data = HOSTILE[name]()
    started = time.monotonic()

    with pytest.raises(Invalid) as refused:
        upload = received(data)
        files.read_columns(upload, list(upload.headers))

    assert refused.value.message.endswith(".")
    assert time.monotonic() - started < 5


def test_more_columns_than_allowed_are_refused_with_the_limit():
    with pytest.raises(Invalid, match="200 columns"):
        received(workbook(Orders=[list(range(201))]))


def test_a_workbook_beyond_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(workbooks, "LARGEST_WORKBOOK", 1000)

    with pytest.raises(Invalid, match="larger than"):
        received(workbook(Orders=[["a", "b"], [1, 2]]))
