from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from core import accounts, db, price_round_records, price_rounds, product_prices, rollups, term_versions
from core.auth import OPERATOR
from core.exports import Format
from core.price_round_records import RoundDraft
from core.term_drafts import Scope, TermDraft
from core.vocabulary import BatchKind, RoundAnswer, TermKind, TermStatus
from pages.ui import grant_files, price_list_parts
from tests import factories
from tests.pages.conftest import field, shown, sign_in, submit

PAGE = "commercial/terms.py"


@pytest.fixture
def shop(session, kam, other_kam):
    """Anna's account with a special price above list and a round; Ben's with one of his own."""
    mine, other = (
        factories.account(session, kam, "MINE", name="Aman Mart"),
        factories.account(session, other_kam, "HIS"),
    )
    tea = factories.product(session, "TEA", name="Tea")
    product_prices.set_list_price(session, OPERATOR, tea.id, date(2025, 1, 1), Decimal(10))
    draft = TermDraft(Scope(account_id=mine.id, product_id=tea.id), TermKind.SPECIAL_PRICE, Decimal(11),
                      date(2026, 1, 1), status=TermStatus.APPROVED, reason="x")  # fmt: skip
    term_versions.record(session, OPERATOR, draft)
    factories.line(session, mine, tea, date(2026, 9, 2), quantity="10", list_price="10")
    rollups.rebuild(session)
    number = price_round_records.announce(
        session, kam, RoundDraft("Ours", date(2026, 10, 1), date(2026, 11, 1), (mine.id,), Decimal("0.05"))
    )
    price_round_records.announce(
        session,
        other_kam,
        RoundDraft("Hidden", date(2026, 10, 1), date(2026, 11, 1), (other.id,), Decimal("0.07")),
    )
    found = SimpleNamespace(id=mine.id, round=number)
    session.commit()
    return found


def test_a_round_shows_how_far_it_has_come_and_nothing_of_others(shop, kam, open_page):
    page = open_page("commercial/rounds.py", kam)

    said = shown(page)
    assert not page.exception
    assert "+5.0% on everything" in said
    assert "0 of 1" in said
    assert "Hidden" not in said
    assert [option for box in page.selectbox if box.key == "chosen_round" for option in box.options] == [
        "Ours · 1 Nov 2026"
    ]


def test_a_link_opens_a_round_and_one_of_others_opens_the_newest(viewer, shop, kam, open_page):
    draft = RoundDraft("Earlier", date(2026, 1, 1), date(2026, 2, 1), (shop.id,), Decimal("0.02"))
    with db.write() as session:
        earlier = str(price_round_records.announce(session, kam, draft))

    assert "+2.0% on everything" in shown(open_page("commercial/rounds.py", kam, round=earlier))
    assert "+5.0% on everything" in shown(open_page("commercial/rounds.py", kam, round=str(int(earlier) - 1)))
    # Who only reads has no buttons.
    page = open_page("commercial/rounds.py", viewer, round=earlier)
    assert "+2.0% on everything" in shown(page)
    assert not [one for one in page.button if one.label == "Announce a price increase"]


def test_without_a_round_the_page_says_so(session, kam, open_page):
    session.commit()
    page = open_page("commercial/rounds.py", kam)
    assert not page.exception
    assert "No price increase was announced" in shown(page)


def _new():
    from pages.ui import gate, round_form

    round_form._new(gate.require())


def _answer():
    import streamlit as st

    from core import db, price_rounds
    from pages.ui import gate, round_form

    actor = gate.require()
    with db.read() as session:
        found = price_rounds.detail(session, actor, st.session_state["round"])
    round_form._answer(actor, found.row, found.accounts[0])


@pytest.fixture
def dialog(shop, cookie, kam):
    """A dialog's content alone, as Streamlit runs it again after each click."""

    def opened(content, **state):
        cookie["token"] = sign_in(kam)
        page = AppTest.from_function(content, default_timeout=30)
        for name, value in state.items():
            page.session_state[name] = value
        return page.run()

    return opened


def test_a_round_is_announced_once(shop, kam, dialog):
    page = dialog(_new)
    field(page, "round-new", "name").set_value("Next")
    field(page, "round-new", "rate").set_value("3.5")
    submit(page, "round-new")

    assert not page.exception
    with db.read() as session:
        rows = {row.name: row for row in price_rounds.search(session, kam)}
    assert rows["Next"].rate == Decimal("0.035")
    assert rows["Next"].answers == {RoundAnswer.ANNOUNCED: 1}


def test_an_answer_is_noted_in_percent_and_a_missing_one_is_said_under_its_field(shop, kam, dialog):
    page = dialog(_answer, round=shop.round)
    form = f"round-{shop.round}-{shop.id}"
    field(page, form, "answer").set_value(RoundAnswer.NEGOTIATED)
    page = submit(page, form)
    assert "Say on which percentage you settled." in shown(page)

    field(page, form, "rate").set_value("2.5")
    page = submit(page, form)

    assert not page.exception
    with db.read() as session:
        assert price_rounds.detail(session, kam, shop.round).accounts[0].draft.rate == Decimal("0.025")


def test_what_is_wrong_in_the_terms_stands_there_with_what_to_do(shop, kam, open_page):
    page = open_page(PAGE, kam, account="MINE")
    page.session_state["term_tab"] = "To look at"
    page.run()

    said = shown(page)
    assert not page.exception
    assert "above list price" in said
    assert "End it, or change it below the list price." in said


def test_files_and_price_list_are_for_who_may_export(director, shop, open_page):
    with db.read() as session:
        account = accounts.get(session, director, shop.id)

    page = open_page(PAGE, director, account="MINE")
    assert not page.exception
    assert price_list_parts.price_list_file(director, account, date(2026, 12, 1), "ms", "pdf").startswith(
        b"%PDF"
    )
    made = grant_files.made(director, BatchKind.TERMS, Format.YAML, "MINE")
    assert made.startswith(b"- account: MINE\n")
