"""Orders are counted from kept numbers as they are counted from their lines."""

from datetime import date, timedelta

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from core import db, doctor, order_lines, order_sums, rollups, schema
from core.auth import OPERATOR
from core.filters import AccountFilter
from core.models import BookedDay, BookedMonth, OrderDay, OrderLine
from core.periods import Period
from core.revenue import Dimension
from tests import factories

START = date(2026, 1, 1)
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))


def counted(session, period, accounts=None):
    """From the lines."""
    narrowed = {} if accounts is None else {"accounts": accounts}
    found = order_lines.order_counts(session, OPERATOR, period, Dimension.ACCOUNT, bought=True, **narrowed)
    return {account_id: count for (account_id,), count in found.items()}


def booked(session, account, product, order_no, line_no, *days, quantity="1"):
    ordered_on, booked_on = days[0], days[-1]
    given = {"order_no": order_no, "line_no": line_no, "ordered_on": ordered_on, "quantity": quantity}
    return factories.line(session, account, product, booked_on, **given)


def test_an_order_that_is_booked_in_three_months_counts_once_in_each_period_that_meets_it(session):
    account, product = factories.account(session), factories.product(session)
    days = (date(2026, 1, 10), date(2026, 1, 20), date(2026, 3, 5))
    for number, day in enumerate(days, start=1):
        booked(session, account, product, "A1", number, date(2026, 1, 2), day)
    booked(session, account, product, "A2", 1, date(2026, 1, 2), date(2026, 1, 20))
    booked(session, account, product, "A3", 1, date(2026, 1, 2), date(2026, 3, 1), quantity="-1")

    rollups.add(session, OrderLine.account_id == account.id)

    rows = session.execute(select(BookedDay.booked_on, BookedDay.previous_on, BookedDay.orders))
    assert sorted(tuple(row) for row in rows) == [
        (days[0], order_sums.NEVER, 1),
        (days[1], order_sums.NEVER, 1),
        (days[1], days[0], 1),
        (days[2], days[1], 1),
    ]
    rows = session.execute(select(BookedMonth.month, BookedMonth.previous_on, BookedMonth.orders))
    assert sorted(tuple(row) for row in rows) == [
        (date(2026, 1, 1), order_sums.NEVER, 2),
        (date(2026, 3, 1), days[1], 1),
    ]
    assert session.scalar(select(OrderDay.lines)) == 4
    ask = order_lines.orders_by_account
    for start, end, orders in (
        ((1, 1), (2, 1), 2), ((1, 11), (2, 1), 2), ((1, 21), (3, 5), 0), ((1, 21), (3, 6), 1), ((2, 1), (3, 31), 1),
        ((1, 5), (3, 20), 2), ((1, 10), (1, 11), 1),
    ):  # fmt: skip
        period = Period(date(2026, *start), date(2026, *end))
        assert ask(session, OPERATOR, period).get(account.id, 0) == orders, period


_LINE = st.tuples(
    st.integers(0, 1),  # account
    st.integers(0, 3),  # order number
    st.integers(0, 100),  # day of its booking
    st.sampled_from(["1", "-1"]),
)
_STEP = st.tuples(
    st.sampled_from(["add", "remove", "change"]), st.lists(_LINE, min_size=1, max_size=6), st.integers(0, 2)
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(_STEP, min_size=1, max_size=5),
    periods=st.lists(st.tuples(st.integers(0, 100), st.integers(1, 100)), min_size=1, max_size=5),
)
def test_after_any_changes_orders_are_counted_as_from_their_lines(session, steps, periods):
    point = session.begin_nested()
    accounts = [factories.account(session) for _ in range(2)]
    product = factories.product(session)
    present: list[OrderLine] = []
    for number, (what, lines, which) in enumerate(steps):
        if what == "add":
            for place, (account, order, day, quantity) in enumerate(lines):
                days = START + timedelta(days=day // 2), START + timedelta(days=day)
                line_no = 10 * number + place
                present.append(
                    booked(
                        session, accounts[account], product, f"O{order}", line_no, *days, quantity=quantity
                    )
                )
            new = [line.line_no for line in present[-len(lines) :]]
            rollups.add(session, OrderLine.line_no.in_(new))
            continue
        some = [line for index, line in enumerate(present) if index % 3 == which]
        touched = OrderLine.line_no.in_([line.line_no for line in some])
        rollups.subtract(session, touched)
        for line in some:
            if what == "remove":
                present.remove(line)
                session.delete(line)
            else:
                line.booked_on += timedelta(days=20)
                line.booked_month = line.booked_on.replace(day=1)
                line.quantity = -line.quantity
        session.flush()
        if what == "change":
            rollups.add(session, touched)
        rollups.prune(session)
    rollups.refresh_rhythm(session)

    assert rollups.differences(session) == []
    only = AccountFilter(account_ids=frozenset({accounts[0].id}))
    for start, length in periods:
        period = Period(START + timedelta(days=start), START + timedelta(days=start + length))
        assert order_lines.orders_by_account(session, OPERATOR, period) == counted(session, period)
        assert order_lines.orders_by_account(session, OPERATOR, period, only) == counted(
            session, period, only
        )
    point.rollback()
    session.expunge_all()


@pytest.mark.parametrize(
    ("table", "measure"),
    [("order_days", "lines"), ("order_booked_days", "orders"), ("order_booked_months", "orders")],
)
def test_the_doctor_names_a_number_of_orders_that_is_kept_wrong(session, table, measure):
    account, product = factories.account(session), factories.product(session)
    factories.line(session, account, product, date(2026, 3, 1))
    rollups.rebuild(session)
    session.execute(text(f"UPDATE {table} SET {measure} = 7"))

    found = {check.name: check.differences for check in doctor.examine(session, OPERATOR)}["rollups"]

    assert any(table in sentence and measure in sentence for sentence in found)


def test_a_store_of_before_gets_its_orders_counted_by_the_migration(store):
    with db.write() as session:
        account, product = factories.account(session), factories.product(session)
        account_id = account.id
        for number, day in enumerate(
            (date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 6, 1))
        ):
            booked(session, account, product, "A1", number, date(2026, 1, 2), day)
            booked(session, account, product, f"B{number}", 1, day)
        rollups.rebuild(session)
    with schema._migrating(db.engine()) as connection:
        command.downgrade(schema._alembic(connection), "0014")

    schema.upgrade()

    with db.read() as session:
        assert rollups.differences(session) == []
        assert order_lines.orders_by_account(session, OPERATOR, YEAR) == {account_id: 5}
