"""Pictures of a price: from list to net, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import plotly.graph_objects as go

from pages.ui import charts, formats
from pages.ui.charts import Move

Total = tuple[str, Decimal]


def waterfall(
    start: Total, on: Sequence[Move], middle: str, after: Sequence[Move], end: str, *, currency: str
) -> go.Figure:
    """From a first amount over a total in the middle to the last one; bars stand on zero.

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
        x=[name.replace(" ", "<br>") for name in names],
        y=[float(one) for one in figures],
        measure=measures,
        text=[formats.price(one, currency) for one in figures],
        textposition="outside",
        cliponaxis=False,
        increasing={"marker": {"color": colours.good}},
        decreasing={"marker": {"color": colours.bad}},
        totals={"marker": {"color": colours.main}},
        connector={"line": {"color": colours.grid}},
        hovertemplate="%{x}: %{text}<extra></extra>",
    )
    top = float(max(start[1], *figures)) * 1.15
    layout = {
        "template": charts.template(colours),
        "height": charts.HEIGHT,
        "separators": ".,",
        "showlegend": False,
    }
    return go.Figure(data=[bars], layout={**layout, "yaxis": {"range": [0, top], "showticklabels": False}})
