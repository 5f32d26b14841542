"""The parts of Orders & delivery: how well deliveries turned out, by what, which are late or open, and the orders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import accounts, db, delivery, orders, products
from core.auth import Actor
from core.delivery import DueLine, LateLines, Service, Undelivered
from core.filters import AccountFilter
from core.language import _
from core.orders import OrderOfAccount
from core.otif import OtifRule
from core.periods import Period
from core.revenue import Dimension
from core.vocabulary import OtifBasis, OtifLevel, Permission
from pages.ui import answers, charts, dialogs, figure_charts, formats, order_parts, tables
from pages.ui.forms import plain

LIMIT = 300


def rule_said(rule: OtifRule) -> str:
    """The four settings in words, as they stand beside every figure of this page."""
    bases = {
        OtifBasis.REQUESTED: _("the day the customer asked for"),
        OtifBasis.FIRST_PROMISED: _("the day promised first"),
        OtifBasis.LAST_PROMISED: _("the day promised last"),
    }
    levels = {OtifLevel.LINE: _("order lines"), OtifLevel.ORDER: _("whole orders")}
    said = [
        _("Counted: {level}").format(level=levels[rule.level]),
        _("due on {basis}").format(basis=bases[rule.basis]),
        _("on time from {early} days early to {late} days late").format(
            early=rule.early_days, late=rule.late_days
        ),
        _("in full from {share}").format(share=formats.percent(rule.in_full_share, places=0)),
    ]
    return " · ".join(said)


def tiles(now: Service, year_ago: Service, waiting: Undelivered, currency: str) -> None:
    """How well, and what is still to come."""
    grid = st.grid(6, min_column_width=150)
    for label, rate, then, counted in (
        (_("On time in full"), now.rate, year_ago.rate, now.otif),
        (_("On time"), now.on_time_rate, year_ago.on_time_rate, now.on_time),
        (_("In full"), now.in_full_rate, year_ago.in_full_rate, now.in_full),
    ):
        moved = None if rate is None or then is None else rate - then
        _tile(grid, label, formats.percent(rate), _("{points} on last year").format(points=formats.points(moved)),
              _("{count} of {due} = {rate}").format(
                  count=formats.number(counted), due=formats.number(now.due), rate=formats.percent(rate, places=2)
              ))  # fmt: skip
    missed = formats.compact(now.missed_amount if now.due else None, currency)
    _tile(grid, _("Missed"), missed, _("not on time in full"),
          _("Net amount of all lines that were due {all} less that of the good ones {good}.").format(
              all=formats.money(now.amount, currency), good=formats.money(now.otif_amount, currency)
          ))  # fmt: skip
    for label, found in ((_("Late now"), waiting.late), (_("Open"), waiting.open)):
        lines = _("{count} order lines").format(count=formats.number(found.count))
        _tile(grid, label, formats.compact(found.amount, currency), lines,
              _("Lines that nobody delivered yet, at their net amount."))  # fmt: skip


def _tile(grid: Any, label: str, value: str, below: str, formula: str) -> None:
    with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(label, value, help=formula)
        st.caption(below)


def by_dimension(
    actor: Actor, period: Period, chosen: AccountFilter, dimension: Dimension, currency: str
) -> None:
    """How deliveries turned out by account, product or month: a picture of the weakest, and all rows."""
    with db.read() as session:
        ask = answers.asker(session, actor)
        found = ask(delivery.by, period, dimension, accounts=chosen)
        names = _names(ask, dimension, [key for (key,) in found])
    rows = [(names.get(key, str(key)), service) for (key,), service in found.items() if service.due]
    if not rows:
        st.info(_("Nothing was due in this period."))
        return
    if dimension is Dimension.MONTH:
        ordered = sorted(found.items())
        rows = [(formats.month(key), service) for (key,), service in ordered if service.due]
        shown = rows[-24:]
    else:
        rows.sort(key=lambda row: (-row[1].missed_amount, row[0]))
        shown = rows[:12]
    hundred = [
        charts.Compared(name, service.rate and service.rate * 100, None, None) for name, service in shown
    ]
    title = (
        _("On time in full by month")
        if dimension is Dimension.MONTH
        else _("On time in full where most money was missed")
    )
    with st.container(border=True):
        st.markdown(f"**{title}**")
        alt = "; ".join(f"{name}: {formats.percent(service.rate)}" for name, service in shown[:6])
        draw = charts.compared if dimension is Dimension.MONTH else figure_charts.ranked
        charts.show(draw(hundred, suffix="%"), alt=f"{title}. {alt}", key="chart_otif")
    _service_table(rows, dimension, currency)


def _names(ask: answers.Asker, dimension: Dimension, keys: Sequence[Any]) -> dict[Any, str]:
    if dimension is Dimension.ACCOUNT:
        return {key: row.name for key, row in ask(accounts.find, tuple(keys)).items()}
    if dimension is Dimension.PRODUCT:
        return {key: row.name for key, row in ask(products.find, frozenset(keys)).items()}
    return {}


def _service_table(rows: Sequence[tuple[str, Service]], dimension: Dimension, currency: str) -> None:
    labels = {Dimension.ACCOUNT: _("Account"), Dimension.PRODUCT: _("Product"), Dimension.MONTH: _("Month")}
    frame = pd.DataFrame(
        {
            "name": [name for name, _service in rows],
            "due": [one.due for _name, one in rows],
            "otif": [tables.hundred(one.rate) for _name, one in rows],
            "on_time": [tables.hundred(one.on_time_rate) for _name, one in rows],
            "in_full": [tables.hundred(one.in_full_rate) for _name, one in rows],
            "missed": [tables.whole(one.missed_amount) for _name, one in rows],
            "amount": [tables.whole(one.amount) for _name, one in rows],
        }
    )
    columns = {
        "name": st.column_config.TextColumn(labels[dimension], width="medium"),
        "due": st.column_config.NumberColumn(_("Due"), format="localized"),
        "otif": tables.percent_column(_("On time in full")),
        "on_time": tables.percent_column(_("On time")),
        "in_full": tables.percent_column(_("In full")),
        "missed": tables.money_column(_("Missed"), currency, places=0),
        "amount": tables.money_column(_("All that was due"), currency, places=0),
    }
    tables.plain_frame(frame, columns, key=f"otif_{dimension}")


def due_lines(found: LateLines, actor: Actor, currency: str, *, name: str) -> None:
    """Single lines with their due day and what they are worth; as a file too."""
    if not found.rows:
        st.success(_("There is no such order line."), icon=":material/check_circle:")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            _("{count} order lines of {amount}; {shown} are shown.").format(
                count=formats.number(found.count),
                amount=formats.money(found.amount, currency),
                shown=formats.number(len(found.rows)),
            )
        )
        if actor.may(Permission.DATA_EXPORT):
            st.download_button(
                _("Export"),
                data=partial(export, found.rows, actor, name),
                file_name=f"{name}.csv",
                key=f"export_{name}",
                on_click="ignore",
                icon=":material/download:",
            )
    _line_table(found, currency, name)


def _line_table(found: LateLines, currency: str, name: str) -> None:
    frame = pd.DataFrame(
        {
            "due_on": [row.due_on for row in found.rows],
            "days": [row.days_late for row in found.rows],
            "account": [row.account_name for row in found.rows],
            "order_no": [row.order_no for row in found.rows],
            "product": [row.product_name for row in found.rows],
            "quantity": [float(row.quantity) for row in found.rows],
            "short": [float(row.short_by) for row in found.rows],
            "delivered_on": [row.delivered_on for row in found.rows],
            "net": [float(row.net_amount) for row in found.rows],
        }
    )
    column = st.column_config
    columns = {
        "due_on": column.DateColumn(_("Due"), format="D MMM YYYY"),
        "days": column.NumberColumn(
            _("Days late"), format="%d", help=_("Below zero: early, or still to come.")
        ),
        "account": column.TextColumn(_("Account")),
        "order_no": column.TextColumn(_("Order")),
        "product": column.TextColumn(_("Product"), width="medium"),
        "quantity": column.NumberColumn(_("Quantity"), format="localized"),
        "short": column.NumberColumn(_("Missing"), format="localized"),
        "delivered_on": column.DateColumn(_("Delivered"), format="D MMM YYYY"),
        "net": tables.money_column(_("Net amount"), currency),
    }
    tables.plain_frame(frame, columns, key=f"lines_{name}")


_HEAD = ("account", "order_no", "line_no", "product", "due_on", "requested_on", "first_promised_on", "promised_on",
         "delivered_on", "quantity", "delivered_quantity", "days_late", "net_amount")  # fmt: skip


def export(rows: Sequence[DueLine], actor: Actor, name: str) -> bytes:
    """The lines on the screen with exact values, noted in the audit; runs when the file is asked for."""
    with db.write() as session:
        delivery.record_export(session, actor, name, len(rows))
    found = [
        [tables.safe_cell(getattr(row, {"account": "account_code", "product": "product_code"}.get(one, one)))
         for one in _HEAD]
        for row in rows
    ]  # fmt: skip
    return tables.as_csv([list(_HEAD), *found])


def order_table(rows: Sequence[OrderOfAccount], actor: Actor, currency: str) -> None:
    """Orders across accounts; one that is chosen shows its lines."""
    if not rows:
        st.info(_("No order fits."))
        return
    frame = pd.DataFrame(
        {
            "ordered_on": [row.ordered_on for row in rows],
            "order_no": [row.order_no for row in rows],
            "account": [row.account_name for row in rows],
            "lines": [row.line_count for row in rows],
            "net": [float(row.net_amount) for row in rows],
            "by_hand": [_("by hand") if row.batch_id is None else "" for row in rows],
        }
    )
    column = st.column_config

    def opened() -> None:
        cells = st.session_state["orders_across"]["selection"]["cells"]
        if cells:
            st.session_state["order_to_open"] = int(cells[0][0])

    st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        column_config={
            "ordered_on": column.DateColumn(_("Ordered"), format="D MMM YYYY"),
            "order_no": column.TextColumn(_("Order")),
            "account": column.TextColumn(_("Account"), width="medium"),
            "lines": column.NumberColumn(_("Lines")),
            "net": tables.money_column(_("Net amount"), currency),
            "by_hand": column.TextColumn(_("Entered")),
        },
        on_select=opened,
        selection_mode="single-cell",
        key="orders_across",
        placeholder=formats.UNKNOWN,
        alt=_("Orders, the newest first; choosing one shows its lines."),
    )
    _opened_order(rows, actor, currency)


def _opened_order(rows: Sequence[OrderOfAccount], actor: Actor, currency: str) -> None:
    place = st.session_state.get("order_to_open")
    if place is not None and place < len(rows):
        row = rows[place]
        st.caption(plain(row.account_name))
        order_parts.detail(actor, row.account_id, row.order_no, currency)


def orders_of(actor: Actor, period: Period, chosen: AccountFilter, currency: str) -> None:
    """The newest orders of the period, found by the beginning of their number."""
    text = st.text_input(
        _("Order number begins with"), key="order_search", bind="query-params", max_chars=64, width=260
    )
    with db.read() as session:
        rows = orders.recent(session, actor, period, chosen, text=text, limit=LIMIT)
    st.caption(_("The newest {count} orders of the period.").format(count=formats.number(len(rows))))
    order_table(rows, actor, currency)


def formula(rule: OtifRule) -> None:
    """What the figure says, and where it can be decided otherwise."""
    dialogs.show(_("On time in full"), _formula, rule)


def _formula(_actor: Actor, rule: OtifRule) -> None:
    st.markdown(
        _("Deliveries on time **and** in full ÷ all whose fate is known; the two rates are never multiplied.")
    )
    st.markdown(_("An open delivery counts as missed from the day after its last day on time, not before."))
    st.markdown(_("Returns, and lines without any due day, are no deliveries."))
    st.markdown(rule_said(rule))
    st.caption(_("An administrator decides these on the Settings page."))
