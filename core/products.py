"""Products: what we sell, in which category and unit, and how it is packed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import flag_modified

from core import audit, auth, clock, references
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import Category, PackSize, Product, Unit
from core.vocabulary import Permission

Named = TypeVar("Named", Category, Unit)


@dataclass(frozen=True)
class ProductRow:
    """A product as lists and choices show it."""

    id: int
    code: str
    name: str
    category_id: int | None
    category: str | None
    unit: str | None


@dataclass(frozen=True)
class ProductDetail(ProductRow):
    """Everything known about a product itself; its prices are in `core.product_prices`."""

    packs: tuple[tuple[str, Decimal], ...]  # unit, base units in one
    created_at: datetime
    version: int


@dataclass(frozen=True)
class ProductDraft:
    """What is decided about a product; category and unit are named, so that new ones can be given."""

    code: str
    name: str
    category: str | None = None
    unit: str | None = None

    def problems(self) -> dict[str, str]:
        """What breaks a rule, by field."""
        found = {}
        if not self.code.strip():
            found["code"] = _("Give the product a code.")
        elif len(self.code) > 64:
            found["code"] = _("A code has at most 64 characters.")
        if not self.name.strip():
            found["name"] = _("Give the product a name.")
        return found


def search(
    session: Session,
    actor: Actor,
    text: str = "",
    *,
    category_ids: frozenset[int] = frozenset(),
    limit: int | None = None,
    offset: int = 0,
) -> list[ProductRow]:
    """Products whose code or name has the text, by name."""
    auth.require(actor, Permission.PRODUCT_READ)
    query = _loaded().order_by(func.lower(Product.name), Product.code)
    if wanted := text.strip():
        named = (column.icontains(wanted, autoescape=True) for column in (Product.code, Product.name))
        query = query.where(or_(*named))
    if category_ids:
        query = query.where(Product.category_id.in_(category_ids))
    return [ProductRow(**_row(product)) for product in session.scalars(query.limit(limit).offset(offset))]


def find(session: Session, actor: Actor, product_ids: frozenset[int]) -> dict[int, ProductRow]:
    """Some products by id."""
    auth.require(actor, Permission.PRODUCT_READ)
    rows = session.scalars(_loaded().where(Product.id.in_(product_ids)))
    return {product.id: ProductRow(**_row(product)) for product in rows}


def get(session: Session, actor: Actor, product_id: int) -> ProductDetail:
    """One product with its packs."""
    auth.require(actor, Permission.PRODUCT_READ)
    return _detail(session, access(session, actor, product_id))


def get_by_code(session: Session, actor: Actor, code: str) -> ProductDetail:
    """One product by its code."""
    auth.require(actor, Permission.PRODUCT_READ)
    product = session.scalar(_loaded().where(Product.code == code.strip()))
    if product is None:
        raise NotFound(_("There is no product {code}.").format(code=code.strip()))
    return _detail(session, product)


def access(session: Session, actor: Actor, product_id: int) -> Product:
    """The row of a product for another function of core."""
    auth.require(actor, Permission.PRODUCT_READ)
    product = session.scalar(_loaded().where(Product.id == product_id))
    if product is None:
        raise NotFound(_("There is no such product."))
    return product


def categories(session: Session, actor: Actor) -> dict[int, str]:
    """Every category by its id, for filtering."""
    auth.require(actor, Permission.PRODUCT_READ)
    query = select(Category.id, Category.name).order_by(Category.name)
    return {category_id: name for category_id, name in session.execute(query)}  # noqa: C416


def units(session: Session, actor: Actor) -> dict[int, str]:
    """Every unit of quantity by its id."""
    auth.require(actor, Permission.PRODUCT_READ)
    rows = session.execute(select(Unit.id, Unit.name).order_by(Unit.name))
    return {unit_id: name for unit_id, name in rows}  # noqa: C416


def create(session: Session, actor: Actor, draft: ProductDraft) -> int:
    """A new product; returns its id."""
    auth.require(actor, Permission.PRODUCT_WRITE)
    _check(session, draft, None)
    product = Product(code=draft.code.strip(), name=draft.name.strip(), created_at=clock.now())
    _file(session, actor, product, draft)
    session.add(product)
    session.flush()
    audit.record(session, actor, "product:create", subject(product), audit.differences({}, _values(product)))
    return product.id


def update(session: Session, actor: Actor, product_id: int, draft: ProductDraft, *, version: int) -> int:
    """Change what a product is called and where it is filed; returns its new version."""
    auth.require(actor, Permission.PRODUCT_WRITE)
    product = access(session, actor, product_id)
    before = _values(product)
    if product.version != version:
        current = {name: value for name, value in before.items() if value != getattr(draft, name)}
        raise Conflict(
            _("Somebody else changed this product meanwhile. Look at the new values and save again."),
            current=current,
            version=product.version,
        )
    _check(session, draft, product)
    _file(session, actor, product, draft)
    product.code, product.name = draft.code.strip(), draft.name.strip()
    session.flush()
    changes = audit.differences(before, _values(product))
    if changes:
        audit.record(session, actor, "product:update", subject(product), changes)
    return product.version


def remove(session: Session, actor: Actor, product_id: int, *, version: int) -> None:
    """Take back a new product, as long as nobody changed it and nothing stands on it."""
    auth.require(actor, Permission.PRODUCT_WRITE)
    product = access(session, actor, product_id)
    if product.version != version or references.is_used(session, product):
        raise Conflict(_("The product has been worked with since: it stays."))
    gone, before = subject(product), _values(product)
    session.delete(product)
    session.flush()
    changes = {name: (value, None) for name, value in before.items() if value is not None}
    audit.record(session, actor, "product:remove", gone, changes)


def set_packs(
    session: Session, actor: Actor, product_id: int, packs: Mapping[str, Decimal], *, version: int
) -> None:
    """Decide how many base units each pack holds; the list replaces the one before."""
    auth.require(actor, Permission.PRODUCT_WRITE)
    product = access(session, actor, product_id)
    if product.version != version:
        raise Conflict(
            _("Somebody else changed this product meanwhile. Look at the new values and save again."),
            version=product.version,
        )
    if any(held <= 0 for held in packs.values()):
        raise Invalid(_("A pack holds more than nothing."), fields={"packs": _("Give a number above zero.")})
    before = dict(_packs(session, product))
    if before == dict(packs):
        return
    units = {name: get_or_create_unit(session, actor, name) for name in packs}
    session.execute(delete(PackSize).where(PackSize.product_id == product.id))
    for name, held in packs.items():
        session.add(PackSize(product_id=product.id, unit_id=units[name].id, base_units=held))
    # Packs are part of what the form shows, so they count as a change of the product.
    flag_modified(product, "name")
    session.flush()
    audit.record(session, actor, "product:packs", subject(product), {"packs": (before, dict(packs))})


def get_or_create_category(session: Session, actor: Actor, name: str) -> Category:
    """The category of this name, made anew where there is none."""
    return _named(session, actor, Category, name)


def get_or_create_unit(session: Session, actor: Actor, name: str) -> Unit:
    """The unit of this name, made anew where there is none."""
    return _named(session, actor, Unit, name)


def subject(product: Product) -> Subject:
    """A product as the audit names it."""
    return Subject("product", str(product.id), f"{product.code} {product.name}")


def _loaded() -> Select[Product]:
    return select(Product).options(joinedload(Product.category), joinedload(Product.unit))


def _row(product: Product) -> dict[str, Any]:
    return {"id": product.id, "category_id": product.category_id, **_values(product)}


def _values(product: Product) -> dict[str, Any]:
    return {
        "code": product.code,
        "name": product.name,
        "category": product.category.name if product.category else None,
        "unit": product.unit.name if product.unit else None,
    }


def _detail(session: Session, product: Product) -> ProductDetail:
    return ProductDetail(
        **_row(product),
        packs=_packs(session, product),
        created_at=product.created_at,
        version=product.version,
    )


def _packs(session: Session, product: Product) -> tuple[tuple[str, Decimal], ...]:
    query = select(Unit.name, PackSize.base_units).join(Unit, Unit.id == PackSize.unit_id)
    found = session.execute(query.where(PackSize.product_id == product.id).order_by(PackSize.base_units))
    return tuple((name, held) for name, held in found)


def _check(session: Session, draft: ProductDraft, product: Product | None) -> None:
    problems = draft.problems()
    code = draft.code.strip()
    is_new = code and (product is None or product.code != code)
    if is_new and session.scalar(select(Product.id).where(Product.code == code)) is not None:
        problems["code"] = _("The code {code} is taken already. Choose another.").format(code=code)
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)


def _file(session: Session, actor: Actor, product: Product, draft: ProductDraft) -> None:
    # Looking names up may flush, so it comes before the first change: one change is one version.
    category_name, unit_name = (draft.category or "").strip(), (draft.unit or "").strip()
    category = get_or_create_category(session, actor, category_name) if category_name else None
    unit = get_or_create_unit(session, actor, unit_name) if unit_name else None
    product.category, product.unit = category, unit


def _named(session: Session, actor: Actor, kind: type[Named], name: str) -> Named:
    wanted = name.strip()
    found = session.scalars(
        select(kind).where(func.lower(kind.name) == wanted.lower()).order_by(kind.name != wanted, kind.id)
    ).first()
    if found is not None:
        return found
    auth.require(actor, Permission.PRODUCT_WRITE)
    row = kind(name=wanted)
    session.add(row)
    session.flush()
    entity = kind.__name__.lower()
    audit.record(
        session, actor, f"{entity}:create", Subject(entity, str(row.id), wanted), {"name": (None, wanted)}
    )
    return row


def valid_day(day: date) -> date:
    """A day on which a price can begin; far-off ones are slips of the hand."""
    if not 1990 <= day.year <= 2100:
        raise Invalid(
            _("Give a day between 1990 and 2100."), fields={"valid_from": _("Give a day from 1990 on.")}
        )
    return day
