"""An order down to its lines, and the way to change what was entered by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core import db, orders
from core.auth import Actor
from core.language import _
from core.orders import OrderDetail
from pages.ui import formats, order_form, tables
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
