"""Products: the list, one product, and the forms that change products and their prices."""

from datetime import timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from core import clock, db, product_prices, products, rollups
from core.auth import OPERATOR
from core.models import Product
from tests import factories
from tests.pages.conftest import field, shown, sign_in, submit


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def trade(session, kam, other_kam, director, viewer):
    """Anna's account pays 9 of 10 for tea, Ben's 8; who stopped a year ago is Anna's."""
    tea = factories.product(session, "TEA", name="Tea *green*", category="Drinks")
    factories.product(session, "SOAP", name="Soap")
    product_prices.set_list_price(session, OPERATOR, tea.id, clock.today() - timedelta(days=400), Decimal(10))
    harbour = factories.account(session, kam, "H", name="Harbour")
    gone = factories.account(session, kam, "G", name="Gone Stores")
    hill = factories.account(session, other_kam, "ZZ", name="ZZHill")
    today = clock.today()
    for account, days, quantity, price in (
        (harbour, 1, "10", "9"),
        (hill, 1, "20", "8"),
        (gone, 366, "5", "10"),
    ):
        factories.line(
            session,
            account,
            tea,
            today - timedelta(days=days),
            quantity=quantity,
            list_price="10",
            net_price=price,
        )
    rollups.rebuild(session)
    product_id = tea.id
    session.commit()
    return product_id


def test_the_list_shows_what_each_product_brings(trade, director, open_page):
    page = open_page("market/products.py", director, period="12m")

    assert not page.exception
    frame = page.dataframe[0].value
    assert dict(zip(frame["code"], frame["net"], strict=True)) == {"TEA": 250, "SOAP": 0}
    assert frame["list_price"].iloc[0] == 10


def test_one_product_shows_buyers_prices_and_who_stopped(trade, director, open_page):
    page = open_page("market/products.py", director, product="TEA", period="12m")

    assert not page.exception
    assert page.title[0].value == "Tea \\*green\\*"
    said = shown(page)
    assert "Stopped buying: 1 accounts, RM\u00a050 last year" in said
    assert "Buying: 2 accounts" in said
    assert "Price per unit: RM\u00a08.00 to RM\u00a09.00, list RM\u00a010.00" in said.replace("\\", "")


def test_a_manager_learns_nothing_of_what_others_pay(trade, kam, open_page):
    page = open_page("market/products.py", kam, product="TEA", period="12m")

    assert not page.exception
    assert "ZZHill" not in shown(page)
    assert "8.00" not in shown(page)
    assert {metric.label: metric.value for metric in page.metric}["Buyers"] == "1"
    assert "Margin" not in {metric.label for metric in page.metric}


def test_an_unknown_product_leads_to_the_list(trade, kam, open_page):
    page = open_page("market/products.py", kam, product="NOWHERE")

    assert "There is no such product" in shown(page)
    assert page.dataframe


def test_only_directors_see_the_forms(trade, kam, director, open_page):
    labels = {}
    for actor in (kam, director):
        page = open_page("market/products.py", actor)
        labels[actor.username] = {button.label for button in page.button} & {"New product", "List prices"}
    assert labels == {"anna": set(), "dora": {"New product", "List prices"}}


def _form():
    import streamlit as st

    from pages.ui import gate, product_form

    name, *more = st.session_state["form"]
    getattr(product_form, name)(gate.require(), *more)


@pytest.fixture
def opened(cookie):
    def run(actor, *form):
        cookie["token"] = sign_in(actor)
        page = AppTest.from_function(_form, default_timeout=30)
        page.session_state["form"] = form
        page.run()
        assert not page.exception
        return page

    return run


def test_a_product_is_created(trade, director, opened):
    page = opened(director, "_create")
    field(page, "product-new", "code").input("NEW")
    field(page, "product-new", "name").input("New tea")
    field(page, "product-new", "category").set_value("Drinks")
    submit(page, "product-new")

    with db.read() as reading:
        assert products.get_by_code(reading, director, "NEW").category == "Drinks"


def test_what_is_wrong_with_a_product_stands_beside_its_field(trade, director, opened):
    page = opened(director, "_create")
    field(page, "product-new", "code").input("TEA")
    submit(page, "product-new")

    said = [error.value for error in page.error]
    assert any("taken already" in text for text in said)
    assert field(page, "product-new", "code").value == "TEA"


def test_a_single_price_is_published(trade, director, opened):
    page = opened(director, "_edit", trade)
    field(page, f"price-{trade}", "price").input("11.25")
    submit(page, f"price-{trade}")

    with db.read() as reading:
        assert product_prices.list_price_on(reading, director, trade, clock.today()) == Decimal("11.25")
        yesterday = clock.today() - timedelta(days=1)
        assert product_prices.list_price_on(reading, director, trade, yesterday) == 10


def _grid(page):
    return f"prices-all-{clock.today():%Y-%m-%d}"


def _type(page, **edited):
    name = _grid(page)
    nonce = page.session_state[f"form:{name}"]["nonce"]
    page.session_state[f"{name}/grid/{nonce}"] = {
        "edited_rows": {int(place[1:]): {"new": value} for place, value in edited.items()},
        "added_rows": [], "deleted_rows": [],
    }  # fmt: skip


def test_many_prices_are_published_from_a_grid(trade, director, opened):
    page = opened(director, "_prices")
    _type(page, r0="3.10", r1="10.90")  # by name: Soap, Tea
    submit(page, _grid(page))

    with db.read() as reading:
        by_code = {row.code: row.id for row in reading.query(Product)}
        found = product_prices.list_prices_on(reading, director, clock.today())
        assert found == {by_code["SOAP"]: Decimal("3.1"), by_code["TEA"]: Decimal("10.9")}


def test_a_cell_that_is_no_number_is_named_and_nothing_is_published(trade, director, opened):
    page = opened(director, "_prices")
    _type(page, r0="three", r1="10.90")
    submit(page, _grid(page))

    assert any(error.value.startswith("SOAP: Type a number") for error in page.error)
    with db.read() as reading:
        assert product_prices.list_price_on(reading, director, trade, clock.today()) == 10


def test_a_price_that_somebody_else_published_is_shown(trade, director, opened):
    page = opened(director, "_prices")
    with db.write() as other:
        product_prices.set_list_price(other, OPERATOR, trade, clock.today(), Decimal("9.5"))
    _type(page, r1="10.90")
    submit(page, _grid(page))

    assert any("TEA: 9.5" in warning.value.replace("\\", "") for warning in page.warning)
    submit(page, _grid(page))  # looked at it, and decides
    with db.read() as reading:
        assert product_prices.list_price_on(reading, director, trade, clock.today()) == Decimal("10.9")
