"""Movement, retention lists, concentration, cohorts, the price waterfall, creep and pace: worked out by hand."""

# mypy: disable-error-code="comparison-overlap"
# Whole amounts are written as whole numbers, which equal their decimals.

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import auth, cohort, creep, dependence, movement, pace, rollups, settings, targets, waterfall
from core.cohort import Grain
from core.concentration import Concentration
from core.dependence import AbcClass, Band, Holder
from core.errors import Forbidden
from core.models import Group
from core.movement import Kind
from core.periods import Period
from core.retention import Retention
from core.settings import Settings
from core.vocabulary import Role
from core.waterfall import Layer, Waterfall
from tests import factories

YEAR = Period.of(date(2026, 1, 1), date(2026, 12, 31))
money = st.decimals(-1_000_000, 1_000_000, places=4)
amounts = st.dictionaries(st.integers(1, 30), money, max_size=20)


@pytest.fixture
def sold(session, kam, other_kam):
    """One account of each kind, two of them in a group, and orders of nobody."""
    account, chain = factories.account, Group(code="CHAIN", name="Chain")
    session.add(chain)
    session.flush()
    soap, rice = factories.product(session, "SOAP"), factories.product(session, "RICE")
    rows = {
        "GROWN": (kam, 1000, 1200),
        "SHRUNK": (kam, 500, 400),
        "STEADY": (other_kam, 300, 300),
        "GONE": (other_kam, 200, 0),
        "FRESH": (kam, 0, 250),
    }
    found = {}
    for code, (owner, then, now) in rows.items():
        group_id = chain.id if code in ("SHRUNK", "STEADY") else None
        found[code] = account(session, owner, code, group_id=group_id)
        if then:
            factories.line(session, found[code], soap, date(2025, 3, 1), list_price=str(then), unit_cost="1")
        if now:
            factories.line(session, found[code], soap, date(2026, 4, 1), list_price=str(now), unit_cost="1")
    found["BACK"] = account(session, kam, "BACK")
    factories.line(session, found["BACK"], soap, date(2024, 5, 1), list_price="70")
    factories.line(session, found["BACK"], rice, date(2026, 5, 1), list_price="100", net_price="90")
    nobody = account(session, code="UNASSIGNED", is_unassigned=True)
    factories.line(session, nobody, rice, date(2026, 6, 1), list_price="10")
    rollups.rebuild(session)
    return found


def test_each_account_is_of_one_kind_and_the_kinds_add_up_to_the_change(session, sold, director):
    found = movement.between(session, director, YEAR)

    assert {move.code: (move.kind, move.change) for move in found.moves} == {
        "GROWN": (Kind.EXPANDED, 200),
        "SHRUNK": (Kind.CONTRACTED, -100),
        "STEADY": (Kind.STEADY, 0),
        "GONE": (Kind.LOST, -200),
        "FRESH": (Kind.NEW, 250),
        "BACK": (Kind.REACTIVATED, 90),
        "UNASSIGNED": (Kind.OTHER, 10),
    }
    assert (found.then, found.now, found.change) == (2000, 2250, 250)
    assert sum(found.amount(kind) for kind in Kind) == found.change


def test_who_is_behind_retention_is_ranked_by_what_was_not_kept(session, sold, director):
    found = movement.between(session, director, YEAR)

    assert [(move.code, move.missing) for move in found.behind_retention] == [
        ("GONE", 200),
        ("SHRUNK", 100),
        ("GROWN", 0),
        ("STEADY", 0),
    ]
    assert found.retention.gross == Decimal("0.85")  # 1700 / 2000
    assert found.retention.net == Decimal("0.95")  # 1900 / 2000
    assert found.retention.logo == Decimal("0.75")


def test_any_two_windows_can_be_compared(session, sold, director):
    found = movement.between(session, director, YEAR, Period.of(date(2024, 1, 1), date(2024, 12, 31)))

    assert found.then == 70
    assert {move.code for move in found.of(Kind.EXPANDED)} == {"BACK"}


def test_a_manager_sees_the_movement_of_own_accounts_alone(session, sold, kam):
    found = movement.between(session, kam, YEAR)

    assert {move.code for move in found.moves} == {"GROWN", "SHRUNK", "FRESH", "BACK"}
    assert found.change == 440  # 200 − 100 + 250 + 90


def test_who_reads_no_revenue_reads_no_figures(session, sold):
    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))

    for read in (movement.between, dependence.of, cohort.table, waterfall.of, creep.by_account, pace.of):
        with pytest.raises(Forbidden):
            read(session, admin, YEAR)


@given(amounts, amounts)
def test_gross_retention_lies_between_none_and_all_and_below_net_where_nothing_is_negative(then, now):
    found = Retention.between(then, now)

    if found.gross is not None and found.net is not None and found.logo is not None:
        assert 0 <= found.gross <= 1
        assert 0 <= found.logo <= 1
        if all(amount >= 0 for amount in now.values()):
            assert found.gross <= found.net


@given(st.lists(money, max_size=40), st.randoms())
def test_concentration_keeps_its_bounds_in_any_order(values, dice):
    found = Concentration.of(values)
    dice.shuffle(values)

    assert found == Concentration.of(values)
    count = len(found.amounts)
    if count and found.hhi is not None and found.effective_accounts is not None and found.gini is not None:
        tiny = Decimal("1e-15")
        assert Decimal(10_000) / count - tiny <= found.hhi <= 10_000 + tiny
        assert 1 - tiny <= found.effective_accounts <= count + tiny
        assert -tiny <= found.gini < 1
        assert found.top_share(count) == 1


def test_groups_as_one_are_more_concentrated(session, sold, director):
    alone = dependence.of(session, director, YEAR)
    grouped = dependence.of(session, director, YEAR, by_group=True)

    assert [(one.code, one.amount) for one in alone.holders] == [
        ("GROWN", 1200), ("SHRUNK", 400), ("STEADY", 300), ("FRESH", 250), ("BACK", 90),
    ]  # fmt: skip
    assert [(one.code, one.amount, one.account_count) for one in grouped.holders[:2]] == [
        ("GROWN", 1200, 1),
        ("CHAIN", 700, 2),
    ]
    assert alone.concentration.hhi is not None
    assert grouped.concentration.hhi is not None
    assert grouped.concentration.hhi > alone.concentration.hhi
    assert alone.holders[-1].cumulative == 1
    assert alone.band is Band.HIGH


def test_whoever_reaches_into_a_class_belongs_to_it():
    holders = [Holder(n, str(n), str(n), Decimal(amount)) for n, amount in enumerate((70, 20, 6, 3, 1, -5))]

    found = dependence.classed(holders, Decimal("0.8"), Decimal("0.95"))

    # So far: 0 %, 70 %, 90 %, 96 %, 99 % before each.
    assert [one.abc for one in found] == [AbcClass.A, AbcClass.A, AbcClass.B, AbcClass.C, AbcClass.C]
    assert [one.cumulative for one in found] == [Decimal(n) / 100 for n in (70, 90, 96, 99, 100)]


@given(st.lists(st.decimals(1, 1000, places=2), min_size=1, max_size=20), st.randoms())
def test_the_curve_rises_to_all_whatever_the_order(values, dice):
    holders = [Holder(n, f"{n:02d}", "", amount) for n, amount in enumerate(values)]
    found = dependence.classed(holders, Decimal("0.8"), Decimal("0.95"))
    dice.shuffle(holders)

    assert found == dependence.classed(holders, Decimal("0.8"), Decimal("0.95"))
    assert [one.cumulative for one in found] == sorted(one.cumulative for one in found)
    assert found[-1].cumulative == 1
    assert found[0].abc is AbcClass.A


def test_the_bands_are_those_of_the_settings():
    decided = Settings(hhi_moderate=Decimal(100), hhi_high=Decimal(200))

    assert [dependence.band(Decimal(n), decided) for n in (99, 100, 200)] == [
        Band.LOW,
        Band.MODERATE,
        Band.HIGH,
    ]


def test_a_cohort_counts_its_accounts_and_its_revenue_step_by_step(session, kam, director):
    soap = factories.product(session, "SOAP")
    one, two = factories.account(session, kam, "ONE"), factories.account(session, kam, "TWO")
    line = factories.line
    line(session, one, soap, date(2026, 1, 5), list_price="100")
    line(session, two, soap, date(2026, 1, 9), list_price="50")
    line(session, one, soap, date(2026, 3, 9), list_price="60")
    line(session, two, soap, date(2026, 3, 9), list_price="10", quantity="-1")  # a return alone
    line(session, one, soap, date(2025, 12, 9), list_price="0")  # a gift is no first order
    rollups.rebuild(session)

    [found] = cohort.table(session, director, Period.of(date(2026, 1, 1), date(2026, 4, 30))).cohorts
    [by_quarter] = cohort.table(session, director, YEAR, Grain.QUARTER).cohorts

    assert [(cell.accounts, cell.net) for cell in found.cells] == [(2, 150), (0, 0), (1, 50), (0, 0)]
    assert (found.active_share(2), found.kept_share(2)) == (Decimal("0.5"), Decimal(50) / 150)
    assert found.active_share(4) is None
    assert [(cell.accounts, cell.net) for cell in by_quarter.cells] == [(2, 200), (0, 0), (0, 0), (0, 0)]


def test_accounts_that_bought_before_are_in_no_cohort_of_the_period(session, sold, director):
    found = cohort.table(session, director, YEAR)

    assert [(one.start, one.size) for one in found.cohorts] == [(date(2026, 4, 1), 1)]  # FRESH


def test_the_waterfall_from_list_to_pocket_margin():
    """List 100,000; volume 8 %, contract 5 %; rebate 3 % of invoice, prompt 1 %, freight, loyalty; cost 55,000."""
    on_invoice = waterfall.stacked(
        Decimal(100_000), [("volume", Decimal("0.08")), ("contract", Decimal("0.05"))]
    )
    invoice = Decimal(87_400)
    found = Waterfall(
        Decimal(100_000),
        on_invoice,
        (
            Layer("rebate", invoice * Decimal("0.03")),
            Layer("prompt", invoice * Decimal("0.01")),
            Layer("freight", Decimal(1500)),
            Layer("loyalty", Decimal(800)),
        ),
        Decimal(55_000),
    )

    assert [layer.amount for layer in on_invoice] == [8000, 4600]
    assert (found.invoice, found.realisation) == (87_400, Decimal("0.874"))
    assert found.pocket == 81_604
    assert found.margin == 26_604
    assert found.margin_rate is not None
    assert round(found.margin_rate, 4) == Decimal("0.3260")


def test_stacked_percentages_multiply():
    layers = waterfall.stacked(Decimal(1), [("a", Decimal("0.1")), ("b", Decimal("0.05"))])

    assert sum(layer.amount for layer in layers) == Decimal("0.145")


def test_the_pocket_price_is_not_known_while_nothing_is_recorded_off_the_invoice(
    session, sold, director, viewer
):
    now, then = waterfall.of(session, director, YEAR)

    assert (now.gross, now.discount, now.invoice) == (2260, 10, 2250)
    assert now.pocket is None
    assert (now.uncovered, now.cost, now.margin) == (100, 4, 2146)  # 90 + 10 without cost; 4 lines at 1
    assert (then.gross, then.discount) == (2000, 0)
    assert waterfall.of(session, viewer, YEAR)[0].margin is None


def test_creep_is_the_rise_of_the_rate_at_list_prices_now(session, kam, director):
    """Rate 10 % → 15 % on 2,000 at list now: 100 given. Only now, or only then, has no creep."""
    soap, rice, tea = (factories.product(session, code) for code in ("SOAP", "RICE", "TEA"))
    shop = factories.account(session, kam, "SHOP")
    line = factories.line
    line(session, shop, soap, date(2025, 2, 1), quantity="100", list_price="10", net_price="9")
    line(session, shop, soap, date(2026, 2, 1), quantity="200", list_price="10", net_price="8.5")
    line(session, shop, rice, date(2026, 2, 1), quantity="5", list_price="10", net_price="5")
    line(session, shop, tea, date(2025, 2, 1), quantity="5", list_price="10", net_price="5")
    rollups.rebuild(session)

    by_product = creep.by_product(session, director, YEAR)
    by_account = creep.by_account(session, director, YEAR)

    [row] = by_product.rows
    assert (row.code, row.rate_then, row.rate, row.amount) == ("SOAP", Decimal("0.1"), Decimal("0.15"), 100)
    assert (by_product.left_out, by_product.left_out_gross) == (1, 50)
    # Then (100 + 25) / 1050, now (300 + 25) / 2050, × 2050 = 325 − 2050 × 125 / 1050
    assert [(one.code, one.amount) for one in by_account.rows] == [("SHOP", Decimal("80.9524"))]


def test_pace_is_by_last_years_season_or_by_working_days(session, kam, director):
    """Half of last year was sold by June: half of 1,000 was due. Without one, 129 of 261 working days."""
    soap = factories.product(session, "SOAP")
    old, new = factories.account(session, kam, "OLD"), factories.account(session, kam, "NEW")
    for day, count in ((date(2025, 3, 1), "50"), (date(2025, 9, 1), "50"), (date(2026, 3, 1), "40")):
        factories.line(session, old, soap, day, quantity=count)
    factories.line(session, new, soap, date(2026, 5, 1), quantity="10")
    rollups.rebuild(session)
    targets.set_many(session, director, old.id, {date(2026, 2, 1): (Decimal(1000), None)})
    first_half = Period.of(date(2026, 1, 1), date(2026, 6, 30))

    found = pace.of(session, director, first_half)

    assert (found.actual, found.target, found.due) == (500, 1000, 500)
    assert found.pace == 1
    targets.set_many(session, director, new.id, {date(2026, 11, 1): (Decimal(2610), None)})
    both = pace.of(session, director, first_half)
    assert both.due == 500 + 1290  # 2,610 × 129 / 261
    assert (both.seasonal_accounts, both.by_days_accounts) == (1, 1)


def test_working_days_are_mondays_to_fridays():
    assert pace.working_days(Period.of(date(2026, 1, 1), date(2026, 6, 30))) == 129
    assert pace.working_days(YEAR) == 261
    assert pace.working_days(Period.of(date(2026, 8, 1), date(2026, 8, 2))) == 0  # a weekend


def test_without_a_target_there_is_no_pace(session, sold, director):
    found = pace.of(session, director, YEAR)

    assert (found.target, found.due, found.pace, found.attainment) == (None, None, None, None)


def test_the_cuts_of_the_classes_and_bands_keep_their_order(session):
    found = settings.problems(Settings(abc_a_share=Decimal("0.95"), hhi_high=Decimal(500)))

    assert set(found) == {"abc_a_share", "hhi_moderate"}
