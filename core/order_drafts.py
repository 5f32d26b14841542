"""What somebody types of an order, the rules that it has to keep, and the priced lines that it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import is_currency
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import clock, line_prices, settings
from core.errors import Invalid
from core.language import _
from core.line_prices import Booked, Given
from core.models import Account, ListPrice, OrderLine, Product, UnitCost
from core.money import MONEY_SCALE, QUANTITY_SCALE, RATE_SCALE, round_money, scaled

MOST_LINES = 200


@dataclass(frozen=True)
class LineDraft:
    """A product and how much of it; what is left open comes from the list price of the day."""

    product: str  # code
    quantity: Decimal | None  # above zero, of a credit note too
    list_price: Decimal | None = None  # per unit, order currency
    net_price: Decimal | None = None
    discount_rate: Decimal | None = None
    delivered_quantity: Decimal | None = None
    place: int | None = (
        None  # row in which it was typed, counted from 1, for sentences; none: its place in the order
    )


@dataclass(frozen=True)
class OrderDraft:
    """What is decided about an order; days of delivery hold for all of its lines."""

    order_no: str
    ordered_on: date | None
    lines: tuple[LineDraft, ...] = ()
    is_credit_note: bool = False
    invoiced_on: date | None = None
    requested_on: date | None = None
    promised_on: date | None = None
    delivered_on: date | None = None
    currency: str | None = None  # none: the base currency
    fx_rate: Decimal | None = None  # base currency per unit of the order's; none: 1


@dataclass
class Problems:
    """What breaks a rule, by field."""

    fields: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        known = self.fields.get(name)
        self.fields[name] = f"{known} {text}" if known else text

    def refuse(self) -> None:
        if self.fields:
            raise Invalid(_("Some fields need another look."), fields=self.fields)


def lines_of(session: Session, account: Account, draft: OrderDraft, problems: Problems) -> list[OrderLine]:
    """The lines of a draft, priced; refuses the draft with everything that is wrong with it."""
    base = settings.get(session).base_currency
    currency = (draft.currency or base).strip().upper()
    rate = _rate(draft, currency, base, problems)
    _check_head(draft, problems)
    known = _products(session, {line.product.strip() for line in draft.lines})
    if not draft.lines:
        problems.add("lines", _("Enter at least one line: a product and its quantity."))
    elif len(draft.lines) > MOST_LINES:
        problems.add("lines", _("An order by hand has at most {count} lines.").format(count=MOST_LINES))
    day = draft.ordered_on or clock.today()
    listed = _in_force(session, ListPrice, ListPrice.price, known.values(), day)
    costs = _in_force(session, UnitCost, UnitCost.cost, known.values(), day)
    priced: list[tuple[int, LineDraft, Booked]] = []
    for number, line in enumerate(draft.lines, start=1):
        product_id = known.get(line.product.strip())
        text = _line_problem(line, product_id)
        if text is None and product_id is not None:
            given = _given(draft, line, rate, listed.get(product_id), costs.get(product_id), currency == base)
            booked = line_prices.book(given)
            if isinstance(booked, Booked):
                priced.append((product_id, line, booked))
            else:
                text = _price_problem(booked)
        if text is not None:
            problems.add(
                "lines", _("Line {number}: {problem}").format(number=line.place or number, problem=text)
            )
    problems.refuse()
    return [
        _order_line(account, draft, (number, *one), currency, rate)
        for number, one in enumerate(priced, start=1)
    ]


def _check_head(draft: OrderDraft, problems: Problems) -> None:
    number = draft.order_no.strip()
    if not number or len(number) > 64:
        problems.add("order_no", _("Give the order a number of at most 64 characters."))
    if draft.ordered_on is None:
        problems.add("ordered_on", _("Say on which day it was ordered."))
        return
    for name in ("ordered_on", "invoiced_on", "delivered_on"):
        day = getattr(draft, name)
        if day is not None and day > clock.today():
            problems.add(name, _("This day is still to come."))
    if draft.ordered_on.year < 1990:
        problems.add("ordered_on", _("Give a day from 1990 on."))
    for name in ("requested_on", "promised_on", "delivered_on"):
        day = getattr(draft, name)
        if day is not None and day < draft.ordered_on:
            problems.add(name, _("This day is before the day of the order."))
        if day is not None and draft.is_credit_note:
            problems.add(name, _("A credit note is not delivered: leave this empty."))


def _rate(draft: OrderDraft, currency: str, base: str, problems: Problems) -> Decimal:
    if not is_currency(currency):
        problems.add("currency", _("Give a currency by its three letters, such as MYR."))
        return Decimal(1)
    if currency == base:
        if draft.fx_rate not in (None, Decimal(1)):
            problems.add("fx_rate", _("An order in the base currency has an exchange rate of 1."))
        return Decimal(1)
    if draft.fx_rate is None or draft.fx_rate <= 0:
        problems.add(
            "fx_rate", _("Give what one {currency} is worth in {base}.").format(currency=currency, base=base)
        )
        return Decimal(1)
    return draft.fx_rate


def _line_problem(line: LineDraft, product_id: int | None) -> str | None:
    if product_id is None:
        return _("there is no product {code}.").format(code=line.product.strip() or "–")
    if line.quantity is None or line.quantity <= 0:
        return _("give a quantity above zero.")
    prices = (line.list_price, line.net_price)
    if any(price is not None and (price < 0 or price != round_money(price)) for price in prices):
        return _("a price is zero or more, with at most four decimals.")
    if line.discount_rate is not None and not 0 <= line.discount_rate <= 1:
        return _("a discount is from 0 to 100 %.")
    if line.delivered_quantity is not None and line.delivered_quantity < 0:
        return _("a delivered quantity is zero or more.")
    return None


def _price_problem(reason: str) -> str:
    if reason == line_prices.NO_PRICE:
        return _("give a price: this product has no list price on that day.")
    return _(reason) + "."


def _given(
    draft: OrderDraft,
    line: LineDraft,
    rate: Decimal,
    listed: Decimal | None,
    cost: Decimal | None,
    in_base: bool,
) -> Given:
    """What the line says, in small units; list price and cost of the day are in the base currency."""
    sign = -1 if draft.is_credit_note else 1
    list_price = line.list_price
    if list_price is None and listed is not None:
        list_price = listed if in_base else round_money(listed / rate)
    if cost is not None and not in_base:
        cost = round_money(cost / rate)
    discount = line.discount_rate
    return Given(
        quantity=sign * scaled(line.quantity or Decimal(0), QUANTITY_SCALE),
        unit_price=_small(line.net_price),
        list_price=_small(list_price),
        discount_rate=None
        if discount is None or line.net_price is not None
        else scaled(discount, RATE_SCALE),
        net_amount=None,
        unit_cost=_small(cost),
        cost_amount=None,
        fx_rate=scaled(rate, RATE_SCALE),
    )


def _small(amount: Decimal | None) -> int | None:
    return None if amount is None else scaled(amount, MONEY_SCALE)


def _large(amount: int | None) -> Decimal | None:
    return None if amount is None else Decimal(amount) / MONEY_SCALE


def _order_line(
    account: Account, draft: OrderDraft, one: tuple[int, int, LineDraft, Booked], currency: str, rate: Decimal
) -> OrderLine:
    number, product_id, line, booked = one
    ordered_on = draft.ordered_on or clock.today()
    booked_on = draft.invoiced_on or ordered_on
    sign = -1 if draft.is_credit_note else 1
    amounts: dict[str, Any] = {name: _large(getattr(booked, name)) for name in Booked._fields}
    return OrderLine(
        account_id=account.id,
        order_no=draft.order_no.strip(),
        line_no=number,
        product_id=product_id,
        batch_id=None,
        ordered_on=ordered_on,
        invoiced_on=draft.invoiced_on,
        booked_on=booked_on,
        booked_month=booked_on.replace(day=1),
        requested_on=draft.requested_on,
        promised_on=draft.promised_on,
        first_promised_on=draft.promised_on,
        delivered_on=draft.delivered_on,
        quantity=sign * (line.quantity or Decimal(0)),
        delivered_quantity=line.delivered_quantity,
        unit=None,
        country="",
        currency=currency,
        fx_rate=rate,
        **amounts,
    )


def _products(session: Session, codes: set[str]) -> dict[str, int]:
    rows = session.execute(select(Product.code, Product.id).where(Product.code.in_(codes)))
    return {code: product_id for code, product_id in rows}  # noqa: C416


def _in_force(session: Session, model: Any, column: Any, product_ids: Any, day: date) -> dict[int, Decimal]:
    """What products listed for, or cost, on a day as we know it now."""
    rows = session.execute(
        select(model.product_id, column).where(
            model.product_id.in_(list(product_ids)),
            model.superseded_at.is_(None),
            model.valid_from <= day,
            or_(model.valid_to.is_(None), model.valid_to > day),
        )
    )
    return {product_id: amount for product_id, amount in rows}  # noqa: C416
