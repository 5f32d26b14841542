"""Pictures of the directors' figures: steps from one amount to another, the curve of few and many, cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from core.language import _
from pages.ui import charts, formats

MOST_POINTS = 300  # of a curve: more are not seen


def _drawn(traces: Sequence[Any], colours: charts.Palette, **layout: Any) -> go.Figure:
    shared = {"template": charts.template(colours), "height": charts.HEIGHT, "separators": ".,"}
    return go.Figure(data=list(traces), layout={**shared, **layout})


@dataclass(frozen=True)
class Step:
    """One bar: an amount reached, or what is added to the amount before."""

    name: str
    amount: Decimal
    is_total: bool = False


def steps(rows: Sequence[Step], *, currency: str) -> go.Figure:
    """From the first amount to the last, what is added in green and what is taken away in red."""
    colours = charts.palette()
    divisor, unit = formats.step(max((abs(row.amount) for row in rows), default=Decimal(0)))
    amounts = [formats.money(row.amount, currency, places=0, signed=not row.is_total) for row in rows]
    bars = go.Waterfall(
        x=list(range(len(rows))),
        y=[float(row.amount / divisor) for row in rows],
        measure=["absolute" if place == 0 else "total" if row.is_total else "relative"
                 for place, row in enumerate(rows)],
        text=[formats.compact(row.amount, None, signed=not row.is_total) for row in rows],
        textposition="outside", cliponaxis=False, textfont={"size": 12, "color": colours.quiet},
        customdata=[f"{row.name}: {amount}" for row, amount in zip(rows, amounts, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
        increasing={"marker": {"color": colours.good}},
        decreasing={"marker": {"color": colours.bad}},
        totals={"marker": {"color": colours.main}},
        connector={"line": {"color": colours.grid, "width": 1}},
    )  # fmt: skip
    names = [row.name.replace(" ", "<br>", 1) for row in rows]
    return _drawn(
        [bars],
        colours,
        showlegend=False,
        margin={"t": 26},
        xaxis={"tickvals": list(range(len(rows))), "ticktext": names, "tickangle": 0},
        yaxis={"ticksuffix": formats.unit_name(unit)},
    )


def curve(cumulative: Sequence[Decimal], names: Sequence[str], cuts: Sequence[Decimal]) -> go.Figure:
    """Share of net revenue that the greatest bring together; even sizes would be the dashed line."""
    colours = charts.palette()
    count = len(cumulative)
    chosen = sorted({0, count - 1, *range(0, count, max(1, count // MOST_POINTS))}) if count else []
    x = [0.0, *((place + 1) / count * 100 for place in chosen)]
    y = [0.0, *(float(cumulative[place] * 100) for place in chosen)]
    said = ["", *(f"{place + 1}. {names[place]}" for place in chosen)]
    traces: list[Any] = [
        go.Scatter(
            x=x, y=y, customdata=said, mode="lines", name=_("Net revenue"), fill="tozeroy",
            line={"color": colours.main, "width": 2.5},
            hovertemplate="%{customdata}: %{y:.1f}%<extra></extra>",
        ),
        go.Scatter(
            x=[0, 100], y=[0, 100], mode="lines", name=_("All of one size"), hoverinfo="skip",
            line={"color": colours.past, "width": 1.5, "dash": "dash"},
        ),
    ]  # fmt: skip
    lines = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": float(cut * 100), "y1": float(cut * 100),
         "line": {"color": colours.target, "width": 1, "dash": "dot"}}
        for cut in cuts
    ]  # fmt: skip
    return _drawn(
        traces,
        colours,
        shapes=lines,
        xaxis={"ticksuffix": "%", "range": [0, 100]},
        yaxis={"ticksuffix": "%", "range": [0, 101]},
    )


def heat(
    rows: Sequence[str], columns: Sequence[str], shares: Sequence[Sequence[Decimal | None]]
) -> go.Figure:
    """Shares of each cohort step by step, the darker the more; what has not begun is empty."""
    colours = charts.palette()
    values = [[None if share is None else float(share * 100) for share in row] for row in shares]
    figure = go.Heatmap(
        z=values, x=list(columns), y=list(rows), zmin=0, zmax=100, xgap=2, ygap=2, showscale=False,
        colorscale=[[0, colours.grid], [1, colours.main]], hoverongaps=False,
        texttemplate="%{z:.0f}" if len(columns) <= 26 else None, textfont={"size": 11},
        hovertemplate="%{y}, %{x}: %{z:.1f}%<extra></extra>",
    )  # fmt: skip
    return _drawn(
        [figure],
        colours,
        height=30 * len(rows) + 60,
        xaxis={"type": "category", "side": "top"},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False, "zeroline": False},
    )


def grid(counts: Sequence[Sequence[int]]) -> go.Figure:
    """Accounts by recency (rows, 5 on top) and frequency (columns)."""
    colours = charts.palette()
    figure = go.Heatmap(
        z=[list(row) for row in counts], x=["F1", "F2", "F3", "F4", "F5"], y=["R5", "R4", "R3", "R2", "R1"],
        xgap=3, ygap=3, showscale=False, colorscale=[[0, colours.grid], [1, colours.main]],
        texttemplate="%{z}", hovertemplate="%{y} · %{x}: %{z}<extra></extra>",
    )  # fmt: skip
    return _drawn(
        [figure],
        colours,
        xaxis={"type": "category", "side": "top"},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False, "zeroline": False},
    )
