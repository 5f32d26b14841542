"""What a claim is worth as time goes by."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import claim_rules
from core.claim_rules import HALF_LIVES, ClaimState, HalfLives, standing
from core.settings import Settings
from core.vocabulary import ClaimTopic, Reliability, SourceKind

SEEN = date(2026, 3, 1)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
halves = st.integers(1, 400)
ORDER = [ClaimState.LIVE, ClaimState.TO_CONFIRM, ClaimState.STALE]


def on(day, **more):
    return standing(day, **{"half_life": 60, "observed_on": SEEN, **more})


@pytest.mark.parametrize(
    ("age", "state", "left"),
    [
        (0, ClaimState.LIVE, "1"),
        (60, ClaimState.LIVE, "0.5"),
        (61, ClaimState.TO_CONFIRM, "0.494257"),
        (120, ClaimState.TO_CONFIRM, "0.25"),
        (121, ClaimState.STALE, "0.247129"),
        (240, ClaimState.STALE, "0.0625"),
    ],
)
def test_a_price_claim_of_sixty_days_half_life(age, state, left):
    found = on(SEEN + timedelta(days=age))

    assert (found.state, found.freshness, found.age_days) == (state, Decimal(left), age)


def test_a_claim_until_the_last_of_march_is_stale_in_april():
    assert on(date(2026, 3, 31), valid_to=date(2026, 4, 1)).state is ClaimState.LIVE
    assert on(date(2026, 4, 1), valid_to=date(2026, 4, 1)).state is ClaimState.STALE


def test_a_confirmation_makes_it_new_from_its_day_on_and_not_before():
    confirmed = {"confirmed_on": SEEN + timedelta(days=100)}

    assert on(SEEN + timedelta(days=99), **confirmed).state is ClaimState.TO_CONFIRM
    assert on(SEEN + timedelta(days=100), **confirmed).freshness == 1
    assert on(SEEN + timedelta(days=160), **confirmed).state is ClaimState.LIVE


def test_a_refuted_claim_counts_for_nothing_until_it_is_confirmed_again():
    refuted = {"refuted_on": SEEN + timedelta(days=10)}

    assert on(SEEN + timedelta(days=9), **refuted).state is ClaimState.LIVE
    assert on(SEEN + timedelta(days=10), **refuted).state is ClaimState.REFUTED
    assert on(SEEN + timedelta(days=900), **refuted).weight == 0
    again = on(SEEN + timedelta(days=30), **refuted, confirmed_on=SEEN + timedelta(days=20))
    assert again.state is ClaimState.LIVE


def test_grades_multiply_and_what_cannot_be_judged_counts_half():
    assert claim_rules.strength(Reliability.A, 1) == 1
    assert claim_rules.strength(Reliability.B, 3) == Decimal("0.48")  # 0.8 x 0.6
    assert claim_rules.strength(Reliability.F, 6) == Decimal("0.25")


@given(day=days, more=st.integers(0, 900), half=halves, age=st.integers(0, 900))
def test_a_claim_that_nobody_touches_only_grows_older(day, more, half, age):
    now, later = (
        standing(day + timedelta(days=gone), half_life=half, observed_on=day) for gone in (age, age + more)
    )

    assert later.freshness <= now.freshness
    assert ORDER.index(later.state) >= ORDER.index(now.state)
    assert 0 <= later.freshness <= 1


@given(day=days, half=halves, age=st.integers(0, 900))
def test_the_state_follows_from_the_half_lives_gone(day, half, age):
    found = standing(day + timedelta(days=age), half_life=half, observed_on=day)

    assert (found.state is ClaimState.STALE) == (age > 2 * half)
    assert found.is_usable == (age <= 2 * half)
    if age == half:
        assert found.freshness == Decimal("0.5")


@given(day=days, half=halves, age=st.integers(0, 900), until=st.integers(1, 900))
def test_turning_days_are_the_days_on_which_the_state_turns(day, half, age, until):
    valid_to = day + timedelta(days=until)
    confirm, stale = claim_rules.turns(half, day, valid_to)
    now = day + timedelta(days=age)
    found = standing(now, half_life=half, observed_on=day, valid_to=valid_to)

    assert (found.state is ClaimState.STALE) == (now >= stale)
    assert (found.state is ClaimState.LIVE) == (now < confirm)


@given(
    seen=days, half=halves, asked=days, confirmed=st.none() | days, refuted=st.none() | days,
    until=st.none() | st.integers(1, 900), moved=st.integers(-4000, 4000),
)  # fmt: skip
def test_the_clock_moved_with_everything_changes_nothing(seen, half, asked, confirmed, refuted, until, moved):
    def at(shift):
        by = timedelta(days=shift)
        return standing(
            asked + by,
            half_life=half,
            observed_on=seen + by,
            confirmed_on=confirmed and confirmed + by,
            refuted_on=refuted and refuted + by,
            valid_to=until and seen + by + timedelta(days=until),
        )

    assert at(0) == at(moved)


@given(seen=days, half=halves, asked=days, ahead=st.integers(1, 500))
def test_what_happens_later_does_not_change_what_was_known_then(seen, half, asked, ahead):
    later = asked + timedelta(days=ahead)

    plain = standing(asked, half_life=half, observed_on=seen)
    assert standing(asked, half_life=half, observed_on=seen, confirmed_on=later) == plain
    assert standing(asked, half_life=half, observed_on=seen, refuted_on=later) == plain


@pytest.mark.parametrize(
    ("kind", "source", "is_refused"),
    [
        (SourceKind.COMPETITOR, "", True),
        (SourceKind.COMPETITOR, "their price list", True),
        (SourceKind.OTHER, "BrandX", True),
        (SourceKind.BUYER, "brand-x", True),
        (SourceKind.OWN_STAFF, "talk with the BrandX sales manager", True),
        (SourceKind.EVENT, "wakil BrandX di pameran", True),
        (SourceKind.OTHER, "Pengurus jualan Béta Foods", True),
        (SourceKind.BUYER, "buyer showed the BrandX offer", False),
        (SourceKind.PRESS, "interview with the BrandX director", False),
        (SourceKind.MARKET, "BrandX catalogue on the shelf", False),
        (SourceKind.OWN_STAFF, "our driver saw a BrandX lorry", False),
        (SourceKind.OWN_STAFF, "our sales manager", False),
        (SourceKind.BUYER, "", False),
    ],
)
def test_a_claim_from_the_competitor_itself_is_told_apart(kind, source, is_refused):
    names = ["BrandX", "Brand X", "Beta Foods"]

    assert claim_rules.is_from_competitor(kind, source, names) == is_refused


def test_half_lives_come_from_the_settings():
    assert HalfLives.of(vars(Settings())).days == HALF_LIVES
    assert Settings(claim_days_price=30).half_lives[ClaimTopic.PRICE] == 30
    wrong = claim_rules.problems(Settings(claim_days_goal=0).half_lives)
    assert list(wrong) == ["claim_days_goal"]


def test_the_loss_of_volume_at_which_not_matching_becomes_worse():
    # Contribution margin 40 %: a cut of 5 % costs as much as an eighth of the volume.
    assert claim_rules.break_even_loss(Decimal("0.05"), Decimal("0.40")) == Decimal("0.125")
    assert claim_rules.break_even_loss(Decimal("0.05"), None) is None
    assert claim_rules.break_even_loss(Decimal("0.05"), Decimal(0)) is None
    assert claim_rules.break_even_loss(Decimal("-0.05"), Decimal("0.40")) is None


@pytest.mark.parametrize(
    ("margin", "change", "volume"),
    [("0.4", "-0.05", "0.143"), ("0.4", "-0.1", "0.333"), ("0.4", "0.05", "-0.111"), ("0.2", "-0.05", "0.333"),
     ("0.6", "-0.2", "0.5")],
)  # fmt: skip
def test_the_volume_that_pays_for_a_change_of_price(margin, change, volume):
    found = claim_rules.break_even_gain(Decimal(change), Decimal(margin))

    assert round(found, 3) == Decimal(volume)


def test_no_volume_pays_for_selling_below_cost():
    assert claim_rules.break_even_gain(Decimal("-0.4"), Decimal("0.4")) is None


@given(cut=st.decimals("0.0001", "0.5", places=4), margin=st.decimals("0.01", "0.9", places=4))
def test_at_the_break_even_both_ways_earn_the_same(cut, margin):
    # Volume 1 at price 1: matched, every unit earns margin - cut; held, what is left earns the margin.
    loss = claim_rules.break_even_loss(cut, margin)

    assert abs((1 - loss) * margin - (margin - cut)) < Decimal("1e-20")
