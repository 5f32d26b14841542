"""What sums can be broken down by, and how a query finds the keys among the accounts that may be seen."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, literal_column

from core import auth, structures
from core.auth import Actor
from core.filters import AccountFilter, LineFilter, country_of
from core.models import (
    Account,
    AccountStructure,
    OrderLine,
    Product,
    ProductDay,
    ProductMonth,
    TotalMonth,
)
from core.vocabulary import Structure


class Dimension(StrEnum):
    """What sums can be broken down by; keys are ids, except months (first day) and countries (name)."""

    MONTH = "month"
    ACCOUNT = "account"
    PRODUCT = "product"
    CATEGORY = "category"
    COUNTRY = "country"
    OWNER = "owner"
    REGION = "region"
    SEGMENT = "segment"
    GROUP = "group"
    TIER = "tier"


OF_ACCOUNT = {
    Dimension.OWNER: Account.owner_id,
    Dimension.REGION: Account.region_id,
    Dimension.SEGMENT: Account.segment_id,
    Dimension.GROUP: Account.group_id,
    Dimension.TIER: Account.tier_id,
}
NEEDS_ACCOUNT = {Dimension.ACCOUNT, *OF_ACCOUNT}


def is_then(structure: Structure, dimensions: Collection[Dimension], accounts: AccountFilter) -> bool:
    """Whether it makes a difference to read each month as it was reported then."""
    asks = bool(OF_ACCOUNT.keys() & set(dimensions)) or accounts.asks_for_structure
    return structure is Structure.THEN and asks


def needs_account(dimensions: tuple[Dimension, ...], sold: LineFilter) -> bool:
    """Whether Account must be joined even for somebody who sees every account."""
    return bool(sold.countries or {Dimension.COUNTRY, *OF_ACCOUNT} & set(dimensions))


def key_of(source: Any, dimension: Dimension, *, then: bool = False) -> Any:
    """The column that holds the key; Account, its version of then, or Product must be joined where it is theirs."""
    if dimension is Dimension.MONTH:
        return OrderLine.booked_month if source is OrderLine else source.month
    if dimension is Dimension.ACCOUNT:
        return source.account_id
    if dimension is Dimension.PRODUCT:
        return source.product_id
    if dimension is Dimension.CATEGORY:
        return Product.category_id
    if dimension is Dimension.COUNTRY:
        return country_of(source)
    return getattr(AccountStructure, f"{dimension}_id") if then else OF_ACCOUNT[dimension]


def within(
    query: Select[Any],
    source: Any,
    actor: Actor,
    accounts: AccountFilter,
    *,
    with_account: bool,
    month: Any = None,
    by_day: bool = False,
) -> Select[Any]:
    """Only the accounts that are wanted and that the actor may see.

    With the month, or day, of the amounts, accounts are wanted for what they were then; seen they are as of today.
    `by_day` asks for order lines of few days: they are looked up by day, not account by account.
    """
    if source in (TotalMonth, ProductMonth, ProductDay) or (
        actor.sees_everything and accounts.is_empty and not with_account
    ):
        return query
    key = source.account_id
    if by_day and source is OrderLine and not accounts.account_ids:
        key = key + literal_column("0")
    query = query.join(Account, Account.id == key)
    if month is None:
        return query.where(auth.visible_accounts(actor), accounts.condition())
    version = and_(AccountStructure.account_id == source.account_id, structures.in_force(month))
    query = query.join(AccountStructure, version)
    return query.where(auth.visible_accounts(actor), accounts.condition(AccountStructure))
