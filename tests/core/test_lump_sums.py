from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core import authority, clock, lump_sums
from core.authority import LimitDraft
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.filters import AccountFilter
from core.lump_sums import LumpSumDraft, Stage
from core.models import AuditEntry
from core.periods import Period
from core.vocabulary import LumpSumKind, LumpSumStep, Role
from tests import factories

YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))


def draft(amount="3650", first=date(2026, 1, 1), last=date(2026, 12, 31), reason="second placement"):
    return LumpSumDraft(LumpSumKind.DISPLAY, Decimal(amount), first, last, reason)


def test_a_lump_sum_accrues_evenly_over_its_days():
    # 3,650 over 365 days: 10 a day; January has 31 of them, the days before and after none.
    assert lump_sums.accrued(Decimal(3650), YEAR, Period(date(2026, 1, 1), date(2026, 2, 1))) == 310
    assert lump_sums.accrued(Decimal(3650), YEAR, Period(date(2025, 12, 1), date(2026, 1, 3))) == 20
    assert lump_sums.accrued(Decimal(3650), YEAR, Period(date(2027, 1, 1), date(2028, 1, 1))) == 0


@given(
    st.decimals("0.0001", 10**7, places=4),
    st.lists(st.integers(1, 200), min_size=1, max_size=8),
    st.integers(-30, 30),
    st.integers(1, 500),
)
def test_the_parts_of_any_cuts_add_up_to_the_whole(amount, cuts, offset, length):
    days = Period(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=length))
    first = days.start + timedelta(days=offset)
    borders = [first]
    for cut in cuts:
        borders.append(borders[-1] + timedelta(days=cut))
    parts = [lump_sums.accrued(amount, days, Period(one, other)) for one, other in pairwise(borders)]

    assert sum(parts) == lump_sums.accrued(amount, days, Period(borders[0], borders[-1]))
    assert lump_sums.accrued(amount, days, Period(date(2000, 1, 1), date(2100, 1, 1))) == amount


def test_it_goes_from_agreed_over_proof_to_settled(session, kam, director):
    account = factories.account(session, kam)
    today = clock.today()
    ended = draft("1000", today - timedelta(days=40), today - timedelta(days=10))
    number = lump_sums.agree(session, director, account.id, ended)

    def now():
        (row,) = lump_sums.search(session, kam)
        return row.stage, row.accrued, row.settled, row.left

    assert now() == (Stage.PROOF_MISSING, 1000, 0, 1000)
    lump_sums.note(session, kam, number, LumpSumStep.PROOF, today - timedelta(days=9), text="photograph")
    assert now()[0] is Stage.TO_SETTLE
    lump_sums.note(session, kam, number, LumpSumStep.SETTLED, today, amount=Decimal(600))
    assert now() == (Stage.TO_SETTLE, 1000, 600, 400)
    lump_sums.note(session, kam, number, LumpSumStep.SETTLED, today, amount=Decimal(400))
    assert now() == (Stage.SETTLED, 1000, 1000, 0)
    said = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("lump_sum:%"))).all()
    assert said == ["lump_sum:agree", "lump_sum:proof", "lump_sum:settled", "lump_sum:settled"]


def test_no_more_is_paid_than_was_agreed_and_a_wrong_payment_is_taken_back(session, kam, director):
    account = factories.account(session, kam)
    number = lump_sums.agree(session, director, account.id, draft("1000"))
    today = clock.today()

    def pay(amount):
        lump_sums.note(session, director, number, LumpSumStep.SETTLED, today, amount=Decimal(amount))

    with pytest.raises(Invalid):
        pay("1000.01")
    pay("700")
    with pytest.raises(Invalid):
        pay("300.01")
    with pytest.raises(Invalid):
        pay("-700.01")
    pay("-700")
    assert lump_sums.search(session, kam)[0].settled == 0


def test_a_change_supersedes_and_two_who_change_it_meet(session, kam, director):
    account = factories.account(session, kam)
    lump_sums.agree(session, director, account.id, draft("1000"))
    (row,) = lump_sums.search(session, kam)

    lump_sums.change(session, director, row.number, draft("800"), version=row.version)

    with pytest.raises(Conflict) as met:
        lump_sums.change(session, kam, row.number, draft("900"), version=row.version)
    assert met.value.current == {"amount": Decimal(800)}
    (row,) = lump_sums.search(session, kam)
    assert row.draft.amount == 800
    withdrawn = lump_sums.withdraw(session, director, row.number, version=row.version)
    assert lump_sums.search(session, kam) == []
    lump_sums.restore(session, director, row.number, version=withdrawn)
    assert lump_sums.search(session, kam)[0].draft == draft("800")


def test_a_manager_promises_only_what_their_role_may(session, kam, director):
    account = factories.account(session, kam)
    with pytest.raises(Forbidden):
        lump_sums.agree(session, kam, account.id, draft("500"))
    limit = LimitDraft(Role.MANAGER, date(2026, 1, 1), contract_value=Decimal(500), reason="house rule")
    authority.record(session, director, limit, version=None)

    number = lump_sums.agree(session, kam, account.id, draft("500"))
    with pytest.raises(Forbidden):
        lump_sums.agree(session, kam, account.id, draft("500.01"))
    (row,) = lump_sums.search(session, kam)
    with pytest.raises(Forbidden):
        lump_sums.change(session, kam, number, draft("501"), version=row.version)


def test_who_does_not_see_the_account_sees_and_accrues_nothing_of_it(session, kam, other_kam, director):
    account = factories.account(session, kam)
    number = lump_sums.agree(session, director, account.id, draft())

    assert lump_sums.search(session, other_kam) == []
    assert lump_sums.accrual(session, other_kam, YEAR) is None
    with pytest.raises(NotFound):
        lump_sums.note(session, other_kam, number, LumpSumStep.PROOF, clock.today())
    assert lump_sums.accrual(session, kam, YEAR, AccountFilter(account_ids=frozenset({account.id}))) == {
        LumpSumKind.DISPLAY: Decimal(3650)
    }
