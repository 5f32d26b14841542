"""The price waterfall: from list price over what the invoice takes off, and what is given later, to the margin.

List × quantity = gross revenue → on-invoice layers → invoice price → off-invoice layers → pocket price → cost → pocket
margin (Marn and Rosiello, Managing Price, Gaining Profit, HBR 1992, for the idea; percentages that follow each other
multiply). What the invoice takes off is split by kind of term as long as there are few enough lines to price each; a
further layer after the invoice is one function in `_OFF_INVOICE`. Where no term and no lump sum gives
anything after the invoice, or who asks may not read terms, the pocket price is not known beyond the invoice: it is
None, never the invoice price under another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from core import after_invoice, auth, discount_kinds, lump_sums, parts, revenue
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import N_
from core.money import ZERO, ratio
from core.periods import Period
from core.revenue import Measures
from core.vocabulary import Permission, TermKind

POCKET_UNKNOWN = N_("Not known beyond the invoice: no term and no lump sum gives anything after it here.")
REST = N_("Without a term")
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
    is_split: bool = False  # whether the on-invoice layers are kinds of terms

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


def _kinds(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, sums: Measures
) -> Sequence[Layer]:
    """What each kind of term took off, and the rest; nothing where no term took anything off."""
    found = discount_kinds.explained(session, actor, period, accounts)
    if not found:
        return ()
    layers = [Layer(_ON[kind], amount) for kind, amount in found.items()]
    rest = sums.discount - sum(found.values(), ZERO)
    return [*layers, Layer(REST, rest)] if rest else layers


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


_ON = {
    TermKind.SPECIAL_PRICE: N_("Special prices"),
    TermKind.DISCOUNT: N_("Discounts"),
    TermKind.QUANTITY_TIER: N_("Quantity tiers"),
    TermKind.PROMOTION: N_("Promotions"),
}
_AFTER = {
    TermKind.VOLUME_TIER: N_("Volume tiers"),
    TermKind.PROMPT_PAYMENT: N_("Prompt payment"),
    TermKind.FREIGHT: N_("Freight"),
}
SPLIT_AT_ONCE = 20_000  # lines of a window: both are priced in half a second
_OFF_INVOICE: tuple[Source, ...] = (_terms, _lump_sums)


@parts.of_its_accounts
def of(
    session: Session,
    actor: Actor,
    period: Period,
    base: Period | None = None,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    split_up_to: int = SPLIT_AT_ONCE,
) -> tuple[Waterfall, Waterfall]:
    """The waterfall of the period and of the base window (default: twelve months earlier).

    The on-invoice discount is split by kind of term where neither window has more lines than `split_up_to`.
    """
    auth.require(actor, Permission.REVENUE_READ)
    windows = [
        (window, revenue.totals(session, actor, window, accounts))
        for window in (period, base or period.shifted(-12))
    ]
    split = actor.may(Permission.TERM_READ) and max(sums.lines for _window, sums in windows) <= split_up_to
    now, then = (_of(session, actor, window, accounts, sums, split=split) for window, sums in windows)
    return now, then


def _of(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, sums: Measures, *, split: bool
) -> Waterfall:
    asked = (session, actor, period, accounts, sums)
    after = _OFF_INVOICE if actor.may(Permission.TERM_READ) else ()
    kinds = tuple(_kinds(*asked)) if split else ()
    return Waterfall(
        gross=sums.gross,
        on_invoice=kinds or (Layer(N_("On-invoice discount"), sums.discount),),
        is_split=bool(kinds),
        off_invoice=tuple(layer for source in after for layer in source(*asked)) or None,
        cost=sums.cost if sums.covered_lines else None,
        uncovered=sums.net - sums.covered_net,
        lines=sums.lines,
    )
