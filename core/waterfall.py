"""The price waterfall: from list price over what the invoice takes off, and what is given later, to the margin.

List × quantity = gross revenue → on-invoice layers → invoice price → off-invoice layers → pocket price → cost → pocket
margin (Marn and Rosiello, Managing Price, Gaining Profit, HBR 1992, for the idea; percentages that follow each other
multiply). A further layer is one function in `_ON_INVOICE` or `_OFF_INVOICE`. Where no term and no lump sum gives
anything after the invoice, or who asks may not read terms, the pocket price is not known beyond the invoice: it is
None, never the invoice price under another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from core import after_invoice, auth, lump_sums, revenue
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import N_
from core.money import ZERO, ratio
from core.periods import Period
from core.revenue import Measures
from core.vocabulary import Permission, TermKind

POCKET_UNKNOWN = N_("Not known beyond the invoice: no term and no lump sum gives anything after it here.")
LEAKAGE_UNKNOWN = N_(
    "Discount leakage is what was given beyond what the terms grant; an account's page names it line by line."
)


@dataclass(frozen=True)
class Layer:
    """What one kind of term took off; the name is translated where it is shown."""

    name: str
    amount: Decimal  # above zero takes off


@dataclass(frozen=True)
class Waterfall:
    """Exact steps in money; None is what is not known."""

    gross: Decimal  # at list price
    on_invoice: tuple[Layer, ...]
    off_invoice: tuple[Layer, ...] | None  # none: nothing of the kind is recorded
    cost: Decimal | None = None  # none: unknown, or not to be seen by who asks
    uncovered: Decimal = ZERO  # invoiced on lines whose cost is unknown: no margin is known of it
    lines: int = 0

    @property
    def discount(self) -> Decimal:
        return sum((layer.amount for layer in self.on_invoice), ZERO)

    @property
    def invoice(self) -> Decimal:
        return self.gross - self.discount

    @property
    def pocket(self) -> Decimal | None:
        if self.off_invoice is None:
            return None
        return self.invoice - sum((layer.amount for layer in self.off_invoice), ZERO)

    @property
    def before_cost(self) -> Decimal:
        """The lowest price that is known: pocket, else invoice."""
        return self.invoice if self.pocket is None else self.pocket

    @property
    def margin(self) -> Decimal | None:
        """What is left over the lines whose cost is known; pocket margin where the pocket price is known."""
        return None if self.cost is None else self.before_cost - self.uncovered - self.cost

    @property
    def margin_rate(self) -> Decimal | None:
        """Of the price before cost of the same lines."""
        return ratio(self.margin, self.before_cost - self.uncovered)

    @property
    def realisation(self) -> Decimal | None:
        """Invoice ÷ list."""
        return ratio(self.invoice, self.gross)


def stacked(amount: Decimal, rates: Iterable[tuple[str, Decimal]]) -> tuple[Layer, ...]:
    """Layers of percentages that follow each other: each is taken of what the ones before have left."""
    layers = []
    for name, rate in rates:
        layers.append(Layer(name, amount * rate))
        amount -= amount * rate
    return tuple(layers)


Source = Callable[[Session, Actor, Period, AccountFilter, Measures], Sequence[Layer]]


def _discount(
    _session: Session, _actor: Actor, _period: Period, _accounts: AccountFilter, sums: Measures
) -> Sequence[Layer]:
    return (Layer(N_("On-invoice discount"), sums.discount),)


def _terms(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, _sums: Measures
) -> Sequence[Layer]:
    found = after_invoice.given(session, actor, period, accounts)
    return [Layer(_AFTER[kind], amount) for kind, amount in (found or {}).items() if amount]


def _lump_sums(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, _sums: Measures
) -> Sequence[Layer]:
    found = lump_sums.accrual(session, actor, period, accounts)
    return () if found is None else (Layer(N_("Lump sums"), sum(found.values(), ZERO)),)


_AFTER = {
    TermKind.VOLUME_TIER: N_("Volume tiers"),
    TermKind.PROMPT_PAYMENT: N_("Prompt payment"),
    TermKind.FREIGHT: N_("Freight"),
}
_ON_INVOICE: tuple[Source, ...] = (_discount,)
_OFF_INVOICE: tuple[Source, ...] = (_terms, _lump_sums)


def of(
    session: Session,
    actor: Actor,
    period: Period,
    base: Period | None = None,
    accounts: AccountFilter = ALL_ACCOUNTS,
) -> tuple[Waterfall, Waterfall]:
    """The waterfall of the period and of the base window (default: twelve months earlier)."""
    auth.require(actor, Permission.REVENUE_READ)
    windows = (period, base or period.shifted(-12))
    now, then = (_of(session, actor, window, accounts) for window in windows)
    return now, then


def _of(session: Session, actor: Actor, period: Period, accounts: AccountFilter) -> Waterfall:
    sums = revenue.totals(session, actor, period, accounts)
    asked = (session, actor, period, accounts, sums)
    after = _OFF_INVOICE if actor.may(Permission.TERM_READ) else ()
    return Waterfall(
        gross=sums.gross,
        on_invoice=tuple(layer for source in _ON_INVOICE for layer in source(*asked)),
        off_invoice=tuple(layer for source in after for layer in source(*asked)) or None,
        cost=sums.cost if sums.covered_lines else None,
        uncovered=sums.net - sums.covered_net,
        lines=sums.lines,
    )
