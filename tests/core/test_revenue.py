"""Figures about what was sold: true over any period, and only about accounts that the reader may see."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from core import order_lines, revenue, rollups
from core.errors import Forbidden
from core.filters import AccountFilter, LineFilter
from core.models import OrderLine
from core.periods import Period
from core.revenue import Dimension
from core.vocabulary import Role
from tests import factories

SPRING = Period.of(date(2026, 1, 1), date(2026, 3, 31))


@pytest.fixture
def sold(session, kam, other_kam):
    """Anna's Harbour bought tea and rice, Ben's Hill bought rice, and one order has no account."""
    north = factories.region(session, "North")
    harbour = factories.account(session, kam, "HARBOUR", region_id=north.id, country="Malaysia")
    hill = factories.account(session, other_kam, "HILL", country="Brunei")
    nobody = factories.account(session, code="UNASSIGNED", is_unassigned=True)
    tea = factories.product(session, "TEA", category="Drinks")
    rice = factories.product(session, "RICE")
    line = factories.line
    # quantity × list, quantity × net, quantity × cost
    line(
        session, harbour, tea, date(2026, 1, 10), quantity="10", list_price="10", net_price="9", unit_cost="6"
    )
    line(session, harbour, rice, date(2026, 2, 20), quantity="4", list_price="25", net_price="25")
    line(
        session, harbour, tea, date(2026, 2, 21), quantity="-2", list_price="10", net_price="9", unit_cost="6"
    )
    line(
        session,
        hill,
        rice,
        date(2026, 2, 3),
        quantity="2",
        list_price="25",
        net_price="20",
        country="Singapore",
    )
    line(session, hill, rice, date(2026, 4, 1), quantity="1", list_price="25", net_price="20")
    line(session, nobody, rice, date(2026, 3, 31), quantity="1.5", list_price="25", net_price="24")
    rollups.rebuild(session)
    return {"harbour": harbour, "hill": hill, "nobody": nobody, "tea": tea, "rice": rice}


def test_the_sums_of_a_quarter_are_those_of_its_order_lines(session, sold, director):
    total = revenue.totals(session, director, SPRING)

    assert total.lines == 5
    assert total.quantity == Decimal("15.5")  # 10 + 4 - 2 + 2 + 1.5
    assert total.gross == Decimal("267.5")  # 100 + 100 - 20 + 50 + 37.5
    assert total.net == Decimal(248)  # 90 + 100 - 18 + 40 + 36
    assert total.discount == Decimal("19.5")
    assert (total.returned_lines, total.returns) == (1, Decimal(-18))
    assert (total.covered_lines, total.covered_net) == (2, Decimal(72))  # 90 - 18
    assert total.cost == Decimal(48)  # 60 - 12
    assert total.margin == Decimal(24)
    assert total.margin_rate == Decimal(24) / Decimal(72)


@pytest.mark.parametrize(
    ("first", "last", "net"),
    [
        (date(2026, 1, 11), date(2026, 3, 30), Decimal(122)),  # 100 - 18 + 40
        (date(2026, 1, 10), date(2026, 2, 20), Decimal(230)),  # 90 + 100 + 40
        (date(2026, 2, 20), date(2026, 2, 20), Decimal(100)),
        (date(2026, 2, 21), date(2026, 4, 1), Decimal(38)),  # -18 + 36 + 20
        (date(2025, 1, 1), date(2026, 12, 31), Decimal(268)),  # 248 + 20
        (date(2025, 7, 15), date(2027, 2, 3), Decimal(268)),
    ],
)
def test_a_period_may_start_and_end_on_any_day(session, sold, director, first, last, net):
    period = Period.of(first, last)

    assert revenue.totals(session, director, period).net == net
    assert sum(row.measures.net for row in revenue.by_account(session, director, period)) == net
    assert sum(row.measures.net for row in revenue.by_product(session, director, period)) == net
    assert sum(row.measures.net for row in revenue.by_category(session, director, period)) == net
    assert sum(row.measures.net for row in revenue.by_country(session, director, period)) == net
    assert sum(month.net for month in revenue.by_month(session, director, period).values()) == net


def test_months_without_order_lines_are_there_with_zero(session, sold, director):
    months = revenue.by_month(session, director, Period.of(date(2025, 12, 15), date(2026, 2, 28)))

    assert {month: sums.net for month, sums in months.items()} == {
        date(2025, 12, 1): Decimal(0),
        date(2026, 1, 1): Decimal(90),
        date(2026, 2, 1): Decimal(122),  # 100 - 18 + 40
    }
    assert months[date(2025, 12, 1)].margin is None


def test_the_lines_country_counts_and_the_accounts_where_a_line_names_none(session, sold, director):
    found = revenue.by_country(session, director, Period.of(date(2026, 1, 1), date(2026, 4, 30)))

    assert [(row.name, row.measures.net) for row in found] == [
        ("Brunei", Decimal(20)),
        ("Malaysia", Decimal(172)),  # 90 + 100 - 18
        ("Singapore", Decimal(40)),
        (None, Decimal(36)),
    ]


def test_products_without_a_category_stand_last(session, sold, director):
    found = revenue.by_category(session, director, SPRING)

    assert [(row.name, row.measures.net) for row in found] == [("Drinks", Decimal(72)), (None, Decimal(176))]


@pytest.mark.parametrize("dimension", list(Dimension))
def test_a_managers_figures_are_made_of_own_accounts_alone(session, sold, kam, other_kam, dimension):
    mine = revenue.by(session, kam, SPRING, dimension)
    theirs = revenue.by(session, other_kam, SPRING, dimension)

    assert sum(sums.net for sums in mine.values()) == Decimal(172)  # 90 + 100 - 18
    assert sum(sums.net for sums in theirs.values()) == Decimal(40)


def test_sums_without_an_account_are_never_read_for_somebody_who_sees_some_accounts(session, sold, kam):
    asked = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *seen: asked.append(seen[2]))
    for dimension in Dimension:
        revenue.by(session, kam, SPRING, dimension)
    revenue.by_product(session, kam, Period.of(date(2026, 1, 5), date(2026, 3, 5)))
    revenue.totals(session, kam, SPRING)

    assert asked
    assert not [sql for sql in asked if "revenue_months" in sql or "revenue_product_months" in sql]


def test_a_director_of_a_region_sees_neither_other_regions_nor_the_unassigned(session, sold):
    north = factories.region(session, "North")
    user = factories.user(session, "nora", Role.DIRECTOR, regions=[north])
    nora = revenue.auth.actor_for(user)

    assert revenue.totals(session, nora, SPRING).net == Decimal(172)
    assert [row.code for row in revenue.by_account(session, nora, SPRING)] == ["HARBOUR"]


def test_without_the_permission_for_cost_there_is_no_margin(session, sold, viewer):
    total = revenue.totals(session, viewer, SPRING)
    rows = order_lines.search(session, viewer, SPRING).rows

    assert total.net == Decimal(248)
    assert (total.cost, total.margin, total.margin_rate) == (None, None, None)
    assert {row.cost_amount for row in rows} == {None}


def test_an_administrator_without_another_role_reads_no_revenue(session, sold):
    admin = revenue.auth.actor_for(factories.user(session, "adam", Role.ADMIN))

    with pytest.raises(Forbidden):
        revenue.totals(session, admin, SPRING)


@pytest.mark.parametrize(
    ("accounts", "net"),
    [
        (AccountFilter(search="harb"), Decimal(172)),
        (AccountFilter(search="100%"), Decimal(0)),
        (AccountFilter(region_ids=frozenset({None})), Decimal(76)),  # 40 + 36
        (AccountFilter(owner_ids=frozenset({None})), Decimal(36)),
    ],
)
def test_figures_follow_the_filter_on_accounts(session, sold, director, accounts, net):
    assert revenue.totals(session, director, SPRING, accounts).net == net
    cut = Period.of(date(2026, 1, 2), date(2026, 3, 31))
    assert revenue.totals(session, director, cut, accounts).net == net


@pytest.mark.parametrize("reader", ["kam", "director", "viewer"])
@pytest.mark.parametrize(
    "wanted",
    [
        LineFilter(),
        LineFilter(returned=True),
        LineFilter(covered=True),
        LineFilter(countries=frozenset({None})),
    ],
)
def test_the_opened_rows_add_up_to_the_figure(session, sold, request, reader, wanted):
    actor = request.getfixturevalue(reader)
    period = Period.of(date(2026, 1, 10), date(2026, 4, 1))

    found = order_lines.search(session, actor, period, sold=wanted)

    assert sum(row.net_amount for row in found.rows) == found.total.net
    assert sum(row.quantity for row in found.rows) == found.total.quantity
    assert len(found.rows) == found.count


def test_rows_come_in_pages_newest_first(session, sold, director):
    first = order_lines.search(session, director, SPRING, limit=2)
    second = order_lines.search(session, director, SPRING, limit=2, offset=2)

    assert [row.booked_on for row in first.rows] == [date(2026, 3, 31), date(2026, 2, 21)]
    assert [row.booked_on for row in second.rows] == [date(2026, 2, 20), date(2026, 2, 3)]
    assert first.total.net == Decimal(248)


def test_figures_over_a_cut_period_equal_a_plain_sum_over_the_lines(session, director):
    accounts = [factories.account(session) for _ in range(3)]
    products = [factories.product(session) for _ in range(3)]
    day = date(2010, 12, 1)
    for number in range(120):
        factories.line(
            session,
            accounts[number % 3],
            products[number % 2],
            date.fromordinal(day.toordinal() + number),
            quantity=str(number % 7 - 1 or 5),
            net_price=f"{number}.{number:03d}",
            list_price="500",
        )
    rollups.rebuild(session)
    period = Period.of(date(2010, 12, 3), date(2011, 2, 14))

    plain = session.scalar(
        select(func.sum(OrderLine.net_amount)).where(
            OrderLine.booked_on >= date(2010, 12, 3), OrderLine.booked_on <= date(2011, 2, 14)
        )
    )

    assert plain != 0
    assert revenue.totals(session, director, period).net == plain
    assert revenue.totals(session, director, period).lines == 74  # 29 + 31 + 14 days


@pytest.mark.parametrize("later", [True, False])
def test_a_month_that_has_just_begun_counts_up_to_its_last_day_alone(session, director, later):
    tea, account = factories.product(session, "TEA"), factories.account(session, code="LATER")
    factories.line(session, account, tea, date(2026, 3, 5), quantity="10", list_price="10")
    if later:  # an invoice of a day after the period
        factories.line(session, account, tea, date(2026, 3, 20), quantity="1", list_price="7")
    rollups.rebuild(session)
    until = Period.of(date(2026, 1, 1), date(2026, 3, 10))

    found = revenue.by(session, director, until, Dimension.PRODUCT, Dimension.ACCOUNT)
    assert {key: sums.net for key, sums in found.items()} == {(tea.id, account.id): 100}


_ORDERED = st.tuples(
    st.integers(0, 2),  # account
    st.integers(0, 500),  # days after 1 January 2025
    st.integers(-3, 9),
    st.sampled_from(["", "Malaysia", "Brunei", "Singapore"]),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    ordered=st.lists(_ORDERED, min_size=1, max_size=12),
    first=st.integers(0, 400),
    length=st.integers(1, 300),
    only=st.sampled_from([None, "Malaysia", ""]),
)
def test_countries_of_any_period_are_those_of_the_order_lines(
    session, kam, other_kam, director, ordered, first, length, only
):
    """Counted line by line, with the account's own country where the line names none."""
    point = session.begin_nested()
    owners = [kam, kam, other_kam]
    places = ["Malaysia", None, "Thailand"]
    known = [
        factories.account(session, one, country=place) for one, place in zip(owners, places, strict=True)
    ]
    product = factories.product(session)
    start = date(2025, 1, 1)
    for account, day, quantity, country in ordered:
        factories.line(
            session,
            known[account],
            product,
            start + timedelta(days=day),
            quantity=str(quantity),
            country=country,
        )
    rollups.rebuild(session)
    period = Period(start + timedelta(days=first), start + timedelta(days=first + length))
    sold = LineFilter() if only is None else LineFilter(countries=frozenset({only or None}))

    for actor, seen in ((director, {0, 1, 2}), (kam, {0, 1}), (other_kam, {2})):
        expected: dict[str | None, Decimal] = {}
        for account, day, quantity, country in ordered:
            place = country or places[account]
            if account in seen and first <= day < first + length and only in (None, place or ""):
                expected[place] = expected.get(place, Decimal(0)) + quantity * Decimal(10)
        found = revenue.by(session, actor, period, Dimension.COUNTRY, sold=sold)
        assert {key: sums.net for (key,), sums in found.items()} == expected
        by_month = revenue.by(session, actor, period, Dimension.COUNTRY, Dimension.MONTH, sold=sold)
        assert sum(sums.net for sums in by_month.values()) == sum(expected.values())
    assert rollups.differences(session) == []
    point.rollback()
    session.expunge_all()
