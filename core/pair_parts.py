"""What each pair of account and product adds to price, volume and mix.

`core.price_volume_mix` has the rule; the same, written for one product, divides by quantities and volumes in double
precision and is rounded at once to whole thousandths of the store's unit, so that sums of it are exact, whatever the
order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.packed_sums import Wholes
from core.pair_sales import SHIFT_FINE, Doubles, Sold, rounded, summed

SQL_FINE = 1_000  # more would overflow 64 bits with large amounts


@dataclass(frozen=True)
class Contributions:
    """What each pair adds, mix being the rest of `compared`; zeros for pairs that were not sold in both windows."""

    compared: Wholes  # price, volume, mix and currency together
    currency: Wholes  # in thousandths
    price: Wholes  # in thousandths
    volume: Wholes  # in thousandths

    def only(self, which: Any) -> Contributions:
        return Contributions(
            self.compared[which], self.currency[which], self.price[which], self.volume[which]
        )


def crossed(both: Sold) -> tuple[Wholes, Wholes]:
    """Quantities of then at the prices of now, and the other way round, in thousandths, of pairs sold in both."""
    q_then, q_now, then, now = _at_one_rate(both)
    return _fine(q_then * now / q_now), _fine(q_now * then / q_then)


def _at_one_rate(both: Sold) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Quantities of both windows, and their net amounts at the mean of their rates."""
    then, now = (
        side.net.astype(np.float64) + shift.astype(np.float64) / float(SHIFT_FINE)
        for side, shift in ((both.then, both.shift_then), (both.now, both.shift_now))
    )
    return both.then.quantity.astype(np.float64), both.now.quantity.astype(np.float64), then, now


def _fine(amount: Doubles) -> Wholes:
    return rounded(amount * float(SQL_FINE))


def _volumes(both: Sold) -> list[Wholes]:
    """What each pair's account bought of all products of its unit, then and now."""
    keys, volumes = summed((both.account, both.unit), (both.then.quantity, both.now.quantity))
    width = 1 + int(max(keys[1].max(initial=0), 0))
    places = np.searchsorted(keys[0] * width + keys[1], both.account * width + both.unit)
    return [volume[places] for volume in volumes]


def contributions(sold: Sold) -> Contributions:
    """What every pair adds."""
    which = sold.in_both
    both = sold.only(which)
    before, after = (volume.astype(np.float64) for volume in _volumes(both))
    q_then, q_now, then, now = _at_one_rate(both)
    at_new, at_old = q_then * now / q_now, q_now * then / q_then
    repriced, undone = at_new - then, now - at_old
    # Sums of two are the same in either order, so that swapped windows give the same numbers with other signs.
    price = (2.0 * (repriced + undone) + (before / after * undone + after / before * repriced)) / 6.0
    volume = (
        (after - before) * (2.0 * (then / before + now / after) + (at_new / before + at_old / after)) / 6.0
    )
    found = []
    for amounts in (
        both.now.net - both.then.net, both.shift_then - both.shift_now, _fine(price), _fine(volume),
    ):  # fmt: skip
        column = np.zeros_like(sold.account)
        column[which] = amounts
        found.append(column)
    return Contributions(*found)
