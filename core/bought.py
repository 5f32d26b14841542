"""What was bought in the period of a volume tier before a day: by an account, or by a group together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, func, select, type_coerce
from sqlalchemy.orm import Session

from core import auth
from core.auth import Actor
from core.models import Account, OrderLine, Product, Term
from core.models.base import Money, Quantity
from core.money import ZERO
from core.periods import Period, add_months
from core.vocabulary import Permission, TierBasis, TierPeriod

_MONTHS = {TierPeriod.MONTH: 1, TierPeriod.QUARTER: 3, TierPeriod.YEAR: 12}


def period_of(period: TierPeriod, day: date) -> Period:
    """The calendar month, quarter or year that a day lies in."""
    return _period(period, day.year, day.month)


@cache
def _period(period: TierPeriod, year: int, month: int) -> Period:
    months = _MONTHS[period]
    start = add_months(date(year, 1, 1), (month - 1) // months * months)
    return Period(start, add_months(start, months))


@dataclass(frozen=True)
class _Days:
    """Days on which something was bought, and the sum up to and with each."""

    days: Sequence[date]
    sums: Sequence[Decimal]

    def before(self, day: date) -> Decimal:
        place = bisect_left(self.days, day)
        return self.sums[place - 1] if place else ZERO


@dataclass(frozen=True)
class Counted:
    """What a volume tier counts: whose, of which goods, in what, over which period."""

    group_id: int | None  # none: what the account buys itself
    product_id: int | None
    category_id: int | None
    basis: TierBasis
    period: TierPeriod


def counted_by(term: Term) -> Counted:
    assert term.period is not None  # noqa: S101  (the table holds one for every volume tier)
    return Counted(term.group_id, term.product_id, term.category_id, term.basis, term.period)


class History:
    """What was bought of what a volume tier counts, in each of its periods; a period is read once."""

    def __init__(self, session: Session, counted: Counted, account_id: int) -> None:
        self._session, self._counted, self._account_id = session, counted, account_id
        self._by_month: dict[tuple[int, int], _Days] = {}

    def before(self, day: date) -> Decimal:
        """Money or base units, as the tier counts, from the beginning of its period up to the day before."""
        month = (day.year, day.month)
        found = self._by_month.get(month)
        if found is None:
            period = period_of(self._counted.period, day)
            found = self._read(period)
            self._by_month |= {(one.year, one.month): found for one in period.months()}
        return found.before(day)

    def _read(self, period: Period) -> _Days:
        query = select(OrderLine.booked_on, volume(self._counted)).where(
            *lines_of(self._counted, self._account_id),
            OrderLine.booked_on >= period.start,
            OrderLine.booked_on < period.end,
        )
        rows = self._session.execute(query.group_by(OrderLine.booked_on).order_by(OrderLine.booked_on)).all()
        return _Days([row[0] for row in rows], list(accumulate(row[1] for row in rows)))


class Bought:
    """Volumes of tiers, each history read once.

    A tier of an account or a segment counts what the account buys itself; one of a group what its accounts buy
    together, those too that the actor does not see: it is the group's own term that says so.
    """

    def __init__(self, session: Session, actor: Actor) -> None:
        auth.require(actor, Permission.TERM_READ)
        self._session = session
        self._histories: dict[tuple[Counted, int], History] = {}

    def history(self, counted: Counted, account_id: int) -> History:
        key = (counted, counted.group_id or account_id)
        found = self._histories.get(key)
        if found is None:
            found = self._histories[key] = History(self._session, counted, account_id)
        return found


def volume(counted: Counted) -> ColumnElement[Any]:
    """The sum over order lines, in what the tier counts."""
    if counted.basis is TierBasis.PERIOD_REVENUE:
        return type_coerce(func.sum(OrderLine.net_amount), Money())
    return type_coerce(func.sum(OrderLine.quantity), Quantity())


def lines_of(counted: Counted, account_id: int) -> list[ColumnElement[bool]]:
    """The condition on order lines: whose they are, and of which goods."""
    if counted.group_id is None:
        whose = OrderLine.account_id == account_id
    else:
        whose = OrderLine.account_id.in_(select(Account.id).where(Account.group_id == counted.group_id))
    if counted.product_id is not None:
        return [whose, OrderLine.product_id == counted.product_id]
    if counted.category_id is not None:
        goods = select(Product.id).where(Product.category_id == counted.category_id)
        return [whose, OrderLine.product_id.in_(goods)]
    return [whose]
