"""What loyalty reads of orders: what each is worth with its factors, and returns with what they may bring back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, and_, case, cast, func, literal, select, true, tuple_, type_coerce
from sqlalchemy.orm import Session

from core.loyalty.generation import FACTOR_SCALE, Facts, Order, Purchase, Return
from core.loyalty.rules import VersionInForce
from core.loyalty.specs import Multiplier
from core.loyalty_vocabulary import EarningBasis
from core.models import Category, OrderLine, Product

_AT_ONCE = 500  # with more accounts than this everything is read
_HUNDREDTHS = 100
_ONE = FACTOR_SCALE // _HUNDREDTHS


@dataclass(frozen=True, slots=True)
class Enrolled:
    """On which days an account earns for a member."""

    member_id: int
    account_id: int
    start: int  # ordinals
    end: int  # exclusive


def read(
    session: Session, enrolled: Sequence[Enrolled], versions: Sequence[VersionInForce], until: date
) -> dict[int, Facts]:
    """By member what its accounts bought and brought back up to a day; a line counts on the day it is booked."""
    sorting = _Sorting(enrolled)
    for version in versions:
        days = and_(OrderLine.booked_on >= version.start, OrderLine.booked_on <= until)
        if version.end is not None:
            days = and_(days, OrderLine.booked_on < version.end)
        for row in _orders(session, sorting.accounts, version, days):
            sorting.order(row)
        for row in _purchases(session, sorting.accounts, version, days, until):
            sorting.purchase(row)
    if versions:
        for row in _returns(session, sorting.accounts, min(one.start for one in versions), until):
            sorting.bring_back(row)
    return sorting.found


class _Sorting:
    """Gives each row to the member that its account earned for on that day."""

    def __init__(self, enrolled: Sequence[Enrolled]) -> None:
        self.found: dict[int, Facts] = {}
        self._spans: dict[int, list[Enrolled]] = {}
        for one in enrolled:
            self.found.setdefault(one.member_id, Facts())
            self._spans.setdefault(one.account_id, []).append(one)
        self._ordinals: dict[date, int] = {}
        self._isos: dict[int, str] = {}

    @property
    def accounts(self) -> list[int]:
        return sorted(self._spans)

    def order(self, row: Any) -> None:
        account_id, order_no, booked_on, weight, plain, net = row
        day = self._day(booked_on)
        for one in self._spans.get(account_id, ()):
            if one.start <= day < one.end:
                source = f"order:{order_no}:{self._isos[day]}"
                bought = Order(account_id, order_no, day, weight, plain, net, source)
                self.found[one.member_id].orders.append(bought)

    def purchase(self, row: Any) -> None:
        account_id, product_id, order_no, line_no, booked_on, quantity, weight, plain, net = row
        day = self._day(booked_on)
        for one in self._spans.get(account_id, ()):
            if one.start <= day < one.end:
                source = f"order:{order_no}:{self._isos[day]}"
                bought = Purchase(
                    account_id, product_id, order_no, line_no, day, quantity, weight, plain, net, source
                )
                self.found[one.member_id].purchases.append(bought)

    def bring_back(self, row: Any) -> None:
        account_id, product_id, order_no, line_no, booked_on, quantity = row
        day = self._day(booked_on)
        for member_id in {one.member_id for one in self._spans.get(account_id, ()) if one.start <= day}:
            returned = Return(account_id, product_id, order_no, line_no, day, -quantity)
            self.found[member_id].returns.append(returned)

    def _day(self, booked_on: date) -> int:
        found = self._ordinals.get(booked_on)
        if found is None:
            found = self._ordinals[booked_on] = booked_on.toordinal()
            self._isos[found] = booked_on.isoformat()
        return found


def _whole(column: Any) -> Any:
    """The number that the store keeps, without its scale."""
    return type_coerce(column, BigInteger)


def _bought(version: VersionInForce) -> tuple[Any, Any, Any]:
    """Of a line: what earns with its factors, the same without, and money."""
    revenue = version.spec.basis is EarningBasis.REVENUE
    base = _whole(OrderLine.net_amount if revenue else OrderLine.quantity)
    return base * _factor(version), base * literal(FACTOR_SCALE), _whole(OrderLine.net_amount)


def _among(accounts: Sequence[int]) -> Any:
    return OrderLine.account_id.in_(accounts) if len(accounts) <= _AT_ONCE else true()


def _orders(session: Session, accounts: Sequence[int], version: VersionInForce, days: Any) -> Iterator[Any]:
    sums = [cast(func.sum(one), BigInteger) for one in _bought(version)]
    query = (
        _joined(select(OrderLine.account_id, OrderLine.order_no, OrderLine.booked_on, *sums), version)
        .where(_among(accounts), days, OrderLine.quantity > 0)
        .group_by(OrderLine.account_id, OrderLine.order_no, OrderLine.booked_on)
    )
    return _streamed(session, query)


def _purchases(
    session: Session, accounts: Sequence[int], version: VersionInForce, days: Any, until: date
) -> Iterator[Any]:
    """The lines of products that the same account brought back some time."""
    returned = select(OrderLine.account_id, OrderLine.product_id).where(
        _among(accounts), OrderLine.quantity < 0, OrderLine.booked_on <= until
    )
    query = _joined(
        select(
            OrderLine.account_id, OrderLine.product_id, OrderLine.order_no, OrderLine.line_no,
            OrderLine.booked_on, _whole(OrderLine.quantity), *_bought(version),
        ),
        version,
    ).where(
        _among(accounts), days, OrderLine.quantity > 0,
        # As a set that each line is looked for in: joined, SQLite would walk through an account for each pair.
        tuple_(OrderLine.account_id, OrderLine.product_id).in_(returned),
    )  # fmt: skip
    return _streamed(session, query)


def _returns(session: Session, accounts: Sequence[int], first: date, until: date) -> Iterator[Any]:
    query = select(
        OrderLine.account_id, OrderLine.product_id, OrderLine.order_no, OrderLine.line_no, OrderLine.booked_on,
        _whole(OrderLine.quantity),
    ).where(
        _among(accounts), OrderLine.quantity < 0, OrderLine.booked_on >= first, OrderLine.booked_on <= until
    )  # fmt: skip
    return _streamed(session, query)


def _streamed(session: Session, query: Any) -> Iterator[Any]:
    session.flush()
    result = session.connection().execute(query.execution_options(yield_per=20_000))
    for rows in result.partitions():
        yield from rows


def _joined(query: Any, version: VersionInForce) -> Any:
    """With the product's category, where a factor goes by it."""
    query = query.select_from(OrderLine)
    rows = (*version.spec.multipliers, *version.spec.campaigns)
    if not any(one.product or one.category for one in rows):
        return query
    return query.join(Product, Product.id == OrderLine.product_id).outerjoin(
        Category, Category.id == Product.category_id
    )


def _factor(version: VersionInForce) -> Any:
    """The product's factor (its own before its category's before everything's) times the highest campaign's."""
    spec = version.spec
    return _first(_by_place(spec.multipliers)) * _first(
        sorted(spec.campaigns, key=lambda one: one.factor, reverse=True)
    )


def _by_place(rows: Sequence[Multiplier]) -> list[Multiplier]:
    """Of one place the first row counts."""
    return sorted(rows, key=lambda one: 0 if one.product else 1 if one.category else 2)


def _first(rows: Sequence[Multiplier]) -> Any:
    if not rows:
        return literal(_ONE)
    whens = [(_reaches(one), literal(int(one.factor * _HUNDREDTHS))) for one in rows]
    return case(*whens, else_=literal(_ONE))


def _reaches(one: Multiplier) -> Any:
    conditions = []
    if one.product is not None:
        conditions.append(Product.code == one.product)
    if one.category is not None:
        conditions.append(Category.name == one.category)
    if one.first_on is not None and one.last_on is not None:
        conditions.append(OrderLine.booked_on.between(one.first_on, one.last_on))
    return and_(true(), *conditions)


def unknown_places(session: Session, multipliers: Sequence[Multiplier]) -> Mapping[str, str]:
    """Product codes and category names that factors name and the store lacks, with which of the two they are."""
    codes = {one.product for one in multipliers if one.product is not None}
    names = {one.category for one in multipliers if one.category is not None}
    known = set(session.scalars(select(Product.code).where(Product.code.in_(sorted(codes)))))
    named = set(session.scalars(select(Category.name).where(Category.name.in_(sorted(names)))))
    return dict.fromkeys(codes - known, "product") | dict.fromkeys(names - named, "category")
