"""Loyalty in words on screen: the choices of a programme, what is missing by when, and the sentence to the customer."""

from __future__ import annotations

from core.language import N_, _, ngettext
from core.loyalty.boards import Reach
from core.loyalty.words import KINDS, about, gained, held, points, tier
from core.loyalty_vocabulary import (
    DowngradePolicy,
    EarningBasis,
    LotExpiry,
    PointRounding,
    ProgrammeStatus,
    QualifyingBasis,
    TierFactor,
    TierWindow,
)
from pages.ui import formats

__all__ = [
    "BASES", "DOWNGRADES", "EXPIRIES", "FACTORS", "KINDS", "QUALIFYING", "ROUNDINGS", "STATUSES", "WINDOWS", "about",
    "gained", "held", "missing", "points", "tier", "to_customer",
]  # fmt: skip

STATUSES = {
    ProgrammeStatus.DRAFT: N_("draft"),
    ProgrammeStatus.APPROVED: N_("approved"),
    ProgrammeStatus.LIVE: N_("live"),
    ProgrammeStatus.CLOSED: N_("closed"),
}
BASES = {EarningBasis.REVENUE: N_("Net revenue"), EarningBasis.QUANTITY: N_("Base units")}
ROUNDINGS = {
    PointRounding.DOWN: N_("Down"),
    PointRounding.HALF_UP: N_("Half up"),
    PointRounding.UP: N_("Up"),
}
QUALIFYING = {
    QualifyingBasis.POINTS: N_("Points before factors"),
    QualifyingBasis.REVENUE: N_("Net revenue"),
}
WINDOWS = {
    TierWindow.CALENDAR_YEAR: N_("Calendar year"),
    TierWindow.TRAILING_YEAR: N_("Trailing twelve months"),
    TierWindow.ANNIVERSARY: N_("Year since joining"),
}
FACTORS = {
    TierFactor.BEFORE: N_("The tier held before the order"),
    TierFactor.AFTER: N_("The tier that the order leads to"),
}
DOWNGRADES = {
    DowngradePolicy.NEVER: N_("Never falls"),
    DowngradePolicy.ONE_STEP: N_("One step at a time"),
    DowngradePolicy.TO_EARNED: N_("To the tier that was earned"),
}
EXPIRIES = {
    LotExpiry.NEVER: N_("Never"),
    LotExpiry.MONTHS: N_("So many months after they were earned"),
    LotExpiry.END_OF_MONTH: N_("At the end of the month then"),
    LotExpiry.END_OF_YEAR: N_("At the end of the year then"),
    LotExpiry.INACTIVITY: N_("After so many months without an order or a redemption"),
}


def missing(reach: Reach, currency: str) -> str:
    """What is missing, in orders where that can be said."""
    if reach.missing_money is not None:
        return _("{amount} more in orders").format(
            amount=formats.money(reach.missing_money, currency, places=0)
        )
    return ngettext("{count} more point", "{count} more points", int(reach.missing)).format(
        count=points(reach.missing)
    )


def to_customer(reach: Reach, currency: str) -> str:
    """The sentence to tell the customer, who is addressed."""
    values = {
        "missing": missing(reach, currency),
        "day": formats.day(reach.by),
        "tier": reach.goal.name,
        "other": tier(reach.other.name),
        "given": ", ".join(gained(reach.goal, reach.other, currency)) or _("nothing more"),
    }
    if reach.is_drop:
        text = _("With {missing} by {day} you keep {tier}; otherwise it becomes {other}. At stake: {given}.")
    elif reach.by is None:
        text = _("With {missing} you reach {tier}: {given}.")
    else:
        text = _("With {missing} by {day} you reach {tier}: {given}.")
    said = text.format(**values)
    if reach.worth:
        worth = formats.money(reach.worth, currency, places=0)
        said += " " + _("On last year's purchases that is worth about {amount} a year to you.").format(
            amount=worth
        )
    return said
