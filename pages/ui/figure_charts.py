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
    is_change = not rows[0].is_total  # then the total at the end is one too
    amounts = [
        formats.money(row.amount, currency, places=0, signed=is_change or not row.is_total) for row in rows
    ]
    bars = go.Waterfall(
        x=list(range(len(rows))),
        y=[float(row.amount / divisor) for row in rows],
        measure=["relative" if not row.is_total else "total" if place else "absolute"
                 for place, row in enumerate(rows)],
        text=[formats.compact(row.amount, None, signed=is_change or not row.is_total) for row in rows],
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
        yaxis=charts.unit_ticks(unit),
    )


def ladder(rows: Sequence[Step], *, currency: str) -> go.Figure:
    """The same as `steps` from top to bottom: however many bars, every name and amount can be read on a phone."""
    colours = charts.palette()
    divisor, _unit = formats.step(max((abs(row.amount) for row in rows), default=Decimal(0)))
    amounts = [formats.money(row.amount, currency, places=0, signed=not row.is_total) for row in rows]
    places = list(range(len(rows)))
    bars = go.Waterfall(
        orientation="h", y=places, x=[float(row.amount / divisor) for row in rows],
        measure=["relative" if not row.is_total else "total" if place else "absolute"
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
    most = max(float(row.amount / divisor) for row in rows)
    return _drawn(
        [bars],
        colours,
        showlegend=False,
        height=30 + 28 * len(rows),
        margin={"t": 6, "b": 6},
        xaxis={"showticklabels": False, "range": [min(0.0, -0.02 * most), 1.22 * most], "showgrid": False},
        yaxis={"tickvals": places, "ticktext": [row.name for row in rows], "autorange": "reversed",
               "showgrid": False, "zeroline": False, "ticksuffix": "  "},
    )  # fmt: skip


def ranked(rows: Sequence[charts.Compared], *, prefix: str = "", suffix: str = "") -> go.Figure:
    """Figures now as bars, the first on top and named in full; last year's as grey marks, targets as amber ones."""
    colours = charts.palette()
    known = [abs(v) for row in rows for v in (row.now, row.year_ago, row.target) if v is not None]
    divisor, unit = (Decimal(1), "") if suffix else formats.step(max(known, default=Decimal(0)))
    places = list(range(len(rows)))[::-1]
    full = [row.label for row in rows]
    hover = f"%{{customdata}}: {prefix}%{{x:,.2f}}{formats.unit_name(unit)}{suffix}<extra>%{{fullData.name}}</extra>"

    def scaled(values: Sequence[Decimal | None]) -> list[float | None]:
        return [None if value is None else float(value / divisor) for value in values]

    def marks(name: str, values: Sequence[Decimal | None], colour: str) -> go.Scatter:
        return go.Scatter(
            x=scaled(values), y=places, mode="markers", name=name, customdata=full, hovertemplate=hover,
            marker={"symbol": "line-ns-open", "size": 14, "line": {"width": 3}, "color": colour},
        )  # fmt: skip

    traces: list[Any] = [
        go.Bar(
            x=scaled([row.now for row in rows]), y=places, orientation="h", name=_("Now"), customdata=full,
            hovertemplate=hover, marker={"color": colours.main},
        ),
    ]  # fmt: skip
    if any(row.year_ago is not None for row in rows):
        traces.append(marks(_("Last year"), [row.year_ago for row in rows], colours.past))
    if any(row.target is not None for row in rows):
        traces.append(marks(_("Target"), [row.target for row in rows], colours.target))
    return _drawn(
        traces,
        colours,
        height=max(charts.HEIGHT, 24 * len(rows) + 60),
        showlegend=len(traces) > 1,
        xaxis={"tickprefix": prefix, "ticksuffix": formats.unit_name(unit) + suffix, "nticks": 6,
               "rangemode": "tozero"},
        yaxis={"tickvals": places, "ticktext": [one if len(one) <= 34 else one[:33] + "…" for one in full],
               "showgrid": False, "zeroline": False, "ticksuffix": "  "},
    )  # fmt: skip


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
            x=x, y=y, customdata=said, mode="lines", name=_("Net revenue"), fill="tozeroy", fillcolor=colours.grid,
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
        xaxis={"ticksuffix": "%", "range": [0, 100], "nticks": 6, "zeroline": False},
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
