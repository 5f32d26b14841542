"""Pictures of a price: from list to net, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import plotly.graph_objects as go

from pages.ui import charts, formats
from pages.ui.charts import Move


def waterfall(start: str, amount: Decimal, steps: Sequence[Move], end: str, *, currency: str) -> go.Figure:
    """From a first amount through what is taken off or added to the last; bars stand on zero."""
    colours = charts.palette()
    total = amount + sum((step.amount for step in steps), Decimal(0))
    figures = [amount, *(step.amount for step in steps), total]
    bars = go.Waterfall(
        x=[start, *(step.name for step in steps), end],
        y=[float(one) for one in figures],
        measure=["absolute", *("relative" for _step in steps), "total"],
        text=[formats.price(one, currency) for one in figures],
        textposition="outside",
        cliponaxis=False,
        increasing={"marker": {"color": colours.good}},
        decreasing={"marker": {"color": colours.bad}},
        totals={"marker": {"color": colours.main}},
        connector={"line": {"color": colours.grid}},
        hovertemplate="%{x}: %{text}<extra></extra>",
    )
    top = float(max(amount, total)) * 1.15
    layout = {
        "template": charts.template(colours),
        "height": charts.HEIGHT,
        "separators": ".,",
        "showlegend": False,
    }
    return go.Figure(data=[bars], layout={**layout, "yaxis": {"range": [0, top], "showticklabels": False}})
