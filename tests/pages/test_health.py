"""Health on the Account page, in the Portfolio, in Settings and for directors."""

from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from core import auth, clock, db, rollups, settings
from core.periods import add_months
from core.vocabulary import Role
from tests import factories
from tests.pages.conftest import field, shown, submit


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def company(session, kam, other_kam, director):
    """Harbour sold 100 a month for three years and 70 in the last six; Ben's Hidden sold nothing lately."""
    tea = factories.product(session, "TEA", category="Tea")
    today = clock.today()
    for owner, code, name, until in ((kam, "H", "*Harbour*", 0), (other_kam, "ZZ", "Hidden", 3)):
        account = factories.account(session, owner, code, name=name, confirmed_at=clock.now())
        for back in range(until, 36):
            amount = "70" if back < 6 else "100"
            day = min(add_months(today, -back).replace(day=3), today)
            factories.line(session, account, tea, day, quantity=amount, list_price="1")
    rollups.rebuild(session)
    session.commit()


def _tab(page):
    page.session_state["account_tab"] = "Health"
    page.run()
    assert not page.exception
    return page


def test_the_account_shows_its_score_what_it_is_made_of_and_a_way_up(company, kam, open_page):
    page = _tab(open_page("accounts/account.py", kam, account="H"))

    said = shown(page)
    assert any(metric.label.startswith("Health on") for metric in page.metric)
    assert "Cheapest way to +10.0" in said
    assert "less discount" not in said
    assert "of the weights covered" in said
    table = next(frame.value for frame in page.dataframe if "points" in frame.value.columns)
    assert list(table["measure"])[:3] == ["Revenue trend", "Price realisation", "Order rhythm"]
    assert table["value"].tolist().count("not known") == 3  # deliveries, receivables, targets
    assert "Not known here: On time in full, Payment, Target." in said


@pytest.mark.parametrize(
    "measure", ["trend", "price", "rhythm", "otif", "payment", "breadth", "target", "data"]
)
def test_each_measure_opens_its_rows(company, kam, open_page, measure):
    page = open_page("accounts/account.py", kam, account="H")
    page.session_state["account_tab"] = "Health"
    page.session_state["health_measure_opened"] = measure
    page.run()

    assert not page.exception
    assert "0 points at" in shown(page)
    assert "health_measure_opened" not in page.session_state


def test_the_portfolio_has_the_score_and_its_coverage(company, kam, open_page):
    page = open_page("accounts/portfolio.py", kam)

    assert not page.exception
    table = next(frame.value for frame in page.dataframe if "health" in frame.value.columns)
    assert table["name"].tolist() == ["*Harbour*"]
    assert 0 < table["health"][0] < 100
    assert table["coverage"][0] == 65.0  # trend 25, price 15, rhythm 10, breadth 10, data 5


def _overview(username):
    from core import auth, db
    from core.filters import ALL_ACCOUNTS
    from pages.ui import health_parts

    with db.read() as session:
        actor = auth.actor_named(session, username)
    health_parts.overview(actor, ALL_ACCOUNTS, "MYR")


def _opened(username):
    page = AppTest.from_function(_overview, args=(username,), default_timeout=30).run()
    assert not page.exception
    return page


def test_directors_see_the_spread_the_track_record_and_who_was_green_and_fell(company, director):
    page = _opened(director.username)

    said = shown(page)
    assert "Lost more than a fifth within two quarters" in said
    assert "Too few for an AUC" in said
    names = {name for frame in page.dataframe for name in frame.value.get("name", [])}
    assert {"*Harbour*", "Hidden"} <= names


def test_a_managers_overview_knows_no_account_of_others(company, kam):
    page = _opened(kam.username)

    assert "Hidden" not in shown(page)
    assert not any("Hidden" in frame.value.to_csv() for frame in page.dataframe)


def test_without_orders_the_overview_says_so(session, director):
    session.commit()

    assert "Nothing is known yet" in shown(_opened(director.username))


def test_an_administrator_weighs_measures_and_a_mistake_stays_typed(session, open_page):
    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))
    session.commit()
    page = open_page("management/settings.py", admin)
    assert "Health score" in [one.value for one in page.subheader]

    field(page, "settings", "health_price_weight").set_value("20")
    field(page, "settings", "health_otif_zero_at").set_value("0.6")
    submit(page, "settings")

    assert not page.exception
    with db.read() as reading:
        stored = settings.get(reading)
    assert (stored.health_price_weight, stored.health_otif_zero_at) == (20, Decimal("0.6"))

    page = open_page("management/settings.py", admin)
    field(page, "settings", "health_green").set_value("30")
    submit(page, "settings")
    assert field(page, "settings", "health_green").value == "30"
    with db.read() as reading:
        assert settings.get(reading).health_green == 70
