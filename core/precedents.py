"""What was granted before: terms in force for the same product or category, of others that the viewer may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from core import auth, clock, product_prices, terms
from core.auth import Actor
from core.models import Product, Term
from core.money import ratio, round_ratio
from core.term_drafts import TermDraft
from core.terms import TermRow
from core.vocabulary import Permission, TermKind, TermStatus


@dataclass(frozen=True)
class Precedent:
    """A term that somebody else was granted, and the share of the list price of today that it takes off."""

    row: TermRow
    share: Decimal


@dataclass(frozen=True)
class Precedents:
    """The terms like one that is asked for, the greatest discount first."""

    rows: tuple[Precedent, ...]

    @property
    def lowest(self) -> Decimal | None:
        return min((one.share for one in self.rows), default=None)

    @property
    def highest(self) -> Decimal | None:
        return max((one.share for one in self.rows), default=None)

    @property
    def typical(self) -> Decimal | None:
        """The median."""
        return round_ratio(median(one.share for one in self.rows)) if self.rows else None


def of(session: Session, actor: Actor, draft: TermDraft, *, day: date | None = None) -> Precedents:
    """Approved terms in force on a day, of other customers, for the same goods.

    Of a product: those of the product, and those of its category; of a category: those of the category and of its
    products; of everything: those of everything. Terms of groups and segments count as one each.
    """
    auth.require(actor, Permission.TERM_READ)
    day = day or clock.today()
    listed = product_prices.list_prices_on(session, actor, day)
    found = []
    for row in _alike(session, actor, draft, day):
        share = _share(row, listed)
        if share is not None:
            found.append(Precedent(row, share))
    return Precedents(tuple(sorted(found, key=lambda one: (-one.share, one.row.number))))


def _alike(session: Session, actor: Actor, draft: TermDraft, day: date) -> Sequence[TermRow]:
    scope = draft.scope
    category_id, products = scope.category_id, set[int]()
    if scope.product_id is not None:
        products = {scope.product_id}
        category_id = session.scalar(select(Product.category_id).where(Product.id == scope.product_id))
    elif category_id is not None:
        products = set(session.scalars(select(Product.id).where(Product.category_id == category_id)))
    if products or category_id is not None:
        goods = or_(
            Term.product_id.in_(products),
            and_(Term.category_id.is_not(None), Term.category_id == category_id),
        )
    else:
        goods = and_(Term.product_id.is_(None), Term.category_id.is_(None))
    holds = and_(Term.valid_from <= day, or_(Term.valid_to.is_(None), Term.valid_to > day))
    same = (scope.account_id, scope.group_id, scope.segment_id)
    return [
        row
        for row in terms.search(session, actor, status=TermStatus.APPROVED, only=and_(holds, goods))
        if (row.scope.account_id, row.scope.group_id, row.scope.segment_id) != same
    ]


def _share(row: TermRow, listed: dict[int, Decimal]) -> Decimal | None:
    if row.kind is not TermKind.SPECIAL_PRICE:
        return row.value
    price = listed.get(row.scope.product_id or 0)
    found = None if price is None else ratio(price - row.value, price)
    return None if found is None else round_ratio(found)
