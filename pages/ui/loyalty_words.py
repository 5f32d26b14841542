"""Loyalty in words: what tiers give, what is missing and by when, and what entries of the ledger were for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from core.language import N_, _, ngettext
from core.loyalty.boards import Reach
from core.loyalty.specs import TierSpec
from core.loyalty.statements import EntryRow
from core.vocabulary import (
    DowngradePolicy,
    EarningBasis,
    EntryKind,
    LotExpiry,
    PointRounding,
    ProgrammeStatus,
    QualifyingBasis,
    TierFactor,
    TierSource,
    TierWindow,
)
from pages.ui import formats

STATUSES = {
    ProgrammeStatus.DRAFT: N_("draft"),
    ProgrammeStatus.APPROVED: N_("approved"),
    ProgrammeStatus.LIVE: N_("live"),
    ProgrammeStatus.CLOSED: N_("closed"),
}
KINDS = {
    EntryKind.EARN: N_("earned"),
    EntryKind.REDEEM: N_("redeemed"),
    EntryKind.EXPIRE: N_("expired"),
    EntryKind.ADJUST: N_("adjusted"),
    EntryKind.REVERSE: N_("taken back"),
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


def tier(name: str | None) -> str:
    """The tier's name, or that there is none."""
    return name or _("no tier")


def points(value: Decimal | None, *, signed: bool = False) -> str:
    """Points without decimals that are not there."""
    if value is None:
        return formats.UNKNOWN
    if value == value.to_integral_value():
        return formats.number(value, signed=signed)
    return ("+" if signed and value > 0 else "") + formats.quantity(value)


def held(name: str | None, source: TierSource | None) -> str:
    """`Gold`, and where it was given, that it was."""
    return _("{tier} (granted)").format(tier=name) if source is TierSource.GRANTED else tier(name)


def gained(goal: TierSpec, other: TierSpec, currency: str) -> list[str]:
    """What a tier gives more than another, thing by thing."""
    return list(_gained(goal, other, currency))


def _gained(goal: TierSpec, other: TierSpec, currency: str) -> Iterator[str]:
    more, less = goal.benefits, other.benefits
    if more.discount_rate > less.discount_rate:
        yield _("{share} extra discount").format(share=formats.percent(more.discount_rate, places=2))
    if more.rebate_rate > less.rebate_rate:
        yield _("{share} more rebate").format(share=formats.percent(more.rebate_rate, places=2))
    if goal.factor > other.factor:
        yield _("{factor} times the points").format(factor=formats.quantity(goal.factor))
    if more.free_freight and not less.free_freight:
        yield _("free freight")
    if more.marketing_amount > less.marketing_amount:
        yield _("{amount} marketing money a year").format(
            amount=formats.money(more.marketing_amount, currency, places=0)
        )
    if more.service_level and more.service_level != less.service_level:
        yield more.service_level


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


def about(row: EntryRow) -> str:
    """What an entry of the ledger is for, in words."""
    reason = row.reason
    known = {
        "order": _("Order {number}"),
        "return": _("Return {number}"),
        "bonus": _("Bonus"),
        "redeem": _("Reward"),
        "adjust": _("Adjustment"),
        "request": _("Adjustment, approved"),
        "lapse": _("Points lapsed"),
        "pool": _("Moved into the group's pool"),
        "import": _("By file"),
    }
    text = known.get(row.what, known["import"]).format(number=row.about.partition(":")[0])
    if row.is_correction:
        text = _("Correction: {what}").format(what=text)
    return f"{text} · {reason}" if reason and not row.generated else text
