"""How much depends on a few accounts: shares of the largest, HHI, Gini."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.money import ZERO, ratio


@dataclass(frozen=True)
class Concentration:
    """Over accounts with positive net revenue, the largest first."""

    amounts: tuple[Decimal, ...]

    @classmethod
    def of(cls, amounts: Iterable[Decimal]) -> Concentration:
        return cls(tuple(sorted((amount for amount in amounts if amount > 0), reverse=True)))

    @property
    def total(self) -> Decimal:
        return sum(self.amounts, ZERO)

    def top(self, count: int) -> Decimal:
        """What the largest `count` accounts bring together."""
        return sum(self.amounts[:count], ZERO)

    def top_share(self, count: int) -> Decimal | None:
        return ratio(self.top(count), self.total)

    @property
    def hhi(self) -> Decimal | None:
        """Herfindahl-Hirschman index from 0 (spread thin) to 10,000 (one account)."""
        squares = sum((amount * amount for amount in self.amounts), ZERO)
        share = ratio(squares, self.total * self.total)
        return None if share is None else share * 10_000

    @property
    def effective_accounts(self) -> Decimal | None:
        """As many accounts of one size would be as concentrated."""
        return ratio(Decimal(10_000), self.hhi)

    @property
    def gini(self) -> Decimal | None:
        """0: all accounts alike; near 1: one brings nearly everything."""
        count = len(self.amounts)
        ranked = sum((rank * amount for rank, amount in enumerate(reversed(self.amounts), start=1)), ZERO)
        weighted = ratio(2 * ranked, count * self.total)
        return None if weighted is None else weighted - Decimal(count + 1) / count
