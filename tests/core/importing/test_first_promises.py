"""The first promise of a delivery stays what it was, whatever later files promise."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core import db
from core.models import OrderLine
from tests.core.importing.bringing import counts, everything, orders, undo

pytestmark = pytest.mark.usefixtures("store")

HEAD = "order_no,ordered_on,account,product,quantity,unit_price,promised_on\n"
NUMBERED = "order_no,line_no,ordered_on,account,product,quantity,unit_price,promised_on\n"


def promises():
    """First and last promise by order and line, as days of March 2026."""
    with db.read() as session:
        query = select(
            OrderLine.order_no, OrderLine.line_no, OrderLine.first_promised_on, OrderLine.promised_on
        )
        return {
            (order_no, line_no): tuple(day and day.day for day in days)
            for order_no, line_no, *days in session.execute(query)
        }


def test_a_new_line_is_first_promised_for_the_day_in_its_file():
    orders(HEAD + "S1,2026-03-01,A,P1,1,1,2026-03-10\nS2,2026-03-01,A,P1,1,1,\n")

    assert promises() == {("S1", 1): (10, 10), ("S2", 1): (None, None)}


def test_a_later_promise_leaves_the_first_of_each_product_the_earliest_where_it_repeats():
    orders(
        HEAD + "S1,2026-03-01,A,P1,1,1,2026-03-12\n"
        "S1,2026-03-01,A,P1,2,1,2026-03-10\n"
        "S1,2026-03-01,A,P2,1,1,2026-03-15\n"
        "S1,2026-03-01,A,P4,1,1,\n"
    )

    orders(
        HEAD + "S1,2026-03-01,A,P2,1,1,2026-03-20\n"
        "S1,2026-03-01,A,P1,1,1,2026-03-21\n"
        "S1,2026-03-01,A,P3,1,1,2026-03-22\n"
        "S1,2026-03-01,A,P4,1,1,2026-03-23\n"
    )

    assert promises() == {("S1", 1): (15, 20), ("S1", 2): (10, 21), ("S1", 3): (22, 22), ("S1", 4): (23, 23)}


def test_with_line_numbers_each_line_keeps_its_own():
    orders(
        NUMBERED + "S1,10,2026-03-01,A,P1,1,1,2026-03-12\n"
        "S1,20,2026-03-01,A,P1,1,1,2026-03-10\n"
        "S1,30,2026-03-01,A,P1,1,1,\n"
    )

    orders(
        NUMBERED + "S1,10,2026-03-01,B,P2,1,1,2026-03-20\n"  # another account and product: the line counts
        "S1,30,2026-03-01,A,P1,1,1,2026-03-21\n"
        "S1,40,2026-03-01,A,P1,1,1,2026-03-22\n"
    )

    assert promises() == {
        ("S1", 10): (12, 20), ("S1", 20): (10, 10), ("S1", 30): (21, 21), ("S1", 40): (22, 22),
    }  # fmt: skip


def test_a_line_that_lost_its_promise_still_knows_the_first_and_the_same_file_is_unchanged():
    first = HEAD + "S1,2026-03-01,A,P1,1,1,2026-03-10\n"
    moved = HEAD + "S1,2026-03-01,A,P1,1,1,2026-03-12\n"
    orders(first)
    orders(moved)

    again = orders(moved)
    orders(HEAD + "S1,2026-03-01,A,P1,1,1,\n")
    orders(moved)

    assert counts(again.check) == (1, 0, 0, 1, 0)
    assert promises() == {("S1", 1): (10, 12)}


def test_undo_brings_back_both_promises():
    orders(HEAD + "S1,2026-03-01,A,P1,1,1,2026-03-10\n")
    orders(HEAD + "S1,2026-03-01,A,P1,1,1,2026-03-12\n")
    before = everything()
    last = orders(HEAD + "S1,2026-03-01,A,P1,1,1,2026-03-14\nS2,2026-03-01,A,P1,1,1,2026-03-02\n")
    assert promises() == {("S1", 1): (10, 14), ("S2", 1): (2, 2)}

    undo(last.batch_id)

    assert everything() == before
    assert promises() == {("S1", 1): (10, 12)}
