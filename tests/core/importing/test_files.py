from __future__ import annotations

import io
import resource
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.importing import files

ROWS = [
    ["order", "name", "price"],
    ["A1", "Kopi, O “ais”", "1.50"],
    ["A2", "Teh tarik", "2.25"],
    ["A3", "Ikan", "9"],
]


def received(data: bytes, name: str = "orders.csv"):
    return files.receive(io.BytesIO(data), name)


def texts(upload, header):
    column = files.read_columns(upload, [header]).columns[header]
    return [column.texts[code] for code in column.codes]


def written(rows, delimiter, newline):
    quoted = [
        '"' + cell.replace('"', '""') + '"' if set(cell) & set(',;\t|"\n') else cell
        for row in rows
        for cell in row
    ]
    cells = iter(quoted)
    return newline.join(delimiter.join(next(cells) for _cell in row) for row in rows) + newline


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_file_is_read_however_it_is_written(encoding, delimiter, newline):
    upload = received(written(ROWS, delimiter, newline).encode(encoding))

    assert upload.headers == ("order", "name", "price")
    assert texts(upload, "order") == ["A1", "A2", "A3"]
    assert texts(upload, "name") == ["Kopi, O “ais”", "Teh tarik", "Ikan"]


def test_a_line_break_inside_quotes_stays_in_its_cell():
    upload = received(b'order,name\nA1,"two\nlines"\nA2,one\n')

    table = files.read_columns(upload, ["name"])

    assert table.columns["name"].texts == ["two lines", "one"]
    assert table.lines.tolist() == [2, 4]


def test_short_rows_are_filled_and_long_ones_marked():
    upload = received(b"a,b,c\n1\n1,2,3,4\n1,2,3,,\n\n,,\n")

    table = files.read_columns(upload, ["a", "c"])

    assert table.rows == 3  # blank rows are not read
    assert table.too_wide.tolist() == [False, True, False]


def test_repeated_and_empty_headers_can_be_told_apart():
    assert received(b"price,price,,price\n1,2,3,4\n").headers == (
        "price",
        "price (2)",
        "Column 3",
        "price (3)",
    )


def test_the_line_that_names_the_sign_is_no_row():
    upload = received(b"sep=;\na;b\n1;2\n")

    assert upload.headers == ("a", "b")
    assert texts(upload, "b") == ["2"]


def test_zero_bytes_and_control_characters_are_taken_out():
    upload = received(b"a,b\n" + b"plain,row\n" * 60 + b"x\x00y,z\x07\n")

    assert texts(upload, "a")[-1] == "xy"
    assert texts(upload, "b")[-1] == "z"


def test_the_quote_that_disarms_a_formula_is_taken_off_again():
    upload = received(b"a,b\n'=1+1,'abc\n")

    assert texts(upload, "a") == ["=1+1"]
    assert texts(upload, "b") == ["'abc"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n\n",
        b"%PDF-1.7 whatever",
        b"\xd0\xcf\x11\xe0" + b"\x00" * 100,
        bytes(range(256)) * 50,
        b'a,b\n1,2\n3,"never closed\n4,5\n6,7\n',
        b"a" * 2_000_000,
        b"," * 5_000 + b"\n",
        b'a,b\n"' + b"x" * 500_000 + b"\n",
        b'a,b\n"' + b"x\n" * 3_000_000,
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_sentence_within_seconds(data):
    started = time.monotonic()

    with pytest.raises(Invalid) as refused:
        upload = received(data)
        files.read_columns(upload, list(upload.headers))

    assert refused.value.message.endswith(".") or refused.value.message.endswith("?")
    assert time.monotonic() - started < 5


def test_a_file_beyond_the_limit_is_refused_while_it_is_copied():
    with pytest.raises(Invalid, match="larger than 1 MB"):
        files.receive(io.BytesIO(b"a,b\n" + b"1,2\n" * 500_000), "orders.csv", largest=1024 * 1024)


def test_a_refused_file_leaves_nothing_behind(tmp_path):
    with pytest.raises(Invalid):
        received(b"")

    assert list((tmp_path / "uploads").iterdir()) == []


def test_half_a_million_commas_in_one_line_cost_little_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(Invalid):
        received(b"a,b\n" + b"," * 60_000_000)

    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 400


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_sentence(data):
    # Any other exception would end the test: only a refusal with a sentence is let through.
    with suppress(Invalid):
        upload = received(data)
        files.read_columns(upload, list(upload.headers))
