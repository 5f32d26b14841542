"""Orders down to the line, for those who may see them."""

from datetime import date
from decimal import Decimal

import pytest

from core import orders
from core.errors import NotFound
from core.periods import Period
from tests import factories


@pytest.fixture
def shared_order(session, kam, other_kam):
    """Order SO1 has a line of Anna's account and one of Ben's."""
    mine, theirs = (
        factories.account(session, kam, "MINE", country="MY"),
        factories.account(session, other_kam, "THEIRS"),
    )
    product = factories.product(session, "KCP")
    factories.line(
        session, mine, product, date(2026, 1, 5), quantity="3", net_price="9", unit_cost="4", order_no="SO1"
    )
    factories.line(session, theirs, product, date(2026, 1, 5), quantity="1", order_no="SO1", line_no=2)
    factories.line(session, mine, product, date(2026, 2, 5), order_no="SO2", country="SG")
    return mine, theirs


def test_the_orders_of_an_account_stand_newest_first(session, kam, shared_order):
    mine, _theirs = shared_order

    found = orders.by_account(session, kam, mine.id)

    assert [(row.order_no, row.net_amount) for row in found.rows] == [
        ("SO2", Decimal(10)),
        ("SO1", Decimal(27)),
    ]
    assert found.count == 2


def test_a_page_of_orders_says_how_many_there_are(session, kam, shared_order):
    mine, _theirs = shared_order

    found = orders.by_account(session, kam, mine.id, limit=1, offset=1)

    assert [row.order_no for row in found.rows] == ["SO1"]
    assert found.count == 2


def test_orders_are_found_by_day_and_number(session, kam, shared_order):
    mine, _theirs = shared_order
    january = Period.of(date(2026, 1, 1), date(2026, 1, 31))

    assert [row.order_no for row in orders.by_account(session, kam, mine.id, period=january).rows] == ["SO1"]
    assert [row.order_no for row in orders.by_account(session, kam, mine.id, text="so2").rows] == ["SO2"]


def test_the_orders_of_another_managers_account_are_not_there(session, kam, shared_order):
    _mine, theirs = shared_order

    with pytest.raises(NotFound):
        orders.by_account(session, kam, theirs.id)


def test_an_order_shows_only_the_lines_of_visible_accounts(session, kam, other_kam, director, shared_order):
    assert [line.account_code for line in orders.detail(session, kam, "SO1").lines] == ["MINE"]
    assert [line.account_code for line in orders.detail(session, other_kam, "SO1").lines] == ["THEIRS"]
    assert orders.detail(session, director, "SO1").net_amount == Decimal(37)  # 3 × 9 + 1 × 10
    with pytest.raises(NotFound):
        orders.detail(session, other_kam, "SO2")


def test_cost_is_left_out_for_those_who_may_not_see_it(session, kam, director, shared_order):
    mine, _theirs = shared_order

    hidden = orders.detail(session, kam, "SO1")
    shown = orders.detail(session, director, "SO1", account_id=mine.id)

    assert (hidden.lines[0].unit_cost, hidden.lines[0].cost_amount, hidden.cost_amount) == (None, None, None)
    assert (shown.lines[0].unit_cost, shown.cost_amount) == (Decimal(4), Decimal(12))


def test_the_cost_of_an_order_is_unknown_where_that_of_a_line_is(session, director, shared_order):
    assert orders.detail(session, director, "SO1").cost_amount is None


def test_a_line_without_a_country_has_its_accounts(session, kam, shared_order):
    assert orders.detail(session, kam, "SO1").lines[0].country == "MY"
    assert orders.detail(session, kam, "SO2").lines[0].country == "SG"
