"""Order lines of a period beside the price that the terms give for each: what discounts are explained from."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core import auth, entitlements
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, OrderLine
from core.money import round_money
from core.periods import Period
from core.price_book import Asked
from core.pricing import Days, Price
from core.vocabulary import Permission

MOST = 200_000  # lines at once: priced in some seconds


class PricedLine(NamedTuple):
    """An order line, amounts in the base currency, and its price by its own days and as terms are known now."""

    account_id: int
    product_id: int
    order_no: str
    line_no: int
    days: Days
    quantity: Decimal  # below zero for a return, which has the price of what was sold
    gross: Decimal
    net: Decimal
    price: Price

    @property
    def invoiced(self) -> Decimal:
        """Net price of one unit; asked only of a line with a quantity."""
        return round_money(self.net / self.quantity)


def count(session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS) -> int:
    """How many lines with a quantity the accounts of the filter have, of those that the actor sees."""
    auth.require(actor, Permission.TERM_READ)
    query = select(func.count()).select_from(OrderLine).join(Account, Account.id == OrderLine.account_id)
    return session.scalar(query.where(*_within(actor, period, accounts))) or 0


def of(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> list[PricedLine]:
    """Every line with a quantity, however many; `count` says before how many they are."""
    auth.require(actor, Permission.TERM_READ)
    query = (
        select(
            OrderLine.account_id, OrderLine.product_id, OrderLine.order_no, OrderLine.line_no, OrderLine.ordered_on,
            OrderLine.delivered_on, OrderLine.invoiced_on, OrderLine.quantity, OrderLine.gross_amount,
            OrderLine.net_amount,
        )
        .join(Account, Account.id == OrderLine.account_id)
        .where(*_within(actor, period, accounts))
    )  # fmt: skip
    rows = session.execute(query).all()
    days = [Days(*row[4:7]) for row in rows]
    asked = [Asked(row[0], row[1], abs(row[7]), on) for row, on in zip(rows, days, strict=True)]
    prices = entitlements.prices(session, actor, asked, to_pocket=False) if asked else []
    return [
        PricedLine(*row[:4], on, row[7], row[8], row[9], price)
        for row, on, price in zip(rows, days, prices, strict=True)
    ]


def _within(actor: Actor, period: Period, accounts: AccountFilter) -> tuple[ColumnElement[bool], ...]:
    return (
        auth.visible_accounts(actor),
        accounts.condition(),
        OrderLine.booked_on >= period.start,
        OrderLine.booked_on < period.end,
        OrderLine.quantity != 0,
    )
