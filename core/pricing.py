"""The price of one unit from the terms that were granted: a pure rule, the same for every caller.

The order is fixed and nothing changes it. Terms are looked at from the most specific to the least: for whom comes
first (account, group, segment, and last of all a loyalty tier), then for what (product, category, everything), then
the kind (special price, promotion, quantity tier, discount). The first that holds decides:

- A special price is terminal: nothing else is taken off it.
- Of the quantity tiers of one scope only the highest `min_quantity` reached counts; special prices, promotions and
  discounts with a minimum quantity likewise.
- A discount that stacks lets later ones that stack apply too, each to what the ones before it left
  (10% and 5% make 14.5%); any other is the only one.
- What would take the price below a floor does not apply, but for an exception, which comes before other special
  prices of its scope.

After the invoice, and off what it says: of volume tiers, prompt payment and freight the most specific that holds, one
of each kind, adds to what is given; the pocket price is what is left. Payment terms are found likewise.

Every step is rounded half up to ten-thousandths, as an invoice would, so that the layers add up to the net price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import NamedTuple

from core import volume_tiers
from core.money import ZERO, round_money
from core.periods import holds
from core.vocabulary import TermDate, TermKind, TierBasis, TierMode

# Where the order of resolution changes, so does this number: a price that was kept says which one made it.
ENGINE_VERSION = 3

_WHOLE = Decimal(1)  # part of a line


class ForWhom(IntEnum):
    """The less the number, the more specific."""

    ACCOUNT = 0
    GROUP = 1
    SEGMENT = 2
    PROGRAMME = 3  # what a loyalty tier gives beside the terms


class ForWhat(IntEnum):
    """The less the number, the more specific."""

    PRODUCT = 0
    CATEGORY = 1
    EVERYTHING = 2


class LostReason(StrEnum):
    """Why a candidate did not win, in the words of the command line."""

    WRONG_DATE = "wrong date"
    NOT_APPROVED = "not approved"
    QUANTITY = "quantity"
    SCOPE_BEATEN = "scope beaten"
    BELOW_FLOOR = "below floor"
    UNIT_UNKNOWN = "unit unknown"


_BY_KIND = {
    TermKind.SPECIAL_PRICE: 0,
    TermKind.PROMOTION: 1,
    TermKind.QUANTITY_TIER: 2,
    TermKind.DISCOUNT: 3,
    TermKind.VOLUME_TIER: 4,
    TermKind.PROMPT_PAYMENT: 5,
    TermKind.FREIGHT: 6,
    TermKind.PAYMENT_TERMS: 7,
}


@dataclass(frozen=True)
class Offer:
    """A term whose scope covers the account and the product."""

    number: int
    kind: TermKind
    for_whom: ForWhom
    for_what: ForWhat
    value: Decimal  # special price and freight: money a base unit; payment terms: days; otherwise a share
    min_quantity: Decimal  # base units of the line; of a volume tier: what its period must reach
    valid_from: date
    valid_to: date | None  # exclusive
    is_approved: bool
    stacks: bool
    governed_by: TermDate = TermDate.ORDER
    basis: TierBasis = TierBasis.LINE
    mode: TierMode | None = None
    counts: bool = True  # False: the product has no such unit as the term counts in
    is_exception: bool = False  # the floor does not refuse it
    label: str = ""  # of what is no term

    @property
    def name(self) -> str:
        """How people and the command line call it."""
        return self.label or f"T{self.number}"

    @cached_property
    def rank(self) -> tuple[int, int, int, bool, Decimal, int]:
        """The most specific first; of one scope and kind exceptions, then the highest minimum quantity first."""
        return (*self.place, -self.min_quantity, self.number)

    @cached_property
    def place(self) -> tuple[int, int, int, bool]:
        """Its scope and kind: one offer of each at most decides."""
        return (self.for_whom, self.for_what, _BY_KIND[self.kind], not self.is_exception)

    @cached_property
    def is_after_invoice(self) -> bool:
        return self.kind.is_after_invoice


class Days(NamedTuple):
    """The days of an order line that terms go by; what is not known yet counts as the day of the order."""

    order: date
    delivery: date | None = None
    invoice: date | None = None

    def governing(self, offer: Offer) -> date:
        """The day that decides whether this term holds."""
        if offer.governed_by is TermDate.ORDER:
            return self.order
        late = self.delivery if offer.governed_by is TermDate.DELIVERY else self.invoice
        return late or self.order


class Layer(NamedTuple):
    """What one term takes off the price of one unit; unknown where there is no list price to take it off."""

    offer: Offer
    amount: Decimal | None
    is_below_floor: bool = False  # an exception that the floor would have refused


class Loser(NamedTuple):
    """A candidate that did not win, and why."""

    offer: Offer
    reason: LostReason


class Price(NamedTuple):
    """The price of one base unit, every layer of it, and the trace."""

    list_price: Decimal | None
    net_price: Decimal | None
    layers: tuple[Layer, ...] = ()  # from list to net price
    lost: tuple[Loser, ...] = ()
    after: tuple[Layer, ...] = ()  # from net to pocket price
    payment: Offer | None = None  # the payment terms

    @property
    def won(self) -> tuple[Offer, ...]:
        payment = () if self.payment is None else (self.payment,)
        return (*(layer.offer for layer in self.layers), *(layer.offer for layer in self.after), *payment)

    @property
    def pocket_price(self) -> Decimal | None:
        """What stays of the net price once everything given after the invoice is paid; None where it is unknown."""
        given = [layer.amount for layer in self.after if layer.amount is not None]
        if self.net_price is None or len(given) < len(self.after):
            return None
        return self.net_price - sum(given, ZERO)


def ordered(offers: Iterable[Offer]) -> list[Offer]:
    """In the order in which they are looked at."""
    return sorted(offers, key=lambda offer: offer.rank)


def price(
    list_price: Decimal | None,
    offers: Sequence[Offer],
    *,
    quantity: Decimal,
    days: Days,
    floor: Decimal | None = None,
    volumes: Mapping[int, Decimal] | None = None,
) -> Price:
    """The price for a quantity on some days; `offers` in the order of `ordered`.

    Without a list price only a special price gives a price. `floor` is the least net price of a unit. `volumes` says
    how much was bought before in the period of a volume tier, by its number: money or base units, as it counts.
    """
    found = invoice_price(list_price, offers, quantity=quantity, days=days, floor=floor)
    later = settled(offers, quantity=quantity, days=days)
    tiers = reached(found.net_price, offers, quantity=quantity, days=days, volumes=volumes or {})
    return pocketed(found, later, tiers)


def invoice_price(
    list_price: Decimal | None,
    offers: Sequence[Offer],
    *,
    quantity: Decimal,
    days: Days,
    floor: Decimal | None = None,
) -> Price:
    """From list to net price: what the invoice says."""
    net = list_price
    layers: list[Layer] = []
    lost: list[Loser] = []
    decided: set[tuple[int, int, int, bool]] = set()  # scopes and kinds whose highest quantity won
    for offer in offers:
        if offer.is_after_invoice:
            continue
        reason = _out_of_reach(offer, quantity, days.governing(offer))
        if reason is None and offer.place in decided:
            reason = LostReason.QUANTITY
        if reason is None and not _goes_with(layers, offer):
            reason = LostReason.SCOPE_BEATEN
        after, below = net, False
        if reason is None:
            after = _after(net, offer)
            below = floor is not None and after is not None and after < floor
            if below and not offer.is_exception:
                reason = LostReason.BELOW_FLOOR
        if reason is not None:
            lost.append(Loser(offer, reason))
            continue
        decided.add(offer.place)
        layers.append(Layer(offer, None if net is None or after is None else net - after, below))
        net = after
    return Price(list_price, net, tuple(layers), tuple(lost))


def relisted(found: Price, list_price: Decimal | None, floor: Decimal | None) -> Price | None:
    """The same terms on another list price; None where the floor refuses one of them, so that others may win."""
    net = list_price
    layers = []
    for layer in found.layers:
        after = _after(net, layer.offer)
        below = floor is not None and after is not None and after < floor
        if below and not layer.offer.is_exception:
            return None
        layers.append(Layer(layer.offer, None if net is None or after is None else net - after, below))
        net = after
    return Price(list_price, net, tuple(layers), found.lost)


@dataclass(frozen=True)
class Settled:
    """What is given after the invoice whatever it amounts to: all but volume tiers."""

    given: tuple[Offer, ...] = ()
    payment: Offer | None = None
    lost: tuple[Loser, ...] = ()


def settled(offers: Sequence[Offer], *, quantity: Decimal, days: Days) -> Settled:
    """Of prompt payment, freight and payment terms the most specific that holds, one of each kind."""
    won: dict[TermKind, Offer] = {}
    lost: list[Loser] = []
    for offer in offers:
        if not offer.is_after_invoice or offer.kind is TermKind.VOLUME_TIER:
            continue
        reason = _out_of_reach(offer, quantity, days.governing(offer))
        if reason is None and offer.kind in won:
            same = won[offer.kind].place == offer.place
            reason = LostReason.QUANTITY if same else LostReason.SCOPE_BEATEN
        if reason is None:
            won[offer.kind] = offer
        else:
            lost.append(Loser(offer, reason))
    payment = won.pop(TermKind.PAYMENT_TERMS, None)
    return Settled(tuple(won.values()), payment, tuple(lost))


class Reached(NamedTuple):
    """The volume tiers that give something, each with the part of the line it gives it on."""

    parts: tuple[tuple[Offer, Decimal], ...] = ()
    lost: tuple[Loser, ...] = ()


def pocketed(found: Price, later: Settled, tiers: Reached) -> Price:
    """The same price with what is given after the invoice."""
    net = found.net_price
    after = [Layer(offer, _given(offer, net, part)) for offer, part in tiers.parts]
    after += [Layer(offer, _given(offer, net, _WHOLE)) for offer in later.given]
    lost = (*found.lost, *tiers.lost, *later.lost)
    return Price(found.list_price, net, found.layers, lost, tuple(after), later.payment)


def reached(
    net: Decimal | None,
    offers: Sequence[Offer],
    *,
    quantity: Decimal,
    days: Days,
    volumes: Mapping[int, Decimal],
) -> Reached:
    """The volume tiers of the most specific scope that is reached, and why the others give nothing."""
    held: list[Offer] = []
    lost: list[Loser] = []
    money = None if net is None else net * quantity
    for offer in offers:
        if offer.kind is not TermKind.VOLUME_TIER:
            continue
        more = money if offer.basis is TierBasis.PERIOD_REVENUE else quantity
        volume = None if more is None else volumes.get(offer.number, ZERO) + more
        reason = _out_of_reach(offer, volume, days.governing(offer))
        if reason is None and held and offer.place != held[0].place:
            reason = LostReason.SCOPE_BEATEN
        if reason is None:
            held.append(offer)
        else:
            lost.append(Loser(offer, reason))
    if not held:
        return Reached((), tuple(lost))
    parts = _parts(held, net, quantity, volumes)
    given = {offer.number for offer, _part in parts}
    lost.extend(Loser(offer, LostReason.QUANTITY) for offer in held if offer.number not in given)
    return Reached(tuple(parts), tuple(lost))


def _parts(
    held: Sequence[Offer], net: Decimal | None, quantity: Decimal, volumes: Mapping[int, Decimal]
) -> list[tuple[Offer, Decimal]]:
    """The offers of one scope that give something, each with the part of the line it gives it on."""
    highest = held[0]
    more = quantity if highest.basis is TierBasis.PERIOD_QUANTITY or net is None else net * quantity
    if highest.mode is not TierMode.MARGINAL or not more:
        return [(highest, _WHOLE)]
    by_tier = {(offer.min_quantity, offer.value): offer for offer in held}
    slices = volume_tiers.shares_of(list(by_tier), volumes.get(highest.number, ZERO), more)
    return [(by_tier[tier], part) for tier, part in reversed(slices)]


def _given(offer: Offer, net: Decimal | None, part: Decimal) -> Decimal | None:
    if offer.kind is TermKind.FREIGHT:
        return offer.value
    return None if net is None else round_money(net * offer.value * part)


def _out_of_reach(offer: Offer, reached: Decimal | None, on: date) -> LostReason | None:
    if not holds(offer.valid_from, offer.valid_to, on):
        return LostReason.WRONG_DATE
    if not offer.is_approved:
        return LostReason.NOT_APPROVED
    if not offer.counts:
        return LostReason.UNIT_UNKNOWN
    return LostReason.QUANTITY if reached is None or reached < offer.min_quantity else None


def _goes_with(layers: Sequence[Layer], offer: Offer) -> bool:
    """Whether it may apply beside what won already: only discounts, and only where all say that they stack."""
    if not layers:
        return True
    if offer.kind is TermKind.SPECIAL_PRICE or not offer.stacks:
        return False
    return all(one.offer.stacks and one.offer.kind is not TermKind.SPECIAL_PRICE for one in layers)


def _after(net: Decimal | None, offer: Offer) -> Decimal | None:
    if offer.kind is TermKind.SPECIAL_PRICE:
        return offer.value
    return None if net is None else net - round_money(net * offer.value)


def next_cheaper_quantity(
    list_price: Decimal | None,
    offers: Sequence[Offer],
    *,
    quantity: Decimal,
    days: Days,
    floor: Decimal | None = None,
) -> tuple[Decimal, Decimal] | None:
    """The next minimum quantity whose whole order costs less than this one, and what it costs; None without any."""
    now = price(list_price, offers, quantity=quantity, days=days, floor=floor).net_price
    if now is None or quantity <= ZERO:
        return None
    steps = sorted({offer.min_quantity for offer in offers if offer.min_quantity > quantity})
    for step in steps:
        found = price(list_price, offers, quantity=step, days=days, floor=floor).net_price
        if found is not None and round_money(found * step) < round_money(now * quantity):
            return step, round_money(found * step)
    return None
