from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest

from core import db, exports
from core.auth import OPERATOR
from core.errors import Conflict
from core.exports import Format
from core.loyalty import postings, status
from core.vocabulary import BatchKind
from tests import factories
from tests.conftest import on_sqlite
from tests.core.importing.bringing import bring, counts, dry, undo
from tests.core.loyalty.programmes import agrees, points

pytestmark = pytest.mark.usefixtures("store")

POINTS = (
    "account,posted_on,kind,points,key,qualifying,reason,expires_on\n"
    "A,2025-01-10,earn,1000,k1,800,January,2025-12-31\n"
    "A,2025-02-10,earn,500,k2,,February,2026-06-30\n"
    "A,2025-03-01,redeem,300,k3,,gift,\n"
    "A,2025-03-02,adjust,-50,k4,,mistake,\n"
    "A,2026-01-05,expire,650,k5,,told by the other system,\n"
    "B,2025-01-10,earn,12.5,k6,12.5,,\n"
)


@pytest.fixture
def company(store):
    with db.write() as session:
        return {code: factories.account(session, None, code).id for code in ("A", "B")}


def shown(account_id, on, known=None):
    with db.read() as session:
        return status.document(points(session, account_id, on=on, known_on=known))


def test_points_come_by_file_before_there_is_any_programme(company):
    assert counts(bring("loyalty", POINTS).check) == (6, 6, 0, 0, 0)

    assert shown(company["A"], date(2025, 3, 31)) == {
        "loyalty_tier": None,
        "active": "1150",
        "pending": "0",
        "redeemed": "300",
        "expired": "0",
        "qualifying": "800",
        "to_next": None,
        "to_stay": None,
        "expiring": [{"on": "2025-12-31", "points": "650"}, {"on": "2026-06-30", "points": "500"}],
    }
    assert shown(company["A"], date(2025, 12, 31))["active"] == "1150"
    assert shown(company["A"], date(2026, 1, 1))["active"] == "500"
    # The expiry that the other system tells of is the lapse itself, not another one.
    assert shown(company["A"], date(2026, 1, 5))["expired"] == "650"
    assert shown(company["B"], date(2026, 1, 5))["active"] == "12.5"
    assert shown(company["A"], date(2025, 3, 31), known=date(2025, 12, 31))["active"] == "0"
    with db.read() as session:
        assert agrees(session)


def test_a_key_seen_before_is_unchanged_whatever_else_the_row_says(company):
    bring("loyalty", POINTS)

    again = bring("loyalty", POINTS).check
    other = bring(
        "loyalty",
        "account,posted_on,kind,points,key\nB,2025-05-05,earn,9999,k1\nnobody,never,gift,-1,k2\nA,2025-05-05,earn,7,k9\nA,2025-05-05,earn,8,k9\n",
    ).check

    assert counts(again) == (6, 0, 0, 6, 0)
    assert counts(other) == (4, 1, 0, 3, 0)
    assert shown(company["A"], date(2025, 6, 1))["active"] == "1157"


@on_sqlite
@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("X,2025-01-01,earn,5,k,,,", "account"),
        ("A,,earn,5,k,,,", "posted_on"),
        ("A,2025-01-01,gift,5,k,,,", "kind"),
        ("A,2025-01-01,earn,0,k,,,", "points"),
        ("A,2025-01-01,redeem,-5,k,,,", "points"),
        ("A,2025-01-01,earn,5,,,,", "key"),
        ("A,2025-01-02,earn,5,k,,,2025-01-01", "expires_on"),
        ("A,2025-01-02,redeem,5,k,,,", "points"),
        ("A,2025-01-02,adjust,-5,k,,,", "points"),
    ],
)
def test_what_makes_no_entry_is_refused_and_nothing_is_applied(company, row, why):
    found = dry("loyalty", POINTS.splitlines()[0] + "\n" + row + "\n")

    assert counts(found) == (1, 0, 0, 0, 1)
    assert found.reasons[0].reason.startswith(f"{why}:")


@on_sqlite
def test_rows_apply_by_their_days_and_then_in_the_order_of_the_file(company):
    text = (
        "account,posted_on,kind,points,key\n"
        "A,2025-03-01,redeem,80,late\n"
        "A,2025-01-01,redeem,10,early\n"
        "A,2025-02-01,redeem,30,before\n"
        "A,2025-02-01,earn,100,earned\n"
        "A,2025-02-01,redeem,30,after\n"
    )

    outcome = bring("loyalty", text, skip_rejected=True)

    # early and before find nothing, after takes 30 of 100, and late finds 70.
    assert counts(outcome.check) == (5, 2, 0, 0, 3)
    assert shown(company["A"], date(2025, 3, 1))["active"] == "70"


@on_sqlite
def test_a_redemption_of_a_past_day_may_not_take_what_the_ledger_spent_since(company):
    bring("loyalty", "account,posted_on,kind,points,key\nA,2025-01-01,earn,100,a\nA,2025-06-01,redeem,80,b\n")

    found = dry(
        "loyalty", "account,posted_on,kind,points,key\nA,2025-03-01,redeem,30,c\nA,2025-03-01,redeem,20,d\n"
    )

    assert counts(found) == (2, 1, 0, 0, 1)


def test_an_import_is_undone_and_applies_again(company):
    first = bring("loyalty", POINTS)
    undo(first.batch_id)
    assert shown(company["A"], date(2025, 3, 31))["active"] == "0"

    assert counts(bring("loyalty", POINTS).check) == (6, 6, 0, 0, 0)
    assert shown(company["A"], date(2025, 3, 31))["active"] == "1150"
    with db.read() as session:
        assert agrees(session)


@on_sqlite
def test_what_was_spent_since_stands_against_the_undo(company):
    first = bring("loyalty", POINTS)
    with db.write() as session:
        postings.redeem_points(session, OPERATOR, company["B"], Decimal(10), "gift", key="x")

    with pytest.raises(Conflict):
        undo(first.batch_id)


@on_sqlite
def test_unknown_accounts_are_created_where_asked_for(store):
    outcome = bring("loyalty", POINTS, create_missing=True)

    assert (counts(outcome.check), outcome.created_accounts) == ((6, 6, 0, 0, 0), 2)


def test_the_ledger_leaves_as_a_file_that_gives_the_same_balances_elsewhere(company):
    bring("loyalty", POINTS)
    stream = io.BytesIO()
    with db.read() as session:
        exports.write(
            exports.prepare(session, OPERATOR, BatchKind.LOYALTY, account_code="A"), stream, Format.CSV
        )

    lines = stream.getvalue().decode().splitlines()

    assert lines[0] == "account,posted_on,kind,points,key,qualifying,reason,expires_on"
    assert "A,2025-03-01,redeem,300,k3,0,gift," in lines
    assert "A,2025-03-02,adjust,-50,k4,0,mistake," in lines
