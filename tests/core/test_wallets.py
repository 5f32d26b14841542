"""Share of wallet: the rules by hand, the versions and their two clocks, and who may see what on both databases."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import clock, kpis, rollups, wallet_rule, wallets
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.kpis import By, Options
from core.models import AuditEntry, Category, Wallet
from core.periods import Period
from core.vocabulary import WalletBasis
from core.wallet_rule import Range
from core.wallets import WalletDraft
from tests import factories

DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("suppliers", "shares"), [(1, ["1.000"]), (2, ["0.667", "0.333"]), (3, ["0.500", "0.333", "0.167"])]
)
def test_the_rule_of_ranks(suppliers, shares):
    found = [wallet_rule.allocation(rank + 1, suppliers) for rank in range(suppliers)]

    assert [str(round(one, 3)) for one in found] == shares
    assert round(sum(found), 20) == 1


def test_a_wallet_by_rank_needs_sales():
    assert wallet_rule.allocated(1, 3, Decimal(500)) == Range(Decimal(1000), Decimal(1000), Decimal(1000))
    assert wallet_rule.allocated(1, 3, Decimal(0)) is None
    assert wallet_rule.allocated(1, 3, Decimal(-5)) is None


def test_share_and_whitespace_of_a_range():
    spend = wallet_rule.modelled(Decimal(20), Decimal(50), Decimal(800), Decimal(1250))

    assert spend.share(Decimal(400)) == Decimal("0.4")
    assert spend.shares(Decimal(400)) == (Decimal("0.32"), Decimal("0.5"))
    assert [spend.whitespace(Decimal(400)), spend.is_below(Decimal(400))] == [600, False]
    # More sold than is said to be spent: nothing is left to win, and the estimate is wrong.
    assert [spend.whitespace(Decimal(1200)), spend.is_below(Decimal(1200))] == [0, True]


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def shop(session, kam, other_kam):
    """Anna's shop bought tea for 300 and rice for 100 in the twelve months to October, and 999 before."""
    account = factories.account(session, kam, "SHOP")
    tea = factories.product(session, "TEA", category="Drinks")
    rice = factories.product(session, "RICE", category="Food")
    for product, booked_on, amount in (
        (tea, date(2025, 11, 1), 300), (rice, date(2026, 10, 31), 100), (tea, date(2025, 10, 31), 999)
    ):  # fmt: skip
        factories.line(session, account, product, booked_on, quantity=str(amount), list_price="1")
    rollups.rebuild(session)
    return account


def _category(session, name):
    return session.query(Category).filter_by(name=name).one().id


def _declared(amount, day=DAY, category_id=None, **more):
    return WalletDraft(
        WalletBasis.DECLARED, day, category_id, amount=Decimal(amount), said_by="Buyer", source="Talk", **more
    )


def test_the_twelve_months_are_whole_ones():
    assert wallets.trailing(DAY) == Period(date(2025, 11, 1), date(2026, 11, 1))
    assert wallets.trailing(date(2026, 11, 30)) == Period(date(2025, 12, 1), date(2026, 12, 1))


def test_three_estimates_stand_side_by_side_and_the_declared_one_counts(session, kam, shop):
    ranked = WalletDraft(WalletBasis.ALLOCATED, DAY, rank=1, suppliers=3, source="Shelf check")
    model = WalletDraft(
        WalletBasis.MODELLED,
        DAY,
        driver="outlets",
        driver_count=Decimal(10),
        unit_amount=Decimal(90),
        source="Own",
    )
    for draft in (ranked, model, _declared(1000, low_amount=Decimal(800), high_amount=Decimal(1250))):
        wallets.record(session, kam, shop.id, draft, seen=None)

    found = wallets.share_of_wallet(session, kam, DAY)
    purse = found.purses[0]
    amounts = {basis: one.spend.amount for basis, one in purse.estimates.items()}
    assert amounts == {WalletBasis.DECLARED: 1000, WalletBasis.MODELLED: 900, WalletBasis.ALLOCATED: 800}
    assert [purse.sales, purse.rows, purse.share, purse.whitespace] == [400, 2, Decimal("0.4"), 600]
    assert purse.wallet.shares(purse.sales) == (Decimal("0.32"), Decimal("0.5"))
    assert [found.sales, found.wallet, found.share, found.covered_accounts] == [400, 1000, Decimal("0.4"), 1]


def test_a_category_has_a_wallet_of_its_own_and_what_nobody_estimated_is_unknown(session, kam, shop):
    drinks = _category(session, "Drinks")
    wallets.record(session, kam, shop.id, _declared(250, category_id=drinks), seen=None)

    whole, tea, rice = wallets.of_account(session, kam, shop.id, DAY).purses
    assert [whole.category, whole.sales, whole.wallet, whole.share, whole.whitespace] == [
        None,
        400,
        None,
        None,
        None,
    ]
    assert [tea.sales, tea.whitespace, tea.is_below_sales] == [300, 0, True]
    assert [rice.sales, rice.share, rice.whitespace] == [100, None, None]
    # Each account once: its categories as long as nobody knows the whole.
    assert wallets.share_of_wallet(session, kam, DAY).sales == 300


def test_nothing_estimated_has_no_share(session, kam, shop):
    found = wallets.share_of_wallet(session, kam, DAY)

    assert [found.purses, found.wallet, found.share, found.whitespace] == [(), None, None, None]


def test_an_estimate_holds_until_the_next_and_the_former_version_stays_on_record(session, kam, shop):
    spring, summer = date(2026, 3, 1), date(2026, 6, 1)
    first = wallets.record(session, kam, shop.id, _declared(1000, spring), seen=None)
    second = wallets.record(session, kam, shop.id, _declared(1100, summer), seen=first.id)

    def known_on(day):
        purses = wallets.share_of_wallet(session, kam, day).purses
        return purses[0].wallet.amount if purses else None

    assert [known_on(day) for day in (spring - timedelta(days=1), spring, summer, DAY)] == [
        None,
        1000,
        1000 + 100,
        1100,
    ]
    third = wallets.record(session, kam, shop.id, _declared(1200, summer), seen=second.id)
    assert third.replaced.amount == 1100
    assert known_on(DAY) == 1200
    old = session.get(Wallet, second.id)
    assert [old.amount, old.superseded_at is not None] == [1100, True]

    wallets.withdraw(session, kam, third.id)
    assert known_on(DAY) == 1000
    assert session.query(Wallet).count() == 3
    actions = [
        one.action for one in session.query(AuditEntry).filter_by(entity="wallet").order_by(AuditEntry.id)
    ]
    assert actions == ["wallet:set"] * 3 + ["wallet:retract"]


def test_two_people_who_estimate_at_once_see_both_values(session, kam, director, shop):
    first = wallets.record(session, kam, shop.id, _declared(1000), seen=None)
    with pytest.raises(Conflict) as overtaken:
        wallets.record(session, director, shop.id, _declared(900), seen=None)
    assert overtaken.value.current == {"amount": Decimal(1000)}
    assert overtaken.value.version == first.id
    wallets.withdraw(session, kam, first.id)
    with pytest.raises(Conflict):
        wallets.withdraw(session, director, first.id)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": Decimal(0)}, "amount"),
        ({"low_amount": Decimal(1001)}, "low_amount"),
        ({"high_amount": Decimal(999)}, "high_amount"),
        ({"valid_from": DAY + timedelta(days=1)}, "valid_from"),
        ({"said_by": " "}, "said_by"),
        ({"source": ""}, "source"),
        ({"category_id": 987}, "category_id"),
        ({"basis": WalletBasis.MODELLED, "unit_amount": Decimal(1), "driver": "beds"}, "driver_count"),
        ({"basis": WalletBasis.ALLOCATED, "rank": 4, "suppliers": 3}, "rank"),
        ({"basis": WalletBasis.ALLOCATED, "rank": 1}, "suppliers"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(session, kam, shop, values, field):
    with pytest.raises(Invalid) as refused:
        wallets.record(session, kam, shop.id, replace(_declared(1000), **values), seen=None)
    assert set(refused.value.fields) == {field}


def test_strangers_and_readers_estimate_nothing(session, kam, other_kam, viewer, shop):
    saved = wallets.record(session, kam, shop.id, _declared(1000), seen=None)
    with pytest.raises(NotFound):
        wallets.record(session, other_kam, shop.id, _declared(1), seen=None)
    with pytest.raises(NotFound):
        wallets.withdraw(session, other_kam, saved.id)
    with pytest.raises(Forbidden):
        wallets.record(session, viewer, shop.id, _declared(1), seen=saved.id)
    assert wallets.share_of_wallet(session, other_kam, DAY).purses == ()
    assert wallets.of_account(session, other_kam, shop.id, DAY).purses == ()
    assert wallets.latest(session, other_kam, shop.id) == {}


def test_share_of_wallet_is_a_kpi_and_unknown_without_an_estimate(session, kam, shop, other_kam):
    def found(actor):
        period = Period.of(date(2026, 10, 1), DAY)
        (result,) = kpis.compute(session, actor, ["share_of_wallet"], period, Options(By.OWNER))
        return result

    assert found(kam).figure.value is None
    wallets.record(session, kam, shop.id, _declared(1000), seen=None)

    mine = found(kam)
    assert (mine.figure.value, mine.figure.rows) == (Decimal("0.4"), 2)
    assert mine.figure.parts == {
        "sales": (400, "money"),
        "wallet": (1000, "money"),
        "whitespace": (600, "money"),
    }
    assert mine.by == (("anna", Decimal("0.4")),)
    assert found(other_kam).figure.value is None
