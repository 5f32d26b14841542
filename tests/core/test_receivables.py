"""What accounts owe: snapshots by day, ages to that day, nothing of other people's accounts."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import db, receivables
from core.auth import OPERATOR
from core.errors import Conflict, NotFound
from core.models import Receivable
from core.receivables import Age, Invoice, Owed
from tests import factories
from tests.core.importing.bringing import bring, counts, dry, undo

DAY = date(2026, 3, 31)
HEAD = "account,invoice_no,due_on,amount,open_amount,as_of\n"


@pytest.fixture
def annas(store):
    """Anna's account A with a limit of 1,000 and Ben's account B: their ids."""
    with db.write() as session:
        from core import auth
        from core.vocabulary import Role

        anna = auth.actor_for(factories.user(session, "anna", Role.MANAGER))
        ben = auth.actor_for(factories.user(session, "ben", Role.MANAGER))
        a = factories.account(session, anna, "A", credit_limit=Decimal(1000))
        b = factories.account(session, ben, "B")
        return anna, a.id, b.id


def owed(actor, account_id):
    with db.read() as session:
        return receivables.latest(session, actor, account_id)


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (-5, Age.NOT_DUE), (0, Age.NOT_DUE), (1, Age.TO_30), (30, Age.TO_30), (31, Age.TO_60), (60, Age.TO_60),
        (61, Age.TO_90), (90, Age.TO_90), (91, Age.OVER_90),
    ],
)  # fmt: skip
def test_an_invoice_due_today_is_not_overdue_and_the_first_day_after_is(days, age):
    assert Invoice("1", DAY, Decimal(1), Decimal(1), days).age is age


@given(st.lists(st.tuples(st.integers(-200, 200), st.decimals(-10_000, 10_000, places=4)), max_size=30))
def test_the_ages_add_up_to_what_is_open(rows):
    invoices = tuple(Invoice(str(no), DAY, one, one, days) for no, (days, one) in enumerate(rows))
    found = Owed(DAY, invoices, None)
    assert sum(found.by_age.values()) == found.open_amount
    assert found.open_amount - found.by_age[Age.NOT_DUE] == found.overdue


def test_the_newest_snapshot_is_shown_by_age_against_the_limit(annas):
    anna, a, _b = annas
    bring("receivables", HEAD + "A,OLD,2026-01-31,900,900,2026-02-28\n")
    bring(
        "receivables",
        HEAD
        + "A,1,2026-03-31,500,500,2026-03-31\n"  # due on the day itself
        + "A,2,2026-03-01,600.50,300.25,2026-03-31\n"  # 30 days
        + "A,3,2026-02-28,100,100,2026-03-31\n"  # 31 days
        + "A,4,2025-12-31,400,400,2026-03-31\n"  # 90 days
        + "A,C,2026-03-20,-50,-50,2026-03-31\n",  # a credit note
    )
    found = owed(anna, a)
    assert (found.as_of, found.open_amount, found.overdue) == (DAY, Decimal("1250.25"), Decimal("750.25"))
    assert found.by_age == {
        Age.NOT_DUE: 500,
        Age.TO_30: Decimal("250.25"),
        Age.TO_60: 100,
        Age.TO_90: 400,
        Age.OVER_90: 0,
    }
    assert (found.oldest_days, found.used_share) == (90, Decimal("1.250250"))
    with db.read() as session:
        history = receivables.history(session, anna, a)
        overdue = receivables.overdue_by_account(session, anna)
    assert [(row.as_of, row.open_amount, row.overdue) for row in history] == [
        (date(2026, 2, 28), 900, 900),
        (DAY, Decimal("1250.25"), Decimal("750.25")),
    ]
    assert (overdue[a].amount, overdue[a].days, overdue[a].invoices) == (Decimal("750.25"), 90, 4)


def test_without_a_snapshot_or_a_limit_nothing_is_said(annas):
    anna, a, _b = annas
    assert (owed(anna, a).as_of, owed(anna, a).used_share) == (None, None)
    bring("receivables", HEAD + "B,1,2026-03-31,500,500,2026-03-31\n")
    assert owed(OPERATOR, _b).used_share is None


def test_other_peoples_debts_are_not_there(annas):
    anna, a, b = annas
    bring("receivables", HEAD + "A,1,2026-01-31,5,5,2026-03-31\nB,1,2026-01-31,7,7,2026-03-31\n")
    with pytest.raises(NotFound):
        owed(anna, b)
    with db.read() as session:
        assert set(receivables.overdue_by_account(session, anna)) == {a}
        assert set(receivables.overdue_by_account(session, OPERATOR)) == {a, b}


def test_an_account_owes_what_its_own_newest_snapshot_says(annas):
    _anna, a, b = annas
    bring("receivables", HEAD + "A,1,2026-01-31,5,5,2026-02-28\nB,1,2026-01-31,7,7,2026-02-28\n")
    bring("receivables", HEAD + "B,2,2026-02-28,9,9,2026-03-31\n")  # a file that does not name A
    assert (owed(OPERATOR, a).open_amount, owed(OPERATOR, b).open_amount) == (5, 9)


def test_the_same_file_again_changes_nothing_and_after_an_undo_it_applies_again(annas):
    text = HEAD + "A,1,2026-03-31,500,500,2026-03-31\nA,2,2026-03-01,600,300,2026-03-31\n"
    first = bring("receivables", text)
    assert counts(first.check) == (2, 2, 0, 0, 0)
    assert counts(bring("receivables", text).check) == (2, 0, 0, 2, 0)
    undo(first.batch_id)
    assert counts(dry("receivables", text)) == (2, 2, 0, 0, 0)


def test_a_corrected_file_of_the_day_replaces_and_its_undo_puts_back(annas):
    _anna, a, _b = annas
    bring("receivables", HEAD + "A,1,2026-03-31,500,500,2026-03-31\nA,2,2026-03-01,600,300,2026-03-31\n")
    second = bring("receivables", HEAD + "A,1,2026-03-31,500,450,2026-03-31\n")
    assert counts(second.check) == (1, 1, 1, 0, 0)
    assert owed(OPERATOR, a).open_amount == 450
    undo(second.batch_id)
    assert owed(OPERATOR, a).open_amount == 800


def test_an_undo_stops_where_the_day_was_changed_since(annas):
    first = bring("receivables", HEAD + "A,1,2026-03-31,500,500,2026-03-31\n")
    bring("receivables", HEAD + "A,1,2026-03-31,500,450,2026-03-31\n")
    with pytest.raises(Conflict, match="changed since"):
        undo(first.batch_id)


def test_a_refused_row_lets_nothing_of_its_account_go(annas):
    _anna, a, _b = annas
    bring("receivables", HEAD + "A,1,2026-03-31,500,500,2026-03-31\nA,2,2026-03-01,600,300,2026-03-31\n")
    bad = HEAD + "A,1,2026-03-31,500,400,2026-03-31\nA,2,2026-03-01,600,900,2026-03-31\n"
    done = bring("receivables", bad, skip_rejected=True)
    assert counts(done.check) == (2, 1, 1, 0, 1)
    assert owed(OPERATOR, a).open_amount == 700


def test_bad_rows_are_named(annas):
    anna, _a, _b = annas
    tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011
    text = (
        HEAD
        + "A,1,2026-03-31,100,100.5,2026-03-31\n"
        + "B,2,2026-03-31,1,1,2026-03-31\n"
        + ",3,2026-03-31,1,1,2026-03-31\n"
        + "A,4,soon,1,1,2026-03-31\n"
        + f"A,5,2026-03-31,1,1,{tomorrow}\n"
        + "A,6,2026-03-31,7,7,2026-03-31\nA,6,2026-03-31,8,8,2026-03-31\n"
    )
    check = dry("receivables", text, actor=anna)
    assert counts(check) == (7, 1, 0, 0, 6)
    said = {reason.reason for reason in check.reasons}
    assert {
        "open_amount: more is open than was invoiced",
        "account: there is no such account among yours",
        "account: a value is needed here",
        "as_of: the day lies in the future",
        "invoice_no: this stands in the file twice, with different values",
    } <= said


def test_ids_from_spreadsheets_and_a_day_left_out(annas):
    _anna, a, _b = annas
    bring("receivables", "account,invoice_no,due_on,amount,open_amount\nA,17850.0,2026-03-31,500,500\n")
    with db.read() as session:
        (row,) = session.query(Receivable)
        assert (row.account_id, row.invoice_no, row.as_of) == (a, "17850", date.today())  # noqa: DTZ011
