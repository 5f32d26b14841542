"""Every KPI in words, and how its value follows from what was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto

from core.bridge import Bridge
from core.concentration import Concentration
from core.delivery import Service
from core.language import N_
from core.money import ratio
from core.retention import Retention
from core.revenue import Measures


class Need(Enum):
    """What a KPI needs beyond the sums of its order lines."""

    ACCOUNTS = auto()  # sums of each account
    THEN = auto()  # … in the base window too
    ORDERS = auto()
    BUYERS = auto()
    TARGET = auto()
    DELIVERY = auto()
    BRIDGE = auto()


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
    question: str
    formula: str
    unit: str  # money, ratio, index, count, quantity
    direction: str  # up: more is better; down: less is better; none
    numerator: str
    denominator: str  # empty: it is no ratio
    evaluate: Callable[[Slice], Figure]
    needs: frozenset[Need] = frozenset()
    needs_cost: bool = False
    grain: str = N_("order line")
    period_rule: str = N_("the day of the invoice, or of the order where there is no invoice")
    source: str = N_("order lines")


KPIS: dict[str, Kpi] = {}


def define(name: str, **words: object) -> Callable[[Callable[[Slice], Figure]], Callable[[Slice], Figure]]:
    def keep(evaluate: Callable[[Slice], Figure]) -> Callable[[Slice], Figure]:
        KPIS[name] = Kpi(name=name, evaluate=evaluate, **words)  # type: ignore[arg-type]
        return evaluate

    return keep


def _sum(part: Slice, value: Decimal | int, rows: int | None = None) -> Figure:
    """A sum is unknown, not zero, where there are no order lines at all."""
    return Figure(Decimal(value) if part.sums.lines else None, part.sums.lines if rows is None else rows)


@define(
    "net_revenue",
    question=N_("What did we sell, after discounts?"),
    formula=N_("Sum of the net amounts of all order lines, returns included"),
    unit="money", direction="up", numerator=N_("net amount"), denominator="",
)  # fmt: skip
def _net_revenue(part: Slice) -> Figure:
    return _sum(part, part.sums.net)


@define(
    "gross_revenue",
    question=N_("What would it have been at list price?"),
    formula=N_("Sum of quantity × list price of all order lines, returns included"),
    unit="money", direction="up", numerator=N_("amount at list price"), denominator="",
)  # fmt: skip
def _gross_revenue(part: Slice) -> Figure:
    return _sum(part, part.sums.gross)


@define(
    "discount",
    question=N_("How much did we give away on invoices?"),
    formula=N_("Gross revenue − net revenue"),
    unit="money", direction="down", numerator=N_("gross revenue − net revenue"), denominator="",
)  # fmt: skip
def _discount(part: Slice) -> Figure:
    return _sum(part, part.sums.discount)


@define(
    "discount_rate",
    question=N_("What share of the list price did we give away?"),
    formula=N_("(Gross revenue − net revenue) ÷ gross revenue"),
    unit="ratio", direction="down", numerator=N_("discount"), denominator=N_("gross revenue"),
)  # fmt: skip
def _discount_rate(part: Slice) -> Figure:
    sums = part.sums
    parts = {"discount": (sums.discount, "money"), "gross_revenue": (sums.gross, "money")}
    return Figure(sums.discount_rate, sums.lines, parts)


@define(
    "returns",
    question=N_("What came back?"),
    formula=N_("Sum of the net amounts of order lines with negative quantity"),
    unit="money", direction="up", numerator=N_("net amount of returned lines"), denominator="",
)  # fmt: skip
def _returns(part: Slice) -> Figure:
    return _sum(part, part.sums.returns, part.sums.returned_lines)


@define(
    "orders",
    question=N_("How many orders were there?"),
    formula=N_("Distinct order numbers with an order line in the period"),
    unit="count", direction="up", numerator=N_("order numbers"), denominator="",
    needs=frozenset({Need.ORDERS}), grain=N_("order"),
)  # fmt: skip
def _orders(part: Slice) -> Figure:
    return _sum(part, part.orders)


@define(
    "lines",
    question=N_("How many order lines were there?"),
    formula=N_("Number of order lines, returns included"),
    unit="count", direction="none", numerator=N_("order lines"), denominator="",
)  # fmt: skip
def _lines(part: Slice) -> Figure:
    return _sum(part, part.sums.lines)


@define(
    "quantity",
    question=N_("How much did we sell?"),
    formula=N_("Sum of the quantities of all order lines, returns included"),
    unit="quantity", direction="up", numerator=N_("quantity"), denominator="",
)  # fmt: skip
def _quantity(part: Slice) -> Figure:
    return _sum(part, part.sums.quantity)


def _rows(accounts: Mapping[int, Measures]) -> int:
    return sum(sums.lines for sums in accounts.values())


@define(
    "accounts",
    question=N_("How many accounts had any order line?"),
    formula=N_("Accounts with an order line in the period, UNASSIGNED left out"),
    unit="count", direction="up", numerator=N_("accounts"), denominator="",
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _accounts(part: Slice) -> Figure:
    return _sum(part, len(part.now), _rows(part.now))


@define(
    "active_accounts",
    question=N_("How many accounts bought?"),
    formula=N_("Accounts with positive net revenue in the period, UNASSIGNED left out"),
    unit="count", direction="up", numerator=N_("accounts with positive net revenue"), denominator="",
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _active_accounts(part: Slice) -> Figure:
    active = {account: sums for account, sums in part.now.items() if sums.net > 0}
    return _sum(part, len(active), _rows(active))


@define(
    "margin",
    question=N_("What is left after the cost of the goods?"),
    formula=N_("Net revenue − cost, over order lines whose cost is known"),
    unit="money", direction="up", numerator=N_("net amount − cost"), denominator="", needs_cost=True,
)  # fmt: skip
def _margin(part: Slice) -> Figure:
    parts = {"covered_net_revenue": (part.sums.covered_net, "money"), "cost": (part.sums.cost, "money")}
    return Figure(part.sums.margin, part.sums.covered_lines, parts)


@define(
    "margin_rate",
    question=N_("What share of net revenue is left after the cost of the goods?"),
    formula=N_("Margin ÷ net revenue, both over order lines whose cost is known"),
    unit="ratio", direction="up", numerator=N_("margin"), denominator=N_("net revenue with known cost"),
    needs_cost=True,
)  # fmt: skip
def _margin_rate(part: Slice) -> Figure:
    sums = part.sums
    parts = {"margin": (sums.margin, "money"), "covered_net_revenue": (sums.covered_net, "money")}
    return Figure(sums.margin_rate, sums.covered_lines, parts)


@define(
    "price_realisation",
    question=N_("How much of the list price reaches the invoice?"),
    formula=N_("Net revenue ÷ gross revenue (invoice price, before rebates)"),
    unit="ratio", direction="up", numerator=N_("net revenue"), denominator=N_("gross revenue"),
)  # fmt: skip
def _price_realisation(part: Slice) -> Figure:
    sums = part.sums
    parts = {"net_revenue": (sums.net, "money"), "gross_revenue": (sums.gross, "money")}
    return Figure(ratio(sums.net, sums.gross), sums.lines, parts)


def _retention(part: Slice) -> tuple[Retention, int]:
    then = {account: sums.net for account, sums in part.then.items()}
    now = {account: sums.net for account, sums in part.now.items()}
    base = {account for account, amount in then.items() if amount > 0}
    rows = _rows({account: part.then[account] for account in base})
    rows += _rows({account: sums for account, sums in part.now.items() if account in base})
    return Retention.between(then, now), rows


def _retained(value: Decimal | None, found: Retention, rows: int) -> Figure:
    accounts = {"accounts_base": found.accounts_base, "accounts_kept": found.accounts_kept}
    parts: dict[str, tuple[Decimal | None, str]] = {
        "opening": (found.opening, "money"),
        "kept": (found.kept, "money"),
        "closing": (found.closing, "money"),
        **{name: (Decimal(count), "count") for name, count in accounts.items()},
    }
    return Figure(value, rows, parts)


BASE_WINDOW = N_("the period, against the base window: twelve months earlier unless chosen otherwise")


@define(
    "net_revenue_retention",
    question=N_("What became of the revenue of the accounts that bought before, growth included?"),
    formula=N_("Net revenue now ÷ net revenue then, over accounts with positive net revenue then"),
    unit="ratio", direction="up", numerator=N_("their net revenue now"), denominator=N_("their net revenue then"),
    needs=frozenset({Need.THEN}), grain=N_("account"), period_rule=BASE_WINDOW,
)  # fmt: skip
def _net_revenue_retention(part: Slice) -> Figure:
    found, rows = _retention(part)
    return _retained(found.net, found, rows)


@define(
    "gross_revenue_retention",
    question=N_("How much of the revenue of the accounts that bought before did we keep, growth left out?"),
    formula=N_("Sum of the smaller of then and now, never below zero ÷ net revenue then"),
    unit="ratio", direction="up", numerator=N_("what was kept"), denominator=N_("their net revenue then"),
    needs=frozenset({Need.THEN}), grain=N_("account"), period_rule=BASE_WINDOW,
)  # fmt: skip
def _gross_revenue_retention(part: Slice) -> Figure:
    found, rows = _retention(part)
    return _retained(found.gross, found, rows)


@define(
    "logo_retention",
    question=N_("How many of the accounts that bought before still buy?"),
    formula=N_("Accounts with positive net revenue then and now ÷ accounts with positive net revenue then"),
    unit="ratio", direction="up", numerator=N_("accounts kept"), denominator=N_("accounts then"),
    needs=frozenset({Need.THEN}), grain=N_("account"), period_rule=BASE_WINDOW,
)  # fmt: skip
def _logo_retention(part: Slice) -> Figure:
    found, rows = _retention(part)
    return _retained(found.logo, found, rows)


def _concentration(part: Slice) -> tuple[Concentration, int]:
    positive = {account: sums for account, sums in part.now.items() if sums.net > 0}
    return Concentration.of(sums.net for sums in positive.values()), _rows(positive)


def _concentrated(value: Decimal | None, found: Concentration, rows: int) -> Figure:
    parts: dict[str, tuple[Decimal | None, str]] = {
        "net_revenue": (found.total, "money"),
        "accounts": (Decimal(len(found.amounts)), "count"),
    }
    return Figure(value, rows, parts)


@define(
    "hhi",
    question=N_("How concentrated is net revenue on few accounts?"),
    formula=N_("Sum of the squared shares of accounts with positive net revenue × 10,000"),
    unit="index", direction="down", numerator=N_("squared net revenue"), denominator=N_("total squared"),
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _hhi(part: Slice) -> Figure:
    found, rows = _concentration(part)
    return _concentrated(found.hhi, found, rows)


@define(
    "effective_accounts",
    question=N_("How many accounts of one size would be as concentrated?"),
    formula=N_("10,000 ÷ HHI"),
    unit="index", direction="up", numerator=N_("total squared"), denominator=N_("squared net revenue"),
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _effective_accounts(part: Slice) -> Figure:
    found, rows = _concentration(part)
    return _concentrated(found.effective_accounts, found, rows)


@define(
    "top_share",
    question=N_("What share do the largest accounts bring?"),
    formula=N_("Net revenue of the largest accounts ÷ net revenue of all accounts with positive net revenue"),
    unit="ratio", direction="down", numerator=N_("the largest accounts"), denominator=N_("all accounts"),
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _top_share(part: Slice) -> Figure:
    found, rows = _concentration(part)
    figure = _concentrated(found.top_share(part.top), found, rows)
    return Figure(figure.value, rows, {"top": (found.top(part.top), "money"), **figure.parts})


@define(
    "gini",
    question=N_("How unequal are the accounts?"),
    formula=N_("Gini coefficient of the net revenue of accounts with positive net revenue"),
    unit="ratio", direction="down", numerator=N_("ranked net revenue"), denominator=N_("net revenue"),
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _gini(part: Slice) -> Figure:
    found, rows = _concentration(part)
    return _concentrated(found.gini, found, rows)


@define(
    "target_attainment",
    question=N_("How much of the target was reached?"),
    formula=N_("Net revenue ÷ target, both summed up; a month that is cut counts its target by days"),
    unit="ratio", direction="up", numerator=N_("net revenue"), denominator=N_("target"),
    needs=frozenset({Need.TARGET}), grain=N_("account and month"), source=N_("order lines and targets"),
)  # fmt: skip
def _target_attainment(part: Slice) -> Figure:
    parts = {"actual": (part.sums.net, "money"), "target": (part.target, "money")}
    return Figure(ratio(part.sums.net, part.target), part.sums.lines, parts)


@define(
    "repeat_order_rate",
    question=N_("How many accounts ordered more than once?"),
    formula=N_("Accounts with two or more orders ÷ accounts with an order; returns alone are no order"),
    unit="ratio", direction="up", numerator=N_("accounts with two or more orders"),
    denominator=N_("accounts with an order"), needs=frozenset({Need.BUYERS, Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _repeat_order_rate(part: Slice) -> Figure:
    repeating = Decimal(sum(orders > 1 for orders in part.buyers))
    buying = Decimal(len(part.buyers))
    parts = {"accounts_repeating": (repeating, "count"), "accounts_buying": (buying, "count")}
    return Figure(ratio(repeating, buying), _rows(part.now), parts)


@define(
    "otif",
    question=N_("How much arrived on time and in full?"),
    formula=N_("Order lines delivered on time and in full ÷ order lines due; the settings say when a line is due"),
    unit="ratio", direction="up", numerator=N_("delivered on time and in full"), denominator=N_("due"),
    needs=frozenset({Need.DELIVERY}),
    period_rule=N_("the day on which the delivery was due; open lines count once they are late"),
)  # fmt: skip
def _otif(part: Slice) -> Figure:
    found = part.delivered
    counts = {"due": found.due, "on_time": found.on_time, "in_full": found.in_full, "otif": found.otif}
    parts: dict[str, tuple[Decimal | None, str]] = {
        **{name: (Decimal(count), "count") for name, count in counts.items()},
        "on_time_rate": (found.on_time_rate, "ratio"),
        "in_full_rate": (found.in_full_rate, "ratio"),
    }
    return Figure(found.rate, found.lines, parts)
