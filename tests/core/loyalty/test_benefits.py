from __future__ import annotations

import copy
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import clock, entitlements, lump_sums, product_prices, rollups, term_versions
from core.auth import OPERATOR
from core.loyalty import benefits, members, postings, programmes, runs
from core.lump_sums import LumpSumDraft
from core.term_drafts import Scope, TermDraft
from core.vocabulary import LumpSumKind, TermKind, TermStatus
from tests import factories
from tests.conftest import on_sqlite
from tests.core.loyalty.programmes import live, with_parts


@pytest.fixture
def gold(session, kam):
    """An account that is Silver (2 %) from 10 February and Gold (5 %) from 10 March; the list price is 10."""
    account, goods = factories.account(session, kam, "A"), factories.product(session, "P")
    product_prices.set_list_price(session, OPERATOR, goods.id, date(2025, 1, 1), Decimal(10))
    for on, amount in (("2026-01-10", 300), ("2026-02-10", 400), ("2026-03-10", 600)):
        factories.line(session, account, goods, date.fromisoformat(on), quantity=str(amount), list_price="1")
    members.enrol_account(session, OPERATOR, account.id, live(session, date(2026, 1, 1)), date(2026, 1, 1))
    return account


def price(session, on, known_on=None):
    found = entitlements.price(session, OPERATOR, "A", "P", Decimal(1), on, known_on=known_on)
    return entitlements.document(found)


def test_a_tier_takes_its_discount_off_the_price_on_its_days(session, gold):
    assert price(session, date(2026, 2, 9))["net_price"] == "10.0000"
    assert price(session, date(2026, 2, 10))["net_price"] == "9.8000"
    found = price(session, date(2026, 3, 10))
    assert found["net_price"] == "9.5000"
    assert found["layers"] == [{"term": "loyalty Gold", "kind": "discount", "amount": "0.5000"}]
    assert found["lost"] == [{"term": "loyalty Silver", "kind": "discount", "reason": "wrong date"}]
    assert price(session, date(2026, 3, 10), clock.today() - timedelta(days=1))["net_price"] == "10.0000"


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "value", "stacks", "net", "reason"),
    [
        (TermKind.DISCOUNT, "0.1", True, "8.5500", None),
        (TermKind.DISCOUNT, "0.1", False, "9.0000", "scope beaten"),
        (TermKind.SPECIAL_PRICE, "9", False, "9.0000", "scope beaten"),
    ],
)
def test_terms_come_first_and_the_tier_adds_only_where_they_stack(
    session, gold, kind, value, stacks, net, reason
):
    draft = TermDraft(
        Scope(account_id=gold.id),
        kind,
        Decimal(value),
        date(2026, 1, 1),
        stacks=stacks,
        status=TermStatus.APPROVED,
    )
    term_versions.record(session, OPERATOR, draft)

    found = price(session, date(2026, 4, 1))

    assert found["net_price"] == net
    assert {one["term"]: one["reason"] for one in found["lost"]}.get("loyalty Gold") == reason


@on_sqlite
def test_the_price_explains_the_tiers_discount_like_a_term(session, gold):
    product_id = session.query(factories.Product).one().id

    found = entitlements.answer(session, OPERATOR, gold.id, product_id, Decimal(1), date(2026, 4, 1))

    (layer,) = found.price.layers
    assert found.terms[layer.offer.number].name == "loyalty Gold"


@on_sqlite
def test_who_left_pays_the_price_of_before(session, gold):
    (row,) = members.enrolments(session, OPERATOR, account_id=gold.id)

    members.leave(session, OPERATOR, row.id, date(2026, 4, 30))
    runs.run_all(session, OPERATOR, clock.today())

    assert price(session, date(2026, 4, 30))["net_price"] == "9.5000"
    assert price(session, date(2026, 5, 1))["net_price"] == "10.0000"


def test_benefits_are_told_as_used_and_unused_with_what_the_programme_costs(session, gold, kam):
    document = copy.deepcopy(with_parts(point_cost="0.02", redemption_rate="0.5"))
    document["tiers"]["steps"][1]["benefits"]["marketing_amount"] = "1000"
    (row,) = programmes.live_on(session, OPERATOR, date(2026, 6, 1))
    live(session, date(2026, 4, 1), document, number=row.number)
    runs.run_all(session, OPERATOR, clock.today())
    rollups.rebuild(session)
    postings.redeem(session, kam, gold.id, "Display", key="g", times=2)
    draft = LumpSumDraft(
        LumpSumKind.MARKETING, Decimal(400), date(2026, 4, 1), date(2026, 4, 30), "display in the windows"
    )
    lump_sums.agree(session, OPERATOR, gold.id, draft)

    found = benefits.of_account(session, kam, gold.id)

    assert (found.benefits.discount_rate, found.benefits.marketing_amount) == (Decimal("0.05"), 1000)
    assert (found.rewards_cost, found.marketing_used, found.marketing_unused) == (50, 400, 600)
    # 400 as Silver (2 %) and 600 as Gold (5 %), as invoiced.
    assert found.discount_given == Decimal("8.1633") + Decimal("31.5789")
    # 1,600 less 200 points × 50 % × 0.02.
    assert found.liability == 14
    assert (found.value, found.cost) == (found.value, found.value + 14)


@on_sqlite
def test_an_account_in_no_programme_has_no_benefits(session, kam):
    assert benefits.of_account(session, kam, factories.account(session, kam).id) is None
