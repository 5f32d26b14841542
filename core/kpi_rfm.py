"""The KPI about recency, frequency and monetary value."""

from __future__ import annotations

from decimal import Decimal

from core.kpi_entries import Figure, Need, Slice, define
from core.language import N_
from core.rfm_rule import Rhythm, Scored

_BEST = 555


@define(
    "rfm",
    label=N_("Recency, frequency, monetary value"),
    question=N_("Which accounts ordered lately, often and much, and which have broken their own rhythm?"),
    formula=N_(
        "Accounts that ever ordered, each scored 1–5 for days since the last order, orders in the period, and net "
        "revenue (or margin) in the period, by the thresholds in Settings; for one account its three scores as one "
        "number, such as 543. Own rhythm: days since the last order ÷ median days between order days"
    ),
    unit="count", direction="none", numerator=N_("accounts scored"), denominator="",
    source=N_(
        "thresholds instead of quintiles, which say little of few large customers (datahubpro.co.uk, glossary: RFM)"
    ),
    needs=frozenset({Need.SCORES}), grain=N_("account"),
    period_rule=N_("orders and amount of the period; days since the last order count to its last day"),
    rows_of=N_("order lines and order days"),
)  # fmt: skip
def _rfm(part: Slice) -> Figure:
    rows = sum(one.lines for one in part.scores)
    if not part.scores:
        return Figure(None, rows)
    parts: dict[str, tuple[Decimal | None, str]] = {
        f"accounts_{kept.value}": (Decimal(sum(one.rhythm is kept for one in part.scores)), "count")
        for kept in Rhythm
    }
    parts["accounts_best_cell"] = (Decimal(sum(one.cell == _BEST for one in part.scores)), "count")
    if part.of_one:
        [one] = part.scores
        return Figure(Decimal(one.cell), rows, {**parts, **_of_one(one)})
    return Figure(Decimal(len(part.scores)), rows, parts)


def _of_one(one: Scored) -> dict[str, tuple[Decimal | None, str]]:
    return {
        "days_since_last_order": (Decimal(one.days), "count"),
        "orders": (Decimal(one.orders), "count"),
        "amount": (one.amount, "money"),
        "usual_gap_days": (one.usual_gap_days, "quantity"),
        "rhythm": (one.beat, "ratio"),
    }
