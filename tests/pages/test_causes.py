"""Why revenue moved, said in two clicks where it is asked for."""

from datetime import date
from decimal import Decimal

import pytest

from core import causes, clock, db, rollups
from core.causes import CauseDraft
from core.models import Cause
from core.vocabulary import CauseKind
from tests import factories
from tests.pages.conftest import shown

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


def _press(page, label):
    return next(button for button in page.button if button.label == label).click().run()


def test_today_asks_why_and_two_clicks_answer(moved, kam, open_page):
    page = open_page("work/today.py", kam)
    assert "RM\u00a0150 of a change of −RM\u00a0150 in Aug – Oct 2026 has no recorded cause" in shown(page)

    page = _press(page, "Say why")
    page = _press(page, "Delisting")

    assert not page.exception
    with db.read() as session:
        said = session.query(Cause).one()
    assert (said.kind, said.starts_on, said.ends_on) == (
        CauseKind.DELISTING,
        date(2026, 8, 1),
        date(2026, 11, 1),
    )
    assert "no recorded cause" not in shown(open_page("work/today.py", kam))


def test_the_account_says_it_of_the_same_months_and_shows_it(moved, kam, open_page):
    page = open_page("accounts/account.py", kam, account="SHOP")
    page = _press(page, "Say why")
    page = _press(page, "Lost contact")

    assert not page.exception
    page = open_page("accounts/account.py", kam, account="SHOP", account_tab="What moved it")
    with db.read() as session:
        assert session.query(Cause).one().starts_on == date(2026, 8, 1)
    assert "Lost contact" in shown(page)


def test_other_needs_a_word_and_says_so_under_the_field(moved, kam, open_page):
    page = open_page("accounts/account.py", kam, account="SHOP")
    page = _press(_press(page, "Say why"), "Other …")

    assert "Say in a few words what it was." in shown(page)
    with db.read() as session:
        assert session.query(Cause).count() == 0


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
    assert not any(button.label == "Say why" for button in page.button)


def test_the_bridge_has_it_between_its_own_windows(moved, kam, open_page):
    page = open_page("management/bridge.py", kam, bridge_tab="Causes")

    assert not page.exception
