"""Volume tiers: what a ladder of shares gives on what was bought in a period (kpis.md 8): rules on plain values.

*All units*: the share of the tier that was reached, on everything. *Marginal*: each slice at the share of its own tier.
Volumes are in one unit throughout: money, or base units.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.money import ZERO, round_money
from core.vocabulary import TierMode

Tier = tuple[Decimal, Decimal]  # from which volume on, and which share


def payout(tiers: Sequence[Tier], volume: Decimal, mode: TierMode) -> Decimal:
    """What the tiers give on a period's volume, in its unit; a tier is reached at its own threshold."""
    ladder = sorted(tiers)
    if mode is TierMode.ALL_UNITS:
        reached = [share for threshold, share in ladder if volume >= threshold]
        return round_money(volume * reached[-1]) if reached else ZERO
    slices = shares_of(ladder, ZERO, volume)
    return round_money(sum((volume * part * tier[1] for tier, part in slices), ZERO))


def shares_of(tiers: Sequence[Tier], before: Decimal, more: Decimal) -> list[tuple[Tier, Decimal]]:
    """Which part (0 to 1) of a further volume falls into each tier, after `before`; tiers without any are left out."""
    ladder = sorted(tiers)
    found = []
    for place, tier in enumerate(ladder):
        ends = ladder[place + 1][0] if place + 1 < len(ladder) else None
        first = max(before, tier[0])
        last = before + more if ends is None else min(before + more, ends)
        if last > first:
            found.append((tier, (last - first) / more))
    return found
