"""KPIs about delivery."""

from __future__ import annotations

from decimal import Decimal

from core.kpi_entries import Figure, Need, Slice, define
from core.language import N_

_OTIF = N_(
    "there is no standard definition (McKinsey, Defining on-time in-full in the consumer sector, 2019); see Settings"
)


@define(
    "otif",
    label=N_("On time in full"),
    source=_OTIF,
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
