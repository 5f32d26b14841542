"""Targets are set month by month; every version is kept, and a missing one is not a target of zero."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import audit, rollups, targets
from core.errors import Forbidden, Invalid, NotFound
from core.filters import AccountFilter
from core.models import AuditEntry, Target
from core.periods import Period
from core.targets import Attainment, Expected
from core.vocabulary import Permission
from tests import factories

JANUARY, FEBRUARY, MARCH = (date(2026, month, 1) for month in (1, 2, 3))
QUARTER = Period.of(JANUARY, date(2026, 3, 31))


def _set(session, actor, account, **months):
    wanted = {date(2026, int(name[1:]), 1): value for name, value in months.items()}
    return targets.set_many(session, actor, account.id, wanted)


def test_a_new_version_supersedes_the_old_one_and_both_are_kept(session, kam):
    account = factories.account(session, kam)
    _set(session, kam, account, m1=(Decimal(100), None))

    changed = _set(session, kam, account, m1=(Decimal(120), Decimal(30)), m2=(Decimal(50), None))

    rows = list(session.scalars(select(Target).order_by(Target.month, Target.version)))
    assert changed == 2
    assert [(row.month, row.version, row.net_revenue_amount, row.superseded_at is None) for row in rows] == [
        (JANUARY, 1, Decimal(100), False),
        (JANUARY, 2, Decimal(120), True),
        (FEBRUARY, 1, Decimal(50), True),
    ]
    assert targets.totals(session, kam, QUARTER).net_revenue == Decimal(170)


def test_the_same_targets_again_change_nothing_and_are_not_recorded(session, kam):
    account = factories.account(session, kam)
    _set(session, kam, account, m1=(Decimal("100.00005"), None))

    assert _set(session, kam, account, m1=(Decimal("100.0001"), None)) == 0  # rounded half up, they are one
    assert len(list(session.scalars(select(AuditEntry).where(AuditEntry.action == "target:set")))) == 1


def test_the_record_says_what_was_and_what_is(session, kam, director):
    account = factories.account(session, kam)
    _set(session, kam, account, m1=(Decimal(100), Decimal(20)))
    _set(session, kam, account, m1=(Decimal(120), Decimal(25)))

    with_cost = audit.search(session, director, entity="target").rows[0]
    without = audit.search(session, kam, entity="target").rows[0]

    assert with_cost.changes == {
        "2026-01 net_revenue": ["100.0000", "120.0000"],
        "2026-01 margin": ["20.0000", "25.0000"],
    }
    assert without.changes == {"2026-01 net_revenue": ["100.0000", "120.0000"]}


def test_a_target_can_be_withdrawn(session, kam):
    account = factories.account(session, kam)
    _set(session, kam, account, m1=(Decimal(100), None))

    _set(session, kam, account, m1=None)

    assert targets.totals(session, kam, QUARTER) == Expected(None, None)
    _set(session, kam, account, m1=(Decimal(70), None))
    assert targets.totals(session, kam, QUARTER).net_revenue == Decimal(70)


def test_months_without_a_target_have_none(session, director):
    account = factories.account(session)
    _set(session, director, account, m1=(Decimal(100), Decimal(20)), m3=(Decimal(0), None))

    assert targets.by_month(session, director, QUARTER) == {
        JANUARY: Expected(Decimal(100), Decimal(20)),
        FEBRUARY: Expected(),
        MARCH: Expected(Decimal(0)),
    }


def test_a_month_that_is_cut_counts_by_its_days(session, kam):
    account = factories.account(session, kam)
    _set(session, kam, account, m1=(Decimal(310), None), m2=(Decimal(280), None))

    found = targets.totals(session, kam, Period.of(date(2026, 1, 22), date(2026, 2, 7)))

    assert found.net_revenue == Decimal(170)  # 10 of 31 days: 100; 7 of 28 days: 70


def test_actuals_and_targets_are_summed_never_their_ratios_averaged(session, kam):
    big, small = factories.account(session, kam), factories.account(session, kam)
    product = factories.product(session)
    factories.line(session, big, product, JANUARY, quantity="90")  # 900 of 1000
    factories.line(session, small, product, JANUARY, quantity="20")  # 200 of 100
    rollups.rebuild(session)
    _set(session, kam, big, m1=(Decimal(1000), None))
    _set(session, kam, small, m1=(Decimal(100), None))

    assert targets.attainment(session, kam, QUARTER).rate == 1  # 1100 / 1100, not (90 % + 200 %) / 2
    only = AccountFilter(account_ids=frozenset({big.id}))
    assert targets.attainment(session, kam, QUARTER, only).rate == Decimal("0.9")


@pytest.mark.parametrize("expected", [None, Decimal(0)])
def test_without_a_target_or_with_one_of_zero_there_is_no_attainment(expected):
    assert Attainment(Decimal(10), expected).rate is None


def test_nobody_sets_or_sees_targets_of_accounts_out_of_sight(session, kam, other_kam, viewer):
    account = factories.account(session, kam)
    _set(session, kam, account, m1=(Decimal(100), None))

    with pytest.raises(NotFound):
        _set(session, other_kam, account, m1=(Decimal(1), None))
    with pytest.raises(Forbidden):
        _set(session, viewer, account, m1=(Decimal(1), None))
    assert targets.by_account(session, other_kam, QUARTER) == {}
    assert targets.by_account(session, kam, QUARTER) == {account.id: Expected(Decimal(100))}


def test_margin_targets_need_the_permission_for_cost(session, director, viewer):
    account = factories.account(session)
    _set(session, director, account, m1=(Decimal(100), Decimal(20)))

    assert targets.totals(session, director, QUARTER).margin == Decimal(20)
    assert targets.totals(session, viewer, QUARTER).margin is None
    assert not viewer.may(Permission.COST_READ)


def test_a_target_belongs_to_a_month(session, kam):
    account = factories.account(session, kam)

    with pytest.raises(Invalid, match="2026-01-02"):
        targets.set_many(session, kam, account.id, {date(2026, 1, 2): (Decimal(1), None)})
