"""The health score on plain values, worked out by hand, and what holds for every value."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import health_rules
from core.health_rules import RULES, Band, HealthRule, Measure, Reading, Rule
from core.settings import Settings

numbers = st.decimals(min_value=-100, max_value=100, places=4)


def rule(**changes):
    from dataclasses import asdict

    return HealthRule.of({**asdict(Settings()), **changes})


def read(**values):
    return {Measure(name): Reading(Decimal(value), Decimal(value)) for name, value in values.items()}


@pytest.mark.parametrize(
    ("value", "points"),
    [("0.60", "0"), ("0.70", "0"), ("0.80", "40"), ("0.95", "100"), ("1", "100")],
)
def test_points_follow_a_straight_line_between_the_two_values(value, points):
    otif = Rule(15, Decimal("0.7"), Decimal("0.95"))

    assert otif.points(Decimal(value)) == Decimal(points)


def test_where_less_is_better_the_line_falls():
    rhythm = Rule(10, Decimal(3), Decimal(1))

    assert [rhythm.points(Decimal(one)) for one in ("0.5", "1", "2", "3", "9")] == [100, 100, 50, 0, 0]


@given(value=numbers, other=numbers)
def test_points_stay_between_0_and_100_and_never_turn_round(value, other):
    for one in RULES.values():
        first, second = one.points(value), one.points(other)
        assert 0 <= first <= 100
        rises = one.full_at > one.zero_at
        if (value < other) == rises:
            assert first <= second or value == other


@given(points=st.decimals(min_value=0, max_value=100, places=2))
def test_a_rule_can_be_turned_round(points):
    for one in RULES.values():
        assert abs(one.points(one.value_at(points)) - points) < Decimal("1e-20")


def test_a_score_is_the_weighted_mean_of_what_is_known_and_coverage_says_how_much_that_is():
    found = rule().score(read(trend="-0.5", otif="0.8"))

    # (25 × 50 + 15 × 40) ÷ 40 = 46.25; 40 of all weights of 100
    assert (found.value, found.coverage) == (Decimal("46.3"), Decimal("0.4"))
    assert found.exact == Decimal("46.25")
    assert set(found.missing) == set(Measure) - {Measure.TREND, Measure.OTIF}
    assert sum(found.contribution(part) for part in found.parts) == found.exact


def test_nothing_known_is_no_score_and_not_zero():
    found = rule().score({})

    assert found.value is None
    assert found.coverage == 0
    assert rule().band(found) is Band.UNKNOWN


def test_a_measure_without_weight_stands_neither_in_the_score_nor_in_the_coverage():
    found = rule(health_otif_weight=0).score(read(trend="1", otif="0"))

    assert found.value == 100
    assert found.coverage == Decimal(25) / 85
    assert Measure.OTIF not in found.missing


def test_bands_begin_with_their_value_and_need_coverage():
    decided = rule(health_least_coverage=Decimal("0.25"))
    values = {"1": Band.GREEN, "0.1": Band.GREEN, "0.09": Band.AMBER, "-0.8": Band.AMBER, "-0.81": Band.RED}

    # Trend alone: 70 points at 0.1, 40 at −0.8; 69.7 and 39.7 below.
    assert {value: decided.band(decided.score(read(trend=value))) for value in values} == values
    assert rule().band(rule().score(read(trend="1"))) is Band.UNKNOWN


@given(
    values=st.dictionaries(st.sampled_from(sorted(Measure)), numbers, min_size=1),
    weights=st.lists(st.integers(1, 100), min_size=8, max_size=8),
)
def test_a_score_lies_between_its_worst_and_its_best_measure(values, weights):
    named = {f"health_{one}_weight": weight for one, weight in zip(Measure, weights, strict=True)}
    decided = rule(**named)

    found = decided.score({Measure(name): Reading(value, value) for name, value in values.items()})

    points = [part.points for part in found.parts]
    assert min(points) - Decimal("1e-20") <= found.exact <= max(points) + Decimal("1e-20")
    assert 0 < found.coverage <= 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("health_trend_weight", 101),
        ("health_otif_weight", -1),
        ("health_otif_zero_at", Decimal("0.12345")),
        ("health_otif_full_at", Decimal("0.7")),
        ("health_rhythm_full_at", Decimal(4)),
        ("health_green", Decimal(40)),
        ("health_green", Decimal(101)),
        ("health_least_coverage", Decimal(2)),
    ],
)
def test_what_breaks_a_rule_is_said_at_its_field(key, value):
    assert list(health_rules.problems(rule(**{key: value}))) == [key]


def test_all_weights_at_zero_are_refused():
    named = {f"health_{one}_weight": 0 for one in Measure}

    assert list(health_rules.problems(rule(**named))) == ["health_trend_weight"]


def test_what_is_stored_wrongly_counts_as_undecided():
    assert health_rules.typed("health_trend_weight", "many") == 25
    assert health_rules.typed("health_green", "x") == 70
    assert health_rules.typed("health_otif_zero_at", "0.65") == Decimal("0.65")
