"""Share of wallet on Account and on Directors' KPIs."""

from datetime import date
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from core import clock, db, rollups, wallets
from core.models import Wallet
from core.vocabulary import WalletBasis
from core.wallets import WalletDraft
from pages.ui import wallet_parts
from tests import factories
from tests.pages.conftest import field, shown, sign_in, submit

DAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def shop(session, kam, viewer):
    """Anna's shop bought tea for 400 in the twelve months to October."""
    account = factories.account(session, kam, "SHOP", name="Corner shop", confirmed_at=clock.now())
    tea = factories.product(session, "TEA", category="Drinks")
    factories.line(session, account, tea, date(2026, 9, 5), quantity="400", list_price="1")
    factories.line(session, account, tea, date(2026, 11, 20), quantity="90", list_price="1")
    rollups.rebuild(session)
    key = account.id
    session.commit()
    return key


def _declare(actor, account_id, amount):
    draft = WalletDraft(WalletBasis.DECLARED, DAY, amount=Decimal(amount), said_by="Buyer", source="Talk")
    with db.write() as session:
        wallets.record(session, actor, account_id, draft, seen=None)


def _estimate():
    import streamlit as st

    from pages.ui import gate, wallet_form

    wallet_form._open(gate.require(), st.session_state["account_id"], "Corner shop")


def test_nothing_estimated_is_unknown(shop, kam, open_page):
    page = open_page("management/kpis.py", kam, tab="wallet")

    assert not page.exception
    assert "Nobody has estimated yet" in shown(page)


def test_the_directors_tab_adds_up_what_is_known(shop, kam, open_page):
    _declare(kam, shop, 1000)
    page = open_page("management/kpis.py", kam, tab="wallet")

    assert not page.exception
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Share of wallet"] == "40.0%"
    assert figures["Bought from others"] == "RM\u00a0600"


def test_a_wallet_below_our_sales_is_said_to_be_wrong(shop, kam, open_page):
    _declare(kam, shop, 300)
    page = open_page("management/kpis.py", kam, tab="wallet")

    assert "We sell more than was estimated" in shown(page)


def test_the_account_has_each_category_and_who_said_what(shop, kam, open_page):
    _declare(kam, shop, 1000)
    page = open_page("accounts/account.py", kam, account="SHOP")
    page.session_state["account_tab"] = "Share of wallet"
    page.run()

    assert not page.exception
    assert "Estimate a wallet" in [button.label for button in page.button]
    known, sources = page.dataframe[-2].value, page.dataframe[-1].value
    assert list(known["category"]) == ["All together", "Drinks"]
    assert list(known["share"].fillna(-1)) == [40, -1]
    assert list(sources["Who said it"]) == ["Buyer"]


def test_the_form_keeps_an_estimate_with_its_source(shop, kam, cookie):
    cookie["token"] = sign_in(kam)
    page = AppTest.from_function(_estimate, default_timeout=30)
    page.session_state["account_id"] = shop
    page.run()
    form = f"wallet-{shop}-all-declared"
    field(page, form, "amount").input("1,000")
    field(page, form, "said_by").input("Buyer")
    page = submit(page, form)
    assert "Say where the figure comes from" in shown(page)

    field(page, form, "source").input("Talk")
    page = submit(page, form)
    assert not page.exception
    with db.read() as session:
        assert session.query(Wallet).one().amount == 1000


def test_the_file_holds_exact_values(shop, kam):
    _declare(kam, shop, 1000)
    with db.read() as session:
        found = wallets.share_of_wallet(session, kam, DAY)
    text = wallet_parts.export("csv", found, kam).decode("utf-8-sig")

    assert "SHOP,Corner shop,,400" in text
