"""How far a competitor claim is to be believed, by its age and its grades: rules on plain values.

Freshness halves with every half-life of the topic since the claim was observed or last confirmed. Up to one half-life a
claim is live, up to two it is to be confirmed, then it is stale; one that holds until a day is stale after it. A claim
that was refuted stays so until it is confirmed again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

from core.language import _
from core.money import ZERO, ratio, round_ratio
from core.vocabulary import ClaimTopic, Reliability, SourceKind

_PREFIX = "claim_days_"

# Days after which half of a claim's worth is gone, until somebody decides otherwise.
HALF_LIVES: dict[ClaimTopic, int] = {
    ClaimTopic.PRICE: 60,
    ClaimTopic.TERMS: 90,
    ClaimTopic.LOGISTICS: 120,
    ClaimTopic.PRODUCT: 180,
    ClaimTopic.FINANCE: 180,
    ClaimTopic.PEOPLE: 365,
    ClaimTopic.LEGAL: 365,
    ClaimTopic.GOAL: 365,
}
KEYS = tuple(f"{_PREFIX}{topic.value}" for topic in ClaimTopic)
_LONGEST = 3650

# What a grade is worth. What cannot be judged counts half: neither believed nor dismissed.
_OF_SOURCE = {
    Reliability.A: Decimal(1), Reliability.B: Decimal("0.8"), Reliability.C: Decimal("0.6"),
    Reliability.D: Decimal("0.4"), Reliability.E: Decimal("0.2"), Reliability.F: Decimal("0.5"),
}  # fmt: skip
_OF_CONTENT = {
    1: Decimal(1), 2: Decimal("0.8"), 3: Decimal("0.6"), 4: Decimal("0.4"), 5: Decimal("0.2"), 6: Decimal("0.5"),
}  # fmt: skip
CREDIBILITIES = tuple(_OF_CONTENT)


class ClaimState(StrEnum):
    """What may be made of a claim on a day."""

    LIVE = "live"
    TO_CONFIRM = "to_confirm"
    STALE = "stale"
    REFUTED = "refuted"


@dataclass(frozen=True)
class HalfLives:
    """Days by topic, as the settings have them."""

    days: Mapping[ClaimTopic, int]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> HalfLives:
        return cls({topic: values[f"{_PREFIX}{topic.value}"] for topic in ClaimTopic})

    def __getitem__(self, topic: ClaimTopic) -> int:
        return self.days[topic]


@dataclass(frozen=True)
class Standing:
    """One claim on one day."""

    state: ClaimState
    freshness: Decimal  # 1 on the day it was observed or confirmed, halved with every half-life
    strength: Decimal  # what its grades are worth, from 0 to 1
    age_days: int  # since it was observed or confirmed

    @property
    def weight(self) -> Decimal:
        """Freshness × strength: how much it counts."""
        return ZERO if self.state is ClaimState.REFUTED else self.freshness * self.strength

    @property
    def is_usable(self) -> bool:
        """Whether it may be said with its age beside it; only a live one is said as a fact."""
        return self.state in (ClaimState.LIVE, ClaimState.TO_CONFIRM)


def typed(key: str, value: Any) -> int:
    """A stored half-life; what cannot be read counts as undecided."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return HALF_LIVES[ClaimTopic(key.removeprefix(_PREFIX))]


def problems(half_lives: HalfLives) -> dict[str, str]:
    """What is wrong, by the name of the setting."""
    text = _("Give a number of days from 1 to {most}.").format(most=_LONGEST)
    return {
        f"{_PREFIX}{topic.value}": text
        for topic, days in half_lives.days.items()
        if not 1 <= days <= _LONGEST
    }


@lru_cache(maxsize=8192)  # thousands of claims have few different ages
def freshness(age_days: int, half_life: int) -> Decimal:
    """What is left after so many days: ½ to the power of age ÷ half-life."""
    if age_days <= 0:
        return Decimal(1)
    return round_ratio(Decimal("0.5") ** (Decimal(age_days) / half_life))


@cache
def strength(reliability: Reliability, credibility: int) -> Decimal:
    """What the grades of source and content are worth together."""
    return _OF_SOURCE[reliability] * _OF_CONTENT[credibility]


def standing(
    day: date,
    *,
    half_life: int,
    observed_on: date,
    confirmed_on: date | None = None,
    refuted_on: date | None = None,
    valid_to: date | None = None,
    reliability: Reliability = Reliability.F,
    credibility: int = 6,
) -> Standing:
    """How a claim stands on a day; what happened later than that day is not known yet."""
    known = [one for one in (observed_on, confirmed_on) if one is not None and one <= day]
    renewed = max(known, default=observed_on)
    age = max((day - renewed).days, 0)
    left = freshness(age, half_life)
    is_refuted = refuted_on is not None and renewed <= refuted_on <= day
    if is_refuted:
        state = ClaimState.REFUTED
    elif (valid_to is not None and day >= valid_to) or age > 2 * half_life:
        state = ClaimState.STALE
    elif age > half_life:
        state = ClaimState.TO_CONFIRM
    else:
        state = ClaimState.LIVE
    return Standing(state, left, strength(reliability, credibility), age)


def turns(half_life: int, renewed_on: date, valid_to: date | None) -> tuple[date, date]:
    """The first days on which a claim is to be confirmed, and stale."""
    confirm = renewed_on + timedelta(days=half_life + 1)
    stale = renewed_on + timedelta(days=2 * half_life + 1)
    if valid_to is not None:
        confirm, stale = min(confirm, valid_to), min(stale, valid_to)
    return confirm, stale


# Who speaks for a company when our own people, or people at a fair, hear it.
_INSIDERS = frozenset(
    {
        "sales", "salesman", "saleswoman", "salesperson", "rep", "representative", "staff", "employee", "manager",
        "director", "ceo", "owner", "executive",
        "wakil", "jualan", "jurujual", "pengurus", "pengarah", "pekerja", "kakitangan", "pemilik", "eksekutif",
    }
)  # fmt: skip
_AT_FIRST_HAND = frozenset((SourceKind.OWN_STAFF, SourceKind.EVENT, SourceKind.OTHER))
_PUBLIC = frozenset((SourceKind.PRESS, SourceKind.MARKET))


def fold(text: str) -> str:
    """Words as they are compared: without accents, case and anything that is no letter or digit."""
    flat = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", flat.casefold()))


def is_from_competitor(kind: SourceKind, source: str, names: Iterable[str]) -> bool:
    """Whether the source of a claim is the competitor itself, so that competition law forbids to use it.

    What it published (press, market) is everybody's; what a buyer passes on is the buyer's word.
    """
    if kind is SourceKind.COMPETITOR:
        return True
    if kind in _PUBLIC:
        return False
    said = f" {fold(source)} "
    for name in filter(None, map(fold, names)):
        if said.strip() == name:
            return True
        if kind in _AT_FIRST_HAND and f" {name} " in said:
            rest = said.replace(f" {name} ", " ").split()
            if _INSIDERS.intersection(rest):
                return True
    return False


def break_even_loss(price_cut: Decimal, margin_rate: Decimal | None) -> Decimal | None:
    """The share of volume that may be lost before not matching a competitor's cut becomes worse than matching it.

    ΔP ÷ CM, both as shares of our price (Nagle). None where the margin is unknown or nothing, or where nothing is cut.
    A result of 1 or more: matching would cost more than all that the business earns.
    """
    if margin_rate is None or margin_rate <= 0 or price_cut <= 0:
        return None
    return ratio(price_cut, margin_rate)


def break_even_gain(price_change: Decimal, margin_rate: Decimal | None) -> Decimal | None:
    """The change of volume that pays for a change of our price: −ΔP ÷ (CM + ΔP); None: no volume can pay for it."""
    if margin_rate is None or margin_rate + price_change <= 0:
        return None
    return -price_change / (margin_rate + price_change)
