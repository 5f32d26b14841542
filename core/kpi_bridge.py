"""The revenue bridge as a KPI: its value is the change, its parts are the steps."""

from __future__ import annotations

from decimal import Decimal

from core.bridge import Bridge
from core.kpi_entries import BASE_WINDOW, Figure, Need, Slice, define
from core.language import N_


@define(
    "bridge",
    label=N_("Revenue bridge"),
    question=N_("What moved net revenue since the base window?"),
    formula=N_(
        "Net revenue now − then = price + volume + mix + new + lost + returns + currency. New and lost: account and "
        "product without a sale in the other window. Price, volume and mix: Shapley average of the six orders, "
        "within each account and unit, over what was sold in both windows"
    ),
    unit="money", direction="up", numerator=N_("net revenue now − net revenue then"), denominator="",
    source=N_("Shapley average: the only split that adds up and favours no order (Sun and Sundararajan, 2011)"),
    needs=frozenset({Need.BRIDGE}), grain=N_("account and product"), period_rule=BASE_WINDOW,
)  # fmt: skip
def _bridge(part: Slice) -> Figure:
    found = part.bridge or Bridge()
    rows = found.lines_then + found.lines_now
    parts: dict[str, tuple[Decimal | None, str]] = {
        step.value: (amount, "money") for step, amount in found.parts.items()
    }
    return Figure(found.change if rows else None, rows, parts)
