"""Discount leakage: what lines were invoiced below the price that the terms give, and which cause stands to reason.

Leakage = Σ (actual discount − entitled discount)⁺ in money (kpis.md 6); *entitled* is worked out anew by the engine, by
the days of the line and as the terms are known now. A term that did not win, but whose price is the one that was
invoiced, names the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import auth, priced_lines
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, Product
from core.money import ZERO, round_money
from core.periods import Period
from core.priced_lines import PricedLine
from core.pricing import LostReason, Offer, Price
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


@dataclass(frozen=True)
class AccountLeakage:
    """What leaked at one account."""

    code: str
    name: str
    lines: int  # that were invoiced below their price
    amount: Decimal
    net: Decimal  # invoiced on its priced lines
    cause: Cause  # that most of the money has


@dataclass(frozen=True)
class Overview:
    """What leaked at all accounts that were asked for, the largest amounts first."""

    lines: int
    priced: int
    net: Decimal
    amount: Decimal
    accounts: tuple[AccountLeakage, ...]
    by_cause: Mapping[Cause, Decimal]


def of_account(session: Session, actor: Actor, account_id: int, period: Period) -> Leakage:
    """Every sold line of the account in the period against its price; raises NotFound out of sight."""
    auth.require(actor, Permission.TERM_READ)
    account_list.access(session, actor, account_id)
    only = AccountFilter(account_ids=frozenset({account_id}))
    sold = [line for line in priced_lines.of(session, actor, period, only) if line.quantity > 0]
    goods = {line.product_id for line in sold}
    named = select(Product.id, Product.code, Product.name).where(Product.id.in_(sorted(goods)))
    names = {row[0]: (row[1], row[2]) for row in session.execute(named)}
    sold.sort(key=lambda line: (line.days.order, line.order_no, line.line_no))
    priced = [line for line in sold if line.price.net_price is not None]
    leaks = [
        _leak(line, amount, *names[line.product_id])
        for line in priced
        if (amount := _leaked(line)) is not None
    ]
    net = sum((line.net for line in priced), ZERO)
    return Leakage(len(sold), len(priced), net, tuple(sorted(leaks, key=lambda one: -one.amount)))


def by_account(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> Overview | None:
    """Every account that the actor sees, of those of the filter; None where it would be more lines than `MOST`."""
    auth.require(actor, Permission.TERM_READ)
    if priced_lines.count(session, actor, period, accounts) > priced_lines.MOST:
        return None
    sold = [line for line in priced_lines.of(session, actor, period, accounts) if line.quantity > 0]
    priced = [line for line in sold if line.price.net_price is not None]
    found: dict[int, dict[Cause, list[Decimal]]] = {}
    invoiced: dict[int, Decimal] = {}
    for line in priced:
        invoiced[line.account_id] = invoiced.get(line.account_id, ZERO) + line.net
        amount = _leaked(line)
        if amount is not None:
            cause, _term = _cause(line.price, line.invoiced)
            found.setdefault(line.account_id, {}).setdefault(cause, []).append(amount)
    rows = select(Account.id, Account.code, Account.name).where(auth.visible_accounts(actor))
    names = {row[0]: (row[1], row[2]) for row in session.execute(rows) if row[0] in found}
    listed = [_account(*names[key], causes, invoiced[key]) for key, causes in found.items()]
    by_cause: dict[Cause, Decimal] = {}
    for causes in found.values():
        for cause, amounts in causes.items():
            by_cause[cause] = by_cause.get(cause, ZERO) + sum(amounts, ZERO)
    return Overview(
        len(sold),
        len(priced),
        sum(invoiced.values(), ZERO),
        sum(by_cause.values(), ZERO),
        tuple(sorted(listed, key=lambda one: (-one.amount, one.code))),
        dict(sorted(by_cause.items(), key=lambda item: -item[1])),
    )


def _account(code: str, name: str, causes: Mapping[Cause, Sequence[Decimal]], net: Decimal) -> AccountLeakage:
    sums = {cause: sum(amounts, ZERO) for cause, amounts in causes.items()}
    lines = sum(len(amounts) for amounts in causes.values())
    most = max(sums, key=lambda cause: sums[cause])
    return AccountLeakage(code, name, lines, sum(sums.values(), ZERO), net, most)


def _leaked(line: PricedLine) -> Decimal | None:
    """How much less was invoiced than the terms give; None where it is no less."""
    by_terms = line.price.net_price
    if by_terms is None or by_terms - line.invoiced <= _NEAR:
        return None
    return round_money(by_terms * line.quantity) - line.net


def _leak(line: PricedLine, amount: Decimal, code: str, name: str) -> Leak:
    cause, term = _cause(line.price, line.invoiced)
    entitled = line.price.net_price or ZERO
    return Leak(line.order_no, line.line_no, line.days.order, code, name, line.quantity, line.invoiced, entitled,
                amount, cause, term)  # fmt: skip


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
