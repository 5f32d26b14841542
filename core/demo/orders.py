"""The demo company's order lines, drawn account by account, exact to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from core.demo.baskets import baskets
from core.demo.calendar import Days, Factors
from core.demo.company import DemoAccount, levels
from core.demo.deliveries import Deliveries, deliveries
from core.demo.discounts import discounts
from core.demo.plans import OrderPlan
from core.demo.scene import Numbers, Scene

_LINES = 202  # its stream of random numbers
_FREE_SHARE = 0.003  # lines of free goods, at a discount of 1
_EXCEPTION_SHARE = 0.025  # lines whose discount is not the agreed one
_MOST_DISCOUNT = 450  # thousandths
DAYS_WITHOUT_COST = 45  # after the launch of a product


@dataclass(frozen=True)
class OrderLines:
    """One account's order lines as columns; money in ten-thousandths, dates as day numbers, −1 for none."""

    account_no: int
    order_nos: list[str]  # of the orders
    order: Numbers  # each line's order, an index into `order_nos`, rising
    line_no: Numbers
    product: Numbers
    ordered: Days
    invoiced: Days
    requested: Days
    promised: Days
    first_promised: Days
    delivered: Days
    quantity: Numbers  # whole units; below zero: a return
    delivered_quantity: Numbers  # −1: not delivered
    list_price: Numbers  # order currency, as net price and cost
    net_price: Numbers
    unit_cost: Numbers  # −1: unknown
    fx_rate: Numbers  # ten-thousandths of the base currency
    gross_amount: Numbers  # base currency, as the amounts below
    net_amount: Numbers
    cost_amount: Numbers  # meaningless where the unit cost is unknown

    def only(self, keep: npt.NDArray[np.bool_]) -> OrderLines:
        """These lines without the others, orders without lines dropped."""
        columns: dict[str, Any] = {
            field.name: getattr(self, field.name)[keep]
            for field in fields(self)
            if field.name not in ("account_no", "order_nos", "order")
        }
        used, order = np.unique(self.order[keep], return_inverse=True)
        names = [self.order_nos[number] for number in used.tolist()]
        return OrderLines(
            account_no=self.account_no, order_nos=names, order=order.astype(np.int64), **columns
        )


def draw(scene: Scene, drawn: Sequence[OrderPlan]) -> Iterator[OrderLines]:
    """Every account's order lines, one account after the other."""
    for plan in drawn:
        yield _account_lines(scene, plan, np.random.default_rng([scene.seed, _LINES, plan.account_no]))


def _account_lines(scene: Scene, plan: OrderPlan, random: np.random.Generator) -> OrderLines:
    account = scene.company.accounts[plan.account_no]
    order, product, wanted = baskets(scene, account, plan.ordered, random)
    ordered, family = plan.ordered[order], scene.families[product]
    rates, uplift = discounts(scene, account, random)
    rate = _with_exceptions(rates[family, ordered], random)
    list_price, fx_rate = _list_prices(scene, account, product, ordered)
    value = wanted * uplift[family, ordered] * random.lognormal(0, 0.35, len(order))
    value *= levels(account, scene.calendar)[ordered]
    net_unit = list_price * (1000 - rate) / 1000 * fx_rate / 10_000
    quantity = _quantities(scene, account, value / net_unit, net_unit)
    free = random.random(len(order)) < _FREE_SHARE
    quantity[free] = np.maximum(1, quantity[free] // 20)
    rate[free] = 1000
    dates = deliveries(scene, account, plan.ordered, order, quantity, random)
    columns = {
        "order": order,
        "product": product,
        "quantity": quantity,
        "list_price": list_price,
        "net_price": list_price * (1000 - rate) // 1000,  # exact: list prices end in ten sen
        "fx_rate": fx_rate,
    }
    lines = _booked(scene, plan, columns, dates)
    # Revenue begins on the first day of the first month; what was invoiced before it is another story.
    booked = np.where(lines.invoiced >= 0, lines.invoiced, lines.ordered)
    return _with_returns(scene, lines.only(booked >= scene.calendar.first_no), plan, random)


def _with_exceptions(rate: Numbers, random: np.random.Generator) -> Numbers:
    exceptions = (random.random(len(rate)) < _EXCEPTION_SHARE) * random.integers(-6, 7, len(rate)) * 5
    changed: Numbers = np.clip(rate + exceptions, 0, _MOST_DISCOUNT)
    return changed


def _list_prices(
    scene: Scene, account: DemoAccount, product: Numbers, ordered: Days
) -> tuple[Numbers, Numbers]:
    """List prices in the account's currency, and what a unit of that currency is worth on each day."""
    at_home = scene.prices.list_prices[product, scene.calendar.years()[ordered] - scene.prices.first_year]
    fx_rate = scene.prices.rates[account.currency][ordered]
    if account.currency == scene.company.currency:
        return at_home, fx_rate
    abroad = np.round(at_home / scene.company.currencies[account.currency] / 1000).astype(np.int64) * 1000
    return np.maximum(abroad, 1000), fx_rate


def _quantities(scene: Scene, account: DemoAccount, relative: Factors, net_unit: Factors) -> Numbers:
    """Whole units, in round numbers where they are many, that together bring what is expected."""
    expected = levels(account, scene.calendar)[: scene.calendar.today_no + 1].sum() * 10_000
    exact = relative * (expected / max(float((relative * net_unit).sum()), 1e-9))
    lot = np.select([exact >= 200, exact >= 40], [10, 5], 1).astype(np.int64)
    whole: Numbers = np.round(exact / lot).astype(np.int64) * lot
    return np.maximum(whole, 1)


def _booked(scene: Scene, plan: OrderPlan, columns: dict[str, Numbers], dates: Deliveries) -> OrderLines:
    order, product, quantity = columns["order"], columns["product"], columns["quantity"]
    list_price, net_price, fx_rate = columns["list_price"], columns["net_price"], columns["fx_rate"]
    ordered = plan.ordered[order]
    half_years = scene.calendar.halves()[ordered] - scene.prices.first_year * 2
    # A line keeps its cost in the order's currency; a new product's cost is not known at once.
    unit_cost = half_up(scene.prices.costs[product, half_years] * 10_000, fx_rate)
    unit_cost[ordered < scene.prices.launched[product] + DAYS_WITHOUT_COST] = -1
    return OrderLines(
        **columns,
        account_no=plan.account_no,
        order_nos=plan.order_nos,
        line_no=np.arange(len(order)) - np.searchsorted(order, order) + 1,
        ordered=ordered,
        invoiced=dates.invoiced[order],
        requested=dates.requested[order],
        promised=dates.promised[order],
        first_promised=dates.first_promised[order],
        delivered=dates.delivered,
        delivered_quantity=dates.delivered_quantity,
        unit_cost=unit_cost,
        gross_amount=booked_amount(quantity, list_price, fx_rate),
        net_amount=booked_amount(quantity, net_price, fx_rate),
        cost_amount=booked_amount(quantity, unit_cost, fx_rate),
    )


def booked_amount(quantity: Numbers, price: Numbers, fx_rate: Numbers) -> Numbers:
    """Quantity × price × rate in ten-thousandths of the base currency, rounded once, half up."""
    factors = [float(np.abs(column).max(initial=0)) for column in (quantity, price, fx_rate)]
    if factors[0] * factors[1] * factors[2] >= 2.0**62:
        raise OverflowError("the demo's amounts do not fit into 64 bits")
    return half_up(quantity * price * fx_rate, np.int64(10_000))


def half_up(amount: Numbers, divisor: Numbers | np.int64) -> Numbers:
    """Whole-number division with ties away from zero."""
    rounded: Numbers = np.sign(amount) * ((np.abs(amount) * 2 + divisor) // (2 * divisor))
    return rounded


def _with_returns(
    scene: Scene, lines: OrderLines, plan: OrderPlan, random: np.random.Generator
) -> OrderLines:
    """The lines, followed by credit notes for what came back from some invoiced orders."""
    place = {order_no: number for number, order_no in enumerate(lines.order_nos)}
    picked: list[Numbers] = []
    names: list[str] = []
    days: list[int] = []
    for index, delay, name in zip(plan.returned, plan.return_delays, plan.return_nos, strict=True):
        count = int(random.integers(2, 7))
        order = place.get(plan.order_nos[index])
        if order is None:
            continue
        mine = np.flatnonzero((lines.order == order) & (lines.delivered >= 0) & (lines.invoiced >= 0))
        mine = mine[:: max(1, len(mine) // count)][:count]
        day = int(lines.invoiced[mine].max(initial=-1) + delay)
        if len(mine) and day <= scene.calendar.today_no:
            picked.append(mine)
            names.append(name)
            days.append(day)
    return _joined(lines, picked, names, days, random) if picked else lines


def _joined(
    lines: OrderLines,
    picked: Sequence[Numbers],
    names: Sequence[str],
    days: Sequence[int],
    random: np.random.Generator,
) -> OrderLines:
    source = np.concatenate(picked)
    note = np.repeat(np.arange(len(picked)), [len(mine) for mine in picked])
    came_back = np.round(lines.quantity[source] * random.uniform(0.05, 0.55, len(source))).astype(np.int64)
    quantity = -np.maximum(came_back, 1)
    list_price, net_price = lines.list_price[source], lines.net_price[source]
    unit_cost, fx_rate = lines.unit_cost[source], lines.fx_rate[source]
    none, noted = np.full(len(source), -1), np.array(days)[note]
    added: dict[str, Any] = {
        "order": note + len(lines.order_nos),
        "line_no": np.arange(len(note)) - np.searchsorted(note, note) + 1,
        "product": lines.product[source],
        "ordered": noted,
        "invoiced": noted,
        "requested": none,
        "promised": none,
        "first_promised": none,
        "delivered": none,
        "quantity": quantity,
        "delivered_quantity": none,
        "list_price": list_price,
        "net_price": net_price,
        "unit_cost": unit_cost,
        "fx_rate": fx_rate,
        "gross_amount": booked_amount(quantity, list_price, fx_rate),
        "net_amount": booked_amount(quantity, net_price, fx_rate),
        "cost_amount": booked_amount(quantity, unit_cost, fx_rate),
    }
    columns = {name: np.concatenate([getattr(lines, name), column]) for name, column in added.items()}
    return OrderLines(account_no=lines.account_no, order_nos=[*lines.order_nos, *names], **columns)
