"""The timeline of terms: one line a scope and kind, one bar a version, and a line where today is."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go

from core.language import _
from core.periods import add_months
from core.term_calendar import Lane, Phase, lane, phase
from core.terms import TermRow
from pages.ui import charts, formats, term_words
from pages.ui.term_words import Words

LANES = 12  # lines of one picture; the table has all
_LINE = 42  # pixels of a line
_BEFORE, _AFTER = 12, 12  # months around today
_SHOWN = (Phase.IN_FORCE, Phase.COMING, Phase.SUBMITTED, Phase.ENDED)
_DAY = 86_400_000  # milliseconds, as Plotly measures bars on an axis of days


def window(day: date) -> tuple[date, date]:
    """The days that the picture shows."""
    return add_months(day, -_BEFORE), add_months(day, _AFTER)


def lanes(rows: Sequence[TermRow], day: date) -> list[tuple[Lane, list[TermRow]]]:
    """What stands in the picture, the account's own before its group's and segment's, the most alive first."""
    start, end = window(day)
    found: dict[Lane, list[TermRow]] = {}
    for row in rows:
        alive = row.valid_from < end and (row.valid_to is None or row.valid_to > start)
        if alive and phase(row, day) in _SHOWN:
            found.setdefault(lane(row), []).append(row)

    def place(item: tuple[Lane, list[TermRow]]) -> Any:
        of = item[1]
        whose = 0 if of[0].account is not None else 1 if of[0].group is not None else 2
        return whose, min(_SHOWN.index(phase(one, day)) for one in of), item[0]

    return sorted(found.items(), key=place)


def timeline(shown: Sequence[tuple[Lane, list[TermRow]]], day: date, words: Words) -> go.Figure:
    """Bars on an axis of days, coloured by where each version stands; what has no end runs to the edge."""
    colours = charts.palette()
    start, end = window(day)
    paint = {
        Phase.IN_FORCE: colours.main,
        Phase.COMING: colours.series[2],
        Phase.SUBMITTED: colours.target,
        Phase.ENDED: colours.past,
    }
    traces = [
        _bars([(place, row) for place, (_key, rows) in enumerate(shown) for row in rows if phase(row, day) is one],
              one, colour, start, end, words)
        for one, colour in paint.items()
    ]  # fmt: skip
    figure = go.Figure(data=[trace for trace in traces if trace is not None])
    for place, (_key, rows) in enumerate(shown):
        figure.add_annotation(
            x=start.isoformat(), y=place - 0.36, text=_heading(rows[0], words), showarrow=False, xanchor="left",
            font={"size": 12, "color": colours.quiet},
        )  # fmt: skip
    figure.add_vline(x=day.isoformat(), line={"color": colours.bad, "width": 1.5, "dash": "dot"})
    figure.update_layout(
        template=charts.template(colours),
        height=len(shown) * _LINE + 70,
        barmode="overlay",
        bargap=0.55,
        xaxis={
            "type": "date", "range": [start.isoformat(), end.isoformat()], "showgrid": True, "nticks": 6,
            "side": "bottom", **_ticks(start),
        },
        yaxis={"range": [len(shown) - 0.4, -0.75], "showticklabels": False, "showgrid": False, "zeroline": False},
        legend={"traceorder": "normal"},
    )  # fmt: skip
    return figure


def _ticks(start: date) -> dict[str, Any]:
    days = [add_months(start.replace(day=1), number) for number in range(3, _BEFORE + _AFTER + 1, 6)]
    return {
        "tickvals": [one.isoformat() for one in days],
        "ticktext": [formats.month(one) for one in days],
    }


def _heading(row: TermRow, words: Words) -> str:
    whose = "" if row.account is not None else f" · {words.whom(row)}"
    text = f"{words.goods(row)} · {words.kind(row)}{whose}"
    text = text if len(text) <= 48 else text[:47] + "…"
    return html.escape(text, quote=False)


def _bars(
    rows: Sequence[tuple[int, TermRow]], one: Phase, colour: str, start: date, end: date, words: Words
) -> go.Bar | None:
    if not rows:
        return None
    firsts = [max(row.valid_from, start) for _place, row in rows]
    ends = [min(row.valid_to or end, end) for _place, row in rows]
    return go.Bar(
        base=[first.isoformat() for first in firsts],
        x=[(last - first).days * _DAY for first, last in zip(firsts, ends, strict=True)],
        y=[place + 0.12 for place, _row in rows],
        orientation="h",
        width=0.42,
        name=term_words.phases()[one].capitalize(),
        text=[words.value(row) if (last - first).days > 45 else "" for (_place, row), first, last in
              zip(rows, firsts, ends, strict=True)],
        textposition="inside",
        insidetextanchor="start",
        textangle=0,
        marker={
            "color": colour,
            "line": {"width": 1, "color": charts.palette().grid},
            "pattern": {"shape": "/" if one is Phase.SUBMITTED else "", "solidity": 0.25},
        },
        customdata=[f"{row.name}: {words.value(row)}, {term_words.days(row)}" for _place, row in rows],
        hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def alt(shown: Sequence[tuple[Lane, list[TermRow]]], day: date, words: Words) -> str:
    """The picture in a sentence for each line."""
    names = term_words.phases()
    said = [
        f"{words.goods(rows[0])}, {words.kind(rows[0])}: "
        + "; ".join(f"{words.value(row)} {term_words.days(row)} ({names[phase(row, day)]})" for row in rows)
        for _key, rows in shown
    ]
    return _("Timeline of terms as of {day}.").format(day=formats.day(day)) + " " + ". ".join(said)
