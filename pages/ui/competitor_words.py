"""What is known of competitors in words: topics, sides, sources, grades, states and how a claim reads."""

from __future__ import annotations

from core.claim_rules import ClaimState
from core.competitor_claims import ClaimRow
from core.language import _, ngettext
from core.price_gaps import PriceGap
from core.vocabulary import (
    ClaimTopic,
    ContestOutcome,
    ContestReason,
    ObjectionKind,
    ObjectionOutcome,
    Reliability,
    SourceKind,
    Swot,
)
from pages.ui import formats

_COLORS = {
    ClaimState.LIVE: "green", ClaimState.TO_CONFIRM: "orange", ClaimState.STALE: "gray", ClaimState.REFUTED: "red",
}  # fmt: skip


def topics() -> dict[ClaimTopic, str]:
    return {
        ClaimTopic.PRICE: _("Price"),
        ClaimTopic.TERMS: _("Terms"),
        ClaimTopic.PRODUCT: _("Product"),
        ClaimTopic.PEOPLE: _("People"),
        ClaimTopic.LOGISTICS: _("Logistics"),
        ClaimTopic.FINANCE: _("Finance"),
        ClaimTopic.LEGAL: _("Legal"),
        ClaimTopic.GOAL: _("Goal"),
    }


def sides() -> dict[Swot, str]:
    return {
        Swot.STRENGTH: _("Their strength"),
        Swot.WEAKNESS: _("Their weakness"),
        Swot.OPPORTUNITY: _("Opportunity for us"),
        Swot.THREAT: _("Threat to us"),
    }


def sources() -> dict[SourceKind, str]:
    """The kinds of source that may be used; the competitor itself is none."""
    return {
        SourceKind.BUYER: _("Buyer"),
        SourceKind.USER: _("User at the account"),
        SourceKind.OWN_STAFF: _("Own staff"),
        SourceKind.DISTRIBUTOR: _("Distributor"),
        SourceKind.MARKET: _("Market: shelf, catalogue, tender"),
        SourceKind.PRESS: _("Press"),
        SourceKind.EVENT: _("Event"),
        SourceKind.OTHER: _("Other"),
    }


def reliabilities() -> dict[Reliability, str]:
    return {
        Reliability.A: _("A · completely reliable"),
        Reliability.B: _("B · usually reliable"),
        Reliability.C: _("C · fairly reliable"),
        Reliability.D: _("D · not usually reliable"),
        Reliability.E: _("E · unreliable"),
        Reliability.F: _("F · cannot be judged"),
    }


def credibilities() -> dict[int, str]:
    return {
        1: _("1 · confirmed by others"),
        2: _("2 · probably true"),
        3: _("3 · possibly true"),
        4: _("4 · doubtful"),
        5: _("5 · improbable"),
        6: _("6 · cannot be judged"),
    }


def states() -> dict[ClaimState, str]:
    return {
        ClaimState.LIVE: _("live"),
        ClaimState.TO_CONFIRM: _("to confirm"),
        ClaimState.STALE: _("stale"),
        ClaimState.REFUTED: _("refuted"),
    }


def objection_kinds() -> dict[ObjectionKind, str]:
    return {
        ObjectionKind.PRICE: _("Price"),
        ObjectionKind.TERMS: _("Terms"),
        ObjectionKind.QUALITY: _("Quality"),
        ObjectionKind.DELIVERY: _("Delivery"),
        ObjectionKind.RANGE: _("Range"),
        ObjectionKind.SERVICE: _("Service"),
        ObjectionKind.RELATION: _("Relationship"),
        ObjectionKind.OTHER: _("Other"),
    }


def objection_outcomes() -> dict[ObjectionOutcome, str]:
    return {
        ObjectionOutcome.OPEN: _("Still open"),
        ObjectionOutcome.WON: _("The answer won"),
        ObjectionOutcome.LOST: _("The answer lost"),
    }


def contest_outcomes() -> dict[ContestOutcome, str]:
    return {ContestOutcome.WON: _("Won"), ContestOutcome.LOST: _("Lost to them")}


def reasons() -> dict[ContestReason, str]:
    return {
        ContestReason.PRICE: _("Price"),
        ContestReason.TERMS: _("Terms"),
        ContestReason.QUALITY: _("Quality"),
        ContestReason.DELIVERY: _("Delivery"),
        ContestReason.RANGE: _("Range"),
        ContestReason.SERVICE: _("Service"),
        ContestReason.RELATION: _("Relationship"),
        ContestReason.BRAND: _("Brand"),
        ContestReason.OTHER: _("Other"),
    }


def badges(row: ClaimRow) -> str:
    """State and label of a claim as coloured marks."""
    marks = [f":{_COLORS[row.state]}-badge[{states()[row.state]}]"]
    if row.draft.is_confidential:
        label = _("confidential")
        marks.append(f":violet-badge[:material/lock: {label}]")
    return " ".join(marks)


def age(row: ClaimRow) -> str:
    """How long ago it was observed or confirmed."""
    days = row.standing.age_days
    if days == 0:
        return _("today")
    return ngettext("{count} day ago", "{count} days ago", days).format(count=formats.number(days))


def value(row: ClaimRow, currency: str) -> str:
    """The price in figures, where the claim has one."""
    said = row.draft
    if said.price_gap is not None:
        return _("{gap} against our price").format(gap=formats.percent(said.price_gap, places=1, signed=True))
    if said.price is not None:
        amount = formats.price(said.price, currency)
        return f"{amount} / {row.unit}" if row.unit else amount
    return ""


def facts(row: ClaimRow, currency: str, *, with_account: bool = True, with_competitor: bool = True) -> str:
    """What stands below the statement: where, about what, how sure, how old, from whom."""
    said = row.draft
    parts = [
        row.competitor if with_competitor else "",
        (row.account or _("market")) if with_account else "",
        topics()[said.topic],
        row.scope or "",
        value(row, currency),
        row.grade,
        age(row),
        sources().get(said.source_kind, said.source_kind.value) + (f": {said.source}" if said.source else ""),
        _("until {day}").format(day=formats.day(said.last_on)) if said.last_on else "",
        row.author,
    ]
    return " · ".join(part for part in parts if part)


def beside_ours(gap: PriceGap, currency: str) -> str:
    """What a price claim means beside our price, and the loss of volume at which matching becomes better."""
    parts = []
    if gap.ours is not None and gap.theirs is not None:
        ours, theirs = formats.price(gap.ours, currency), formats.price(gap.theirs, currency)
        parts.append(_("theirs {theirs}, ours {ours}").format(theirs=theirs, ours=ours))
    if gap.break_even is not None:
        share = formats.percent(gap.break_even, places=1)
        parts.append(
            _("match only if not matching would lose more than {share} of volume").format(share=share)
        )
    return "".join(f" · {part}" for part in parts)
