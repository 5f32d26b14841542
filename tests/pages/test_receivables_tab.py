"""Receivables on the Account page: what is open by age, and what a stranger learns of it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import clock, db, rollups
from core.models import Receivable
from tests import factories
from tests.pages.conftest import shown


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def owing(session, kam, other_kam):
    """Anna's account has 300 not due and 200 overdue by 40 days, of a limit of 1,000."""
    account = factories.account(session, kam, "H", name="Harbour", credit_limit=Decimal(1000))
    today = clock.today()
    factories.line(session, account, factories.product(session, "TEA"), today - timedelta(days=1))
    for number, amount, days in (("*R1*", 300, -10), ("R2", 200, 40)):
        session.add(
            Receivable(
                account_id=account.id, as_of=today, invoice_no=number, due_on=today - timedelta(days=days),
                amount=Decimal(amount), open_amount=Decimal(amount), batch_id=None,
            )
        )  # fmt: skip
    rollups.rebuild(session)
    session.commit()


def _tab(page):
    page.session_state["account_tab"] = "Receivables"
    page.run()
    assert not page.exception
    return page


def test_what_is_open_stands_by_age_and_against_the_limit(owing, kam, open_page):
    page = _tab(open_page("accounts/account.py", kam, account="H"))

    values = [metric.value for metric in page.metric]
    assert "RM\u00a0500" in values
    assert "RM\u00a0200" in values
    assert "50.0%" in values
    assert any("*R1*" in frame.value.to_csv() for frame in page.dataframe)


def test_a_stranger_learns_nothing_of_it(owing, other_kam, open_page):
    page = open_page("accounts/account.py", other_kam, account="H")

    assert "There is no such account" in shown(page)
    assert "R2" not in shown(page)
