"""Which kept sums answer for which part of a period: the fewest rows that come to the same.

Of a calendar year or a month that the period cuts, the smaller part is read; where that is the part outside the
period, it is taken away from the whole. All are sums of whole numbers, so nothing is lost on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement

from core.models import (
    AccountDay,
    AccountMonth,
    AccountYear,
    OrderLine,
    PackedMonth,
    PairYear,
    ProductDay,
    ProductMonth,
    RevenueCell,
)
from core.periods import Period, add_months, first_of_month

_DAYS: dict[Any, Any] = {
    RevenueCell: OrderLine,
    PackedMonth: OrderLine,
    ProductMonth: ProductDay,
}  # of the others: those of accounts
_BY_DAY = (OrderLine, AccountDay, ProductDay)
_BY_YEAR = (AccountYear, PairYear)


class Piece(NamedTuple):
    """Rows of one table over a span, added or taken away."""

    source: Any
    span: Period
    sign: int = 1


@dataclass(frozen=True)
class Layers:
    """The tables that answer; the days are the order lines' own where no sums are kept by day."""

    months: Any
    years: Any = None  # none: not by year

    @property
    def days(self) -> Any:
        return _DAYS.get(self.months, AccountDay)

    def pieces(self, period: Period) -> Iterator[Piece]:
        """What adds up to the period."""
        if self.years is None:
            yield from self._months(period, 1)
            return
        for number in range(period.start.year, period.last_day.year + 1):
            year = Period(date(number, 1, 1), date(number + 1, 1, 1))
            inside = Period(max(period.start, year.start), min(period.end, year.end))
            if 2 * inside.days <= year.days:
                yield from self._months(inside, 1)
                continue
            yield Piece(self.years, year)
            for outside in _around(inside, year):
                yield from self._months(outside, -1)

    def _months(self, span: Period, sign: int) -> Iterator[Piece]:
        whole = span.whole_months()
        if whole is not None:
            yield Piece(self.months, whole, sign)
        for part in span.cut_parts():
            yield from self._cut(part, sign)

    def _cut(self, part: Period, sign: int) -> Iterator[Piece]:
        """Some days, which may lie in two months that neither is whole."""
        start = part.start
        while start < part.end:
            month = Period(first_of_month(start), add_months(start, 1))
            inside = Period(start, min(part.end, month.end))
            if 2 * inside.days <= month.days:
                yield Piece(self.days, inside, sign)
            else:
                yield Piece(self.months, month, sign)
                for outside in _around(inside, month):
                    yield Piece(self.days, outside, -sign)
            start = inside.end


def years_of(months: Any, *, by_country: bool) -> Any:
    """The table that keeps the same by calendar year, if there is one."""
    if months is RevenueCell and not by_country:
        return PairYear
    return AccountYear if months is AccountMonth else None


def day_of(source: Any) -> Any:
    """The column of a source that says when its amounts belong."""
    return source.booked_on if source in _BY_DAY else source.year if source in _BY_YEAR else source.month


def within_span(source: Any, span: Period) -> tuple[ColumnElement[bool], ...]:
    """That amounts belong to the span; of kept days the months too, which their keys have before the day."""
    day: ColumnElement[Any] = day_of(source)
    inside = (day >= span.start, day < span.end)
    if source not in (AccountDay, ProductDay):
        return inside
    return (*inside, source.month >= first_of_month(span.start), source.month < span.end)


def _around(inside: Period, whole: Period) -> Iterator[Period]:
    if whole.start < inside.start:
        yield Period(whole.start, inside.start)
    if inside.end < whole.end:
        yield Period(inside.end, whole.end)
