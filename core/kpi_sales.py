"""KPIs that are sums of order lines, and ratios of such sums."""

from __future__ import annotations

from core.kpi_entries import Figure, Need, Slice, define, summed
from core.language import N_
from core.money import ratio

_LEDGER = N_("sales ledger: the amounts of the order lines themselves, converted at booking")
_RATE = N_("1 − invoice ÷ list; some price software takes list ÷ invoice − 1, which is another number")
_REALISATION = N_(
    "Pricefx, Price Realization measure: unit invoice price × quantity ÷ unit list price × quantity"
)
_ATTAINMENT = N_("actual ÷ target; rolled up by summing actuals and targets, never by averaging percentages")


@define(
    "net_revenue",
    label=N_("Net revenue"),
    source=_LEDGER,
    question=N_("What did we sell, after discounts?"),
    formula=N_("Sum of the net amounts of all order lines, returns included"),
    unit="money", direction="up", numerator=N_("net amount"), denominator="",
)  # fmt: skip
def _net_revenue(part: Slice) -> Figure:
    return summed(part, part.sums.net)


@define(
    "gross_revenue",
    label=N_("Gross revenue"),
    source=_LEDGER,
    question=N_("What would it have been at list price?"),
    formula=N_("Sum of quantity × list price of all order lines, returns included"),
    unit="money", direction="up", numerator=N_("amount at list price"), denominator="",
)  # fmt: skip
def _gross_revenue(part: Slice) -> Figure:
    return summed(part, part.sums.gross)


@define(
    "discount",
    label=N_("Discount"),
    source=_LEDGER,
    question=N_("How much did we give away on invoices?"),
    formula=N_("Gross revenue − net revenue"),
    unit="money", direction="down", numerator=N_("gross revenue − net revenue"), denominator="",
)  # fmt: skip
def _discount(part: Slice) -> Figure:
    return summed(part, part.sums.discount)


@define(
    "discount_rate",
    label=N_("Discount rate"),
    source=_RATE,
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
    label=N_("Returns"),
    source=_LEDGER,
    question=N_("What came back?"),
    formula=N_("Sum of the net amounts of order lines with negative quantity"),
    unit="money", direction="up", numerator=N_("net amount of returned lines"), denominator="",
)  # fmt: skip
def _returns(part: Slice) -> Figure:
    return summed(part, part.sums.returns, part.sums.returned_lines)


@define(
    "orders",
    label=N_("Orders"),
    source=_LEDGER,
    question=N_("How many orders were there?"),
    formula=N_("Distinct order numbers with an order line in the period"),
    unit="count", direction="up", numerator=N_("order numbers"), denominator="",
    needs=frozenset({Need.ORDERS}), grain=N_("order"),
)  # fmt: skip
def _orders(part: Slice) -> Figure:
    return summed(part, part.orders)


@define(
    "lines",
    label=N_("Order lines"),
    source=_LEDGER,
    question=N_("How many order lines were there?"),
    formula=N_("Number of order lines, returns included"),
    unit="count", direction="none", numerator=N_("order lines"), denominator="",
)  # fmt: skip
def _lines(part: Slice) -> Figure:
    return summed(part, part.sums.lines)


@define(
    "quantity",
    label=N_("Quantity"),
    source=_LEDGER,
    question=N_("How much did we sell?"),
    formula=N_("Sum of the quantities of all order lines, returns included"),
    unit="quantity", direction="up", numerator=N_("quantity"), denominator="",
)  # fmt: skip
def _quantity(part: Slice) -> Figure:
    return summed(part, part.sums.quantity)


@define(
    "margin",
    label=N_("Margin"),
    source=_LEDGER,
    question=N_("What is left after the cost of the goods?"),
    formula=N_("Net revenue − cost, over order lines whose cost is known"),
    unit="money", direction="up", numerator=N_("net amount − cost"), denominator="", needs_cost=True,
)  # fmt: skip
def _margin(part: Slice) -> Figure:
    parts = {"covered_net_revenue": (part.sums.covered_net, "money"), "cost": (part.sums.cost, "money")}
    return Figure(part.sums.margin, part.sums.covered_lines, parts)


@define(
    "margin_rate",
    label=N_("Margin rate"),
    source=_LEDGER,
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
    label=N_("Price realisation"),
    source=_REALISATION,
    question=N_("How much of the list price reaches the invoice?"),
    formula=N_("Net revenue ÷ gross revenue (invoice price, before rebates)"),
    unit="ratio", direction="up", numerator=N_("net revenue"), denominator=N_("gross revenue"),
)  # fmt: skip
def _price_realisation(part: Slice) -> Figure:
    sums = part.sums
    parts = {"net_revenue": (sums.net, "money"), "gross_revenue": (sums.gross, "money")}
    return Figure(ratio(sums.net, sums.gross), sums.lines, parts)


@define(
    "target_attainment",
    label=N_("Target attainment"),
    source=_ATTAINMENT,
    question=N_("How much of the target was reached?"),
    formula=N_("Net revenue ÷ target, both summed up; a month that is cut counts its target by days"),
    unit="ratio", direction="up", numerator=N_("net revenue"), denominator=N_("target"),
    needs=frozenset({Need.TARGET}), grain=N_("account and month"), rows_of=N_("order lines and targets"),
)  # fmt: skip
def _target_attainment(part: Slice) -> Figure:
    parts = {"actual": (part.sums.net, "money"), "target": (part.target, "money")}
    return Figure(ratio(part.sums.net, part.target), part.sums.lines, parts)
