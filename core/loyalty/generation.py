"""What a programme makes of a member's orders, on plain values: points of each order, points that returns take back.

The daily job and the replay lab both call `generate`, so that a replay of the live versions gives the live ledger.
An order earns once, on the day it is booked: what its lines are worth with their factors, times the tier's factor,
rounded as the version in force on that day says. A return takes back what its line earned, from the latest purchases
of the product that are not returned yet; what was bought before joining earned nothing and so gives nothing back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from core.loyalty import rules
from core.loyalty.lots import NO_END, Key, Movement, Phase
from core.loyalty.rules import TierHistory, VersionInForce
from core.loyalty_vocabulary import EarningBasis, EntryKind, QualifyingBasis, TierFactor
from core.money import MONEY_SCALE, QUANTITY_SCALE, RATE_SCALE

FACTOR_SCALE = 10_000  # of factors of products times factors of campaigns, two decimals each
_TIER_FACTOR_SCALE = 100
_MONEY_TO_MILLI = MONEY_SCALE // rules.SCALE


# Of orders, purchases and movements there are millions in a replay: these are not frozen, which costs more to make.
@dataclass(slots=True)
class Order:
    """What an account bought with an order on a day."""

    account_id: int
    order_no: str
    day: int  # ordinal
    weight: int  # money or units, as the store keeps them, times factors
    plain: int  # the same without factors, times `FACTOR_SCALE`
    net: int  # ten-thousandths
    source: str  # `order:4711:2026-03-02`


@dataclass(slots=True)
class Purchase:
    """A line of a product that was returned some time."""

    account_id: int
    product_id: int
    order_no: str
    line_no: int
    day: int
    quantity: int
    weight: int
    plain: int
    net: int
    source: str  # of its order


@dataclass(frozen=True, slots=True)
class Return:
    account_id: int
    product_id: int
    order_no: str
    line_no: int
    day: int
    quantity: int  # above zero


@dataclass(slots=True)
class Facts:
    """What is known of a member's orders."""

    orders: list[Order] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)


@dataclass(slots=True)
class Generated:
    """An entry that a specification makes; points and qualifying are thousandths."""

    movement: Movement
    qualifying: int
    spec_id: int


@dataclass(frozen=True)
class Generation:
    """All entries of a member's orders, and the tiers that follow."""

    entries: tuple[Generated, ...]
    history: TierHistory
    qualifying: Mapping[int, int]  # by day, with what people entered


@dataclass(frozen=True)
class GrantedTier:
    """A tier that was given for some days."""

    name: str
    start: int  # ordinals
    end: int  # exclusive


def generate(
    versions: Sequence[VersionInForce],
    facts: Facts,
    joined: date,
    until: date,
    *,
    entered: Mapping[int, int] | None = None,
    grants: Sequence[GrantedTier] = (),
) -> Generation:
    """The entries up to a day; `entered` is what qualifies by day beside orders."""
    in_force = _VersionsByDay(versions)
    last, first = until.toordinal(), joined.toordinal()
    orders = sorted(
        (one for one in facts.orders if first <= one.day <= last and in_force.at(one.day) is not None),
        key=lambda one: (one.day, one.order_no, one.account_id),
    )
    counted = {(one.account_id, one.source): in_force.of(one.day).qualifying(one) for one in orders}
    parts = _returned(orders, facts, last)
    qualifying = dict(entered or {})
    for one in orders:
        qualifying[one.day] = qualifying.get(one.day, 0) + counted[one.account_id, one.source]
    for part in parts:
        by_money = in_force.of(part.bought).by_money
        part.qualifying = part.qualifying_of(counted[part.key], by_money=by_money)
        qualifying[part.day] = qualifying.get(part.day, 0) - part.qualifying
    history = rules.tiers_over(versions, qualifying, joined, until)
    factors: dict[int, int] = {}
    entries, earned = [], {}
    for one in orders:
        earning = in_force.of(one.day)
        if one.day not in factors:
            factors[one.day] = _factor(history, grants, one.day, earning.version)
        key = (one.account_id, one.source)
        points = earned[key] = earning.points(one, factors[one.day])
        entries.append(earning.entry(one, points, counted[key]))
    entries.extend(
        part.entry(part.points_of(earned[part.key]), in_force.of(part.bought).version) for part in parts
    )
    kept = tuple(one for one in entries if one.movement.points or one.qualifying)
    return Generation(kept, history, qualifying)


class _Earning:
    """How orders earn under a version, with what is the same for all of them worked out once."""

    def __init__(self, version: VersionInForce) -> None:
        self.version, spec = version, version.spec
        self.by_money = spec.qualifying is QualifyingBasis.REVENUE
        base = MONEY_SCALE if spec.basis is EarningBasis.REVENUE else QUANTITY_SCALE
        self._per = int(spec.points_per * RATE_SCALE) * rules.SCALE
        self._whole = base * FACTOR_SCALE * RATE_SCALE
        self._step, self._rounding = rules.milli(spec.round_to), spec.rounding
        self._days: dict[int, tuple[int, int]] = {}

    def points(self, one: Order, tier_factor: int) -> int:
        numerator = one.weight * self._per * tier_factor
        return rules.rounded(numerator, self._whole * _TIER_FACTOR_SCALE, self._step, self._rounding)

    def qualifying(self, one: Order) -> int:
        """Points before all factors, or net revenue in thousandths, cut."""
        if self.by_money:
            return max(0, one.net // _MONEY_TO_MILLI)
        return rules.rounded(one.plain * self._per, self._whole, self._step, self._rounding)

    def entry(self, one: Order, points: int, qualifying: int) -> Generated:
        active, last = self._days.get(one.day) or self._days_of(one.day)
        movement = Movement(
            one.source, one.account_id, EntryKind.EARN, one.day, points, active, last, Phase.ORDERS
        )
        return Generated(movement, qualifying, self.version.spec_id)

    def _days_of(self, day: int) -> tuple[int, int]:
        """From when points of a day can be spent, and their last day."""
        last = rules.expires_on(self.version.spec, date.fromordinal(day))
        found = day + self.version.spec.pending_days, NO_END if last is None else last.toordinal()
        self._days[day] = found
        return found


class _VersionsByDay:
    """The version of each day, found once a day."""

    def __init__(self, versions: Sequence[VersionInForce]) -> None:
        self._earnings = [_Earning(version) for version in versions]
        self._known: dict[int, _Earning | None] = {}

    def at(self, day: int) -> _Earning | None:
        if day not in self._known:
            on = date.fromordinal(day)
            found = [
                one
                for one in self._earnings
                if one.version.start <= on and (one.version.end is None or on < one.version.end)
            ]
            self._known[day] = found[-1] if found else None
        return self._known[day]

    def of(self, day: int) -> _Earning:
        found = self.at(day)
        if found is None:
            raise LookupError(f"no version of the programme is in force on {date.fromordinal(day)}")
        return found


def _factor(history: TierHistory, grants: Sequence[GrantedTier], day: int, version: VersionInForce) -> int:
    """The tier's factor in hundredths, of an earned or a granted tier, whichever stands higher."""
    on = day - 1 if version.spec.tier_factor is TierFactor.BEFORE else day
    held = history.at(on)
    names = [tier.name for tier in version.spec.tiers]
    places = [names.index(held.name)] if held is not None and held.name in names else []
    places += [names.index(one.name) for one in grants if one.start <= day < one.end and one.name in names]
    return int(version.spec.tiers[max(places)].factor * _TIER_FACTOR_SCALE) if places else _TIER_FACTOR_SCALE


Worth = tuple[int, int, int]  # weight, plain and net


@dataclass(slots=True)
class _Part:
    """The part of an order that a return brings back, as shares before and after it."""

    returned: Return
    key: Key  # of the order
    bought: int  # its day
    before: Worth
    after: Worth
    whole: Worth
    qualifying: int = 0

    @property
    def day(self) -> int:
        return self.returned.day

    def points_of(self, points: int) -> int:
        """So cut that all parts of an order come to all of its points."""
        return self._between(points, 0)

    def qualifying_of(self, points: int, *, by_money: bool) -> int:
        return self._between(points, 2 if by_money else 1)

    def _between(self, points: int, place: int) -> int:
        return self._of(points, self.after[place], place) - self._of(points, self.before[place], place)

    def _of(self, points: int, worth: int, place: int) -> int:
        if worth >= self.whole[place]:
            return points
        return points * worth // self.whole[place] // rules.SCALE * rules.SCALE

    def entry(self, points: int, version: VersionInForce) -> Generated:
        one, source = self.returned, self.key[1]
        movement = Movement(
            source=f"return:{one.order_no}:{one.line_no}:{date.fromordinal(one.day).isoformat()}:{source}",
            account_id=one.account_id,
            kind=EntryKind.REVERSE,
            posted=one.day,
            points=-points,
            phase=Phase.ORDERS,
            reverses=source,
        )
        return Generated(movement, -self.qualifying, version.spec_id)


def _returned(orders: Sequence[Order], facts: Facts, last: int) -> list[_Part]:
    """Which purchases each return brings back: the latest of the product that are not returned yet."""
    whole = {(one.account_id, one.source): (one.weight, one.plain, one.net) for one in orders}
    lines: dict[tuple[int, int], list[_Left]] = {}
    for purchase in sorted(facts.purchases, key=lambda one: (one.day, one.order_no, one.line_no)):
        if (purchase.account_id, purchase.source) in whole:
            lines.setdefault((purchase.account_id, purchase.product_id), []).append(_Left(purchase))
    back: dict[Key, Worth] = {}
    parts: list[_Part] = []
    for one in sorted(facts.returns, key=lambda one: (one.day, one.order_no, one.line_no)):
        if one.day <= last:
            parts += _bring_back(one, lines.get((one.account_id, one.product_id), []), back, whole)
    return parts


@dataclass(slots=True)
class _Left:
    """A purchase and how much of it came back so far."""

    line: Purchase
    back: int = 0

    def take(self, wanted: int) -> tuple[int, Worth]:
        """How many units come back of it, and what these are worth."""
        line = self.line
        part = min(wanted, line.quantity - self.back)
        first, last = self.back, self.back + part
        self.back = last
        weight, plain, net = (
            worth * last // line.quantity - worth * first // line.quantity
            for worth in (line.weight, line.plain, line.net)
        )
        return part, (weight, plain, net)


_NOTHING: Worth = (0, 0, 0)


def _sum(one: Worth, other: Worth) -> Worth:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _bring_back(
    one: Return, lines: Iterable[_Left], back: dict[Key, Worth], whole: Mapping[Key, Worth]
) -> list[_Part]:
    wanted = one.quantity
    of_order: dict[Key, Worth] = {}
    days: dict[Key, int] = {}
    for left in reversed([line for line in lines if line.line.day <= one.day]):
        if not wanted:
            break
        part, worth = left.take(wanted)
        if part:
            wanted -= part
            key = (one.account_id, left.line.source)
            of_order[key] = _sum(of_order.get(key, _NOTHING), worth)
            days[key] = left.line.day
    parts = []
    for key, worth in of_order.items():
        before = back.get(key, _NOTHING)
        back[key] = _sum(before, worth)
        parts.append(_Part(one, key, days[key], before, back[key], whole[key]))
    return parts
