"""The parts of the Price X-ray: the question, the answer in a sentence, its layers, and why other terms lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pandas as pd
import streamlit as st

from core import clock
from core.accounts import AccountRow
from core.entitlements import Answer
from core.errors import Invalid
from core.language import N_, _, ngettext
from core.money import ratio
from core.pricing import Layer, LostReason, Price
from core.products import ProductRow
from core.terms import KIND_WORDS, TermRow
from core.vocabulary import TermKind, TierBasis, TierPeriod
from pages.ui import charts, filters, formats, portfolio_parts, price_charts, tables, typing_numbers
from pages.ui.charts import Move
from pages.ui.forms import plain

_REASONS = {
    LostReason.WRONG_DATE: N_("not in force on that day"),
    LostReason.NOT_APPROVED: N_("not approved"),
    LostReason.QUANTITY: N_("for another quantity"),
    LostReason.SCOPE_BEATEN: N_("a more specific term decides"),
    LostReason.BELOW_FLOOR: N_("would fall below the floor price"),
    LostReason.UNIT_UNKNOWN: N_("the product is not sold in its unit"),
}


_PERIODS = {
    TierPeriod.MONTH: N_("month"),
    TierPeriod.QUARTER: N_("quarter"),
    TierPeriod.YEAR: N_("year"),
}


@dataclass(frozen=True)
class Asked:
    """What the reader wants to know."""

    account: AccountRow
    product: ProductRow
    quantity: Decimal
    day: date
    known_on: date | None


def question(accounts: Mapping[str, AccountRow], products: Mapping[str, ProductRow]) -> Asked | None:
    """Account, product, quantity and day, kept in the address; None while something is missing."""
    with st.grid(5, min_column_width=170):
        account = _one("account", _("Account"), {code: row.name for code, row in accounts.items()})
        product = _one("product", _("Product"), {code: row.name for code, row in products.items()})
        typed = st.text_input(_("Quantity"), "1", key="quantity", bind="query-params", max_chars=20)
        day = st.date_input(
            _("Order day"), "today", key="on", bind="query-params", format="DD/MM/YYYY",
            help=_("The day of the order; terms that go by delivery or invoice take the same day here."),
        )  # fmt: skip
        known_on = st.date_input(
            _("As known on"), None, key="known", bind="query-params", format="DD/MM/YYYY",
            max_value=clock.today(), help=_("Empty: as known now. What was recorded later is left out."),
        )  # fmt: skip
    quantity = _quantity(typed)
    if account is None or product is None or quantity is None or not isinstance(day, date):
        return None
    known = known_on if isinstance(known_on, date) else None
    return Asked(accounts[account], products[product], quantity, day, known)


def _one(name: str, label: str, options: Mapping[str, str]) -> str | None:
    found = filters.choice(
        name,
        label,
        {"": _("Choose …"), **{code: f"{title} · {code}" for code, title in options.items()}},
        "",
        filter_mode="fuzzy",
    )
    return found or None


def _quantity(typed: str) -> Decimal | None:
    try:
        quantity = typing_numbers.read(typed, 3)
        if quantity is not None and quantity <= 0:
            raise Invalid(_("Give a quantity above zero."))
    except Invalid as error:
        st.error(plain(error.message))
        return None
    return quantity


def sentence(asked: Asked, found: Answer, currency: str) -> None:
    """The answer as one would say it on the phone."""
    price = found.price
    who, what = plain(asked.account.name), plain(asked.product.name)
    if price.net_price is None:
        st.warning(_("{product} has no list price on that day and no special price for {account}.").format(
            product=what, account=who))  # fmt: skip
        return
    off = ratio(price.list_price - price.net_price, price.list_price) if price.list_price else None
    text = _("**{price}** a unit for {account} on {day}, for {quantity} units: {why}.").format(
        price=plain(formats.price(price.net_price, currency)),
        account=who,
        day=formats.day(asked.day),
        quantity=formats.quantity(asked.quantity),
        why=_why(found),
    )
    st.markdown(f"### {text}")
    total = formats.money(price.net_price * asked.quantity, currency)
    said = [_("{amount} in all").format(amount=total)]
    if price.list_price is not None:
        said.append(_("list {price}, {share} off").format(
            price=formats.price(price.list_price, currency), share=formats.percent(off)))  # fmt: skip
    if price.after and price.pocket_price is not None:
        said.append(_("pocket {price} after {what}").format(
            price=formats.price(price.pocket_price, currency),
            what=", ".join(dict.fromkeys(_(KIND_WORDS[layer.offer.kind]) for layer in price.after))))  # fmt: skip
    if price.payment is not None:
        days = int(price.payment.value)
        said.append(ngettext("due in {count} day", "due in {count} days", days).format(count=days))
    if found.cheaper is not None:
        quantity, cost = found.cheaper
        said.append(_("{quantity} units would cost less in all: {amount}").format(
            quantity=formats.quantity(quantity), amount=formats.money(cost, currency)))  # fmt: skip
    st.caption(plain(" · ".join(said)))


def _why(found: Answer) -> str:
    if not found.price.layers:
        return _("the list price, since no term applies")
    return plain("; ".join(term(found.terms[layer.offer.number]) for layer in found.price.layers))


def term(row: TermRow) -> str:
    """`special price T17 of the account on the product, until 30 Jun 2026`."""
    kind = _("exception from the floor price") if row.is_exception else _(KIND_WORDS[row.kind])
    if row.account is not None:
        text = _("{kind} {name} of the account on {goods}").format(
            kind=kind, name=row.name, goods=_goods(row)
        )
    else:
        text = _("{kind} {name} of {whom} on {goods}").format(
            kind=kind, name=row.name, whom=row.group or row.segment, goods=_goods(row)
        )
    until = row.last_day
    return text if until is None else _("{term}, until {day}").format(term=text, day=formats.day(until))


def _goods(row: TermRow) -> str:
    return _("the product") if row.product is not None else row.category or _("everything")


def waterfall(price: Price, currency: str) -> None:
    """From the list price over the net price to the pocket price, layer by layer."""
    title = _("From list over net to pocket price, a unit")
    opened = portfolio_parts.heading(title, "table_layers")
    on, after = _moves(price.layers), _moves(price.after)
    if any(layer.is_below_floor for layer in price.layers):
        st.caption(_("An approved exception: the floor price stays as it is and does not refuse this one."))
    rows = [
        (_("List price"), price.list_price),
        *((step.name, step.amount) for step in on),
        (_("Net price"), price.net_price),
        *((step.name, step.amount) for step in after),
        (_("Pocket price"), price.pocket_price),
    ]
    alt = "; ".join(f"{name} {formats.price(amount, currency)}" for name, amount in rows)
    if price.list_price is not None and price.net_price is not None:
        figure = price_charts.waterfall(
            (_("List price"), price.list_price),
            on,
            _("Net price"),
            after,
            _("Pocket price"),
            currency=currency,
        )
        charts.show(figure, alt=alt, key="chart_layers")
    if not price.after:
        st.caption(_("No term gives anything after the invoice, so the pocket price is the net price."))
    if opened:
        frame = pd.DataFrame(
            {_("Layer"): [row[0] for row in rows], _("Amount"): [tables.as_float(row[1]) for row in rows]}
        )
        portfolio_parts.table(title, frame, currency, places=4)


def _moves(layers: Sequence[Layer]) -> list[Move]:
    return [
        Move(f"{layer.offer.name} {_(KIND_WORDS[layer.offer.kind])}", -layer.amount)
        for layer in layers
        if layer.amount is not None
    ]


def candidates(found: Answer, currency: str) -> None:
    """Every other term that could have decided, and why it did not."""
    st.markdown("**" + _("Terms that did not decide: {count}").format(count=len(found.price.lost)) + "**")
    if not found.price.lost:
        st.caption(_("No other term is for this account and product."))
        return
    for one in found.price.lost:
        row = found.terms[one.offer.number]
        said = f"{term(row)}: {value(row, currency)}"
        st.markdown(f"{plain(said)}  \n:small[:gray[{plain(_(_REASONS[one.reason]))}]]")


def value(row: TermRow, currency: str) -> str:
    """A price as it is, a share as percent, payment terms in days, from how much on."""
    if row.kind.is_money:
        text = formats.price(row.value, currency)
        text = text if row.unit is None else _("{price} a {unit}").format(price=text, unit=row.unit)
    elif row.kind is TermKind.PAYMENT_TERMS:
        text = ngettext("{count} day", "{count} days", int(row.value)).format(count=int(row.value))
    else:
        text = formats.percent(row.value)
    if row.days is not None and row.kind is TermKind.PROMPT_PAYMENT:
        text = _("{value} within {days} days").format(value=text, days=row.days)
    if not row.min_quantity:
        return text
    if row.basis is TierBasis.PERIOD_REVENUE:
        least = formats.money(row.min_quantity, currency, places=0 if row.min_quantity % 1 == 0 else 2)
    else:
        least = " ".join(filter(None, (formats.quantity(row.min_quantity), row.unit)))
    if row.period is None:
        return _("{value} from {quantity}").format(value=text, quantity=least)
    return _("{value} from {quantity} a {period}").format(
        value=text, quantity=least, period=_(_PERIODS[row.period])
    )
