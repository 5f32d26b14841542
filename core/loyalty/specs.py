"""What a programme says: how points are earned, which tiers there are, when points lapse, and what they buy.

A specification is kept as a plain document, so that versions can be compared (`spec_documents` reads and checks it).
Figures in a document are text, as in every JSON of the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from core.loyalty_vocabulary import (
    DowngradePolicy,
    EarningBasis,
    LotExpiry,
    PointRounding,
    QualifyingBasis,
    TierFactor,
    TierWindow,
)

_ONE = Decimal(1)


@dataclass(frozen=True)
class Multiplier:
    """A factor for a product or a category, always or on the days of a campaign; without either for everything."""

    factor: Decimal
    product: str | None = None  # code
    category: str | None = None  # name
    name: str = ""  # of a campaign
    first_on: date | None = None
    last_on: date | None = None

    @property
    def is_campaign(self) -> bool:
        return self.first_on is not None


@dataclass(frozen=True)
class Benefits:
    """What a tier gives beside points."""

    discount_rate: Decimal = Decimal(0)  # an extra discount that the price engine reads
    service_level: str = ""
    rebate_rate: Decimal = Decimal(0)  # a further step of the rebate
    free_freight: bool = False
    marketing_amount: Decimal = Decimal(0)  # marketing money a year, base currency


@dataclass(frozen=True)
class TierSpec:
    """A loyalty tier, reached with so many qualifying points, or money where the programme counts revenue."""

    name: str
    threshold: Decimal
    factor: Decimal = _ONE  # points earned are multiplied with it
    benefits: Benefits = field(default_factory=Benefits)


@dataclass(frozen=True)
class Reward:
    name: str
    points: Decimal
    cost: Decimal  # what it costs us, base currency


@dataclass(frozen=True)
class Spec:
    """A specification, checked; `document` writes it down again."""

    basis: EarningBasis = EarningBasis.REVENUE
    points_per: Decimal = _ONE  # for one unit of currency, or one base unit
    rounding: PointRounding = PointRounding.DOWN
    round_to: Decimal = _ONE
    multipliers: tuple[Multiplier, ...] = ()
    campaigns: tuple[Multiplier, ...] = ()
    qualifying: QualifyingBasis = QualifyingBasis.POINTS
    pending_days: int = 0  # until earned points can be spent
    window: TierWindow = TierWindow.CALENDAR_YEAR
    tier_factor: TierFactor = TierFactor.BEFORE
    grace_days: int = 0
    downgrade: DowngradePolicy = DowngradePolicy.TO_EARNED
    tiers: tuple[TierSpec, ...] = ()  # the lowest first
    expiry: LotExpiry = LotExpiry.NEVER
    expiry_months: int = 24
    rewards: tuple[Reward, ...] = ()
    bonuses: Mapping[str, Decimal] = field(default_factory=dict)  # `referral` → points
    point_cost: Decimal = Decimal("0.01")  # what one point costs us when it is redeemed
    redemption_rate: Decimal = Decimal("0.85")  # share of issued points that will be redeemed in the end
    adjust_limit: Decimal = Decimal(1000)  # points that somebody may give or take without approval

    def tier(self, name: str | None) -> TierSpec | None:
        """The tier of this name; None for who has none, or where the programme knows no such tier."""
        return next((tier for tier in self.tiers if tier.name == name), None)

    def document(self) -> dict[str, Any]:
        """The specification as it is kept, exported and read by `loyalty replay`."""
        return {
            "earning": {
                "basis": self.basis.value,
                "points_per": _text(self.points_per),
                "rounding": self.rounding.value,
                "round_to": _text(self.round_to),
                "multipliers": [_multiplier_document(one) for one in self.multipliers],
                "campaigns": [_multiplier_document(one) for one in self.campaigns],
                "pending_days": self.pending_days,
            },
            "tiers": {
                "qualifying": self.qualifying.value,
                "window": self.window.value,
                "factor": self.tier_factor.value,
                "grace_days": self.grace_days,
                "downgrade": self.downgrade.value,
                "steps": [_tier_document(tier) for tier in self.tiers],
            },
            "expiry": {"kind": self.expiry.value, "months": self.expiry_months},
            "rewards": [
                {"name": one.name, "points": _text(one.points), "cost": _text(one.cost)}
                for one in self.rewards
            ],
            "bonuses": {name: _text(points) for name, points in sorted(self.bonuses.items())},
            "point_cost": _text(self.point_cost),
            "redemption_rate": _text(self.redemption_rate),
            "adjust_limit": _text(self.adjust_limit),
        }


def _text(value: Decimal) -> str:
    return f"{value.normalize() + 0:f}"


def _multiplier_document(one: Multiplier) -> dict[str, Any]:
    said = {
        "name": one.name, "product": one.product, "category": one.category, "factor": _text(one.factor),
        "first_on": one.first_on and one.first_on.isoformat(), "last_on": one.last_on and one.last_on.isoformat(),
    }  # fmt: skip
    return {name: value for name, value in said.items() if value not in (None, "")}


def _tier_document(tier: TierSpec) -> dict[str, Any]:
    given = tier.benefits
    return {
        "name": tier.name,
        "threshold": _text(tier.threshold),
        "factor": _text(tier.factor),
        "benefits": {
            "discount_rate": _text(given.discount_rate),
            "service_level": given.service_level,
            "rebate_rate": _text(given.rebate_rate),
            "free_freight": given.free_freight,
            "marketing_amount": _text(given.marketing_amount),
        },
    }
