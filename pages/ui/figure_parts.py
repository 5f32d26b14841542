"""What the parts about figures share: which windows are compared, and a list whose rows open the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import db, figure_exports
from core.auth import Actor
from core.language import N_, _
from core.periods import Period, add_months
from core.vocabulary import Permission
from pages.ui import filters, formats, navigation, tables

_WINDOWS = {
    "trailing": N_("12 months against the 12 before"),
    "year": N_("Period against last year"),
    "before": N_("Period against the one before"),
    "custom": N_("Two windows of my own"),
}
LISTED = 200  # rows: more take a browser long, the export has them all


def trailing(period: Period) -> Period:
    """Twelve months up to the period's last day."""
    start = add_months(period.end, -12) if period.end.day == 1 else period.shifted(-12).end
    return Period(start, period.end)


def windows(period: Period, key: str) -> tuple[Period, Period]:
    """The two windows that are compared, the later one first: trailing twelve months unless chosen otherwise."""
    names = {name: _(label) for name, label in _WINDOWS.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            _("Compared"), list(names), format_func=lambda name: names[name], key=f"{key}_windows", width=290
        )
        if chosen == "custom":
            return _own(period, key)
    if chosen == "year":
        return period, period.shifted(-12)
    if chosen == "before":
        return period, period.previous()
    now = trailing(period)
    return now, now.shifted(-12)


def _own(period: Period, key: str) -> tuple[Period, Period]:
    now, then = period, period.shifted(-12)
    found = []
    for name, label, proposed in (("now", _("Now"), now), ("then", _("Then"), then)):
        days = st.date_input(
            label, (proposed.start, proposed.last_day), key=f"{key}_{name}", format="DD/MM/YYYY", width=240
        )
        chosen = list(days) if isinstance(days, tuple) else [days]
        found.append(Period.of(chosen[0], chosen[-1]) if len(chosen) > 1 else proposed)
    return found[0], found[1]


def compared(now: Period, then: Period) -> None:
    """Both windows in words."""
    text = _("{now} against {then}")
    st.caption(text.format(now=formats.period(now), then=formats.period(then)))


def listing(
    actor: Actor,
    name: str,
    frame: pd.DataFrame,
    columns: Mapping[str, Any],
    codes: Sequence[str | None],
    *,
    alt: str,
    words: Mapping[str, str],
) -> None:
    """The rows, the first ones shown and all exported; a cell that is chosen opens the account of its row."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        shown = frame.head(LISTED)
        text = _("{shown} of {count} rows; choose a cell to open the account.")
        if not any(codes):
            text = _("{shown} of {count} rows")
        st.caption(text.format(shown=formats.number(len(shown)), count=formats.number(len(frame))))
        export(actor, name, frame, words)
    opened = st.dataframe(
        _scaled(shown, columns),
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=min(len(shown) + 1, 12) * tables.ROW_HEIGHT + 4,
        column_config={key: value for key, (value, _scale) in columns.items()},
        on_select="rerun",
        selection_mode="single-cell",
        key=f"list_{name}",
        placeholder=formats.UNKNOWN,
        alt=alt,
    )
    cells = getattr(getattr(opened, "selection", None), "cells", None)
    code = codes[int(cells[0][0])] if cells else None
    if code is not None:
        st.switch_page(
            navigation.PAGES / "accounts/account.py",
            query_params={"account": code, **filters.chosen_period()},
        )


def _scaled(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Exact values as the screen takes them: floats, shares as percent."""
    found = frame.copy()
    for name, (_column, scale) in columns.items():
        if scale:
            found[name] = pd.array(
                [None if value is None else float(value * scale) for value in frame[name]], dtype="Float64"
            )
    return found


def days(label: str) -> tuple[Any, int]:
    return st.column_config.DateColumn(label, format="D MMM YYYY"), 0


def amounts(label: str, currency: str) -> tuple[Any, int]:
    return tables.money_column(label, currency), 1


def shares(label: str) -> tuple[Any, int]:
    return tables.percent_column(label), 100


def numbers(label: str, format: str = "localized") -> tuple[Any, int]:  # noqa: A002  (Streamlit's own word)
    return st.column_config.NumberColumn(label, format=format), 1


def texts(label: str, width: Any = None) -> tuple[Any, int]:
    return st.column_config.TextColumn(label, width=width), 0


def export(actor: Actor, name: str, frame: pd.DataFrame, words: Mapping[str, str]) -> None:
    """CSV and XLSX with exact values; shares stay fractions."""
    if not actor.may(Permission.DATA_EXPORT):
        return
    with st.popover(_("Export"), icon=":material/download:"):
        for kind in ("csv", "xlsx"):
            st.download_button(
                kind.upper(),
                data=partial(export_file, kind, name, frame, actor, dict(words)),
                file_name=f"{name}.{kind}",
                key=f"export_{name}_{kind}",
                on_click="ignore",
                width="stretch",
            )


def export_file(kind: str, name: str, frame: pd.DataFrame, actor: Actor, words: Mapping[str, str]) -> bytes:
    """All rows as a file, noted in the audit; runs when the file is asked for."""
    rows = [list(frame.columns), *(list(row) for row in frame.itertuples(index=False))]
    safe = [[tables.safe_cell(value) for value in row] for row in rows]
    with db.write() as session:
        figure_exports.record(session, actor, name, len(frame), {"format": kind, **words})
    return tables.as_csv(safe) if kind == "csv" else tables.as_xlsx(safe, name)
