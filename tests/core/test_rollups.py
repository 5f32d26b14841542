"""The kept sums are always those of the order lines, whatever is added, changed or taken away."""

import threading
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from core import db, packed_sums, rollups
from core.models import (
    AccountCountry,
    AccountDay,
    AccountMonth,
    AccountRhythm,
    AccountYear,
    BookedDay,
    BookedMonth,
    ForeignMonth,
    ForeignYear,
    OrderDay,
    OrderLine,
    PackedForeignMonth,
    PackedForeignYear,
    PackedMonth,
    PackedYear,
    PairYear,
    ProductMonth,
    RevenueCell,
    TotalMonth,
)
from tests import factories

LAYERS = (
    RevenueCell, AccountDay, AccountCountry, AccountMonth, AccountYear, PairYear, ProductMonth, TotalMonth,
    ForeignMonth, ForeignYear, OrderDay, BookedDay, BookedMonth, PackedMonth, PackedYear, PackedForeignMonth,
    PackedForeignYear,
)  # fmt: skip


def _stored(session):
    return {
        layer.__tablename__: sorted(tuple(row) for row in session.execute(select(layer.__table__)))
        for layer in LAYERS
    }


def test_a_cell_holds_the_sums_of_its_lines(session):
    account, product = factories.account(session), factories.product(session)
    factories.line(session, account, product, date(2026, 3, 1), quantity="10", net_price="9.5", unit_cost="6")
    factories.line(session, account, product, date(2026, 3, 31), quantity="-1", net_price="9.5")
    factories.line(session, account, product, date(2026, 4, 1), quantity="1")

    rollups.add(session, OrderLine.account_id == account.id)

    month = session.get(AccountMonth, (account.id, date(2026, 3, 1)))
    assert (month.lines, month.quantity) == (2, Decimal(9))
    assert (month.gross_amount, month.net_amount) == (Decimal(90), Decimal("85.5"))  # 95 - 9.5
    assert (month.returned_lines, month.returned_amount) == (1, Decimal("-9.5"))
    assert (month.covered_lines, month.covered_amount, month.cost_amount) == (1, Decimal(95), Decimal(60))
    assert session.get(AccountYear, (account.id, date(2026, 1, 1))).net_amount == Decimal("95.5")
    assert session.get(TotalMonth, date(2026, 4, 1)).net_amount == Decimal(10)


def test_taking_away_what_was_added_leaves_nothing(session):
    account, product = factories.account(session), factories.product(session)
    factories.line(session, account, product, date(2026, 3, 1), unit_cost="4")
    everything = OrderLine.account_id == account.id
    rollups.add(session, everything)

    rollups.subtract(session, everything)
    rollups.prune(session)

    assert all(not rows for rows in _stored(session).values())


def test_a_sum_that_was_kept_wrong_is_named_with_both_values(session):
    account, product = factories.account(session), factories.product(session)
    factories.line(session, account, product, date(2026, 3, 1), quantity="3")
    rollups.rebuild(session)
    session.execute(text("UPDATE revenue_account_months SET net_amount = 1"))

    difference = rollups.differences(session)[0]

    assert difference.layer == "revenue_account_months"
    assert difference.key == f"account_id {account.id}, month 2026-03-01"
    assert (difference.measure, difference.stored, difference.counted) == (
        "net_amount",
        Decimal("0.0001"),
        30,
    )


def test_a_lost_cell_is_found_and_rebuilt(session):
    account, product = factories.account(session), factories.product(session)
    factories.line(session, account, product, date(2026, 3, 1))
    rollups.rebuild(session)
    session.execute(text("DELETE FROM revenue_cells"))
    assert rollups.differences(session)

    rollups.rebuild(session)

    assert rollups.differences(session) == []


def test_the_rhythm_is_the_median_of_the_days_between_orders(session):
    account, product = factories.account(session), factories.product(session)
    for day in (date(2026, 1, 1), date(2026, 1, 1), date(2026, 1, 8), date(2026, 1, 18), date(2026, 2, 18)):
        factories.line(session, account, product, day)
    factories.line(session, account, product, date(2026, 3, 1), quantity="-1")  # a return is no order
    rollups.add(session, OrderLine.account_id == account.id)

    rollups.refresh_rhythm(session, [account.id])

    rhythm = session.get(AccountRhythm, account.id)
    assert (rhythm.first_order_on, rhythm.last_order_on) == (date(2026, 1, 1), date(2026, 2, 18))
    assert rhythm.order_days == 4
    assert rhythm.median_gap_days == Decimal(10)  # of 7, 10, 31


def test_two_order_days_make_no_rhythm_and_four_may_make_a_half_day():
    days = [date(2026, 1, 1), date(2026, 1, 5)]
    assert rollups.median_gap(days) is None
    # gaps 4, 5 and 30; then 4, 5, 30 and 6: the median lies between 5 and 6
    assert rollups.median_gap([*days, date(2026, 1, 10), date(2026, 2, 9)]) == Decimal(5)
    assert rollups.median_gap([*days, date(2026, 1, 10), date(2026, 2, 9), date(2026, 2, 15)]) == Decimal(
        "5.5"
    )


def test_an_account_without_orders_any_more_has_no_rhythm(session):
    account, product = factories.account(session), factories.product(session)
    row = factories.line(session, account, product, date(2026, 1, 1))
    rollups.add(session, OrderLine.account_id == account.id)
    rollups.refresh_rhythm(session, [account.id])
    rollups.subtract(session, OrderLine.account_id == account.id)
    session.delete(row)

    rollups.refresh_rhythm(session, [account.id])

    assert session.scalar(select(AccountRhythm.account_id)) is None


_LINE = st.tuples(
    st.integers(0, 2),  # account
    st.integers(0, 2),  # product
    st.integers(0, 800),  # days after 1 November 2024: three calendar years
    st.decimals("-5", "5", places=3),
    st.decimals("0", "20", places=4),
    st.none() | st.decimals("0", "9", places=4),
    st.sampled_from(["", "Malaysia", "Brunei"]),
)
_STEP = st.tuples(
    st.sampled_from(["add", "remove", "change"]), st.lists(_LINE, min_size=1, max_size=4), st.integers(0, 5)
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(_STEP, min_size=1, max_size=6))
def test_after_any_sequence_of_changes_the_sums_are_those_of_the_lines(session, steps):
    point = session.begin_nested()
    accounts = [factories.account(session) for _ in range(3)]
    products = [factories.product(session) for _ in range(3)]
    present: list[OrderLine] = []
    for what, lines, which in steps:
        some = [line for index, line in enumerate(present) if index % 6 == which]
        touched = OrderLine.order_no.in_([line.order_no for line in some])
        if what != "add" and some:
            rollups.subtract(session, touched)
        if what == "remove":
            for line in some:
                present.remove(line)
                session.delete(line)
            session.flush()
        if what == "change" and some:
            for line in some:
                line.quantity, line.net_amount = line.quantity + 1, line.net_amount - Decimal("0.0001")
            session.flush()
            rollups.add(session, touched)
        if what == "add":
            new = [_booked(session, accounts, products, line) for line in lines]
            rollups.add(session, OrderLine.order_no.in_([line.order_no for line in new]))
            present += new
        rollups.prune(session)
        rollups.refresh_rhythm(session, [account.id for account in accounts])

    assert rollups.differences(session) == []
    assert _unpacked(session, PackedMonth) == _recounted(present, lambda day: day.replace(day=1))
    assert _unpacked(session, PackedYear) == _recounted(present, lambda day: day.replace(month=1, day=1))
    kept = _stored(session)
    rollups.rebuild(session)
    assert _stored(session) == kept
    point.rollback()
    session.expunge_all()


def _unpacked(session, layer):
    """Lines, quantity and net amount of each account, span and product, in the store's small units."""
    found: dict[tuple[int, date, int], tuple[int, int, int]] = {}
    for row in session.scalars(select(layer).execution_options(populate_existing=True)):
        for cells in packed_sums.unpacked([row.cells], packed_sums.SALES).tolist():
            found[row.account_id, row.start, cells[0]] = (cells[1], cells[2], cells[4])
    return found


def _recounted(lines, start):
    found: dict[tuple[int, date, int], tuple[int, int, int]] = {}
    for line in lines:
        key = (line.account_id, start(line.booked_on), line.product_id)
        count, quantity, net = found.get(key, (0, 0, 0))
        found[key] = (count + 1, quantity + int(line.quantity * 1_000), net + int(line.net_amount * 10_000))
    return found


def test_what_is_packed_wrong_is_named_and_packed_anew(session):
    account, product = factories.account(session), factories.product(session)
    line = factories.line(session, account, product, date(2026, 3, 1))
    line.currency, line.fx_rate = "USD", Decimal("4.5")
    session.flush()
    rollups.add(session, OrderLine.account_id == account.id)
    rollups.refresh_rhythm(session, [account.id])
    assert rollups.differences(session) == []
    kept = _stored(session)
    month = session.get(PackedMonth, (account.id, date(2026, 3, 1)))
    cells = packed_sums.unpacked([month.cells], packed_sums.SALES).copy()
    cells[0, packed_sums.SALES.place("net_amount")] += 1
    month.cells = cells.tobytes()
    session.flush()
    session.execute(delete(PackedForeignYear))

    found = {difference.layer: difference for difference in rollups.differences(session)}

    assert found["packed_months"].key == f"account_id {account.id}, start 2026-03-01, product_id {product.id}"
    assert (found["packed_months"].measure, found["packed_months"].stored) == (
        "net_amount",
        found["packed_months"].counted + 1,
    )
    assert found["packed_foreign_years"].measure == "lines"
    rollups.rebuild(session)
    assert _stored(session) == kept


def _booked(session, accounts, products, line):
    account, product, day, quantity, net, cost, country = line
    return factories.line(
        session,
        accounts[account],
        products[product],
        date(2024, 11, 1) + timedelta(days=day),
        quantity=str(quantity),
        list_price="20",
        net_price=str(net),
        unit_cost=None if cost is None else str(cost),
        country=country,
    )


def test_two_writers_at_once_lose_nothing(store):
    with db.write() as session:
        account, product = factories.account(session), factories.product(session)
        account_id, product_id = account.id, product.id
    errors = []

    def book(writer):
        try:
            for number in range(8):
                with db.write() as session:
                    line = factories.line(
                        session,
                        session.get(type(account), account_id),
                        session.get(type(product), product_id),
                        date(2026, number % 3 + 1, 1),
                        order_no=f"W{writer}-{number}",
                    )
                    rollups.add(session, OrderLine.order_no == line.order_no)
        except Exception as error:  # noqa: BLE001  (the test tells below)
            errors.append(error)

    writers = [threading.Thread(target=book, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    assert errors == []
    with db.write() as session:
        rollups.refresh_rhythm(session)
        assert rollups.differences(session) == []
        assert sum(session.scalars(select(TotalMonth.lines))) == 24
