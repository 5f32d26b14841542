from datetime import date

import pytest

from core import clock, rollups
from tests import factories

DAY = date(2026, 3, 31)


@pytest.fixture(autouse=True)
def _end_of_march(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def people(session, kam, other_kam, director):
    """Anna's account bought soap for 90 this year, and tea for 40 last year only."""
    account = factories.account(session, kam, "A", name="Anna's shop", payment_days=45)
    soap = factories.product(session, "SOAP", category="Care")
    tea = factories.product(session, "TEA", category="Drinks")
    factories.line(session, account, soap, date(2026, 2, 2), quantity="10", net_price="9", order_no="SO-1")
    factories.line(session, account, tea, date(2025, 2, 2), quantity="4")
    rollups.rebuild(session)
    session.commit()
    return {"kam": kam, "other_kam": other_kam, "director": director}


def open_account(open_page, actor, **query):
    page = open_page("accounts/account.py", actor, **query)
    assert not page.exception
    return page


def texts(page):
    return " ".join(text.value for text in page.markdown)


def test_the_address_names_the_account(people, open_page):
    page = open_account(open_page, people["kam"], account="A")

    assert "shop" in page.title[0].value
    assert next(metric.value for metric in page.metric if metric.label == "Net revenue") == "RM\u00a090"
    assert "45 days net" in texts(page)


def test_what_is_no_longer_bought_stands_first_with_its_value(people, open_page):
    page = open_account(open_page, people["kam"], account="A")

    assert "No longer bought: 1 products, RM\u00a040 last year" in texts(page)
    lost = next(frame.value for frame in page.dataframe if "year_ago" in frame.value.columns)
    assert list(lost["code"]) == ["TEA"]


def test_figures_open_into_the_products_that_add_up_to_them(people, open_page):
    page = open_account(open_page, people["director"], account="A")

    page.button(key="open_net_revenue").click().run()

    rows = next(frame.value for frame in page.dataframe if "numerator" in frame.value.columns)
    assert list(rows["code"]) == ["SOAP"]
    assert rows["numerator"].sum() == 90


@pytest.mark.parametrize(("who", "code"), [("other_kam", "A"), ("kam", "NOBODY")])
def test_an_account_that_one_may_not_see_looks_like_one_that_is_not_there(people, open_page, who, code):
    page = open_account(open_page, people[who], account=code)

    assert page.info[0].value == "There is no such account. Choose one above, or go back to the portfolio."
    assert not page.metric
    assert "Anna" not in texts(page) + " ".join(title.value for title in page.title)


def test_without_an_account_in_the_address_one_is_chosen(people, open_page):
    page = open_account(open_page, people["kam"])

    assert page.info[0].value == "Choose an account above to see how it stands."
    assert len(page.selectbox(key="account_picker").options) == 1


@pytest.mark.parametrize("tab", ["Prices", "Orders", "History"])
def test_each_tab_opens(people, open_page, tab):
    page = open_account(open_page, people["kam"], account="A")

    page.session_state["account_tab"] = tab
    page.run()

    assert not page.exception
    if tab == "Prices":
        assert "RM\u00a09.00 per unit in Feb 2026, list RM\u00a010.00" in texts(page)
    if tab == "Orders":
        assert any(list(frame.value.get("order_no", [])) == ["SO-1"] for frame in page.dataframe)
