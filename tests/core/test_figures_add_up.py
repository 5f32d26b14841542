"""What is a sum is the sum of its parts, whatever it is broken down by; the order of rows does not matter."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import kpis, movement, rollups, waterfall
from core.kpi_registry import KPIS, MODULES, explained
from core.kpis import By, Options
from core.models import Order, OrderLine
from core.movement import Kind
from core.periods import Period
from tests import factories

ADDITIVE = ("net_revenue", "gross_revenue", "discount", "returns", "lines", "quantity", "margin")
# An account is in one slice of these alone, so counts of accounts add up over them too.
OF_ACCOUNTS = (By.ACCOUNT, By.OWNER, By.REGION, By.SEGMENT)
CUT = Period.of(date(2025, 2, 11), date(2026, 10, 20))
CONTRACT = {
    "net_revenue", "gross_revenue", "discount", "discount_rate", "returns", "orders", "lines", "quantity",
    "accounts", "active_accounts", "margin", "margin_rate", "net_revenue_retention", "gross_revenue_retention",
    "logo_retention", "hhi", "effective_accounts", "top_share", "gini", "target_attainment",
    "price_realisation", "repeat_order_rate", "rfm", "otif",
}  # fmt: skip


@pytest.fixture
def dealt(session, kam, other_kam):
    """Two hundred order lines thrown by a dice, in an order that a test may choose."""
    regions = [factories.region(session, name) for name in ("North", "South")]
    accounts = [
        factories.account(session, owner, f"A{number}", region_id=regions[number % 2].id)
        for number, owner in enumerate((kam, other_kam, kam, None, other_kam))
    ]
    accounts.append(factories.account(session, code="UNASSIGNED", is_unassigned=True))
    products = [factories.product(session, f"P{n}", category=f"C{n % 2}") for n in range(4)]
    dice = random.Random(7)
    lines = [
        {
            "account_row": dice.choice(accounts), "product_row": dice.choice(products),
            "booked_on": date(2025, 1, 1) + timedelta(days=dice.randrange(700)),
            "quantity": str(dice.choice((-3, 1, 2, 5, "7.25"))), "list_price": str(dice.randrange(5, 90)),
            "net_price": f"{dice.randrange(1, 60)}.{dice.randrange(10_000):04d}",
            "unit_cost": dice.choice((None, "3.3333")), "country": dice.choice(("", "Malaysia", "Brunei")),
            "order_no": f"S{number}",
        }
        for number in range(200)
    ]  # fmt: skip

    def book(seed):
        random.Random(seed).shuffle(lines)
        for row in lines:
            factories.line(session, **row)
        rollups.rebuild(session)

    return book


@pytest.mark.parametrize("by", list(By))
def test_every_sum_is_the_sum_of_its_parts(session, dealt, director, by):
    dealt(1)
    counted = ("accounts", "active_accounts", "orders") if by in OF_ACCOUNTS else ()

    found = kpis.compute(session, director, [*ADDITIVE, *counted], CUT, Options(by))

    for result in found:
        parts = sum((value for _key, value in result.by if value is not None), Decimal(0))
        assert parts == result.figure.value, result.kpi.name


def test_the_order_of_rows_does_not_matter(session, dealt, director):
    names = [name for name in KPIS if name != "bridge"]
    dealt(1)
    first = kpis.document(session, CUT, kpis.compute(session, director, names, CUT, Options(By.ACCOUNT)))
    steps = movement.between(session, director, CUT)
    session.query(OrderLine).delete()
    session.query(Order).delete()
    session.expunge_all()
    dealt(2)

    again = kpis.document(session, CUT, kpis.compute(session, director, names, CUT, Options(By.ACCOUNT)))

    assert again == first
    assert movement.between(session, director, CUT) == steps


def test_movement_and_waterfall_add_up_to_net_revenue_and_margin(session, dealt, director):
    dealt(3)
    net, margin = (
        result.figure.value for result in kpis.compute(session, director, ["net_revenue", "margin"], CUT)
    )

    moved = movement.between(session, director, CUT)
    now, _then = waterfall.of(session, director, CUT)

    assert sum(moved.amount(kind) for kind in Kind) == moved.now - moved.then
    assert (moved.now, now.invoice, now.margin) == (net, net, margin)


def test_every_name_of_the_contract_is_there_and_explains_itself():
    assert KPIS.keys() >= CONTRACT
    for name, kpi in KPIS.items():
        said = explained(name)
        assert all((said.label, said.question, said.formula, said.source, said.grain, said.period_rule)), name
        assert bool(kpi.denominator) == (kpi.unit in ("ratio", "index")), name
    assert len(MODULES) == len({module.__name__ for module in MODULES})
