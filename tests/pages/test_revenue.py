"""The Revenue page: what is chosen is shown, what is shown can be kept and opened."""

from datetime import timedelta

import pytest

from core import clock, db, revenue_table, rollups, saved_views
from core.models import AuditEntry
from core.periods import Period
from core.revenue_axes import Axis
from pages.ui import revenue_parts
from tests import factories
from tests.pages.conftest import shown


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def trade(session, kam, other_kam, director, viewer):
    """Anna's account bought tea for 300 today and for 200 a year ago; Ben's bought soap for 900."""
    tea = factories.product(session, "TEA", name="Tea", category="Drinks")
    soap = factories.product(session, "SOAP", name="Soap")
    today = clock.today()
    harbour = factories.account(session, kam, "H", name="Harbour")
    hill = factories.account(session, other_kam, "ZZ", name="ZZHill")
    factories.line(
        session, harbour, tea, today, quantity="30", list_price="12.5", net_price="10", unit_cost="6"
    )
    factories.line(session, harbour, tea, today - timedelta(days=365), quantity="20", list_price="10")
    factories.line(session, hill, soap, today, quantity="90", list_price="10")
    rollups.rebuild(session)
    session.commit()


def _frame(page):
    return page.dataframe[0].value


def test_accounts_stand_side_by_side_with_last_year(trade, director, open_page):
    page = open_page("accounts/revenue.py", director, period="month")

    assert not page.exception
    frame = _frame(page)
    assert list(frame["Account"]) == ["Total", "ZZHill", "Harbour"]
    assert list(frame["Now"]) == [1200, 900, 300]


def test_two_dimensions_and_another_figure_from_the_address(trade, director, open_page):
    page = open_page(
        "accounts/revenue.py",
        director,
        period="month",
        rows="account",
        columns="product",
        figure="discount_rate",
    )

    frame = _frame(page)
    rows = {(row["Account"], row["Product"]): row["Now"] for _place, row in frame.iterrows()}
    assert rows["Harbour", "Tea"] == 20  # 75 of 375
    assert rows["Total", ""] == pytest.approx(100 * 75 / 1275)


def test_across_one_figure_stands_in_the_cells(trade, director, open_page):
    page = open_page(
        "accounts/revenue.py", director, period="month", rows="account", columns="product", shape="now"
    )

    frame = _frame(page)
    assert list(frame.columns) == ["Account", "Total", "Soap", "Tea"]
    assert frame.loc[frame["Account"] == "Harbour", "Tea"].item() == 300


def test_a_manager_sees_nothing_of_others_whatever_the_rows(trade, kam, open_page):
    for axis in Axis:
        page = open_page("accounts/revenue.py", kam, rows=axis.value)
        assert not page.exception
        assert "ZZHill" not in _frame(page).to_csv() + shown(page)
        assert "Soap" not in _frame(page).to_csv()


def test_without_cost_there_is_no_margin_to_choose(trade, viewer, director, open_page):
    names = {}
    for actor in (viewer, director):
        page = open_page("accounts/revenue.py", actor, figure="margin")
        figure = next(box for box in page.selectbox if box.label == "Figure")
        names[actor.username] = (figure.value, "Margin amount" in figure.options)
    assert names == {"vera": ("net", False), "dora": ("margin", True)}


def test_nonsense_in_the_address_is_the_default(trade, kam, open_page):
    page = open_page("accounts/revenue.py", kam, rows="nonsense", columns="account", figure="x", shape="y")

    assert not page.exception
    assert page.title[0].value == "Revenue"


def test_a_shared_view_is_offered_and_shows_the_reader_their_own(trade, kam, other_kam, open_page):
    with db.write() as other:
        saved_views.save(other, other_kam, "revenue", "By *product*", {"rows": "product"}, is_shared=True)
    page = open_page("accounts/revenue.py", kam)
    view = next(button for button in page.button if "product" in button.label)
    assert view.label == "By \\*product\\*"

    view.click().run()
    assert not page.exception
    assert list(_frame(page)["Product"]) == ["Total", "Tea"]


def test_what_is_on_the_screen_leaves_the_house_exactly_and_stands_in_the_audit(trade, session, director):
    today = clock.today()
    with db.read() as reading:
        found = revenue_table.table(reading, director, Period.of(today, today), Axis.ACCOUNT)
    grid = revenue_parts.side_by_side(found, revenue_parts.FIGURES["net"])
    text = revenue_parts.export_file("csv", grid, director, {"rows": "account"}).decode("utf-8-sig")

    assert text.splitlines()[0] == "Account,Now,Period before,Change,Last year,vs last year,Target,Of target"
    assert text.splitlines()[3].startswith("Harbour,300,0,,200,0.5,")
    assert revenue_parts.export_file("xlsx", grid, director, {})[:2] == b"PK"
    with db.read() as reading:
        assert [row.action for row in reading.query(AuditEntry)] == ["export:revenue", "export:revenue"]


def test_before_the_first_order_the_page_says_what_to_do(session, director, open_page):
    session.commit()
    assert "There are no orders yet" in shown(open_page("accounts/revenue.py", director))
