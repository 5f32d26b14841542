"""Prices of many order lines: what they need is read once, and what some have in common is found once.

`core/pricing.py` finds the price, for one line as for a million. Which terms win depends on the account and the goods,
on the quantity and the days, but not on the list price, unless a floor refuses one: so it is found once for all lines
that these do not tell apart, and what it gives is worked out for each list price.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from core import auth, bought, floors, price_sources, pricing, terms
from core.auth import Actor
from core.bought import Bought, Counted
from core.errors import NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Term
from core.periods import holds
from core.price_sources import Customer, Goods, What
from core.pricing import Days, ForWhat, ForWhom, Offer, Price, Settled
from core.term_drafts import TermDraft
from core.vocabulary import Permission, TermDate, TermKind


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of what is asked: how much of what for whom, on which days."""

    account_id: int
    product_id: int
    quantity: Decimal  # base units
    days: Days


class PriceBook:
    """Prices for lines of some accounts and products, as known at a moment (None: now).

    Raises NotFound where an account is out of the actor's sight.
    """

    def __init__(
        self, session: Session, actor: Actor, lines: Sequence[Asked], known_at: datetime | None
    ) -> None:
        auth.require(actor, Permission.TERM_READ)
        accounts = {line.account_id for line in lines}
        products = {line.product_id for line in lines}
        few = len(accounts) <= price_sources.AT_ONCE
        only = AccountFilter(account_ids=frozenset(accounts)) if few else ALL_ACCOUNTS
        visible = price_sources.places(session, actor, only)
        if accounts - visible.keys():
            raise NotFound(_("There is no such account."))
        places = {account_id: visible[account_id] for account_id in accounts}
        self._goods = Goods(session, products)
        granted: dict[Customer, list[Term]] = {}
        for term in session.scalars(price_sources.known_terms(places, known_at)):
            granted.setdefault(price_sources.customer_of(terms.scope_of(term)), []).append(term)
        shelves = {customer: _Shelf(found) for customer, found in granted.items()}
        reaches: dict[tuple[Customer, ...], _Reach] = {}
        self._reaches: dict[int, _Reach] = {}
        for account_id, customers in places.items():
            key = tuple(one for one in customers if one in shelves)
            if key not in reaches:
                reaches[key] = _Reach([shelves[one] for one in key], self._goods)
            self._reaches[account_id] = reaches[key]
        self._segments = {
            account_id: next((key for level, key in customers if level is ForWhom.SEGMENT), None)
            for account_id, customers in places.items()
        }
        self._floors = floors.book(session, actor, known_at)
        self._reaching: dict[tuple[int, int | None], list[Any]] = {}
        self._list_prices = price_sources.list_prices(session, actor, products, known_at)
        self._bought = Bought(session, actor)

    def price(self, line: Asked) -> Price:
        """By the same rule as `pricing.price`, whatever else is priced with it."""
        ladder = self._reaches[line.account_id].ladder(line.product_id)
        listed = self.list_price(line.product_id, line.days.order)
        found = ladder.invoice_price(listed, line.quantity, line.days, self.floor(line))
        if not ladder.after:
            return found
        return pricing.pocketed(
            found,
            ladder.settled(line.quantity, line.days),
            ladder.tiers,
            quantity=line.quantity,
            days=line.days,
            volumes=self.volumes(line) if ladder.tiers else {},
        )

    def offers(self, account_id: int, product_id: int) -> list[Offer]:
        """The candidates for an account and a product, in the order in which they are looked at."""
        return self._reaches[account_id].ladder(product_id).offers

    def volumes(self, line: Asked) -> dict[int, Decimal]:
        """What was bought before in the period of each volume tier that reaches the line, by its number."""
        found: dict[int, Decimal] = {}
        for counted, tiers in self._reaches[line.account_id].ladder(line.product_id).counted:
            volume = self._bought.before(counted, line.account_id, line.days.governing(tiers[0]))
            for tier in tiers:
                found[tier.number] = volume
        return found

    def floor(self, line: Asked) -> Decimal | None:
        """The least net price on the day of the order; whoever asks, since it decides about the price."""
        if self._floors.is_empty:
            return None
        key = (line.product_id, self._segments[line.account_id])
        reaching = self._reaching.get(key)
        if reaching is None:
            place = floors.Place(line.product_id, self._goods.category(line.product_id), key[1])
            reaching = self._reaching[key] = self._floors.reaching(place)
        if not reaching:
            return None
        day = line.days.order
        return floors.least_of(reaching, day, self.list_price(line.product_id, day))

    def list_price(self, product_id: int, day: date) -> Decimal | None:
        for valid_from, valid_to, amount in self._list_prices.get(product_id, ()):
            if holds(valid_from, valid_to, day):
                return amount
        return None

    def both(self, draft: TermDraft, line: Asked) -> tuple[Price, Price]:
        """The price in force, and the one with a draft that reaches the line.

        What is given after the invoice is worked out only where the draft is of that kind.
        """
        offers = self.offers(line.account_id, line.product_id)
        drafted = price_sources.drafted(draft, self._goods.held(draft.unit_id, line.product_id))
        others = [one for one in offers if not _gives_way(one, drafted)]
        listed, floor = self.list_price(line.product_id, line.days.order), self.floor(line)
        asked: dict[str, Any] = {"quantity": line.quantity, "days": line.days, "floor": floor}
        rule: Callable[..., Price] = pricing.invoice_price
        if draft.kind.is_after_invoice:
            rule, asked["volumes"] = pricing.price, self.volumes(line)
        now, then = (rule(listed, found, **asked) for found in (offers, pricing.ordered([*others, drafted])))
        return now, then


def _gives_way(one: Offer, drafted: Offer) -> bool:
    """Whether a term in force is of the same scope, kind and minimum quantity, and ends where the draft begins."""
    return (
        one.is_approved
        and one.place == drafted.place
        and one.min_quantity == drafted.min_quantity
        and (one.valid_to is None or one.valid_to > drafted.valid_from)
    )


class _Shelf:
    """The terms of one customer by what they are for."""

    def __init__(self, found: Iterable[Term]) -> None:
        self.by_what: dict[What, list[tuple[Term, Offer]]] = {}
        for term in found:
            what = price_sources.what_of(terms.scope_of(term))
            self.by_what.setdefault(what, []).append((term, price_sources.offer_of(term, Decimal(1))))
        self.counts_units = any(term.unit_id is not None for term in found)


class _Reach:
    """The terms of an account's customers (itself, its group, its segment), and their ladders found so far."""

    def __init__(self, shelves: Sequence[_Shelf], goods: Goods) -> None:
        self._shelves, self._goods = shelves, goods
        self._named = {what for shelf in shelves for what in shelf.by_what}
        self._counts_units = any(shelf.counts_units for shelf in shelves)
        self._counted = {
            offer.number: bought.counted_by(term)
            for shelf in shelves
            for found in shelf.by_what.values()
            for term, offer in found
            if term.kind is TermKind.VOLUME_TIER
        }
        self._ladders: dict[tuple[int | None, int | None], _Ladder] = {}

    def ladder(self, product_id: int) -> _Ladder:
        """The same one for products that the same terms reach alike."""
        category_id = self._goods.category(product_id)
        told = self._counts_units or (ForWhat.PRODUCT, product_id) in self._named
        key = (
            product_id if told else None,
            category_id if (ForWhat.CATEGORY, category_id) in self._named else None,
        )
        found = self._ladders.get(key)
        if found is None:
            offers = pricing.ordered(self._offers(product_id, category_id))
            found = self._ladders[key] = _Ladder(offers, self._counted)
        return found

    def _offers(self, product_id: int, category_id: int | None) -> Iterable[Offer]:
        reached: tuple[What, ...] = (
            (ForWhat.PRODUCT, product_id),
            (ForWhat.CATEGORY, category_id),
            (ForWhat.EVERYTHING, None),
        )
        for shelf in self._shelves:
            for what in reached:
                for term, offer in shelf.by_what.get(what, ()):
                    if term.unit_id is None:
                        yield offer
                    else:
                        yield price_sources.offer_of(term, self._goods.held(term.unit_id, product_id))


class _Ladder:
    """The candidates of some lines in the order in which they are looked at, and who won so far."""

    def __init__(self, offers: list[Offer], counted: Mapping[int, Counted]) -> None:
        self.offers = offers
        self.after = [one for one in offers if one.kind.is_after_invoice]
        self.tiers = [one for one in self.after if one.kind is TermKind.VOLUME_TIER]
        together: dict[tuple[Counted, TermDate], list[Offer]] = {}
        for one in self.tiers:
            together.setdefault((counted[one.number], one.governed_by), []).append(one)
        self.counted = [(key[0], tiers) for key, tiers in together.items()]  # with the tiers that count so
        self._later = [one for one in self.after if one.kind is not TermKind.VOLUME_TIER]
        self._on = [one for one in offers if not one.kind.is_after_invoice]
        known = [*self._on, *self._later]
        self._steps = sorted(
            {one.min_quantity for one in known}
        )  # where another quantity may change who wins
        ends = {one.valid_to for one in known if one.valid_to is not None}
        self._turns = sorted({one.valid_from for one in known} | ends)  # where another day may
        self._by_order = all(one.governed_by is TermDate.ORDER for one in known)
        self._won: dict[Any, Price] = {}
        self._settled: dict[Any, Settled] = {}

    def invoice_price(
        self, listed: Decimal | None, quantity: Decimal, days: Days, floor: Decimal | None
    ) -> Price:
        """As `pricing.invoice_price`; who wins is looked for once for all that no quantity and no day tells apart."""
        key = self._key(quantity, days)
        won = self._won.get(key)
        if won is None:
            won = self._won[key] = pricing.invoice_price(listed, self._on, quantity=quantity, days=days)
        found = won if won.list_price == listed and floor is None else pricing.relisted(won, listed, floor)
        if found is not None:
            return found
        return pricing.invoice_price(listed, self._on, quantity=quantity, days=days, floor=floor)

    def settled(self, quantity: Decimal, days: Days) -> Settled:
        key = self._key(quantity, days)
        found = self._settled.get(key)
        if found is None:
            found = self._settled[key] = pricing.settled(self._later, quantity=quantity, days=days)
        return found

    def _key(self, quantity: Decimal, days: Days) -> Any:
        """The same for lines that no quantity and no day of these terms tells apart."""
        step, turns = bisect_right(self._steps, quantity), self._turns
        when = bisect_right(turns, days.order)
        if self._by_order:
            return step, when
        return step, when, *(bisect_right(turns, day or days.order) for day in (days.delivery, days.invoice))
