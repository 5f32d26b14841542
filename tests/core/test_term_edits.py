"""Editing terms: what stands after each edit on both clocks, what waits, what is refused, and what undoing leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from core import (
    approvals,
    authority,
    clock,
    entitlements,
    product_prices,
    term_calendar,
    term_edits,
    term_versions,
    terms,
)
from core.auth import OPERATOR
from core.authority import LimitDraft
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import AuditEntry, Term
from core.term_drafts import Scope, TermDraft
from core.term_edits import Shift
from core.vocabulary import Role, TermKind, TermStatus, TierBasis, TierMode, TierPeriod
from tests import factories

TODAY = date(2026, 6, 15)
JAN, JUL, AUG, SEP = date(2026, 1, 1), date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)


class Clock:
    """Each look at it is a minute later: no two edits are at the same moment."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 6, 15, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


@pytest.fixture(autouse=True)
def ticking(monkeypatch):
    found = Clock()
    monkeypatch.setattr(clock, "now", found.now)
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    return found


@pytest.fixture
def shop(session, kam):
    """Anna's shop and tea at 100.00 that costs 60.00."""
    row = factories.account(session, kam, "SHOP", name="Aman Mart")
    row.tea = factories.product(session, "TEA", category="Drinks")
    product_prices.set_list_price(session, OPERATOR, row.tea.id, date(2025, 1, 1), Decimal(100))
    product_prices.set_cost(session, OPERATOR, row.tea.id, date(2025, 1, 1), Decimal(60))
    return row


def draft(shop, value="90", kind=TermKind.SPECIAL_PRICE, **more):
    scope = more.pop("scope", None) or Scope(account_id=shop.id, product_id=shop.tea.id)
    given = {"valid_from": JAN, "reason": "asked for", **more}
    return TermDraft(scope, kind, Decimal(value), **given)


def standing(session):
    """What is known now: number, first day, end and value of what is approved."""
    rows = session.scalars(
        select(Term)
        .where(Term.superseded_at.is_(None), Term.status == TermStatus.APPROVED)
        .order_by(Term.valid_from)
    )
    return [(one.number, one.valid_from, one.valid_to, one.price) for one in rows]


def version(session, number):
    return session.scalars(select(Term.id).where(Term.number == number, Term.superseded_at.is_(None))).one()


def price(session, day, known_on=None):
    return entitlements.price(session, OPERATOR, "SHOP", "TEA", Decimal(1), day, known_on=known_on).net_price


def allow(session, share):
    limit = LimitDraft(Role.MANAGER, JAN, discount_share=Decimal(share), reason="policy")
    authority.record(session, OPERATOR, limit, version=None)


def test_a_new_term_is_in_force_within_ones_authority_and_waits_beyond_it(session, shop, kam):
    allow(session, "0.20")

    within = term_edits.grant(session, kam, draft(shop, "85"))
    beyond = term_edits.grant(session, kam, draft(shop, "70", valid_from=JUL))

    assert (within.in_force, within.waiting) == (1, 0)
    assert (beyond.in_force, beyond.waiting) == (0, 1)
    assert "limit 20.0%" in beyond.sentence()
    assert price(session, JUL) == 85


def test_a_change_of_value_leaves_the_days_before_it_as_they_were_and_keeps_both_clocks(
    session, shop, ticking
):
    first = term_edits.grant(session, OPERATOR, draft(shop, "90")).numbers[0]
    ticking.moment += timedelta(days=1)

    term_edits.change(session, OPERATOR, version(session, first), Decimal(88), JUL, reason="new year talk")

    assert [row[1:] for row in standing(session)] == [(JAN, JUL, 90), (JUL, None, 88)]
    assert (price(session, date(2026, 6, 30)), price(session, JUL)) == (90, 88)
    assert price(session, JUL, known_on=TODAY) == 90  # what was said on that day


def test_two_versions_that_follow_each_other_shift_in_either_direction_at_once(session, shop):
    first = term_edits.grant(session, OPERATOR, draft(shop, "90")).numbers[0]
    second = term_edits.change(
        session, OPERATOR, version(session, first), Decimal(88), JUL, reason="talk"
    ).numbers[0]

    for turn in (AUG, date(2026, 6, 1)):
        shifts = [
            Shift(version(session, first), JAN, turn, Decimal(90)),
            Shift(version(session, second), turn, None, Decimal(88)),
        ]
        term_edits.reshape(session, OPERATOR, shifts, reason="a month later")
        assert standing(session) == [(first, JAN, turn, 90), (second, turn, None, 88)]


def test_versions_that_would_meet_are_refused_and_nothing_changes(session, shop):
    first = term_edits.grant(session, OPERATOR, draft(shop, "90")).numbers[0]
    second = term_edits.change(
        session, OPERATOR, version(session, first), Decimal(88), JUL, reason="talk"
    ).numbers[0]
    before = standing(session)
    shifts = [Shift(version(session, second), date(2026, 6, 1), None, Decimal(88))]

    with pytest.raises(Conflict, match="holds on some of the same days"), session.begin_nested():
        term_edits.reshape(session, OPERATOR, shifts, reason="earlier")

    session.expire_all()
    assert standing(session) == before


def test_an_early_end_is_a_version_of_the_same_number_and_undoing_it_another(session, shop):
    number = term_edits.grant(session, OPERATOR, draft(shop, "90")).numbers[0]

    saved = term_edits.expire(session, OPERATOR, version(session, number), date(2026, 6, 30), reason="lost")
    assert standing(session) == [(number, JAN, JUL, 90)]
    assert price(session, JUL) == 100

    term_edits.undo(session, OPERATOR, saved)
    assert standing(session) == [(number, JAN, None, 90)]
    assert (
        len(term_calendar.history(session, OPERATOR, number)) == 4
    )  # the draft, and three that were in force


def test_an_extension_within_authority_is_the_same_term_and_beyond_it_the_added_days_wait(session, shop, kam):
    number = term_edits.grant(session, OPERATOR, draft(shop, "70", valid_to=JUL)).numbers[0]
    allow(session, "0.20")

    saved = term_edits.extend(session, kam, version(session, number), date(2026, 8, 31), reason="asked")

    assert saved.waiting == 1
    assert standing(session) == [(number, JAN, JUL, 70)]
    waits = session.scalars(select(Term).where(Term.status == TermStatus.SUBMITTED)).one()
    assert (waits.valid_from, waits.valid_to) == (JUL, SEP)

    term_edits.extend(session, OPERATOR, version(session, number), None, reason="until further notice")
    assert standing(session) == [(number, JAN, None, 70)]


def test_a_manager_may_end_what_a_director_granted_and_undo_that(session, shop, kam):
    allow(session, "0.20")
    number = term_edits.grant(session, OPERATOR, draft(shop, "50")).numbers[0]

    saved = term_edits.expire(session, kam, version(session, number), date(2026, 6, 30), reason="not used")
    term_edits.undo(session, kam, saved)

    assert standing(session) == [(number, JAN, None, 50)]


def test_undoing_a_change_of_value_restores_one_term_and_leaves_the_trace(session, shop):
    first = term_edits.grant(session, OPERATOR, draft(shop, "90")).numbers[0]
    saved = term_edits.change(session, OPERATOR, version(session, first), Decimal(88), JUL, reason="talk")

    term_edits.undo(session, OPERATOR, saved)

    assert standing(session) == [(first, JAN, None, 90)]
    newest = term_calendar.history(session, OPERATOR, saved.numbers[0])[0]
    assert newest.is_taken_back
    assert newest.row.reason == "undone"


def test_undoing_a_submission_leaves_nothing_that_waits(session, shop, kam):
    allow(session, "0.20")
    saved = term_edits.grant(session, kam, draft(shop, "70"))

    term_edits.undo(session, kam, saved)

    assert session.scalar(select(func.count()).where(Term.superseded_at.is_(None))) == 0


def test_what_somebody_changed_since_is_not_undone_nor_what_somebody_else_did(session, shop, kam, director):
    allow(session, "0.20")
    saved = term_edits.grant(session, kam, draft(shop, "90"))
    with pytest.raises(Forbidden):
        term_edits.undo(session, director, saved)

    term_edits.expire(session, director, saved.made[0], date(2026, 6, 30), reason="lost")
    with pytest.raises(Conflict):
        term_edits.undo(session, kam, saved)


def test_a_proposal_is_judged_as_it_was_typed(session, shop, kam):
    asked = draft(
        shop, "0.05", TermKind.VOLUME_TIER, min_quantity=Decimal(10_000), basis=TierBasis.PERIOD_REVENUE,
        period=TierPeriod.QUARTER, mode=TierMode.MARGINAL,
    )  # fmt: skip
    term_edits.grant(session, kam, asked)

    rows = terms.search(session, kam, status=TermStatus.SUBMITTED)

    assert [approvals.draft_of(row) for row in rows] == [replace(asked, status=TermStatus.SUBMITTED)]


def test_many_terms_are_all_recorded_or_none_and_every_problem_is_said_with_its_row(session, shop):
    coffee = factories.product(session, "COFFEE")
    product_prices.set_list_price(session, OPERATOR, coffee.id, date(2025, 1, 1), Decimal(50))
    wrong = draft(shop, "-1")
    ended = draft(shop, "40", scope=Scope(account_id=shop.id, product_id=coffee.id), valid_to=JAN)

    with pytest.raises(Invalid) as caught, session.begin_nested():
        term_edits.grant_many(session, OPERATOR, [draft(shop), wrong, ended], ["Tea", "Tea again", "Coffee"])

    assert caught.value.fields["grid"] == (
        "Tea again: A price is not below zero. "
        "Coffee: The term ends before it begins: choose a last day on or after the first."
    )
    assert standing(session) == []


def test_a_term_that_has_not_begun_is_taken_back_and_one_that_has_is_not(session, shop):
    number = term_edits.grant(session, OPERATOR, draft(shop, "90", valid_from=JUL)).numbers[0]
    begun = term_edits.grant(session, OPERATOR, draft(shop, "95", valid_to=date(2026, 6, 1))).numbers[0]

    term_edits.take_back(session, OPERATOR, version(session, number), reason="a mistake")
    with pytest.raises(Invalid, match="has begun"):
        term_edits.take_back(session, OPERATOR, version(session, begun), reason="a mistake")

    assert [row[0] for row in standing(session)] == [begun]
    assert term_calendar.history(session, OPERATOR, number)[0].row.reason == "a mistake"


def test_who_edits_what_somebody_changed_meanwhile_sees_the_other_value_and_decides(session, shop):
    number = term_edits.grant(session, OPERATOR, draft(shop, "90")).numbers[0]
    seen = version(session, number)
    term_edits.change(session, OPERATOR, seen, Decimal(88), JAN, reason="corrected")

    with pytest.raises(Conflict) as caught:
        term_edits.change(session, OPERATOR, seen, Decimal(87), JUL, reason="talk")

    assert caught.value.current["value"] == 88
    assert caught.value.version == version(session, number)


def test_the_same_asked_for_twice_from_the_same_day_does_not_replace_what_waits(session, shop, kam, director):
    allow(session, "0.20")
    term_edits.grant(session, kam, draft(shop, "70"))

    with pytest.raises(Conflict, match="waits for approval already"):
        term_edits.grant(session, kam, draft(shop, "69"))


def test_terms_of_accounts_out_of_sight_look_absent_and_viewers_change_nothing(
    session, shop, other_kam, viewer
):
    number = term_edits.grant(session, OPERATOR, draft(shop, "90")).numbers[0]
    seen = version(session, number)

    with pytest.raises(NotFound):
        term_edits.expire(session, other_kam, seen, date(2026, 6, 30), reason="x")
    with pytest.raises(NotFound):
        term_edits.draft_from(session, other_kam, seen)
    with pytest.raises(NotFound):
        term_calendar.history(session, other_kam, number)
    with pytest.raises(NotFound):
        term_edits.grant(session, other_kam, draft(shop, "90"))
    with pytest.raises(Forbidden):
        term_edits.expire(session, viewer, seen, date(2026, 6, 30), reason="x")


def test_every_edit_is_in_the_audit(session, shop):
    number = term_edits.grant(session, OPERATOR, draft(shop, "90")).numbers[0]
    saved = term_edits.expire(session, OPERATOR, version(session, number), date(2026, 6, 30), reason="lost")
    term_edits.undo(session, OPERATOR, saved)

    said = session.execute(
        select(AuditEntry.action).where(AuditEntry.entity == "term", AuditEntry.entity_key == f"T{number}")
    )
    assert [row.action for row in said].count("term:change") == 2


def test_term_versions_are_not_recorded_beyond_authority_while_others_end(session, shop, kam):
    allow(session, "0.20")
    first = term_edits.grant(session, kam, draft(shop, "90", valid_to=JUL)).numbers[0]
    shift = Shift(version(session, first), JAN, JUL, Decimal(60))

    with pytest.raises(Forbidden, match="Beyond your authority"), session.begin_nested():
        term_edits.reshape(session, kam, [shift], reason="asked")

    assert standing(session) == [(first, JAN, JUL, 90)]
    assert term_versions.draft_of(session.get_one(Term, version(session, first))).value == 90
