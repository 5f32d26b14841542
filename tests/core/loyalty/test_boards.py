from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader

from core import attention, clock, rollups
from core.attention import Kind
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, NotFound
from core.loyalty import account_statement, boards, cancellations, lab, members, postings, programmes, words
from core.models import Group
from core.periods import Period
from core.reports import loyalty_statement
from tests import factories
from tests.core.loyalty.programmes import DOCUMENT, agrees, live, points, with_parts

TODAY, FIRST = date(2026, 11, 26), date(2025, 1, 1)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)


def bought(session, account, *orders):
    goods = factories.product(session, f"P{account.code}", category="Tea")
    for on, amount in orders:
        factories.line(session, account, goods, date.fromisoformat(on), quantity=str(amount), list_price="1")


@pytest.fixture
def two(session, kam):
    """Anna's A is 100 short of Gold; her B, Silver since 2025, is 400 short of staying."""
    rising, falling = (factories.account(session, kam, code, name=f"Shop {code}") for code in "AB")
    bought(session, rising, ("2026-01-10", 300), ("2026-02-10", 400), ("2026-03-10", 200))
    bought(session, falling, ("2025-06-01", 600), ("2026-05-01", 100))
    number = live(session, FIRST)
    for account in (rising, falling):
        members.enrol_account(session, OPERATOR, account.id, number, FIRST)
    rollups.rebuild(session)
    return rising, falling


def test_who_is_near_a_tier_and_who_is_about_to_fall_stand_by_what_it_is_worth(session, two, kam):
    near, drop = boards.reaches(session, kam)

    assert (near.row.code, near.is_drop, near.goal.name, near.other.name) == ("A", False, "Gold", "Silver")
    assert (near.missing, near.missing_money, near.by) == (100, 100, date(2026, 12, 31))
    # 900 in twelve months × (3% more discount + half a point more, of 0.01 each).
    assert near.worth == Decimal("31.5")
    assert (drop.row.code, drop.is_drop, drop.goal.name, drop.other.name) == ("B", True, "Silver", "")
    assert (drop.missing, drop.by) == (400, date(2026, 12, 31))
    assert drop.worth == Decimal("2.5")  # 100 × (2% + half a point of 0.01)


@pytest.mark.parametrize(("threshold", "is_near"), [("1199", True), ("1200", True), ("1201", False)])
def test_near_is_at_most_a_quarter_of_the_threshold(session, kam, threshold, is_near):
    account = factories.account(session, kam, "A")
    bought(session, account, ("2026-01-10", 900))
    steps = [{"name": "Silver", "threshold": "500"}, {"name": "Gold", "threshold": threshold}]
    number = live(session, FIRST, with_parts(tiers={"steps": steps}))
    members.enrol_account(session, OPERATOR, account.id, number, FIRST)
    rollups.rebuild(session)

    assert bool(boards.reaches(session, kam)) is is_near


def test_where_units_earn_nothing_is_said_in_money(session, kam):
    account = factories.account(session, kam, "A")
    bought(session, account, ("2026-01-10", 900))
    number = live(session, FIRST, with_parts(earning={"basis": "quantity"}))
    members.enrol_account(session, OPERATOR, account.id, number, FIRST)
    rollups.rebuild(session)

    (near,) = boards.reaches(session, kam)
    assert (near.missing, near.missing_money) == (100, None)


def test_where_revenue_counts_it_is_revenue_that_is_missing(session, kam):
    account = factories.account(session, kam, "A")
    bought(session, account, ("2026-01-10", 900))
    tiers = {**DOCUMENT["tiers"], "qualifying": "revenue"}
    number = live(session, FIRST, with_parts(earning={"points_per": "3"}, tiers=tiers))
    members.enrol_account(session, OPERATOR, account.id, number, FIRST)
    rollups.rebuild(session)

    (near,) = boards.reaches(session, kam)
    assert (near.missing, near.missing_money, near.counts_revenue) == (100, 100, True)


def test_of_a_group_that_is_not_seen_as_a_whole_nothing_tells_what_others_bought(session, kam, other_kam):
    group = Group(code="G", name="Pool")
    session.add(group)
    session.flush()
    for owner, code in ((kam, "C"), (other_kam, "D")):
        account = factories.account(session, owner, code, group_id=group.id)
        bought(session, account, ("2026-01-10", 450))
    members.enrol_group(session, OPERATOR, group.id, live(session, FIRST), FIRST)
    rollups.rebuild(session)

    assert boards.reaches(session, kam) == []
    assert [one.net_revenue for one in boards.reaches(session, OPERATOR)] == [900]


def test_what_lapses_by_month_and_what_is_owed(session, two, kam):
    assert boards.expiring(session, kam) == [
        (date(2027, 1, 1), 300), (date(2027, 2, 1), 400), (date(2027, 3, 1), 300), (date(2027, 5, 1), 150),
    ]  # fmt: skip
    (owed,) = boards.liabilities(session, kam)
    assert (owed.members, owed.outstanding) == (2, 1150)
    assert owed.liability == Decimal("9.775")  # 1,150 × 85% × 0.01


def test_today_asks_about_tiers_with_what_they_are_worth(session, two, kam, other_kam):
    kinds = (Kind.TIER_NEAR, Kind.TIER_LOST)
    found = [one for one in attention.items(session, kam, day=TODAY) if one.kind in kinds]

    assert [(one.code, one.kind, one.amount, one.missing, one.who) for one in found] == [
        ("A", Kind.TIER_NEAR, Decimal("31.5"), 100, "Gold"), ("B", Kind.TIER_LOST, Decimal("2.5"), 400, "Silver"),
    ]  # fmt: skip
    assert {one.on for one in found} == {date(2026, 12, 31)}
    assert not [one for one in attention.items(session, other_kam, day=TODAY) if one.kind in kinds]


def test_a_stranger_is_told_of_nobody(session, two, other_kam):
    assert boards.reaches(session, other_kam) == []
    assert boards.expiring(session, other_kam) == []
    assert boards.liabilities(session, other_kam) == []


def test_points_that_lapse_when_nothing_happens_have_a_month_too(session, kam):
    account = factories.account(session, kam, "A")
    bought(session, account, ("2026-01-10", 300), ("2026-09-20", 50))
    number = live(session, FIRST, with_parts(expiry={"kind": "inactivity", "months": 6}))
    members.enrol_account(session, OPERATOR, account.id, number, FIRST)

    status = points(session, account.id)
    assert boards.expiring(session, kam) == [(date(2027, 3, 1), status.active)]


def test_points_outside_programmes_have_no_liability(session, kam):
    account = factories.account(session, kam, "A")
    postings.adjust(session, OPERATOR, account.id, Decimal(70), "gift", key="x")

    (owed,) = boards.liabilities(session, kam)
    assert (owed.programme_number, owed.outstanding, owed.liability) == (None, 70, None)


def test_an_enrolment_is_taken_back_as_if_it_had_never_been(session, two, kam):
    account = two[0]
    cancellations.cancel(session, kam, account.id)

    found = points(session, account.id)
    assert (found.balance, found.lots_balance, found.tier) == (0, 0, None)
    assert agrees(session)
    with pytest.raises(NotFound):
        cancellations.cancel(session, kam, account.id)


def test_who_may_not_see_an_account_cancels_nothing_and_a_pool_is_left_instead(
    session, two, other_kam, viewer
):
    with pytest.raises(NotFound):
        cancellations.cancel(session, other_kam, two[0].id)
    with pytest.raises(Forbidden):
        cancellations.cancel(session, viewer, two[0].id)
    group = Group(code="G", name="Pool")
    session.add(group)
    session.flush()
    pooled = factories.account(session, None, "C", group_id=group.id)
    number = programmes.search(session, OPERATOR)[0].number
    members.enrol_group(session, OPERATOR, group.id, number, FIRST)
    with pytest.raises(Conflict):
        cancellations.cancel(session, OPERATOR, pooled.id)


def test_a_question_of_the_lab_moves_thresholds_and_points(session, two, director):
    version = programmes.search(session, OPERATOR)[0].version
    asked = lab.Question(version, date(2026, 10, 31))

    assert asked.period == Period(date(2025, 11, 1), date(2026, 11, 1))
    assert lab.ask(session, director, asked).by_tier == {"": 1, "Silver": 1, "Gold": 0}
    lower = replace(asked, thresholds=Decimal("0.9"))
    assert lab.ask(session, director, lower).by_tier == {"": 1, "Silver": 0, "Gold": 1}
    twice = replace(asked, earning=Decimal(2))
    assert lab.ask(session, director, twice).by_tier == {"": 1, "Silver": 0, "Gold": 1}
    # Read once or every time, the answers are the same.
    steps = (Decimal("0.2"), Decimal("0.9"), Decimal(1))
    assert lab.sensitivity(session, director, asked, steps) == [
        lab.ask(session, director, replace(asked, thresholds=step)) for step in steps
    ]


def test_the_lab_is_for_who_designs_programmes(session, two, kam):
    asked = lab.Question(programmes.search(session, OPERATOR)[0].version, date(2026, 10, 31))
    with pytest.raises(Forbidden):
        lab.ask(session, kam, asked)
    with pytest.raises(Forbidden):
        lab.sensitivity(session, kam, asked, (Decimal(1),))


def test_a_statement_adds_up_and_is_printed_in_both_languages(session, two, kam):
    period = Period(date(2026, 2, 1), date(2026, 11, 1))
    found = account_statement.of_account(session, kam, two[0].id, period)

    assert (found.opening, found.closing) == (300, 1000)
    assert [one.points for one in found.entries] == [400, 300]
    assert found.opening + sum(one.points for one in found.entries) == found.closing
    assert [words.about(one)[:5] for one in found.entries] == ["Order", "Order"]
    pages = {language: loyalty_statement.write(found, language) for language in ("en", "ms")}
    said = {language: PdfReader(io.BytesIO(page)).pages[0].extract_text() for language, page in pages.items()}
    assert all("Shop A" in text and "1,000" in text for text in said.values())
    assert "Statement of points" in said["en"]
    assert "Penyata mata" in said["ms"]


def test_a_stranger_gets_no_statement(session, two, other_kam):
    with pytest.raises(NotFound):
        account_statement.of_account(session, other_kam, two[0].id, Period(FIRST, TODAY))
