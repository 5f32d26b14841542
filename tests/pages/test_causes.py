"""Why revenue moved, said in two clicks where it is asked for."""

from datetime import date
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from core import causes, clock, db, rollups
from core.causes import CauseDraft
from core.models import Cause
from core.vocabulary import CauseKind
from tests import factories
from tests.pages.conftest import shown, sign_in

DAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def moved(session, kam, viewer):
    """Anna's shop fell from 400 to 250 in August to October, and nobody has said why."""
    account = factories.account(session, kam, "SHOP", name="Corner *shop*", confirmed_at=clock.now())
    tea = factories.product(session, "TEA")
    for year, amount in ((2025, "400"), (2026, "250")):
        factories.line(session, account, tea, date(year, 9, 5), quantity=amount, list_price="1")
    factories.line(session, account, tea, date(2026, 11, 20), quantity="90", list_price="1")
    rollups.rebuild(session)
    key = account.id
    session.commit()
    return key


def _why():
    from datetime import date

    import streamlit as st

    from core.periods import Period
    from pages.ui import cause_form, gate

    months = Period.of(date(2026, 8, 1), date(2026, 10, 31))
    cause_form._record(gate.require(), st.session_state["account_id"], "Corner *shop*", months, "It fell")


@pytest.fixture
def dialog(cookie, kam, moved):
    """What the first click opens, for Anna."""
    cookie["token"] = sign_in(kam)
    page = AppTest.from_function(_why, default_timeout=30)
    page.session_state["account_id"] = moved
    return page.run()


def _press(page, label):
    return next(button for button in page.button if button.label == label).click().run()


def _labels(page):
    return [button.label for button in page.button]


def test_today_asks_why(moved, kam, open_page):
    page = open_page("work/today.py", kam)
    assert "RM\u00a0150 of a change of −RM\u00a0150 in Aug – Oct 2026 has no recorded cause" in shown(page)
    assert "Say why" in _labels(page)


def test_one_click_on_a_kind_answers_for_the_months_that_were_asked_about(dialog, kam, open_page):
    assert not _press(dialog, "Delisting").exception

    with db.read() as session:
        said = session.query(Cause).one()
    assert (said.kind, said.starts_on, said.ends_on) == (
        CauseKind.DELISTING,
        date(2026, 8, 1),
        date(2026, 11, 1),
    )
    page = open_page("work/today.py", kam)
    assert "no recorded cause" not in shown(page)
    assert "Say why" not in _labels(page)


def test_other_needs_a_word_and_says_so_under_the_field(dialog):
    page = _press(dialog, "Other …")
    assert "Say in a few words what it was." in shown(page)

    next(one for one in page.text_input if one.label == "Note").input("Their warehouse burnt down")
    next(one for one in page.text_input if one.label == "What it did to net revenue").input("-1,200.5")
    assert not _press(page, "Other …").exception
    with db.read() as session:
        said = session.query(Cause).one()
        assert (said.note, said.amount) == ("Their warehouse burnt down", Decimal("-1200.5"))


def test_what_cannot_be_read_as_an_amount_saves_nothing(dialog):
    next(one for one in dialog.text_input if one.label == "What it did to net revenue").input("much")
    _press(dialog, "Delisting")

    with db.read() as session:
        assert session.query(Cause).count() == 0


def test_the_account_shows_what_was_said(moved, kam, viewer, open_page):
    with db.write() as session:
        causes.record(
            session, kam, moved, CauseDraft(CauseKind.LOST_CONTACT, date(2026, 9, 1), note="Buyer left")
        )
    for actor, may in ((kam, True), (viewer, False)):
        page = open_page("accounts/account.py", actor, account="SHOP")
        assert not page.exception
        assert "Lost contact" in shown(page)
        assert ("Say why" in _labels(page)) is may
        page.session_state["account_tab"] = "What moved it"
        page.run()
        assert not page.exception
        assert "Buyer left" in shown(page)
        assert any((button.key or "").startswith("cause_") for button in page.button) is may


def test_the_directors_tab_says_how_much_is_explained(moved, kam, viewer, open_page):
    with db.write() as session:
        draft = CauseDraft(CauseKind.DELISTING, date(2026, 9, 1), amount=Decimal(-60))
        causes.record(session, kam, moved, draft)
    page = open_page("management/kpis.py", viewer, tab="causes")

    assert not page.exception
    # The year fell from 400 to 340, which is what the cause says.
    share = next(
        metric.value for metric in page.metric if metric.label == "Share of change with a recorded cause"
    )
    assert share == "100.0%"
    assert "Say why" not in _labels(page)


def test_the_bridge_has_it_between_its_own_windows(moved, kam, open_page):
    page = open_page("management/bridge.py", kam)
    page.session_state["bridge_tab"] = "Causes"
    page.run()

    assert not page.exception
    assert "Share of change with a recorded cause" in [metric.label for metric in page.metric]
