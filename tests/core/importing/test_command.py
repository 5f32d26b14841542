from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from core import db
from core.commands import importing as commands
from core.errors import UtamaError
from core.vocabulary import Role
from tests import factories
from tests.core.importing.bringing import net
from tests.core.importing.test_workbooks import workbook

pytestmark = pytest.mark.usefixtures("sqlite_store")

FILE = "InvoiceNo,ordered_on,account,product,quantity,unit_price\nS1,2026-01-05,A,P1,10,2.50\n"
MAPPED = ["--column", "order_no=InvoiceNo", "--create-missing"]


@pytest.fixture
def run(tmp_path):
    app = typer.Typer()
    commands.register(app)
    app.command()(lambda: None)

    def call(*arguments, text=FILE, name="file.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        given = [str(path) if argument == "FILE" else argument for argument in arguments]
        result = CliRunner().invoke(app, ["import", *given])
        if isinstance(result.exception, UtamaError):
            return 1, result.exception.message
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, json.loads(result.stdout) if "--json" in arguments else result.output

    return call


def test_a_file_is_imported_and_taken_back(run):
    code, document = run("orders", "FILE", *MAPPED, "--json")

    seconds = document.pop("seconds")
    assert float(seconds) >= 0
    assert (code, document) == (
        0,
        {
            "batch": "1",
            "read": "1",
            "accepted": "1",
            "changed": "0",
            "unchanged": "0",
            "rejected": "0",
            "reasons": [],
            "warnings": [],
        },
    )
    assert net() == 25
    assert run("undo", "1")[0] == 0
    assert net() == 0


def test_a_rejected_row_stops_with_status_1_and_the_document_all_the_same(run):
    text = FILE + "S2,2026-01-05,A,P1,ten,2.50\n"

    stopped, document = run("orders", "FILE", *MAPPED, "--json", text=text)
    skipped, other = run("orders", "FILE", *MAPPED, "--json", "--on-error", "skip", text=text)

    assert (stopped, document["batch"], document["accepted"], document["rejected"]) == (1, None, "1", "1")
    assert document["reasons"] == [{"reason": "quantity: this is not a number", "rows": "1"}]
    assert (skipped, other["batch"], other["accepted"], other["rejected"]) == (0, "1", "1", "1")


def test_a_dry_run_says_what_would_happen(run):
    assert run("orders", "FILE", *MAPPED, "--dry-run", "--json")[1]["accepted"] == "1"
    assert net() == 0


def test_a_header_that_is_not_there_is_refused_with_those_that_are(run):
    code, sentence = run("orders", "FILE", "--column", "order_no=Invoice")

    assert code == 1
    assert "“Invoice”" in sentence
    assert "InvoiceNo, ordered_on" in sentence


def test_columns_may_stand_in_a_file(run, tmp_path):
    for number, content in enumerate(('order_no = "InvoiceNo"', '[columns]\norder_no = "InvoiceNo"')):
        path = tmp_path / f"map{number}.toml"
        path.write_text(content)

        assert (
            run("orders", "FILE", "--map", str(path), "--create-missing", "--dry-run", "--json")[1][
                "accepted"
            ]
            == "1"
        )


def test_an_ambiguous_file_is_refused_with_the_option_that_decides(run):
    text = FILE.replace("2026-01-05", "03/04/2026")

    code, output = run("orders", "FILE", *MAPPED, text=text)

    assert code == 1
    assert "--date-order day or --date-order month" in output
    assert run("orders", "FILE", *MAPPED, "--date-order", "day", text=text)[0] == 0


def test_wrong_usage_has_status_2(run):
    assert run("orders", "FILE", "--column", "order_no")[0] == 2
    assert run("orders")[0] == 2
    assert run("weather", "FILE")[0] == 2
    assert run("undo", "first")[0] == 2


def test_what_cannot_be_done_has_status_1(run):
    assert run("undo", "7") == (1, "There is no such import.")
    assert run("orders", "nowhere.csv")[0] == 1


def test_a_user_imports_with_their_own_permissions(run):
    with db.write() as session:
        factories.user(session, "vera", Role.VIEWER)

    assert run("orders", "FILE", *MAPPED, "--as", "vera")[0] == 1
    assert run("orders", "FILE", *MAPPED, "--as", "nobody")[0] == 1


def test_the_only_sheet_that_has_what_is_needed_is_taken(run):
    rows = [line.split(",") for line in FILE.splitlines()]
    book = workbook(Notes=[["about", "this"], ["x", "y"]], Orders=rows)

    assert run("orders", "FILE", *MAPPED, "--json", text=book, name="orders.xlsx")[1]["accepted"] == "1"
    twice = workbook(One=rows, Two=rows)
    assert run("orders", "FILE", *MAPPED, text=twice, name="orders.xlsx")[0] == 1
    assert run("orders", "FILE", *MAPPED, "--sheet", "Two", text=twice, name="orders.xlsx")[0] == 0


def test_several_files_are_imported_one_after_the_other(run, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(FILE.replace("S1", "S2"))

    code, documents = run("orders", "FILE", str(other), *MAPPED, "--json")

    assert code == 0
    assert [document["batch"] for document in documents] == ["1", "2"]
    assert net() == 50
