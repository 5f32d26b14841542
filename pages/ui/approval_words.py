"""What a submitted term is called and what it says, for those who decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core import accounts, db, products
from core.auth import Actor
from core.authority import Measure
from core.language import _
from core.terms import KIND_WORDS, TermRow
from core.vocabulary import DecisionOutcome
from pages.ui import answers, formats, xray_parts


@dataclass(frozen=True)
class Names:
    """What codes stand for."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    products: Mapping[str, str] = field(default_factory=dict)

    def whom(self, row: TermRow) -> str:
        if row.account is not None:
            return self.accounts.get(row.account, row.account)
        if row.group is not None:
            return _("all of the group {name}").format(name=row.group)
        return _("all of the segment {name}").format(name=row.segment or "")

    def goods(self, row: TermRow) -> str:
        if row.product is not None:
            return self.products.get(row.product, row.product)
        return row.category or _("everything")


def names(actor: Actor) -> Names:
    """The names of the accounts and products that the actor sees."""
    with db.read() as session:
        ask = answers.asker(session, actor)
        people = {row.code: row.name for row in ask(accounts.search)}
        return Names(people, {row.code: row.name for row in ask(products.search)})


def term(row: TermRow, currency: str) -> str:
    """`special price RM 42.60 from 1 Dec 2026 until 31 Dec 2026`."""
    kind = _("exception, special price") if row.is_exception else _(KIND_WORDS[row.kind])
    text = _("{kind} {value} from {day}").format(
        kind=kind, value=xray_parts.value(row, currency), day=formats.day(row.valid_from)
    )
    if row.last_day is None:
        return text
    return _("{term} until {day}").format(term=text, day=formats.day(row.last_day))


def measures() -> dict[Measure, str]:
    return {
        Measure.DISCOUNT: _("Total discount"),
        Measure.MARGIN: _("Margin rate"),
        Measure.CONTRACT: _("Discount money a year"),
    }


def meanings() -> dict[Measure, str]:
    """The definition that stands beside each number."""
    return {
        Measure.DISCOUNT: _("1 − net price ÷ list price, the greatest of any product"),
        Measure.MARGIN: _("(net price − unit cost) ÷ net price, the least of any product"),
        Measure.CONTRACT: _("on what was bought in 12 months"),
    }


def outcomes() -> dict[DecisionOutcome, str]:
    return {
        DecisionOutcome.APPROVED: _("approved"),
        DecisionOutcome.REJECTED: _("rejected"),
        DecisionOutcome.WITHDRAWN: _("taken back"),
        DecisionOutcome.GRANTED: _("granted within own authority"),
    }
