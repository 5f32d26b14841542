"""What became of the revenue of the accounts that bought in an earlier window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.money import ZERO, ratio


@dataclass(frozen=True)
class Retention:
    """Over accounts with positive net revenue then; accounts won since do not count."""

    opening: Decimal  # their revenue then
    kept: Decimal  # their revenue now, no account counted above its opening or below zero
    closing: Decimal  # their revenue now as it is: growth included, a negative now as a negative
    accounts_base: int
    accounts_kept: int  # of these, those with positive revenue now

    @classmethod
    def between(cls, then: Mapping[Any, Decimal], now: Mapping[Any, Decimal]) -> Retention:
        base = {account: amount for account, amount in then.items() if amount > 0}
        return cls(
            opening=sum(base.values(), ZERO),
            kept=sum((min(was, max(now.get(account, ZERO), ZERO)) for account, was in base.items()), ZERO),
            closing=sum((now.get(account, ZERO) for account in base), ZERO),
            accounts_base=len(base),
            accounts_kept=sum(now.get(account, ZERO) > 0 for account in base),
        )

    @property
    def gross(self) -> Decimal | None:
        """Gross revenue retention, never above 1."""
        return ratio(self.kept, self.opening)

    @property
    def net(self) -> Decimal | None:
        """Net revenue retention."""
        return ratio(self.closing, self.opening)

    @property
    def logo(self) -> Decimal | None:
        """The share of accounts that still buy."""
        return ratio(Decimal(self.accounts_kept), Decimal(self.accounts_base))
