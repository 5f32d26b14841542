"""The terms, list prices and pack sizes that some order lines need, each read once, so that many are priced quickly.

Lines that the same terms reach in the same way have the same price: what was found once is kept while the book is
open. `core/pricing.py` finds it, for one line as for a million.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import auth, floors, pricing, terms
from core.auth import Actor
from core.bought import Bought
from core.errors import NotFound
from core.language import _
from core.models import Account, ListPrice, PackSize, Product, Term
from core.money import round_money
from core.pricing import Days, ForWhat, ForWhom, Offer, Price
from core.term_drafts import TermDraft
from core.vocabulary import Permission, TermDate, TermStatus

Customer = tuple[ForWhom, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of what is asked: how much of what for whom, on which days."""

    account_id: int
    product_id: int
    quantity: Decimal  # base units
    days: Days


@dataclass
class _Ladder:
    """The candidates for some accounts and products, in the order in which they are looked at."""

    offers: list[Offer]
    steps: list[Decimal] = field(init=False)  # the quantities at which the invoice's price may change
    turns: list[date] = field(init=False)  # the days at which any price may change
    by_order: bool = field(init=False)  # only the day of the order decides
    after: list[Offer] = field(init=False)
    prices: dict[Any, Price] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.after = [one for one in self.offers if one.kind in pricing.AFTER_INVOICE]
        on = [one for one in self.offers if one.kind not in pricing.AFTER_INVOICE]
        self.steps = sorted({one.min_quantity for one in on})
        ends = {one.valid_to for one in on if one.valid_to is not None}
        self.turns = sorted({one.valid_from for one in on} | ends)
        self.by_order = all(one.governed_by is TermDate.ORDER for one in on)

    def invoice_price(
        self, listed: Decimal | None, quantity: Decimal, days: Days, floor: Decimal | None
    ) -> Price:
        """Found once for all lines that no quantity and no day of these terms tells apart."""
        step, turns = bisect_right(self.steps, quantity), self.turns
        when: Any = bisect_right(turns, days.order)
        if not self.by_order:
            when = (when, *(bisect_right(turns, day or days.order) for day in (days.delivery, days.invoice)))
        key = (listed, floor, step, when)
        found = self.prices.get(key)
        if found is None:
            found = self.prices[key] = pricing.invoice_price(
                listed, self.offers, quantity=quantity, days=days, floor=floor
            )
        return found


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
        places = _places(session, actor, accounts)
        if accounts - places.keys():
            raise NotFound(_("There is no such account."))
        self._terms: dict[Customer, list[Term]] = {}
        self._by_number: dict[int, Term] = {}
        for term in session.scalars(_terms(places, known_at)):
            self._terms.setdefault(_customer(term), []).append(term)
            self._by_number[term.number] = term
        self._places = {
            account_id: tuple(one for one in customers if one in self._terms)
            for account_id, customers in places.items()
        }
        self._segments = {
            account_id: next((key for level, key in customers if level is ForWhom.SEGMENT), None)
            for account_id, customers in places.items()
        }
        self._floors = floors.book(session, known_at)
        self._goods = _Goods(session, products, self._by_number.values())
        self._list_prices = _list_prices(session, products, known_at)
        self._ladders: dict[tuple[Any, ...], _Ladder] = {}
        self._bought = Bought(session, actor)

    def price(self, line: Asked) -> Price:
        """By the same rule as `pricing.price`, whatever else is priced with it."""
        ladder = self._ladder(line.account_id, line.product_id)
        listed = self.list_price(line.product_id, line.days.order)
        found = ladder.invoice_price(listed, line.quantity, line.days, self.floor(line))
        if not ladder.after:
            return found
        return pricing.pocketed(
            found, ladder.after, quantity=line.quantity, days=line.days, volumes=self.volumes(line)
        )

    def offers(self, account_id: int, product_id: int) -> list[Offer]:
        """The candidates for an account and a product, in the order in which they are looked at."""
        return self._ladder(account_id, product_id).offers

    def volumes(self, line: Asked) -> dict[int, Decimal]:
        """What was bought before in the period of each volume tier that reaches the line, by its number."""
        ladder = self._ladder(line.account_id, line.product_id)
        return {
            offer.number: self._bought.before(
                self._by_number[offer.number], line.account_id, line.days.governing(offer)
            )
            for offer in ladder.after
            if offer.mode is not None
        }

    def floor(self, line: Asked) -> Decimal | None:
        """The least net price on the day of the order; whoever asks, since it decides about the price."""
        day, product_id = line.days.order, line.product_id
        place = floors.Place(product_id, self._goods.category(product_id), self._segments[line.account_id])
        return self._floors.least(place, day, self.list_price(product_id, day))

    def both(self, draft: TermDraft, line: Asked) -> tuple[Price, Price]:
        """The price in force, and the one with a draft that reaches the line."""
        offers = self.offers(line.account_id, line.product_id)
        drafted = self._goods.drafted(draft, line.product_id)
        others = [one for one in offers if not _gives_way(one, drafted)]
        listed, floor = self.list_price(line.product_id, line.days.order), self.floor(line)
        volumes = self.volumes(line)
        now, then = (
            pricing.price(listed, found, quantity=line.quantity, days=line.days, floor=floor, volumes=volumes)
            for found in (offers, pricing.ordered([*others, drafted]))
        )
        return now, then

    def list_price(self, product_id: int, day: date) -> Decimal | None:
        for valid_from, valid_to, amount in self._list_prices.get(product_id, ()):
            if valid_from <= day and (valid_to is None or day < valid_to):
                return amount
        return None

    def _ladder(self, account_id: int, product_id: int) -> _Ladder:
        customers = self._places[account_id]
        key = (customers, *self._goods.told_apart(product_id))
        ladder = self._ladders.get(key)
        if ladder is None:
            found = (
                self._goods.offer(term, product_id)
                for customer in customers
                for term in self._terms[customer]
            )
            ladder = self._ladders[key] = _Ladder(pricing.ordered(one for one in found if one))
        return ladder


class _Goods:
    """Which terms are for which products, and what a product's packs hold."""

    def __init__(self, session: Session, products: set[int], known: Iterable[Term]) -> None:
        self._categories: dict[int, int | None] = {}
        self._units: dict[int, int | None] = {}
        for row in session.execute(select(Product.id, Product.category_id, Product.unit_id)):
            if row.id in products:
                self._categories[row.id], self._units[row.id] = row.category_id, row.unit_id
        packed = list(known)
        self._named = {term.product_id for term in packed}
        self._reached = {term.category_id for term in packed}
        self._by_unit = any(term.unit_id is not None for term in packed)
        sizes = session.execute(select(PackSize.product_id, PackSize.unit_id, PackSize.base_units))
        self._packs = {(row[0], row[1]): row[2] for row in sizes}

    def told_apart(self, product_id: int) -> tuple[int | None, int | None]:
        """The same for products that the same terms reach alike."""
        category_id = self._categories.get(product_id)
        own = product_id if self._by_unit or product_id in self._named else None
        return own, category_id if category_id in self._reached else None

    def category(self, product_id: int) -> int | None:
        return self._categories.get(product_id)

    def drafted(self, draft: TermDraft, product_id: int) -> Offer:
        """A draft as if it were approved; its number is that of no term."""
        scope = draft.scope
        for_whom = ForWhom.ACCOUNT if scope.account_id is not None else ForWhom.GROUP
        for_what = ForWhat.PRODUCT if scope.product_id is not None else ForWhat.EVERYTHING
        held = self._held(draft.unit_id, product_id)
        return Offer(
            number=0,
            kind=draft.kind,
            for_whom=ForWhom.SEGMENT if scope.segment_id is not None else for_whom,
            for_what=ForWhat.CATEGORY if scope.category_id is not None else for_what,
            value=round_money(draft.value / held) if held and draft.kind.is_money else draft.value,
            min_quantity=draft.min_quantity * (held or 1),
            valid_from=draft.valid_from,
            valid_to=draft.valid_to,
            is_approved=True,
            stacks=draft.stacks,
            governed_by=draft.governed_by,
            is_exception=draft.is_exception,
            basis=draft.basis,
            mode=draft.mode,
            counts=held is not None,
        )

    def offer(self, term: Term, product_id: int) -> Offer | None:
        """The term as the rule sees it; None where it is for another product or category."""
        if term.product_id is not None:
            for_what = ForWhat.PRODUCT if term.product_id == product_id else None
        elif term.category_id is not None:
            for_what = ForWhat.CATEGORY if term.category_id == self._categories.get(product_id) else None
        else:
            for_what = ForWhat.EVERYTHING
        if for_what is None:
            return None
        held = self._held(term.unit_id, product_id)
        value = terms.value_of(term)
        return Offer(
            number=term.number,
            kind=term.kind,
            for_whom=_customer(term)[0],
            for_what=for_what,
            value=round_money(value / held) if held and term.kind.is_money else value,
            min_quantity=term.min_quantity * (held or 1),
            valid_from=term.valid_from,
            valid_to=term.valid_to,
            is_approved=term.status is TermStatus.APPROVED,
            stacks=term.stacks,
            governed_by=term.governed_by,
            is_exception=term.is_exception,
            basis=term.basis,
            mode=term.mode,
            counts=held is not None,
        )

    def _held(self, unit_id: int | None, product_id: int) -> Decimal | None:
        """How many base units a unit holds; None where the product is not packed so."""
        if unit_id is None or unit_id == self._units.get(product_id):
            return Decimal(1)
        return self._packs.get((product_id, unit_id))


def _gives_way(one: Offer, drafted: Offer) -> bool:
    """Whether a term in force is of the same scope, kind and minimum quantity, and ends where the draft begins."""
    return (
        one.is_approved
        and one.place == drafted.place
        and one.min_quantity == drafted.min_quantity
        and (one.valid_to is None or one.valid_to > drafted.valid_from)
    )


def _places(session: Session, actor: Actor, ids: Iterable[int]) -> dict[int, list[Customer]]:
    """Each visible account with itself, its group and its segment."""
    wanted = set(ids)
    rows = session.execute(
        select(Account.id, Account.group_id, Account.segment_id).where(auth.visible_accounts(actor))
    )
    return {
        account_id: [
            (level, key)
            for level, key in (
                (ForWhom.ACCOUNT, account_id),
                (ForWhom.GROUP, group_id),
                (ForWhom.SEGMENT, segment_id),
            )
            if key is not None
        ]
        for account_id, group_id, segment_id in rows
        if account_id in wanted
    }


def _terms(places: dict[int, list[Customer]], known_at: datetime | None) -> Any:
    """The versions known then of every scope that some account is in."""
    columns = {
        ForWhom.ACCOUNT: Term.account_id,
        ForWhom.GROUP: Term.group_id,
        ForWhom.SEGMENT: Term.segment_id,
    }
    keys: dict[ForWhom, set[int]] = {level: set() for level in columns}
    for customers in places.values():
        for level, key in customers:
            keys[level].add(key)
    few = {level: found for level, found in keys.items() if found and len(found) <= _AT_ONCE}
    many = [columns[level].is_not(None) for level, found in keys.items() if len(found) > _AT_ONCE]
    reached = [columns[level].in_(sorted(found)) for level, found in few.items()]
    return select(Term).where(terms.known(known_at), or_(*reached, *many))


_AT_ONCE = 500  # beyond these every term is read


def _customer(term: Term) -> Customer:
    if term.account_id is not None:
        return ForWhom.ACCOUNT, term.account_id
    if term.group_id is not None:
        return ForWhom.GROUP, term.group_id
    assert term.segment_id is not None  # noqa: S101  (the table holds exactly one of the three)
    return ForWhom.SEGMENT, term.segment_id


def _list_prices(
    session: Session, products: set[int], known_at: datetime | None
) -> dict[int, list[tuple[date, date | None, Decimal]]]:
    """The list prices of some products as known then; a product whose prices were all recorded later has those of now.

    List prices come by file without the day on which they became known, so that nothing would be known of the past.
    """
    query = select(
        ListPrice.product_id,
        ListPrice.valid_from,
        ListPrice.valid_to,
        ListPrice.price,
        ListPrice.recorded_at,
        ListPrice.superseded_at,
    ).order_by(ListPrice.product_id, ListPrice.valid_from)
    if len(products) <= _AT_ONCE:
        query = query.where(ListPrice.product_id.in_(sorted(products)))
    now: dict[int, list[tuple[date, date | None, Decimal]]] = {}
    then: dict[int, list[tuple[date, date | None, Decimal]]] = {}
    for product_id, valid_from, valid_to, price, recorded_at, superseded_at in session.execute(query):
        version = (valid_from, valid_to, price)
        if superseded_at is None:
            now.setdefault(product_id, []).append(version)
        if (
            known_at is not None
            and recorded_at <= known_at
            and (superseded_at is None or superseded_at > known_at)
        ):
            then.setdefault(product_id, []).append(version)
    return {**now, **then}
