"""The directors' overview: figures worked out by hand, each person's own slice, and files that say the same."""

import io
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from core import clock, db, directors, formats, kpi_details, kpi_trends, kpis, reports, rollups, targets
from core.auth import OPERATOR
from core.errors import Forbidden, Invalid
from core.filters import AccountFilter
from core.kpi_registry import KPIS, OF_WHOLE_ACCOUNTS
from core.kpis import Options
from core.models import AuditEntry
from core.periods import Period
from core.reports import directors as directors_report
from core.revenue import Dimension
from tests import factories

DAY = date(2026, 3, 31)
QUARTER = Period.of(date(2026, 1, 1), DAY)


@pytest.fixture(autouse=True)
def _end_of_march(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def trade(session, kam, other_kam, director):
    """Anna's grew from 100 to 120 (cost 72, target 150); Ben's fell from 200 to 50, with 20 of the new one."""
    soap = factories.product(session, "SOAP", category="Care")
    anna = factories.account(session, kam, "A", name="Anna's shop")
    ben = factories.account(session, other_kam, "B", name="Ben's <shop> & Co")
    new = factories.account(session, other_kam, "C", name="=New()")
    factories.line(session, anna, soap, date(2025, 2, 10), quantity="10", list_price="10")
    factories.line(
        session,
        anna,
        soap,
        date(2026, 2, 10),
        quantity="12",
        list_price="12.5",
        net_price="10",
        unit_cost="6",
    )
    factories.line(session, ben, soap, date(2025, 3, 1), quantity="20", list_price="10")
    factories.line(session, ben, soap, date(2026, 1, 4), quantity="5", list_price="10")
    factories.line(session, new, soap, date(2026, 3, 4), quantity="2", list_price="10")
    rollups.rebuild(session)
    months = {date(2026, month, 1): (Decimal(50), Decimal(20)) for month in range(1, 13)}
    targets.set_many(session, director, anna.id, months)
    session.flush()
    return anna, ben, new


def overview(session, actor, accounts=None):
    return directors.overview(session, actor, QUARTER, accounts or AccountFilter(), day=DAY)


def values(found):
    return {tile.kpi.name: tile.value for tile in found.tiles}


def test_the_figures_are_those_worked_out_by_hand(session, director, trade):
    found = overview(session, director)
    shown = values(found)

    assert shown["net_revenue"] == 190
    assert shown["margin"] == 48  # 120 − 72
    assert shown["margin_rate"] == Decimal(48) / 120
    assert shown["discount_rate"] == Decimal(30) / 220  # 150 − 120 of 150 + 50 + 20
    assert shown["target_attainment"] == Decimal(190) / 150
    assert shown["net_revenue_retention"] == Decimal(170) / 300
    assert shown["gross_revenue_retention"] == Decimal(150) / 300
    assert shown["active_accounts"] == 3
    assert shown["top_share"] == 1
    tile = found.tile["net_revenue"]
    assert (tile.before, tile.year_ago, tile.target) == (None, 300, 150)
    assert found.tile["margin_rate"].target == Decimal(60) / 150
    assert dict(tile.months)[date(2026, 2, 1)] == 120
    assert found.change == -110


def test_every_figure_is_the_one_of_the_command_line(session, director, trade):
    found = overview(session, director)
    names = [tile.kpi.name for tile in found.tiles]

    for span, of in ((QUARTER, lambda tile: tile.value), (QUARTER.previous(), lambda tile: tile.before),
                     (QUARTER.shifted(-12), lambda tile: tile.year_ago)):  # fmt: skip
        computed = kpis.compute(session, director, names, span, Options(top=directors.TOP))
        assert [one.figure.value for one in computed] == [of(tile) for tile in found.tiles]


def test_managers_stand_side_by_side_and_add_up(session, director, trade):
    found = overview(session, director)
    rows = {row.name: row for row in found.managers}

    assert (rows["Anna"].now.net, rows["Anna"].target, rows["Anna"].attainment) == (120, 150, Decimal("0.8"))
    assert (rows["Ben"].now.net, rows["Ben"].accounts, rows["Ben"].target) == (70, 2, None)
    assert sum(row.now.net for row in found.managers) == found.tile["net_revenue"].value
    assert sum(row.attention for row in found.managers) == len(found.decisions)


def test_a_manager_sees_only_their_own_slice(session, kam, trade):
    found = overview(session, kam)

    assert values(found)["net_revenue"] == 120
    assert [row.code for row in found.movers] == ["A"]
    assert [row.name for row in found.managers] == ["Anna"]
    assert all(one.first.code == "A" for one in found.decisions)
    assert "Ben" not in repr(found)


def test_cost_stands_nowhere_for_who_may_not_see_it(session, viewer, trade):
    found = overview(session, viewer)

    assert not {"margin", "margin_rate"} & values(found).keys()
    assert len(found.tiles) == 10
    assert all(row.now.margin is None for row in found.managers)
    assert kpi_details.detail(session, viewer, "margin", QUARTER) is None
    assert kpi_details.trend(session, viewer, "margin", DAY) == ()


def test_decisions_are_ranked_by_money(session, director, trade):
    found = overview(session, director)
    amounts = [one.first.amount for one in found.decisions if one.first.amount is not None]

    assert found.decisions[0].first.code == "B"  # fell by 150
    assert found.decisions[0].owner == "Ben"
    assert amounts == sorted(amounts, reverse=True)


def test_each_month_of_a_trend_is_the_kpi_of_that_month(session, director, trade):
    months = Period.of(date(2026, 1, 1), DAY)
    names = [name for name in KPIS if not KPIS[name].needs & OF_WHOLE_ACCOUNTS]

    found = kpi_trends.by_month(session, director, names, months)

    for name in names:
        for month, value in found[name]:
            span = Period(month, date(2026, month.month + 1, 1))
            (result,) = kpis.compute(session, director, [name], span)
            assert value == result.figure.value, (name, month)


@pytest.mark.parametrize(
    "name", ["net_revenue", "discount_rate", "gross_revenue_retention", "active_accounts", "top_share"]
)
def test_a_breakdown_by_account_adds_up_to_its_figure(session, director, trade, name):
    found = kpi_details.detail(session, director, name, QUARTER)
    rows = kpi_details.breakdown(session, director, name, QUARTER, Dimension.ACCOUNT)

    assert found is not None
    assert found.numerator is not None
    assert sum(row.numerator or 0 for row in rows) == found.numerator[0]
    if found.denominator is not None:
        assert sum(row.denominator or 0 for row in rows) == found.denominator[0]


def test_every_kpi_breaks_down_by_everything_it_offers(session, director, trade):
    for name in KPIS:
        for by in kpi_details.dimensions(name):
            kpi_details.breakdown(session, director, name, QUARTER, by)


def test_a_breakdown_tells_a_manager_of_no_other_account(session, kam, trade):
    rows = kpi_details.breakdown(session, kam, "net_revenue", QUARTER, Dimension.ACCOUNT)

    assert [(row.code, row.numerator) for row in rows] == [("A", Decimal(120))]


def sheet_of(session, actor):
    found = overview(session, actor)
    return found, directors_report.sheet(found, actor, "MYR", {"owner": "Ben"}, clock.now())


def test_the_workbook_says_the_same_as_the_screen(session, director, trade):
    found, sheet = sheet_of(session, director)

    book = CalamineWorkbook.from_filelike(io.BytesIO(reports.write(sheet, "xlsx")))
    rows = book.get_sheet_by_index(0).to_python()

    assert rows[0][0] == "Directors' KPIs"
    assert rows[1][0].startswith("All accounts · Ben · restated")
    by_label = {row[0]: row for row in rows}
    for tile in found.tiles:
        row = next(line for line in rows if line[8] == tile.kpi.formula)
        shown = [None if value == formats.UNKNOWN else value for value in (row[1], row[2], row[4], row[6])]
        exact = [tile.value, tile.before, tile.year_ago, tile.target]
        assert shown == [None if value is None else pytest.approx(float(value)) for value in exact]
    assert by_label["Anna"][1:3] == [120, 100]
    assert by_label["=New()"][1] == 20  # a name, and no formula
    assert by_label["Opening, last year"][1] == 300


def test_the_printed_page_says_the_same_as_the_screen(session, director, trade):
    found, sheet = sheet_of(session, director)

    reader = PdfReader(io.BytesIO(reports.write(sheet, "pdf")))
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())

    assert len(reader.pages) <= 2
    assert f"as of {formats.day(DAY)}" in text
    for tile in found.tiles:
        for value in (tile.value, tile.year_ago, tile.target):
            if value is not None and tile.kpi.unit == "money":
                assert formats.money(value, "MYR", places=0).replace("\u00a0", " ") in text, tile.kpi.name
            elif value is not None and tile.kpi.unit == "ratio":
                assert formats.percent(value) in text, tile.kpi.name
    assert "Ben's <shop> & Co" in text


def test_a_report_leaves_out_what_its_reader_may_not_see(session, kam, viewer, trade):
    _found, sheet = sheet_of(session, kam)
    assert "Ben's" not in repr(sheet)
    assert "Margin" not in repr(sheet_of(session, viewer)[1])


def test_taking_a_report_out_stands_in_the_audit(session, director, trade):
    reports.record_export(session, director, "directors", "pdf", {"month": "2026-03"})

    entry = session.query(AuditEntry).filter_by(action="export:report").one()
    assert entry.changes == {"format": [None, "pdf"], "month": [None, "2026-03"]}


def test_who_may_not_take_data_out_gets_no_report(session, kam, trade):
    from dataclasses import replace

    with pytest.raises(Forbidden):
        reports.record_export(session, replace(kam, permissions=frozenset()), "directors", "pdf", {})


def test_a_file_that_is_neither_is_refused():
    assert reports.form_of("October.PDF") == "pdf"
    with pytest.raises(Invalid, match=r"\.pdf or \.xlsx"):
        reports.form_of("October.docx")


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
def test_the_command_writes_a_month(session, trade, tmp_path, form):
    import typer

    from core.commands import mount

    session.commit()
    app = typer.Typer()
    mount(app)
    file = tmp_path / f"february.{form}"

    done = CliRunner().invoke(app, ["report", "directors", "--month", "2026-02", "--out", str(file)])

    assert done.exit_code == 0, done.output
    made = file.read_bytes()
    if form == "xlsx":
        rows = CalamineWorkbook.from_filelike(io.BytesIO(made)).get_sheet_by_index(0).to_python()
        assert {row[0]: row for row in rows}["Net revenue"][1] == 120
    else:
        assert made.startswith(b"%PDF")
    with db.read() as later:
        assert later.query(AuditEntry).filter_by(action="export:report").count() == 1
        assert OPERATOR.username == later.query(AuditEntry).filter_by(action="export:report").one().actor
