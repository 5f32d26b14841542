"""Ways to a better score on plain readings, by hand, and what holds for all of them."""

from dataclasses import asdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from core.health_rules import HealthRule, Measure, Reading
from core.health_ways import Lapsed, Lever, ways
from core.settings import Settings

amounts = st.integers(1, 1_000_000).map(Decimal)


def only(*measures):
    """The rule with the weight of these alone."""
    weights = {f"health_{one}_weight": 0 for one in Measure if one not in measures}
    return HealthRule.of({**asdict(Settings()), **weights})


def read(value, now=0, base=0, more=None):
    return Reading(Decimal(value), Decimal(now), Decimal(base), None if more is None else Decimal(more))


def test_where_no_lever_suffices_it_is_said_what_all_bring():
    # At list price already, and yet below a year ago, when something was sold above it.
    at_list = {Measure.PRICE: read("-0.02", 100, 100, "1.02")}

    found = ways(at_list, only(Measure.PRICE))

    assert not found.best
    assert not found.alone
    assert found.reachable == 0
    assert found.wanted == 10


def test_levers_are_added_where_none_suffices_alone():
    # Weights 10 and 5. Debt: 5 points of 15 are missing at 14.75 %, data: 8 points.
    readings = {
        Measure.PAYMENT: read("0.0725", "7.25", 100),  # 95 points
        Measure.DATA: read(365, 365),  # 0 points
        Measure.RHYTHM: read("1.5", 15, 10),  # 75 points
    }
    rule = only(Measure.PAYMENT, Measure.DATA, Measure.RHYTHM)

    found = ways(readings, rule, wanted=Decimal(25))

    # Weights 10, 5, 10 of 25: data bring 20, an order 10, the debt 2. The greatest first, then what suffices.
    assert [(step.lever, step.gain) for step in found.best] == [
        (Lever.CONFIRM, Decimal(20)),
        (Lever.ORDERS, Decimal(10)),
    ]
    assert found.alone == ()
    assert found.reachable == 32


def test_near_the_top_only_what_is_missing_is_wanted():
    readings = {Measure.PAYMENT: read("0.0725", "7.25", 100)}

    found = ways(readings, only(Measure.PAYMENT))

    assert found.wanted == 5
    # (7.25 − x) ÷ (100 − x) is 5 % at 2.37; whole amounts.
    assert [(step.lever, step.amount) for step in found.best] == [(Lever.DEBT, Decimal(3))]
    assert ways({Measure.PAYMENT: read(0, 0, 100)}, only(Measure.PAYMENT)).wanted == 0


def test_categories_are_won_back_from_the_smallest():
    lapsed = [Lapsed("Jam", Decimal(500)), Lapsed("Ice", Decimal(20)), Lapsed("Nut", Decimal(90))]

    found = ways({Measure.BREADTH: read("0.4", 2, 5)}, only(Measure.BREADTH), lapsed, Decimal(50))

    # Two of five are 0 points, four of five 66.7: two more are needed.
    step = found.best[0]
    assert (step.names, step.amount, step.count) == (("Ice", "Nut"), Decimal(110), 2)
    assert [(move.before, round(move.after, 1)) for move in step.moves] == [(Decimal(0), Decimal("66.7"))]


def test_nothing_known_has_no_way():
    assert ways({}, only(Measure.DATA)).best == ()


@given(
    net=amounts, before=amounts, usual=amounts, target=amounts, gross=amounts, overdue=amounts, more=amounts
)
@settings(max_examples=100, deadline=None)
def test_each_way_brings_what_is_wanted_and_its_moves_add_up_to_it(
    net, before, usual, target, gross, overdue, more
):
    gross = max(gross, net)
    readings = {
        Measure.TREND: Reading((net - before) / usual, net, before, usual),
        Measure.TARGET: Reading(net / target, net, target),
        Measure.PRICE: Reading(net / gross - Decimal("0.9"), net, gross, Decimal("0.9")),
        Measure.PAYMENT: Reading(overdue / (overdue + more), overdue, overdue + more),
    }
    rule = only(*readings)
    start = rule.score(readings).exact

    found = ways(readings, rule)

    assert found.reachable <= 100 - start
    for step in found.alone:
        assert step.gain >= found.wanted - Decimal("1e-18")
        assert step.amount == step.amount.to_integral_value()
        lifted = [rule.rules[move.measure].weight * (move.after - move.before) for move in step.moves]
        assert abs(sum(lifted) / rule.weight - step.gain) < Decimal("1e-18")
    if found.best:
        total = sum(step.gain for step in found.best)
        assert total >= found.wanted - Decimal("1e-18")
