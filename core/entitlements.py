"""What the terms give: the price of a product for an account, for a quantity, on a day, as known at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import auth, floors, pricing, terms
from core.auth import Actor
from core.errors import Invalid, NotFound
from core.filters import account_named
from core.language import _
from core.models import Account, ListPrice, OrderLine, Product, Term
from core.money import round_money
from core.pricing import Days, ForWhat, ForWhom, Offer, Price
from core.term_drafts import TermDraft
from core.terms import TermRow
from core.vocabulary import Permission, TermStatus


@dataclass(frozen=True)
class Asked:
    """One line of what is asked: how much of what for whom, on which days."""

    account_id: int
    product_id: int
    quantity: Decimal  # base units
    days: Days


def end_of(day: date) -> datetime:
    """The last moment of a day: what was recorded on it was known then."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) - timedelta(microseconds=1)


def start_of(day: date) -> datetime:
    """The moment that a version recorded on a day counts from."""
    return datetime.combine(day, time(), UTC)


@dataclass(frozen=True)
class Answer:
    """A price with all that explains it: what the terms are, and the next quantity that costs less in total."""

    price: Price
    terms: Mapping[int, TermRow]  # every candidate by its number
    cheaper: tuple[Decimal, Decimal] | None  # quantity and what it costs in total


def answer(
    session: Session, actor: Actor, account_id: int, product_id: int, quantity: Decimal, day: date,
    *, known_on: date | None = None,
) -> Answer:  # fmt: skip
    """What the Price X-ray shows; raises NotFound for an account that the actor does not see."""
    auth.require(actor, Permission.TERM_READ)
    known_at = None if known_on is None else end_of(known_on)
    asked = Asked(account_id, product_id, quantity, Days(day))
    book = _Book(session, actor, [asked], known_at)
    listed, offers = book.list_price(product_id, day), book.offers(account_id, product_id)
    floor = book.floor(asked)
    names = {
        row.number: row for row in terms.search(session, actor, account_id=account_id, known_at=known_at)
    }
    return Answer(
        pricing.price(listed, offers, quantity=quantity, days=asked.days, floor=floor),
        {offer.number: names[offer.number] for offer in offers},
        pricing.next_cheaper_quantity(listed, offers, quantity=quantity, days=asked.days, floor=floor),
    )


def price(
    session: Session,
    actor: Actor,
    account_code: str,
    product_code: str,
    quantity: Decimal,
    day: date,
    *,
    known_on: date | None = None,
) -> Price:
    """The price of one base unit, its layers and the trace; raises NotFound for what the actor does not see."""
    auth.require(actor, Permission.TERM_READ)
    if quantity <= 0:
        raise Invalid(_("Give a quantity above zero."), fields={"quantity": _("Give a quantity above zero.")})
    account_id = session.scalar(
        select(Account.id).where(account_named(account_code), auth.visible_accounts(actor))
    )
    if account_id is None:
        raise NotFound(_("There is no account {code}.").format(code=account_code))
    product_id = session.scalar(select(Product.id).where(Product.code == product_code))
    if product_id is None:
        raise NotFound(_("There is no product {code}.").format(code=product_code))
    known_at = None if known_on is None else end_of(known_on)
    asked = Asked(account_id, product_id, quantity, Days(day))
    return prices(session, actor, [asked], known_at=known_at)[0]


def prices(
    session: Session, actor: Actor, lines: Sequence[Asked], *, known_at: datetime | None = None
) -> list[Price]:
    """The price of each line, by the same rule as one alone: terms and list prices are read once for all."""
    auth.require(actor, Permission.TERM_READ)
    book = _Book(session, actor, lines, known_at)
    return [
        pricing.price(
            book.list_price(line.product_id, line.days.order),
            book.offers(line.account_id, line.product_id),
            quantity=line.quantity,
            days=line.days,
            floor=book.floor(line),
        )
        for line in lines
    ]


def what_if(
    session: Session, actor: Actor, asked: Sequence[tuple[TermDraft, Sequence[Asked]]]
) -> list[list[tuple[Price, Price]]]:
    """The price of each line as the terms in force make it, and as they would with the draft among them.

    Approved versions of the same term that hold on the draft's first day are left out of the second.
    """
    auth.require(actor, Permission.TERM_READ)
    book = _Book(session, actor, [line for _draft, lines in asked for line in lines], None)
    return [[book.both(draft, line) for line in lines] for draft, lines in asked]


def of_line(
    session: Session, actor: Actor, account_id: int, order_no: str, line_no: int
) -> tuple[OrderLine, Price]:
    """An order line and the price that the terms give for it, by its own days and as known now."""
    auth.require(actor, Permission.TERM_READ)
    line = session.scalar(
        select(OrderLine)
        .join(Account, Account.id == OrderLine.account_id)
        .where(
            OrderLine.account_id == account_id,
            OrderLine.order_no == order_no,
            OrderLine.line_no == line_no,
            auth.visible_accounts(actor),
        )
    )
    if line is None:
        raise NotFound(_("There is no such order line."))
    days = Days(line.ordered_on, line.delivered_on, line.invoiced_on)
    asked = Asked(account_id, line.product_id, abs(line.quantity), days)
    return line, prices(session, actor, [asked])[0]


class _Book:
    """The terms and list prices that some lines need, each read once."""

    def __init__(
        self, session: Session, actor: Actor, lines: Sequence[Asked], known_at: datetime | None
    ) -> None:
        accounts = {line.account_id for line in lines}
        products = {line.product_id for line in lines}
        self._places = _places(session, actor, accounts)
        if accounts - self._places.keys():
            raise NotFound(_("There is no such account."))
        self._categories = {
            row.id: row.category_id
            for row in session.execute(select(Product.id, Product.category_id))
            if row.id in products
        }
        self._terms: dict[tuple[ForWhom, int], list[Term]] = {}
        for term in session.scalars(_terms(self._places, known_at)):
            self._terms.setdefault(_customer(term), []).append(term)
        self._list_prices = _list_prices(session, products, known_at)
        self._floors = floors.book(session, actor, known_at)
        self._segments = {
            account_id: key
            for account_id, customers in self._places.items()
            for level, key in customers
            if level is ForWhom.SEGMENT
        }
        self._least: dict[tuple[int, int | None, date], Decimal | None] = {}
        self._ladders: dict[tuple[int, int], list[Offer]] = {}

    def offers(self, account_id: int, product_id: int) -> list[Offer]:
        """The candidates for an account and a product, in the order in which they are looked at."""
        ladder = self._ladders.get((account_id, product_id))
        if ladder is None:
            found = (
                _offer(term, product_id, self._categories.get(product_id))
                for customer in self._places[account_id]
                for term in self._terms.get(customer, ())
            )
            ladder = self._ladders[account_id, product_id] = pricing.ordered(one for one in found if one)
        return ladder

    def list_price(self, product_id: int, day: date) -> Decimal | None:
        for valid_from, valid_to, amount in self._list_prices.get(product_id, ()):
            if valid_from <= day and (valid_to is None or day < valid_to):
                return amount
        return None

    def floor(self, line: Asked) -> Decimal | None:
        """The least net price on the day of the order; whoever asks, since it decides about the price."""
        segment, day, product_id = self._segments.get(line.account_id), line.days.order, line.product_id
        key = (product_id, segment, day)
        if key not in self._least:
            place = floors.Place(product_id, self._categories.get(product_id), segment)
            self._least[key] = self._floors.least(place, day, self.list_price(product_id, day))
        return self._least[key]

    def both(self, draft: TermDraft, line: Asked) -> tuple[Price, Price]:
        """The price in force, and the one with a draft that reaches the line."""
        offers = self.offers(line.account_id, line.product_id)
        drafted = _drafted(draft)
        others = [one for one in offers if not _gives_way(one, drafted)]
        listed, floor = self.list_price(line.product_id, line.days.order), self.floor(line)
        now, then = (
            pricing.price(listed, found, quantity=line.quantity, days=line.days, floor=floor)
            for found in (offers, pricing.ordered([*others, drafted]))
        )
        return now, then


def _drafted(draft: TermDraft) -> Offer:
    """A draft as if it were approved; its number is that of no term."""
    scope = draft.scope
    for_whom = ForWhom.ACCOUNT if scope.account_id is not None else ForWhom.GROUP
    for_what = ForWhat.PRODUCT if scope.product_id is not None else ForWhat.EVERYTHING
    return Offer(
        number=0,
        kind=draft.kind,
        for_whom=ForWhom.SEGMENT if scope.segment_id is not None else for_whom,
        for_what=ForWhat.CATEGORY if scope.category_id is not None else for_what,
        value=draft.value,
        min_quantity=draft.min_quantity,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        is_approved=True,
        stacks=draft.stacks,
        governed_by=draft.governed_by,
        is_exception=draft.is_exception,
    )


def _gives_way(one: Offer, drafted: Offer) -> bool:
    """Whether a term in force is of the same scope, kind and minimum quantity, and ends where the draft begins."""
    return (
        one.is_approved
        and one.place == drafted.place
        and one.min_quantity == drafted.min_quantity
        and (one.valid_to is None or one.valid_to > drafted.valid_from)
    )


def _places(session: Session, actor: Actor, ids: Iterable[int]) -> dict[int, list[tuple[ForWhom, int]]]:
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


def _terms(places: dict[int, list[tuple[ForWhom, int]]], known_at: datetime | None) -> Any:
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
    reached = [columns[level].in_(sorted(found)) for level, found in keys.items() if found]
    return select(Term).where(terms.known(known_at), or_(*reached))


def _customer(term: Term) -> tuple[ForWhom, int]:
    if term.account_id is not None:
        return ForWhom.ACCOUNT, term.account_id
    if term.group_id is not None:
        return ForWhom.GROUP, term.group_id
    assert term.segment_id is not None  # noqa: S101  (the table holds exactly one of the three)
    return ForWhom.SEGMENT, term.segment_id


def _offer(term: Term, product_id: int, category_id: int | None) -> Offer | None:
    """The term as the rule sees it; None where it is for another product or category."""
    if term.product_id is not None:
        for_what = ForWhat.PRODUCT if term.product_id == product_id else None
    elif term.category_id is not None:
        for_what = ForWhat.CATEGORY if term.category_id == category_id else None
    else:
        for_what = ForWhat.EVERYTHING
    if for_what is None:
        return None
    return Offer(
        number=term.number,
        kind=term.kind,
        for_whom=_customer(term)[0],
        for_what=for_what,
        value=terms.value_of(term),
        min_quantity=term.min_quantity,
        valid_from=term.valid_from,
        valid_to=term.valid_to,
        is_approved=term.status is TermStatus.APPROVED,
        stacks=term.stacks,
        governed_by=term.governed_by,
        is_exception=term.is_exception,
    )


def _list_prices(
    session: Session, products: set[int], known_at: datetime | None
) -> dict[int, list[tuple[date, date | None, Decimal]]]:
    """The list prices of some products as known then; a product whose prices were all recorded later has those of now.

    List prices come by file without the day on which they became known, so that nothing would be known of the past.
    """
    query = select(ListPrice).order_by(ListPrice.product_id, ListPrice.valid_from)
    now: dict[int, list[tuple[date, date | None, Decimal]]] = {}
    then: dict[int, list[tuple[date, date | None, Decimal]]] = {}
    for row in session.scalars(query):
        if row.product_id not in products:
            continue
        version = (row.valid_from, row.valid_to, row.price)
        if row.superseded_at is None:
            now.setdefault(row.product_id, []).append(version)
        if (
            known_at is not None
            and row.recorded_at <= known_at
            and (row.superseded_at is None or row.superseded_at > known_at)
        ):
            then.setdefault(row.product_id, []).append(version)
    return {**now, **then}


def document(found: Price) -> dict[str, Any]:
    """The price as the command line prints it: money as text with four decimals, unknown as null."""
    return {
        "list_price": _money(found.list_price),
        "net_price": _money(found.net_price),
        "pocket_price": _money(found.net_price),
        "layers": [
            {"term": layer.offer.name, "kind": layer.offer.kind.value, "amount": _money(layer.amount)}
            for layer in found.layers
        ],
        "won": [offer.name for offer in found.won],
        "lost": [
            {"term": one.offer.name, "kind": one.offer.kind.value, "reason": one.reason.value}
            for one in found.lost
        ],
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{round_money(amount) + 0:.4f}"
