"""What each pair of account and product adds to price, volume and mix, worked out by the store.

`core.price_volume_mix` has the rule; the same, written for one product, divides by quantities and volumes in double
precision and is rounded at once to whole thousandths of the store's unit, so that sums of it are exact, whatever the
order of the rows.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Double, and_, case, cast, func, literal_column, select

from core import pair_sales

SQL_FINE = 1_000  # more would overflow the store's integers with large amounts
_NOTHING: ColumnElement[int] = literal_column("0", BigInteger)


def sold_in_both(pairs: Any) -> ColumnElement[bool]:
    """Whether a pair is compared: sold then and now."""
    return and_(pairs.quantity_then > _NOTHING, pairs.quantity_now > _NOTHING)


def crossed(pairs: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Quantities of then at the prices of now, and the other way round, in thousandths, for pairs sold in both."""
    q_then, q_now = cast(pairs.quantity_then, Double), cast(pairs.quantity_now, Double)
    then, now = _at_one_rate(pairs)
    return _fine(q_then * now / q_now), _fine(q_now * then / q_then)


def _at_one_rate(pairs: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The net amounts of both windows at the mean of their rates."""
    fine: ColumnElement[Any] = literal_column(f"{pair_sales.SHIFT_FINE}.0")
    then, now = (
        cast(pairs[f"net_{when}"], Double) + cast(pairs[f"shift_{when}"], Double) / fine
        for when in ("then", "now")
    )
    return then, now


def _fine(amount: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.round(amount * literal_column(f"{SQL_FINE}.0")), BigInteger)


def contributions(pairs: CTE) -> CTE:
    """Pairs with what each adds: price, volume and currency in thousandths, mix being the rest of `compared`."""
    both = sold_in_both(pairs.c)
    keys = [pairs.c.account_id, pairs.c.unit]
    volumes = [func.sum(pairs.c[f"quantity_{when}"]).label(when) for when in ("then", "now")]
    families = select(*keys, *volumes).where(both).group_by(*keys).cte("families")
    before, after = (cast(families.c[when], Double) for when in ("then", "now"))
    q_then, q_now = cast(pairs.c.quantity_then, Double), cast(pairs.c.quantity_now, Double)
    then, now = _at_one_rate(pairs.c)
    at_new, at_old = q_then * now / q_now, q_now * then / q_then
    two: ColumnElement[Any] = literal_column("2.0")
    six: ColumnElement[Any] = literal_column("6.0")
    repriced, undone = at_new - then, now - at_old
    # Sums of two are the same in either order, so that swapped windows give the same numbers with other signs.
    price = (two * (repriced + undone) + (before / after * undone + after / before * repriced)) / six
    volume = (
        (after - before) * (two * (then / before + now / after) + (at_new / before + at_old / after)) / six
    )
    parts = {
        "compared": pairs.c.net_now - pairs.c.net_then,
        "currency": pairs.c.shift_then - pairs.c.shift_now,
        "price": _fine(price),
        "volume": _fine(volume),
    }
    alike = and_(families.c.account_id == pairs.c.account_id, families.c.unit == pairs.c.unit)
    return (
        select(
            *pairs.c,
            *(case((both, amount), else_=_NOTHING).label(name) for name, amount in parts.items()),
        )
        .join(families, alike, isouter=True)
        .cte("contributions")
    )
