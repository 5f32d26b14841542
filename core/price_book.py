"""Prices of many order lines: what they need is read once, and what some have in common is found once.

`core/pricing.py` finds the price, for one line as for a million. Which terms win depends on the account and the goods,
on the quantity and the days, but not on the list price, unless a floor refuses one: so it is found once for all lines
that these do not tell apart, and what it gives is worked out for each list price.
"""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from core import auth, floors, loyalty_benefits, price_sources, pricing, terms
from core.auth import Actor
from core.bought import Bought
from core.errors import NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.periods import holds
from core.price_ladders import Afters, Histories, Ladder, Listed, Reach, Shelf
from core.price_sources import Customer, Goods, KnownTerm
from core.pricing import Days, ForWhom, Offer, Price
from core.term_drafts import TermDraft
from core.vocabulary import Permission


class Asked(NamedTuple):
    """One line of what is asked: how much of what for whom, on which days."""

    account_id: int
    product_id: int
    quantity: Decimal  # base units
    days: Days


@contextmanager
def without_collector() -> Iterator[None]:
    """While many prices are made that all stay: to look for cycles among them again and again takes long.

    Nothing made here holds itself; what is done with is freed at once all the same.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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
        granted: dict[Customer, list[KnownTerm]] = {}
        found: Iterable[KnownTerm] = session.execute(price_sources.known_terms(places, known_at))
        for term in found:
            granted.setdefault(price_sources.customer_of(terms.scope_of(term)), []).append(term)
        afters = Afters(term for found in granted.values() for term in found)
        shelves = {customer: Shelf(found) for customer, found in granted.items()}
        given = loyalty_benefits.offers(session, sorted(places), known_at)
        reaches: dict[Any, Reach] = {}
        self._reaches: dict[int, Reach] = {}
        for account_id, customers in places.items():
            beside = given.get(account_id, ())
            named = tuple(one for one in customers if one in shelves)
            key = (named, tuple(one.number for one in beside))
            if key not in reaches:
                reaches[key] = Reach([shelves[one] for one in named], self._goods, afters, beside)
            self._reaches[account_id] = reaches[key]
        self._segments = {
            account_id: next((key for level, key in customers if level is ForWhom.SEGMENT), None)
            for account_id, customers in places.items()
        }
        self._floors = floors.book(session, actor, known_at)
        self._list_prices = price_sources.list_prices(session, actor, products, known_at)
        self._listings: dict[tuple[int, int | None], _Listing] = {}
        self._bought = Bought(session, actor)
        self._places: dict[tuple[int, int], _Place] = {}

    def price(self, line: Asked) -> Price:
        """By the same rule as `pricing.price`, whatever else is priced with it."""
        account_id, product_id, quantity, days = line
        listing, ladder, histories = self._place(account_id, product_id)
        return ladder.price(listing.on(days.order), quantity, days, histories)

    def invoice_price(self, line: Asked) -> Price:
        """From list to net price; what is given after the invoice is left out."""
        account_id, product_id, quantity, days = line
        listing, ladder, _histories = self._place(account_id, product_id)
        return ladder.invoice_price(listing.on(days.order), quantity, days)

    def prices(self, lines: Sequence[Asked], *, to_pocket: bool = True) -> list[Price]:
        """The price of each line, in the order of the lines; worked out account by account."""
        price = self.price if to_pocket else self.invoice_price
        found: list[Any] = [None] * len(lines)
        by_account: dict[int, list[int]] = {}
        for place, line in enumerate(lines):
            by_account.setdefault(line.account_id, []).append(place)
        for places in by_account.values():
            for place in places:
                found[place] = price(lines[place])
        return found

    def offers(self, account_id: int, product_id: int) -> list[Offer]:
        """The candidates for an account and a product, in the order in which they are looked at."""
        return self._place(account_id, product_id).ladder.offers

    def volumes(self, line: Asked) -> dict[int, Decimal]:
        """What was bought before in the period of each volume tier that reaches the line, by its number."""
        place = self._place(line.account_id, line.product_id)
        after = place.ladder.after
        return {} if after is None else after.volumes(line.days, place.histories)

    def floor(self, line: Asked) -> Decimal | None:
        """The least net price on the day of the order; whoever asks, since it decides about the price."""
        return self._place(line.account_id, line.product_id).listing.on(line.days.order).floor

    def list_price(self, product_id: int, day: date) -> Decimal | None:
        return _in_force(self._list_prices.get(product_id, ()), day)

    def _place(self, account_id: int, product_id: int) -> _Place:
        key = (account_id, product_id)
        found = self._places.get(key)
        if found is None:
            ladder = self._reaches[account_id].ladder(product_id)
            histories = () if ladder.after is None else ladder.after.histories(self._bought, account_id)
            found = self._places[key] = _Place(self._listing(product_id, account_id), ladder, histories)
        return found

    def _listing(self, product_id: int, account_id: int) -> _Listing:
        segment_id = None if self._floors.is_empty else self._segments[account_id]
        key = (product_id, segment_id)
        found = self._listings.get(key)
        if found is None:
            place = floors.Place(product_id, self._goods.category(product_id), segment_id)
            found = _Listing(self._list_prices.get(product_id, ()), self._floors.reaching(place))
            self._listings[key] = found
        return found

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


def _in_force(versions: Iterable[tuple[date, date | None, Decimal]], day: date) -> Decimal | None:
    return next((price for first, ends, price in versions if holds(first, ends, day)), None)


class _Listing:
    """The list prices and floors of a product for a segment, by day."""

    def __init__(
        self, prices: Sequence[tuple[date, date | None, Decimal]], reaching: Sequence[floors.Held]
    ) -> None:
        self._prices, self._floors = prices, reaching
        held = [*((one[0], one[1]) for one in prices), *((one[0], one[1]) for one in reaching)]
        turns = {day for first_and_end in held for day in first_and_end if day is not None}
        self._turns = sorted(turns)  # where another day may have another price
        self._found: list[Listed | None] = [None] * (len(self._turns) + 1)

    def on(self, day: date) -> Listed:
        """The same one for days that nothing tells apart."""
        place = bisect_right(self._turns, day)
        found = self._found[place]
        if found is None:
            price = _in_force(self._prices, day)
            found = self._found[place] = Listed(price, floors.least_of(self._floors, day, price))
        return found


class _Place(NamedTuple):
    """What an account and a product have in common on all days."""

    listing: _Listing
    ladder: Ladder
    histories: Histories
