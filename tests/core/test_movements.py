"""How much of a change recorded causes explain, by figures worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import movements
from core.periods import Period
from core.vocabulary import CauseKind

NOW = Period.of(date(2026, 7, 1), date(2026, 9, 30))
THEN = NOW.shifted(-12)


@pytest.mark.parametrize(
    ("change", "effects", "expected"),
    [
        (-100, [], 0),  # nobody said anything
        (-100, [None], 100),  # a cause without an amount says all
        (-100, [-60], 60),  # with an amount, as much as that
        (-100, [-60, -70], 100),  # never more than what moved
        (-100, [-60, 20], 40),  # with their signs
        (-100, [60], 0),  # what points the other way explains nothing
        (-100, [60, None], 100),  # whatever else is said beside one that says all
        (100, [30], 30),
        (0, [30], 0),
    ],
)
def test_a_change_is_explained_as_far_as_its_causes_say(change, effects, expected):
    said = [None if one is None else Decimal(one) for one in effects]
    assert movements.explained(Decimal(change), said) == expected


@pytest.mark.parametrize(
    ("kind", "ends_on", "expected"),
    [
        (CauseKind.DELISTING, date(2025, 8, 2), -50),  # goes on, whenever it began
        (CauseKind.DELIVERY_FAILURE, date(2026, 8, 2), -50),  # passes, and was in the later window
        (
            CauseKind.DELIVERY_FAILURE,
            date(2025, 8, 2),
            50,
        ),  # passed in the earlier one: missing then, back now
    ],
)
def test_a_passing_cause_that_was_over_counts_the_other_way_round(kind, ends_on, expected):
    assert movements.effect(kind, ends_on, Decimal(-50), NOW, THEN) == expected
    assert movements.effect(kind, ends_on, Decimal(-50), THEN, NOW) == -expected


def test_the_gap_between_the_windows_belongs_to_the_span():
    assert movements.span(NOW, THEN) == Period(date(2025, 7, 1), date(2026, 10, 1))
    assert movements.span(THEN, NOW) == movements.span(NOW, THEN)


_amounts = st.decimals(min_value=-1000, max_value=1000, places=2)


@given(_amounts, st.lists(st.none() | _amounts, max_size=5))
def test_what_is_explained_is_never_below_zero_nor_more_than_what_moved(change, effects):
    assert 0 <= movements.explained(change, effects) <= abs(change)


@given(_amounts, st.lists(st.none() | _amounts, max_size=5))
def test_swapped_windows_explain_as_much(change, effects):
    turned = [None if one is None else -one for one in effects]
    assert movements.explained(change, effects) == movements.explained(-change, turned)
