"""The health score as a rule on plain values: points of each measure, their weighted mean, and what is missing.

Score = Σ weight × points ÷ Σ weight over the measures that are present (Gainsight's published mean); coverage = the
weights of these ÷ all weights. A measure that is not known lowers the coverage and is never counted as zero.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from core.language import _
from core.money import ZERO, ratio

FULL = Decimal(100)
_SHOWN = Decimal("0.1")


class Measure(StrEnum):
    """What a score is made of; a new one joins with a rule here, a reader in `health_measures`, and its words."""

    TREND = "trend"
    PRICE = "price"
    RHYTHM = "rhythm"
    OTIF = "otif"
    PAYMENT = "payment"
    BREADTH = "breadth"
    TARGET = "target"
    DATA = "data"


class Band(StrEnum):
    """What a score says at a glance."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    UNKNOWN = "unknown"  # too little is known


@dataclass(frozen=True)
class Rule:
    """Points of one measure: 0 up to one value, 100 from another one on, in a straight line between them."""

    weight: int
    zero_at: Decimal
    full_at: Decimal

    def points(self, value: Decimal) -> Decimal:
        share = (value - self.zero_at) / (self.full_at - self.zero_at)
        return min(max(share, ZERO), Decimal(1)) * FULL

    def value_at(self, points: Decimal) -> Decimal:
        """The value that brings so many points."""
        return self.zero_at + (self.full_at - self.zero_at) * points / FULL


RULES: Mapping[Measure, Rule] = {
    Measure.TREND: Rule(25, Decimal(-2), Decimal(1)),
    Measure.PRICE: Rule(15, Decimal("-0.05"), Decimal(0)),
    Measure.RHYTHM: Rule(10, Decimal(3), Decimal(1)),
    Measure.OTIF: Rule(15, Decimal("0.7"), Decimal("0.95")),
    Measure.PAYMENT: Rule(10, Decimal("0.5"), Decimal("0.05")),
    Measure.BREADTH: Rule(10, Decimal("0.4"), Decimal(1)),
    Measure.TARGET: Rule(10, Decimal("0.7"), Decimal(1)),
    Measure.DATA: Rule(5, Decimal(365), Decimal(180)),
}


@dataclass(frozen=True)
class HealthRule:
    """What the company decided, with what holds until somebody decides otherwise."""

    rules: Mapping[Measure, Rule]
    green: Decimal
    amber: Decimal
    least_coverage: Decimal  # below it a score has no band

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> HealthRule:
        """The rule that settings by their names make."""
        rules = {one: Rule(*(values[f"health_{one}_{what}"] for what in _OF_RULE)) for one in Measure}
        return cls(rules, *(values[f"health_{what}"] for what in _OF_ALL))

    @cached_property
    def weight(self) -> int:
        return sum(rule.weight for rule in self.rules.values())

    def coverage(self, weight: int) -> Decimal:
        """How much of all weights measures of this weight are, as a share."""
        return _coverage(weight, self.weight)

    def band(self, score: Score) -> Band:
        return self.band_of(score.value, score.coverage)

    def band_of(self, value: Decimal | None, coverage: Decimal) -> Band:
        """The band of a score by its value and coverage alone."""
        if value is None or coverage < self.least_coverage:
            return Band.UNKNOWN
        if value >= self.green:
            return Band.GREEN
        return Band.AMBER if value >= self.amber else Band.RED

    def score(self, readings: Mapping[Measure, Reading]) -> Score:
        """The score that these readings make; a measure without weight is left out altogether."""
        parts = tuple(
            Part(measure, readings[measure], rule, rule.points(readings[measure].value))
            for measure, rule in self.rules.items()
            if rule.weight and measure in readings
        )
        missing = tuple(one for one, rule in self.rules.items() if rule.weight and one not in readings)
        return Score(parts, missing, self.weight)

    def value(self, points: Mapping[str, Decimal], among: Collection[str]) -> Decimal | None:
        """The score that the points of some measures make."""
        known = [(rule.weight, points[one]) for one, rule in self.rules.items() if one in among]
        total = sum((weight * each for weight, each in known), ZERO)
        return _shown(ratio(total, Decimal(sum(weight for weight, _each in known))))

    def kept(
        self,
        weight: int,
        total: Decimal,
        value: Decimal | None,
        unpack: Callable[[], Mapping[Measure, Reading]],
        more: Mapping[Measure, Reading],
    ) -> Score:
        """A score whose parts are put together when somebody looks at them.

        `weight`, `total` and `value` are what they came to, before `more` joined them; those come last in the rules.
        """
        known: dict[str, Any] = {"all_weights": self.weight, "_whole": (self, unpack, more)}
        for measure, reading in more.items():
            rule = self.rules[measure]
            if rule.weight:
                weight += rule.weight
                total += rule.weight * rule.points(reading.value)
                known["exact"] = ratio(total, Decimal(weight))
        if "exact" in known:
            value = _shown(known["exact"])
        found = object.__new__(Score)
        found.__dict__.update(known, weight=weight, value=value, coverage=self.coverage(weight))
        return found


_OF_RULE = ("weight", "zero_at", "full_at")
_OF_ALL = ("green", "amber", "least_coverage")
DEFAULTS: Mapping[str, Any] = {
    **{f"health_{one}_{what}": getattr(rule, what) for one, rule in RULES.items() for what in _OF_RULE},
    "health_green": Decimal(70),
    "health_amber": Decimal(40),
    "health_least_coverage": Decimal("0.5"),
}


@dataclass(frozen=True)
class Reading:
    """The value of one measure and what it was made of.

    measure    value                       now                  base                  more
    trend      change ÷ usual spread       net revenue          the same a year ago   usual spread
    price      change of realisation       net revenue          gross revenue         realisation a year ago
    rhythm     days ÷ usual gap            days since an order  usual gap
    otif       share                       on time in full      due                   net amount due
    payment    overdue ÷ open              overdue              open
    breadth    share                       categories again     categories before
    target     net revenue ÷ target        net revenue          target
    data       days since confirmed        the same
    """

    value: Decimal
    now: Decimal
    base: Decimal = ZERO
    more: Decimal | None = None
    on: date | None = None  # the last order, the snapshot of receivables, the day of confirmation


@dataclass(frozen=True)
class Part:
    """One measure in a score."""

    measure: Measure
    reading: Reading
    rule: Rule
    points: Decimal  # 0 to 100

    @property
    def weight(self) -> int:
        return self.rule.weight


@dataclass(frozen=True)
class Score:
    """A score, what it is made of and what is missing in it."""

    parts: tuple[Part, ...]
    missing: tuple[Measure, ...]
    all_weights: int

    def __getattr__(self, name: str) -> Any:
        # Reached only for what `HealthRule.kept` left out, and once for each.
        whole = self.__dict__.get("_whole") if name in ("parts", "missing") else None
        if whole is None:
            raise AttributeError(name)
        rule, unpack, more = whole
        score = rule.score({**unpack(), **more})
        self.__dict__.update(parts=score.parts, missing=score.missing)
        return getattr(score, name)

    @cached_property
    def weight(self) -> int:
        """The weights of the measures that are present."""
        return sum(part.weight for part in self.parts)

    @cached_property
    def exact(self) -> Decimal | None:
        total = sum((part.weight * part.points for part in self.parts), ZERO)
        return ratio(total, Decimal(self.weight))

    @cached_property
    def value(self) -> Decimal | None:
        """From 0 to 100 with one decimal, as it is shown and as bands are told; None: nothing is known."""
        return _shown(self.exact)

    @cached_property
    def coverage(self) -> Decimal:
        """How much of all weights is known, as a share."""
        return _coverage(self.weight, self.all_weights)

    def contribution(self, part: Part) -> Decimal:
        """The points that a measure adds to the score; those of all parts sum to it."""
        return part.weight * part.points / self.weight

    def part(self, measure: Measure) -> Part | None:
        return next((part for part in self.parts if part.measure is measure), None)


@cache
def _coverage(weight: int, all_weights: int) -> Decimal:
    return ratio(Decimal(weight), Decimal(all_weights)) or ZERO


def _shown(exact: Decimal | None) -> Decimal | None:
    return None if exact is None else exact.quantize(_SHOWN, rounding=ROUND_HALF_UP)


def typed(key: str, value: Any) -> Any:
    """A stored value as the rule has it; what cannot be read counts as undecided."""
    try:
        return int(value) if key.endswith("_weight") else Decimal(value)
    except (ValueError, TypeError, InvalidOperation):
        return DEFAULTS[key]


def problems(decided: HealthRule) -> dict[str, str]:
    """What is wrong, by the name of the setting."""
    found = {}
    for measure, rule in decided.rules.items():
        if not isinstance(rule.weight, int) or not 0 <= rule.weight <= 100:
            found[f"health_{measure}_weight"] = _(
                "Give a whole number from 0 to 100; 0 leaves the measure out."
            )
        for what in ("zero_at", "full_at"):
            value = getattr(rule, what)
            if abs(value) > 10_000 or value != round(value, 4):
                found[f"health_{measure}_{what}"] = _("Give a number of at most four decimals.")
        rises = RULES[measure].full_at > RULES[measure].zero_at
        if rule.full_at == rule.zero_at or (rule.full_at > rule.zero_at) != rises:
            found.setdefault(f"health_{measure}_full_at", _upwards() if rises else _downwards())
    if not decided.weight and "health_trend_weight" not in found:
        found["health_trend_weight"] = _("Give at least one measure a weight above 0.")
    if not 0 < decided.amber < decided.green <= FULL:
        found["health_green"] = _("Amber starts above 0, green above amber, and none above 100.")
    if not 0 <= decided.least_coverage <= 1:
        found["health_least_coverage"] = _("Give a share from 0 to 1, such as 0.5 for half of the weights.")
    return found


def _upwards() -> str:
    return _("Here more is better: 100 points need a greater value than 0 points.")


def _downwards() -> str:
    return _("Here less is better: 100 points need a smaller value than 0 points.")
