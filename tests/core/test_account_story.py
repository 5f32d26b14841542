from datetime import date
from decimal import Decimal

import pytest

from core import account_story, rollups
from core.errors import NotFound
from core.periods import Period
from tests import factories

YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))


@pytest.fixture
def account(session, kam):
    """Bought soap for 60 and tea for 40 last year; this year soap for 90 at 9 of 10, and coffee for 10."""
    row = factories.account(session, kam, "A")
    soap = factories.product(session, "SOAP", category="Care")
    tea = factories.product(session, "TEA", category="Drinks")
    coffee = factories.product(session, "COFFEE", category="Drinks")
    factories.line(session, row, soap, date(2025, 5, 2), quantity="6")
    factories.line(session, row, tea, date(2025, 5, 2), quantity="4")
    factories.line(session, row, soap, date(2026, 5, 2), quantity="10", net_price="9")
    factories.line(session, row, coffee, date(2026, 6, 2), quantity="2")
    factories.line(session, row, coffee, date(2026, 7, 2), quantity="-1")
    rollups.rebuild(session)
    return row


def test_what_was_bought_last_year_and_no_longer_is_at_stake(session, kam, account):
    stories = account_story.products(session, kam, account.id, YEAR)

    assert [story.code for story in stories] == ["SOAP", "COFFEE", "TEA"]
    assert [(story.code, story.year_ago.net) for story in account_story.lost(stories)] == [
        ("TEA", Decimal(40))
    ]
    assert [story.code for story in stories if story.is_new] == ["COFFEE"]


def test_the_mix_shifts_from_drinks_to_care(session, kam, account):
    shares = {
        row.name: row for row in account_story.mix(account_story.products(session, kam, account.id, YEAR))
    }

    assert (shares["Care"].share, shares["Care"].year_ago_share) == (Decimal("0.9"), Decimal("0.6"))
    assert shares["Drinks"].shift == Decimal("-0.3")


def test_price_paid_is_known_only_in_months_with_a_purchase(session, kam, account):
    soap = account_story.products(session, kam, account.id, YEAR)[0]

    points = account_story.price_paid(session, kam, account.id, soap.product_id, YEAR)

    known = [(point.month, point.paid, point.listed) for point in points if point.paid is not None]
    assert known == [(date(2026, 5, 1), Decimal(9), Decimal(10))]
    assert len(points) == 12


def test_an_accounts_figures_are_the_sums_of_its_products(session, kam, account):
    stories = account_story.products(session, kam, account.id, YEAR)
    tiles = account_story.tiles(session, kam, account.id, YEAR, stories)

    assert tiles["net_revenue"].value == 100
    assert tiles["discount_rate"].value == Decimal(10) / 110
    assert tiles["price_realisation"].value == Decimal(100) / 110  # Anna may not see cost, so no margin
    assert tiles["products_bought"].value == 2
    assert tiles["return_rate"].value == Decimal(10) / 110  # 10 came back of 90 + 20
    assert tiles["target_attainment"].value is None


def test_another_managers_account_looks_as_if_it_did_not_exist(session, other_kam, account):
    with pytest.raises(NotFound):
        account_story.products(session, other_kam, account.id, YEAR)
    with pytest.raises(NotFound):
        account_story.price_paid(session, other_kam, account.id, 1, YEAR)
