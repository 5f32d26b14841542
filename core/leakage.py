"""Discount leakage: what lines were invoiced below the price that the terms give, and which cause stands to reason.

Leakage = Σ (actual discount − entitled discount)⁺ in money (kpis.md 6); *entitled* is worked out anew by the engine, by
the days of the line and as the terms are known now. A term that did not win, but whose price is the one that was
invoiced, names the cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import auth, entitlements
from core.auth import Actor
from core.models import OrderLine, Product
from core.money import ZERO, round_money
from core.periods import Period
from core.price_book import Asked
from core.pricing import Days, LostReason, Offer, Price
from core.vocabulary import Permission, TermKind


class Cause(StrEnum):
    """Why a line may have been invoiced below what the terms give."""

    EXPIRED = "expired term"
    NOT_APPROVED = "no approval"
    QUANTITY = "tier misapplied"
    STACKED = "stacking"
    BELOW_FLOOR = "floor breach"
    UNEXPLAINED = "unexplained"


_CAUSES = {
    LostReason.WRONG_DATE: Cause.EXPIRED,
    LostReason.NOT_APPROVED: Cause.NOT_APPROVED,
    LostReason.QUANTITY: Cause.QUANTITY,
    LostReason.SCOPE_BEATEN: Cause.STACKED,
    LostReason.BELOW_FLOOR: Cause.BELOW_FLOOR,
}
_NEAR = Decimal("0.01")  # two prices of a unit that differ by no more are the same on paper


@dataclass(frozen=True)
class Leak:
    """One line that was invoiced below its price."""

    order_no: str
    line_no: int
    ordered_on: date
    product: str  # code
    product_name: str
    quantity: Decimal
    actual: Decimal  # price of one unit, base currency
    entitled: Decimal
    amount: Decimal
    cause: Cause
    term: Offer | None  # whose price it is


@dataclass(frozen=True)
class Leakage:
    """Of how many lines the price is known, and what leaked, the largest amounts first."""

    lines: int  # sold lines of the period
    priced: int  # of them those for which the terms give a price
    net: Decimal  # what was invoiced on the priced lines
    leaks: tuple[Leak, ...]

    @property
    def amount(self) -> Decimal:
        return sum((one.amount for one in self.leaks), ZERO)

    def by_cause(self) -> dict[Cause, Decimal]:
        found: dict[Cause, Decimal] = {}
        for one in self.leaks:
            found[one.cause] = found.get(one.cause, ZERO) + one.amount
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def of_account(session: Session, actor: Actor, account_id: int, period: Period) -> Leakage:
    """Every sold line of the account in the period against its price; raises NotFound out of sight."""
    auth.require(actor, Permission.TERM_READ)
    account_list.access(session, actor, account_id)
    rows = session.execute(
        select(OrderLine, Product.code, Product.name)
        .join(Product, Product.id == OrderLine.product_id)
        .where(
            OrderLine.account_id == account_id,
            OrderLine.booked_on >= period.start,
            OrderLine.booked_on < period.end,
            OrderLine.quantity > 0,
        )
        .order_by(OrderLine.ordered_on, OrderLine.order_no, OrderLine.line_no)
    ).all()
    asked = [
        Asked(
            line.account_id,
            line.product_id,
            line.quantity,
            Days(line.ordered_on, line.delivered_on, line.invoiced_on),
        )
        for line, _code, _name in rows
    ]
    prices = entitlements.prices(session, actor, asked) if asked else []
    priced, net, leaks = 0, ZERO, []
    for (line, code, name), price in zip(rows, prices, strict=True):
        if price.net_price is None:
            continue
        priced += 1
        net += line.net_amount
        actual = round_money(line.net_amount / line.quantity)
        if price.net_price - actual <= _NEAR:
            continue
        cause, term = _cause(price, actual)
        amount = round_money(price.net_price * line.quantity) - line.net_amount
        leaks.append(
            Leak(line.order_no, line.line_no, line.ordered_on, code, name, line.quantity, actual, price.net_price,
                 amount, cause, term)
        )  # fmt: skip
    return Leakage(len(rows), priced, net, tuple(sorted(leaks, key=lambda one: -one.amount)))


def _cause(price: Price, actual: Decimal) -> tuple[Cause, Offer | None]:
    """The first term that did not win and that alone, or on top of what won, makes the price that was invoiced."""
    for lost in price.lost:
        if lost.reason in _CAUSES and _makes(price, lost.offer, actual):
            return _CAUSES[lost.reason], lost.offer
    return Cause.UNEXPLAINED, None


def _makes(price: Price, offer: Offer, actual: Decimal) -> bool:
    if offer.kind.is_after_invoice or price.net_price is None:
        return False
    if offer.kind is TermKind.SPECIAL_PRICE:
        return _is_near([offer.value], actual)
    bases = [price.net_price] if price.list_price is None else [price.list_price, price.net_price]
    return _is_near([base - round_money(base * offer.value) for base in bases], actual)


def _is_near(prices: Iterable[Decimal], actual: Decimal) -> bool:
    return any(abs(one - actual) <= _NEAR for one in prices)
