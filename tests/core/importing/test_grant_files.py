"""Lump sums and floor prices leave as files, come back as what they were, and an import of them can be undone."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest

from core import auth, db, exports, floors, lump_sums
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden
from core.exports import Format
from core.models import Segment
from core.vocabulary import BatchKind, LumpSumStep, Role
from tests import factories
from tests.core.importing.bringing import bring, counts, reasons, undo

pytestmark = pytest.mark.usefixtures("store")

PROMISES = """account,kind,amount,valid_from,valid_to,reason
0017,display,900.00,2026-01-01,2026-03-31,end of aisle
0017,leaflet,250.50,2026-02-01,2026-02-28,"yes, twice"
"""
FLOORS = """product,category,segment,price,list_share,valid_from,valid_to,reason
P1,,,19.90,,2026-01-01,,cost and handling
P1,,,21.00,,2026-07-01,,wages
,Tea,Retail,,0.7,2026-01-01,2026-12-31,margin plan
"""


@pytest.fixture(autouse=True)
def people(store):
    with db.write() as session:
        anna = auth.actor_for(factories.user(session, "anna", Role.MANAGER))
        ben = auth.actor_for(factories.user(session, "ben", Role.MANAGER))
        factories.account(session, anna, "0017")
        factories.account(session, ben, "0018")
        factories.product(session, "P1", category="Tea")
        session.add(Segment(name="Retail"))
    return {"anna": anna, "ben": ben}


def out(kind, actor=OPERATOR):
    stream = io.BytesIO()
    with db.read() as session:
        exports.write(exports.prepare(session, actor, BatchKind(kind)), stream, Format.CSV)
    return stream.getvalue().decode()


def promised():
    with db.read() as session:
        return {
            row.draft.reason: (row.number, row.draft.amount, row.draft.last_on)
            for row in lump_sums.search(session, OPERATOR)
        }


def floor_prices():
    with db.read() as session:
        return [
            (row.draft.price, row.draft.list_share, row.draft.valid_from, row.last_day)
            for row in sorted(floors.search(session, OPERATOR), key=lambda row: (row.draft.key, row.draft.valid_from))
        ]  # fmt: skip


def test_lump_sums_come_in_once_and_leave_as_they_came():
    assert counts(bring("lump_sums", PROMISES).check) == (2, 2, 0, 0, 0)
    assert {reason: one[1:] for reason, one in promised().items()} == {
        "end of aisle": (Decimal(900), date(2026, 3, 31)),
        "yes, twice": (Decimal("250.5"), date(2026, 2, 28)),
    }

    assert counts(bring("lump_sums", PROMISES).check) == (2, 0, 0, 2, 0)
    assert counts(bring("lump_sums", out("lump_sums")).check) == (2, 0, 0, 2, 0)


def test_a_number_in_a_file_changes_that_lump_sum_and_undoing_gives_it_back():
    bring("lump_sums", PROMISES)
    before = promised()
    edited = out("lump_sums").replace("900", "1000").replace("end of aisle", "window")

    outcome = bring("lump_sums", edited)

    assert counts(outcome.check) == (2, 1, 1, 1, 0)
    assert promised()["window"][1] == 1000
    undo(outcome.batch_id)
    assert promised() == before


def test_an_undone_file_is_withdrawn_and_applies_again_but_not_once_money_was_paid():
    first = bring("lump_sums", PROMISES)
    undo(first.batch_id)
    assert promised() == {}

    again = bring("lump_sums", PROMISES)

    assert counts(again.check) == (2, 2, 0, 0, 0)
    number = promised()["end of aisle"][0]
    with db.write() as session:
        lump_sums.note(session, OPERATOR, number, LumpSumStep.SETTLED, date(2026, 1, 5), amount=Decimal(100))
    with pytest.raises(Conflict):
        undo(again.batch_id)
    assert len(promised()) == 2


def test_what_a_lump_sum_file_says_wrongly_is_said_row_by_row(people):
    bad = PROMISES + (
        "0018,display,1,2026-01-01,2026-01-31,not hers\n"
        "0017,gift,1,2026-01-01,2026-01-31,kind\n"
        "0017,display,0,2026-01-01,2026-01-31,nothing\n"
        "0017,display,5,2026-02-01,2026-01-31,backwards\n"
    )

    check = bring("lump_sums", bad, actor=people["anna"], skip_rejected=True).check

    assert (check.read, check.accepted) == (6, 0)
    assert reasons(check) == {
        "amount: the amount is beyond the limits of your role": 2,  # none is recorded for managers
        "account: there is no such account among yours": 1,
        "kind: the kind is listing_fee, display, leaflet, marketing or other": 1,
        "amount: Give an amount above zero.": 1,
        "valid_to: The last day is the first one or a later one.": 1,
    }


def test_floors_come_in_once_and_leave_as_they_came():
    assert counts(bring("floors", FLOORS).check) == (3, 3, 0, 0, 0)
    stood = floor_prices()
    assert (Decimal("19.9"), None, date(2026, 1, 1), date(2026, 6, 30)) in stood
    assert (Decimal(21), None, date(2026, 7, 1), None) in stood
    assert (None, Decimal("0.7"), date(2026, 1, 1), date(2026, 12, 31)) in stood

    assert counts(bring("floors", FLOORS).check) == (3, 0, 0, 3, 0)
    assert counts(bring("floors", out("floors")).check) == (3, 0, 0, 3, 0)
    assert floor_prices() == stood


def test_undoing_a_file_of_floors_puts_every_scope_back():
    bring("floors", FLOORS.splitlines()[0] + "\nP1,,,18.00,,2025-01-01,,old\n")
    before = floor_prices()
    outcome = bring("floors", FLOORS)
    assert len(floor_prices()) == 4

    undo(outcome.batch_id)

    assert floor_prices() == before
    again = bring("floors", FLOORS)
    assert counts(again.check) == (3, 3, 0, 0, 0)
    bring("floors", FLOORS.replace("21.00", "22.00"))
    with pytest.raises(Conflict):
        undo(again.batch_id)


def test_floors_are_for_who_may_see_cost(people):
    with pytest.raises(Forbidden):
        out("floors", people["anna"])
    with pytest.raises(Forbidden):
        bring("floors", FLOORS, actor=people["anna"])


def test_a_floor_of_what_nobody_knows_is_refused():
    check = bring("floors", FLOORS.replace("Tea", "Tee").replace("P1", "P2"), skip_rejected=True).check

    assert reasons(check) == {
        "product: there is no such product": 2,
        "category: there is no such category": 1,
    }
