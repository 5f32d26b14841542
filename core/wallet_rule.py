"""Share of wallet: three ways to estimate what an account spends in a year with anybody, on plain values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.money import ZERO, ratio, round_money


def allocation(rank: int, suppliers: int) -> Decimal:
    """The share of the supplier of this rank among those that the account uses.

    (1 − rank ÷ (n + 1)) × 2 ÷ n: Keiningham, Aksoy, Williams and Buoye, The Wallet Allocation Rule (2015).
    """
    return (1 - Decimal(rank) / (suppliers + 1)) * 2 / suppliers


@dataclass(frozen=True)
class Range:
    """A year's spend as estimated, from the least to the most that it may be; amounts in the base currency."""

    amount: Decimal
    low: Decimal
    high: Decimal

    @classmethod
    def around(cls, amount: Decimal, low: Decimal | None, high: Decimal | None) -> Range:
        return cls(amount, amount if low is None else low, amount if high is None else high)

    def share(self, sales: Decimal) -> Decimal | None:
        """Our sales ÷ wallet; None with a wallet of nothing."""
        return ratio(sales, self.amount)

    def shares(self, sales: Decimal) -> tuple[Decimal | None, Decimal | None]:
        """The least and the greatest share that the range allows."""
        return ratio(sales, self.high), ratio(sales, self.low)

    def whitespace(self, sales: Decimal) -> Decimal:
        """What the account buys from others: wallet − our sales, never below zero."""
        return max(self.amount - sales, ZERO)

    def is_below(self, sales: Decimal) -> bool:
        """Whether we sell more than the account is said to spend: then the estimate is wrong."""
        return self.amount < sales


def modelled(count: Decimal, per_unit: Decimal, low: Decimal | None, high: Decimal | None) -> Range:
    """Size driver × spend per unit of it."""
    return Range.around(round_money(count * per_unit), low, high)


def allocated(rank: int, suppliers: int, sales: Decimal) -> Range | None:
    """The wallet in which our sales are the share of our rank; None without sales, which no rank can scale."""
    if sales <= 0:
        return None
    amount = round_money(sales / allocation(rank, suppliers))
    return Range(amount, amount, amount)
