"""The demo company's list prices, costs and exchange rates over its three years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.demo.calendar import Days, DemoCalendar, first_of_month_before
from core.demo.company import DemoCompany
from core.money import MONEY_SCALE

_PRICE_STEP = MONEY_SCALE // 10  # list prices end in ten sen, so that a rate in thousandths leaves no rest
_COST_STEP = MONEY_SCALE // 100
ALWAYS = -(10**6)  # the day number of what began before all days
_PRICES, _RATES = 101, 102  # one stream of random numbers a subject


@dataclass(frozen=True)
class PriceBook:
    """List prices by year and costs by half-year, in ten-thousandths of the base currency."""

    first_year: int
    list_prices: Days  # product × year
    costs: Days  # product × half-year
    launched: Days  # day number
    ended: Days  # day number; beyond the calendar's last day: still sold
    rates: Mapping[str, Days]  # currency → ten-thousandths of the base currency, by day


def price_book(company: DemoCompany, calendar: DemoCalendar, seed: int) -> PriceBook:
    """Today's prices and costs, taken back through the yearly increases."""
    random = np.random.default_rng([seed, _PRICES])
    years = calendar.years()
    first_year, year_count = int(years[0]), int(years[-1] - years[0]) + 1
    this_year = calendar.today.year - first_year
    this_half = this_year * 2 + (calendar.today.month > 6)
    list_prices = np.zeros((len(company.products), year_count), dtype=np.int64)
    costs = np.zeros((len(company.products), year_count * 2), dtype=np.int64)
    for number, product in enumerate(company.products):
        family = company.families[product.category]
        rises = np.clip(random.normal(family["rises"], 0.007, year_count), 0.005, 0.12)
        cost_rises = np.clip(random.normal(family["cost_rises"], 0.006, year_count * 2), -0.01, 0.10)
        cost_now = float(product.cost_share) * product.list_price
        for year in range(year_count):
            price = product.list_price / float(np.prod(1 + rises[year + 1 : this_year + 1]))
            list_prices[number, year] = _stepped(price, _PRICE_STEP)
        for half in range(year_count * 2):
            cost = cost_now / float(np.prod(1 + cost_rises[half + 1 : this_half + 1]))
            costs[number, half] = _stepped(cost, _COST_STEP)
    launched = [_months_before(calendar, product.launched_months_ago, ALWAYS) for product in company.products]
    ended = [_months_before(calendar, product.ended_months_ago, -ALWAYS) for product in company.products]
    return PriceBook(
        first_year, list_prices, costs, np.array(launched), np.array(ended), _rates(company, calendar, seed)
    )


def _stepped(value: float, step: int) -> int:
    return max(1, round(value / step)) * step


def _months_before(calendar: DemoCalendar, months: int | None, otherwise: int) -> int:
    """The day number of the first of the month so many months ago."""
    return otherwise if months is None else calendar.number(first_of_month_before(calendar.today, months))


def _rates(company: DemoCompany, calendar: DemoCalendar, seed: int) -> dict[str, Days]:
    """Each currency's rate by day: one rate a month, wandering about its usual value."""
    months = calendar.months()
    count = int(months[-1] - months[0]) + 1
    rates = {company.currency: np.full(len(months), 10_000, dtype=np.int64)}
    for number, (currency, usual) in enumerate(company.currencies.items()):
        random = np.random.default_rng([seed, _RATES, number])
        steps = random.normal(0, 0.008, count)
        level = np.zeros(count)
        for month in range(1, count):
            level[month] = 0.93 * level[month - 1] + steps[month]
        rates[currency] = np.round(usual * (1 + level) * 10_000).astype(np.int64)[months - months[0]]
    return rates
