"""What Today says of competitors: a claim that nobody confirmed for long, and a contract that ends."""

from __future__ import annotations

from core.attention import Item, Kind
from core.language import _, ngettext
from core.money import ZERO
from pages.ui import formats

_LONGEST = 90


def sentence(item: Item) -> str:
    """The reason in words."""
    if item.kind is Kind.CLAIM:
        said = item.said if len(item.said) <= _LONGEST else f"{item.said[: _LONGEST - 1]}…"
        return _("Confirm this claim about {competitor}: “{text}”").format(competitor=item.who, text=said)
    text = ngettext(
        "The contract of {competitor} ends in {count} day", "The contract of {competitor} ends in {count} days",
        item.days,
    )  # fmt: skip
    said = text.format(competitor=item.who, count=formats.number(item.days))
    return f"{said} ({item.said})" if item.said else said


def formula(item: Item, currency: str) -> str:
    """How old it is, or what the amount is made of."""
    if item.kind is Kind.CLAIM:
        old = _("observed or confirmed on {day}, more than a half-life ago").format(day=formats.day(item.on))
        if item.count > 1:
            more = ngettext("{count} claim to confirm here", "{count} claims to confirm here", item.count)
            return f"{old}; {more.format(count=item.count)}"
        return old
    day = formats.day(item.on)
    if item.base > ZERO and item.amount is not None:
        return _("wallet {wallet} × their share {share}; their contract ends on {day}").format(
            wallet=formats.compact(item.base, currency), share=formats.percent(item.share, places=0), day=day
        )
    return _("their contract ends on {day}; what they sell there is not known").format(day=day)
