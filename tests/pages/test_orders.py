"""Orders & delivery: figures, lines, and an order entered, changed and removed by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from core import clock, db, order_entry, orders, product_prices, rollups
from core.auth import OPERATOR
from core.order_drafts import LineDraft, OrderDraft
from tests import factories
from tests.pages.conftest import field, shown, sign_in, submit


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def trade(session, kam, other_kam, director, viewer):
    """Anna's account has one delivery in time, one late and one that nobody delivered."""
    tea = factories.product(session, "TEA", name="Tea")
    product_prices.set_list_price(
        session, OPERATOR, tea.id, clock.today() - timedelta(days=400), Decimal("12.5")
    )
    harbour = factories.account(session, kam, "H", name="Harbour")
    today = clock.today()
    for number, delivered in (("S1", 10), ("S2", 8), ("S3", None)):
        factories.line(
            session, harbour, tea, today - timedelta(days=20), quantity="10", list_price="10", order_no=number,
            promised_on=today - timedelta(days=10), batch_id=1,
            delivered_on=None if delivered is None else today - timedelta(days=delivered),
        )  # fmt: skip
    factories.account(session, other_kam, "ZZ", name="ZZHill")
    rollups.rebuild(session)
    account_id = harbour.id
    session.commit()
    return account_id


def test_the_figures_and_their_rule_stand_on_top(trade, kam, open_page):
    page = open_page("accounts/orders.py", kam, period="12m")

    assert not page.exception
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["On time in full"] == "33.3%"
    assert metrics["Missed"] == "RM\u00a0200"
    assert metrics["Late now"] == metrics["Open"] == "RM\u00a0100"
    said = shown(page)
    assert "due on the day promised first" in said
    assert "in full from 100%" in said


@pytest.mark.parametrize("tab", ["By account", "By product", "By month", "Late", "Open", "Missed", "Orders"])
def test_every_tab_shows_its_rows(trade, kam, open_page, tab):
    page = open_page("accounts/orders.py", kam, period="12m")
    page.session_state["delivery_tab"] = tab
    page.run()

    assert not page.exception
    rows = {"By account": 1, "By product": 1, "By month": 1, "Late": 1, "Open": 1, "Missed": 2, "Orders": 3}
    assert len(page.dataframe[0].value) == rows[tab]


def test_another_manager_sees_nothing_of_it(trade, other_kam, open_page):
    page = open_page("accounts/orders.py", other_kam)

    assert "Harbour" not in shown(page)


def _form():
    import streamlit as st

    from pages.ui import gate, order_form

    if "order" in st.session_state:
        order_form._change(gate.require(), *st.session_state["order"])
    else:
        order_form._enter(gate.require(), "H")


@pytest.fixture
def opened(cookie):
    def run(actor, **state):
        cookie["token"] = sign_in(actor)
        page = AppTest.from_function(_form, default_timeout=30)
        for name, value in state.items():
            page.session_state[name] = value
        page.run()
        assert not page.exception
        return page

    return run


def _type_lines(page, form, **edits):
    nonce = page.session_state[f"form:{form}"]["nonce"]
    page.session_state[f"{form}/lines/{nonce}"] = {
        "edited_rows": {},
        "added_rows": [],
        "deleted_rows": [],
        **edits,
    }


def test_an_order_is_entered_with_two_cells(trade, kam, opened):
    page = opened(kam)
    _type_lines(page, "order-new", edited_rows={0: {"product": "TEA · Tea", "quantity": "2"}})
    submit(page, "order-new")

    with db.read() as reading:
        number = f"H-{clock.today():%Y}-0001"
        assert orders.detail(reading, kam, number).net_amount == 25


def test_a_credit_note_takes_away(trade, kam, opened):
    page = opened(kam)
    field(page, "order-new", "kind").set_value("credit_note")
    _type_lines(
        page, "order-new", edited_rows={0: {"product": "TEA · Tea", "quantity": "2", "net_price": "7.25"}}
    )
    submit(page, "order-new")

    with db.read() as reading:
        assert orders.detail(reading, kam, f"H-{clock.today():%Y}-0001").net_amount == Decimal("-14.5")


def test_a_line_that_cannot_be_read_is_named_and_what_was_typed_stays(trade, kam, opened):
    page = opened(kam)
    field(page, "order-new", "order_no").input("MINE-1")
    _type_lines(page, "order-new", edited_rows={0: {"product": "TEA · Tea", "quantity": "two"}})
    submit(page, "order-new")

    assert any("Line 1" in error.value and "Type a number" in error.value for error in page.error)
    assert field(page, "order-new", "order_no").value == "MINE-1"
    with db.read() as reading:
        assert orders.by_account(reading, kam, trade).count == 3


def test_a_line_is_named_by_the_row_in_which_it_stands(trade, kam, opened):
    page = opened(kam)
    typed = {1: {"product": "TEA · Tea", "quantity": "1"}, 3: {"product": "TEA · Tea", "quantity": "0"}}
    _type_lines(page, "order-new", edited_rows=typed)
    submit(page, "order-new")
    assert any("Line 4: give a quantity above zero." in error.value for error in page.error)

    typed[3]["quantity"] = "much"
    _type_lines(page, "order-new", edited_rows=typed)
    submit(page, "order-new")
    assert any("Line 4: Type a number" in error.value.replace("\\", "") for error in page.error)
    assert not any("Line 2" in error.value for error in page.error)


def test_a_rule_that_is_broken_is_said_beside_the_lines(trade, kam, opened):
    page = opened(kam)
    _type_lines(page, "order-new", edited_rows={0: {"product": "TEA · Tea", "quantity": "-2"}})
    submit(page, "order-new")

    assert any("Line 1: give a quantity above zero." in error.value for error in page.error)


def test_an_order_is_changed_and_its_grid_starts_from_what_is_stored(trade, kam, opened):
    with db.write() as other:
        draft = OrderDraft("H-1", clock.today(), (LineDraft("TEA", Decimal(3)),))
        order_entry.enter(other, kam, trade, draft)
    page = opened(kam, order=(trade, "H-1"))
    form = f"order-{trade}-H-1"
    _type_lines(page, form, edited_rows={0: {"quantity": "4"}})
    submit(page, form)

    with db.read() as reading:
        assert orders.detail(reading, kam, "H-1").net_amount == 50
