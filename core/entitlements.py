"""What the terms give: the price of a product for an account, for a quantity, on a day, as known at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, loyalty_benefits, pricing, terms
from core.auth import Actor
from core.errors import Invalid, NotFound
from core.filters import account_named
from core.language import _
from core.models import Account, OrderLine, Product
from core.money import round_money
from core.price_book import Asked, PriceBook, without_collector
from core.pricing import Days, Offer, Price
from core.term_drafts import TermDraft
from core.terms import TermRow
from core.vocabulary import Permission


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
    book = PriceBook(session, actor, [asked], known_at)
    listed, offers = book.list_price(product_id, day), book.offers(account_id, product_id)
    floor = book.floor(asked)
    names = {
        row.number: row for row in terms.search(session, actor, account_id=account_id, known_at=known_at)
    }
    return Answer(
        book.price(asked),
        {offer.number: _row(offer, names, account_id) for offer in offers},
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
    session: Session,
    actor: Actor,
    lines: Sequence[Asked],
    *,
    known_at: datetime | None = None,
    to_pocket: bool = True,
) -> list[Price]:
    """The price of each line, by the same rule as one alone: terms and list prices are read once for all.

    Without `to_pocket` only what the invoice says is worked out, in half the time.
    """
    auth.require(actor, Permission.TERM_READ)
    with without_collector():
        return PriceBook(session, actor, lines, known_at).prices(lines, to_pocket=to_pocket)


def what_if(
    session: Session, actor: Actor, asked: Sequence[tuple[TermDraft, Sequence[Asked]]]
) -> list[list[tuple[Price, Price]]]:
    """The price of each line as the terms in force make it, and as they would with the draft among them.

    Approved versions of the same term that hold on the draft's first day are left out of the second.
    """
    auth.require(actor, Permission.TERM_READ)
    book = PriceBook(session, actor, [line for _draft, lines in asked for line in lines], None)
    return [[book.both(draft, line) for line in lines] for draft, lines in asked]


@dataclass(frozen=True)
class LinePrice:
    """An order line beside the price that the terms give for it."""

    account: str  # code
    product: str  # code
    quantity: Decimal
    ordered_on: date
    invoiced: Decimal | None  # net price of one unit, base currency; None for a line without quantity
    price: Price
    terms: Mapping[int, TermRow]  # every candidate by its number

    @property
    def difference(self) -> Decimal | None:
        """Invoiced − price by the terms, of one unit; below zero: more was given than was granted."""
        by_terms = self.price.net_price
        return None if self.invoiced is None or by_terms is None else self.invoiced - by_terms


def of_line(session: Session, actor: Actor, account_id: int, order_no: str, line_no: int) -> LinePrice:
    """An order line and the price that the terms give for it, by its own days and as known now."""
    auth.require(actor, Permission.TERM_READ)
    found = session.execute(
        select(OrderLine, Account.code, Product.code)
        .join(Account, Account.id == OrderLine.account_id)
        .join(Product, Product.id == OrderLine.product_id)
        .where(
            OrderLine.account_id == account_id,
            OrderLine.order_no == order_no,
            OrderLine.line_no == line_no,
            auth.visible_accounts(actor),
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such order line."))
    line, account, product = found
    days = Days(line.ordered_on, line.delivered_on, line.invoiced_on)
    asked = Asked(account_id, line.product_id, abs(line.quantity), days)
    price = prices(session, actor, [asked])[0]
    names = {row.number: row for row in terms.search(session, actor, account_id=account_id)}
    return LinePrice(
        account=account,
        product=product,
        quantity=abs(line.quantity),
        ordered_on=line.ordered_on,
        invoiced=round_money(line.net_amount / line.quantity) if line.quantity else None,
        price=price,
        terms={
            offer.number: _row(offer, names, account_id)
            for offer in (*price.won, *(one.offer for one in price.lost))
        },
    )


def _row(offer: Offer, names: Mapping[int, TermRow], account_id: int) -> TermRow:
    return names.get(offer.number) or loyalty_benefits.row_of(offer, account_id)


def document(found: Price) -> dict[str, Any]:
    """The price as the command line prints it: money as text with four decimals, unknown as null."""
    return {
        "list_price": _money(found.list_price),
        "net_price": _money(found.net_price),
        "pocket_price": _money(found.pocket_price),
        "layers": [
            {"term": layer.offer.name, "kind": layer.offer.kind.value, "amount": _money(layer.amount)}
            for layer in (*found.layers, *found.after)
        ],
        "won": [offer.name for offer in found.won],
        "lost": [
            {"term": one.offer.name, "kind": one.offer.kind.value, "reason": one.reason.value}
            for one in found.lost
        ],
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{round_money(amount) + 0:.4f}"
