"""The Revenue bridge page: what moved it, who moved it, and each click down to the order lines."""

import json
from datetime import timedelta

import pytest

from core import bridge, clock, db, rollups
from core.models import AuditEntry
from core.periods import Period, add_months, first_of_month
from pages.ui import bridge_chart, bridge_parts, bridge_rows
from tests import factories
from tests.pages.conftest import shown


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def trade(session, kam, other_kam, director, viewer):
    """This month Anna's account pays 12 instead of 10 for ten; Ben's is new with 900."""
    tea, soap = factories.product(session, "TEA", name="Tea"), factories.product(session, "SOAP", name="Soap")
    today = clock.today()
    year_ago = Period(first_of_month(today), today + timedelta(days=1)).shifted(-12).start
    harbour = factories.account(session, kam, "H", name="Harbour")
    hill = factories.account(session, other_kam, "ZZ", name="ZZHill")
    factories.line(session, harbour, tea, year_ago, quantity="10", net_price="10")
    factories.line(session, harbour, tea, today, quantity="10", net_price="12")
    factories.line(session, hill, soap, today, quantity="90", net_price="10")
    factories.line(session, hill, soap, add_months(today, -1), quantity="1", net_price="50")
    rollups.rebuild(session)
    session.commit()


def _frames(page):
    return [frame.value for frame in page.dataframe]


def test_a_director_reads_what_moved_it_and_who(trade, director, open_page):
    page = open_page("management/bridge.py", director, period="month")

    assert not page.exception
    steps, accounts = _frames(page)
    assert dict(zip(steps["step"], steps["amount"], strict=True)) == {
        "Price": 20, "Volume": 0, "Mix": 0, "New": 900, "Lost": 0, "Returns": 0, "Currency": 0,
    }  # fmt: skip
    assert list(accounts["name"]) == ["ZZHill", "Harbour"]
    assert list(accounts["change"]) == [900, 20]
    assert "+RM\xa0920 on last year: new +900, price +20" in shown(page)
    assert "Shapley average of the six orders" in shown(page)


def test_a_manager_sees_the_bridge_of_own_accounts(trade, kam, open_page):
    page = open_page("management/bridge.py", kam, period="month")

    assert not page.exception
    steps, accounts = _frames(page)
    assert list(steps["amount"]) == [20, 0, 0, 0, 0, 0, 0]
    assert list(accounts["name"]) == ["Harbour"]
    assert "900" not in shown(page)
    assert "ZZ" not in shown(page)


def test_the_window_it_is_compared_with_stands_in_the_address(trade, director, open_page):
    page = open_page("management/bridge.py", director, period="month", against="previous")

    assert not page.exception
    assert "on the period before" in shown(page)
    assert page.selectbox(key="chosen_against").value == "previous"


def test_own_dates_are_chosen_freely_and_the_wrong_way_round_refused(trade, director, open_page):
    query = {"period": "month", "against": "own"}
    page = open_page("management/bridge.py", director, **query)
    assert not page.exception
    page.date_input(key="base_to").set_value(page.date_input(key="base_from").value - timedelta(days=1)).run()

    assert "The period ends before it starts" in page.error[0].value


def test_nothing_sold_says_so(session, director, open_page):
    session.commit()
    page = open_page("management/bridge.py", director)

    assert "There are no orders yet" in page.info[0].value


def _found(session, actor):
    today = clock.today()
    month = Period(first_of_month(today), today + timedelta(days=1))
    return month, month.shifted(-12), bridge.board(session, actor, month, month.shifted(-12))


def test_the_picture_starts_at_zero_and_ends_at_the_change(trade, director, sqlite_store, monkeypatch):
    monkeypatch.setattr(bridge_chart.charts, "palette", lambda: bridge_chart.charts.LIGHT)
    with db.read() as session:
        board = _found(session, director)[2]

    bars = bridge_chart.waterfall(board.total, bridge_parts.names(), currency="MYR").data[0]

    assert list(bars.base) == [0, 20, 0]
    assert list(bars.y) == [20, 900, 920]


def test_the_file_holds_every_part_and_the_audit_who_took_it(trade, director):
    with db.read() as session:
        now, then, board = _found(session, director)
        products = bridge.by_product(session, director, now, then)

    file = bridge_parts.export_file("csv", board, products, director, {"period": "May"}).decode("utf-8-sig")

    rows = [line.split(",") for line in file.splitlines()]
    assert rows[0][3:] == [
        "then", "now", "change", "price", "volume", "mix", "new", "lost", "returns", "currency",
    ]  # fmt: skip
    assert [row[:3] for row in rows[1:]] == [
        ["total", "", ""],
        ["account", "ZZ", "ZZHill"],
        ["account", "H", "Harbour"],
        ["product", "SOAP", "Soap"],
        ["product", "TEA", "Tea"],
    ]
    with db.read() as session:
        entry = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        assert (entry.action, entry.actor) == ("export:bridge", "dora")
        assert "May" in json.dumps(entry.changes)
    assert bridge_parts.export_file("xlsx", board, products, director, {})[:2] == b"PK"


def test_a_step_opens_pairs_with_prices_of_both_windows(trade, director):
    with db.read() as session:
        now, then, _board = _found(session, director)
        found = bridge_rows.bridge_pairs.search(session, director, now, then)

    frame, columns = bridge_rows.pair_table(found, None, "MYR")

    assert list(frame["account"]) == ["ZZHill", "Harbour"]
    assert list(frame["price_now"]) == [10, 12]
    assert list(frame["price_then"])[1] == 10
    assert set(columns) == set(frame.columns)


def test_an_account_shows_what_moved_it_by_product(trade, kam, open_page):
    page = open_page("accounts/account.py", kam, account="H", period="month", account_tab="What moved it")
    assert not page.exception
