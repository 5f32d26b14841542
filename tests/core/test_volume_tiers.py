from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import volume_tiers
from core.vocabulary import TierMode

# 0–100k 0%, 100–250k 2%, from 250k 4% (kpis.md 8).
LADDER = [(Decimal(0), Decimal(0)), (Decimal(100_000), Decimal("0.02")), (Decimal(250_000), Decimal("0.04"))]


@pytest.mark.parametrize(("mode", "expected"), [(TierMode.ALL_UNITS, 12_000), (TierMode.MARGINAL, 5_000)])
def test_three_hundred_thousand_earn_what_the_tiers_say(mode, expected):
    assert volume_tiers.payout(LADDER, Decimal(300_000), mode) == expected
    assert volume_tiers.payout(LADDER[::-1], Decimal(300_000), mode) == expected


@pytest.mark.parametrize("mode", list(TierMode))
def test_a_tier_is_reached_at_its_own_threshold_and_not_before(mode):
    just_below = volume_tiers.payout(LADDER, Decimal("249999.99"), mode)
    assert (
        just_below
        == {TierMode.ALL_UNITS: Decimal("4999.9998"), TierMode.MARGINAL: Decimal("2999.9998")}[mode]
    )
    assert volume_tiers.payout(LADDER, Decimal(99_999), mode) == 0
    assert volume_tiers.payout([], Decimal(99_999), mode) == 0


volumes = st.decimals(0, 10**6, places=2)
ladders = st.lists(
    st.tuples(st.decimals(0, 10**5, places=0), st.decimals(0, 1, places=3)),
    min_size=1, max_size=5, unique_by=lambda tier: tier[0],
)  # fmt: skip


@given(ladders, volumes, st.decimals("0.01", 10**5, places=2))
def test_slices_of_a_further_volume_lie_in_their_tiers_and_fill_it(tiers, before, more):
    found = volume_tiers.shares_of(tiers, before, more)

    covered = max(before + more - max(before, min(tier[0] for tier in tiers)), Decimal(0))
    assert abs(sum(part * more for _tier, part in found) - covered) < Decimal("1e-12")
    assert all(0 < part <= 1 for _tier, part in found)


@given(ladders, volumes, volumes)
def test_marginal_tiers_give_the_same_whether_bought_at_once_or_in_two_parts(tiers, first, second):
    together = volume_tiers.payout(tiers, first + second, TierMode.MARGINAL)
    if not second:
        return
    later = sum(
        (second * part * tier[1] for tier, part in volume_tiers.shares_of(tiers, first, second)), Decimal(0)
    )
    assert abs(volume_tiers.payout(tiers, first, TierMode.MARGINAL) + later - together) <= Decimal("0.0001")
