from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import auth, clock, db, entitlements, term_versions
from core.auth import OPERATOR
from core.entitlements import Asked
from core.errors import Conflict, NotFound
from core.models import Group, ListPrice, PackSize, Segment, Unit
from core.pricing import Days, LostReason
from core.term_drafts import Scope, TermDraft
from core.vocabulary import Role, TermDate, TermKind, TermStatus, TierBasis, TierMode, TierPeriod
from tests import factories

DAY = date(2026, 6, 15)
FIRST = date(2026, 1, 1)


def grant(session, scope, kind, value, *, begins=FIRST, **more):
    draft = TermDraft(scope, kind, Decimal(value), begins, status=TermStatus.APPROVED, **more)
    return term_versions.record(session, OPERATOR, draft).number


def one(session, account, product, quantity="1", day=DAY):
    return entitlements.prices(
        session, OPERATOR, [Asked(account.id, product.id, Decimal(quantity), Days(day))]
    )[0]


@pytest.fixture
def shop(session):
    """Two accounts of a chain, three products in two categories with list prices, and a case of twelve."""
    chain, retail, case = Group(code="C", name="Chain"), Segment(name="Retail"), Unit(name="case")
    session.add_all([chain, retail, case])
    session.flush()
    a = factories.account(session, code="A", group_id=chain.id, segment_id=retail.id)
    b = factories.account(session, code="B", group_id=chain.id)
    tea, green = (factories.product(session, code, category="Tea") for code in ("P", "G"))
    cup = factories.product(session, "Q", category="Cups")
    for product, price in ((tea, "10"), (green, "12"), (cup, "7")):
        session.add(
            ListPrice(
                product_id=product.id, price=Decimal(price), valid_from=date(2025, 1, 1), recorded_at=clock.now(),
            )
        )  # fmt: skip
    session.add(PackSize(product_id=tea.id, unit_id=case.id, base_units=Decimal(12)))
    session.flush()
    return {
        "a": a,
        "b": b,
        "tea": tea,
        "green": green,
        "cup": cup,
        "chain": chain,
        "retail": retail,
        "case": case,
    }


def test_a_price_by_the_case_counts_in_base_units(session, shop):
    scope = Scope(account_id=shop["a"].id, category_id=shop["tea"].category_id)
    number = grant(
        session, scope, TermKind.SPECIAL_PRICE, "96", unit_id=shop["case"].id, min_quantity=Decimal(2)
    )

    assert one(session, shop["a"], shop["tea"], "24").net_price == 8
    assert one(session, shop["a"], shop["tea"], "23").net_price == 10
    without_cases = one(session, shop["a"], shop["green"], "24")
    assert without_cases.net_price == 12
    assert [(lost.offer.number, lost.reason) for lost in without_cases.lost] == [
        (number, LostReason.UNIT_UNKNOWN)
    ]


def test_a_volume_tier_counts_what_the_account_bought_in_its_period_before_the_day(session, shop):
    tier = {"basis": TierBasis.PERIOD_REVENUE, "period": TierPeriod.QUARTER, "mode": TierMode.ALL_UNITS}
    scope = Scope(segment_id=shop["retail"].id)
    grant(session, scope, TermKind.VOLUME_TIER, "0.05", min_quantity=Decimal(100), **tier)
    factories.line(session, shop["a"], shop["cup"], date(2026, 3, 31), quantity="50", list_price="7")
    factories.line(session, shop["a"], shop["cup"], date(2026, 4, 1), quantity="10", list_price="7")
    factories.line(session, shop["a"], shop["cup"], DAY, quantity="50", list_price="7")
    session.flush()

    # 70 in the quarter so far (the day itself not counted): two more teas make 90, three 100.
    assert one(session, shop["a"], shop["tea"], "2").pocket_price == 10
    assert one(session, shop["a"], shop["tea"], "3").pocket_price == Decimal("9.5")
    # The next quarter begins with nothing.
    assert one(session, shop["a"], shop["tea"], "9", date(2026, 7, 1)).pocket_price == 10


def test_the_accounts_of_a_group_reach_its_volume_tier_together(session, shop):
    tier = {"basis": TierBasis.PERIOD_QUANTITY, "period": TierPeriod.YEAR, "mode": TierMode.ALL_UNITS}
    scope = Scope(group_id=shop["chain"].id, category_id=shop["tea"].category_id)
    grant(session, scope, TermKind.VOLUME_TIER, "0.1", min_quantity=Decimal(100), **tier)
    factories.line(session, shop["b"], shop["green"], date(2026, 2, 1), quantity="60")
    factories.line(session, shop["a"], shop["tea"], date(2026, 2, 1), quantity="39")
    factories.line(session, shop["b"], shop["cup"], date(2026, 2, 1), quantity="500")
    session.flush()

    assert one(session, shop["a"], shop["tea"]).pocket_price == 9
    assert one(session, shop["a"], shop["cup"]).pocket_price == 7


scopes = st.sampled_from(["account", "group", "segment"])
goods = st.sampled_from(["product", "category", "everything"])
grants = st.tuples(
    scopes, goods, st.sampled_from([kind for kind in TermKind if kind is not TermKind.PAYMENT_TERMS]),
    st.decimals("0.01", "0.5", places=2), st.sampled_from(["0", "5", "40"]), st.integers(-40, 40),
    st.none() | st.integers(1, 40), st.booleans(), st.sampled_from(TermDate), st.booleans(),
)  # fmt: skip
lines = st.tuples(
    st.sampled_from("ab"), st.sampled_from(["tea", "green", "cup"]), st.sampled_from(["1", "5", "39.5", "40", "480"]),
    st.integers(-60, 60), st.none() | st.integers(0, 30), st.none() | st.integers(0, 30),
)  # fmt: skip


def _granted(session, shop, said):
    whom, what, kind, value, least, first, length, stacks, governed_by, by_case = said
    begins = DAY + timedelta(days=first)
    ids = {
        "account": ("account_id", "a"),
        "group": ("group_id", "chain"),
        "segment": ("segment_id", "retail"),
    }
    name, key = ids[whom]
    scope = {name: shop[key].id}
    if what != "everything":
        scope |= (
            {"product_id": shop["tea"].id} if what == "product" else {"category_id": shop["tea"].category_id}
        )
    more = {"min_quantity": Decimal(least), "stacks": stacks, "governed_by": governed_by}
    if kind is TermKind.QUANTITY_TIER and least == "0":
        more["min_quantity"] = Decimal(3)
    if kind is TermKind.VOLUME_TIER:
        more |= {
            "basis": TierBasis.PERIOD_REVENUE if stacks else TierBasis.PERIOD_QUANTITY,
            "period": TierPeriod.MONTH,
            "mode": TierMode.MARGINAL if by_case else TierMode.ALL_UNITS,
        }
    elif by_case:
        more["unit_id"] = shop["case"].id
    if kind is TermKind.PROMPT_PAYMENT:
        more["days"] = 14
    ends = None if length is None else begins + timedelta(days=length)
    try:
        with session.begin_nested():
            grant(session, Scope(**scope), kind, value, begins=begins, valid_to=ends, **more)
    except Conflict:
        pass  # meets another of its lane


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    st.lists(grants, max_size=12), st.lists(lines, min_size=1, max_size=25), st.randoms(use_true_random=False)
)
def test_many_lines_at_once_have_the_prices_that_each_has_alone(session, shop, granted, asked, dice):
    with session.begin_nested() as example:
        for said in granted:
            _granted(session, shop, said)
        factories.line(
            session, shop["a"], shop["tea"], DAY - timedelta(days=dice.randrange(40)), quantity="30"
        )
        session.flush()
        found = [
            Asked(
                shop[who].id, shop[what].id, Decimal(quantity),
                Days(day := DAY + timedelta(days=after), *(None if late is None else day + timedelta(days=late)
                                                           for late in (delivered, invoiced))),
            )
            for who, what, quantity, after, delivered, invoiced in asked
        ]  # fmt: skip

        together = entitlements.prices(session, OPERATOR, found)

        assert together == [entitlements.prices(session, OPERATOR, [line])[0] for line in found]
        example.rollback()


def test_a_file_of_orders_is_priced_for_nobody_who_does_not_see_its_accounts(session, shop):
    stranger = auth.actor_for(factories.user(session, "sam", Role.MANAGER))

    with pytest.raises(NotFound):
        entitlements.prices(session, stranger, [Asked(shop["a"].id, shop["tea"].id, Decimal(1), Days(DAY))])


@pytest.mark.usefixtures("store")
def test_of_many_who_grant_at_once_for_the_same_days_one_is_in_force_and_the_others_are_told():
    with db.write() as session:
        account_id, product_id = factories.account(session).id, factories.product(session).id
    outcomes: list[int | None] = []
    ready = threading.Barrier(8)

    def write(place):
        scope = Scope(account_id=account_id, product_id=product_id)
        first = FIRST + timedelta(days=7 * place)
        draft = TermDraft(scope, TermKind.SPECIAL_PRICE, Decimal(place), first, status=TermStatus.APPROVED)
        ready.wait()
        try:
            with db.write() as session:
                term_versions.record(session, OPERATOR, draft)
        except Conflict:
            outcomes.append(None)
        else:
            outcomes.append(place)

    threads = [threading.Thread(target=write, args=(place,)) for place in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = [one for one in outcomes if one is not None]
    assert len(outcomes) == 8
    with db.read() as session:
        far = Asked(account_id, product_id, Decimal(1), Days(FIRST + timedelta(days=900)))
        assert entitlements.prices(session, OPERATOR, [far])[0].net_price == winner
