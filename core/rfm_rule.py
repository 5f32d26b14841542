"""Recency, frequency, monetary value: the company's thresholds, and the score that follows from them.

Thresholds of business, not quintiles: a fifth of few large accounts says nothing (datahubpro.co.uk, glossary, RFM).
Own rhythm is days since the last order ÷ the account's median days between order days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from core.language import _
from core.money import ratio

STEPS = 4  # four thresholds make five scores


class Rhythm(StrEnum):
    """How the days since the last order compare with the account's own usual gap."""

    ON = "on_rhythm"
    AMBER = "amber"
    RED = "red"
    UNKNOWN = "rhythm_unknown"  # fewer than three order days


@dataclass(frozen=True)
class RfmRule:
    """Four thresholds each, from the score 5 downwards; what reaches none scores 1."""

    days: tuple[Decimal, ...] = tuple(map(Decimal, (30, 60, 90, 180)))  # at most so many since the last order
    orders: tuple[Decimal, ...] = tuple(map(Decimal, (24, 12, 6, 3)))  # at least so many in the window
    amount: tuple[Decimal, ...] = tuple(map(Decimal, (1_000_000, 250_000, 100_000, 25_000)))  # base currency
    by_margin: bool = False  # whether the amount is margin, for who may see cost; net revenue otherwise

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> RfmRule:
        """The rule that settings by their names make."""
        return cls(**{key.removeprefix("rfm_"): values[key] for key in KEYS})

    def recency(self, days: int) -> int:
        return 5 - sum(days > most for most in self.days)

    def frequency(self, orders: int) -> int:
        return 1 + sum(orders >= least for least in self.orders)

    def monetary(self, amount: Decimal) -> int:
        return 1 + sum(amount >= least for least in self.amount)


LISTS = ("rfm_days", "rfm_orders", "rfm_amount")
KEYS = (*LISTS, "rfm_by_margin")


@dataclass(frozen=True)
class Scored:
    """One account: what was counted, and its three scores from 1 to 5."""

    account_id: int
    days: int  # since the last order, to the last day of the window
    orders: int  # in the window
    amount: Decimal  # in the window
    usual_gap_days: Decimal | None
    recency: int
    frequency: int
    monetary: int
    rhythm: Rhythm
    lines: int = 0

    @property
    def cell(self) -> int:
        """`543`: recency, frequency, monetary."""
        return 100 * self.recency + 10 * self.frequency + self.monetary

    @property
    def beat(self) -> Decimal | None:
        """Days since the last order ÷ the usual gap; None where no gap is known."""
        return ratio(Decimal(self.days), self.usual_gap_days)


def rhythm(days: int, usual_gap_days: Decimal | None, amber: Decimal, red: Decimal) -> Rhythm:
    """Beyond amber or red times the usual gap, both taken as “more than”."""
    beat = ratio(Decimal(days), usual_gap_days)
    if beat is None:
        return Rhythm.UNKNOWN
    return Rhythm.RED if beat > red else Rhythm.AMBER if beat > amber else Rhythm.ON


def read(text: str) -> tuple[Decimal, ...]:
    """`30, 60, 90, 180` as numbers; empty where it cannot be read, which `problems` refuses."""
    try:
        found = tuple(Decimal(piece.strip().replace("_", "x")) for piece in text.replace(";", ",").split(","))
    except InvalidOperation:
        return ()
    return found if all(number.is_finite() for number in found) else ()


def written(thresholds: Sequence[Decimal]) -> str:
    return ", ".join(f"{number.normalize():f}" for number in thresholds)


def typed(key: str, value: Any) -> Any:
    """A stored value as the rule has it; what cannot be read counts as undecided."""
    if key == "rfm_by_margin":
        return bool(value)
    try:
        return tuple(Decimal(one) for one in value)
    except (InvalidOperation, TypeError, ValueError):
        return getattr(RfmRule(), key.removeprefix("rfm_"))


def problems(rule: RfmRule) -> dict[str, str]:
    """What is wrong, by the name of the setting."""
    found = {}
    rises, falls = _("rising"), _("falling")
    for key, example, order in (
        ("days", "30, 60, 90, 180", rises), ("orders", "24, 12, 6, 3", falls),
        ("amount", "1000000, 250000, 100000, 25000", falls),
    ):  # fmt: skip
        numbers = getattr(rule, key)
        ordered = sorted(set(numbers), reverse=order is falls)
        if len(numbers) != STEPS or list(numbers) != ordered or min(numbers) < 0:
            sentence = _("Give four {order} numbers with commas between them, such as {example}.")
            found[f"rfm_{key}"] = sentence.format(order=order, example=example)
    return found
