"""What an account pays: its price of every product from a day on, with steps by quantity and promotions.

It is made by the same rule as every other price, and leaves the house: it holds neither cost nor floor, nor why a term
was granted, nor what is given after the invoice but the payment terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import auth, entitlements, product_prices, settings, terms
from core.auth import Actor
from core.errors import Invalid
from core.language import _
from core.models import Category, PackSize, Product, Unit
from core.price_book import Asked
from core.pricing import Days, Price
from core.terms import TermRow
from core.vocabulary import Permission, TermKind, TermStatus

_PROMOTED_DAYS = 92  # promotions that begin within so many days of the list's first day stand on it


@dataclass(frozen=True)
class Step:
    """The price of one base unit from a quantity on."""

    quantity: Decimal
    net_price: Decimal


@dataclass(frozen=True)
class Promotion:
    """Another price on some days; the last day is one of them."""

    first: date
    last: date | None
    quantity: Decimal
    net_price: Decimal


@dataclass(frozen=True)
class Item:
    """One product on the list."""

    code: str
    name: str
    category: str | None
    unit: str | None
    list_price: Decimal | None
    net_price: Decimal  # of one base unit, on an order of one
    steps: tuple[Step, ...]  # cheaper ones, from the lowest quantity up
    promotions: tuple[Promotion, ...]
    last_day: date | None = None  # of these prices; None: nothing that they rest on has an end


@dataclass(frozen=True)
class Payment:
    """When invoices are due, and the share off for paying sooner; as far as it was agreed for all products."""

    due_days: int | None = None
    share: Decimal | None = None
    days: int | None = None  # within which a payment earns the share


@dataclass(frozen=True)
class PriceList:
    """The list of one account: products by category and name."""

    company: str
    account_code: str
    account: str
    currency: str
    valid_from: date
    items: tuple[Item, ...]
    payment: Payment = Payment()


def of_account(session: Session, actor: Actor, account_id: int, day: date) -> PriceList:
    """The price list from a day on; raises NotFound for an account out of sight, Invalid where nothing has a price."""
    auth.require(actor, Permission.TERM_READ)
    account = account_list.get(session, actor, account_id)
    listed = product_prices.list_prices_on(session, actor, day)
    every = terms.search(session, actor, account_id=account_id, status=TermStatus.APPROVED)
    current = [row for row in every if row.valid_to is None or row.valid_to > day]
    rows = [row for row in current if row.kind in _ON_INVOICE]
    special = {row.scope.product_id for row in rows if row.kind is TermKind.SPECIAL_PRICE}
    products = _products(session, {*listed, *(key for key in special if key is not None)})
    packs = _packs(session)
    wanted = [_Wanted(product, *_moments(product, rows, packs, day)) for product in products]
    asked = [
        Asked(account_id, one.product.id, quantity, Days(moment))
        for one in wanted
        for moment in one.days
        for quantity in one.quantities
    ]
    prices = iter(entitlements.prices(session, actor, asked) if asked else [])
    items = []
    for one in wanted:
        found = {(moment, quantity): next(prices) for moment in one.days for quantity in one.quantities}
        item = _item(one, found, day)
        if item is not None:
            items.append(item)
    if not items:
        raise Invalid(
            _("No product has a price on that day: choose another day, or enter list prices first.")
        )
    house = settings.get(session)
    return PriceList(
        house.company, account.code, account.name, house.base_currency, day, tuple(items),
        _payment(current, day, account.payment_days),
    )  # fmt: skip


def _payment(current: Sequence[TermRow], day: date, usual_days: int | None) -> Payment:
    """By the most specific terms for everything: the account's own, its group's, its segment's."""
    found: dict[TermKind, TermRow] = {}
    for row in sorted(current, key=lambda one: (one.account is None, one.group is None, one.min_quantity)):
        if row.product is None and row.category is None and row.valid_from <= day:
            found.setdefault(row.kind, row)
    due, prompt = found.get(TermKind.PAYMENT_TERMS), found.get(TermKind.PROMPT_PAYMENT)
    return Payment(
        usual_days if due is None else int(due.value),
        None if prompt is None else prompt.value,
        None if prompt is None else prompt.days,
    )


_ON_INVOICE = (TermKind.SPECIAL_PRICE, TermKind.PROMOTION, TermKind.QUANTITY_TIER, TermKind.DISCOUNT)


@dataclass(frozen=True)
class _Named:
    id: int
    code: str
    name: str
    category_id: int | None
    category: str | None
    unit: str | None


@dataclass(frozen=True)
class _Wanted:
    """A product, the days on which its price may change, and the quantities at which it may."""

    product: _Named
    days: tuple[date, ...]
    quantities: tuple[Decimal, ...]
    promoted: tuple[tuple[date, date | None], ...]  # first day and last day of each promotion that reaches it


def _products(session: Session, ids: set[int]) -> list[_Named]:
    query = (
        select(Product.id, Product.code, Product.name, Product.category_id, Category.name, Unit.name)
        .outerjoin(Category, Category.id == Product.category_id)
        .outerjoin(Unit, Unit.id == Product.unit_id)
    )
    found = [_Named(*row) for row in session.execute(query) if row[0] in ids]
    return sorted(found, key=lambda one: (one.category is None, one.category or "", one.name, one.code))


def _packs(session: Session) -> dict[tuple[int, str], Decimal]:
    query = select(PackSize.product_id, Unit.name, PackSize.base_units).join(
        Unit, Unit.id == PackSize.unit_id
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def _moments(
    product: _Named, rows: Sequence[TermRow], packs: dict[tuple[int, str], Decimal], day: date
) -> tuple[tuple[date, ...], tuple[Decimal, ...], tuple[tuple[date, date | None], ...]]:
    """The days and quantities that are looked at for a product."""
    days, quantities, promoted = {day}, {Decimal(1)}, set()
    for row in rows:
        scope = row.scope
        if scope.product_id not in (None, product.id) or scope.category_id not in (None, product.category_id):
            continue
        held = Decimal(1) if row.unit in (None, product.unit) else packs.get((product.id, row.unit or ""))
        if held is None:
            continue
        if row.min_quantity > 0:
            quantities.add(row.min_quantity * held)
        if row.kind is TermKind.PROMOTION and row.valid_from <= day + timedelta(days=_PROMOTED_DAYS):
            first = max(row.valid_from, day)
            days.add(first)
            if row.valid_to is not None:
                days.add(row.valid_to)
            promoted.add((first, row.last_day))
    return tuple(sorted(days)), tuple(sorted(one for one in quantities if one >= 1)), tuple(sorted(
        promoted, key=lambda one: (one[0], one[1] or date.max)))  # fmt: skip


def _item(one: _Wanted, found: dict[tuple[date, Decimal], Price], day: date) -> Item | None:
    """The lasting price with its steps, and what is another for some days; None where it has no price."""
    product, usual = one.product, _usual_day(one, found, day)
    first = found[usual, one.quantities[0]]
    if first.net_price is None:
        return None
    steps: list[Step] = []
    for quantity in one.quantities[1:]:
        net = found[usual, quantity].net_price
        if net is not None and net != (steps[-1].net_price if steps else first.net_price):
            steps.append(Step(quantity, net))
    promotions = [
        Promotion(begins, last, quantity, price.net_price)
        for begins, last in one.promoted
        for quantity in one.quantities
        if (price := found[begins, quantity]).net_price is not None
        and price.net_price != found[usual, quantity].net_price
        and any(layer.offer.kind is TermKind.PROMOTION for layer in price.layers)
    ]
    return Item(
        product.code, product.name, product.category, product.unit, first.list_price, first.net_price,
        tuple(steps), tuple(_merged(promotions)), _last_day([found[usual, count] for count in one.quantities]),
    )  # fmt: skip


def _last_day(prices: Sequence[Price]) -> date | None:
    """The day before the first of the terms behind these prices ends."""
    ends = [
        layer.offer.valid_to for price in prices for layer in price.layers if layer.offer.valid_to is not None
    ]
    return min(ends) - timedelta(days=1) if ends else None


def _usual_day(one: _Wanted, found: dict[tuple[date, Decimal], Price], day: date) -> date:
    """The first day without a promotion, if any of those looked at is one."""
    for moment in one.days:
        layers = found[moment, one.quantities[0]].layers
        if moment >= day and not any(layer.offer.kind is TermKind.PROMOTION for layer in layers):
            return moment
    return day


def _merged(promotions: Sequence[Promotion]) -> list[Promotion]:
    """Without those that say the same price for a higher quantity once more."""
    kept: list[Promotion] = []
    for one in promotions:
        if not any(
            (other.first, other.last, other.net_price) == (one.first, one.last, one.net_price)
            and other.quantity <= one.quantity
            for other in kept
        ):
            kept.append(one)
    return kept
