"""An order down to its lines, and the way to change what was entered by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core import db, entitlements, orders
from core.auth import Actor
from core.entitlements import LinePrice
from core.language import _
from core.orders import OrderDetail
from core.vocabulary import Permission
from pages.ui import formats, navigation, order_form, tables, xray_parts
from pages.ui.forms import plain


def detail(actor: Actor, account_id: int, order_no: str, currency: str) -> None:
    """The lines of an order of one account."""
    with db.read() as session:
        found = orders.detail(session, actor, order_no, account_id=account_id)
    by_hand = all(line.batch_id is None for line in found.lines)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        total = formats.money(found.net_amount, currency)
        text = _("Order {number}: {amount}").format(number=plain(order_no), amount=total)
        st.markdown(f"**{text}**", width="content")
        if by_hand and order_form.may_enter(actor):
            if st.button(_("Change"), icon=":material/edit:", key="change_order"):
                order_form.change_dialog(account_id, order_no)
        elif not by_hand:
            st.caption(_("Came with a file."), width="content")
    _lines(found, currency)
    _why(actor, found, currency)


def _why(actor: Actor, found: OrderDetail, currency: str) -> None:
    """The terms that explain the price of a line, and whether it was invoiced so."""
    if not actor.may(Permission.TERM_READ):
        return
    names = {line.line_no: f"{line.line_no} · {line.product_name}" for line in found.lines if line.quantity}
    chosen = st.selectbox(
        _("Why this price?"), list(names), index=None, format_func=lambda key: names[key],
        placeholder=_("Choose a line"), key="why_line",
    )  # fmt: skip
    if chosen is None:
        return
    account_id = next(line.account_id for line in found.lines if line.line_no == chosen)
    with db.read() as session:
        line = entitlements.of_line(session, actor, account_id, found.order_no, chosen)
    st.markdown(_explained(line, currency))
    if st.button(_("Open in the Price X-ray"), icon=":material/receipt_long:", key="why_xray"):
        asked = {
            "account": line.account, "product": line.product, "quantity": f"{line.quantity.normalize():f}",
            "on": line.ordered_on.isoformat(),
        }  # fmt: skip
        st.switch_page(navigation.PAGES / "commercial/xray.py", query_params=asked)


def _explained(line: LinePrice, currency: str) -> str:
    price = line.price
    if price.net_price is None:
        return _("Neither a list price nor a term prices this line.")
    won = [xray_parts.term(line.terms[layer.offer.number]) for layer in price.layers]
    why = "; ".join(won) or _("the list price, since no term applies")
    text = _("By the terms {price} a unit: {why}.").format(
        price=formats.price(price.net_price, currency), why=why
    )
    difference = line.difference
    if difference is None:
        return plain(text)
    if not difference:
        return plain(text) + "  \n" + _("It was invoiced so.")
    return (
        plain(text)
        + "  \n"
        + plain(
            _("It was invoiced at {price}, {difference} a unit.").format(
                price=formats.price(line.invoiced, currency),
                difference=formats.money(difference, currency, places=4, signed=True),
            )
        )
    )


def _lines(found: OrderDetail, currency: str) -> None:
    lines = found.lines
    frame = pd.DataFrame(
        {
            "product": [line.product_name for line in lines],
            "quantity": [float(line.quantity) for line in lines],
            "list_price": [float(line.list_price) for line in lines],
            "net_price": [float(line.net_price) for line in lines],
            "net": [float(line.net_amount) for line in lines],
            "invoiced_on": [line.invoiced_on for line in lines],
            "promised_on": [line.promised_on for line in lines],
            "delivered_on": [line.delivered_on for line in lines],
        }
    )
    column = st.column_config
    columns: dict[str, Any] = {
        "product": column.TextColumn(_("Product"), width="medium"),
        "quantity": column.NumberColumn(_("Quantity"), format="localized"),
        "list_price": column.NumberColumn(_("List price"), format="%.2f"),
        "net_price": column.NumberColumn(_("Net price"), format="%.2f"),
        "net": tables.money_column(_("Net amount"), currency),
        "invoiced_on": column.DateColumn(_("Invoiced"), format="D MMM YY"),
        "promised_on": column.DateColumn(_("Promised"), format="D MMM YY"),
        "delivered_on": column.DateColumn(_("Delivered"), format="D MMM YY"),
    }
    tables.plain_frame(frame, columns, key="order_lines")
