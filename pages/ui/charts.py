"""Pictures in one style, drawn from the theme; each with a text that says what it shows, and its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.language import _
from core.portfolio import MonthOfPortfolio
from pages.ui import formats

HEIGHT = 270
_CONFIG = {"displayModeBar": False, "scrollZoom": False}


@dataclass(frozen=True)
class Palette:
    """The theme's colours, by what they mean."""

    main: str
    target: str
    past: str
    good: str
    bad: str
    text: str
    quiet: str
    grid: str
    series: tuple[str, ...]


LIGHT = Palette(
    "#0f5c5c", "#d98f2b", "#9aa3a0", "#2f7d4f", "#b3423d", "#1d2424", "#66706d", "#e8eae7",
    ("#0f5c5c", "#d98f2b", "#5b7fb5", "#a8504f", "#7a9a4e", "#8a6fa8", "#4aa3a3", "#b8a27a"),
)  # fmt: skip
DARK = Palette(
    "#5fb8b3", "#e3ad5c", "#7d8885", "#6cc08b", "#e58984", "#e4e9e7", "#98a3a0", "#2c3434",
    ("#5fb8b3", "#e3ad5c", "#8fabd9", "#d98987", "#a5c37c", "#b8a0d2", "#83d0cb", "#d3c197"),
)  # fmt: skip


def palette() -> Palette:
    """The colours of the theme that the reader has on."""
    return DARK if st.context.theme.type == "dark" else LIGHT


@cache
def template(colours: Palette) -> go.layout.Template:
    """What all pictures share: no frame, few lines, figures as wide as each other."""
    axis = {
        "gridcolor": colours.grid,
        "linecolor": colours.grid,
        "zerolinecolor": colours.grid,
        "tickfont": {"color": colours.quiet, "size": 12},
        "automargin": True,
        "fixedrange": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": '"Source Sans", "Source Sans 3", sans-serif', "size": 13, "color": colours.text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": colours.series,
            "margin": {"l": 0, "r": 0, "t": 8, "b": 0},
            "xaxis": {**axis, "showgrid": False, "zeroline": False},
            "yaxis": {**axis, "nticks": 5, "zeroline": True},
            "legend": {
                "orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom",
                "font": {"size": 12, "color": colours.quiet},
            },
            "hoverlabel": {"font": {"size": 13}},
            "bargap": 0.35,
        }
    )  # fmt: skip


def show(figure: go.Figure, *, alt: str, key: str) -> None:
    """Draw a picture of ours; `alt` is read out instead of it."""
    st.plotly_chart(figure, theme=None, config=_CONFIG, key=key, alt=alt, width="stretch")


def _figure(traces: Sequence[Any], colours: Palette, **layout: Any) -> go.Figure:
    return go.Figure(
        data=list(traces),
        layout={"template": template(colours), "height": HEIGHT, "separators": ".,", **layout},
    )


def unit_ticks(unit: str, suffix: str = "") -> dict[str, Any]:
    """Ticks of an axis with the letter of their unit, but nothing is nothing in any unit: `0`, not `0M`."""
    letter = formats.unit_name(unit)
    return {"ticksuffix": letter + suffix, "labelalias": {f"0{letter}": "0"} if letter else {}}


def _scaled(values: Sequence[Decimal | None], divisor: Decimal) -> Any:
    return np.array([np.nan if value is None else float(value / divisor) for value in values])


def scale_of(months: Sequence[MonthOfPortfolio]) -> tuple[Decimal, str]:
    """The unit that a year's amounts are drawn in."""
    amounts = [
        abs(value) for row in months for value in (row.net, row.year_ago, row.target) if value is not None
    ]
    return formats.step(max(amounts, default=Decimal(0)))


def revenue_by_month(months: Sequence[MonthOfPortfolio], *, currency: str) -> go.Figure:
    """This year as bars, the same months of last year as a grey line, the target dotted."""
    colours = palette()
    divisor, unit = scale_of(months)
    labels = [formats.short_month(row.month).replace(" ", "<br>") for row in months]
    places = list(range(len(months)))
    amount = f"{formats.symbol(currency)} %{{y:,.2f}}{formats.unit_name(unit)}"
    hover = f"%{{customdata}}: {amount}<extra>%{{fullData.name}}</extra>"
    full = [formats.month(row.month) for row in months]

    def line(name: str, values: list[Decimal | None], colour: str, dash: str, width: float) -> go.Scatter:
        return go.Scatter(
            x=places, y=_scaled(values, divisor), name=name, customdata=full, hovertemplate=hover, mode="lines",
            line={"color": colour, "width": width, "dash": dash},
        )  # fmt: skip

    traces: list[Any] = [
        go.Bar(
            x=places, y=_scaled([row.net for row in months], divisor), name=_("Net revenue"), customdata=full,
            hovertemplate=hover, marker={"color": colours.main},
        ),
        line(_("Last year"), [row.year_ago for row in months], colours.past, "solid", 2),
    ]  # fmt: skip
    if any(row.target is not None for row in months):
        traces.append(line(_("Target"), [row.target for row in months], colours.target, "dot", 2.5))
    every = 1 if len(months) <= 12 else 3
    ticks = {"tickvals": places[::every], "ticktext": labels[::every], "tickangle": 0}
    return _figure(traces, colours, xaxis={**ticks, "range": [-0.6, len(months) - 0.4]}, hovermode="x")


def alt_of_months(months: Sequence[MonthOfPortfolio], *, currency: str) -> str:
    """The newest month, its change on last year, and the best and the weakest month."""
    begun = [(row.month, row.net, row.year_ago) for row in months if row.net is not None]
    if not begun:
        return _("No month of this period has begun.")
    newest, net, year_ago = begun[-1]
    best = max(begun, key=lambda row: row[1])
    weakest = min(begun, key=lambda row: row[1])
    change = (net - year_ago) / year_ago if year_ago > 0 else None
    return _(
        "Net revenue by month. Latest: {month} {net}, {change} on last year. "
        "Highest: {best} {best_net}. Lowest: {weakest} {weakest_net}."
    ).format(
        month=formats.month(newest),
        net=formats.compact(net, currency),
        change=formats.percent(change, signed=True),
        best=formats.month(best[0]),
        best_net=formats.compact(best[1], currency),
        weakest=formats.month(weakest[0]),
        weakest_net=formats.compact(weakest[1], currency),
    )


def table_of_months(months: Sequence[MonthOfPortfolio]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Month"): [formats.month(row.month) for row in months],
            _("Net revenue"): _scaled([row.net for row in months], Decimal(1)).round(),
            _("Last year"): _scaled([row.year_ago for row in months], Decimal(1)).round(),
            _("Target"): _scaled([row.target for row in months], Decimal(1)).round(),
        }
    )


@dataclass(frozen=True)
class Move:
    """What one account, or all that are not named, added to the change."""

    name: str
    amount: Decimal


def movers(moves: Sequence[Move], *, currency: str, more_is_good: bool = True) -> go.Figure:
    """Changes as bars from zero, in the order given; of what costs money more is the bad side."""
    colours = palette()
    shown = list(reversed(moves))
    divisor, _unit = formats.step(max((abs(move.amount) for move in shown), default=Decimal(0)))
    values = _scaled([move.amount for move in shown], divisor)
    labels = [formats.compact(move.amount, None, signed=True) for move in shown]
    names = [move.name if len(move.name) <= 22 else move.name[:21] + "…" for move in shown]
    reach = float(np.abs(values).max()) if len(values) else 1.0
    bars = go.Bar(
        x=values, y=list(range(len(shown))), orientation="h", text=labels, textposition="outside", cliponaxis=False,
        textfont={"size": 12, "color": colours.quiet},
        marker={"color": [colours.good if (move.amount >= 0) == more_is_good else colours.bad for move in shown]},
        customdata=[f"{move.name}: {formats.money(move.amount, currency, places=0, signed=True)}" for move in shown],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = 0.34 * max(high - low, reach)
    return _figure(
        [bars],
        colours,
        xaxis={
            "showticklabels": False,
            "range": [low - (room if low < 0 else 0), high + (room if high > 0 else 0)],
        },
        yaxis={
            "tickvals": list(range(len(shown))),
            "ticktext": names,
            "showgrid": False,
            "zeroline": False,
            "ticksuffix": "  ",
        },
        showlegend=False,
    )


def alt_of_moves(moves: Sequence[Move], *, currency: str) -> str:
    if not moves:
        return _("Nothing moved against last year.")
    total = sum((move.amount for move in moves), Decimal(0))
    best, worst = max(moves, key=lambda move: move.amount), min(moves, key=lambda move: move.amount)
    return _(
        "Change against last year: {total}. Largest gain: {best} {gain}. Largest loss: {worst} {loss}."
    ).format(
        total=formats.compact(total, currency, signed=True),
        best=best.name,
        gain=formats.compact(best.amount, currency, signed=True),
        worst=worst.name,
        loss=formats.compact(worst.amount, currency, signed=True),
    )


def shares(names: Sequence[str], now: Sequence[Decimal | None], then: Sequence[Decimal | None]) -> go.Figure:
    """Shares of revenue now as bars, last year's as grey marks on the same line."""
    colours = palette()
    rows = list(range(len(names)))[::-1]
    current, past = (
        _scaled([None if v is None else v * 100 for v in values], Decimal(1)) for values in (now, then)
    )
    return _figure(
        [
            go.Bar(
                x=current, y=rows, orientation="h", name=_("Share now"), marker={"color": colours.main},
                customdata=list(names), hovertemplate="%{customdata}: %{x:.1f}%<extra>%{fullData.name}</extra>",
            ),
            go.Scatter(
                x=past, y=rows, mode="markers", name=_("Share last year"), customdata=list(names),
                marker={"symbol": "line-ns-open", "size": 16, "line": {"width": 3}, "color": colours.past},
                hovertemplate="%{customdata}: %{x:.1f}%<extra>%{fullData.name}</extra>",
            ),
        ],
        colours,
        xaxis={"ticksuffix": "%", "rangemode": "tozero", "nticks": 5},
        yaxis={"tickvals": rows, "ticktext": [n if len(n) <= 24 else n[:23] + "…" for n in names],
            "zeroline": False,
            "ticksuffix": "  ", "showgrid": False},
    )  # fmt: skip


@dataclass(frozen=True)
class Bars:
    """One row of bars: what they are called, and how high they are."""

    name: str
    values: Sequence[Decimal]


def bars(labels: Sequence[str], *series: Bars, currency: str) -> go.Figure:
    """Amounts side by side under each label, from zero; the second series in the colour of what is bad."""
    colours = palette()
    highest = max((abs(value) for one in series for value in one.values), default=Decimal(0))
    divisor, unit = formats.step(highest)
    hover = f"%{{x}}: {formats.symbol(currency)} %{{y:,.2f}}{formats.unit_name(unit)}<extra>%{{fullData.name}}</extra>"
    traces = [
        go.Bar(x=list(labels), y=_scaled(one.values, divisor), name=one.name, hovertemplate=hover,
               marker={"color": colour})
        for one, colour in zip(series, (colours.main, colours.bad), strict=False)
    ]  # fmt: skip
    return _figure(
        traces,
        colours,
        showlegend=len(series) > 1,
        xaxis={"type": "category"},
        yaxis=unit_ticks(unit),
    )


@dataclass(frozen=True)
class Compared:
    """A label with its figure now, what it is compared with, and its target."""

    label: str
    now: Decimal | None
    year_ago: Decimal | None
    target: Decimal | None


def compared(rows: Sequence[Compared], *, prefix: str = "", suffix: str = "") -> go.Figure:
    """Figures now as bars, last year's as grey marks and targets as amber ones over them."""
    colours = palette()
    known = [abs(v) for row in rows for v in (row.now, row.year_ago, row.target) if v is not None]
    divisor, unit = (Decimal(1), "") if suffix else formats.step(max(known, default=Decimal(0)))
    labels = [row.label if len(row.label) <= 16 else row.label[:15] + "…" for row in rows]
    places = list(range(len(rows)))
    full = [row.label for row in rows]
    shown = f"%{{customdata}}: {prefix}%{{y:,.2f}}{formats.unit_name(unit)}{suffix}<extra>%{{fullData.name}}</extra>"

    def marks(name: str, values: list[Decimal | None], colour: str, symbol: str) -> go.Scatter:
        return go.Scatter(
            x=places, y=_scaled(values, divisor), mode="markers", name=name, customdata=full, hovertemplate=shown,
            marker={"symbol": symbol, "size": 16, "line": {"width": 3, "color": colour}, "color": colour},
        )  # fmt: skip

    traces: list[Any] = [
        go.Bar(
            x=places, y=_scaled([row.now for row in rows], divisor), name=_("Now"), customdata=full,
            hovertemplate=shown, marker={"color": colours.main},
        ),
    ]  # fmt: skip
    if any(row.year_ago is not None for row in rows):
        traces.append(marks(_("Last year"), [row.year_ago for row in rows], colours.past, "line-ew-open"))
    if any(row.target is not None for row in rows):
        traces.append(marks(_("Target"), [row.target for row in rows], colours.target, "line-ew-open"))
    return _figure(
        traces,
        colours,
        xaxis={"tickvals": places, "ticktext": labels},
        yaxis=unit_ticks(unit, suffix),
        hovermode="x",
    )


def prices_paid(rows: Sequence[Compared], *, currency: str) -> go.Figure:
    """What each account paid for one unit as a dot, the list price of the same lines as a grey mark."""
    colours = palette()
    places = list(range(len(rows)))
    hover = f"%{{customdata}}: {formats.symbol(currency)} %{{x:,.4~f}}<extra>%{{fullData.name}}</extra>"
    names = [row.label for row in rows]

    def dots(name: str, values: list[Decimal | None], colour: str, symbol: str) -> go.Scatter:
        return go.Scatter(
            x=_scaled(values, Decimal(1)), y=places, mode="markers", name=name, customdata=names, hovertemplate=hover,
            marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2, "color": colour}},
        )  # fmt: skip

    return _figure(
        [
            dots(_("List price"), [row.year_ago for row in rows], colours.past, "line-ns-open"),
            dots(_("Price paid"), [row.now for row in rows], colours.main, "circle"),
        ],
        colours,
        xaxis={"nticks": 5, "showgrid": True},
        yaxis={
            "tickvals": places,
            "ticktext": [name if len(name) <= 22 else name[:21] + "…" for name in names],
            "showgrid": False,
            "zeroline": False,
            "ticksuffix": "  ",
        },
    )


def price_paid(
    months: Sequence[date], paid: Sequence[Decimal | None], listed: Sequence[Decimal | None], *, currency: str
) -> go.Figure:
    """Price paid per unit by month against list; months without a purchase leave a gap that is bridged."""
    colours = palette()
    labels = [formats.month(month) for month in months]

    def line(name: str, values: Sequence[Decimal | None], colour: str, **style: Any) -> go.Scatter:
        return go.Scatter(
            x=list(range(len(months))), y=_scaled(values, Decimal(1)), name=name, customdata=labels,
            connectgaps=True, line={"color": colour, "width": 2.5, **style}, marker={"size": 6},
            mode="lines" if style else "lines+markers",
            hovertemplate=f"%{{customdata}}: {formats.symbol(currency)} %{{y:,.4~f}}<extra>%{{fullData.name}}</extra>",
        )  # fmt: skip

    every = max(1, len(months) // 8)
    return _figure(
        [
            line(_("Price paid"), paid, colours.main),
            line(_("List price"), listed, colours.past, shape="hv"),
        ],
        colours,
        xaxis={
            "tickvals": list(range(len(months)))[::every],
            "ticktext": [formats.month(month) for month in months][::every],
        },
        hovermode="x",
    )
