"""The prices and amounts of one order line, from whichever of them a file gives; exact until the one rounding."""

from __future__ import annotations

from typing import NamedTuple

from core.language import N_
from core.money import MONEY_SCALE, QUANTITY_SCALE, RATE_SCALE

NO_PRICE = N_("a price is needed: unit_price, list_price with discount_rate, or net_amount")
DISAGREE = N_("unit_price, list_price and discount_rate do not agree")
TOTAL_DISAGREES = N_("net_amount is not quantity × price")
COST_DISAGREES = N_("cost_amount is not quantity × unit_cost")
RATE_BEYOND = N_("a discount rate is a fraction up to 1, such as 0.15 or 15 %")
NO_LIST = N_("a discount of 100 % does not tell the list price")
TOO_LARGE = N_("the amount is too large")

_LARGEST = 10**17
_HALF_CENT = MONEY_SCALE // 200


class Given(NamedTuple):
    """What a row says, in the store's small units; None is unknown."""

    quantity: int
    unit_price: int | None
    list_price: int | None
    discount_rate: int | None
    net_amount: int | None
    unit_cost: int | None
    cost_amount: int | None
    fx_rate: int


class Booked(NamedTuple):
    """What the line is booked with."""

    list_price: int
    net_price: int
    unit_cost: int | None
    gross_amount: int
    net_amount: int
    cost_amount: int | None


class _Exact(NamedTuple):
    """An amount in the order's currency that has not been rounded yet."""

    numerator: int
    denominator: int


def book(given: Given) -> Booked | str:
    """The line's prices and base-currency amounts, or the reason against it."""
    if given.discount_rate is not None and given.discount_rate > RATE_SCALE:
        return RATE_BEYOND
    net = _net(given)
    if isinstance(net, str):
        return net
    net_price, net_amount = net
    gross = _gross(given, net_price, net_amount)
    if isinstance(gross, str):
        return gross
    cost = _cost(given)
    if isinstance(cost, str):
        return cost
    booked = Booked(
        list_price=gross[0],
        net_price=net_price,
        unit_cost=cost[0],
        gross_amount=_in_base(gross[1], given.fx_rate),
        net_amount=_in_base(net_amount, given.fx_rate),
        cost_amount=None if cost[1] is None else _in_base(cost[1], given.fx_rate),
    )
    return TOO_LARGE if any(abs(value) > _LARGEST for value in booked if value is not None) else booked


def _net(given: Given) -> tuple[int, _Exact] | str:
    """The net price per unit and the net amount."""
    unit_price, list_price, rate = given.unit_price, given.list_price, given.discount_rate
    kept = None if rate is None else RATE_SCALE - rate
    if unit_price is not None:
        if (
            list_price is not None
            and kept is not None
            and abs(unit_price * RATE_SCALE - list_price * kept) > RATE_SCALE
        ):
            return DISAGREE
        return _with_total(given, unit_price, _times(given.quantity, unit_price))
    if list_price is not None and kept is not None:
        exact = _Exact(given.quantity * list_price * kept, QUANTITY_SCALE * RATE_SCALE)
        return _with_total(given, half_up(list_price * kept, RATE_SCALE), exact)
    if given.net_amount is not None:
        return _per_unit(given.net_amount, given.quantity), _Exact(given.net_amount, 1)
    if list_price is not None:
        return list_price, _times(given.quantity, list_price)
    return NO_PRICE


def _with_total(given: Given, price: int, exact: _Exact) -> tuple[int, _Exact] | str:
    """A line total in the file counts, if it is what the prices say but for its own rounding."""
    if given.net_amount is None:
        return price, exact
    if not _near(given.net_amount, exact, given.quantity):
        return TOTAL_DISAGREES
    return price, _Exact(given.net_amount, 1)


def _gross(given: Given, net_price: int, net: _Exact) -> tuple[int, _Exact] | str:
    """The list price and the amount at list price."""
    if given.list_price is not None:
        return given.list_price, _times(given.quantity, given.list_price)
    if not given.discount_rate:
        return net_price, net
    kept = RATE_SCALE - given.discount_rate
    if kept == 0:
        return NO_LIST
    exact = _Exact(net.numerator * RATE_SCALE, net.denominator * kept)
    return half_up(net_price * RATE_SCALE, kept), exact


def _cost(given: Given) -> tuple[int | None, _Exact | None] | str:
    """The cost per unit and of the line; both None where the file does not know it."""
    if given.unit_cost is None:
        if given.cost_amount is None:
            return None, None
        return _per_unit(given.cost_amount, given.quantity), _Exact(given.cost_amount, 1)
    exact = _times(given.quantity, given.unit_cost)
    if given.cost_amount is None:
        return given.unit_cost, exact
    if not _near(given.cost_amount, exact, given.quantity):
        return COST_DISAGREES
    return given.unit_cost, _Exact(given.cost_amount, 1)


def _times(quantity: int, price: int) -> _Exact:
    return _Exact(quantity * price, QUANTITY_SCALE)


def _per_unit(amount: int, quantity: int) -> int:
    return half_up(amount * QUANTITY_SCALE, quantity) if quantity else 0


def _near(total: int, exact: _Exact, quantity: int) -> bool:
    """Whether a total is within a ten-thousandth a unit, or within the half cent that invoices round away."""
    tolerance = max(abs(quantity), _HALF_CENT * QUANTITY_SCALE) * exact.denominator
    return abs(total * exact.denominator - exact.numerator) * QUANTITY_SCALE <= tolerance


def _in_base(amount: _Exact, fx_rate: int) -> int:
    return half_up(amount.numerator * fx_rate, amount.denominator * RATE_SCALE)


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round once, a tie away from zero."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -size if numerator < 0 else size
