"""What is behind one measure of a health score: its formula, its figures and its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import pandas as pd
import streamlit as st

from core import db, due_lines, orders, otif, receivables, revenue, targets
from core.accounts import AccountDetail
from core.auth import Actor
from core.filters import AccountFilter
from core.health_rules import HealthRule, Measure, Part
from core.health_windows import category_windows, due_window, window
from core.language import _
from core.periods import Period
from pages.ui import formats, health_words, tables

LIMIT = 300


@dataclass(frozen=True)
class _Asked:
    session: Any
    actor: Actor
    account_id: int
    day: date
    currency: str
    name: str
    confirmed_on: date | None

    @property
    def only(self) -> AccountFilter:
        return AccountFilter(account_ids=frozenset({self.account_id}))


Rows = tuple[pd.DataFrame, dict[str, Any]]


def show(
    actor: Actor,
    account: AccountDetail,
    measure: Measure,
    part: Part | None,
    day: date,
    rule: HealthRule,
    currency: str,
) -> None:
    """The content of the dialog that a measure opens."""
    st.markdown(health_words.meaning(measure))
    if part is None:
        st.info(_("Too little is known for this measure here: it lowers the coverage, not the score."))
    else:
        points = _("{points} of 100 points, weight {weight}").format(
            points=formats.number(part.points, places=1), weight=part.weight
        )
        read = health_words.read(measure, part.reading, currency)
        st.markdown(f"**{health_words.value(measure, part.reading.value)}** · {read} · {points}")
    st.caption(health_words.rule(measure, rule.rules[measure]))
    confirmed = None if part is None or measure is not Measure.DATA else part.reading.on
    with db.read() as session:
        asked = _Asked(session, actor, account.id, day, currency, account.name, confirmed)
        frame, columns = _ROWS[measure](asked)
    tables.plain_frame(frame, columns, key=f"health_rows_{measure}")


def _months(ask: _Asked) -> Rows:
    """The months of both windows side by side; months that are cut hold the days inside only."""
    now, before = window(ask.day), window(ask.day).shifted(-12)
    nets = [revenue.by_month(ask.session, ask.actor, one, ask.only) for one in (now, before)]
    pairs = list(zip(nets[0].items(), nets[1].values(), strict=False))
    frame = pd.DataFrame(
        {
            "month": [formats.month(month) for (month, _sums), _then in pairs],
            "net": [float(sums.net) for (_month, sums), _then in pairs],
            "then": [float(then.net) for _now, then in pairs],
            "change": [float(sums.net - then.net) for (_month, sums), then in pairs],
            "lines": [sums.lines for (_month, sums), _then in pairs],
        }
    )
    return frame, {
        "month": st.column_config.TextColumn(_("Month")),
        "net": tables.money_column(_("Net revenue"), ask.currency),
        "then": tables.money_column(_("A year before"), ask.currency),
        "change": tables.money_column(_("Change"), ask.currency),
        "lines": st.column_config.NumberColumn(_("Order lines"), format="localized"),
    }


def _prices(ask: _Asked) -> Rows:
    """Realisation of each product in both windows, the greatest discount first."""
    now, before = (
        {row.product_id: row for row in revenue.by_product(ask.session, ask.actor, one, ask.only)}
        for one in (window(ask.day), window(ask.day).shifted(-12))
    )
    rows = sorted(now.values(), key=lambda row: -row.measures.discount)
    then = [before.get(row.product_id) for row in rows]
    frame = pd.DataFrame(
        {
            "product": [row.name for row in rows],
            "net": [float(row.measures.net) for row in rows],
            "gross": [float(row.measures.gross) for row in rows],
            "paid": [_realised(row.measures) for row in rows],
            "before": [None if row is None else _realised(row.measures) for row in then],
        }
    )
    return frame, {
        "product": st.column_config.TextColumn(_("Product"), width="medium"),
        "net": tables.money_column(_("Net revenue"), ask.currency),
        "gross": tables.money_column(_("Revenue at list price"), ask.currency),
        "paid": tables.percent_column(_("Price realisation")),
        "before": tables.percent_column(_("A year before")),
    }


def _realised(sums: revenue.Measures) -> float | None:
    return None if sums.discount_rate is None else float((1 - sums.discount_rate) * 100)


def _order_days(ask: _Asked) -> Rows:
    found = orders.recent(ask.session, ask.actor, _two_years(ask.day), ask.only, limit=LIMIT)
    days = sorted({one.ordered_on for one in found if one.net_amount > 0})
    gaps = [None, *((later - earlier).days for earlier, later in pairwise(days))]
    rows = list(zip(days, gaps, strict=True))[::-1]
    frame = pd.DataFrame({"day": [day for day, _gap in rows], "gap": [gap for _day, gap in rows]})
    return frame, {
        "day": st.column_config.DateColumn(_("Ordered on"), format="D MMM YYYY"),
        "gap": st.column_config.NumberColumn(_("Days since the order before"), format="%d"),
    }


def _two_years(day: date) -> Period:
    return Period(window(day).shifted(-18).start, window(day).end)


def _deliveries(ask: _Asked) -> Rows:
    due = due_window(ask.day, otif.in_force(ask.session).late_days)
    found = due_lines.misses(ask.session, ask.actor, due, ask.only, limit=LIMIT)
    rows = found.rows
    frame = pd.DataFrame(
        {
            "due_on": [row.due_on for row in rows],
            "order_no": [row.order_no for row in rows],
            "product": [row.product_name for row in rows],
            "quantity": [float(row.quantity) for row in rows],
            "delivered_on": [row.delivered_on for row in rows],
            "short": [float(row.short_by) for row in rows],
            "net": [float(row.net_amount) for row in rows],
        }
    )
    column = st.column_config
    return frame, {
        "due_on": column.DateColumn(_("Due on"), format="D MMM YYYY"),
        "order_no": column.TextColumn(_("Order")),
        "product": column.TextColumn(_("Product"), width="medium"),
        "quantity": column.NumberColumn(_("Quantity"), format="localized"),
        "delivered_on": column.DateColumn(_("Delivered"), format="D MMM YYYY"),
        "short": column.NumberColumn(_("Missing"), format="localized"),
        "net": tables.money_column(_("Net amount"), ask.currency),
    }


def _invoices(ask: _Asked) -> Rows:
    owed = receivables.latest(ask.session, ask.actor, ask.account_id)
    late = [one for one in owed.invoices if one.open_amount]
    frame = pd.DataFrame(
        {
            "invoice_no": [one.invoice_no for one in late],
            "due_on": [one.due_on for one in late],
            "days": [max(one.days, 0) for one in late],
            "open": [float(one.open_amount) for one in late],
        }
    )
    return frame, {
        "invoice_no": st.column_config.TextColumn(_("Invoice")),
        "due_on": st.column_config.DateColumn(_("Due on"), format="D MMM YYYY"),
        "days": st.column_config.NumberColumn(_("Days overdue"), format="%d"),
        "open": tables.money_column(_("Open amount"), ask.currency),
    }


def _categories(ask: _Asked) -> Rows:
    now, before = (
        {row.name: row.measures.net for row in revenue.by_category(ask.session, ask.actor, one, ask.only)}
        for one in category_windows(ask.day)
    )
    names = sorted(
        (name for name in {**now, **before} if name is not None), key=lambda name: (now.get(name, 0), name)
    )
    frame = pd.DataFrame(
        {
            "category": names,
            "now": [float(now.get(name, 0)) for name in names],
            "before": [float(before.get(name, 0)) for name in names],
        }
    )
    return frame, {
        "category": st.column_config.TextColumn(_("Category"), width="medium"),
        "now": tables.money_column(_("Net revenue"), ask.currency),
        "before": tables.money_column(_("A year before"), ask.currency),
    }


def _targets(ask: _Asked) -> Rows:
    period = window(ask.day)
    wanted = targets.by_month(ask.session, ask.actor, period, ask.only)
    sums = revenue.by_month(ask.session, ask.actor, period, ask.only)
    frame = pd.DataFrame(
        {
            "month": [formats.month(month) for month in wanted],
            "net": [float(sums[month].net) for month in wanted],
            "target": [tables.as_float(one.net_revenue) for one in wanted.values()],
        }
    )
    return frame, {
        "month": st.column_config.TextColumn(_("Month")),
        "net": tables.money_column(_("Net revenue"), ask.currency),
        "target": tables.money_column(_("Target"), ask.currency),
    }


def _confirmed(ask: _Asked) -> Rows:
    frame = pd.DataFrame({"on": [ask.confirmed_on], "name": [ask.name]})
    return frame, {
        "on": st.column_config.DateColumn(_("Confirmed on"), format="D MMM YYYY"),
        "name": st.column_config.TextColumn(_("Account")),
    }


_ROWS: Mapping[Measure, Callable[[_Asked], Rows]] = {
    Measure.TREND: _months,
    Measure.PRICE: _prices,
    Measure.RHYTHM: _order_days,
    Measure.OTIF: _deliveries,
    Measure.PAYMENT: _invoices,
    Measure.BREADTH: _categories,
    Measure.TARGET: _targets,
    Measure.DATA: _confirmed,
}
