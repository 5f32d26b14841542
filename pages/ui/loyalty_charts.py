"""Pictures of loyalty: accounts by tier month by month, points that lapse, and how far a programme's figures move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import plotly.graph_objects as go

from core import clock
from core.language import _
from core.periods import shift_day
from pages.ui import charts, formats, loyalty_words


def shades(count: int) -> list[str]:
    """A colour for each tier: grey below the lowest, then from pale to full."""
    colours = charts.palette()
    full = colours.main.lstrip("#")
    red, green, blue = (int(full[place : place + 2], 16) for place in (0, 2, 4))
    steps = [0.35 + 0.65 * place / max(1, count - 2) for place in range(count - 1)]
    return [colours.grid, *(f"rgba({red},{green},{blue},{step:.2f})" for step in steps)]


def tiers(months: Sequence[date], counts: Mapping[str, Sequence[int]]) -> go.Figure:
    """Stacked from the lowest tier up."""
    colours = charts.palette()
    labels = [formats.short_month(month).replace(" ", "<br>") for month in months]
    places = list(range(len(months)))
    bars = [
        go.Bar(
            x=places, y=list(values), name=loyalty_words.tier(name), marker={"color": colour},
            text=[str(value) if value else "" for value in values], textposition="inside", textangle=0,
            customdata=[formats.month(month) for month in months],
            hovertemplate="%{customdata}: %{y}<extra>%{fullData.name}</extra>",
        )
        for (name, values), colour in zip(counts.items(), shades(len(counts)), strict=True)
    ]  # fmt: skip
    return go.Figure(
        data=bars,
        layout={
            "template": charts.template(colours),
            "height": charts.HEIGHT,
            "barmode": "stack",
            "xaxis": {"tickvals": places, "ticktext": labels, "tickangle": 0},
            "yaxis": {"rangemode": "tozero"},
            "legend": {"traceorder": "normal"},
        },
    )


def expiring(months: Sequence[tuple[date, Decimal]]) -> go.Figure:
    """What lapses in each month; this month and the next two in amber."""
    colours, soon = charts.palette(), shift_day(clock.today().replace(day=1), 3)
    divisor, unit = formats.step(max((points for _month, points in months), default=Decimal(0)))
    bars = go.Bar(
        x=list(range(len(months))), y=[float(points / divisor) for _month, points in months],
        marker={"color": [colours.target if month < soon else colours.past for month, _points in months]},
        customdata=[f"{formats.month(month)}: {loyalty_words.points(points)}" for month, points in months],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    labels = [formats.short_month(month).replace(" ", "<br>") for month, _points in months]
    return go.Figure(
        data=[bars],
        layout={
            "template": charts.template(colours),
            "height": charts.HEIGHT,
            "showlegend": False,
            "xaxis": {"tickvals": list(range(len(months))), "ticktext": labels, "tickangle": 0},
            "yaxis": charts.unit_ticks(unit),
        },
    )


def landed(counts: Mapping[str, tuple[int, int | None]]) -> go.Figure:
    """Accounts by tier: under the version that is tried, and grey under the one in force."""
    colours = charts.palette()
    labels = [loyalty_words.tier(name) for name in counts]
    traces = [
        go.Bar(
            x=labels, y=[pair[0] for pair in counts.values()], name=_("Tried"), marker={"color": colours.main},
            text=[str(pair[0]) for pair in counts.values()], textposition="outside", cliponaxis=False,
        )
    ]  # fmt: skip
    if any(now is not None for now in (pair[1] for pair in counts.values())):
        before = [pair[1] or 0 for pair in counts.values()]
        traces.append(
            go.Bar(
                x=labels, y=before, name=_("In force"), marker={"color": colours.past}, textposition="outside",
                text=[str(now) for now in before], cliponaxis=False,
            )
        )  # fmt: skip
    return go.Figure(
        data=traces,
        layout={
            "template": charts.template(colours),
            "height": charts.HEIGHT,
            "xaxis": {"type": "category"},
            "yaxis": {"rangemode": "tozero"},
        },
    )
