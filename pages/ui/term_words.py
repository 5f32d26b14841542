"""What a term is called on its pages: for whom, for what, how much, when, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.language import _
from core.term_calendar import Event, Phase
from core.term_diffs import Kind
from core.terms import KIND_WORDS, TermRow
from core.vocabulary import TermDate, TermKind, TierBasis, TierMode, TierPeriod
from pages.ui import formats, xray_parts
from pages.ui.approval_words import Names

COLOURS = {
    Phase.IN_FORCE: "green",
    Phase.COMING: "blue",
    Phase.ENDED: "gray",
    Phase.DRAFT: "gray",
    Phase.SUBMITTED: "orange",
    Phase.REJECTED: "red",
}


@dataclass(frozen=True)
class Words:
    """Names of codes and the currency: what every sentence about a term needs."""

    names: Names
    currency: str

    def kind(self, row: TermRow) -> str:
        return _("exception, special price") if row.is_exception else _(KIND_WORDS[row.kind])

    def goods(self, row: TermRow) -> str:
        return self.names.goods(row)

    def whom(self, row: TermRow) -> str:
        return self.names.whom(row)

    def value(self, row: TermRow) -> str:
        return xray_parts.value(row, self.currency)

    def title(self, row: TermRow) -> str:
        """`T17 special price on Tea`."""
        return _("{name} {kind} on {goods}").format(name=row.name, kind=self.kind(row), goods=self.goods(row))


def days(row: TermRow) -> str:
    """`1 Jan 2026 – 30 Jun 2026`; without an end `from 1 Jan 2026`."""
    return span(row.valid_from, row.last_day)


def span(first: date, last: date | None) -> str:
    if last is None:
        return _("from {day}").format(day=formats.day(first))
    return f"{formats.day(first)} – {formats.day(last)}"


def phases() -> dict[Phase, str]:
    return {
        Phase.IN_FORCE: _("in force"),
        Phase.COMING: _("coming"),
        Phase.ENDED: _("ended"),
        Phase.DRAFT: _("draft"),
        Phase.SUBMITTED: _("waits for approval"),
        Phase.REJECTED: _("rejected"),
    }


def events() -> dict[Event, str]:
    return {Event.STARTS: _("starts"), Event.ENDS: _("ends"), Event.CHANGES: _("changes")}


def differences() -> dict[Kind, str]:
    return {Kind.ADDED: _("added"), Kind.ENDED: _("ended"), Kind.CHANGED: _("changed")}


def badge(phase: Phase) -> str:
    """Where it stands, in its colour."""
    return f":{COLOURS[phase]}-badge[{phases()[phase]}]"


def kinds() -> dict[TermKind, str]:
    """Every kind with a capital, in the order in which they are asked for."""
    return {kind: _(word).capitalize() for kind, word in KIND_WORDS.items()}


def governing() -> dict[TermDate, str]:
    return {
        TermDate.ORDER: _("day of the order"),
        TermDate.DELIVERY: _("day of delivery"),
        TermDate.INVOICE: _("day of the invoice"),
    }


def bases() -> dict[TierBasis, str]:
    return {TierBasis.PERIOD_REVENUE: _("net revenue"), TierBasis.PERIOD_QUANTITY: _("units")}


def periods() -> dict[TierPeriod, str]:
    return {
        TierPeriod.MONTH: _("a month"),
        TierPeriod.QUARTER: _("a quarter"),
        TierPeriod.YEAR: _("a year"),
    }


def modes() -> dict[TierMode, str]:
    return {
        TierMode.ALL_UNITS: _("on everything bought in the period"),
        TierMode.MARGINAL: _("on what is bought beyond it"),
    }
