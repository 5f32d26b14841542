"""The cheapest way to a better score: what would have to move, by how much, and which points that brings.

Each lever changes readings as if it had happened by the day of the score; the least whole amount or count that brings
the points is found by halving, since more of it never brings fewer points. Amounts are what has to move, and of
different kinds: revenue to be won, discount not to be given, debt to be collected, goods to be delivered well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from core.health_rules import FULL, HealthRule, Measure, Reading, Score
from core.money import ZERO, ratio

WANTED = Decimal(10)
_MOST_DELIVERIES = 1_000

Readings = Mapping[Measure, Reading]


class Lever(StrEnum):
    """What can be done for a score."""

    CONFIRM = "confirm"
    ORDERS = "orders"
    DISCOUNT = "discount"
    DEBT = "debt"
    DELIVERIES = "deliveries"
    CATEGORIES = "categories"


@dataclass(frozen=True)
class Lapsed:
    """A category that was bought a year before and not again."""

    name: str
    amount: Decimal  # net revenue then


@dataclass(frozen=True)
class Move:
    """What a step does to one measure."""

    measure: Measure
    before: Decimal  # points
    after: Decimal


@dataclass(frozen=True)
class Step:
    """So much of one lever, and what it brings."""

    lever: Lever
    amount: Decimal  # money that has to move; zero: none has to
    count: int  # deliveries or categories; 0 for the others
    names: tuple[str, ...]  # the categories
    moves: tuple[Move, ...]
    gain: Decimal  # points of the score


@dataclass(frozen=True)
class Ways:
    """How the score could rise by so many points; `best` is empty where all levers together do not suffice."""

    wanted: Decimal
    best: tuple[Step, ...]
    alone: tuple[Step, ...]  # each lever that suffices by itself, the smallest amount first
    reachable: Decimal  # the points that the levers bring together


def ways(
    readings: Readings, rule: HealthRule, lapsed: Sequence[Lapsed] = (), wanted: Decimal = WANTED
) -> Ways:
    """The least that brings the wanted points, or as many as are missing to 100.

    Where no lever suffices alone they are added, those that bring most points first, and of the last one only as much
    as is missing: few steps, though not proven to be the least money of all.
    """
    start = rule.score(readings).exact
    if start is None:
        return Ways(wanted, (), (), ZERO)
    wanted = min(wanted, FULL - start)
    if wanted <= 0:
        return Ways(ZERO, (), (), ZERO)
    given = _Given(rule, tuple(sorted(lapsed, key=lambda one: (one.amount, one.name))))
    alone = sorted(_enough(given, readings, start + wanted), key=lambda step: step.amount)
    best = tuple(alone[:1]) or _together(given, readings, start + wanted)
    reachable = _score(given, _all(given, readings)) - start
    return Ways(wanted, best, tuple(alone), reachable)


@dataclass(frozen=True)
class _Given:
    rule: HealthRule
    lapsed: tuple[Lapsed, ...]  # the smallest first


def _score(given: _Given, readings: Readings) -> Decimal:
    return given.rule.score(readings).exact or ZERO


def _enough(given: _Given, readings: Readings, goal: Decimal) -> Iterator[Step]:
    """The levers that reach the goal alone, each with its least."""
    for lever, (most, _after) in _LEVERS.items():
        top = most(given, readings)
        if top and _score(given, _pulled(given, readings, lever, top)) >= goal:
            yield _step(given, readings, lever, _least(given, readings, lever, goal, top))


def _least(given: _Given, readings: Readings, lever: Lever, goal: Decimal, top: int) -> int:
    low, high = 0, top  # low is too little, high suffices
    while high - low > 1:
        middle = (low + high) // 2
        if _score(given, _pulled(given, readings, lever, middle)) >= goal:
            high = middle
        else:
            low = middle
    return high


def _together(given: _Given, readings: Readings, goal: Decimal) -> tuple[Step, ...]:
    steps: list[Step] = []
    left = set(_LEVERS)
    while left:
        at_most = [
            _step(given, readings, lever, top)
            for lever in sorted(left)
            if (top := _LEVERS[lever][0](given, readings))
        ]
        useful = [step for step in at_most if step.gain > 0]
        if not useful:
            return ()
        last = sorted(_enough(given, readings, goal), key=lambda step: step.amount)
        if last:
            return (*steps, last[0])
        chosen = max(useful, key=lambda step: step.gain)
        steps.append(chosen)
        readings = _pulled(given, readings, chosen.lever, _LEVERS[chosen.lever][0](given, readings))
        left.remove(chosen.lever)
    return ()


def _all(given: _Given, readings: Readings) -> Readings:
    for lever, (most, _after) in _LEVERS.items():
        top = most(given, readings)
        if top:
            readings = _pulled(given, readings, lever, top)
    return readings


def _pulled(given: _Given, readings: Readings, lever: Lever, units: int) -> Readings:
    return {**readings, **_LEVERS[lever][1](given, readings, units)}


def _step(given: _Given, readings: Readings, lever: Lever, units: int) -> Step:
    before, after = (given.rule.score(one) for one in (readings, _pulled(given, readings, lever, units)))
    moves = tuple(
        Move(part.measure, part.points, other.points)
        for part, other in zip(before.parts, after.parts, strict=True)
        if part.points != other.points
    )
    gain = (after.exact or ZERO) - (before.exact or ZERO)
    is_count = lever in (Lever.DELIVERIES, Lever.CATEGORIES)
    names = tuple(one.name for one in given.lapsed[:units]) if lever is Lever.CATEGORIES else ()
    return Step(lever, _amount(given, readings, lever, units), units if is_count else 0, names, moves, gain)


def _amount(given: _Given, readings: Readings, lever: Lever, units: int) -> Decimal:
    if lever is Lever.CONFIRM:
        return ZERO
    if lever is Lever.CATEGORIES:
        return sum((one.amount for one in given.lapsed[:units]), ZERO)
    if lever is Lever.DELIVERIES:
        otif = readings[Measure.OTIF]
        return units * (ratio(otif.more, otif.base) or ZERO)
    return Decimal(units)


def _points(given: _Given, measure: Measure, readings: Readings) -> Decimal | None:
    """The points that a measure still lacks; None where it is not counted."""
    rule = given.rule.rules[measure]
    if measure not in readings or not rule.weight:
        return None
    return FULL - rule.points(readings[measure].value)


def _up(amount: Decimal) -> int:
    return int(amount.to_integral_value(rounding=ROUND_CEILING))


def _most_confirm(given: _Given, readings: Readings) -> int:
    return 1 if _points(given, Measure.DATA, readings) else 0


def _confirm(_given: _Given, readings: Readings, _units: int) -> Readings:
    return {Measure.DATA: replace(readings[Measure.DATA], value=ZERO, now=ZERO)}


def _most_orders(given: _Given, readings: Readings) -> int:
    """So much that trend and target are full; one unit where only the rhythm waits for an order."""
    needed = [ZERO]
    rules = given.rule.rules
    if _points(given, Measure.TREND, readings):
        trend = readings[Measure.TREND]
        needed.append((rules[Measure.TREND].full_at - trend.value) * (trend.more or ZERO))
    if _points(given, Measure.TARGET, readings):
        target = readings[Measure.TARGET]
        needed.append((rules[Measure.TARGET].full_at - target.value) * target.base)
    waits = bool(_points(given, Measure.RHYTHM, readings))
    return max(_up(max(needed)), 1 if waits else 0)


def _orders(_given: _Given, readings: Readings, units: int) -> Readings:
    """Orders of so much, today, at the prices that the account pays."""
    changed = _more_revenue(readings, Decimal(units))
    if Measure.RHYTHM in readings:
        changed[Measure.RHYTHM] = replace(readings[Measure.RHYTHM], value=ZERO, now=ZERO)
    return changed


def _more_revenue(readings: Readings, amount: Decimal) -> dict[Measure, Reading]:
    changed = {}
    if (trend := readings.get(Measure.TREND)) is not None and trend.more:
        changed[Measure.TREND] = replace(
            trend, value=trend.value + amount / trend.more, now=trend.now + amount
        )
    if (target := readings.get(Measure.TARGET)) is not None:
        net = target.now + amount
        changed[Measure.TARGET] = replace(target, value=net / target.base, now=net)
    return changed


def _most_discount(given: _Given, readings: Readings) -> int:
    """So much that the price has all its points, and never more than was given off the list price."""
    if not _points(given, Measure.PRICE, readings):
        return 0
    price = readings[Measure.PRICE]
    needed = (given.rule.rules[Measure.PRICE].full_at - price.value) * price.base
    return max(min(_up(needed), int(price.base - price.now)), 0)


def _discount(_given: _Given, readings: Readings, units: int) -> Readings:
    """So much less discount on the same goods: better prices, and as much more revenue."""
    price, amount = readings[Measure.PRICE], Decimal(units)
    better = replace(price, value=price.value + amount / price.base, now=price.now + amount)
    return {**_more_revenue(readings, amount), Measure.PRICE: better}


def _most_debt(given: _Given, readings: Readings) -> int:
    return _up(readings[Measure.PAYMENT].now) if _points(given, Measure.PAYMENT, readings) else 0


def _debt(_given: _Given, readings: Readings, units: int) -> Readings:
    owed = readings[Measure.PAYMENT]
    paid = min(Decimal(units), owed.now)
    late, still_open = owed.now - paid, owed.base - paid
    return {Measure.PAYMENT: replace(owed, value=ratio(late, still_open) or ZERO, now=late, base=still_open)}


def _most_deliveries(given: _Given, readings: Readings) -> int:
    if not _points(given, Measure.OTIF, readings):
        return 0
    otif, full = readings[Measure.OTIF], given.rule.rules[Measure.OTIF].full_at
    if full >= 1:
        return _MOST_DELIVERIES
    return min(_up((full * otif.base - otif.now) / (1 - full)), _MOST_DELIVERIES)


def _deliveries(_given: _Given, readings: Readings, units: int) -> Readings:
    """So many more lines on time in full, none of the old ones falling out of the six months yet."""
    otif = readings[Measure.OTIF]
    good, due = otif.now + units, otif.base + units
    return {Measure.OTIF: replace(otif, value=good / due, now=good, base=due)}


def _most_categories(given: _Given, readings: Readings) -> int:
    return len(given.lapsed) if _points(given, Measure.BREADTH, readings) else 0


def _categories(_given: _Given, readings: Readings, units: int) -> Readings:
    breadth = readings[Measure.BREADTH]
    again = min(breadth.now + units, breadth.base)
    return {Measure.BREADTH: replace(breadth, value=again / breadth.base, now=again)}


_LEVERS: Mapping[
    Lever, tuple[Callable[[_Given, Readings], int], Callable[[_Given, Readings, int], Readings]]
] = {
    Lever.CONFIRM: (_most_confirm, _confirm),
    Lever.ORDERS: (_most_orders, _orders),
    Lever.DISCOUNT: (_most_discount, _discount),
    Lever.DEBT: (_most_debt, _debt),
    Lever.DELIVERIES: (_most_deliveries, _deliveries),
    Lever.CATEGORIES: (_most_categories, _categories),
}


def readings_of(score: Score) -> dict[Measure, Reading]:
    """What a score was made of."""
    return {part.measure: part.reading for part in score.parts}
