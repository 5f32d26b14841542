"""Where the demo's story plays: the company, its days and its prices, as far as a seed decides them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from core.demo import company as companies
from core.demo import prices as price_books
from core.demo.calendar import DemoCalendar
from core.demo.company import DemoAccount, DemoCompany
from core.demo.prices import PriceBook

_USUAL_LINES = 3_000  # an account's order lines in the fifty-account company

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scene:
    company: DemoCompany
    calendar: DemoCalendar
    prices: PriceBook
    families: Numbers  # each product's family, a place in `calendar.families`
    seed: int
    lines: int  # about how many order lines come out

    @classmethod
    def on(cls, today: date, *, accounts: int, lines: int, seed: int) -> Scene:
        """The same scene for the same day, sizes and seed."""
        company = companies.of_size(accounts, seed)
        calendar = DemoCalendar.until(today, list(company.families))
        places = {family: place for place, family in enumerate(calendar.families)}
        return cls(
            company=company,
            calendar=calendar,
            prices=price_books.price_book(company, calendar, seed),
            families=np.array([places[product.category] for product in company.products], dtype=np.int64),
            seed=seed,
            lines=lines,
        )

    def lines_an_order(self, account: DemoAccount) -> float:
        """Where the company is drawn with few lines, orders become shorter rather than rare."""
        density = self.lines / (len(self.company.accounts) * _USUAL_LINES)
        return max(1.5, self.company.buying[account.segment].lines * min(1.0, math.sqrt(density)))
