"""On time in full: the worked vector, each setting at its edges, and who may see which deliveries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from alembic import command
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select, text

from core import auth, clock, db, delivery, doctor, kpis, otif, rollups, schema, settings
from core.auth import OPERATOR
from core.delivery import Service
from core.errors import Forbidden, Invalid
from core.filters import AccountFilter, LineFilter
from core.kpis import By, Options
from core.models import OrderLine, Setting
from core.otif import OtifRule
from core.periods import Period
from core.revenue import Dimension
from core.vocabulary import OtifBasis, OtifLevel, Role
from tests import factories
from tests.core.importing import bringing

TODAY = date(2026, 6, 15)
MAY = Period.of(date(2026, 5, 1), date(2026, 5, 31))
YEAR = Period.of(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def place(session, kam):
    return factories.account(session, kam, "HARBOUR"), factories.product(session, "TEA", category="Drinks")


def may(day: int) -> date:
    return date(2026, 5, day)


def due(session, place, day, delivered=None, *, of="10", came=None, **values):
    """A line worth 10 × 10 that is due on a day."""
    account, product = place
    values.setdefault("promised_on", day)
    return factories.line(
        session,
        account,
        product,
        date(2026, 4, 1),
        quantity=of,
        delivered_on=delivered,
        delivered_quantity=None if came is None else Decimal(came),
        **values,
    )


def rule(session, **values):
    settings.update(session, OPERATOR, {f"otif_{name}": value for name, value in values.items()})


def counts(service: Service):
    return service.due, service.on_time, service.in_full, service.otif


def test_ten_lines_seven_good_two_late_one_short_are_seventy_percent_not_seventy_two(
    session, place, director
):
    for _ in range(7):
        due(session, place, may(10), may(10), came="10")
    for _ in range(2):
        due(session, place, may(10), may(12), came="10")
    due(session, place, may(10), may(10), came="9")
    rollups.rebuild(session)

    found = delivery.totals(session, director, MAY)

    assert (found.rate, found.on_time_rate, found.in_full_rate) == (
        Decimal("0.7"),
        Decimal("0.8"),
        Decimal("0.9"),
    )
    assert found.due == 10
    assert (found.amount, found.otif_amount, found.missed_amount) == tuple(map(Decimal, (1000, 700, 300)))


def test_lines_without_a_due_day_and_returns_give_no_data_never_zero(session, place, director):
    due(session, place, None)
    due(session, place, may(10), may(10), of="-1")
    rollups.rebuild(session)

    found = delivery.totals(session, director, YEAR)

    assert (found.due, found.rate, found.on_time_rate, found.in_full_rate) == (0, None, None, None)
    assert delivery.late_lines(session, director).count == 0
    figure = kpis.document(session, YEAR, kpis.compute(session, director, ["otif"], YEAR))["kpis"][0]
    assert (figure["value"], figure["rows"]) == (None, "0")


def test_open_lines_count_from_the_day_after_they_are_due(session, place, director):
    for days in (-1, 0, 1):
        due(session, place, TODAY + timedelta(days=days))
    due(session, place, TODAY + timedelta(days=1), TODAY)  # delivered before it is due: not due yet
    rollups.rebuild(session)

    assert counts(delivery.totals(session, director, YEAR)) == (1, 0, 0, 0)
    late = delivery.late_lines(session, director)
    assert [(row.due_on, row.days_late, row.short_by) for row in late.rows] == [
        (date(2026, 6, 14), 1, Decimal(10))
    ]
    assert (late.count, late.amount) == (1, Decimal(100))
    still = delivery.open_lines(session, director)
    assert [row.days_late for row in still.rows] == [1, 0, -1]
    assert (still.count, still.amount) == (3, Decimal(300))


def test_a_line_due_today_counts_once_it_is_delivered(session, place, director):
    due(session, place, TODAY, TODAY, came="10")
    due(session, place, TODAY)
    rollups.rebuild(session)

    assert counts(delivery.totals(session, director, YEAR)) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("early", "late", "on_time"),
    [(0, 0, 1), (1, 0, 2), (0, 1, 2), (2, 2, 5), (0, 2, 3)],
)
def test_days_early_and_late_are_both_included(session, place, director, early, late, on_time):
    for day in (8, 9, 10, 11, 12):
        due(session, place, may(10), may(day), came="10")
    rollups.rebuild(session)

    rule(session, early_days=early, late_days=late)

    assert counts(delivery.totals(session, director, MAY)) == (5, on_time, 5, on_time)
    listed = delivery.misses(session, director, MAY)
    assert (listed.count, len(listed.rows)) == (5 - on_time, 5 - on_time)
    assert rollups.differences(session) == []


def test_with_days_late_an_open_line_is_missed_so_much_later(session, place, director):
    for days in (2, 3, 4):
        due(session, place, TODAY - timedelta(days=days))
    rollups.rebuild(session)

    rule(session, late_days=3)

    assert delivery.totals(session, director, YEAR).due == 1
    assert [row.days_late for row in delivery.late_lines(session, director).rows] == [4]
    assert delivery.misses(session, director, YEAR).count == 1
    assert delivery.late_by_account(session, director)[place[0].id].lines == 1


@pytest.mark.parametrize(("share", "in_full"), [("1", 2), ("0.98", 3), ("0.9799", 4), ("0.5", 4)])
def test_the_share_that_counts_as_in_full(session, place, director, share, in_full):
    for came in ("10", None, "9.8", "9.799"):
        due(session, place, may(10), may(10), came=came)  # a quantity that nobody wrote down came in full
    rollups.rebuild(session)

    rule(session, in_full_share=Decimal(share))

    assert counts(delivery.totals(session, director, MAY)) == (4, 4, in_full, in_full)
    assert delivery.misses(session, director, MAY).count == 4 - in_full
    rows = delivery.misses(session, director, MAY, missed_only=False).rows
    assert sum(row.in_full for row in rows) == in_full


@pytest.mark.parametrize(
    ("basis", "days"),
    [
        (OtifBasis.REQUESTED, [3, 11, 20]),
        (OtifBasis.FIRST_PROMISED, [5, 11, 20]),
        (OtifBasis.LAST_PROMISED, [7, 13, 20]),
    ],
)
def test_the_basis_says_which_day_and_other_days_stand_in(session, place, director, basis, days):
    due(session, place, may(7), requested_on=may(3), first_promised_on=may(5))
    due(session, place, may(13), first_promised_on=may(11))
    due(session, place, None, requested_on=may(20))
    rollups.rebuild(session)

    rule(session, basis=basis)

    assert [row.due_on.day for row in delivery.late_lines(session, director).rows] == days
    for day in days:
        assert delivery.totals(session, director, Period.of(may(day), may(day))).due == 1


def test_a_whole_order_is_due_with_its_last_line_and_good_where_all_are(session, place, director):
    due(session, place, may(10), may(10), order_no="A", line_no=1)
    due(session, place, date(2026, 6, 2), date(2026, 6, 2), order_no="A", line_no=2)  # due in June as a whole
    due(session, place, may(10), may(10), order_no="B", line_no=1)
    due(session, place, may(11), may(11), came="9", order_no="B", line_no=2)
    due(session, place, may(12), may(13), order_no="B", line_no=3)
    due(session, place, may(12), may(12), order_no="C", line_no=1)
    due(session, place, may(12), order_no="D", line_no=1)
    due(session, place, TODAY, order_no="D", line_no=2)  # still to come in time, and with it the order
    rollups.rebuild(session)

    rule(session, level=OtifLevel.ORDER)

    found = delivery.totals(session, director, YEAR)
    assert (*counts(found), found.lines, found.amount, found.otif_amount) == (3, 2, 2, 2, 6, 600, 300)
    assert {
        key: counts(one) for key, one in delivery.by(session, director, YEAR, Dimension.MONTH).items()
    } == {(may(1),): (2, 1, 1, 1), (date(2026, 6, 1),): (1, 1, 1, 1)}
    both = delivery.by(session, director, YEAR, Dimension.CATEGORY, Dimension.MONTH)
    assert sorted(one.due for one in both.values()) == [1, 2]


def test_the_verdict_of_a_line_says_how_late_and_how_short(session, place, director):
    due(session, place, may(10), may(13), came="7", order_no="LATE")
    due(session, place, may(20), order_no="OPEN")
    due(session, place, may(11), may(11), order_no="GOOD")
    rollups.rebuild(session)

    found = delivery.misses(session, director, MAY)

    assert [(row.order_no, row.on_time, row.in_full, row.days_late, row.short_by) for row in found.rows] == [
        ("OPEN", False, False, 26, Decimal(10)),
        ("LATE", False, False, 3, Decimal(3)),
    ]
    assert (found.count, found.amount) == (2, Decimal(200))
    assert delivery.misses(session, director, MAY, missed_only=False).count == 3
    assert len(delivery.misses(session, director, MAY, limit=1).rows) == 1


def test_every_breakdown_adds_up_whether_months_are_cut_or_not(session, place, director, kam):
    rice = factories.product(session, "RICE", category="Food")
    north = factories.region(session, "North")
    hill = factories.account(session, code="HILL", country="Brunei", region_id=north.id)
    for month in range(1, 6):
        for day in (1, 14, 28):
            on = date(2026, month, day)
            due(session, place, on, on)
            due(session, (hill, rice), on, on + timedelta(days=month % 2), country="Malaysia")
    rollups.rebuild(session)

    for period in (YEAR, Period.of(date(2026, 1, 14), date(2026, 5, 14)), Period.of(may(2), may(20))):
        whole = delivery.totals(session, director, period)
        assert whole.due
        for dimension in Dimension:
            parts = delivery.by(session, director, period, dimension).values()
            assert sum(parts, Service()) == whole, dimension
        own = delivery.totals(session, kam, period)
        assert own.otif == own.due == whole.due / 2
        only = delivery.totals(session, director, period, sold=LineFilter(product_ids=frozenset({rice.id})))
        assert whole == own + only
        one = AccountFilter(account_ids=frozenset({hill.id}))
        found = delivery.by(session, director, period, Dimension.PRODUCT, accounts=one)
        assert found == {(rice.id,): only}
        assert delivery.totals(session, director, period, sold=LineFilter(returned=True)) == Service()


def test_a_manager_learns_nothing_of_other_accounts(session, place, kam, other_kam, director):
    due(session, place, may(10), order_no="MINE")
    other = factories.account(session, other_kam, "HILL")
    due(session, (other, place[1]), may(11), order_no="THEIRS")
    rollups.rebuild(session)

    assert delivery.totals(session, kam, YEAR).due == 1
    assert set(delivery.by(session, kam, YEAR, Dimension.ACCOUNT)) == {(place[0].id,)}
    assert delivery.by(session, kam, YEAR, Dimension.PRODUCT)[place[1].id,].due == 1
    assert [row.order_no for row in delivery.late_lines(session, kam).rows] == ["MINE"]
    assert [row.order_no for row in delivery.misses(session, kam, YEAR).rows] == ["MINE"]
    assert delivery.late_by_account(session, kam) == {place[0].id: delivery.Late(1, Decimal(100), may(10))}
    assert set(delivery.late_by_account(session, director)) == {place[0].id, other.id}
    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))
    for ask in (delivery.late_lines, delivery.open_lines, delivery.late_by_account):
        with pytest.raises(Forbidden):
            ask(session, admin)


def test_the_kpi_counts_and_breaks_down(session, place, director):
    due(session, place, may(10), may(10))
    due(session, place, may(10), may(11))
    due(session, place, date(2026, 2, 10), date(2026, 2, 10))
    rollups.rebuild(session)

    results = kpis.compute(session, director, ["otif"], YEAR, Options(By.QUARTER))
    figure = kpis.document(session, YEAR, results)["kpis"][0]

    assert (figure["value"], figure["rows"], figure["unit"]) == ("0.666667", "3", "ratio")
    assert figure["parts"] == {
        "due": "3", "on_time": "2", "in_full": "3", "otif": "2", "on_time_rate": "0.666667", "in_full_rate": "1.000000",
    }  # fmt: skip
    assert [(row["key"], row["value"]) for row in figure["by"]] == [
        ("2026-Q1", "1.000000"),
        ("2026-Q2", "0.500000"),
    ]
    for by in By:
        assert kpis.compute(session, director, ["otif"], YEAR, Options(by))[0].by


@pytest.mark.parametrize(
    "table",
    [
        "delivery_cells", "delivery_account_days", "delivery_account_months", "delivery_product_days",
        "delivery_product_months",
    ],
)  # fmt: skip
def test_the_doctor_names_a_wrong_cell(session, place, table):
    due(session, place, may(10), may(10))
    rollups.rebuild(session)
    session.execute(text(f"UPDATE {table} SET otif_lines = 0"))

    found = {check.name: check.differences for check in doctor.examine(session, OPERATOR)}["rollups"]

    assert table in found[0]
    assert "otif_lines" in found[0]


def test_the_doctor_notices_a_rule_that_was_changed_behind_the_sums(session, place):
    due(session, place, may(10), may(11))
    rollups.rebuild(session)
    session.add(Setting(key="otif_late_days", value=1))
    session.flush()

    assert "on_time_lines" in str(rollups.differences(session)[0])
    rollups.rebuild(session)
    assert rollups.differences(session) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("basis", "guessed"), ("early_days", -1), ("early_days", 366), ("late_days", -1), ("in_full_share", Decimal(0)),
        ("in_full_share", Decimal("1.1")), ("in_full_share", Decimal("0.12345")), ("level", "pallet"),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused_at_its_field(session, name, value):
    with pytest.raises(Invalid) as caught:
        rule(session, **{name: value})

    assert list(caught.value.fields) == [f"otif_{name}"]
    assert settings.get(session).otif == otif.in_force(session) == OtifRule()


_DAY = st.none() | st.integers(0, 75)
_LINE = st.tuples(
    st.integers(0, 1), st.integers(0, 1), st.sampled_from(["-1", "3", "5"]), st.tuples(_DAY, _DAY, _DAY), _DAY,
    st.sampled_from([None, "2", "3", "5"]),
)  # fmt: skip
_RULE = st.builds(
    OtifRule,
    basis=st.sampled_from(OtifBasis),
    early_days=st.integers(0, 3),
    late_days=st.integers(0, 40),
    in_full_share=st.sampled_from([Decimal(1), Decimal("0.6"), Decimal("0.9999")]),
)
_STEP = st.tuples(
    st.sampled_from(["add", "remove", "change"]),
    st.lists(_LINE, min_size=1, max_size=5),
    st.integers(0, 3),
    st.none() | _RULE,
)


@examples(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(_STEP, min_size=1, max_size=5), start=st.integers(0, 60), length=st.integers(1, 70))
def test_after_any_changes_the_sums_are_those_of_the_lines(session, director, steps, start, length):
    point = session.begin_nested()
    accounts = [factories.account(session) for _ in range(2)]
    products = [factories.product(session) for _ in range(2)]
    present: list[OrderLine] = []
    for what, lines, which, decided in steps:
        some = [line for index, line in enumerate(present) if index % 4 == which]
        touched = OrderLine.order_no.in_([line.order_no for line in some])
        if what == "add":
            new = [_ordered(session, accounts, products, line) for line in lines]
            rollups.add(session, OrderLine.order_no.in_([line.order_no for line in new]))
            present += new
        elif some:
            rollups.subtract(session, touched)
            for line in some:
                if what == "remove":
                    present.remove(line)
                    session.delete(line)
                else:
                    line.delivered_on = None if line.delivered_on else _day(40)
            session.flush()
            rollups.add(session, touched)
        rollups.prune(session)
        if decided is not None:
            values = {f"otif_{name}": value for name, value in vars(decided).items()}
            settings.update(session, OPERATOR, values)

    rollups.refresh_rhythm(session)
    assert rollups.differences(session) == []
    in_force = otif.in_force(session)
    period = Period(_day(start), _day(start + length))
    for dimensions in ((Dimension.ACCOUNT,), (Dimension.PRODUCT,), (Dimension.ACCOUNT, Dimension.PRODUCT)):
        expected: dict[tuple[int, ...], Service] = {}
        for line in present:
            key = tuple(getattr(line, f"{dimension}_id") for dimension in dimensions)
            if (one := _naive(line, in_force, period)) is not None:
                expected[key] = expected.get(key, Service()) + one
        assert delivery.by(session, director, period, *dimensions) == expected
        assert delivery.totals(session, director, period) == sum(expected.values(), Service())
    point.rollback()
    session.expunge_all()


def _day(number: int) -> date:
    return date(2026, 4, 20) + timedelta(days=number)  # the last are still to come


def _ordered(session, accounts, products, line):
    account, product, quantity, (requested, first, last), delivered, came = line
    requested, first, last, delivered = (
        None if number is None else _day(number) for number in (requested, first, last, delivered)
    )
    return factories.line(
        session,
        accounts[account],
        products[product],
        date(2026, 4, 1),
        quantity=quantity,
        requested_on=requested,
        first_promised_on=first,
        promised_on=last,
        delivered_on=delivered,
        delivered_quantity=None if came is None else Decimal(came),
    )


def _naive(line, in_force, period):
    requested, first, last = line.requested_on, line.first_promised_on, line.promised_on
    days = {
        OtifBasis.REQUESTED: (requested, first, last),
        OtifBasis.FIRST_PROMISED: (first, last, requested),
        OtifBasis.LAST_PROMISED: (last, first, requested),
    }[in_force.basis]
    due_on = next((day for day in days if day is not None), None)
    if due_on is None or line.quantity < 0 or due_on not in period or due_on > TODAY:
        return None
    if line.delivered_on is None:
        if due_on + timedelta(days=in_force.late_days) >= TODAY:
            return None
        return Service(1, 0, 0, 0, 1, line.net_amount, Decimal(0))
    days_late = (line.delivered_on - due_on).days
    on_time = -in_force.early_days <= days_late <= in_force.late_days
    came = line.delivered_quantity
    in_full = came is None or came >= line.quantity * in_force.in_full_share
    both = on_time and in_full
    return Service(1, on_time, in_full, both, 1, line.net_amount, line.net_amount if both else Decimal(0))


def test_a_store_of_before_gets_its_deliveries_counted_by_the_migration(store):
    with db.write() as session:
        place = factories.account(session), factories.product(session)
        for day in range(1, 9):
            due(session, place, may(day), may(5), came="10" if day % 2 else "9")
        due(session, place, None, requested_on=may(9))
        due(session, place, may(9), of="-1")
        due(session, place, None)
        rollups.rebuild(session)
    with schema._migrating(db.engine()) as connection:
        command.downgrade(schema._alembic(connection), "0002")

    schema.upgrade()

    with db.read() as session:
        assert rollups.differences(session) == []
        assert delivery.totals(session, OPERATOR, MAY).due == 9


def test_an_import_its_change_and_its_undo_keep_the_deliveries(store):
    head = "order_no,ordered_on,account,product,quantity,unit_price,promised_on,delivered_on,delivered_quantity\n"
    first = bringing.orders(
        head + "S1,2026-04-01,A,P1,10,1,2026-05-10,2026-05-10,10\nS1,2026-04-01,A,P2,10,1,2026-05-10,,\n"
    )
    before = bringing.everything()
    second = bringing.orders(
        head + "S1,2026-04-01,A,P1,10,1,2026-05-10,2026-05-10,10\n"
        "S1,2026-04-01,A,P2,10,1,2026-06-01,2026-06-01,10\n"  # promised anew, and late by the first promise
    )
    assert _told() == [(2, 1, 2, 1)]

    bringing.undo(second.batch_id)
    assert bringing.everything() == before
    assert _told() == [(2, 1, 1, 1)]
    bringing.undo(first.batch_id)
    assert _told() == []


def _told():
    with db.read() as session:
        assert rollups.differences(session) == []
        return [counts(one) for one in delivery.by(session, OPERATOR, MAY, Dimension.ACCOUNT).values()]


def test_the_level_alone_judges_no_line_anew(session):
    assert OtifRule().judges_like(replace(OtifRule(), level=OtifLevel.ORDER))
    assert not OtifRule().judges_like(replace(OtifRule(), late_days=1))
    assert session.scalar(select(Setting.key)) is None
