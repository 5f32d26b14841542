"""Directors' KPIs as a person opens them: tiles, their dialog, the switch of structure, one manager's own slice."""

from datetime import date

import pytest

from core import clock, db, rollups
from core.filters import AccountFilter
from core.models import AuditEntry
from core.periods import Period
from pages.ui import director_tabs, kpi_parts, report_parts
from tests import factories
from tests.pages.conftest import shown

DAY = date(2026, 3, 31)


@pytest.fixture(autouse=True)
def _end_of_march(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def people(session, kam, other_kam, director, viewer):
    """Anna's account brought 120 this year and 100 a year ago, Ben's 50 after 200; Ben had Anna's until February."""
    soap = factories.product(session, "SOAP")
    anna = factories.account(session, other_kam, "A", name="Anna's shop")
    anna.created_at = anna.created_at.replace(year=2020)
    ben = factories.account(session, other_kam, "B", name="Ben's shop")
    session.flush()
    anna.owner_id = kam.user_id
    session.flush()
    factories.line(session, anna, soap, date(2026, 2, 10), quantity="12", net_price="10", unit_cost="6")
    factories.line(session, anna, soap, date(2025, 2, 10), quantity="10")
    factories.line(session, ben, soap, date(2026, 1, 4), quantity="5")
    factories.line(session, ben, soap, date(2025, 1, 4), quantity="20")
    rollups.rebuild(session)
    session.commit()
    return {"kam": kam, "other_kam": other_kam, "director": director, "viewer": viewer}


def opened(open_page, actor, **query):
    page = open_page("management/kpis.py", actor, **query)
    assert not page.exception
    return page


def figures(page):
    return {metric.label: metric.value for metric in page.metric}


def managers(page):
    frame = next(frame.value for frame in page.dataframe if "stake" in frame.value.columns)
    return dict(zip(frame["owner"], frame["net"], strict=True))


def test_a_director_sees_each_figure_with_all_that_it_is_compared_with(people, open_page):
    page = opened(open_page, people["director"])

    assert figures(page)["Net revenue"] == "RM\u00a0170"
    assert any("Last year RM\u00a0300" in text.value and "43.3%" in text.value for text in page.caption)
    assert managers(page) == {"Anna": 120, "Ben": 50}


def test_a_manager_sees_only_their_own_slice(people, open_page):
    page = opened(open_page, people["kam"])

    assert figures(page)["Net revenue"] == "RM\u00a0120"
    assert managers(page) == {"Anna": 120}
    assert "Ben's shop" not in shown(page)
    assert all("Ben's" not in str(frame.value.to_dict()) for frame in page.dataframe)


def test_who_may_not_see_cost_sees_no_margin(people, open_page):
    page = opened(open_page, people["viewer"])

    assert not {"Margin amount", "Margin rate"} & figures(page).keys()
    assert all("margin" not in frame.value.columns for frame in page.dataframe)


def test_a_tile_opens_its_formula_with_the_values_of_this_period(people, open_page):
    page = opened(open_page, people["director"])

    page.button(key="open_gross_revenue_retention").click().run()

    assert not page.exception
    text = shown(page)
    assert "What was kept RM\u00a0150.00 ÷ their net revenue then RM\u00a0300.00 = 50.00%" in text
    rows = next(frame.value for frame in page.dataframe if "numerator" in frame.value.columns)
    assert dict(zip(rows["code"], rows["numerator"], strict=True)) == {"A": 100, "B": 50}


def test_every_tile_opens(people, open_page):
    page = opened(open_page, people["director"])
    for key in [button.key for button in page.button if str(button.key).startswith("open_")]:
        page.button(key=key).click().run()
        assert not page.exception, key


def test_the_switch_restates_or_shows_what_was_reported_then(people, open_page):
    page = opened(open_page, people["director"])
    assert any("1 account changed owner" in text.value for text in page.caption)

    page.toggle(key="as_reported").set_value(True).run()
    assert not page.exception
    assert managers(page) == {"Ben": 170}  # Anna has it from March only
    assert figures(page)["Net revenue"] == "RM\u00a0170"

    again = opened(open_page, people["director"], structure="then")
    assert managers(again) == {"Ben": 170}


def test_without_a_change_there_is_no_switch(people, open_page):
    page = opened(open_page, people["other_kam"])

    assert not [toggle for toggle in page.toggle if toggle.key == "as_reported"]


def test_a_store_without_orders_leads_to_the_import(session, director, open_page):
    session.commit()

    assert opened(open_page, director).info[0].value.startswith("There are no orders yet.")


def test_filters_that_leave_nothing_say_so(people, open_page):
    page = opened(open_page, people["director"])
    page.session_state["search"] = "nobody"
    page.run()

    assert not page.exception
    assert any("No account that you see has orders" in info.value for info in page.info)


def test_what_leaves_the_house_stands_in_the_audit(people):
    actor, period = people["director"], Period.of(date(2026, 1, 1), DAY)
    asked = kpi_parts.asked(period, AccountFilter(), DAY, "MYR")
    with db.read() as session:
        found = director_tabs.directors.overview(session, actor, period, day=DAY)
        rows = kpi_parts.kpi_details.breakdown(
            session, actor, "net_revenue", period, kpi_parts.Dimension.ACCOUNT
        )

    assert report_parts.export("pdf", actor, found, asked).startswith(b"%PDF")
    text = kpi_parts.export(
        "csv", actor, kpi_parts.KPIS["net_revenue"], kpi_parts.Dimension.ACCOUNT, rows, asked
    ).decode("utf-8-sig")
    assert text.splitlines()[1].startswith("A,Anna's shop,120")
    with db.read() as session:
        actions = [
            entry.action for entry in session.query(AuditEntry).filter(AuditEntry.action.like("export:%"))
        ]
    assert actions == ["export:report", "export:kpi"]
