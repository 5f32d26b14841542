"""The ten complaints about other systems' loyalty programmes, each as what goes right here."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import clock, doctor, rollups
from core.auth import OPERATOR
from core.errors import Conflict
from core.loyalty import grants, members, postings, runs, statements, status
from core.loyalty_vocabulary import EntryKind, TierSource
from tests import factories
from tests.conftest import on_sqlite
from tests.core.loyalty.programmes import agrees, live, points, with_parts

START = date(2026, 1, 1)
COLLECTOR = {"steps": [
    {"name": "Silver", "threshold": "0"},
    {"name": "Gold", "threshold": "1000", "factor": "1.1"},
]}  # fmt: skip


class Shop:
    def __init__(self, session, kam, document, code="A"):
        self.session = session
        self.account = factories.account(session, kam, code)
        self.goods = factories.product(session)
        members.enrol_account(session, OPERATOR, self.account.id, live(session, START, document), START)

    def buys(self, on: str, amount: int, order_no: str | None = None) -> None:
        factories.line(
            self.session, self.account, self.goods, date.fromisoformat(on), quantity=str(amount), list_price="1",
            order_no=order_no,
        )  # fmt: skip

    def run(self) -> None:
        runs.run_all(self.session, OPERATOR, clock.today())

    def stands(self, on: str | None = None) -> status.Status:
        return points(self.session, self.account.id, on=None if on is None else date.fromisoformat(on))


@pytest.fixture
def shop(session, kam):
    return lambda **parts: Shop(session, kam, with_parts(**parts))


@on_sqlite
@pytest.mark.parametrize(("spent", "tier"), [(999, "Silver"), (1000, "Gold"), (1001, "Gold")])
def test_23_the_first_invoice_lands_in_the_tier_that_it_is_enough_for_and_in_no_higher_one(shop, spent, tier):
    one = shop(tiers=COLLECTOR)
    one.buys("2026-02-01", spent)
    one.run()

    assert one.stands("2026-02-01").loyalty_tier == tier


@on_sqlite
def test_24_an_order_earns_with_the_factor_that_the_programme_says_and_the_ledger_names_its_version(shop):
    one = shop(earning={"points_per": "0.1"}, tiers=COLLECTOR)
    one.buys("2026-02-01", 10000)
    one.buys("2026-02-02", 1960)
    one.run()

    entries = statements.entries(one.session, OPERATOR, one.account.id)

    # 1,000 without Gold's factor although it leads there; the next day 196 × 1.1, cut to whole points.
    assert [entry.points for entry in entries] == [1000, 215]
    assert {entry.spec_id for entry in entries} == {one.stands().tier.programme_number + 2}


@on_sqlite
def test_25_anybody_can_have_the_whole_ledger_recounted(session, shop):
    one = shop()
    one.buys("2026-02-01", 700)
    rollups.rebuild(session)
    one.run()
    assert [check.differences for check in doctor.examine(session, OPERATOR) if check.name == "loyalty"] == [
        ()
    ]

    session.execute(doctor.text("UPDATE loyalty_entries SET points = points + 1000"))

    (found,) = [check for check in doctor.examine(session, OPERATOR) if check.name == "loyalty"]
    assert found.differences


def test_26_the_balance_is_the_sum_of_the_ledger_and_the_oldest_expiry_is_spent_first(session, kam, shop):
    one = shop(expiry={"kind": "months", "months": 12})
    one.buys("2026-02-01", 300)
    one.buys("2026-03-01", 300)
    one.run()
    postings.redeem_points(session, kam, one.account.id, Decimal(400), "gift", key="g")

    first, second = statements.lots(session, kam, one.account.id)

    assert (first.remaining, second.remaining) == (0, 200)
    assert statements.entries(session, kam, one.account.id)[-1].balance == one.stands().balance == 200
    assert agrees(session)


@on_sqlite
def test_27_what_is_brought_back_takes_its_points_along_also_when_they_were_spent(session, kam, shop):
    one = shop()
    for place in range(3):  # buy, spend, bring back, again and again
        one.buys(f"2026-0{place + 2}-01", 100, f"S{place}")
        one.run()
        if one.stands().active >= 100:
            postings.redeem(session, kam, one.account.id, "Display", key=f"g{place}")
        one.buys(f"2026-0{place + 2}-02", -100, f"R{place}")
        one.run()

    found = one.stands()
    assert (found.redeemed, found.active, found.balance) == (100, 0, -100)
    with pytest.raises(Conflict):
        postings.redeem(session, kam, one.account.id, "Display", key="again")


@on_sqlite
def test_28_a_return_takes_points_once_however_often_it_is_looked_at(shop):
    one = shop()
    one.buys("2026-02-01", 100, "S1")
    one.buys("2026-02-02", -100, "R1")
    for _time in range(3):
        one.run()

    backs = [
        row
        for row in statements.entries(one.session, OPERATOR, one.account.id)
        if row.kind is EntryKind.REVERSE
    ]
    assert [(row.points, row.what) for row in backs] == [(-100, "return")]
    assert one.stands().balance == 0


@on_sqlite
def test_29_spending_points_never_costs_the_tier_and_bonuses_never_buy_it(session, kam, shop):
    one = shop()
    one.buys("2026-02-01", 1000)
    one.run()
    assert one.stands().loyalty_tier == "Gold"
    postings.redeem(session, kam, one.account.id, "Display", key="g", times=10)

    assert (one.stands().active, one.stands().loyalty_tier) == (0, "Gold")
    other = Shop(session, kam, with_parts(), "B")
    for place in range(5):
        postings.award(session, kam, other.account.id, "referral", key=f"b{place}")
    assert (other.stands().active, other.stands().loyalty_tier) == (1250, None)


@on_sqlite
def test_30_a_granted_tier_says_so_and_ends_by_itself(session, director, shop):
    one = shop()
    today = clock.today()
    grants.grant(session, director, one.account.id, "Gold", today, today + timedelta(days=9), "opens a shop")

    found = one.stands()

    assert (found.loyalty_tier, found.tier.source) == ("Gold", TierSource.GRANTED)
    assert found.tier.until == today + timedelta(days=9)
    (row,) = grants.search(session, director, one.account.id)
    assert (row.granted_by, row.reason, row.last_on) == ("dora", "opens a shop", today + timedelta(days=9))
    assert one.stands((today + timedelta(days=10)).isoformat()).loyalty_tier is None


def test_31_every_lot_ahead_is_told_by_its_last_day_and_by_month(shop):
    one = shop(expiry={"kind": "months", "months": 12})
    for on, amount in (("2026-02-03", 10), ("2026-02-20", 20), ("2026-04-01", 30)):
        one.buys(on, amount)
    one.run()

    found = one.stands("2026-12-31")

    assert [(row.on, row.points) for row in found.expiring] == [
        (date(2027, 2, 3), 10), (date(2027, 2, 20), 20), (date(2027, 4, 1), 30),
    ]  # fmt: skip
    assert found.by_month() == [(date(2027, 2, 1), 30), (date(2027, 4, 1), 30)]
    assert [found.within(days) for days in (30, 60, 90, 120)] == [0, 30, 30, 60]


@on_sqlite
def test_32_a_customer_can_be_told_every_entry_with_its_reason_and_the_balance_after_it(session, kam, shop):
    one = shop()
    one.buys("2026-02-01", 500, "S1")
    one.run()
    postings.redeem(session, kam, one.account.id, "Display", key="g")

    told = [
        (row.what, row.about.split(":")[0], row.points, row.balance, row.reason)
        for row in statements.entries(session, kam, one.account.id)
    ]

    assert told == [("order", "S1", 500, 500, ""), ("redeem", "g", -100, 400, "Display")]
