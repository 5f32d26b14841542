"""Revenue by two dimensions: every cell, total and comparison worked out by hand."""

import itertools
from datetime import date
from decimal import Decimal

import pytest

from core import order_lines, revenue, revenue_axes, revenue_table, rollups, targets
from core.auth import OPERATOR
from core.errors import Forbidden, Invalid
from core.filters import AccountFilter
from core.money import ZERO
from core.periods import Period
from core.revenue_axes import Axis
from core.revenue_table import OTHERS, Side
from core.vocabulary import Role
from tests import factories

QUARTER = Period.of(date(2026, 1, 1), date(2026, 3, 31))


@pytest.fixture
def trade(session, kam, other_kam):
    """Anna sells tea and soap at A, Ben tea at B; a year ago and the quarter before a little of each."""
    tea, soap = factories.product(session, "TEA", category="Drinks"), factories.product(session, "SOAP")
    a = factories.account(session, kam, "A", name="Alpha", country="Malaysia")
    b = factories.account(session, other_kam, "B", name="Beta", country="Brunei")
    for account, product, day, quantity, price in (
        (a, tea, date(2026, 1, 5), "10", "10"),  # 100 of 100 at list
        (a, tea, date(2026, 2, 5), "10", "8"),  # 80 of 100
        (a, soap, date(2026, 2, 9), "4", "5"),  # 20 of 40
        (b, tea, date(2026, 3, 1), "30", "10"),  # 300 of 300
        (a, tea, date(2025, 12, 9), "6", "10"),  # the quarter before: 60
        (a, tea, date(2025, 2, 9), "5", "10"),  # last year: 50
        (b, soap, date(2025, 1, 9), "7", "10"),  # last year: 70
    ):
        factories.line(session, account, product, day, quantity=quantity, list_price="10", net_price=price)
    rollups.rebuild(session)
    targets.set_many(session, OPERATOR, a.id, {date(2026, 1, 1): (Decimal(150), None)})
    session.flush()
    return {"A": a, "B": b, "TEA": tea, "SOAP": soap}


def _labels(found):
    return [key.label for key in found.rows]


def test_rows_stand_beside_the_period_before_last_year_and_target(session, director, trade):
    found = revenue_table.table(session, director, QUARTER, Axis.ACCOUNT)

    assert _labels(found) == ["Beta", "Alpha"]  # the greatest first
    beta, alpha = (found.row_totals[key.id] for key in found.rows)
    assert [alpha.now.net, alpha.before.net, alpha.year_ago.net, alpha.target] == [200, 60, 50, 150]
    assert [beta.now.net, beta.before.net, beta.year_ago.net, beta.target] == [300, 0, 70, None]
    assert [found.total.now.net, found.total.before.net, found.total.year_ago.net] == [500, 60, 120]
    assert found.total.target == 150


def test_a_ratio_is_made_anew_at_every_level(session, director, trade):
    found = revenue_table.table(session, director, QUARTER, Axis.ACCOUNT, Axis.PRODUCT)
    a, tea, soap = trade["A"].id, trade["TEA"].id, trade["SOAP"].id

    assert found.cells[a, tea].now.discount_rate == Decimal("0.1")  # 20 of 200
    assert found.cells[a, soap].now.discount_rate == Decimal("0.5")  # 20 of 40
    assert found.row_totals[a].now.discount_rate == Decimal(40) / 240  # neither their sum nor their mean
    assert found.column_totals[tea].now.discount_rate == Decimal(20) / 500
    assert found.total.now.discount_rate == Decimal(40) / 540


def test_what_was_bought_a_year_ago_alone_has_its_cell_too(session, director, trade):
    found = revenue_table.table(session, director, QUARTER, Axis.ACCOUNT, Axis.PRODUCT)

    gone = found.cells[trade["B"].id, trade["SOAP"].id]
    assert not gone.now.lines
    assert gone.year_ago.net == 70


def test_along_time_each_month_is_compared_with_the_one_before_it(session, director, trade):
    found = revenue_table.table(session, director, QUARTER, Axis.MONTH)

    assert [key.id for key in found.rows] == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    sides = [found.row_totals[key.id] for key in found.rows]
    assert [side.now.net for side in sides] == [100, 100, 300]
    assert [side.before.net for side in sides] == [60, 100, 100]  # December, January, February
    assert [side.year_ago.net for side in sides] == [70, 50, 0]
    assert [side.target for side in sides] == [150, None, None]
    assert found.total.before.net == 60  # the whole quarter before


def test_quarters_and_years_start_with_the_fiscal_year(session, director, trade):
    assert revenue_axes.start_of(Axis.QUARTER, date(2026, 5, 31), 1) == date(2026, 4, 1)
    assert revenue_axes.start_of(Axis.QUARTER, date(2026, 2, 1), 2) == date(2026, 2, 1)
    assert revenue_axes.start_of(Axis.QUARTER, date(2026, 1, 31), 2) == date(2025, 11, 1)
    assert revenue_axes.start_of(Axis.YEAR, date(2026, 3, 31), 4) == date(2025, 4, 1)
    two_years = Period.of(date(2025, 1, 1), date(2026, 12, 31))
    found = revenue_table.table(session, director, two_years, Axis.YEAR)
    assert {key.id.year: found.row_totals[key.id].now.net for key in found.rows} == {2025: 180, 2026: 500}
    assert found.row_totals[date(2026, 1, 1)].before.net == 180


def test_targets_are_not_known_by_product(session, director, trade):
    found = revenue_table.table(session, director, QUARTER, Axis.PRODUCT, Axis.OWNER)

    assert {cell.target for cell in found.row_totals.values()} == {None}
    assert {cell.target for cell in found.cells.values()} == {None}
    assert found.total.target == 150


def test_others_are_what_is_left_of_rows_columns_and_totals(session, director, kam, trade):
    third = factories.account(session, kam, "C", name="Gamma")
    factories.line(session, third, trade["SOAP"], date(2026, 1, 9), quantity="1", list_price="7")
    factories.line(session, third, trade["TEA"], date(2026, 1, 9), quantity="1", list_price="2")
    rollups.rebuild(session)
    whole = revenue_table.table(session, director, QUARTER, Axis.ACCOUNT, Axis.PRODUCT)
    cut = revenue_table.table(session, director, QUARTER, Axis.ACCOUNT, Axis.PRODUCT, shown=(1, 1))

    assert (_labels(cut), cut.rows[-1], cut.columns[-1]) == (["Beta", None], OTHERS, OTHERS)
    assert (cut.row_count, cut.column_count) == (3, 2)
    b, tea = trade["B"].id, trade["TEA"].id
    assert cut.row_totals[OTHERS.id].now.net == 209  # Alpha's 200 and Gamma's 9
    assert cut.cells[OTHERS.id, tea].now.net == 182
    assert cut.cells[OTHERS.id, OTHERS.id].now.net == 27
    assert cut.cells[b, OTHERS.id].year_ago.net == 70
    assert cut.total == whole.total
    for side in ("now", "before", "year_ago"):
        rows = sum((getattr(cell, side).net for cell in cut.row_totals.values()), ZERO)
        cells = sum((getattr(cell, side).net for cell in cut.cells.values()), ZERO)
        assert rows == cells == getattr(whole.total, side).net


def test_every_level_adds_up_to_the_revenue_of_the_period(session, director, trade):
    net = revenue.totals(session, director, QUARTER).net
    for rows_by, columns_by in itertools.product(
        Axis, (None, Axis.CATEGORY, Axis.MONTH, Axis.COUNTRY, Axis.OWNER)
    ):
        if columns_by is rows_by or (columns_by and columns_by.months and rows_by.months):
            with pytest.raises(Invalid):
                revenue_table.table(session, director, QUARTER, rows_by, columns_by)
            continue
        found = revenue_table.table(session, director, QUARTER, rows_by, columns_by)
        levels = [found.row_totals, *([found.column_totals, found.cells] if columns_by else [])]
        sums = [sum((cell.now.net for cell in level.values()), ZERO) for level in levels]
        assert set(sums) == {net}, (rows_by, columns_by)


def test_the_lines_behind_a_cell_add_up_to_it(session, director, trade):
    pairs = [
        (Axis.ACCOUNT, Axis.PRODUCT),
        (Axis.PRODUCT, Axis.MONTH),
        (Axis.COUNTRY, Axis.QUARTER),
        (Axis.CATEGORY, Axis.OWNER),
    ]
    looked = 0
    for axes, side in itertools.product(pairs, Side):
        found = revenue_table.table(session, director, QUARTER, *axes)
        for row in found.rows:
            for column in (None, *found.columns):
                cell = found.at(row, column)
                if cell is None:
                    continue
                lines = order_lines.search(session, director, *revenue_table.behind(found, row, column, side))
                said = sum((line.net_amount for line in lines.rows), ZERO)
                assert said == getattr(cell, side).net, (axes, side)
                looked += 1
    assert looked > 40


def test_the_others_open_nothing(session, director, trade):
    found = revenue_table.table(session, director, QUARTER, Axis.ACCOUNT, shown=(1, 1))

    with pytest.raises(Invalid, match="others"):
        revenue_table.behind(found, OTHERS, None, Side.NOW)


def test_a_manager_has_only_their_own_rows_and_columns(session, kam, trade):
    for rows_by in Axis:
        found = revenue_table.table(session, kam, QUARTER, rows_by)
        assert found.total.now.net == 200
        assert sum((cell.now.net for cell in found.row_totals.values()), ZERO) == 200
    assert _labels(revenue_table.table(session, kam, QUARTER, Axis.ACCOUNT)) == ["Alpha"]
    assert _labels(revenue_table.table(session, kam, QUARTER, Axis.COUNTRY)) == ["Malaysia"]
    others = AccountFilter(account_ids=frozenset({trade["B"].id}))
    assert revenue_table.table(session, kam, QUARTER, Axis.ACCOUNT, accounts=others).rows == ()


def test_who_may_not_see_cost_has_no_margin_at_any_level(session, kam, director, trade):
    for actor, known in ((kam, False), (director, True)):
        found = revenue_table.table(session, actor, QUARTER, Axis.ACCOUNT, Axis.PRODUCT)
        every = [found.total, *found.row_totals.values(), *found.cells.values()]
        assert {cell.now.cost is not None for cell in every} == {known}


def test_who_may_not_read_revenue_gets_no_table(session, trade):
    from core import auth

    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))
    with pytest.raises(Forbidden):
        revenue_table.table(session, admin, QUARTER, Axis.ACCOUNT)
