"""Forms for products and their list prices: one product, one price, or a grid of many."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import clock, db, product_prices, products
from core.auth import Actor
from core.errors import Invalid
from core.language import _
from core.products import ProductDetail, ProductDraft
from core.vocabulary import Permission
from pages.ui import dialogs, forms, tables, typing_numbers
from pages.ui.forms import Form


def may_edit(actor: Actor) -> bool:
    return actor.may(Permission.PRODUCT_WRITE)


def new_button(actor: Actor) -> None:
    if may_edit(actor) and st.button(_("New product"), icon=":material/add:", key="new_product"):
        dialogs.show(_("New product"), _create)


def prices_button(actor: Actor) -> None:
    if may_edit(actor) and st.button(_("List prices"), icon=":material/sell:", key="list_prices"):
        dialogs.show(_("List prices"), _prices)


def edit_button(actor: Actor, product: ProductDetail) -> None:
    if may_edit(actor) and st.button(_("Edit"), icon=":material/edit:", key="edit_product"):
        dialogs.show(_("Change the product"), _edit, product.id)


def _fields(form: Form, lists: dict[str, list[str]], product: ProductDetail | None) -> ProductDraft:
    left, right = st.columns(2)
    with left:
        code = form.text("code", _("Code"), product.code if product else "", max_chars=64)
        name = form.text("name", _("Name"), product.name if product else "")
    with right:
        more: dict[str, Any] = {"accept_new_options": True, "placeholder": _("Choose, or type a new one")}
        category = form.choice(
            "category", _("Category"), lists["category"], product.category if product else None, **more
        )
        unit = form.choice("unit", _("Unit"), lists["unit"], product.unit if product else None, **more)
    return ProductDraft(code, name, category, unit)


def _lists(session: Any, actor: Actor) -> dict[str, list[str]]:
    rows = products.search(session, actor)
    return {
        name: sorted({value for row in rows if (value := getattr(row, name))})
        for name in ("category", "unit")
    }


def _create(actor: Actor) -> None:
    with db.read() as session:
        lists = _lists(session, actor)
    with forms.form("product-new", border=False) as form:
        draft = _fields(form, lists, None)
        submitted = form.submit(_("Create product"))
    if submitted:
        with form.saving(_("Product {code} created.").format(code=draft.code)) as session:
            number = products.create(session, actor, draft)
            form.offer_undo(partial(products.remove, product_id=number, version=1))


def _edit(actor: Actor, product_id: int) -> None:
    with db.read() as session:
        product = products.get(session, actor, product_id)
        lists = _lists(session, actor)
        listed = product_prices.list_price_on(session, actor, product_id, clock.today())
    data, price = st.tabs([_("Data"), _("List price")])
    with data:
        _data(actor, product, lists)
    with price:
        _price(actor, product, listed)


def _data(actor: Actor, product: ProductDetail, lists: dict[str, list[str]]) -> None:
    with forms.form(f"product-{product.id}", border=False) as form:
        draft = _fields(form, lists, product)
        version = form.keep("version", product.version)
        submitted = form.submit(_("Save"))
    if submitted:
        before = ProductDraft(product.code, product.name, product.category, product.unit)

        def follow() -> None:
            st.query_params["product"] = draft.code

        with form.saving(_("Product saved."), follow) as session:
            now = products.update(session, actor, product.id, draft, version=version)
            form.offer_undo(partial(products.update, product_id=product.id, draft=before, version=now))


def _price(actor: Actor, product: ProductDetail, listed: Decimal | None) -> None:
    with forms.form(f"price-{product.id}", border=False) as form:
        left, right = st.columns(2)
        with left:
            price = form.money("price", _("List price per unit"), listed)
            form.place("grid")
        with right:
            day = form.date("valid_from", _("From"), clock.today())
        seen = form.keep("version", {product.id: listed})
        submitted = form.submit(_("Publish"))
    if not submitted:
        return
    if price is None or day is None:
        missing = {"price": _("Give a price.")} if price is None else {"valid_from": _("Give a day.")}
        form.show(Invalid(_("Some fields need another look."), fields=missing))
        return
    with db.read() as session:
        before = product_prices.list_price_on(session, actor, product.id, day)
    with form.saving(_("List price published.")) as session:
        expected = before if day != clock.today() else seen[product.id]
        product_prices.publish(session, actor, day, {product.id: price}, seen={product.id: expected})
        _offer_undo(form, day, {product.id: before}, {product.id: price})


def _offer_undo(form: Form, day: date, before: dict[int, Decimal | None], after: dict[int, Decimal]) -> None:
    """What was in force that day comes into force again; where nothing was, there is nothing to go back to."""
    known = {key: price for key, price in before.items() if price is not None}
    if len(known) == len(before):
        form.offer_undo(partial(product_prices.publish, valid_from=day, prices=known, seen=dict(after)))


def _prices(actor: Actor) -> None:
    """All products of a category in a grid; only the prices that were typed are published."""
    with db.read() as session:
        kinds = products.categories(session, actor)
    left, right = st.columns(2)
    with left:
        chosen = st.selectbox(
            _("Category"),
            list(kinds),
            index=None,
            format_func=kinds.__getitem__,
            placeholder=_("All"),
            key="price_kind",
        )
    with right:
        day = st.date_input(_("From"), clock.today(), format="DD/MM/YYYY", key="price_day")
    _price_grid(actor, chosen, day)


def _price_grid(actor: Actor, chosen: int | None, day: date) -> None:
    with db.read() as session:
        rows = products.search(session, actor, category_ids=frozenset({chosen}) if chosen else frozenset())
        listed = product_prices.list_prices_on(session, actor, day)
    name = f"prices-{chosen or 'all'}-{day:%Y-%m-%d}"
    form = Form(name)
    shown = form.keep("rows", [(row.id, row.code, row.name, listed.get(row.id)) for row in rows])
    seen = form.keep("version", {row[0]: row[3] for row in shown})
    frame = pd.DataFrame(
        [(code, title, typing_numbers.shown(price), None) for _id, code, title, price in shown],
        columns=["code", "name", "now", "new"],
    ).astype(object)
    column = st.column_config
    edited = st.data_editor(
        frame,
        key=form.widget_key("grid"),
        hide_index=True,
        disabled=["code", "name", "now"],
        row_height=tables.GRID_ROW,
        height=min(len(frame) + 1, 13) * tables.GRID_ROW + 4,
        column_config={
            "code": column.TextColumn(_("Code")),
            "name": column.TextColumn(_("Product"), width="medium"),
            "now": column.TextColumn(_("In force that day"), alignment="right"),
            "new": column.TextColumn(_("New price"), max_chars=20, alignment="right"),
        },
        placeholder="",
        alt=_("List prices; a new price is typed in the last column"),
    )
    with forms.form(name, border=False) as foot:
        foot.place("grid")
        submitted = foot.submit(_("Publish"))
    if submitted:
        _publish(actor, foot, day, shown, seen, edited)


def _publish(
    actor: Actor,
    foot: Form,
    day: date,
    shown: list[Any],
    seen: dict[int, Decimal | None],
    edited: pd.DataFrame,
) -> None:
    prices: dict[int, Decimal] = {}
    problems = []
    for (product_id, code, _title, _now), typed in zip(shown, edited["new"].tolist(), strict=True):
        try:
            price = typing_numbers.read("" if typed is None or pd.isna(typed) else str(typed), 4)
        except Invalid as error:
            problems.append(f"{code}: {error.message}")
            continue
        if price is not None:
            prices[product_id] = price
    if problems or not prices:
        text = " ".join(problems) or _("Type a new price in the last column first.")
        foot.show(Invalid(text, fields={"grid": text}))
        return
    before = {key: seen[key] for key in prices}
    with foot.saving(_("{count} list prices published.").format(count=len(prices))) as session:
        product_prices.publish(session, actor, day, prices, seen=seen)
        _offer_undo(foot, day, before, prices)
