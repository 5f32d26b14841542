from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core import clock, product_prices, rollups, term_findings, term_lint, term_versions
from core.auth import OPERATOR
from core.errors import NotFound
from core.models import PackSize, Segment, Unit
from core.term_drafts import Scope, TermDraft
from core.term_lint import Rule, Severity
from core.vocabulary import TermDate, TermKind, TermStatus, TierBasis, TierMode, TierPeriod
from tests import factories

TODAY = date(2026, 6, 15)
JAN = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 6, 15, 12, tzinfo=UTC))
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def shop(session, kam):
    """Anna's shop in Retail; tea lists at 100.00 and costs 60.00, jam at 10.00 and costs 7.00; it buys both."""
    retail = Segment(name="Retail")
    session.add(retail)
    session.flush()
    row = factories.account(session, kam, "SHOP", segment_id=retail.id)
    row.tea = factories.product(session, "TEA", category="Drinks")
    row.jam = factories.product(session, "JAM", category="Spreads")
    for product, price, cost in ((row.tea, 100, 60), (row.jam, 10, 7)):
        product_prices.set_list_price(session, OPERATOR, product.id, date(2024, 1, 1), Decimal(price))
        product_prices.set_cost(session, OPERATOR, product.id, date(2024, 1, 1), Decimal(cost))
    for day in (date(2026, 3, 2), date(2026, 6, 1)):
        factories.line(session, row, row.tea, day, quantity="20", list_price="100", delivered_on=day)
        factories.line(session, row, row.jam, day, quantity="20", list_price="10", delivered_on=day)
    rollups.rebuild(session)
    return row


def grant(session, shop, value, kind=TermKind.DISCOUNT, **more):
    scope = more.pop("scope", None) or Scope(account_id=shop.id, product_id=shop.tea.id)
    given = {"valid_from": JAN, "status": TermStatus.APPROVED, "reason": "asked for", **more}
    return (
        f"T{term_versions.record(session, OPERATOR, TermDraft(scope, kind, Decimal(value), **given)).number}"
    )


def found(session, rule, actor=OPERATOR, account_id=None):
    return [one for one in term_findings.lint(session, actor, account_id) if one.rule is rule]


def test_terms_without_a_fault_give_no_finding(session, shop):
    grant(session, shop, "0.05")
    grant(session, shop, "0.02", TermKind.DISCOUNT, scope=Scope(segment_id=shop.segment_id))
    grant(
        session, shop, "9.50", TermKind.SPECIAL_PRICE, scope=Scope(account_id=shop.id, product_id=shop.jam.id)
    )

    # The discount of the segment decides for nobody but a shop without own terms.
    assert {one.rule for one in term_findings.lint(session, OPERATOR)} == {Rule.NEVER_WINS}


def test_a_term_that_ended_and_still_makes_the_price_is_found_with_what_it_costs(session, shop):
    name = grant(session, shop, "90", TermKind.SPECIAL_PRICE, valid_to=date(2026, 5, 1))
    factories.line(session, shop, shop.tea, date(2026, 5, 4), quantity="3", list_price="100", net_price="90")
    factories.line(session, shop, shop.tea, date(2026, 4, 4), quantity="3", list_price="100", net_price="90")

    (one,) = found(session, Rule.EXPIRED_IN_USE)

    assert one.terms == (name,)
    assert one.severity is Severity.ERROR
    assert "1 line since" in one.message
    assert "30.00 below" in one.message


def test_a_price_that_a_term_in_force_gives_too_is_not_the_expired_one(session, shop):
    grant(session, shop, "90", TermKind.SPECIAL_PRICE, valid_to=date(2026, 5, 1))
    grant(session, shop, "0.10", valid_from=date(2026, 5, 1))
    factories.line(session, shop, shop.tea, date(2026, 5, 4), quantity="3", list_price="100", net_price="90")

    assert found(session, Rule.EXPIRED_IN_USE) == []


def test_a_rate_that_another_followed_is_found_where_most_lines_still_have_it(session, shop):
    old = grant(session, shop, "0.10", valid_to=date(2026, 5, 1))
    grant(session, shop, "0.12", valid_from=date(2026, 5, 1))
    for day, price in ((4, "90"), (5, "90")):
        factories.line(session, shop, shop.tea, date(2026, 5, day), list_price="100", net_price=price)

    # The line of 1 June has the list price: 2 of 3 have the old rate, 2.00 each above the 88.00 that hold.
    (one,) = found(session, Rule.EXPIRED_IN_USE)
    assert one.terms == (old,)
    assert "4.00 above what holds" in one.message

    for day in (6, 7):
        factories.line(session, shop, shop.tea, date(2026, 5, day), list_price="100", net_price="88")
    assert found(session, Rule.EXPIRED_IN_USE) == []


def test_a_term_that_nothing_is_bought_under_is_noted(session, shop):
    quiet = factories.product(session, "SALT", category="Spices")
    product_prices.set_list_price(session, OPERATOR, quiet.id, JAN, Decimal(5))
    unused = grant(
        session, shop, "4", TermKind.SPECIAL_PRICE, scope=Scope(account_id=shop.id, product_id=quiet.id)
    )
    too_much = grant(session, shop, "0.2", TermKind.QUANTITY_TIER, min_quantity=Decimal(500))
    grant(session, shop, "0.1", TermKind.QUANTITY_TIER, min_quantity=Decimal(20))

    assert {one.terms for one in found(session, Rule.NEVER_USED)} == {(unused,), (too_much,)}


def test_two_kinds_for_the_same_say_which_decides(session, shop):
    special = grant(session, shop, "90", TermKind.SPECIAL_PRICE)
    discount = grant(session, shop, "0.15")

    (one,) = found(session, Rule.SAME_RANK)

    assert one.terms == (special, discount)
    assert found(session, Rule.NEVER_WINS) == []  # said once


def test_a_discount_that_is_beaten_everywhere_is_found_with_what_beats_it(session, shop):
    narrow = grant(session, shop, "0.05")
    dead = grant(session, shop, "0.20", scope=Scope(account_id=shop.id, category_id=shop.tea.category_id))

    (one,) = found(session, Rule.NEVER_WINS)

    assert one.terms == (narrow, dead)


def test_a_discount_that_decides_once_the_other_has_ended_is_alive(session, shop):
    grant(session, shop, "0.05", valid_to=date(2026, 9, 1))
    grant(session, shop, "0.20", scope=Scope(account_id=shop.id, category_id=shop.tea.category_id))

    assert found(session, Rule.NEVER_WINS) == []


def test_a_tier_that_gives_less_for_more_is_found(session, shop):
    low = grant(session, shop, "0.04", TermKind.QUANTITY_TIER, min_quantity=Decimal(10))
    high = grant(session, shop, "0.03", TermKind.QUANTITY_TIER, min_quantity=Decimal(20))
    dear = grant(
        session, shop, "8", TermKind.SPECIAL_PRICE, scope=Scope(account_id=shop.id, product_id=shop.jam.id)
    )
    dearer = grant(session, shop, "9", TermKind.SPECIAL_PRICE, min_quantity=Decimal(5),
                   scope=Scope(account_id=shop.id, product_id=shop.jam.id))  # fmt: skip

    assert {one.terms for one in found(session, Rule.TIER_ORDER)} == {(low, high), (dear, dearer)}


def test_a_step_that_replaces_something_better_is_found(session, shop):
    grant(session, shop, "0.05", stacks=True, scope=Scope(segment_id=shop.segment_id))
    worse = grant(session, shop, "0.02", TermKind.QUANTITY_TIER, min_quantity=Decimal(120),
                  scope=Scope(segment_id=shop.segment_id, category_id=shop.tea.category_id))  # fmt: skip
    grant(session, shop, "0.02", TermKind.QUANTITY_TIER, min_quantity=Decimal(120), stacks=True,
          scope=Scope(segment_id=shop.segment_id, category_id=shop.jam.category_id))  # fmt: skip

    (one,) = found(session, Rule.TIER_ORDER)

    assert one.terms == (worse,)
    assert "from 120 on TEA costs SHOP 98.0000 a unit, for less only 95.0000" in one.message


def test_the_cliff_of_fifteen_percent_at_fifty_is_43_to_49(session, shop):
    assert term_lint.cliff_zone(Decimal(50), Decimal(1), Decimal("0.85")) == (Decimal(43), Decimal(49))
    grant(session, shop, "0.15", TermKind.QUANTITY_TIER, min_quantity=Decimal(50))

    (one,) = found(session, Rule.CLIFF)

    assert "43 to 49 units cost more in all than 50 do" in one.message
    assert one.severity is Severity.WARNING


def test_a_volume_tier_whose_slices_count_for_themselves_has_no_cliff(session, shop):
    more = {"basis": TierBasis.PERIOD_REVENUE, "period": TierPeriod.YEAR, "min_quantity": Decimal(100000)}
    grant(session, shop, "0.02", TermKind.VOLUME_TIER, mode=TierMode.MARGINAL, **more)
    assert found(session, Rule.CLIFF) == []

    grant(session, shop, "0.02", TermKind.VOLUME_TIER, mode=TierMode.ALL_UNITS,
          scope=Scope(account_id=shop.id), **more)  # fmt: skip
    assert "revenue of 98,001 to 99,999" in found(session, Rule.CLIFF)[0].message


def test_a_special_price_above_list_is_found(session, shop):
    name = grant(session, shop, "101", TermKind.SPECIAL_PRICE)

    assert [one.terms for one in found(session, Rule.ABOVE_LIST)] == [(name,)]


def test_below_cost_is_said_to_who_may_see_cost_only(session, shop, kam, director, viewer):
    special = grant(session, shop, "59.99", TermKind.SPECIAL_PRICE)
    broad = grant(session, shop, "0.31", scope=Scope(account_id=shop.id))

    assert {one.terms for one in found(session, Rule.BELOW_COST)} == {(special,), (broad,)}
    blind = viewer if not viewer.sees_cost else kam
    assert found(session, Rule.BELOW_COST, blind) == []


def test_a_promotion_that_is_over_before_the_goods_arrive_is_found(session, shop):
    for number in range(5):
        day = date(2026, 4, 1 + number)
        factories.line(session, shop, shop.tea, day, delivered_on=date(2026, 4, 20 + number))
    name = grant(session, shop, "0.1", TermKind.PROMOTION, valid_from=date(2026, 7, 1), valid_to=date(2026, 7, 8),
                 governed_by=TermDate.DELIVERY)  # fmt: skip
    grant(session, shop, "0.1", TermKind.PROMOTION, valid_from=date(2026, 8, 1), valid_to=date(2026, 9, 8),
          governed_by=TermDate.DELIVERY)  # fmt: skip

    assert [one.terms for one in found(session, Rule.PROMOTION_TOO_SHORT)] == [(name,)]


def test_a_term_that_ends_before_its_open_orders_are_due_is_found(session, shop):
    name = grant(session, shop, "0.1", valid_to=date(2026, 7, 1), governed_by=TermDate.DELIVERY)
    factories.line(session, shop, shop.tea, date(2026, 6, 10), promised_on=date(2026, 7, 1), order_no="LATE")
    factories.line(session, shop, shop.tea, date(2026, 6, 10), promised_on=date(2026, 6, 30), order_no="FINE")

    (one,) = found(session, Rule.DUE_AFTER_END)

    assert one.terms == (name,)
    assert one.severity is Severity.WARNING
    assert "LATE" in one.message
    assert "FINE" not in one.message


def test_days_between_two_versions_on_which_nothing_holds_are_found(session, shop):
    first = grant(session, shop, "0.1", valid_to=date(2026, 4, 1))
    second = grant(session, shop, "0.1", valid_from=date(2026, 4, 11))

    (one,) = found(session, Rule.GAP)

    assert one.terms == (first, second)
    assert "for 10 days" in one.message


def test_one_account_says_nothing_about_the_use_of_what_its_segment_was_granted(session, shop):
    grant(session, shop, "0.05")
    grant(session, shop, "0.02", scope=Scope(segment_id=shop.segment_id, product_id=shop.tea.id))

    assert len(found(session, Rule.NEVER_WINS)) == 1
    assert found(session, Rule.NEVER_WINS, account_id=shop.id) == []


def test_what_is_out_of_sight_is_not_looked_through(session, shop, other_kam):
    grant(session, shop, "101", TermKind.SPECIAL_PRICE)

    assert term_findings.lint(session, other_kam) == []
    with pytest.raises(NotFound):
        term_findings.lint(session, other_kam, shop.id)


def test_a_unit_that_the_product_is_not_packed_in_is_found(session, shop):
    carton = Unit(name="Carton")
    session.add(carton)
    session.flush()
    session.add(PackSize(product_id=shop.tea.id, unit_id=carton.id, base_units=Decimal(12)))
    session.flush()
    grant(session, shop, "1100", TermKind.SPECIAL_PRICE, unit_id=carton.id)
    jam = Scope(account_id=shop.id, product_id=shop.jam.id)
    never = grant(session, shop, "100", TermKind.SPECIAL_PRICE, scope=jam, unit_id=carton.id)
    some = grant(session, shop, "0.1", TermKind.QUANTITY_TIER, scope=Scope(account_id=shop.id), unit_id=carton.id,
                 min_quantity=Decimal(3))  # fmt: skip

    assert [(one.severity, one.terms) for one in found(session, Rule.UNIT_UNKNOWN)] == [
        (Severity.ERROR, (never,)),
        (Severity.WARNING, (some,)),
    ]


def test_tiers_that_begin_next_year_are_looked_at_too(session, shop):
    later = {"valid_from": date(2027, 1, 1)}
    tier = TermKind.QUANTITY_TIER
    grant(session, shop, "0.04", tier, min_quantity=Decimal(10), valid_to=date(2027, 1, 1))
    grant(session, shop, "0.05", tier, min_quantity=Decimal(20), valid_to=date(2027, 1, 1))
    low = grant(session, shop, "0.06", tier, min_quantity=Decimal(10), **later)
    high = grant(session, shop, "0.03", tier, min_quantity=Decimal(20), **later)

    assert [one.terms for one in found(session, Rule.TIER_ORDER)] == [(low, high)]
