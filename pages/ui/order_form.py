"""The form for an order or a credit note by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import accounts, clock, db, order_entry, products, settings
from core.auth import Actor
from core.errors import Invalid
from core.language import _
from core.order_drafts import LineDraft, OrderDraft
from core.order_entry import Entered
from core.vocabulary import Permission
from pages.ui import dialogs, form_memory, forms, typing_numbers
from pages.ui.forms import Form, plain

EMPTY_ROWS = 4
_COLUMNS = ("product", "quantity", "net_price", "discount", "list_price", "delivered")


def may_enter(actor: Actor) -> bool:
    return actor.may(Permission.ORDER_WRITE)


def button(actor: Actor, code: str | None = None) -> None:
    """Opens the form, for one account where its code is given."""
    if may_enter(actor) and st.button(_("New order"), icon=":material/add_shopping_cart:", key="new_order"):
        dialogs.show(_("New order or credit note"), _enter, code)


def change_dialog(account_id: int, order_no: str) -> None:
    title = _("Change order {number}").format(number=plain(order_no))
    dialogs.show(title, _change, account_id, order_no)


def _enter(actor: Actor, code: str | None) -> None:
    with db.read() as session:
        known = accounts.names(session, actor)
        goods = {row.code: row.name for row in products.search(session, actor)}
        number = order_entry.next_number(session, actor)
        base = settings.get(session).base_currency
    names = {key: f"{name} · {key}" for key, name in known.items()}
    with forms.form("order-new", border=False) as form:
        left, right = st.columns(2)
        with left:
            account = form.choice("account", _("Account"), names, code)
        with right:
            kinds = {"order": _("Order"), "credit_note": _("Credit note")}
            is_credit = form.choice("kind", _("What it is"), kinds, "order") == "credit_note"
        draft = _fields(form, OrderDraft(number, clock.today(), is_credit_note=is_credit), goods, base)
        submitted = form.submit(_("Book it"))
    if not submitted or draft is None:
        return
    if account is None:
        form.show(Invalid(_("Some fields need another look."), fields={"account": _("Choose an account.")}))
        return
    with form.saving(_("Order {number} booked.").format(number=draft.order_no)) as session:
        account_id = accounts.get_by_code(session, actor, account).id
        entered = order_entry.enter(session, actor, account_id, draft)
        form.offer_undo(partial(order_entry.remove, account_id=account_id, order_no=entered, version=1))


def _change(actor: Actor, account_id: int, order_no: str) -> None:
    with db.read() as session:
        entered = order_entry.get(session, actor, account_id, order_no)
        goods = {row.code: row.name for row in products.search(session, actor)}
        base = settings.get(session).base_currency
    with forms.form(f"order-{account_id}-{order_no}", border=False) as form:
        version = form.keep("version", entered.version)
        draft = _fields(form, entered.draft, goods, base, number_stays=True)
        submitted = form.submit(_("Save"))
    removal = forms.confirm(
        f"order-remove-{account_id}-{order_no}",
        _("Remove the order"),
        _("Order {number} and its lines are taken out again.").format(number=order_no),
        _("Remove"),
        icon=":material/delete:",
    )
    if submitted and draft is not None:
        with form.saving(_("Order {number} saved.").format(number=order_no)) as session:
            now = order_entry.change(session, actor, account_id, order_no, draft, version=version)
            form.offer_undo(_put_back(account_id, order_no, entered, now))
    if removal is not None:
        with removal.saving(_("Order {number} removed.").format(number=order_no)) as session:
            order_entry.remove(session, actor, account_id, order_no, version=entered.version)
            removal.offer_undo(partial(order_entry.enter, account_id=account_id, draft=entered.draft))


def _put_back(account_id: int, order_no: str, entered: Entered, version: int) -> form_memory.Undo:
    return partial(
        order_entry.change, account_id=account_id, order_no=order_no, draft=entered.draft, version=version
    )


def _fields(
    form: Form, draft: OrderDraft, goods: Mapping[str, str], base: str, *, number_stays: bool = False
) -> OrderDraft | None:
    """The fields of an order; None while a line cannot be read, which is said below the lines."""
    with st.grid(4, min_column_width=150):
        with st.container():
            number = form.text("order_no", _("Number"), draft.order_no, max_chars=64, disabled=number_stays)
        days: dict[str, Any] = {}
        for field, label in (
            ("ordered_on", _("Ordered on")),
            ("invoiced_on", _("Invoiced on")),
            ("requested_on", _("Requested for")),
            ("promised_on", _("Promised for")),
            ("delivered_on", _("Delivered on")),
        ):
            with st.container():
                days[field] = form.date(field, label, getattr(draft, field))
        with st.container():
            currency = form.text("currency", _("Currency"), draft.currency, max_chars=3, placeholder=base)
        with st.container():
            rate = form.decimal("fx_rate", _("Worth in {base}").format(base=base), draft.fx_rate, places=6)
    lines = _lines(form, draft, goods)
    return None if lines is None else replace(
        draft, order_no=number, currency=currency or None, fx_rate=rate, lines=lines, **days
    )  # fmt: skip


def _lines(form: Form, draft: OrderDraft, goods: Mapping[str, str]) -> tuple[LineDraft, ...] | None:
    """The lines in a grid; a price that is left empty is the list price of the day."""
    shown = {code: f"{code} · {name}" for code, name in goods.items()}
    first = form.keep("lines", [_row(line, shown) for line in draft.lines])
    blank = [[None] * len(_COLUMNS)] * max(EMPTY_ROWS - len(first), 1)
    frame = pd.DataFrame([*first, *blank], columns=list(_COLUMNS)).astype(object)
    column = st.column_config
    edited = st.data_editor(
        frame,
        key=form.widget_key("lines"),
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "product": column.SelectboxColumn(_("Product"), options=list(shown.values()), width="medium"),
            "quantity": column.TextColumn(_("Quantity"), max_chars=20),
            "net_price": column.TextColumn(_("Net price"), max_chars=20),
            "discount": column.TextColumn(_("or discount, %"), max_chars=20),
            "list_price": column.TextColumn(_("List price"), max_chars=20, help=_("Empty: that of the day.")),
            "delivered": column.TextColumn(_("Delivered"), max_chars=20),
        },
        placeholder="",
        alt=_("The lines of the order: product, quantity and price"),
    )
    form.place("lines")
    st.caption(_("Without a net price or discount the list price of the day counts."))
    st.caption(_("Quantities are above zero, also in a credit note."))
    return _read(form, edited, {text: code for code, text in shown.items()})


def _row(line: LineDraft, shown: Mapping[str, str]) -> list[str | None]:
    numbers = (line.quantity, line.net_price, None, line.list_price, line.delivered_quantity)
    texts = [typing_numbers.shown(None if one is None else one.normalize()) or None for one in numbers]
    return [shown.get(line.product, line.product), *texts]


def _read(form: Form, edited: pd.DataFrame, codes: Mapping[str, str]) -> tuple[LineDraft, ...] | None:
    """The rows that say anything as lines; what is no number is said with its line."""
    lines, problems = [], []
    rows = [[None if pd.isna(cell) or cell == "" else str(cell) for cell in row] for row in edited.to_numpy()]
    for number, row in enumerate(rows, start=1):
        if not any(row):
            continue
        values: list[Decimal | None] = []
        for text, places in zip(row[1:], (3, 4, 4, 4, 3), strict=True):
            try:
                values.append(typing_numbers.read(text or "", places))
            except Invalid as error:
                problems.append(_("Line {number}: {problem}").format(number=number, problem=error.message))
                values.append(None)
        quantity, net_price, discount, list_price, delivered = values
        code = codes.get(row[0] or "", row[0] or "")
        rate = None if discount is None else discount / 100
        lines.append(LineDraft(code, quantity, list_price, net_price, rate, delivered, place=number))
    if problems:
        form.problem("lines", plain(" ".join(problems)))
        return None
    return tuple(lines)
