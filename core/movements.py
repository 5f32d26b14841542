"""How much of a change of revenue recorded causes explain: the rule, on plain values.

Two windows are compared. A cause is in force where its days meet the span from the first day of both windows to the
last, so within either of them or in the gap between. What it says about the change:

- without an amount and of no product or category: all of it;
- without an amount, of some products: the change of these products;
- with an amount, what it did to net revenue: that amount. A passing cause (a one-off order, a delivery failure) that
  was over before the later window began counts with the opposite sign: what came once is missing afterwards.

Where any cause says all, the whole change is explained. Otherwise what they say is summed with its signs, and the
smaller of that sum and the change is explained; nothing where the sum points the other way.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from core.money import ZERO
from core.periods import Period
from core.vocabulary import CauseKind

# These act on their own days only; the others go on until something else happens.
PASSING = frozenset(
    {
        CauseKind.DELIVERY_FAILURE,
        CauseKind.ONE_OFF_ORDER,
        CauseKind.SEASONAL_SHIFT,
        CauseKind.STOCK_BUILD_UP,
        CauseKind.DATA_CORRECTION,
    }
)


def span(period: Period, base: Period) -> Period:
    """From the first day of both windows to the last: what lies between them belongs to it."""
    return Period(min(period.start, base.start), max(period.end, base.end))


def effect(kind: CauseKind, ends_on: date, amount: Decimal, period: Period, base: Period) -> Decimal:
    """What a cause with an amount says about net revenue in the period − in the base window; `ends_on` is exclusive."""
    later = max(period, base)
    was_over = kind in PASSING and ends_on <= later.start
    is_forward = period == later
    return amount if was_over != is_forward else -amount


def explained(change: Decimal, effects: Iterable[Decimal | None]) -> Decimal:
    """How much of |change| the effects explain; None among them explains all of it."""
    total, size = ZERO, abs(change)
    for one in effects:
        if one is None:
            return size
        total += one
    return min(abs(total), size) if total * change > 0 else ZERO
