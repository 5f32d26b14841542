"""Terms for many products at once: a special price, a discount or a tier a row, saved all or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from core import clock, db, entitlements, product_prices, products, revenue, term_edits
from core.accounts import AccountDetail
from core.auth import Actor
from core.errors import Invalid
from core.filters import AccountFilter
from core.language import _
from core.money import ZERO
from core.periods import Period, add_months
from core.price_book import Asked
from core.pricing import Days
from core.products import ProductRow
from core.term_drafts import Scope, TermDraft
from core.vocabulary import TermKind
from pages.ui import dialogs, formats, forms, tables, term_form, term_saving, typing_numbers
from pages.ui.forms import Form, plain
from pages.ui.term_words import Words

_BOUGHT = 20  # products bought most in a year stand there already
_BLANK = 5
_TYPED = ("price", "discount", "quantity")


@dataclass(frozen=True)
class Offered:
    """A product with its list price and what the account pays today for one unit."""

    product: ProductRow
    listed: Decimal | None
    net: Decimal | None

    @property
    def label(self) -> str:
        return f"{self.product.name} · {self.product.code}"


def button(actor: Actor, account: AccountDetail, words: Words) -> None:
    """Opens the grid, for who may write terms."""
    if term_form.may_write(actor, account) and st.button(
        _("Many products"), icon=":material/grid_on:", key="grid_terms"
    ):
        dialogs.show(_("Terms for many products"), _open, account, words)


def _open(actor: Actor, account: AccountDetail, words: Words) -> None:
    goods, bought = _offered(actor, account)
    with forms.form(f"term-grid-{account.id}", border=False, enter=False) as form:
        with st.grid(3, min_column_width=150):
            with st.container():
                first = form.date("valid_from", _("First day for all"), clock.today())
            with st.container():
                last = form.date(
                    "valid_to", _("Last day for all"), None, help=_("Empty: until further notice.")
                )
            with st.container():
                reason = form.text("reason", _("Why"), "")
        edited = _grid(form, goods, form.keep("bought", bought), words)
        form.place("grid")
        st.caption(
            _(
                "A row with a price is a special price, one with a discount a discount; with a quantity it holds from "
                "that quantity on. A product may stand in several rows. Empty rows are left out."
            )
        )
        submitted = form.submit(_("Save all"))
    if not submitted:
        return
    read = _read(form, edited, goods, account, (first or clock.today(), last), reason)
    if read is None:
        return
    labels, drafts = read
    term_saving.save(
        form,
        TermKind.SPECIAL_PRICE,
        lambda session: term_edits.grant_many(session, actor, drafts, labels),
    )


def _offered(actor: Actor, account: AccountDetail) -> tuple[dict[str, Offered], tuple[str, ...]]:
    """Every product by its label, and the labels of those that the account bought most in twelve months."""
    today = clock.today()
    span = Period(add_months(today, -12), today)
    only = AccountFilter(account_ids=frozenset({account.id}))
    with db.read() as session:
        rows = products.search(session, actor)
        listed = product_prices.list_prices_on(session, actor, today)
        sold = revenue.by_product(session, actor, span, only)
        top = [one.product_id for one in sorted(sold, key=lambda one: -one.measures.net)[:_BOUGHT]]
        asked = [Asked(account.id, one, Decimal(1), Days(today)) for one in top]
        found = entitlements.prices(session, actor, asked) if asked else []
        paid = dict(zip(top, found, strict=True))
    known = [
        Offered(row, listed.get(row.id), paid[row.id].net_price if row.id in paid else None) for row in rows
    ]
    by_id = {one.product.id: one.label for one in known}
    return {one.label: one for one in known}, tuple(by_id[one] for one in top if one in by_id)


def _grid(form: Form, goods: Mapping[str, Offered], bought: tuple[str, ...], words: Words) -> pd.DataFrame:
    blank = [None] * _BLANK
    frame = pd.DataFrame(
        {
            "product": [*bought, *blank],
            "price": [None] * (len(bought) + _BLANK),
            "discount": [None] * (len(bought) + _BLANK),
            "quantity": [None] * (len(bought) + _BLANK),
            "list": [*(_shown(goods[one].listed, words) for one in bought), *blank],
            "now": [*(_shown(goods[one].net, words) for one in bought), *blank],
        }
    ).astype(object)
    column = st.column_config
    edited: pd.DataFrame = st.data_editor(
        frame,
        key=form.widget_key("rows"),
        num_rows="dynamic",
        hide_index=True,
        disabled=["list", "now"],
        row_height=tables.GRID_ROW,
        height=min(len(frame) + 2, 14) * tables.GRID_ROW + 4,
        column_config={
            "product": column.SelectboxColumn(_("Product"), options=list(goods), width="medium"),
            "price": column.TextColumn(_("Special price"), max_chars=20),
            "discount": column.TextColumn(_("or discount, %"), max_chars=20),
            "quantity": column.TextColumn(_("From a quantity of"), max_chars=20),
            "list": column.TextColumn(_("List price")),
            "now": column.TextColumn(_("Price today")),
        },
        placeholder="",
        alt=_("Products with the price or discount to grant"),
    )
    return edited


def _shown(amount: Decimal | None, words: Words) -> str | None:
    return None if amount is None else formats.price(amount, words.currency)


def _read(
    form: Form,
    edited: pd.DataFrame,
    goods: Mapping[str, Offered],
    account: AccountDetail,
    days: tuple[date, date | None],
    reason: str,
) -> tuple[list[str], list[TermDraft]] | None:
    """The rows that say anything; None where one cannot be meant, and every such cell is said below the grid."""
    labels, drafts, problems = [], [], []
    for number, (_place, row) in enumerate(edited.iterrows(), start=1):
        cells = {name: _cell(row[name]) for name in ("product", *_TYPED)}
        if not any(cells[name] for name in _TYPED):
            continue
        label = cells["product"] or _("Row {number}").format(number=number)
        try:
            drafts.append(_draft(cells, goods, account, days, reason))
            labels.append(label)
        except Invalid as error:
            problems += [_("{row}: {problem}").format(row=label, problem=one) for one in _sentences(error)]
    if not drafts and not problems:
        problems.append(_("Nothing has been typed yet."))
    if problems:
        said = plain(" ".join(problems))
        form.show(Invalid(said, fields={"grid": said}))
        return None
    return labels, drafts


def _sentences(error: Invalid) -> list[str]:
    return list(error.fields.values()) or [error.message]


def _cell(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value).strip()


def _draft(
    cells: Mapping[str, str],
    goods: Mapping[str, Offered],
    account: AccountDetail,
    days: tuple[date, date | None],
    reason: str,
) -> TermDraft:
    """One row as a term; raises Invalid with a sentence for each cell that cannot be read."""
    problems, numbers = {}, {}
    for name, places in (("price", 4), ("discount", 4), ("quantity", 3)):
        try:
            numbers[name] = typing_numbers.read(cells[name], places)
        except Invalid as error:
            problems[name] = f"“{cells[name]}”: {error.message}"
    if cells["product"] not in goods:
        problems["product"] = _("Choose a product.")
    if not problems and (numbers["price"] is None) == (numbers["discount"] is None):
        problems["price"] = _("Give a special price or a discount, not both.")
    if problems:
        raise Invalid(next(iter(problems.values())), fields=problems)
    price, discount, quantity = numbers["price"], numbers["discount"], numbers["quantity"]
    kind = TermKind.SPECIAL_PRICE
    if price is None:
        kind = TermKind.QUANTITY_TIER if quantity else TermKind.DISCOUNT
    return TermDraft(
        Scope(account_id=account.id, product_id=goods[cells["product"]].product.id),
        kind,
        price if price is not None else (discount or ZERO) / 100,
        days[0],
        term_saving.end_of(days[1]),
        min_quantity=quantity or ZERO,
        reason=reason,
    )
