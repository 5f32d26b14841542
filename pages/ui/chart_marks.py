"""Small signs above the months of a picture: what happened then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import plotly.graph_objects as go

from core.language import _
from core.portfolio import MonthOfPortfolio
from pages.ui import charts


def add(figure: go.Figure, months: Sequence[MonthOfPortfolio], marks: Mapping[date, str]) -> go.Figure:
    """A sign with its words above each marked month of `charts.revenue_by_month`."""
    marked = [(place, row) for place, row in enumerate(months) if row.month in marks]
    if not marked:
        return figure
    divisor, _unit = charts.scale_of(months)
    tops = [max(row.net or Decimal(0), row.year_ago, row.target or Decimal(0)) for row in months]
    above = max(tops) / 16
    signs = go.Scatter(
        x=[place for place, _row in marked],
        y=[float((tops[place] + above) / divisor) for place, _row in marked],
        name=_("Cause"),
        mode="markers",
        customdata=[marks[row.month] for _place, row in marked],
        hovertemplate="%{customdata}<extra></extra>",
        marker={"symbol": "triangle-down", "size": 10, "color": charts.palette().bad},
    )
    return figure.add_trace(signs)
