"""Loyalty in words, on screen and on paper: tiers and what they give, points, and what entries are for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from core import formats
from core.language import N_, _
from core.loyalty.specs import TierSpec
from core.loyalty.statements import EntryRow
from core.loyalty_vocabulary import EntryKind, TierSource

KINDS = {
    EntryKind.EARN: N_("earned"),
    EntryKind.REDEEM: N_("redeemed"),
    EntryKind.EXPIRE: N_("expired"),
    EntryKind.ADJUST: N_("adjusted"),
    EntryKind.REVERSE: N_("taken back"),
}


def tier(name: str | None) -> str:
    """The tier's name, or that there is none."""
    return name or _("no tier")


def held(name: str | None, source: TierSource | None) -> str:
    """`Gold`, and where it was given, that it was."""
    return _("{tier} (granted)").format(tier=name) if source is TierSource.GRANTED else tier(name)


def points(value: Decimal | None, *, signed: bool = False) -> str:
    """Points without decimals that are not there."""
    if value is None:
        return formats.UNKNOWN
    if value == value.to_integral_value():
        return formats.number(value, signed=signed)
    return ("+" if signed and value > 0 else "") + formats.quantity(value)


def gained(goal: TierSpec, other: TierSpec, currency: str) -> list[str]:
    """What a tier gives more than another, thing by thing."""
    return list(_gained(goal, other, currency))


def _gained(goal: TierSpec, other: TierSpec, currency: str) -> Iterator[str]:
    more, less = goal.benefits, other.benefits
    if more.discount_rate > less.discount_rate:
        yield _("{share} extra discount").format(share=_share(more.discount_rate))
    if more.rebate_rate > less.rebate_rate:
        yield _("{share} more rebate").format(share=_share(more.rebate_rate))
    if goal.factor > other.factor:
        yield _("{factor} times the points").format(factor=formats.quantity(goal.factor))
    if more.free_freight and not less.free_freight:
        yield _("free freight")
    if more.marketing_amount > less.marketing_amount:
        amount = formats.money(more.marketing_amount, currency, places=0)
        yield _("{amount} marketing money a year").format(amount=amount)
    if more.service_level and more.service_level != less.service_level:
        yield more.service_level


def _share(value: Decimal) -> str:
    """One decimal, two where it has them."""
    return formats.percent(value, places=1 if value * 1000 == (value * 1000).to_integral_value() else 2)


def about(row: EntryRow) -> str:
    """What an entry of the ledger is for."""
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
    return f"{text} · {row.reason}" if row.reason and not row.generated else text
