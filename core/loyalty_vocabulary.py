"""The enumerations of loyalty; values are what the store, specifications and the command line show."""

from __future__ import annotations

from enum import StrEnum


class ProgrammeStatus(StrEnum):
    """How far a version of a loyalty programme has come; live and closed ones make points on their days."""

    DRAFT = "draft"
    APPROVED = "approved"
    LIVE = "live"
    CLOSED = "closed"


class EntryKind(StrEnum):
    """What an entry of the loyalty ledger does; each adds its points, with their sign, to the balance."""

    EARN = "earn"
    REDEEM = "redeem"
    EXPIRE = "expire"
    ADJUST = "adjust"
    REVERSE = "reverse"


class EarningBasis(StrEnum):
    """What earns points: net revenue or base units."""

    REVENUE = "revenue"
    QUANTITY = "quantity"


class QualifyingBasis(StrEnum):
    """What counts for the tier: points before multipliers, or net revenue."""

    POINTS = "points"
    REVENUE = "revenue"


class PointRounding(StrEnum):
    """How an order's points are rounded to whole steps."""

    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"


class TierFactor(StrEnum):
    """Which tier's factor an order earns with: the one held before that day, or the one it leads to."""

    BEFORE = "before"
    AFTER = "after"


class TierWindow(StrEnum):
    """The days whose qualifying points count for the tier."""

    CALENDAR_YEAR = "calendar_year"
    TRAILING_YEAR = "trailing_year"
    ANNIVERSARY = "anniversary"


class DowngradePolicy(StrEnum):
    """What happens to who no longer qualifies."""

    NEVER = "never"
    ONE_STEP = "one_step"
    TO_EARNED = "to_earned"


class LotExpiry(StrEnum):
    """When points that were earned together lapse."""

    NEVER = "never"
    MONTHS = "months"
    END_OF_MONTH = "end_of_month"
    END_OF_YEAR = "end_of_year"
    INACTIVITY = "inactivity"


class TierSource(StrEnum):
    """Why a loyalty tier is held."""

    EARNED = "earned"
    GRANTED = "granted"


class RequestOutcome(StrEnum):
    """How a request to adjust points beyond the limit ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
