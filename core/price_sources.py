"""What prices are made from, read from the store: terms by whom and what they are for, packs, and list prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import false, or_, select
from sqlalchemy.orm import Session

from core import auth, terms
from core.auth import Actor
from core.filters import AccountFilter
from core.models import Account, ListPrice, PackSize, Product, Term
from core.money import round_money
from core.pricing import ForWhat, ForWhom, Offer
from core.term_drafts import Scope, TermDraft
from core.vocabulary import Permission, TermStatus

Customer = tuple[ForWhom, int]
What = tuple[ForWhat, int | None]  # a product, a category, or everything
KnownTerm = Any  # a Term, or a row of what prices need of one
_READ = (
    "number", "kind", "account_id", "group_id", "segment_id", "product_id", "category_id", "price", "rate", "days",
    "min_quantity", "unit_id", "valid_from", "valid_to", "status", "stacks", "governed_by", "basis", "period", "mode",
    "is_exception",
)  # fmt: skip
AT_ONCE = 500  # beyond these everything is read


class Goods:
    """Of some products the category, the base unit, and what their packs hold."""

    def __init__(self, session: Session, products: set[int]) -> None:
        goods = select(Product.id, Product.category_id, Product.unit_id)
        sizes = select(PackSize.product_id, PackSize.unit_id, PackSize.base_units)
        if len(products) <= AT_ONCE:
            goods = goods.where(Product.id.in_(sorted(products)))
            sizes = sizes.where(PackSize.product_id.in_(sorted(products)))
        rows = session.execute(goods).all()
        self._categories = {row.id: row.category_id for row in rows}
        self._units = {row.id: row.unit_id for row in rows}
        self._packs = {(row[0], row[1]): row[2] for row in session.execute(sizes)}

    def category(self, product_id: int) -> int | None:
        return self._categories.get(product_id)

    def held(self, unit_id: int | None, product_id: int) -> Decimal | None:
        """How many base units a unit holds; None where the product is not packed so."""
        if unit_id is None or unit_id == self._units.get(product_id):
            return Decimal(1)
        return self._packs.get((product_id, unit_id))


def offer_of(term: KnownTerm, held: Decimal | None) -> Offer:
    """A term as the rule sees it; `held`: how many base units the unit that it counts in holds."""
    return _offer(
        term.number,
        terms.scope_of(term),
        held,
        kind=term.kind,
        value=terms.value_of(term),
        min_quantity=term.min_quantity,
        valid_from=term.valid_from,
        valid_to=term.valid_to,
        is_approved=term.status is TermStatus.APPROVED,
        stacks=term.stacks,
        governed_by=term.governed_by,
        is_exception=term.is_exception,
        basis=term.basis,
        mode=term.mode,
    )


def drafted(draft: TermDraft, held: Decimal | None) -> Offer:
    """A draft as if it were approved; its number is that of no term."""
    return _offer(
        0,
        draft.scope,
        held,
        kind=draft.kind,
        value=draft.value,
        min_quantity=draft.min_quantity,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        is_approved=True,
        stacks=draft.stacks,
        governed_by=draft.governed_by,
        is_exception=draft.is_exception,
        basis=draft.basis,
        mode=draft.mode,
    )


def _offer(number: int, scope: Scope, held: Decimal | None, **said: Any) -> Offer:
    if held not in (None, 1):
        said["min_quantity"] *= held
        if said["kind"].is_money:
            said["value"] = round_money(said["value"] / held)
    return Offer(
        number=number,
        for_whom=customer_of(scope)[0],
        for_what=for_what(scope),
        counts=held is not None,
        **said,
    )


def for_what(scope: Scope) -> ForWhat:
    if scope.product_id is not None:
        return ForWhat.PRODUCT
    return ForWhat.EVERYTHING if scope.category_id is None else ForWhat.CATEGORY


def customer_of(scope: Scope) -> Customer:
    """For whom it is, and which one."""
    if scope.account_id is not None:
        return ForWhom.ACCOUNT, scope.account_id
    if scope.group_id is not None:
        return ForWhom.GROUP, scope.group_id
    assert scope.segment_id is not None  # noqa: S101  (the table holds exactly one of the three)
    return ForWhom.SEGMENT, scope.segment_id


def what_of(scope: Scope) -> What:
    """For what it is, and which one."""
    return for_what(scope), scope.product_id or scope.category_id


def places(session: Session, actor: Actor, accounts: AccountFilter) -> dict[int, tuple[Customer, ...]]:
    """Each visible account of the filter with itself, its group and its segment."""
    query = select(Account.id, Account.group_id, Account.segment_id).where(
        auth.visible_accounts(actor), accounts.condition()
    )
    levels = (ForWhom.ACCOUNT, ForWhom.GROUP, ForWhom.SEGMENT)
    return {
        row[0]: tuple((level, key) for level, key in zip(levels, row, strict=True) if key is not None)
        for row in session.execute(query)
    }


def known_terms(found_places: Mapping[int, tuple[Customer, ...]], known_at: datetime | None) -> Any:
    """The versions known then of every scope that some account is in; rows, since objects take twice as long."""
    columns = {
        ForWhom.ACCOUNT: Term.account_id,
        ForWhom.GROUP: Term.group_id,
        ForWhom.SEGMENT: Term.segment_id,
    }
    keys: dict[ForWhom, set[int]] = {level: set() for level in columns}
    for customers in found_places.values():
        for level, key in customers:
            keys[level].add(key)
    few = {level: found for level, found in keys.items() if found and len(found) <= AT_ONCE}
    many = [columns[level].is_not(None) for level, found in keys.items() if len(found) > AT_ONCE]
    reached = [columns[level].in_(sorted(found)) for level, found in few.items()]
    return select(*(getattr(Term, name) for name in _READ)).where(
        terms.known(known_at), or_(false(), *reached, *many)
    )


def list_prices(
    session: Session, actor: Actor, products: set[int], known_at: datetime | None
) -> dict[int, list[tuple[date, date | None, Decimal]]]:
    """The list prices of some products as known then; a product whose prices were all recorded later has those of now.

    List prices come by file without the day on which they became known, so that nothing would be known of the past.
    """
    auth.require(actor, Permission.TERM_READ)
    query = select(
        ListPrice.product_id,
        ListPrice.valid_from,
        ListPrice.valid_to,
        ListPrice.price,
        ListPrice.recorded_at,
        ListPrice.superseded_at,
    ).order_by(ListPrice.product_id, ListPrice.valid_from)
    if len(products) <= AT_ONCE:
        query = query.where(ListPrice.product_id.in_(sorted(products)))
    now: dict[int, list[tuple[date, date | None, Decimal]]] = {}
    then: dict[int, list[tuple[date, date | None, Decimal]]] = {}
    for product_id, valid_from, valid_to, price, recorded_at, superseded_at in session.execute(query):
        version = (valid_from, valid_to, price)
        if superseded_at is None:
            now.setdefault(product_id, []).append(version)
        if (
            known_at is not None
            and recorded_at <= known_at
            and (superseded_at is None or superseded_at > known_at)
        ):
            then.setdefault(product_id, []).append(version)
    return {**now, **then}
