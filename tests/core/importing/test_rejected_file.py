from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import db, importing
from core.auth import OPERATOR
from core.importing import Options, cells
from core.vocabulary import BatchKind
from tests.core.importing.bringing import bring, counts, net, orders

FILE = (
    "order_no,ordered_on,account,product,quantity,unit_price,product_name\n"
    "S1,2026-01-05,A,P1,10,2.50,=1+1\n"
    "S1,2026-01-05,A,P2,four,5.00,@risk\n"
    "S2,2026-02-01,B,P1,2,3.00,plain\n"
    "S3,2026-02-30,B,P1,-2,3.00,+60 12 345\n"
)


def refused(text: str, as_workbook: bool = False) -> bytes:
    upload = importing.receive(io.BytesIO(text.encode()), "file.csv")
    options = Options(columns=importing.explicit(BatchKind.ORDERS, upload, {}), create_missing=True)
    with db.read() as session:
        importing.check(session, OPERATOR, BatchKind.ORDERS, upload, options)
    made = importing.rejected_xlsx(upload) if as_workbook else importing.rejected_csv(upload)
    importing.discard(upload)
    return made


@pytest.mark.usefixtures("sqlite_store")
def test_refused_rows_come_with_their_reasons_and_the_lines_that_belong_to_them():
    rows = list(csv.reader(io.StringIO(refused(FILE).decode("utf-8-sig"))))

    assert rows[0][-1] == "Utama: reasons"
    assert [(row[0], row[3], row[-1]) for row in rows[1:]] == [
        ("S1", "P1", "in order; it belongs to an order with a refused row"),
        ("S1", "P2", "quantity: this is not a number"),
        ("S3", "P1", "ordered_on: this is not a date"),
    ]
    # What a spreadsheet would take for a formula is disarmed; a plain negative number stays one.
    assert [row[6] for row in rows[1:]] == ["'=1+1", "'@risk", "+60 12 345"]
    assert rows[3][4] == "-2"


@pytest.mark.usefixtures("sqlite_store")
@pytest.mark.parametrize("as_workbook", [False, True])
def test_the_corrected_file_of_refused_rows_completes_the_import(as_workbook):
    orders(FILE, skip_rejected=True)
    assert net() == 31  # 25 + 6

    made = refused(FILE, as_workbook)
    if as_workbook:
        upload = importing.receive(io.BytesIO(made), "refused.xlsx")
        read = csv.reader(upload.text.open(encoding="utf-8", newline=""))
        made = "\n".join(",".join(f'"{cell}"' for cell in row) for row in read).encode()
    corrected = made.replace(b"four", b"4").replace(b"2026-02-30", b"2026-02-28")
    outcome = bring("orders", corrected, create_missing=True)

    assert counts(outcome.check) == (3, 3, 2, 0, 0)
    assert net() == 45  # 25 + 20 + 6 − 6


@pytest.mark.usefixtures("sqlite_store")
def test_a_corrected_file_is_known_by_the_header_of_its_original():
    text = FILE.replace("order_no", "Bil. Pesanan")
    bring(
        "orders",
        text.replace("four", "4").replace("02-30", "02-28"),
        create_missing=True,
        columns={"order_no": "Bil. Pesanan"},
    )
    header = text.splitlines()[0]

    upload = importing.receive(io.BytesIO((header + ",Utama: reasons\n").encode()), "again.csv")
    with db.read() as session:
        suggested = importing.suggest(session, OPERATOR, BatchKind.ORDERS, upload)

    assert suggested["order_no"] == "Bil. Pesanan"
    assert "Utama: reasons" not in suggested.values()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_no_cell_of_the_file_starts_a_formula_and_reading_it_gives_the_cell_back(text):
    cell = cells.clean(text)
    shown = cells.disarmed(cell)

    if shown.startswith(("=", "+", "-", "@", "\t", "\r")):
        assert (
            set(shown) <= set("+-0123456789., \u00a0")
            or shown.lstrip("+-").replace(",", "").replace(".", "").replace(" ", "").isdigit()
        )
    assert cells.clean(shown) == cell
