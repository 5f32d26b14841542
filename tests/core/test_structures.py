"""Whose an account was: kept by every change, and read as it was reported then."""

import itertools
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core import (
    accounts,
    clock,
    delivery,
    doctor,
    groups,
    kpis,
    order_lines,
    portfolio,
    revenue,
    rollups,
    structures,
    targets,
)
from core.accounts import AccountDraft
from core.auth import OPERATOR
from core.errors import Conflict
from core.filters import AccountFilter
from core.kpis import By, Options
from core.models import Account, AccountStructure, Segment
from core.periods import Period
from core.revenue import Dimension
from core.structures import BEGINNING
from core.vocabulary import Structure
from tests import factories

YEAR = Period.of(date(2026, 1, 1), date(2026, 12, 31))
CUT = Period.of(date(2026, 1, 15), date(2026, 11, 20))


@pytest.fixture(autouse=True)
def _in_june(monkeypatch):
    at(monkeypatch, date(2026, 6, 10))


def at(monkeypatch, day):
    monkeypatch.setattr(clock, "today", lambda: day)


def versions(session, account):
    session.flush()
    rows = session.execute(
        select(AccountStructure.from_month, AccountStructure.until_month, AccountStructure.owner_id)
        .where(AccountStructure.account_id == account.id)
        .order_by(AccountStructure.from_month)
    )
    return [tuple(row) for row in rows]


@pytest.fixture
def moved(session, kam, other_kam, director):
    """Anna's until May 2026, Ben's from June: 100 in May, 40 in June, 7 in July of lines; targets of 50 a month."""
    account = factories.account(session, kam, "A")
    account.created_at = account.created_at.replace(year=2020)
    session.flush()
    account.owner_id = other_kam.user_id
    session.flush()
    soap = factories.product(session, "SOAP")
    for day, net in ((date(2026, 5, 20), "100"), (date(2026, 6, 1), "40"), (date(2026, 7, 9), "7")):
        factories.line(session, account, soap, day, net_price=net, list_price=net, requested_on=day,
                       promised_on=day, delivered_on=day, delivered_quantity=Decimal(1))  # fmt: skip
    rollups.rebuild(session)
    months = {date(2026, month, 1): (Decimal(50), None) for month in (5, 6, 7)}
    targets.set_many(session, director, account.id, months)
    return account


def test_an_account_begins_with_what_it_is(session, kam):
    account = factories.account(session, kam)

    assert versions(session, account) == [(BEGINNING, None, kam.user_id)]


def test_what_changes_in_the_month_of_creation_counts_from_the_beginning(session, kam, other_kam):
    account = factories.account(session, kam)
    account.owner_id = other_kam.user_id

    assert versions(session, account) == [(BEGINNING, None, other_kam.user_id)]


def test_a_change_counts_from_its_month_and_the_last_of_a_month_counts(
    session, kam, other_kam, director, moved, monkeypatch
):
    june, august = date(2026, 6, 1), date(2026, 8, 1)
    assert versions(session, moved) == [(BEGINNING, june, kam.user_id), (june, None, other_kam.user_id)]

    at(monkeypatch, date(2026, 8, 3))
    moved.owner_id = director.user_id
    session.flush()
    moved.owner_id = kam.user_id
    assert versions(session, moved)[1:] == [
        (june, august, other_kam.user_id),
        (august, None, kam.user_id),
    ]

    moved.owner_id = other_kam.user_id  # back within the month: nothing is left of the change
    assert versions(session, moved)[1:] == [(june, None, other_kam.user_id)]


def test_a_form_keeps_the_history(session, kam, director, moved, monkeypatch):
    at(monkeypatch, date(2026, 9, 1))
    now = accounts.get(session, director, moved.id)
    draft = AccountDraft(code="A", name=moved.name, segment="Hotels", owner_id=kam.user_id)
    accounts.update(session, director, moved.id, draft, version=now.version)

    newest = session.scalars(
        select(AccountStructure).where(
            AccountStructure.account_id == moved.id, AccountStructure.until_month.is_(None)
        )
    ).one()
    hotels = session.scalars(select(Segment.id)).one()
    assert (newest.from_month, newest.owner_id, newest.segment_id) == (date(2026, 9, 1), kam.user_id, hotels)


@pytest.mark.parametrize("period", [YEAR, CUT])
def test_months_count_for_who_had_the_account_then(session, kam, other_kam, director, moved, period):
    def by_owner(structure):
        found = revenue.by(session, director, period, Dimension.OWNER, structure=structure)
        return {owner: sums.net for (owner,), sums in found.items()}

    assert by_owner(Structure.TODAY) == {other_kam.user_id: 147}
    assert by_owner(Structure.THEN) == {kam.user_id: 100, other_kam.user_id: 47}

    mine = AccountFilter(owner_ids=frozenset({kam.user_id}))
    assert revenue.totals(session, director, period, mine, structure=Structure.THEN).net == 100
    assert revenue.totals(session, director, period, mine).net == 0
    assert order_lines.search(session, director, period, mine, structure=Structure.THEN).count == 1


def test_targets_deliveries_and_orders_follow_the_month_too(session, kam, other_kam, director, moved):
    then = {"structure": Structure.THEN}
    by = Dimension.OWNER

    expected = targets.by(session, director, YEAR, by, **then)
    delivered = delivery.by(session, director, YEAR, by, **then)
    counted = order_lines.order_counts(session, director, YEAR, by, **then)

    assert {owner: one.net_revenue for (owner,), one in expected.items()} == {
        kam.user_id: 50, other_kam.user_id: 100,
    }  # fmt: skip
    assert {owner: one.lines for (owner,), one in delivered.items()} in (
        {kam.user_id: 1, other_kam.user_id: 1}, {kam.user_id: 1, other_kam.user_id: 2},
    )  # fmt: skip
    assert counted == {(kam.user_id,): 1, (other_kam.user_id,): 2}


def test_kpis_are_computed_as_reported_and_keep_their_total(session, kam, director, moved):
    names = ["net_revenue", "target_attainment", "orders"]
    today, then = (
        kpis.compute(session, director, names, YEAR, Options(By.OWNER, structure=structure))
        for structure in (Structure.TODAY, Structure.THEN)
    )

    assert [one.figure.value for one in today] == [one.figure.value for one in then]
    assert dict(then[0].by) == {"anna": 100, "ben": 47}


def test_who_lost_an_account_sees_none_of_its_former_months(session, kam, other_kam, moved):
    assert revenue.by(session, kam, YEAR, Dimension.OWNER, structure=Structure.THEN) == {}
    seen = revenue.by(session, other_kam, YEAR, Dimension.OWNER, structure=Structure.THEN)
    assert (
        sum(one.net for one in seen.values()) == 147
    )  # the account is Ben's today, all of its history with it


def test_the_switch_is_there_only_where_a_visible_account_changed(session, kam, other_kam, director, moved):
    later = Period.of(date(2026, 7, 1), date(2026, 7, 31))

    assert structures.moved(session, director, YEAR) == 1
    assert structures.moved(session, kam, YEAR) == 0  # not hers to see any more
    assert structures.moved(session, director, later) == 0


def test_a_group_of_earlier_months_stays(session, director, moved, monkeypatch):
    group = groups.create(session, director, "CHAIN", "Chain")
    moved.group_id = group
    session.flush()
    at(monkeypatch, date(2026, 9, 1))
    moved.group_id = None
    session.flush()

    with pytest.raises(Conflict, match="earlier months"):
        groups.remove(session, director, group, version=1)


def test_doctor_names_an_account_that_is_not_what_its_history_says(session, moved):
    assert _structures(session).is_well
    session.query(AccountStructure).filter_by(account_id=moved.id, until_month=None).update(
        {"owner_id": None}
    )

    assert "A" in _structures(session).differences[0]


def _structures(session):
    return next(check for check in doctor.examine(session, OPERATOR) if check.name == "structures")


def test_a_new_account_can_be_taken_back_with_its_history(session, director, kam):
    made = accounts.create(session, director, AccountDraft(code="N", name="New", owner_id=kam.user_id))

    accounts.remove(session, director, made, version=1)

    assert session.get(Account, made) is None
    assert session.scalars(select(AccountStructure).where(AccountStructure.account_id == made)).all() == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(1, 12), st.sampled_from([1, 2, 3])), min_size=1, max_size=6))
def test_versions_never_overlap_and_totals_are_the_same_under_both(
    session, kam, other_kam, director, moved, monkeypatch, changes
):
    people = {1: kam.user_id, 2: other_kam.user_id, 3: None}
    for month, who in sorted(changes, key=lambda change: change[0]):
        at(monkeypatch, date(2027, month, 5))
        moved.owner_id = people[who]
        session.flush()

    found = versions(session, moved)
    assert found[0][0] == BEGINNING
    assert all(one[1] == other[0] for one, other in itertools.pairwise(found))
    assert found[-1][1:] == (None, moved.owner_id)
    for structure in Structure:
        sums = revenue.by(session, director, YEAR, Dimension.OWNER, structure=structure)
        assert sum(one.net for one in sums.values()) == 147


def test_a_portfolio_as_reported_then_lists_who_had_an_account_then(session, kam, director, moved):
    mine = AccountFilter(owner_ids=frozenset({kam.user_id}))
    day = date(2026, 12, 31)

    today = portfolio.board(session, director, YEAR, mine, day=day)
    then = portfolio.board(session, director, YEAR, mine, day=day, structure=Structure.THEN)

    assert today.standings == ()
    assert [(row.code, row.now.net, row.target) for row in then.standings] == [
        ("A", Decimal(100), Decimal(50))
    ]
    assert sum(month.net or 0 for month in then.months) == 100
