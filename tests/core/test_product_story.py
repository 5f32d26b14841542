"""The story of a product: buyers, prices and deliveries worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest

from core import product_prices, product_story, products, rollups
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid
from core.models import AuditEntry, ListPrice
from core.periods import Period
from core.products import ProductDraft
from tests import factories

QUARTER = Period.of(date(2026, 1, 1), date(2026, 3, 31))
DAY = date(2026, 3, 31)


@pytest.fixture
def trade(session, kam, other_kam):
    """Tea: A pays 9 of 10, B 8 of 10; C bought for 70 a year ago and stopped."""
    tea, soap = factories.product(session, "TEA", category="Drinks"), factories.product(session, "SOAP")
    a = factories.account(session, kam, "A", name="Alpha")
    b = factories.account(session, other_kam, "B", name="Beta")
    c = factories.account(session, kam, "C", name="Gamma")
    for account, product, day, quantity, price, more in (
        (
            a,
            tea,
            date(2026, 1, 5),
            "10",
            "9",
            {"promised_on": date(2026, 1, 9), "delivered_on": date(2026, 1, 9)},
        ),
        (
            b,
            tea,
            date(2026, 2, 5),
            "30",
            "8",
            {"promised_on": date(2026, 2, 9), "delivered_on": date(2026, 2, 12)},
        ),
        (a, tea, date(2025, 2, 5), "5", "10", {}),
        (c, tea, date(2025, 3, 5), "7", "10", {}),
        (a, soap, date(2026, 1, 5), "1", "10", {}),
    ):
        factories.line(
            session,
            account,
            product,
            day,
            quantity=quantity,
            list_price="10",
            net_price=price,
            unit_cost="6",
            **more,
        )
    rollups.rebuild(session)
    session.flush()
    return tea


def test_who_buys_at_which_price_and_who_stopped(session, director, trade):
    found = product_story.story(session, director, trade.id, QUARTER, day=DAY)

    assert [(one.name, one.price, one.listed) for one in found.active] == [
        ("Beta", Decimal(8), Decimal(10)), ("Alpha", Decimal(9), Decimal(10)),
    ]  # fmt: skip
    assert [(one.name, one.year_ago.net) for one in found.stopped] == [("Gamma", Decimal(70))]
    spread = product_story.spread(found.buyers)
    assert [spread.lowest, spread.middle, spread.highest] == [8, Decimal("8.5"), 9]
    assert [found.total.net, found.year_ago.net] == [330, 120]
    assert found.total.discount_rate == Decimal("0.175")  # 70 of 400
    assert [found.service.due, found.service.otif] == [2, 1]
    assert [service.otif for _month, service in found.deliveries] == [1, 0]


def test_a_manager_has_only_their_own_accounts_in_every_figure(session, kam, trade):
    found = product_story.story(session, kam, trade.id, QUARTER, day=DAY)

    assert {one.name for one in found.buyers} == {"Alpha", "Gamma"}
    assert [found.total.net, found.service.due] == [90, 1]
    assert sum(month.net or 0 for month in found.months) == 90
    spread = product_story.spread(found.buyers)
    assert [spread.lowest, spread.highest] == [9, 9]
    assert found.total.cost is None


def test_what_nobody_bought_has_no_spread(session, director, trade):
    assert product_story.spread([]) is None


def test_the_list_stands_by_what_products_bring(session, director, trade):
    product_prices.set_list_price(session, OPERATOR, trade.id, date(2026, 1, 1), Decimal("10.5"))
    rows = product_story.standings(session, director, QUARTER, day=DAY)

    assert [(row.code, row.now.net, row.year_ago.net, row.list_price) for row in rows] == [
        ("TEA", Decimal(330), Decimal(120), Decimal("10.5")), ("SOAP", Decimal(10), Decimal(0), None),
    ]  # fmt: skip
    assert rows[0].growth == Decimal("1.75")


def test_a_new_product_is_taken_back_while_nothing_stands_on_it(session, director):
    number = products.create(session, director, ProductDraft("NEW", "New"))
    products.remove(session, director, number, version=1)
    assert products.search(session, director) == []
    assert session.query(AuditEntry).order_by(AuditEntry.id.desc()).first().action == "product:remove"

    number = products.create(session, director, ProductDraft("NEW", "New"))
    product_prices.set_list_price(session, director, number, date(2026, 1, 1), Decimal(1))
    with pytest.raises(Conflict):
        products.remove(session, director, number, version=1)


@pytest.fixture
def listed(session):
    """Tea lists for 10 from January and 12 from June; soap for nothing yet."""
    tea, soap = factories.product(session, "TEA"), factories.product(session, "SOAP")
    product_prices.set_list_price(session, OPERATOR, tea.id, date(2026, 1, 1), Decimal(10))
    product_prices.set_list_price(session, OPERATOR, tea.id, date(2026, 6, 1), Decimal(12))
    return tea.id, soap.id


def test_many_prices_come_into_force_on_one_day_up_to_the_next_known_price(session, director, listed):
    tea, soap = listed
    seen = {tea: Decimal(10), soap: None}
    new = {tea: Decimal("10.5"), soap: Decimal(3)}
    assert product_prices.publish(session, director, date(2026, 3, 1), new, seen=seen) == 2

    for day, expected in (
        (date(2026, 2, 28), {tea: 10}), (date(2026, 3, 1), {tea: Decimal("10.5"), soap: 3}),
        (date(2026, 6, 1), {tea: 12, soap: 3}),
    ):  # fmt: skip
        assert product_prices.list_prices_on(session, director, day) == expected


def test_another_price_published_meanwhile_is_shown_and_nothing_is_published(session, director, listed):
    tea, soap = listed
    product_prices.set_list_price(session, OPERATOR, tea, date(2026, 3, 1), Decimal("9.9"))
    before = session.query(ListPrice).count()

    with pytest.raises(Conflict) as refused:
        product_prices.publish(
            session,
            director,
            date(2026, 3, 1),
            {tea: Decimal(11), soap: Decimal(3)},
            seen={tea: Decimal(10), soap: None},
        )
    assert refused.value.current["grid"] == "TEA: 9.9"
    assert session.query(ListPrice).count() == before
    product_prices.publish(
        session, director, date(2026, 3, 1), {tea: Decimal(11)}, seen=refused.value.version
    )
    assert product_prices.list_prices_on(session, director, date(2026, 3, 1))[tea] == 11


def test_undo_brings_the_price_back_that_was_in_force(session, director, listed):
    tea, _soap = listed
    day = date(2026, 3, 1)
    product_prices.publish(session, director, day, {tea: Decimal(11)}, seen={tea: Decimal(10)})
    product_prices.publish(session, director, day, {tea: Decimal(10)}, seen={tea: Decimal(11)})

    for one in (date(2026, 2, 1), day, date(2026, 5, 31)):
        assert product_prices.list_prices_on(session, director, one)[tea] == 10
    assert product_prices.list_prices_on(session, director, date(2026, 6, 1))[tea] == 12


@pytest.mark.parametrize("price", [Decimal(-1), Decimal("1.00001")])
def test_a_price_that_is_none_is_named_by_its_product(session, director, listed, price):
    with pytest.raises(Invalid, match="TEA"):
        product_prices.publish(
            session, director, date(2026, 3, 1), {listed[0]: price}, seen={listed[0]: Decimal(10)}
        )


def test_a_manager_publishes_nothing(session, kam, listed):
    with pytest.raises(Forbidden):
        product_prices.publish(session, kam, date(2026, 3, 1), {listed[0]: Decimal(1)}, seen={})
