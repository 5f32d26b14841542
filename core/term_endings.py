"""Terms of accounts that are about to end with nothing after them, and the money that was sold under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from core import auth, clock, revenue, terms
from core.auth import Actor
from core.dimensions import Dimension
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, Product, Term
from core.money import ZERO
from core.periods import Period, add_months, first_of_month
from core.vocabulary import Permission, TermKind, TermStatus

_MONTHS = 12
_Goods = tuple[int | None, int | None]  # the product or category that a term is for; neither: everything


@dataclass(frozen=True)
class Ending:
    """What ends at one account within some days."""

    account_id: int
    count: int  # terms
    numbers: tuple[int, ...]
    ends_on: date  # the first day on which one of them holds no longer
    amount: Decimal  # net revenue of the last twelve finished months in their scopes, each product once


def ending(session: Session, actor: Actor, days: int, accounts: AccountFilter = ALL_ACCOUNTS) -> list[Ending]:
    """Approved terms of visible accounts whose last day is at most so many days ahead, the soonest first.

    A term that another one of its scope, kind and minimum quantity carries on does not end. Promotions are meant to
    end, and those of groups and segments are everybody's: both are left out.
    """
    auth.require(actor, Permission.TERM_READ)
    seen = and_(auth.visible_accounts(actor), accounts.condition())
    query = (
        select(Term.account_id, Term.number, Term.valid_to, Term.product_id, Term.category_id)
        .join(Account, Account.id == Term.account_id)
        .where(_ends(days), seen)
        .order_by(Term.valid_to, Term.number)
    )
    found: dict[int, list[tuple[int, date]]] = {}
    goods: dict[int, list[_Goods]] = {}
    rows: Any = session.execute(query)
    for account_id, number, valid_to, product_id, category_id in rows:
        found.setdefault(account_id, []).append((number, valid_to))
        goods.setdefault(account_id, []).append((product_id, category_id))
    amounts = _sold(session, actor, goods) if found else {}
    return [
        Ending(key, len(ends), tuple(number for number, _day in ends), ends[0][1], amounts.get(key, ZERO))
        for key, ends in found.items()
    ]


def _ends(days: int) -> ColumnElement[bool]:
    """The condition on Term: in force today, over within so many days, and nothing goes on from there."""
    today = clock.today()
    after = aliased(Term)
    goes_on = exists().where(
        after.scope_key == Term.scope_key,
        after.kind == Term.kind,
        after.min_quantity == Term.min_quantity,
        after.status == TermStatus.APPROVED,
        after.superseded_at.is_(None),
        after.undone_at.is_(None),
        after.valid_from <= Term.valid_to,
        or_(after.valid_to.is_(None), after.valid_to > Term.valid_to),
    )
    return and_(
        terms.known(None),
        Term.status == TermStatus.APPROVED,
        Term.kind != TermKind.PROMOTION,
        Term.valid_from <= today,
        Term.valid_to > today,
        Term.valid_to <= today + timedelta(days=days + 1),
        ~goes_on,
    )


def _sold(session: Session, actor: Actor, goods: Mapping[int, Sequence[_Goods]]) -> dict[int, Decimal]:
    """By account, the net revenue of the last twelve finished months of the products that some ending term is for."""
    month = first_of_month(clock.today())
    period, ids = Period(add_months(month, -_MONTHS), month), frozenset(goods)
    sums = revenue.by(
        session, actor, period, Dimension.ACCOUNT, Dimension.PRODUCT, accounts=AccountFilter(account_ids=ids)
    )
    categories = {key: category for key, category in session.execute(select(Product.id, Product.category_id))}  # noqa: C416
    found: dict[int, Decimal] = {}
    for (account_id, product_id), one in sums.items():
        reached = {(product_id, None), (None, categories[product_id]), (None, None)}
        if any(of in reached for of in goods[account_id]):
            found[account_id] = found.get(account_id, ZERO) + one.net
    return found
