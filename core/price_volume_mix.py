"""Price, volume and mix: what moved the sales of products that were sold in two windows.

Net revenue of one account and unit family is V × Σ m·p: total volume, the mix of products, their prices. The change is
shared out by the Shapley average: each of the three is changed from then to now in each of the six possible orders,
and what it adds is averaged. The parts add up, do not depend on an order, and turn their signs when the windows swap
(kpis.md 9). In closed form, with S(mix, price) the average price at the mix and the prices of a window:

    volume = (V1 − V0) · (2·S00 + S01 + S10 + 2·S11) ÷ 6
    price  = (2·V0·(S01 − S00) + V0·(S11 − S10) + V1·(S01 − S00) + 2·V1·(S11 − S10)) ÷ 6
    mix    = the same with the places of mix and price exchanged, which is what is left of the change
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

FINE = 1_000_000  # parts are worked out in millionths of what amounts are counted in, and rounded once

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Sums:
    """One account's products of one unit, sold in both windows; whole numbers, all in one scale each.

    The amounts are scaled by FINE, since some are quotients; the volumes are not.
    """

    volume_then: int
    volume_now: int
    then: int  # quantities and prices of then, × FINE
    now: int  # quantities and prices of now, × FINE
    then_at_new_prices: int  # quantities of then at the prices of now, × FINE
    now_at_old_prices: int  # quantities of now at the prices of then, × FINE


@dataclass(frozen=True)
class Parts:
    """What each of the three moved, × FINE."""

    price: int
    volume: int
    mix: int


def parts(sums: Sums) -> Parts:
    """The Shapley average of the six orders; both volumes are above zero."""
    before, after = sums.volume_then, sums.volume_now
    then, now = sums.then, sums.now
    repriced, undone = sums.then_at_new_prices - then, now - sums.now_at_old_prices
    whole = 6 * before * after
    price = 2 * (repriced + undone) * before * after + before * before * undone + after * after * repriced
    volume = (after - before) * (
        (2 * then + sums.then_at_new_prices) * after + (2 * now + sums.now_at_old_prices) * before
    )
    moved_by_price, moved_by_volume = rounded(price, whole), rounded(volume, whole)
    return Parts(moved_by_price, moved_by_volume, now - then - moved_by_price - moved_by_volume)


def rounded(numerator: int, denominator: int) -> int:
    """A quotient as a whole number, half away from zero, so that the sign may turn; the denominator is positive."""
    half_up = (2 * abs(numerator) + denominator) // (2 * denominator)
    return half_up if numerator >= 0 else -half_up


def shared_out(fine: Mapping[Key, int]) -> dict[Key, int]:
    """Fine parts as whole ones that add up to their rounded sum: the largest remainders get what is left.

    Of equal remainders the one with the smaller key comes first, whatever order the parts stand in.
    """
    whole = {key: _cut_off(value) for key, value in fine.items()}
    left = rounded(sum(fine.values()), FINE) - sum(whole.values())
    step = 1 if left > 0 else -1
    if left:
        rest = sorted(fine, key=lambda key: (-step * (fine[key] - whole[key] * FINE), _in_order(key)))
        for key in rest[: abs(left)]:
            whole[key] += step
    return whole


def _cut_off(value: int) -> int:
    return value // FINE if value >= 0 else -(-value // FINE)


def _in_order(key: Hashable) -> str:
    return f"{key:>20}" if isinstance(key, int) else str(key)
