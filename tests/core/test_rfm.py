"""Recency, frequency, monetary value and own rhythm, worked out by hand."""

# mypy: disable-error-code="comparison-overlap"
# Whole amounts are written as whole numbers, which equal their decimals.

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import kpis, rfm, rfm_rule, rollups, settings
from core.errors import Invalid
from core.kpis import By, Options
from core.periods import Period
from core.rfm_rule import RfmRule, Rhythm
from core.settings import Settings
from tests import factories

YEAR = Period.of(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def sold(session, kam, other_kam):
    """REGULAR orders every 30 days up to 21 December; LATE every 10 days up to 1 December; ONCE long ago."""
    soap = factories.product(session, "SOAP")
    regular = factories.account(session, kam, "REGULAR")
    late = factories.account(session, other_kam, "LATE")
    once = factories.account(session, kam, "ONCE")
    nobody = factories.account(session, code="UNASSIGNED", is_unassigned=True)
    for number in range(12):
        day = date(2026, 12, 21) - timedelta(days=30 * number)
        factories.line(session, regular, soap, day, quantity="1000", list_price="100", unit_cost="40")
    for number in range(3):
        factories.line(session, late, soap, date(2026, 12, 1) - timedelta(days=10 * number), list_price="10")
    factories.line(session, once, soap, date(2025, 6, 1), list_price="10")
    factories.line(session, nobody, soap, date(2026, 6, 1), list_price="10")
    factories.line(session, regular, soap, date(2026, 12, 30), quantity="-1", list_price="100")  # no order
    rollups.rebuild(session)


def test_scores_count_days_orders_and_amount(session, sold, director):
    found = {row.code: row.scored for row in rfm.board(session, director, YEAR).standings}

    # 10 days → 5; 12 orders → 4; 1,199,900 → 5. 30 days → 5; 3 orders → 2; 30 → 1. 578 days, none, nothing.
    assert {code: one.cell for code, one in found.items()} == {"REGULAR": 545, "LATE": 521, "ONCE": 111}
    assert (found["REGULAR"].days, found["REGULAR"].orders, found["REGULAR"].amount) == (10, 12, 1_199_900)
    assert [found[code].rhythm for code in ("REGULAR", "LATE", "ONCE")] == [
        Rhythm.ON,  # 10 ÷ 30
        Rhythm.RED,  # 30 ÷ 10 = 3
        Rhythm.UNKNOWN,
    ]


def test_recency_counts_to_the_last_day_of_the_window(session, sold, director):
    found = rfm.board(session, director, Period.of(date(2026, 7, 1), date(2026, 11, 30))).standings

    regular = next(row for row in found if row.code == "REGULAR")
    assert (regular.last_order_on, regular.scored.days) == (date(2026, 11, 21), 9)
    assert regular.scored.orders == 5  # 24 July to 21 November


def test_margin_is_scored_only_for_who_may_see_cost(session, sold, director, viewer):
    settings.put(session, {"rfm_by_margin": True})

    assert rfm.board(session, director, YEAR).standings[0].scored.amount == 720_000  # 12,000 × 60
    seen = rfm.board(session, viewer, YEAR)
    assert (seen.by_margin, seen.standings[0].scored.amount) == (False, 1_199_900)


def test_the_kpi_counts_accounts_and_gives_one_account_its_cell(session, sold, director, kam):
    def figure(actor, **options):
        return kpis.document(session, YEAR, kpis.compute(session, actor, ["rfm"], YEAR, Options(**options)))[
            "kpis"
        ][0]

    whole = figure(director, by=By.ACCOUNT)
    assert (whole["value"], whole["unit"], whole["rows"]) == ("3", "count", "16")
    assert whole["parts"] == {
        "accounts_on_rhythm": "1", "accounts_amber": "0", "accounts_red": "1", "accounts_rhythm_unknown": "1",
        "accounts_best_cell": "0",
    }  # fmt: skip
    assert whole["by"] == [
        {"key": "LATE", "value": "521"},
        {"key": "ONCE", "value": "111"},
        {"key": "REGULAR", "value": "545"},
        {"key": "UNASSIGNED", "value": None},
    ]
    one = figure(director, account_code="LATE")
    assert (one["value"], one["parts"]["rhythm"], one["parts"]["amount"]) == ("521", "3.000000", "30.0000")
    assert [row["value"] for row in figure(director, by=By.OWNER)["by"]] == ["2", "1", None]
    assert figure(kam)["value"] == "2"


def test_an_account_is_scored_for_all_that_it_buys(session, sold, director):
    with pytest.raises(Invalid, match="not by product"):
        kpis.compute(session, director, ["rfm"], YEAR, Options(by=By.PRODUCT))


def test_a_rhythm_turns_amber_and_red_beyond_its_limits_and_not_at_them():
    limits = (Decimal("1.5"), Decimal("2.5"))

    found = [rfm_rule.rhythm(days, Decimal(10), *limits) for days in (15, 16, 25, 26)]

    assert found == [Rhythm.ON, Rhythm.AMBER, Rhythm.AMBER, Rhythm.RED]
    assert rfm_rule.rhythm(100, None, *limits) is Rhythm.UNKNOWN


@pytest.mark.parametrize(
    ("text", "accepted"),
    [("10, 20, 30, 40", True), ("10 ,20,30", False), ("40, 30, 20, 10", False), ("a, b, c, d", False), ("", False)],
)  # fmt: skip
def test_thresholds_are_four_numbers_in_order(text, accepted):
    found = rfm_rule.problems(RfmRule(days=rfm_rule.read(text)))

    assert (found == {}) is accepted


def test_thresholds_are_kept_exactly(session):
    settings.put(session, {"rfm_amount": rfm_rule.read("1000.5, 100, 10, 1")})

    assert settings.get(session) == Settings(rfm_amount=tuple(map(Decimal, ("1000.5", "100", "10", "1"))))
    assert rfm_rule.written(settings.get(session).rfm.amount) == "1000.5, 100, 10, 1"
