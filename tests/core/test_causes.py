"""Causes on both databases: who may say them, what of a change they explain, and what they answer on Today."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from core import attention, audit, causes, clock, kpi_details, kpis, rollups
from core.attention import Kind
from core.causes import CauseDraft
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.filters import AccountFilter
from core.kpis import By, Options
from core.models import AuditEntry, Category, Cause, Product
from core.periods import Period
from core.vocabulary import CauseKind
from tests import factories

DAY = date(2026, 11, 24)
PERIOD = Period.of(date(2026, 8, 1), date(2026, 10, 31))
BASE = PERIOD.shifted(-12)
SEPTEMBER = date(2026, 9, 10)


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def shop(session, kam, other_kam):
    """Anna's shop: noodles 300 → 100, tea 100 → 150; her kiosk: 50 → 90. Ben's hill: 1,000 → 0."""
    noodles = factories.product(session, "NOODLES", category="Food")
    tea = factories.product(session, "TEA", category="Drinks")
    account, kiosk = factories.account(session, kam, "SHOP"), factories.account(session, kam, "KIOSK")
    hill = factories.account(session, other_kam, "HILL")
    for where, what, then, now in (
        (account, noodles, 300, 100), (account, tea, 100, 150), (kiosk, tea, 50, 90), (hill, tea, 1000, 0)
    ):  # fmt: skip
        for year, amount in ((2025, then), (2026, now)):
            if amount:
                booked_on = date(year, 9, 5)
                factories.line(session, where, what, booked_on, quantity=str(amount), list_price="1")
    rollups.rebuild(session)
    return account


def _explained(session, actor, *more):
    return causes.explained(session, actor, PERIOD, BASE, *more)


def _say(session, actor, account, kind=CauseKind.DELISTING, day=SEPTEMBER, **values):
    return causes.record(session, actor, account.id, CauseDraft(kind, day, **values))


def test_without_a_cause_nothing_of_the_change_is_explained(session, kam, shop):
    found = _explained(session, kam)

    # Anna's: |250 − 400| + |90 − 50|; Ben's 1,000 is not hers.
    assert [one.code for one in found.movements] == ["SHOP", "KIOSK"]
    assert (found.explained, found.change, found.share, found.rows) == (0, 190, 0, 6)
    assert [one.change for one in found.unexplained] == [-150, 40]


def test_a_cause_without_an_amount_explains_its_account(session, kam, shop):
    _say(session, kam, shop)
    found = _explained(session, kam)

    assert (found.explained, found.share) == (150, Decimal(150) / 190)
    assert [one.code for one in found.unexplained] == ["KIOSK"]


def test_a_cause_with_an_amount_explains_a_part(session, kam, shop):
    _say(session, kam, shop, amount=Decimal(-60))

    moved = _explained(session, kam).movements[0]
    assert (moved.code, moved.explained, moved.unexplained) == ("SHOP", 60, 90)


def test_a_cause_of_a_product_explains_what_that_product_moved(session, kam, shop):
    product_id = session.query(Product).filter_by(code="TEA").one().id
    _say(session, kam, shop, CauseKind.NEW_LISTING, product_id=product_id)
    # Tea grew by 50 while the shop fell by 150: that explains nothing of the fall.
    assert _explained(session, kam).explained == 0

    food = session.query(Category).filter_by(name="Food").one().id
    number = _say(session, kam, shop, category_id=food)
    # Noodles −200 and tea +50 are the whole −150.
    assert _explained(session, kam).explained == 150
    causes.withdraw(session, kam, number, version=1)
    assert _explained(session, kam).explained == 0


@pytest.mark.parametrize(
    ("first", "last", "acts"),
    [
        (date(2025, 7, 1), date(2025, 7, 31), False),
        (date(2025, 7, 1), date(2025, 8, 1), True),  # reaches into the base window
        (date(2026, 2, 1), None, True),  # in the gap
        (date(2026, 10, 31), None, True),
        (date(2026, 11, 1), None, False),
    ],
)
def test_a_cause_acts_in_either_window_and_between_them(session, kam, shop, first, last, acts):
    _say(session, kam, shop, day=first, last_on=last)

    assert (_explained(session, kam).explained == 150) is acts


def test_nothing_moved_is_unknown_not_zero(session, kam, shop):
    found = causes.explained(session, kam, PERIOD.shifted(-60), BASE.shifted(-60))

    assert [found.change, found.share, found.movements] == [0, None, ()]


def test_the_parts_of_each_account_add_up_for_who_sees_all(session, kam, director, shop):
    _say(session, kam, shop, amount=Decimal(-60))
    whole = _explained(session, director)
    ids = [one.account_id for one in whole.movements]
    parts = [_explained(session, director, AccountFilter(account_ids=frozenset({key}))) for key in ids]

    assert whole.change == sum(one.change for one in parts) == 1190
    assert whole.explained == sum(one.explained for one in parts) == 60
    assert whole.unexplained[0].code == "HILL"


def test_what_is_unexplained_and_unusual_is_on_today_until_somebody_says_why(session, kam, shop):
    def unexplained():
        return {
            one.code: one for one in attention.items(session, kam, day=DAY) if one.kind is Kind.UNEXPLAINED
        }

    item = unexplained()["SHOP"]
    assert (item.amount, item.change, item.base, item.period) == (150, -150, 400, PERIOD)
    before = audit.state(session, audit.unmoved(attention.items))
    number = _say(session, kam, shop)
    # Pages ask anew once the store has changed in what moves the answer: a cause does.
    assert audit.state(session, audit.unmoved(attention.items)) != before
    assert "SHOP" not in unexplained()

    causes.withdraw(session, kam, number, version=1)
    assert "SHOP" in unexplained()


def test_a_cause_is_kept_with_its_author_changed_withdrawn_and_brought_back(session, kam, shop):
    number = _say(session, kam, shop, last_on=date(2026, 9, 12), note=" said the buyer ")
    row = causes.search(session, kam)[0]
    assert (row.starts_on, row.ends_on, row.last_on) == (SEPTEMBER, date(2026, 9, 13), date(2026, 9, 12))
    assert (row.note, row.recorded_by, row.version) == ("said the buyer", kam.username, 1)

    changed = replace(row.draft(), amount=Decimal("-12.5"))
    assert causes.update(session, kam, number, changed, version=1) == 2
    with pytest.raises(Conflict) as overtaken:
        causes.update(session, kam, number, replace(changed, note="mine"), version=1)
    assert overtaken.value.current == {"note": "said the buyer"}

    assert causes.withdraw(session, kam, number, version=2) == 3
    assert causes.search(session, kam) == []
    assert session.get(Cause, number).withdrawn_at is not None
    with pytest.raises(NotFound):
        causes.update(session, kam, number, changed, version=3)
    assert causes.restore(session, kam, number, version=3) == 4
    assert causes.search(session, kam)[0].amount == Decimal("-12.5")
    actions = [
        one.action for one in session.query(AuditEntry).filter_by(entity="cause").order_by(AuditEntry.id)
    ]
    assert actions == ["cause:create", "cause:update", "cause:retract", "cause:restore"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"first_on": None}, "first_on"),
        ({"first_on": date(2026, 11, 25)}, "first_on"),
        ({"last_on": date(2026, 9, 9)}, "last_on"),
        ({"amount": Decimal(0)}, "amount"),
        ({"kind": CauseKind.OTHER}, "note"),
        ({"product_id": 987}, "scope"),
        ({"category_id": 987}, "scope"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(session, kam, shop, values, field):
    draft = replace(CauseDraft(CauseKind.DELISTING, SEPTEMBER), **values)
    with pytest.raises(Invalid) as refused:
        causes.record(session, kam, shop.id, draft)
    assert set(refused.value.fields) == {field}


def test_strangers_and_readers_say_nothing(session, kam, other_kam, viewer, shop):
    number = _say(session, kam, shop)
    with pytest.raises(NotFound):
        _say(session, other_kam, shop)
    with pytest.raises(NotFound):
        causes.withdraw(session, other_kam, number, version=1)
    with pytest.raises(Forbidden):
        _say(session, viewer, shop)
    assert causes.search(session, other_kam) == []
    assert len(causes.search(session, viewer)) == 1


def test_the_share_explained_is_a_kpi_by_owner_but_not_by_what_was_sold(session, kam, director, shop):
    _say(session, kam, shop)

    def found(actor, by=None):
        options = Options(by, base_months=12)
        (result,) = kpis.compute(session, actor, ["explained_change"], PERIOD, options)
        return result

    whole = found(director, By.OWNER)
    assert whole.figure.value == Decimal(150) / 1190  # |−150| + 40 + |−1,000|
    assert whole.figure.parts == {"explained": (150, "money"), "change": (1190, "money")}
    assert whole.by == (("anna", Decimal(150) / 190), ("ben", 0))
    assert found(kam).figure.value == Decimal(150) / 190
    with pytest.raises(Invalid, match="not by product"):
        found(kam, By.PRODUCT)
    assert By.PRODUCT.value not in {one.value for one in kpi_details.dimensions("explained_change")}
    assert kpi_details.trend(session, kam, "explained_change", DAY) == ()
