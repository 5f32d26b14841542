"""The parts about figures on the Account and the Portfolio: they say the finding, and only what is one's own."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from core import clock, db, rollups
from core.models import AuditEntry, ListPrice, Product
from core.periods import Period
from pages.ui import figure_parts
from tests import factories
from tests.pages.conftest import shown

DAY = date(2026, 3, 31)


@pytest.fixture(autouse=True)
def _end_of_march(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def sold(session, kam, other_kam, director):
    """Anna's account grew from 200 to 300, Ben's bought 100 and no more."""
    soap = factories.product(session, "SOAP")
    anna, ben = factories.account(session, kam, "A"), factories.account(session, other_kam, "B")
    factories.line(session, anna, soap, date(2025, 3, 1), quantity="20")
    factories.line(
        session, anna, soap, date(2026, 3, 1), quantity="30", list_price="12", net_price="10", unit_cost="6"
    )
    factories.line(session, ben, soap, date(2025, 3, 1), quantity="10")
    rollups.rebuild(session)
    session.commit()


def _opened(open_page, actor, path, **state) -> AppTest:
    page = open_page(path, actor, account="A")
    for key, value in state.items():
        page.session_state[key] = value
    page.run()
    assert not page.exception
    return page


@pytest.mark.parametrize(
    ("tab", "said"),
    [
        ("Movement", "Net revenue RM 0: +RM 100 won or grown, −RM 100 shrunk or lost"),
        ("Retention", "of RM 300 was not kept, at 1 accounts"),
        ("Concentration", "1 of 1 bring 100.0% of net revenue"),
        ("Order rhythm", "0 of 2 accounts have broken their own rhythm"),
    ],
)
def test_the_portfolio_says_what_moved_once_it_is_opened(open_page, sold, director, tab, said):
    page = _opened(open_page, director, "accounts/portfolio.py", figures=True, figure_tab=tab)

    assert said in shown(page).replace("\u00a0", " ")


def test_the_account_shows_its_waterfall_rhythm_and_retention(open_page, sold, kam):
    page = _opened(open_page, kam, "accounts/account.py", account_tab="Standing")

    text = shown(page)
    assert "Expanded: " in text
    assert "83.3% of the list price reaches the invoice" in text  # 300 / 360
    assert "Not known beyond the invoice" in text
    assert "Own rhythm not known" in text


def test_the_directors_see_where_it_leaks_once_they_ask(open_page, sold, director):
    """Listed at 12, the account paid 10 for thirty: no term says why."""
    with db.write() as writing:
        soap = writing.scalar(select(Product.id))
        listed = ListPrice(
            product_id=soap, price=Decimal(12), valid_from=date(2026, 1, 1), recorded_at=clock.now()
        )
        writing.add(listed)
    page = open_page("management/kpis.py", director, tab="prices")
    page.run()
    assert "given beyond the terms" not in shown(page)
    page.session_state["leakage_by_account"] = True

    page.run()

    assert not page.exception
    assert "RM 60 were given beyond the terms, 20.0% of what was invoiced" in shown(page).replace(
        "\u00a0", " "
    )


def test_a_list_leaves_with_exact_values_and_is_noted(session, director):
    import pandas as pd

    session.commit()
    frame = pd.DataFrame({"code": ["=A"], "now": [1]}, dtype=object)

    file = figure_parts.export_file("csv", "movement", frame, director, {"period": "2026"}).decode(
        "utf-8-sig"
    )

    assert file.splitlines() == ["code,now", "'=A,1"]
    with db.read() as reading:
        assert [row.action for row in reading.query(AuditEntry)] == ["export:figures"]


def test_twelve_months_end_with_the_period():
    month = Period.of(date(2026, 3, 1), date(2026, 3, 31))
    cut = Period.of(date(2026, 1, 1), date(2026, 3, 15))

    assert figure_parts.trailing(month) == Period.of(date(2025, 4, 1), date(2026, 3, 31))
    assert figure_parts.trailing(cut) == Period.of(date(2025, 3, 16), date(2026, 3, 15))
