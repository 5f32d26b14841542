"""What became of accounts that were green: by hand on a small company."""

from datetime import date
from decimal import Decimal

import pytest

from core import clock, health_track, rollups
from core.health_rules import Band
from tests import factories

DAY = date(2026, 6, 30)
MONTHS = [date(2024 + n // 12, n % 12 + 1, 10) for n in range(5, 30)]  # June 2024 to June 2026


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


def _sold(session, owner, code, amounts):
    """An account with one order a month; `amounts` says how much in which month."""
    account = factories.account(session, owner, code, name=code.capitalize())
    tea = factories.product(session, f"TEA{code}", category="TEA")
    for day in MONTHS:
        factories.line(session, account, tea, day, quantity=str(amounts(day)), list_price="1")
    return account


@pytest.fixture
def company(session, kam, other_kam):
    _sold(session, kam, "STEADY", lambda day: 100)
    _sold(session, kam, "FELL", lambda day: 70 if day.year == 2026 else 100)
    _sold(session, other_kam, "HIDDEN", lambda day: 10 if day.year == 2026 else 100)
    rollups.rebuild(session)


def test_quarters_count_that_have_a_year_before_and_two_quarters_after():
    ends = health_track.quarter_ends(DAY, 1, date(2024, 6, 1))

    assert ends == (date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31))
    assert health_track.quarter_ends(date(2026, 6, 29), 1, date(2024, 6, 1))[-1] == date(2025, 9, 30)
    # A fiscal year from February has its quarters' ends a month later.
    assert health_track.quarter_ends(DAY, 2, date(2024, 6, 1))[-1] == date(2025, 10, 31)


def test_a_green_account_that_fell_is_named_with_its_amounts(session, kam, company):
    found = health_track.record(session, kam)

    # At the end of 2025 all were alike: trend 66.7, price, rhythm and breadth full: (25 × 66.7 + 35 × 100) ÷ 60 = 86.1.
    # From January to June Fell brought 420 after 600, a fall of 30 %; from October to March 510 after 600, of 15 %.
    assert [(one.code, one.day) for one in found.false_greens] == [("FELL", date(2025, 12, 31))]
    lost = found.false_greens[0]
    assert [lost.before, lost.after, lost.change] == [600, 420, -180]
    assert lost.score == Decimal("86.1")
    assert lost.coverage == Decimal("0.6")
    green = found.side(Band.GREEN)
    assert (green.accounts, green.lost, green.rate) == (6, 1, Decimal(1) / 6)
    assert found.side(Band.GREEN, date(2025, 12, 31)).rate == Decimal("0.5")
    assert found.side(Band.RED).rate is None


def test_a_fall_of_exactly_a_fifth_is_not_more_than_a_fifth(session, kam):
    _sold(session, kam, "EDGE", lambda day: 80 if day.year == 2026 else 100)
    rollups.rebuild(session)

    assert health_track.record(session, kam).events == 0


def test_too_few_events_have_no_auc_but_their_number(session, kam, company):
    found = health_track.record(session, kam)

    assert found.events == 1
    assert found.auc is None
    assert found.lowest_tenth.all_count == 6


def test_the_track_record_of_a_manager_is_that_of_own_accounts(session, kam, other_kam, director, company):
    assert {one.code for one in health_track.record(session, kam).cases} == {"STEADY", "FELL"}
    assert {one.code for one in health_track.record(session, other_kam).false_greens} == {"HIDDEN"}
    assert {one.code for one in health_track.record(session, director).cases} == {"STEADY", "FELL", "HIDDEN"}


def test_accounts_without_revenue_before_have_nothing_to_lose(session, kam):
    _sold(session, kam, "OLD", lambda day: 100)
    new = factories.account(session, kam, "NEW")
    tea = factories.product(session, category="TEA")
    for day in MONTHS[10:]:
        factories.line(session, new, tea, day, quantity="5", list_price="1")
    rollups.rebuild(session)

    # In the year before any follow-up New had sold nothing up to March 2025.
    cases = {(one.code, one.day): one.before for one in health_track.record(session, kam).cases}
    assert ("NEW", date(2025, 6, 30)) not in cases
    assert set(cases) >= {("OLD", date(2025, 6, 30))}


def test_an_empty_store_has_no_record(session, kam):
    found = health_track.record(session, kam)

    assert (found.days, found.cases, found.auc) == ((), (), None)
