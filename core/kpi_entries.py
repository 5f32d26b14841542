"""What a KPI is: its texts, what it is made from, and how its value follows. Each is one entry made by `define`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto

from core.bridge import Bridge
from core.causes import Movement
from core.delivery import Service
from core.language import N_
from core.loyalty.sums import AccountPoints
from core.revenue import Measures
from core.rfm_rule import Scored
from core.wallets import Wallets


class Need(Enum):
    """What a KPI needs beyond the sums of its order lines."""

    ACCOUNTS = auto()  # sums of each account
    THEN = auto()  # … in the base window too
    ORDERS = auto()
    BUYERS = auto()
    TARGET = auto()
    DELIVERY = auto()
    BRIDGE = auto()
    SCORES = auto()  # recency, frequency and monetary value of each account
    CAUSES = auto()  # how each account moved, and what of it is explained
    WALLETS = auto()
    LOYALTY = auto()  # points and tiers of each account


# Of all that an account buys: never by what was sold, nor month by month.
OF_WHOLE_ACCOUNTS = frozenset({Need.SCORES, Need.CAUSES, Need.WALLETS, Need.LOYALTY})


@dataclass(frozen=True)
class Slice:
    """What was read for one key, or for everything."""

    sums: Measures = field(default_factory=Measures)
    now: Mapping[int, Measures] = field(default_factory=dict)  # by account, UNASSIGNED left out
    then: Mapping[int, Measures] = field(default_factory=dict)
    orders: int = 0
    buyers: tuple[int, ...] = ()  # orders of each account that placed any
    target: Decimal | None = None
    delivered: Service = field(default_factory=Service)
    bridge: Bridge | None = None
    scores: tuple[Scored, ...] = ()
    moved: tuple[Movement, ...] = ()
    wallets: Wallets | None = None
    points: tuple[AccountPoints, ...] = ()
    of_one: bool = False  # whether the key is one account
    top: int = 10


@dataclass(frozen=True)
class Figure:
    """A value, the order lines behind it, and what it is made of."""

    value: Decimal | None
    rows: int
    parts: Mapping[str, tuple[Decimal | None, str]] = field(default_factory=dict)  # value and unit


@dataclass(frozen=True)
class Kpi:
    """One figure, explained; the texts are translated where they are shown."""

    name: str
    label: str
    question: str
    formula: str
    unit: str  # money, ratio, index, count, quantity
    direction: str  # up: more is better; down: less is better; none
    numerator: str
    denominator: str  # empty: it is no ratio
    source: str  # where the formula comes from, or which of several is used
    evaluate: Callable[[Slice], Figure]
    needs: frozenset[Need] = frozenset()
    needs_cost: bool = False
    grain: str = N_("order line")
    period_rule: str = N_("the day of the invoice, or of the order where there is no invoice")
    rows_of: str = N_("order lines")  # what is read


KPIS: dict[str, Kpi] = {}

BASE_WINDOW = N_("the period, against the base window: twelve months earlier unless chosen otherwise")


def define(name: str, **words: object) -> Callable[[Callable[[Slice], Figure]], Callable[[Slice], Figure]]:
    """Register the function below as the KPI of this name; the words are the fields of `Kpi`."""

    def keep(evaluate: Callable[[Slice], Figure]) -> Callable[[Slice], Figure]:
        KPIS[name] = Kpi(name=name, evaluate=evaluate, **words)  # type: ignore[arg-type]
        return evaluate

    return keep


def summed(part: Slice, value: Decimal | int, rows: int | None = None) -> Figure:
    """A sum is unknown, not zero, where there are no order lines at all."""
    return Figure(Decimal(value) if part.sums.lines else None, part.sums.lines if rows is None else rows)


def lines_of(accounts: Mapping[int, Measures]) -> int:
    return sum(sums.lines for sums in accounts.values())
