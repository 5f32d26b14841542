"""What users of other systems complain about in price terms, each as a test of what goes right here.

The numbers are those of the list that the terms were designed against.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from inspect import Parameter, signature
from itertools import count, pairwise, permutations

import pytest
from sqlalchemy import Date, func, select

from core import (
    approvals,
    authority,
    clock,
    entitlements,
    floors,
    pricing,
    product_prices,
    term_calendar,
    term_diffs,
    term_edits,
    term_versions,
)
from core.auth import OPERATOR
from core.authority import LimitDraft, Measure
from core.entitlements import Asked
from core.errors import Forbidden, Invalid
from core.floors import FloorDraft
from core.models import FloorPrice, Group, Segment, Term
from core.pricing import Days, LostReason
from core.term_diffs import Moment
from core.term_drafts import Scope, TermDraft
from core.term_edits import Shift
from core.vocabulary import Role, TermDate, TermKind, TermStatus
from tests import factories

TODAY = date(2026, 6, 15)
JAN = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 6, 15, 12, tzinfo=UTC))
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def shop(session, kam):
    """Anna's shop in the segment Retail and the chain Big, and tea at 100.00 that costs 60.00."""
    retail, chain = Segment(name="Retail"), Group(code="Big", name="Big")
    session.add_all([retail, chain])
    session.flush()
    row = factories.account(session, kam, "SHOP", name="Aman Mart", segment_id=retail.id, group_id=chain.id)
    tea = factories.product(session, "TEA", category="Drinks")
    product_prices.set_list_price(session, OPERATOR, tea.id, date(2025, 1, 1), Decimal(100))
    product_prices.set_cost(session, OPERATOR, tea.id, date(2025, 1, 1), Decimal(60))
    row.tea = tea
    return row


def draft(shop, value, kind=TermKind.DISCOUNT, **more):
    scope = more.pop("scope", None) or Scope(account_id=shop.id, product_id=shop.tea.id)
    given = {"valid_from": JAN, "status": TermStatus.APPROVED, "reason": "asked for", **more}
    return TermDraft(scope, kind, Decimal(value), **given)


def grant(session, shop, value, kind=TermKind.DISCOUNT, **more):
    return term_versions.record(session, OPERATOR, draft(shop, value, kind, **more)).number


def price(session, day=TODAY, quantity="1", actor=OPERATOR, known_on=None):
    return entitlements.price(session, actor, "SHOP", "TEA", Decimal(quantity), day, known_on=known_on)


def why(found):
    return {one.offer.number: one.reason for one in found.lost}


# 1: a rule that applies several times beat the customer's own.


def test_1_what_the_account_was_granted_beats_what_its_segment_gets_however_much_that_is(session, shop):
    own = grant(session, shop, "0.05", stacks=False)
    general = grant(session, shop, "0.30", stacks=True, scope=Scope(segment_id=shop.segment_id))

    found = price(session)

    assert found.net_price == 95
    assert why(found) == {general: LostReason.SCOPE_BEATEN}
    assert own in [offer.number for offer in found.won]


# 2: a net price still got the general discount on top.


def test_2_a_special_price_is_the_price_and_a_general_discount_is_not_taken_off_it(session, shop):
    grant(session, shop, "90", TermKind.SPECIAL_PRICE, stacks=True)
    general = grant(session, shop, "0.05", stacks=True, scope=Scope(segment_id=shop.segment_id))

    found = price(session)

    assert found.net_price == 90
    assert why(found) == {general: LostReason.SCOPE_BEATEN}


# 3: several rules that matched were an error, and somebody had to set priorities.


def test_3_terms_that_all_match_give_a_price_and_each_says_why_it_did_not_decide(session, shop):
    numbers = {
        grant(session, shop, value, scope=scope)
        for value, scope in (
            ("0.10", Scope(account_id=shop.id, product_id=shop.tea.id)),
            ("0.11", Scope(account_id=shop.id, category_id=shop.tea.category_id)),
            ("0.12", Scope(group_id=shop.group_id)),
            ("0.13", Scope(segment_id=shop.segment_id)),
        )
    }

    found = price(session)

    assert found.net_price == 90
    assert {offer.number for offer in found.won} | set(why(found)) == numbers
    assert set(why(found).values()) == {LostReason.SCOPE_BEATEN}


def test_3_who_wants_another_price_asks_for_it_with_a_reason(session, shop, kam, director):
    grant(session, shop, "0.10")
    wanted = term_versions.record(
        session, kam, draft(shop, "80", TermKind.SPECIAL_PRICE, status=TermStatus.DRAFT, reason="tender")
    )
    asked = approvals.submit(session, kam, wanted.number, version=wanted.id)
    assert not asked.is_in_force
    assert price(session).net_price == 90

    approvals.decide(session, director, wanted.number, version=asked.version, approve=True)

    assert price(session).net_price == 80
    assert session.get(Term, wanted.id).reason == "tender"


# 4: what a flag meant changed from one version to the next.


def test_4_the_order_of_resolution_has_a_version_that_a_kept_price_can_name():
    assert pricing.ENGINE_VERSION >= 1
    assert "The order is fixed" in (pricing.__doc__ or "")


# 5: a rule that had expired was still applied.


def test_5_a_term_makes_no_price_from_the_day_after_its_last_one(session, shop):
    number = grant(session, shop, "0.10", valid_to=date(2026, 7, 1))  # the last day is 30 June

    days = [date(2025, 12, 31), JAN, date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 2)]
    assert [price(session, day).net_price for day in days] == [100, 90, 90, 100, 100]
    assert why(price(session, days[3])) == {number: LostReason.WRONG_DATE}


def test_5_an_order_that_was_made_in_time_keeps_its_price_when_it_is_invoiced_later(session, shop):
    grant(session, shop, "0.10", valid_to=date(2026, 7, 1))
    line = factories.line(session, shop, shop.tea, date(2026, 7, 9), ordered_on=date(2026, 6, 30),
                          invoiced_on=date(2026, 7, 9), list_price="100")  # fmt: skip

    found = entitlements.of_line(session, OPERATOR, shop.id, line.order_no, 1).price

    assert found.net_price == 90


# 6: one way through the program forgot the dates.


def test_6_every_caller_gets_the_same_price_for_the_same_question(session, shop):
    grant(session, shop, "0.10", valid_to=date(2026, 7, 1))
    grant(session, shop, "85", TermKind.SPECIAL_PRICE, valid_from=date(2026, 9, 1))
    floors.record(
        session, OPERATOR, FloorDraft(JAN, product_id=shop.tea.id, price=Decimal(86), reason="cost")
    )
    for day in (date(2025, 12, 1), TODAY, date(2026, 8, 1), date(2026, 9, 1)):
        line = factories.line(session, shop, shop.tea, day, list_price="100")
        asked = entitlements.Asked(shop.id, shop.tea.id, Decimal(1), pricing.Days(day))
        alone = price(session, day)

        assert entitlements.prices(session, OPERATOR, [asked]) == [alone]
        assert entitlements.answer(session, OPERATOR, shop.id, shop.tea.id, Decimal(1), day).price == alone
        assert entitlements.of_line(session, OPERATOR, shop.id, line.order_no, 1).price == alone


# 7: the rule overwrote the list price, and the discount read 0 %.


def test_7_list_price_each_layer_and_net_price_stand_side_by_side(session, shop):
    grant(session, shop, "0.10", stacks=True)
    grant(session, shop, "0.05", stacks=True, scope=Scope(segment_id=shop.segment_id))

    found = price(session)

    assert (found.list_price, found.net_price) == (100, Decimal("85.5"))
    assert [layer.amount for layer in found.layers] == [10, Decimal("4.5")]
    assert found.list_price - sum(layer.amount for layer in found.layers) == found.net_price


# 8: of rules with 10, 15 and 100 % whichever came first gave its discount.


def test_8_the_order_in_which_terms_were_granted_does_not_change_the_price(session, shop):
    scopes = {
        "0.10": Scope(account_id=shop.id),
        "0.15": Scope(account_id=shop.id, category_id=shop.tea.category_id),
        "1": Scope(segment_id=shop.segment_id),
    }
    found = set()
    for values in permutations(scopes):
        with session.begin_nested() as attempt:
            for value in values:
                grant(session, shop, value, scope=scopes[value])
            found.add(price(session).net_price)
            attempt.rollback()

    assert found == {Decimal(85)}


# 14: a wish for a least price in a rule.


def test_14_a_term_below_the_floor_price_makes_no_price_and_says_so(session, shop):
    deep = grant(session, shop, "70", TermKind.SPECIAL_PRICE)
    usual = grant(session, shop, "0.10", scope=Scope(segment_id=shop.segment_id))
    floors.record(
        session, OPERATOR, FloorDraft(JAN, product_id=shop.tea.id, price=Decimal(75), reason="cost")
    )

    found = price(session)

    assert found.net_price == 90
    assert [offer.number for offer in found.won] == [usual]
    assert why(found) == {deep: LostReason.BELOW_FLOOR}


def test_14_the_most_specific_floor_counts_alone(session, shop):
    tea, segment = shop.tea, shop.segment_id
    grant(session, shop, "70", TermKind.SPECIAL_PRICE)
    lowest_first = [
        FloorDraft(JAN, segment_id=segment, list_share=Decimal("0.95"), reason="x"),
        FloorDraft(JAN, category_id=tea.category_id, list_share=Decimal("0.60"), reason="x"),
        FloorDraft(
            JAN, category_id=tea.category_id, segment_id=segment, list_share=Decimal("0.90"), reason="x"
        ),
        FloorDraft(JAN, product_id=tea.id, price=Decimal(65), reason="x"),
        FloorDraft(JAN, product_id=tea.id, segment_id=segment, price=Decimal(80), reason="x"),
    ]
    prices = [price(session).net_price]
    for floor in lowest_first:
        floors.record(session, OPERATOR, floor)
        prices.append(price(session).net_price)

    assert prices == [70, 100, 70, 100, 70, 100]


# 15: the least margin was computed on the sale price, not on cost.


def test_15_margin_is_what_is_left_above_the_unit_cost_of_that_day(session, shop):
    factories.line(session, shop, shop.tea, date(2026, 5, 1), quantity="10", list_price="100", unit_cost="1")
    product_prices.set_cost(session, OPERATOR, shop.tea.id, date(2026, 6, 1), Decimal(72))

    effect = approvals.outcome_of(session, OPERATOR, draft(shop, "90", TermKind.SPECIAL_PRICE)).effect

    assert effect.margin_rate == Decimal("0.2")  # (90 − 72) ÷ 90: neither of list nor of what was booked
    assert (effect.margin_before, effect.margin_after) == (280, 180)
    assert "(net price − unit cost) ÷ net price" in (authority.__doc__ or "")


# 16: the check of the largest discount was written again and again, in forms.


@pytest.mark.parametrize(
    ("value", "beyond"),
    [
        ("80", set()),
        ("79.99", {Measure.DISCOUNT, Measure.CONTRACT}),
        ("60", {Measure.DISCOUNT, Measure.CONTRACT}),
    ],
)
def test_16_the_limits_of_a_role_decide_in_the_core_whoever_calls(session, shop, kam, value, beyond):
    factories.line(session, shop, shop.tea, date(2026, 5, 1), quantity="10", list_price="100")
    limit = LimitDraft(Role.MANAGER, JAN, Decimal("0.2"), None, Decimal(200), "house rule")
    authority.record(session, OPERATOR, limit, version=None)
    wanted = draft(shop, value, TermKind.SPECIAL_PRICE)

    outcome = approvals.outcome_of(session, kam, wanted)

    assert {one.measure for one in outcome.excesses} == beyond
    assert outcome.alone is not bool(beyond)
    if beyond:
        assert outcome.must is Role.DIRECTOR
        with pytest.raises(Forbidden, match="Beyond your authority: total discount"):
            term_versions.record(session, kam, wanted)
    else:
        term_versions.record(session, kam, wanted)
        assert price(session).net_price == 80


def test_16_several_discounts_that_stack_count_together(session, shop, kam):
    factories.line(session, shop, shop.tea, date(2026, 5, 1), quantity="10", list_price="100")
    authority.record(
        session, OPERATOR, LimitDraft(Role.MANAGER, JAN, Decimal("0.14"), reason="rule"), version=None
    )
    grant(session, shop, "0.10", stacks=True)
    more = draft(shop, "0.05", stacks=True, scope=Scope(account_id=shop.id))

    outcome = approvals.outcome_of(session, kam, more)

    # 10% and then 5% of what is left: 14.5% of list.
    assert [(one.measure, one.value) for one in outcome.excesses] == [(Measure.DISCOUNT, Decimal("0.145"))]


# 20: the floor could not be overridden for one line, so the floor itself was lowered for everybody.


def test_20_one_line_goes_below_the_floor_until_a_day_and_the_floor_stays(session, shop, kam, director):
    other = factories.account(session, kam, "NEXT")
    floors.record(
        session, OPERATOR, FloorDraft(JAN, product_id=shop.tea.id, price=Decimal(75), reason="cost")
    )
    usual = grant(session, shop, "80", TermKind.SPECIAL_PRICE)
    grant(
        session, shop, "70", TermKind.SPECIAL_PRICE, scope=Scope(account_id=other.id, product_id=shop.tea.id)
    )
    one = term_versions.record(
        session, kam,
        draft(shop, "70", TermKind.SPECIAL_PRICE, is_exception=True, valid_from=date(2026, 6, 10),
              valid_to=date(2026, 7, 1), status=TermStatus.DRAFT, reason="clearance of stock"),
    )  # fmt: skip
    asked = approvals.submit(session, kam, one.number, version=one.id)
    assert price(session).net_price == 80

    approvals.decide(session, director, one.number, version=asked.version, approve=True)

    days = [date(2026, 6, 9), date(2026, 6, 10), date(2026, 6, 30), date(2026, 7, 1)]
    assert [price(session, day).net_price for day in days] == [80, 70, 70, 80]
    found = price(session)
    assert [(layer.offer.number, layer.is_below_floor) for layer in found.layers] == [(one.number, True)]
    assert why(found) == {usual: LostReason.SCOPE_BEATEN}
    assert session.scalar(select(func.count()).select_from(FloorPrice)) == 1
    beside = entitlements.price(session, OPERATOR, "NEXT", "TEA", Decimal(1), TODAY)
    assert beside.net_price == 100
    assert list(why(beside).values()) == [LostReason.BELOW_FLOOR]


def test_20_an_exception_has_a_last_day_a_reason_and_one_account_and_product(session, shop):
    for change, field in (
        ({"valid_to": None}, "valid_to"),
        ({"reason": " "}, "reason"),
        ({"scope": Scope(account_id=shop.id)}, "is_exception"),
    ):
        wrong = draft(
            shop,
            "70",
            TermKind.SPECIAL_PRICE,
            **{"is_exception": True, "valid_to": date(2026, 7, 1), **change},
        )
        with pytest.raises(Invalid) as refused:
            term_versions.record(session, OPERATOR, wrong)
        assert field in refused.value.fields


# --- Dates, versions and history: 9 to 13, 17 to 19 and 21 ---


@pytest.fixture
def ticking(monkeypatch):
    """Each edit is at a moment of its own."""
    moments = (datetime(2026, 6, 15, 12, tzinfo=UTC) + timedelta(minutes=number) for number in count())
    monkeypatch.setattr(clock, "now", lambda: next(moments))


def standing(session, number):
    """The version of a term that is known now."""
    found = select(Term.id).where(
        Term.number == number, Term.superseded_at.is_(None), Term.undone_at.is_(None)
    )
    return session.scalars(found.where(Term.status == TermStatus.APPROVED)).one()


# 9: the price came from the wrong range of dates on the same list.


def test_9_the_day_is_asked_for_and_the_price_is_that_of_the_range_it_lies_in(session, shop):
    for first, end, value in (
        (date(2026, 1, 1), date(2026, 4, 1), "91"),
        (date(2026, 4, 1), date(2026, 7, 1), "92"),
        (date(2026, 7, 1), None, "93"),
    ):
        grant(session, shop, value, TermKind.SPECIAL_PRICE, valid_from=first, valid_to=end)

    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 1), date(2026, 6, 30),
            date(2026, 7, 1), date(2030, 1, 1)]  # fmt: skip
    assert [price(session, day).net_price for day in days] == [100, 91, 91, 92, 92, 93, 93]
    assert signature(entitlements.price).parameters["day"].default is Parameter.empty


# 10: whether an order was made or confirmed in the range, nobody could say which counts.


@pytest.mark.parametrize(
    ("governed_by", "net"), [(TermDate.ORDER, 100), (TermDate.DELIVERY, 90), (TermDate.INVOICE, 100)]
)
def test_10_each_term_says_which_day_of_an_order_decides(session, shop, governed_by, net):
    july = {"valid_from": date(2026, 7, 1), "valid_to": date(2026, 8, 1)}
    grant(session, shop, "90", TermKind.SPECIAL_PRICE, governed_by=governed_by, **july)
    ordered, delivered, invoiced = date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 1)

    asked = Asked(shop.id, shop.tea.id, Decimal(1), Days(ordered, delivered, invoiced))

    assert entitlements.prices(session, OPERATOR, [asked])[0].net_price == net


# 11: first and last days were compared in the wrong time zone.


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Asia/Kuala_Lumpur", "UTC", "Pacific/Pago_Pago"])
def test_11_days_are_business_days_wherever_the_machine_stands(session, shop, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        grant(
            session,
            shop,
            "90",
            TermKind.SPECIAL_PRICE,
            valid_from=date(2026, 7, 1),
            valid_to=date(2026, 8, 1),
        )
        days = [date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 31), date(2026, 8, 1)]
        assert [price(session, day).net_price for day in days] == [100, 90, 90, 100]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert all(isinstance(Term.__table__.c[name].type, Date) for name in ("valid_from", "valid_to"))


# 12: a list that was based on another one lost the date on the way.


def test_12_what_is_inherited_is_that_of_the_same_day_and_known_on_the_same_day(session, shop):
    july = date(2026, 7, 1)
    product_prices.set_list_price(session, OPERATOR, shop.tea.id, july, Decimal(200))
    for first, end, value in ((JAN, july, "0.10"), (july, None, "0.20")):
        grant(session, shop, value, scope=Scope(segment_id=shop.segment_id), valid_from=first, valid_to=end)

    # 100 less 10%, and from July 200 less 20%: list price and inherited discount turn together.
    assert [price(session, day).net_price for day in (date(2026, 6, 30), july)] == [90, 160]
    assert (
        price(session, july, known_on=date(2026, 6, 14)).lost == ()
    )  # nothing of it was known the day before


# 13: two versions that follow each other could not be shifted: on the way they overlapped.


def test_13_two_versions_that_follow_each_other_are_shifted_together(session, shop, ticking):
    june, july, august = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
    first = grant(session, shop, "90", TermKind.SPECIAL_PRICE, valid_to=july)
    second = grant(session, shop, "88", TermKind.SPECIAL_PRICE, valid_from=july)

    for turn in (august, june):  # either of them would overlap if it were moved alone
        shifts = [
            Shift(standing(session, first), JAN, turn, Decimal(90)),
            Shift(standing(session, second), turn, None, Decimal(88)),
        ]
        term_edits.reshape(session, OPERATOR, shifts, reason="moved")
        before, after = turn - timedelta(days=1), turn
        assert [price(session, day).net_price for day in (before, after)] == [90, 88]


# 17: a wish to schedule prices that begin, end and go back by themselves.


def test_17_a_price_is_scheduled_begins_ends_and_the_one_before_is_back(session, shop, ticking):
    usual = grant(session, shop, "90", TermKind.SPECIAL_PRICE)
    season = draft(
        shop, "80", TermKind.SPECIAL_PRICE, valid_from=date(2026, 12, 1), valid_to=date(2027, 1, 1)
    )

    term_edits.grant(session, OPERATOR, season)

    days = [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [price(session, day).net_price for day in days] == [90, 80, 80, 90]
    found = term_calendar.overview(session, OPERATOR, shop.id)
    comes = term_calendar.coming(found.rows, TODAY, date(2027, 6, 15))
    assert [(one.day, one.event, one.row.value) for one in comes] == [
        (date(2026, 12, 1), term_calendar.Event.CHANGES, 80),
        (date(2027, 1, 1), term_calendar.Event.CHANGES, 90),
    ]
    assert comes[0].before.number == usual


def test_17_what_was_scheduled_is_taken_back_and_the_usual_price_goes_on(session, shop, ticking):
    grant(session, shop, "90", TermKind.SPECIAL_PRICE)
    season = draft(
        shop, "80", TermKind.SPECIAL_PRICE, valid_from=date(2026, 12, 1), valid_to=date(2027, 1, 1)
    )
    saved = term_edits.grant(session, OPERATOR, season)

    term_edits.undo(session, OPERATOR, saved)

    assert price(session, date(2026, 12, 15)).net_price == 90
    assert (
        term_calendar.coming(term_calendar.overview(session, OPERATOR).rows, TODAY, date(2027, 6, 15)) == []
    )


# 18: a discount for a client had no period.


def test_18_a_discount_of_one_account_holds_for_its_days_and_for_nobody_else(session, shop, kam):
    factories.account(session, kam, "NEXT")
    grant(session, shop, "0.10", scope=Scope(account_id=shop.id), valid_from=date(2026, 7, 1),
          valid_to=date(2026, 8, 1))  # fmt: skip

    days = [date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 31), date(2026, 8, 1)]

    assert [price(session, day).net_price for day in days] == [100, 90, 90, 100]
    beside = entitlements.price(session, OPERATOR, "NEXT", "TEA", Decimal(1), date(2026, 7, 10))
    assert (beside.net_price, beside.lost) == (100, ())


# 19: a customer's price could not depend on the quantity.


def test_19_an_account_has_tiers_of_its_own_price_and_discount(session, shop):
    for least, value in (("0", "95"), ("10", "90"), ("100", "85")):
        grant(session, shop, value, TermKind.SPECIAL_PRICE, min_quantity=Decimal(least))

    quantities = ["9.999", "10", "99", "100"]

    assert [price(session, quantity=one).net_price for one in quantities] == [95, 90, 90, 85]


# 21: history was lost, and nobody warned that a price ends before the order is due.


def test_21_every_version_is_kept_with_who_when_and_why(session, shop, kam, ticking):
    number = grant(session, shop, "90", TermKind.SPECIAL_PRICE, reason="agreement")
    saved = term_edits.expire(
        session, kam, standing(session, number), date(2026, 6, 30), reason="lost the listing"
    )
    term_edits.undo(session, kam, saved)

    found = term_calendar.history(session, OPERATOR, number)

    assert [(one.row.recorded_by, one.row.last_day, one.row.reason) for one in reversed(found)] == [
        ("operator", None, "agreement"),
        ("anna", date(2026, 6, 30), "lost the listing"),
        ("anna", None, "agreement"),
    ]
    assert all(before.row.recorded_at == after.row.superseded_at for before, after in pairwise(found))


def test_21_what_holds_then_and_now_stands_side_by_side_on_both_clocks(session, shop, monkeypatch):
    number = grant(session, shop, "90", TermKind.SPECIAL_PRICE)
    tier = grant(
        session, shop, "0.05", TermKind.QUANTITY_TIER, min_quantity=Decimal(10), valid_to=date(2026, 7, 1)
    )
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 6, 20, 12, tzinfo=UTC))
    term_edits.change(session, OPERATOR, standing(session, number), Decimal(88), JAN, reason="was wrong")
    grant(session, shop, "0.02", scope=Scope(account_id=shop.id), valid_from=date(2026, 7, 1))

    def said(then, now):
        found = term_diffs.between(session, OPERATOR, shop.id, then, now)
        return [(one.kind.value, one.row.number) for one in found.rows], found.same

    july = date(2026, 7, 2)
    new = session.scalars(select(func.max(Term.number))).one()
    assert said(Moment(TODAY), Moment(july)) == ([("added", new), ("ended", tier)], 1)
    assert said(Moment(TODAY, TODAY), Moment(TODAY)) == ([("changed", number)], 1)
    assert said(Moment(TODAY), Moment(TODAY)) == ([], 2)


def test_21_an_open_line_that_is_due_after_its_price_has_ended_is_warned_of(session, shop):
    number = grant(session, shop, "90", TermKind.SPECIAL_PRICE, valid_to=date(2026, 7, 1))
    for due in (date(2026, 6, 30), date(2026, 7, 1)):
        factories.line(
            session, shop, shop.tea, date(2026, 6, 1), promised_on=due, net_price="90", list_price="100"
        )

    found = term_calendar.due_after_end(session, OPERATOR, shop.id)

    assert [(one.line.due_on, one.row.number) for one in found] == [(date(2026, 7, 1), number)]
