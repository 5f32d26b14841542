"""Today: the ranked reasons, and a click that deals with one of them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import attention, clock, db, rollups
from core.models import Receivable
from core.vocabulary import AttentionOutcome
from tests import factories
from tests.pages.conftest import shown


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def owing(session, kam, other_kam, viewer):
    """Anna's account owes 1,200 since sixty days, and buys."""
    account = factories.account(session, kam, "A", name="Harbour *Stores*", confirmed_at=clock.now())
    today = clock.today()
    factories.line(session, account, factories.product(session, "TEA"), today - timedelta(days=1))
    session.add(
        Receivable(
            account_id=account.id, as_of=today, invoice_no="R1", due_on=today - timedelta(days=60),
            amount=Decimal(1200), open_amount=Decimal(1200), batch_id=None,
        )
    )  # fmt: skip
    rollups.rebuild(session)
    session.commit()
    return account


def test_the_reason_stands_there_with_its_money_and_how_it_was_computed(owing, kam, open_page):
    page = open_page("work/today.py", kam)

    assert not page.exception
    said = shown(page)
    assert "1.2K overdue in 1 invoice, the oldest by 60 days" in said.replace("\\", "")
    assert "open amounts past their due day in the snapshot of" in said
    assert "1 account needs attention" in said


def test_a_typed_name_is_shown_as_it_was_typed(owing, kam, open_page):
    page = open_page("work/today.py", kam)

    assert any(button.label == "Harbour \\*Stores\\*" for button in page.button)


def test_the_button_opens_the_account(owing, kam, open_page):
    page = open_page("work/today.py", kam)
    next(button for button in page.button if button.label.startswith("Harbour")).click().run()

    assert page.title[0].value.startswith("Harbour")


def test_what_was_put_off_stands_below_with_who_and_why(owing, session, kam, open_page):
    with db.write() as other:
        item = attention.items(other, kam)[0]
        until = clock.today() + timedelta(days=2)
        attention.decide(
            other, kam, item, AttentionOutcome.SNOOZED, until_on=until, reason="cheque is coming"
        )
    page = open_page("work/today.py", kam)

    said = shown(page)
    assert "Nothing needs attention." in said
    assert "cheque is coming" in said
    assert "put off until" in said
    again = next(button for button in page.button if button.label == "Ask again")
    again.click().run()
    assert "1 account needs attention" in shown(page)


def test_a_viewer_reads_and_decides_nothing(owing, viewer, open_page):
    page = open_page("work/today.py", viewer)

    assert "overdue" in shown(page)
    assert not any(button.label == "Done or later" for button in page.button)


def test_nobody_elses_reasons_are_shown(owing, other_kam, open_page):
    page = open_page("work/today.py", other_kam)

    assert "Harbour" not in shown(page)


def test_somebody_without_orders_is_told_what_to_do(session, director, open_page):
    session.commit()
    page = open_page("work/today.py", director)

    assert "There are no orders yet" in shown(page)
