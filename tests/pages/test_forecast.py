"""Forecast: empty, running, failed and made; one's own figure in a few seconds; nothing of others."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import clock, db, forecast_overrides, forecast_runs, rollups, targets
from core.auth import OPERATOR
from core.periods import add_months, first_of_month
from tests import factories
from tests.pages.conftest import field, shown, submit

PAGE = "management/forecast.py"
NOW = first_of_month(clock.today())


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def trade(session, kam, other_kam, director, viewer):
    tea = factories.product(session, "TEA")
    harbour = factories.account(session, kam, "H", name="Harbour")
    hill = factories.account(session, other_kam, "ZZ", name="ZZHill")
    for step in range(1, 31):
        day = add_months(NOW, -step) + timedelta(days=4)
        factories.line(session, harbour, tea, day, list_price=str(100 + step % 12))
        factories.line(session, hill, tea, day, list_price="77777")
    targets.set_many(session, OPERATOR, harbour.id, {NOW: (Decimal(120), None)})
    rollups.rebuild(session)
    account_id = harbour.id
    session.commit()
    return account_id


def _make():
    with db.write() as session:
        version_id = forecast_runs.start(session, OPERATOR)
        found = forecast_runs.known(session, OPERATOR, version_id)
        carried = forecast_runs.carry_all(found, lambda _done, _all: None, workers=1)
        forecast_runs.finish(session, OPERATOR, found, carried)


def test_without_a_forecast_a_director_starts_one_and_others_are_told_who_can(
    trade, kam, director, open_page, monkeypatch
):
    launched = []
    monkeypatch.setattr(forecast_runs, "launch", lambda actor, version_id: launched.append(version_id))
    page = open_page(PAGE, kam)
    assert not page.exception
    assert "There is no forecast yet" in shown(page)
    assert [button for button in page.button if button.key == "forecast_first"] == []

    page = open_page(PAGE, director)
    page.button(key="forecast_first").click().run()

    assert not page.exception
    assert launched == [1]
    assert [button for button in page.button if button.key == "forecast_first"] == []  # it is running now


def test_a_failed_run_says_why(trade, director, open_page):
    with db.write() as session:
        version_id = forecast_runs.start(session, OPERATOR)
        forecast_runs.fail(session, OPERATOR, version_id, "The disk is full.")

    page = open_page(PAGE, director)

    assert not page.exception
    assert "The disk is full" in shown(page)
    assert page.button(key="forecast_first")


def test_a_manager_sees_where_their_year_ends_and_nothing_of_others(trade, kam, open_page):
    _make()

    page = open_page(PAGE, kam)

    assert not page.exception
    assert "Year end expected at" in shown(page)
    assert "of target" in shown(page)
    table = page.dataframe[0].value
    assert list(table["name"]) == ["Harbour"]
    assert "second opinion" not in shown(page)
    page.segmented_control(key="forecast_level").set_value("groups").run()
    assert not page.exception
    assert list(page.dataframe[0].value["name"]) == ["No group"]


def test_a_director_sees_all_and_how_far_off_forecasts_were(trade, director, open_page):
    _make()
    page = open_page(PAGE, director)
    assert set(page.dataframe[0].value["name"]) == {"Harbour", "ZZHill"}
    assert "second opinion" in shown(page)
    page.session_state["forecast_tab"] = "How far off"
    page.run()
    assert not page.exception
    assert "no month has ended since a version was made" in shown(page)
    assert list(page.dataframe[0].value["horizon"]) == [1, 2, 3, 6, 12]


def test_ones_own_figure_is_saved_on_the_account_with_its_reason(trade, kam, viewer, open_page):
    _make()
    page = open_page("accounts/account.py", kam, account="H")
    page.session_state["account_tab"] = "Forecast"
    page.run()
    assert not page.exception
    form = f"override-{trade}"
    field(page, form, "amount").set_value("150")
    submit(page, form)
    assert "Say why you expect something else" in shown(page)
    field(page, form, "amount").set_value("150")
    field(page, form, "reason").set_value("A new store opens")
    submit(page, form)
    assert not page.exception

    with db.read() as session:
        row = forecast_overrides.history(session, kam, trade)[0]
    assert (row.month, row.amount, row.reason, row.in_force) == (NOW, Decimal(150), "A new store opens", True)
    page = open_page("accounts/account.py", viewer, account="H")
    page.session_state["account_tab"] = "Forecast"
    page.run()
    assert "Your own figure" not in shown(page)
