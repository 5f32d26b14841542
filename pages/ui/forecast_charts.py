"""The picture of a year that is partly over: what came, what is expected with its interval, last year, target."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.language import _
from core.outlooks import MonthOutlook
from pages.ui import charts, formats

show = charts.show


def _numbers(values: Sequence[Decimal | None], divisor: Decimal) -> Any:
    return np.array([np.nan if value is None else float(value / divisor) for value in values])


def _scale(months: Sequence[MonthOutlook]) -> tuple[Decimal, str]:
    columns = ((row.actual, row.expected, row.year_ago, row.target) for row in months)
    known = [abs(value) for column in columns for value in column if value is not None]
    return formats.step(max(known, default=Decimal(0)))


def _half(row: MonthOutlook) -> Decimal | None:
    """Half the interval of a month that is not over."""
    if row.actual is not None or row.high is None or row.expected is None:
        return None
    return row.high - row.expected


def _pale(colour: str) -> str:
    """The same colour, thin: for what is not certain. As part of the colour, the legend shows it too."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.4)"


def year(months: Sequence[MonthOutlook], *, currency: str) -> go.Figure:
    """Months that are over as full bars, open ones as light bars with their interval, last year and target as lines."""
    colours = charts.palette()
    divisor, unit = _scale(months)
    places = list(range(len(months)))
    full = [formats.month(row.month) for row in months]
    amount = f"{formats.symbol(currency)} %{{y:,.2f}}{formats.unit_name(unit)}"
    hover = f"%{{customdata}}: {amount}<extra>%{{fullData.name}}</extra>"
    still = [row.expected if row.actual is None else None for row in months]
    half = [_half(row) for row in months]

    def line(name: str, values: list[Decimal | None], colour: str, dash: str) -> go.Scatter:
        return go.Scatter(x=places, y=_numbers(values, divisor), name=name, customdata=full, hovertemplate=hover,
                          mode="lines", line={"color": colour, "width": 2, "dash": dash})  # fmt: skip

    traces: list[Any] = [
        go.Bar(x=places, y=_numbers([row.actual for row in months], divisor), name=_("Net revenue"), customdata=full,
               hovertemplate=hover, marker={"color": colours.main}),
        go.Bar(x=places, y=_numbers(still, divisor), name=_("Expected"), customdata=full, hovertemplate=hover,
               marker={"color": _pale(colours.main)},
               error_y={"type": "data", "array": _numbers(half, divisor), "color": colours.quiet, "thickness": 1.5}),
        line(_("Last year"), [row.year_ago for row in months], colours.past, "solid"),
    ]  # fmt: skip
    if any(row.target is not None for row in months):
        traces.append(line(_("Target"), [row.target for row in months], colours.target, "dot"))
    labels = [formats.short_month(row.month).replace(" ", "<br>") for row in months]
    every = 1 if len(months) <= 12 else 3
    return go.Figure(
        data=traces,
        layout={
            "template": charts.template(colours), "height": charts.HEIGHT, "separators": ".,", "barmode": "overlay",
            "hovermode": "x", "yaxis": charts.unit_ticks(unit),
            "xaxis": {"tickvals": places[::every], "ticktext": labels[::every], "tickangle": 0,
                      "range": [-0.6, len(months) - 0.4]},
        },
    )  # fmt: skip


def alt(months: Sequence[MonthOutlook], currency: str) -> str:
    """Each open month with its interval."""
    said = [
        f"{formats.month(row.month)} {formats.compact(row.expected, currency)}"
        f" ({formats.compact(row.low, currency)} … {formats.compact(row.high, currency)})"
        for row in months
        if row.actual is None
    ]
    return _("Expected by month: {months}.").format(months="; ".join(said) or formats.UNKNOWN)


def table(months: Sequence[MonthOutlook]) -> pd.DataFrame:
    def column(values: list[Decimal | None]) -> Any:
        return _numbers(values, Decimal(1)).round()

    return pd.DataFrame(
        {
            _("Month"): [formats.month(row.month) for row in months],
            _("Net revenue"): column([row.actual for row in months]),
            _("Expected"): column([row.expected for row in months]),
            _("Forecast"): column([row.machine for row in months]),
            _("Low"): column([row.low for row in months]),
            _("High"): column([row.high for row in months]),
            _("Last year"): column([row.year_ago for row in months]),
            _("Target"): column([row.target for row in months]),
        }
    )
