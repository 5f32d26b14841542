"""What any KPI opens: its formula with the values of this very period, its breakdown, trend, order lines and file."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import db, kpi_details, kpi_registry, kpi_words
from core.auth import Actor
from core.kpi_details import Detail, Point, Row
from core.kpi_registry import KPIS, Kpi
from core.language import N_, _
from core.revenue import Dimension
from core.vocabulary import Permission
from pages.ui import answers, charts, dialogs, drill, formats, tables
from pages.ui.drill import Asked, asked
from pages.ui.forms import plain

__all__ = ["Asked", "asked", "button", "show"]

BY: dict[str, str] = {
    Dimension.ACCOUNT: N_("Account"),
    Dimension.OWNER: N_("Owner"),
    Dimension.SEGMENT: N_("Segment"),
    Dimension.REGION: N_("Region"),
    Dimension.GROUP: N_("Group"),
    Dimension.TIER: N_("Tier"),
    Dimension.PRODUCT: N_("Product"),
    Dimension.CATEGORY: N_("Category"),
    Dimension.COUNTRY: N_("Country"),
    Dimension.MONTH: N_("Month"),
}
_DIRECTIONS = {
    "up": N_("more is better"),
    "down": N_("less is better"),
    "none": N_("neither more nor less is better"),
}


def button(
    name: str, given: Asked, *, label: str | None = None, icon: str | None = ":material/table_rows:"
) -> None:
    """Opens everything behind a KPI; without a label of its own it bears the KPI's name."""
    called = kpi_registry.label(name)
    if st.button(
        label or called,
        key=f"open_{name}",
        type="tertiary",
        icon=icon,
        help=_("Formula and rows of {figure}").format(figure=called),
    ):
        show(name, given)


def show(name: str, given: Asked) -> None:
    """The dialog about one KPI."""
    dialogs.show(kpi_registry.label(name), _content, name, given)


def _content(actor: Actor, name: str, given: Asked) -> None:
    with db.read() as session:
        ask = answers.asker(session, actor)
        found = ask(kpi_details.detail, name, given.period, given.accounts, **given.more)
    if found is None:
        st.info(_("You may not see cost, so this figure stays closed."), icon=":material/lock:")
        return
    _words(found, given)
    labels = [_("Breakdown"), _("Trend"), _("Order lines")]
    parts, trend, lines = st.tabs(labels, key="drill_tab", on_change="rerun")
    if parts.open:
        with parts:
            _breakdown(actor, found, given)
    if trend.open:
        with trend:
            _trend(actor, found.kpi, given)
    if lines.open:
        with lines:
            drill.order_lines_of(actor, given, given.currency)


def _words(found: Detail, given: Asked) -> None:
    kpi = found.kpi
    st.markdown(f"{_(kpi.question)} {_(kpi.formula)}.")
    st.markdown(f"**{plain(equation(found, given.currency))}**")
    currency = given.currency
    value = found.figure.value
    compared = [
        f"{word} {plain(kpi_words.short(kpi, then, currency))} ({plain(kpi_words.moved(kpi, value, then))})"
        for word, then in ((_("Period before"), found.before), (_("Last year"), found.year_ago))
    ]
    st.markdown(" · ".join(compared))
    st.caption(
        _(
            "{period} · {lines} order lines · read {moment} · {direction} · counted by {grain} · "
            "period: {rule} · source: {source}"
        ).format(
            period=formats.period(given.period),
            lines=formats.number(found.figure.rows),
            moment=formats.moment(given.at),
            direction=_(_DIRECTIONS[kpi.direction]),
            grain=_(kpi.grain),
            rule=_(kpi.period_rule),
            source=_(kpi.source),
        )
    )


def equation(found: Detail, currency: str) -> str:
    """`Discount RM 12.00 ÷ gross revenue RM 96.00 = 12.50%`."""
    kpi, value = found.kpi, found.figure.value
    shown = formats.percent(value, places=2) if kpi.unit == "ratio" else kpi_words.exact(kpi, value, currency)
    above, below = found.numerator, found.denominator
    if above is None or below is None:
        return f"{kpi_registry.label(kpi.name)} = {shown}"
    top, bottom = (kpi_words.of_unit(unit, part, currency) for part, unit in (above, below))
    return f"{_capital(_(kpi.numerator))} {top} ÷ {_(kpi.denominator)} {bottom} = {shown}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _breakdown(actor: Actor, found: Detail, given: Asked) -> None:
    """By a dimension of the reader's choice, as a table that adds up to the figure, and as a file."""
    kpi = found.kpi
    known = kpi_details.dimensions(kpi.name)
    first = Dimension.PRODUCT if given.of_products else Dimension.ACCOUNT
    if given.of_products and first not in known:
        first = Dimension.MONTH
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        by = st.selectbox(
            _("By"),
            list(known),
            index=known.index(first) if first in known else 0,
            format_func=lambda one: _(BY[one]),
            key="drill_by",
            width=220,
        )
        place = st.container(width="content")
    with db.read() as session:
        ask = answers.asker(session, actor)
        rows = ask(kpi_details.breakdown, kpi.name, given.period, by, given.accounts, **given.more)
    with place:
        _export(actor, kpi, by, rows, given)
    frame, columns = table(kpi, by, rows, given.currency)
    tables.plain_frame(frame, columns, key="drill_rows")


def table(kpi: Kpi, by: Dimension, rows: Sequence[Row], currency: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows of a breakdown, and how their columns look."""
    scale = 100 if kpi.unit == "ratio" else 1
    frame = pd.DataFrame(
        {
            "code": [row.code for row in rows],
            "name": [_name(row, by) for row in rows],
            "value": [_number(row.figure.value, scale) for row in rows],
            "numerator": [_number(row.numerator, 1) for row in rows],
            "denominator": [_number(row.denominator, 1) for row in rows],
            "year_ago": [_number(row.year_ago, scale) for row in rows],
            "lines": [row.figure.rows for row in rows],
        }
    )
    above, below = _side_units(kpi, rows)
    column = st.column_config
    columns: dict[str, Any] = {
        "code": column.TextColumn(_("Code")),
        "name": column.TextColumn(_(BY[by]), width="medium"),
        "value": _column(kpi_registry.label(kpi.name), kpi.unit, currency),
        "numerator": _column(_capital(_(kpi.numerator)), above, currency),
        "denominator": _column(_capital(_(kpi.denominator)), below, currency) if kpi.denominator else None,
        "year_ago": _column(_("Last year"), kpi.unit, currency),
        "lines": column.NumberColumn(_("Order lines"), format="localized"),
    }
    hidden = [] if kpi.denominator else ["denominator", "value"]
    hidden += [] if by in (Dimension.ACCOUNT, Dimension.PRODUCT) else ["code"]
    return frame.drop(columns=hidden), {name: one for name, one in columns.items() if name not in hidden}


def _side_units(kpi: Kpi, rows: Sequence[Row]) -> tuple[str, str]:
    found = [
        (above[1], below[1] if below else kpi.unit)
        for row in rows
        if (above := kpi_details.side(kpi, row.figure, 0)) is not None
        for below in [kpi_details.side(kpi, row.figure, 1)]
    ]
    return found[0] if found else (kpi.unit if not kpi.denominator else "money", "money")


def _name(row: Row, by: Dimension) -> str:
    if by is Dimension.MONTH:
        return formats.month(row.key)
    return row.label or _("none")


def _number(value: Decimal | None, scale: int) -> float | None:
    return None if value is None else float(value * scale)


def _column(label: str, unit: str, currency: str) -> Any:
    if unit == "money":
        return tables.money_column(label, currency)
    if unit == "ratio":
        return tables.percent_column(label)
    return st.column_config.NumberColumn(label, format="%.1f" if unit == "index" else "localized")


def _export(actor: Actor, kpi: Kpi, by: Dimension, rows: Sequence[Row], given: Asked) -> None:
    if not actor.may(Permission.DATA_EXPORT):
        return
    with st.popover(_("Export"), icon=":material/download:"):
        for kind in ("csv", "xlsx"):
            st.download_button(
                kind.upper(),
                data=partial(export, kind, actor, kpi, by, rows, given),
                file_name=f"{kpi.name}-{given.period.last_day:%Y-%m-%d}.{kind}",
                key=f"export_kpi_{kind}",
                on_click="ignore",
                width="stretch",
            )


def export(kind: str, actor: Actor, kpi: Kpi, by: Dimension, rows: Sequence[Row], given: Asked) -> bytes:
    """The breakdown as a file, exact and noted in the audit; runs when the file is asked for."""
    head = ["code", by.value, kpi.name, "numerator", "denominator", "last_year", "order_lines"]
    lines = [
        [
            tables.safe_cell(row.code),
            tables.safe_cell(_name(row, by)),
            row.figure.value,
            row.numerator,
            row.denominator,
            row.year_ago,
            row.figure.rows,
        ]
        for row in rows
    ]
    words = {"period": formats.period(given.period), "by": by.value, "format": kind, **dict(given.words)}
    with db.write() as session:
        kpi_details.record_export(session, actor, kpi.name, len(lines), words)
    return tables.as_csv([head, *lines]) if kind == "csv" else tables.as_xlsx([head, *lines], kpi.name)


def _trend(actor: Actor, kpi: Kpi, given: Asked) -> None:
    """Two years month by month beside the year before."""
    with db.read() as session:
        ask = answers.asker(session, actor)
        points = ask(kpi_details.trend, kpi.name, given.last_day, given.accounts, **given.more)
    if not points:
        st.info(_("This figure is not known month by month."))
        return
    scale = 100 if kpi.unit == "ratio" else 1
    rows = [
        charts.Compared(
            formats.short_month(one.month),
            one.value and one.value * scale,
            one.year_ago and one.year_ago * scale,
            None,
        )
        for one in points
    ]
    front = f"{formats.symbol(given.currency)} " if kpi.unit == "money" else ""
    charts.show(
        charts.compared(rows, prefix=front, suffix="%" if kpi.unit == "ratio" else ""),
        alt=_alt(kpi, points, given.currency),
        key="drill_trend",
    )
    frame = pd.DataFrame(
        {
            "month": [formats.month(one.month) for one in points][::-1],
            "value": [tables.as_float(row.now) for row in rows][::-1],
            "year_ago": [tables.as_float(row.year_ago) for row in rows][::-1],
        }
    )
    columns = {
        "month": st.column_config.TextColumn(_("Month")),
        "value": _column(kpi_registry.label(kpi.name), kpi.unit, given.currency),
        "year_ago": _column(_("Last year"), kpi.unit, given.currency),
    }
    tables.plain_frame(frame, columns, key="drill_months")


def _alt(kpi: Kpi, points: Sequence[Point], currency: str) -> str:
    newest = points[-6:]
    return "; ".join(
        f"{formats.month(one.month)}: {kpi_words.short(kpi, one.value, currency)}" for one in newest
    )


def opens(name: str) -> bool:
    """Whether a figure of this name is a KPI, which opens this dialog."""
    return name in KPIS
