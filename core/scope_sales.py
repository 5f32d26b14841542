"""What we sold in many scopes at once: an account or all together; a product, a category, or everything.

Of thousands of accounts only the pairs that somebody asks about become rows; the rest is added up, or left, in columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from core import revenue
from core.auth import Actor
from core.filters import ALL_LINES, AccountFilter, LineFilter
from core.measures import Measures
from core.periods import Period
from core.revenue import Dimension


class Scope(NamedTuple):
    """Whose sales of what."""

    account_id: int | None  # none: of all visible accounts together
    product_id: int | None
    category_id: int | None  # with neither product nor category: everything


Sums = dict[tuple[Scope, date | None], Measures]


def of(
    session: Session, actor: Actor, period: Period, scopes: Iterable[Scope], *, by_month: bool = False
) -> Sums:
    """The sums of each scope in the period, or in each of its months; scopes without order lines are left out."""
    more = (Dimension.MONTH,) if by_month else ()
    found: Sums = {}
    wanted = set(scopes)
    for of_account in (True, False):
        for dimension in (Dimension.PRODUCT, Dimension.CATEGORY, None):
            some = [one for one in wanted if _kind(one) == (of_account, dimension)]
            if some:
                found.update(_sums(session, actor, period, some, dimension, more))
    return found


def _kind(scope: Scope) -> tuple[bool, Dimension | None]:
    if scope.product_id is not None:
        return scope.account_id is not None, Dimension.PRODUCT
    return scope.account_id is not None, None if scope.category_id is None else Dimension.CATEGORY


def _sums(
    session: Session,
    actor: Actor,
    period: Period,
    scopes: list[Scope],
    dimension: Dimension | None,
    more: tuple[Dimension, ...],
) -> Iterator[tuple[tuple[Scope, date | None], Measures]]:
    """Of scopes of the same kind."""
    ids = frozenset(one.account_id for one in scopes) - {None}
    what = () if dimension is None else (dimension,)
    asked = (*((Dimension.ACCOUNT,) if ids else ()), *what, *more)
    keys = {_key(one, dimension): one for one in scopes}
    only = AccountFilter(account_ids=ids)
    pairs: Any = keys.keys() if ids and what else None
    sums = revenue.by(
        session, actor, period, *asked, accounts=only, sold=_sold(scopes, dimension), pairs=pairs
    )
    for key, one in sums.items():
        scope = keys.get(key[: len(asked) - len(more)])
        if scope is not None:
            yield (scope, key[-1] if more else None), one


def _key(scope: Scope, dimension: Dimension | None) -> tuple[int, ...]:
    what = scope.product_id if dimension is Dimension.PRODUCT else scope.category_id
    return tuple(one for one in (scope.account_id, what) if one is not None)


def _sold(scopes: list[Scope], dimension: Dimension | None) -> LineFilter:
    if dimension is Dimension.PRODUCT:
        return LineFilter(
            product_ids=frozenset(one.product_id for one in scopes if one.product_id is not None)
        )
    if dimension is Dimension.CATEGORY:
        return LineFilter(category_ids=frozenset(one.category_id for one in scopes))
    return ALL_LINES
