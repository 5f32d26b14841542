"""A year of targets: its season worked out by hand, and two people who set the same month."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import rollups, target_plans, targets
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.filters import AccountFilter
from core.models import AuditEntry, Target
from tests import factories

START = date(2026, 1, 1)
JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture
def trade(session, kam, other_kam):
    """Anna's account bought for 100 in January and 300 in February a year ago, Ben's for 50 in March."""
    tea = factories.product(session, "TEA")
    a, b = (
        factories.account(session, kam, "A", name="Alpha"),
        factories.account(session, other_kam, "B", name="Beta"),
    )
    for account, day, amount in (
        (a, date(2025, 1, 5), "10"),
        (a, date(2025, 2, 5), "30"),
        (b, date(2025, 3, 5), "5"),
    ):
        factories.line(session, account, tea, day, quantity=amount, list_price="10")
    rollups.rebuild(session)
    targets.set_many(session, OPERATOR, a.id, {JAN: (Decimal(120), Decimal(30))})
    session.flush()
    return a, b


def test_the_plan_stands_beside_last_year(session, kam, director, trade):
    (row,) = target_plans.plan(session, kam, START).rows
    assert row.name == "Alpha"
    assert list(row.months[:3]) == [Decimal(120), None, None]
    assert list(row.year_ago[:3]) == [100, 300, 0]
    assert [row.total, row.year_ago_total] == [120, 400]

    whole = target_plans.plan(session, director, START)
    assert [one.name for one in whole.rows] == ["Alpha", "Beta"]
    anna, ben = whole.by_owner()
    assert [anna.owner, anna.accounts, anna.target, anna.year_ago] == ["Anna", 1, 120, 400]
    assert anna.growth == Decimal("-0.7")
    assert [ben.owner, ben.accounts, ben.target, ben.year_ago, ben.growth] == ["Ben", 1, None, 50, None]


def test_a_fiscal_year_may_start_in_april(session, director, trade):
    found = target_plans.plan(session, director, date(2025, 4, 1))

    assert (found.months[0], found.months[9]) == (date(2025, 4, 1), JAN)
    assert found.rows[0].months[9] == 120


def test_a_total_is_split_by_last_years_season_to_the_cent():
    # 100.01 by 1 : 3 : 0 is 25.0025 and 75.0075: floors leave one cent, which the greater remainder gets.
    assert target_plans.split(Decimal("100.01"), [Decimal(1), Decimal(3), Decimal(0)]) == (
        Decimal("25.00"), Decimal("75.01"), Decimal("0.00"),
    )  # fmt: skip


def test_without_a_season_every_month_is_the_same_and_returns_weigh_nothing():
    assert target_plans.split(Decimal(10), [Decimal(0)] * 3) == (
        Decimal("3.34"),
        Decimal("3.33"),
        Decimal("3.33"),
    )
    assert target_plans.split(Decimal(10), [Decimal(-5), Decimal(1)]) == (Decimal(0), Decimal(10))


@given(
    st.decimals(0, 10**9, places=2),
    st.lists(st.decimals(-(10**9), 10**9, places=4), min_size=1, max_size=60),
)
def test_a_split_sums_up_exactly_and_is_never_negative(total, season):
    parts = target_plans.split(total, season)

    assert sum(parts) == total
    assert len(parts) == len(season)
    assert all(part >= 0 and part == round(part, 2) for part in parts)


@pytest.mark.parametrize("total", [Decimal(-1), Decimal("0.001"), Decimal(10) ** 12])
def test_a_total_that_is_none_is_refused(total):
    with pytest.raises(Invalid):
        target_plans.split(total, [Decimal(1)])


def test_many_cells_are_saved_at_once_and_margins_stay(session, director, trade):
    a, b = trade
    seen = target_plans.plan(session, director, START).values()
    changes = {(a.id, JAN): Decimal(130), (a.id, FEB): Decimal(310), (b.id, MAR): Decimal("60.50")}

    assert target_plans.save(session, director, changes, seen=seen) == 3
    found = target_plans.plan(session, director, START)
    assert {cell: found.values()[cell] for cell in changes} == changes
    assert session.get(Target, (a.id, JAN, 2)).margin_amount == 30
    entries = session.query(AuditEntry).order_by(AuditEntry.id.desc()).limit(2)
    assert [entry.action for entry in entries] == ["target:set", "target:set"]


def test_an_emptied_cell_withdraws_its_target_and_undo_brings_it_back(session, kam, trade):
    a, _b = trade
    seen = target_plans.plan(session, kam, START).values()
    target_plans.save(session, kam, {(a.id, JAN): None}, seen=seen)
    assert target_plans.plan(session, kam, START).rows[0].months[0] is None

    target_plans.save(session, kam, {(a.id, JAN): Decimal(120)}, seen={(a.id, JAN): None})
    assert target_plans.plan(session, kam, START).rows[0].months[0] == 120


def test_what_somebody_else_set_meanwhile_is_shown_and_nothing_is_saved(session, kam, director, trade):
    a, _b = trade
    seen = target_plans.plan(session, kam, START).values()
    target_plans.save(session, director, {(a.id, FEB): Decimal(999)}, seen=seen)

    with pytest.raises(Conflict) as refused:
        target_plans.save(session, kam, {(a.id, JAN): Decimal(1), (a.id, FEB): Decimal(2)}, seen=seen)
    assert refused.value.current["grid"] == "Alpha in 2026-02: 999.00"
    assert list(target_plans.plan(session, kam, START).rows[0].months[:2]) == [120, 999]
    # Who looks at it and saves again decides.
    target_plans.save(session, kam, {(a.id, FEB): Decimal(2)}, seen=refused.value.version)
    assert target_plans.plan(session, kam, START).rows[0].months[1] == 2


def test_what_both_set_to_the_same_is_no_conflict(session, kam, director, trade):
    a, _b = trade
    seen = target_plans.plan(session, kam, START).values()
    target_plans.save(session, director, {(a.id, FEB): Decimal(5)}, seen=seen)

    assert target_plans.save(session, kam, {(a.id, FEB): Decimal(5)}, seen=seen) == 0


def test_nobody_sets_targets_of_accounts_that_are_not_theirs(session, kam, viewer, trade):
    _a, b = trade
    with pytest.raises(NotFound):
        target_plans.save(session, kam, {(b.id, JAN): Decimal(1)}, seen={})
    with pytest.raises(Forbidden):
        target_plans.save(session, viewer, {(b.id, JAN): Decimal(1)}, seen={})
    only = AccountFilter(account_ids=frozenset({b.id}))
    assert target_plans.plan(session, kam, START, only).rows == ()


def test_a_negative_target_is_named_by_its_cell(session, kam, trade):
    a, _b = trade
    with pytest.raises(Invalid, match="Alpha in 2026-02"):
        target_plans.save(session, kam, {(a.id, FEB): Decimal(-1)}, seen={})


def test_undo_of_an_emptied_cell_brings_its_margin_target_back(session, kam, trade):
    a, _b = trade
    seen = target_plans.plan(session, kam, START).values()
    target_plans.save(session, kam, {(a.id, JAN): None}, seen=seen)

    target_plans.put_back(session, kam, {(a.id, JAN): Decimal(120)}, seen={(a.id, JAN): None})
    row = session.get(Target, (a.id, JAN, 2))
    assert (row.net_revenue_amount, row.margin_amount, row.superseded_at) == (120, 30, None)


def test_a_target_of_four_decimals_can_be_put_back_though_nobody_types_one(session, kam, trade):
    a, _b = trade
    exact = Decimal("100.1234")
    targets.set_many(session, OPERATOR, a.id, {FEB: (exact, None)})
    target_plans.save(session, kam, {(a.id, FEB): Decimal(5)}, seen={(a.id, FEB): exact})

    target_plans.put_back(session, kam, {(a.id, FEB): exact}, seen={(a.id, FEB): Decimal(5)})
    assert target_plans.plan(session, kam, START).rows[0].months[1] == exact


def test_undo_is_refused_where_somebody_set_the_cell_since(session, kam, director, trade):
    a, _b = trade
    seen = target_plans.plan(session, kam, START).values()
    target_plans.save(session, kam, {(a.id, JAN): None}, seen=seen)
    target_plans.save(session, director, {(a.id, JAN): Decimal(7)}, seen={(a.id, JAN): None})

    with pytest.raises(Conflict):
        target_plans.put_back(session, kam, {(a.id, JAN): Decimal(120)}, seen={(a.id, JAN): None})


def test_a_split_over_all_leaves_accounts_without_last_years_revenue_alone(session, director, kam, trade):
    a, b = trade
    new = factories.account(session, kam, "N", name="New")
    plan = target_plans.plan(session, director, START)
    # Weights 100, 300 of Alpha and 50 of Beta: 900 is 200, 600 and 100.
    proposal, left_out = target_plans.split_over(plan, frozenset({a.id, b.id, new.id}), Decimal(900))

    assert left_out == 1
    assert {cell: amount for cell, amount in proposal.items() if amount} == {
        (a.id, JAN): 200, (a.id, FEB): 600, (b.id, MAR): 100,
    }  # fmt: skip
    assert not [cell for cell in proposal if cell[0] == new.id]
    # Of an account chosen alone nothing is left out: its months are all the same.
    alone, left_out = target_plans.split_over(plan, frozenset({new.id}), Decimal(12))
    assert (set(alone.values()), left_out) == ({Decimal(1)}, 0)
