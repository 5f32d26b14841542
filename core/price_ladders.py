"""The candidates of many order lines in the order in which they are looked at, and what lines have in common.

Which terms win depends on the account and the goods, on the quantity and the days, but not on the list price, unless
a floor refuses one: so it is found once for all lines that these do not tell apart. What they give is worked out once
for each list price, and volume tiers once for each of their steps that is reached.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from core import bought, price_sources, pricing, terms
from core.bought import Bought, Counted, History
from core.price_sources import Goods, KnownTerm, What
from core.pricing import Days, ForWhat, Offer, Price, Reached, Settled
from core.vocabulary import TermDate, TermKind, TierBasis, TierMode

Histories = Sequence[History]  # one for each thing that the volume tiers of a ladder count


class Listed:
    """The list price and the floor of a product on some days; each is only like itself."""

    __slots__ = ("floor", "price")

    def __init__(self, price: Decimal | None, floor: Decimal | None) -> None:
        self.price, self.floor = price, floor


class Shelf:
    """The terms of one customer by what they are for, the first to be looked at first."""

    def __init__(self, found: Iterable[KnownTerm]) -> None:
        self.by_what: dict[What, list[tuple[KnownTerm, Offer]]] = {}
        for term in found:
            what = price_sources.what_of(terms.scope_of(term))
            self.by_what.setdefault(what, []).append((term, price_sources.offer_of(term, Decimal(1))))
        for kept in self.by_what.values():
            kept.sort(key=lambda one: one[1].rank)
        self.in_units = {
            what for what, kept in self.by_what.items() if any(term.unit_id is not None for term, _ in kept)
        }

    def offers(self, what: What, product_id: int, goods: Goods) -> list[Offer]:
        """The terms for something as they count in the units of a product."""
        kept = self.by_what.get(what, ())
        if what not in self.in_units:
            return [offer for _term, offer in kept]
        return pricing.ordered(
            offer
            if term.unit_id is None
            else price_sources.offer_of(term, goods.held(term.unit_id, product_id))
            for term, offer in kept
        )


class Reach:
    """The terms of an account's customers (itself, its group, its segment), and their ladders found so far.

    `beside`: what holds for all goods and is no term, such as a loyalty tier's extra discount.
    """

    def __init__(
        self, shelves: Sequence[Shelf], goods: Goods, afters: Afters, beside: Sequence[Offer] = ()
    ) -> None:
        self._shelves, self._goods, self._afters, self._beside = shelves, goods, afters, beside
        self._named = {what for shelf in shelves for what in shelf.by_what}
        self._in_units = {what for shelf in shelves for what in shelf.in_units}
        self._ladders: dict[tuple[int | None, int | None], Ladder] = {}

    def ladder(self, product_id: int) -> Ladder:
        """The same one for products that the same terms reach alike."""
        category_id = self._goods.category(product_id)
        key = (
            product_id if self._tells(product_id, category_id) else None,
            category_id if (ForWhat.CATEGORY, category_id) in self._named else None,
        )
        found = self._ladders.get(key)
        if found is None:
            found = self._ladders[key] = self._made(product_id, category_id)
        return found

    def _tells(self, product_id: int, category_id: int | None) -> bool:
        """Whether some term is for this product alone, or counts in a unit that may hold more of another."""
        if (ForWhat.PRODUCT, product_id) in self._named:
            return True
        return bool(self._in_units) and not self._in_units.isdisjoint(_reaching(product_id, category_id))

    def _made(self, product_id: int, category_id: int | None) -> Ladder:
        offers = [
            offer
            for shelf in self._shelves
            for what in _reaching(product_id, category_id)
            for offer in shelf.offers(what, product_id, self._goods)
        ]
        return Ladder([*offers, *self._beside], self._afters.of(offers))


def _reaching(product_id: int, category_id: int | None) -> tuple[What, ...]:
    """What terms that reach a product are for, the most specific first."""
    return (ForWhat.PRODUCT, product_id), (ForWhat.CATEGORY, category_id), (ForWhat.EVERYTHING, None)


class _Turns:
    """Where another quantity or another day may change which of some offers win."""

    def __init__(self, offers: Sequence[Offer]) -> None:
        quantities = {one.min_quantity for one in offers if one.kind is not TermKind.VOLUME_TIER}
        self._quantities = sorted(quantities)
        ends = {one.valid_to for one in offers if one.valid_to is not None}
        self._days = sorted({one.valid_from for one in offers} | ends)
        self._by_order = all(one.governed_by is TermDate.ORDER for one in offers)

    def place(self, quantity: Decimal, days: Days) -> tuple[int, ...]:
        """The same for lines that no quantity and no day of the offers tells apart."""
        step, turns = bisect_right(self._quantities, quantity), self._days
        when = bisect_right(turns, days.order)
        if self._by_order:
            return step, when
        return step, when, *(bisect_right(turns, day or days.order) for day in (days.delivery, days.invoice))


class After:
    """What is given after the invoice to some lines: the same for many accounts whose segment or group has it."""

    def __init__(self, offers: Sequence[Offer], counted: Mapping[int, Counted]) -> None:
        self._offers, self._turns = offers, _Turns(offers)
        self._tiers = [one for one in offers if one.kind is TermKind.VOLUME_TIER]
        together: dict[tuple[Counted, TermDate], list[Offer]] = {}
        for one in self._tiers:
            together.setdefault((counted[one.number], one.governed_by), []).append(one)
        self._counted = [(key[0], tiers) for key, tiers in together.items()]  # with the tiers that count so
        self._thresholds = sorted({one.min_quantity for one in self._tiers})
        self._is_marginal = any(one.mode is TierMode.MARGINAL for one in self._tiers)
        self._found: dict[tuple[int, ...], tuple[Settled, Reached]] = {}
        self._histories: dict[int, Histories] = {}

    def histories(self, read: Bought, account_id: int) -> Histories:
        """What was bought of what the volume tiers count, in the order of `volumes`."""
        found = self._histories.get(account_id)
        if found is None:
            found = [read.history(counted, account_id) for counted, _tiers in self._counted]
            self._histories[account_id] = found
        return found

    def volumes(self, days: Days, histories: Histories) -> dict[int, Decimal]:
        """What was bought before in the period of each volume tier, by its number."""
        return {
            tier.number: history.before(days.governing(tier))
            for (_counted, tiers), history in zip(self._counted, histories, strict=True)
            for tier in tiers
        }

    def pocketed(self, found: Price, quantity: Decimal, days: Days, histories: Histories) -> Price:
        """As `pricing.pocketed`; who wins is looked for once for all lines on the same steps of the volume tiers."""
        net, place = found.net_price, self._turns.place(quantity, days)
        steps = self._steps(net, quantity, days, histories) if self._tiers else ()
        given = None if steps is None else self._found.get(place + steps)
        if given is None:
            volumes = self.volumes(days, histories)
            given = (
                pricing.settled(self._offers, quantity=quantity, days=days),
                pricing.reached(net, self._tiers, quantity=quantity, days=days, volumes=volumes),
            )
            if steps is not None:
                self._found[place + steps] = given
        return pricing.pocketed(found, *given)

    def _steps(
        self, net: Decimal | None, quantity: Decimal, days: Days, histories: Histories
    ) -> tuple[int, ...] | None:
        """How many steps each volume reaches with the line; None where the line itself lies on more than one.

        All thresholds count for each volume, whichever tier they are of: so lines of the same steps get the same.
        """
        if net is None or net <= 0 or quantity <= 0:
            return None
        found = []
        for (counted, tiers), history in zip(self._counted, histories, strict=True):
            before = history.before(days.governing(tiers[0]))
            more = net * quantity if counted.basis is TierBasis.PERIOD_REVENUE else quantity
            step = bisect_right(self._thresholds, before + more)
            if self._is_marginal and step != bisect_right(self._thresholds, before):
                return None
            found.append(step)
        return tuple(found)


class Afters:
    """What is given after the invoice, each combination of terms once."""

    def __init__(self, granted: Iterable[KnownTerm]) -> None:
        self._counted = {
            term.number: bought.counted_by(term) for term in granted if term.kind is TermKind.VOLUME_TIER
        }
        self._found: dict[tuple[int, ...], After] = {}

    def of(self, offers: Sequence[Offer]) -> After | None:
        given = [one for one in offers if one.is_after_invoice]
        if not given:
            return None
        key = tuple([id(one) for one in given])  # they live as long as what is kept under their ids
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = After(given, self._counted)
        return found


class _Winners:
    """Who wins for lines that no quantity step and no day of these terms tells apart, and what it comes to."""

    __slots__ = ("by_list_price", "first")

    def __init__(self, first: Price) -> None:
        self.first = first
        self.by_list_price: dict[Listed, Price] = {}


class Ladder:
    """The candidates of some lines in the order in which they are looked at, and the prices found so far."""

    def __init__(self, offers: list[Offer], after: After | None) -> None:
        self.offers, self.after = offers, after
        self._on = [one for one in offers if not one.is_after_invoice]
        self._turns = _Turns(self._on)
        self._won: dict[tuple[int, ...], _Winners] = {}

    def price(self, listed: Listed, quantity: Decimal, days: Days, histories: Histories) -> Price:
        """As `pricing.price`; what other lines have in common with this one is not worked out again."""
        found = self.invoice_price(listed, quantity, days)
        return found if self.after is None else self.after.pocketed(found, quantity, days, histories)

    def invoice_price(self, listed: Listed, quantity: Decimal, days: Days) -> Price:
        """As `pricing.invoice_price`."""
        place = self._turns.place(quantity, days)
        won = self._won.get(place)
        if won is None:
            first = pricing.invoice_price(listed.price, self._on, quantity=quantity, days=days)
            won = self._won[place] = _Winners(first)
        found = won.by_list_price.get(listed)
        if found is None:
            found = won.by_list_price[listed] = self._on_list_price(won.first, listed, quantity, days)
        return found

    def _on_list_price(self, first: Price, listed: Listed, quantity: Decimal, days: Days) -> Price:
        if listed.floor is None and first.list_price == listed.price:
            return first
        found = pricing.relisted(first, listed.price, listed.floor)
        if found is not None:
            return found
        return pricing.invoice_price(listed.price, self._on, quantity=quantity, days=days, floor=listed.floor)
