"""Which accounts and which order lines a question is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, true

from core.models import Account, OrderLine, Product
from core.vocabulary import AccountStatus


@dataclass(frozen=True)
class AccountFilter:
    """Which accounts to look at; an empty field means all, None among ids means “has none”."""

    owner_ids: frozenset[int | None] = frozenset()
    region_ids: frozenset[int | None] = frozenset()
    segment_ids: frozenset[int | None] = frozenset()
    tier_ids: frozenset[int | None] = frozenset()
    group_ids: frozenset[int | None] = frozenset()
    account_ids: frozenset[int | None] = frozenset()
    statuses: frozenset[AccountStatus] = frozenset()
    search: str = ""

    @property
    def is_empty(self) -> bool:
        return self == AccountFilter()

    @property
    def asks_for_structure(self) -> bool:
        """Whether it asks for what an account may have been otherwise earlier."""
        return bool(self.owner_ids or self.region_ids or self.segment_ids or self.tier_ids or self.group_ids)

    def only(self, account_ids: frozenset[int]) -> AccountFilter | None:
        """Narrowed to those of these accounts that it can let through; None where there are none."""
        left = account_ids & self.account_ids if self.account_ids else account_ids
        return replace(self, account_ids=frozenset(left)) if left else None

    def condition(self, structure: Any = Account) -> ColumnElement[bool]:
        """The same as a condition on Account; it says nothing about who may see what.

        `structure` holds owner, region, segment, tier and group: Account as of today, or AccountStructure.
        """
        conditions = [
            among(column, wanted)
            for column, wanted in (
                (structure.owner_id, self.owner_ids),
                (structure.region_id, self.region_ids),
                (structure.segment_id, self.segment_ids),
                (structure.tier_id, self.tier_ids),
                (structure.group_id, self.group_ids),
                (Account.id, self.account_ids),
                (Account.status, self.statuses),
            )
            if wanted
        ]
        if text := self.search.strip():
            named = (column.icontains(text, autoescape=True) for column in (Account.code, Account.name))
            conditions.append(or_(*named))
        return and_(true(), *conditions)


@dataclass(frozen=True)
class LineFilter:
    """Which order lines to look at; an empty field means all."""

    product_ids: frozenset[int] = frozenset()
    category_ids: frozenset[int | None] = frozenset()
    countries: frozenset[str | None] = frozenset()
    returned: bool = False  # only lines with negative quantity
    covered: bool = False  # only lines whose cost is known


def account_named(code: str) -> ColumnElement[bool]:
    """The account of this code, or the one that the account of this code was merged into."""
    merged = select(Account.merged_into_id).where(Account.code == code).correlate(None).scalar_subquery()
    return or_(Account.code == code, Account.id == merged)


ALL_ACCOUNTS = AccountFilter()
ALL_LINES = LineFilter()


def country_of(source: Any) -> ColumnElement[str | None]:
    """The line's country, or the account's where the line names none; Account must be joined."""
    empty: ColumnElement[str] = literal_column("''")
    return func.coalesce(func.nullif(source.country, empty), func.nullif(Account.country, empty))


def line_condition(sold: LineFilter, source: Any = OrderLine) -> ColumnElement[bool]:
    """The filter as a condition; Account must be joined for countries, Product for categories."""
    conditions: list[ColumnElement[bool]] = []
    if sold.product_ids:
        conditions.append(source.product_id.in_(sold.product_ids))
    if sold.category_ids:
        conditions.append(among(Product.category_id, sold.category_ids))
    if sold.countries:
        conditions.append(among(country_of(source), sold.countries))
    if sold.returned:
        conditions.append(OrderLine.quantity < 0)
    if sold.covered:
        conditions.append(OrderLine.cost_amount.is_not(None))
    return and_(true(), *conditions)


def among(column: Any, wanted: frozenset[Any]) -> ColumnElement[bool]:
    """Whether the column holds one of these; None among them means that it is empty."""
    known = column.in_([value for value in wanted if value is not None])
    return or_(known, column.is_(None)) if None in wanted else known
