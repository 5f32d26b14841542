from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from core import db, product_prices, term_versions
from core.auth import OPERATOR
from core.term_drafts import Scope, TermDraft
from core.vocabulary import TermKind, TermStatus
from tests import factories
from tests.pages.conftest import shown

PAGE = "commercial/xray.py"


@pytest.fixture
def terms():
    """Anna's account with a special price, and Ben's with another one."""

    def granted(anna, ben):
        with db.write() as session:
            mine = factories.account(session, anna, "MINE", name="Aman Mart").id
            other = factories.account(session, ben, "OTHER", name="Hidden Mart").id
            tea = factories.product(session, "TEA", name="Tea").id
            product_prices.set_list_price(session, OPERATOR, tea, date(2025, 1, 1), Decimal(10))
            for account, price in ((mine, "8.50"), (other, "7")):
                draft = TermDraft(Scope(account_id=account, product_id=tea), TermKind.SPECIAL_PRICE, Decimal(price),
                                  date(2026, 1, 1), status=TermStatus.APPROVED)  # fmt: skip
                term_versions.record(session, OPERATOR, draft)

    return granted


def test_a_link_answers_in_a_sentence_with_what_made_the_price(session, kam, other_kam, terms, open_page):
    session.commit()
    terms(kam, other_kam)

    page = open_page(PAGE, kam, account="MINE", product="TEA", quantity="12", on="2026-03-01")

    said = shown(page)
    assert not page.exception
    assert "RM\u00a08.50" in said
    assert "Aman Mart on 1 Mar 2026, for 12 units: special price" in said
    assert "RM\u00a0102.00 in all · list RM\u00a010.00, 15.0% off" in said


def test_an_account_of_somebody_else_is_not_offered(session, kam, other_kam, terms, open_page):
    session.commit()
    terms(kam, other_kam)

    page = open_page(PAGE, kam, account="OTHER", product="TEA")

    assert not page.exception
    assert not any("OTHER" in str(option) for box in page.selectbox for option in box.options)
    assert "7.00" not in shown(page)


def test_a_quantity_that_is_no_number_is_said(session, kam, other_kam, terms, open_page):
    session.commit()
    terms(kam, other_kam)

    page = open_page(PAGE, kam, account="MINE", product="TEA", quantity="dozen")

    assert not page.exception
    assert page.error
