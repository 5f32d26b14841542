"""The KPI about recorded causes."""

from __future__ import annotations

from core.kpi_entries import BASE_WINDOW, Figure, Need, Slice, define
from core.language import N_
from core.money import ZERO, ratio


@define(
    "explained_change",
    label=N_("Share of change with a recorded cause"),
    question=N_("How much of what moved since the base window can somebody explain?"),
    formula=N_(
        "What of each account's change has a recorded cause ÷ the amounts of these changes, up or down; an account "
        "never explains more than its own change"
    ),
    unit="ratio", direction="up", numerator=N_("change of net revenue with a recorded cause"),
    denominator=N_("change of net revenue of each account, whatever its sign"),
    source=N_("own rule: a cause without an amount explains what is left of its account's change"),
    needs=frozenset({Need.CAUSES}), grain=N_("account"), period_rule=BASE_WINDOW,
)  # fmt: skip
def _explained_change(part: Slice) -> Figure:
    explained = sum((one.explained for one in part.moved), ZERO)
    change = sum((abs(one.change) for one in part.moved), ZERO)
    return Figure(
        ratio(explained, change),
        sum(one.rows for one in part.moved),
        {"explained": (explained, "money"), "change": (change, "money")},
    )
