"""Pictures of the health score, each with a text that says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.health import Then
from core.health_rules import Band, HealthRule
from core.language import _
from pages.ui import charts, formats, health_words


def _colours() -> dict[Band, str]:
    palette = charts.palette()
    return {
        Band.GREEN: palette.good, Band.AMBER: palette.target, Band.RED: palette.bad, Band.UNKNOWN: palette.past,
    }  # fmt: skip


def history(months: Sequence[Then], rule: HealthRule) -> go.Figure:
    """The score at each month's end as a line, its points in the colour of the band; where bands begin is dotted."""
    palette, colours = charts.palette(), _colours()
    places = list(range(len(months)))
    hover = [
        f"{formats.month(one.day)}: {health_words.score(one.score.value)}, {health_words.band(one.band)}, "
        + _("{coverage} covered").format(coverage=health_words.coverage(one.score))
        for one in months
    ]
    line = go.Scatter(
        x=places,
        y=[None if one.score.value is None else float(one.score.value) for one in months],
        mode="lines+markers",
        line={"color": palette.main, "width": 2},
        marker={"size": 9, "color": [colours[one.band] for one in months]},
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
    )
    ticks = [formats.short_month(one.day).replace(" ", "<br>") for one in months]
    edges = [(rule.green, Band.GREEN), (rule.amber, Band.AMBER)]
    return _framed(
        [line],
        xaxis={"tickvals": places, "ticktext": ticks, "tickangle": 0, "range": [-0.4, len(months) - 0.6]},
        yaxis={"range": [0, 104], "tickvals": [0, 25, 50, 75, 100]},
        shapes=[
            {
                "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": float(at), "y1": float(at),
                "line": {"color": colours[band], "width": 1.5, "dash": "dot"}, "layer": "below",
            }
            for at, band in edges
        ],
    )  # fmt: skip


def alt_of_history(months: Sequence[Then]) -> str:
    return (
        _("Health at the end of each month")
        + ": "
        + "; ".join(f"{formats.month(one.day)} {health_words.score(one.score.value)}" for one in months)
    )


def distribution(counts: Sequence[int], bands: Sequence[Band]) -> go.Figure:
    """How many accounts are in each ten points, in the colour of the band that the ten points begin in."""
    colours = _colours()
    labels = [f"{start}–{start + 10}" for start in range(0, 100, 10)]
    bars = go.Bar(
        x=labels,
        y=list(counts),
        text=[str(count) if count else "" for count in counts],
        textposition="outside",
        cliponaxis=False,
        marker={"color": [colours[band] for band in bands]},
        hovertemplate="%{x}: %{y}<extra></extra>",
    )
    return _framed([bars], xaxis={"type": "category"}, yaxis={"rangemode": "tozero", "showticklabels": False})


def rates(labels: Sequence[str], shares: Sequence[float | None], shown: Sequence[str]) -> go.Figure:
    """The share that lost more than a fifth, for green, amber and red side by side."""
    colours = _colours()
    bars = go.Bar(
        x=list(labels),
        y=[None if share is None else share * 100 for share in shares],
        text=list(shown),
        textposition="outside",
        cliponaxis=False,
        marker={"color": [colours[band] for band in (Band.GREEN, Band.AMBER, Band.RED)]},
        hovertemplate="%{x}: %{text}<extra></extra>",
    )
    top = max((share or 0 for share in shares), default=0) * 100
    return _framed(
        [bars],
        xaxis={"type": "category"},
        yaxis={"range": [0, max(top * 1.2, 5)], "ticksuffix": "%"},
    )


def _framed(traces: Sequence[Any], **layout: Any) -> go.Figure:
    return go.Figure(
        data=list(traces),
        layout={
            "template": charts.template(charts.palette()),
            "height": charts.HEIGHT,
            "separators": ".,",
            "showlegend": False,
            **layout,
        },
    )
