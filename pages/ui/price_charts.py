"""Pictures of a price: from list to net, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from pages.ui import charts, formats
from pages.ui.charts import Move

Total = tuple[str, Decimal]


def waterfall(
    start: Total, on: Sequence[Move], middle: str, after: Sequence[Move], end: str, *, currency: str
) -> go.Figure:
    """From a first amount over a total in the middle to the last one, from top to bottom; bars begin at zero.

    Without moves `after` the middle is the end, and one bar stands for both.
    """
    colours = charts.palette()
    names = [start[0], *(step.name for step in on), middle]
    figures = [start[1], *(step.amount for step in on)]
    figures.append(sum(figures, Decimal(0)))
    measures = ["absolute", *("relative" for _step in on), "total"]
    if after:
        names += [*(step.name for step in after), end]
        figures += [step.amount for step in after]
        figures.append(figures[len(on) + 1] + sum((step.amount for step in after), Decimal(0)))
        measures += [*("relative" for _step in after), "total"]
    bars = go.Waterfall(
        orientation="h",
        y=list(range(len(names))),
        x=[float(one) for one in figures],
        measure=measures,
        text=[formats.price(one, currency) for one in figures],
        textposition="outside",
        cliponaxis=False,
        textfont={"size": 12, "color": colours.text},
        increasing={"marker": {"color": colours.good}},
        decreasing={"marker": {"color": colours.bad}},
        totals={"marker": {"color": colours.main}},
        connector={"line": {"color": colours.grid}},
        customdata=names,
        hovertemplate="%{customdata}: %{text}<extra></extra>",
    )
    return go.Figure(data=[bars], layout=_layout(names, float(max(start[1], *figures))))


def _layout(names: Sequence[str], most: float) -> dict[str, Any]:
    return {
        "template": charts.template(charts.palette()),
        "height": 30 + 34 * len(names),
        "separators": ".,",
        "showlegend": False,
        "margin": {"t": 6, "b": 6},
        "xaxis": {"range": [0, most * 1.4], "showticklabels": False, "showgrid": False},
        "yaxis": {
            "tickvals": list(range(len(names))), "ticktext": list(names), "autorange": "reversed", "showgrid": False,
            "zeroline": False, "ticksuffix": "  ",
        },
    }  # fmt: skip
