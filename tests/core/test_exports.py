"""Files out hold what their reader may see, are harmless in a spreadsheet, and are on record."""

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from core import clock, db, exports, rollups, targets
from core.commands import exporting
from core.errors import Forbidden, Invalid, NotFound
from core.exports import Format
from core.models import AuditEntry, ListPrice, UnitCost
from core.vocabulary import BatchKind, Permission, Role
from tests import factories


@pytest.fixture
def sold(session, kam, other_kam, director):
    harbour = factories.account(
        session, kam, "HARBOUR", name="=cmd|' /C calc'!A0", country="@home", payment_days=30
    )
    hill = factories.account(session, other_kam, "HILL", credit_limit=Decimal(1000))
    tea = factories.product(session, "TEA", name="+Tea", category="Drinks")
    recorded = clock.now()
    session.add(
        ListPrice(
            product_id=tea.id,
            valid_from=date(2020, 1, 1),
            valid_to=date(2021, 1, 1),
            price=Decimal(9),
            recorded_at=recorded,
        )
    )
    session.add(
        ListPrice(product_id=tea.id, valid_from=date(2021, 1, 1), price=Decimal("10.5"), recorded_at=recorded)
    )
    session.add(
        UnitCost(product_id=tea.id, valid_from=date(2021, 1, 1), cost=Decimal(6), recorded_at=recorded)
    )
    factories.line(
        session, harbour, tea, date(2026, 1, 5), quantity="-2", net_price="9.5", unit_cost="6", order_no="R1"
    )
    factories.line(session, hill, tea, date(2026, 1, 6), quantity="100", order_no="S1")
    targets.set_many(session, director, harbour.id, {date(2026, 1, 1): (Decimal(500), Decimal(120))})
    rollups.rebuild(session)
    session.flush()


def _rows(session, actor, kind, **options):
    stream = io.BytesIO()
    exports.write(exports.prepare(session, actor, kind, **options), stream, Format.CSV)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8"))))


def test_a_manager_takes_out_own_accounts_and_their_orders_only(session, sold, kam, director):
    assert [row["code"] for row in _rows(session, kam, BatchKind.ACCOUNTS)] == ["HARBOUR"]
    assert [row["order_no"] for row in _rows(session, kam, BatchKind.ORDERS)] == ["R1"]
    assert [row["account"] for row in _rows(session, kam, BatchKind.TARGETS)] == ["HARBOUR"]
    assert [row["code"] for row in _rows(session, director, BatchKind.ACCOUNTS)] == ["HARBOUR", "HILL"]
    with pytest.raises(NotFound):
        exports.prepare(session, kam, BatchKind.ORDERS, account_code="HILL")


def test_cost_and_margin_are_left_out_without_their_permission(session, sold, viewer, director):
    assert not {"unit_cost", "base_cost_amount"} & _rows(session, viewer, BatchKind.ORDERS)[0].keys()
    assert "unit_cost" not in _rows(session, viewer, BatchKind.PRODUCTS)[0]
    assert "margin" not in _rows(session, viewer, BatchKind.TARGETS)[0]
    assert _rows(session, director, BatchKind.PRODUCTS)[0]["unit_cost"] == "6"
    assert _rows(session, director, BatchKind.TARGETS)[0]["margin"] == "120"


def test_what_looks_like_a_formula_is_text_and_numbers_stay_numbers(session, sold, director):
    account = _rows(session, director, BatchKind.ACCOUNTS)[0]
    line = _rows(session, director, BatchKind.ORDERS, account_code="HARBOUR")[0]

    assert account["name"] == "'=cmd|' /C calc'!A0"
    assert account["country"] == "'@home"
    assert line["product_name"] == "'+Tea"
    assert (line["quantity"], line["unit_price"], line["base_net_amount"]) == ("-2", "9.5", "-19")
    assert _rows(session, director, BatchKind.ORDERS, account_code="HILL")[0]["quantity"] == "100"


def test_products_come_with_the_price_in_force(session, sold, director):
    (product,) = _rows(session, director, BatchKind.PRODUCTS)

    assert (product["list_price"], product["valid_from"], product["category"]) == (
        "10.5",
        "2021-01-01",
        "Drinks",
    )


def test_a_workbook_holds_texts_numbers_and_days_and_no_formula(session, sold, director):
    calamine = pytest.importorskip("python_calamine")
    stream = io.BytesIO()

    count = exports.write(exports.prepare(session, director, BatchKind.ORDERS), stream, Format.XLSX)
    sheet = (
        calamine.CalamineWorkbook.from_filelike(io.BytesIO(stream.getvalue()))
        .get_sheet_by_index(0)
        .to_python()
    )

    first = dict(zip(sheet[0], sheet[1], strict=True))
    assert count == 2
    assert first["quantity"] == -2
    assert first["ordered_on"] == date(2026, 1, 5)
    assert first["product_name"] == "+Tea"
    with zipfile.ZipFile(stream) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_products_have_no_account(session, sold, director):
    with pytest.raises(Invalid):
        exports.prepare(session, director, BatchKind.PRODUCTS, account_code="HARBOUR")


def test_an_administrator_takes_nothing_out(session, sold):
    admin = exports.auth.actor_for(factories.user(session, "adam", Role.ADMIN))

    with pytest.raises(Forbidden):
        exports.prepare(session, admin, BatchKind.ACCOUNTS)
    assert not admin.may(Permission.DATA_EXPORT)


def test_the_command_writes_the_file_and_who_took_it_is_on_record(session, sold, tmp_path):
    session.commit()
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    exporting.register(app)

    result = CliRunner().invoke(app, ["export", "orders", "--account", "HARBOUR", "--as", "anna"])
    workbook = CliRunner().invoke(
        app, ["export", "accounts", "--format", "xlsx", "--out", str(tmp_path / "a.xlsx")]
    )

    assert (result.exit_code, workbook.exit_code) == (0, 0)
    assert [row["order_no"] for row in csv.DictReader(io.StringIO(result.stdout))] == ["R1"]
    assert (tmp_path / "a.xlsx").read_bytes().startswith(b"PK")
    with db.read() as reading:
        found = list(
            reading.scalars(
                select(AuditEntry).where(AuditEntry.action == "data:export").order_by(AuditEntry.id)
            )
        )
        assert [(entry.actor, entry.entity_key, entry.changes["rows"]) for entry in found] == [
            ("anna", "orders", [None, 1]),
            ("operator", "accounts", [None, 2]),
        ]
        assert found[0].account_id is not None
