"""What order lines add up to, and every ratio that is made of such sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import add, sub
from typing import Any

from core.money import MONEY_SCALE, QUANTITY_SCALE, ZERO, ratio

_MONEY, _QUANTITY = Decimal(MONEY_SCALE), Decimal(QUANTITY_SCALE)


@dataclass(frozen=True, slots=True)
class Measures:
    """Sums over some order lines, in the base currency; ratios are made from sums, never averaged.

    As read from the store they stay whole numbers until somebody looks: a page reads thousands and shows a few.
    """

    lines: int = 0
    quantity: Decimal = ZERO
    gross: Decimal = ZERO  # at list price
    net: Decimal = ZERO
    returned_lines: int = 0
    returned_quantity: Decimal = ZERO  # below zero
    returns: Decimal = ZERO  # net amount of lines with negative quantity
    covered_lines: int = 0  # lines whose cost is known
    covered_net: Decimal = ZERO
    cost: Decimal | None = ZERO  # None: whoever asks may not see cost
    whole: tuple[Any, ...] | None = field(default=None, init=False, repr=False, compare=False)

    def __getattr__(self, name: str) -> Any:
        # Reached only for what was left whole, and once for each.
        scale = _SCALES.get(name, 0)
        if scale == 0:
            raise AttributeError(name)
        value = self.whole[_PLACES[name]]  # type: ignore[index]
        if scale is None:
            value = int(value)
        elif value is not None:
            value = Decimal(value) / scale
        object.__setattr__(self, name, value)
        return value

    def __add__(self, other: Measures) -> Measures:
        one, two = self.whole, other.whole
        if one is not None and two is not None:
            cost = None if one[9] is None or two[9] is None else one[9] + two[9]
            return _kept((*map(add, one[:9], two[:9]), cost))
        # Written out: a page adds thousands of these.
        return Measures(
            self.lines + other.lines,
            self.quantity + other.quantity,
            self.gross + other.gross,
            self.net + other.net,
            self.returned_lines + other.returned_lines,
            self.returned_quantity + other.returned_quantity,
            self.returns + other.returns,
            self.covered_lines + other.covered_lines,
            self.covered_net + other.covered_net,
            None if self.cost is None or other.cost is None else self.cost + other.cost,
        )

    def __sub__(self, other: Measures) -> Measures:
        whole, less = self.whole, other.whole
        if whole is not None and less is not None:
            cost = None if whole[9] is None or less[9] is None else whole[9] - less[9]
            return _kept((*map(sub, whole[:9], less[:9]), cost))
        sides = ((getattr(self, name), getattr(other, name)) for name in _SCALES)
        left: list[Any] = [None if one is None or two is None else one - two for one, two in sides]
        return Measures(*left)

    def small(self, name: str) -> int:
        """One of them in the small units that the store keeps it in."""
        place, scale = _PLACES[name], _SCALES[name]
        return int(self.whole[place] if self.whole is not None else getattr(self, name) * (scale or 1))

    @property
    def discount(self) -> Decimal:
        return self.gross - self.net

    @property
    def discount_rate(self) -> Decimal | None:
        return ratio(self.discount, self.gross)

    @property
    def margin(self) -> Decimal | None:
        """Net revenue less cost over the lines whose cost is known; None where no cost is known."""
        return None if self.cost is None or not self.covered_lines else self.covered_net - self.cost

    @property
    def margin_rate(self) -> Decimal | None:
        return ratio(self.margin, self.covered_net)


# In what the store keeps each, in the order of its columns; None: a count.
_SCALES: dict[str, Decimal | None] = {
    "lines": None,
    "quantity": _QUANTITY,
    "gross": _MONEY,
    "net": _MONEY,
    "returned_lines": None,
    "returned_quantity": _QUANTITY,
    "returns": _MONEY,
    "covered_lines": None,
    "covered_net": _MONEY,
    "cost": _MONEY,
}
_PLACES = {name: place for place, name in enumerate(_SCALES)}
_NOTHING = (0,) * len(_SCALES)


def stored(sums: Sequence[Any], *, sees_cost: bool) -> Measures:
    """What the store added up, in its own small units and the order of its columns."""
    if not sums[0]:
        return nothing(sees_cost=sees_cost)
    return _kept(tuple(sums) if sees_cost else (*sums[:9], None))


def total(rows: Iterable[Measures], *, sees_cost: bool) -> Measures:
    """All of them together."""
    whole = [row.whole for row in rows]
    if None in whole:
        raise ValueError("only sums as the store keeps them are added up at once")
    columns = list(zip(*whole, strict=True))
    if not columns:
        return nothing(sees_cost=sees_cost)
    return _kept((*map(sum, columns[:9]), sum(columns[9]) if sees_cost else None))


def nothing(*, sees_cost: bool) -> Measures:
    """Sums over no order line at all."""
    return _kept(_NOTHING if sees_cost else (*_NOTHING[:9], None))


def _kept(whole: tuple[Any, ...]) -> Measures:
    found = object.__new__(Measures)
    object.__setattr__(found, "whole", whole)
    return found
