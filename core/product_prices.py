"""What products listed for and cost, from which day on, and what was known of it when.

Each price is a version with two clocks: valid from one day to before another, and recorded at one moment until
it was superseded. Nothing is overwritten: a version that changes is closed, and what is true now is written anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from core import audit, auth, clock, products
from core.auth import Actor
from core.errors import Conflict, Invalid
from core.language import _
from core.models import ListPrice, Product, UnitCost
from core.money import round_money
from core.periods import holds
from core.vocabulary import Permission

Kind = type[ListPrice] | type[UnitCost]


@dataclass(frozen=True)
class PriceVersion:
    """A list price or unit cost in force from one day to before another, as known for some time."""

    product_id: int
    valid_from: date
    valid_to: date | None  # exclusive; none: until further notice
    amount: Decimal
    recorded_at: datetime
    superseded_at: datetime | None  # none: what we know now


def set_list_price(
    session: Session,
    actor: Actor,
    product_id: int,
    valid_from: date,
    price: Decimal,
    *,
    batch_id: int | None = None,
) -> bool:
    """Publish a list price from a day on, until the next one that is known; whether anything changed."""
    return _set(session, actor, ListPrice, (product_id, valid_from, price), batch_id)


def set_cost(
    session: Session,
    actor: Actor,
    product_id: int,
    valid_from: date,
    cost: Decimal,
    *,
    batch_id: int | None = None,
) -> bool:
    """Note what a product costs us from a day on, until the next cost that is known; whether anything changed."""
    auth.require(actor, Permission.COST_READ)
    return _set(session, actor, UnitCost, (product_id, valid_from, cost), batch_id)


def set_list_prices(
    session: Session, actor: Actor, rows: Iterable[tuple[int, date, Decimal]], *, batch_id: int | None = None
) -> int:
    """Many list prices at once, as (product, valid from, price); returns how many changed anything."""
    return sum(set_list_price(session, actor, *row, batch_id=batch_id) for row in rows)


def list_prices_on(session: Session, actor: Actor, day: date) -> dict[int, Decimal]:
    """What every product lists for on a day, as we know it now; products without a price are left out."""
    auth.require(actor, Permission.PRODUCT_READ)
    rows = session.execute(
        select(ListPrice.product_id, ListPrice.price).where(
            ListPrice.superseded_at.is_(None),
            ListPrice.valid_from <= day,
            or_(ListPrice.valid_to.is_(None), ListPrice.valid_to > day),
        )
    )
    return {product_id: price for product_id, price in rows}  # noqa: C416


def publish(
    session: Session,
    actor: Actor,
    valid_from: date,
    prices: Mapping[int, Decimal],
    *,
    seen: Mapping[int, Decimal | None],
) -> int:
    """Publish many list prices from one day on, all or none; returns how many changed.

    `seen` is what was in force on that day when the grid was first shown: another price that somebody published
    meanwhile is a Conflict that names the product.
    """
    auth.require(actor, Permission.PRODUCT_WRITE)
    known = {row.id: row for row in session.scalars(select(Product).where(Product.id.in_(prices)))}
    if wrong := [
        known[key].code for key, price in prices.items() if price < 0 or price != round_money(price)
    ]:
        sentence = _("A price is zero or more, with at most four decimals: {codes}.").format(
            codes=", ".join(wrong)
        )
        raise Invalid(sentence, fields={"grid": sentence})
    now = list_prices_on(session, actor, valid_from)
    overtaken = [
        key for key, price in prices.items() if now.get(key) != seen.get(key) and now.get(key) != price
    ]
    if overtaken:
        said = [
            f"{known[key].code}: {'–' if now.get(key) is None else now[key]}" for key in sorted(overtaken)
        ]
        raise Conflict(
            _("Somebody else published some of these prices meanwhile. Look at theirs and save again."),
            current={"grid": "; ".join(said)},
            version={**seen, **{key: now.get(key) for key in prices}},
        )
    return set_list_prices(session, actor, [(key, valid_from, price) for key, price in prices.items()])


def set_costs(
    session: Session, actor: Actor, rows: Iterable[tuple[int, date, Decimal]], *, batch_id: int | None = None
) -> int:
    """Many unit costs at once, as (product, valid from, cost); returns how many changed anything."""
    return sum(set_cost(session, actor, *row, batch_id=batch_id) for row in rows)


def list_price_on(
    session: Session, actor: Actor, product_id: int, day: date, *, known_at: datetime | None = None
) -> Decimal | None:
    """The list price in force on a day, as we know it now or knew it at a moment; None where there was none."""
    auth.require(actor, Permission.PRODUCT_READ)
    return _on(session, ListPrice, product_id, day, known_at)


def cost_on(
    session: Session, actor: Actor, product_id: int, day: date, *, known_at: datetime | None = None
) -> Decimal | None:
    """The unit cost in force on a day; only for those who may see cost."""
    auth.require(actor, Permission.COST_READ)
    return _on(session, UnitCost, product_id, day, known_at)


def price_history(
    session: Session, actor: Actor, product_ids: Sequence[int], *, with_superseded: bool = False
) -> list[PriceVersion]:
    """The list prices of some products, the earliest first."""
    auth.require(actor, Permission.PRODUCT_READ)
    return _history(session, ListPrice, product_ids, with_superseded)


def cost_history(
    session: Session, actor: Actor, product_ids: Sequence[int], *, with_superseded: bool = False
) -> list[PriceVersion]:
    """The unit costs of some products, the earliest first; only for those who may see cost."""
    auth.require(actor, Permission.COST_READ)
    return _history(session, UnitCost, product_ids, with_superseded)


def _set(
    session: Session, actor: Actor, kind: Kind, version: tuple[int, date, Decimal], batch_id: int | None
) -> bool:
    product_id, valid_from, amount = version
    auth.require(actor, Permission.PRODUCT_WRITE)
    product = products.access(session, actor, product_id)
    products.valid_day(valid_from)
    if amount < 0 or amount != round_money(amount):
        raise Invalid(
            _("A price is zero or more, with at most four decimals."), fields={"price": _("Correct this.")}
        )
    at = max(clock.now(), _last_recorded(session, kind, product_id) + timedelta(microseconds=1))
    around = list(session.scalars(_known(kind, product_id).order_by(kind.valid_from)))
    same_day = next((row for row in around if row.valid_from == valid_from), None)
    inside = next((row for row in around if holds(row.valid_from, row.valid_to, valid_from)), None)
    if inside is not None and _amount(inside) == amount:
        return False
    before = inside and _amount(inside)
    later = [row.valid_from for row in around if row.valid_from > valid_from]
    valid_to = inside.valid_to if inside is not None else min(later, default=None)
    if inside is not None:
        inside.superseded_at = at
        if same_day is None:
            # What was in force goes on being true for the days before.
            _add(
                session,
                kind,
                product_id,
                (inside.valid_from, valid_from),
                _amount(inside),
                (at, inside.batch_id),
            )
    _add(session, kind, product_id, (valid_from, valid_to), amount, (at, batch_id))
    session.flush()
    name = _column(kind)
    changes: dict[str, tuple[Any, Any]] = {
        "list_price" if kind is ListPrice else "unit_cost": (before, amount),
        "valid_from": (None, valid_from),
    }
    audit.record(session, actor, f"product:{name}", products.subject(product), changes)
    return True


def _add(
    session: Session,
    kind: Kind,
    product_id: int,
    valid: tuple[date, date | None],
    amount: Decimal,
    recorded: tuple[datetime, int | None],
) -> None:
    row = kind(product_id=product_id, valid_from=valid[0], valid_to=valid[1], recorded_at=recorded[0])
    row.batch_id = recorded[1]
    setattr(row, _column(kind), amount)
    session.add(row)


def _column(kind: Kind) -> str:
    return "price" if kind is ListPrice else "cost"


def _amount(row: ListPrice | UnitCost) -> Decimal:
    return row.price if isinstance(row, ListPrice) else row.cost


def _last_recorded(session: Session, kind: Kind, product_id: int) -> datetime:
    """Two changes within one tick of the clock still come one after the other."""
    found = session.scalar(select(func.max(kind.recorded_at)).where(kind.product_id == product_id))
    return found or clock.now() - timedelta(days=1)


def _known(kind: Kind, product_id: int, known_at: datetime | None = None) -> Select[Any]:
    query = select(kind).where(kind.product_id == product_id)
    if known_at is None:
        return query.where(kind.superseded_at.is_(None))
    return query.where(
        kind.recorded_at <= known_at, or_(kind.superseded_at.is_(None), kind.superseded_at > known_at)
    )


def _on(
    session: Session, kind: Kind, product_id: int, day: date, known_at: datetime | None
) -> Decimal | None:
    query = _known(kind, product_id, known_at).where(
        kind.valid_from <= day, or_(kind.valid_to.is_(None), kind.valid_to > day)
    )
    row = session.scalar(query)
    return None if row is None else _amount(row)


def _history(
    session: Session, kind: Kind, product_ids: Sequence[int], with_superseded: bool
) -> list[PriceVersion]:
    query = select(kind).where(kind.product_id.in_(product_ids))
    if not with_superseded:
        query = query.where(kind.superseded_at.is_(None))
    rows: Iterable[Any] = session.scalars(query.order_by(kind.product_id, kind.valid_from, kind.recorded_at))
    return [
        PriceVersion(
            row.product_id, row.valid_from, row.valid_to, _amount(row), row.recorded_at, row.superseded_at
        )
        for row in rows
    ]
