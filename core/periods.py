"""Periods of business days: half-open in code and store, both ends included on screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from core.errors import Invalid
from core.language import _


@dataclass(frozen=True, order=True)
class Period:
    """From `start` up to, but without, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise Invalid(_("The period ends before it starts: choose a last day on or after the first."))

    @classmethod
    def of(cls, first_day: date, last_day: date) -> Period:
        """The period as on paper, both days included."""
        return cls(first_day, last_day + timedelta(days=1))

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def months(self) -> list[date]:
        """The first days of all months that the period touches."""
        return list(month_starts(first_of_month(self.start), self.end))

    def whole_months(self) -> Period | None:
        """The part that consists of whole calendar months, if any."""
        start = first_of_month(self.start)
        if start < self.start:
            start = add_months(start, 1)
        end = first_of_month(self.end)
        return Period(start, end) if start < end else None

    def cut_parts(self) -> list[Period]:
        """What is left beside the whole months: at most two pieces."""
        whole = self.whole_months()
        if whole is None:
            return [self]
        pieces = []
        if self.start < whole.start:
            pieces.append(Period(self.start, whole.start))
        if whole.end < self.end:
            pieces.append(Period(whole.end, self.end))
        return pieces

    def shifted(self, months: int) -> Period:
        """The same period some months earlier (negative) or later.

        Where both ends are month boundaries they stay so; otherwise a day that the other month
        lacks becomes that month's last day.
        """
        return Period(shift_day(self.start, months), shift_end(self.end, months))

    def previous(self) -> Period:
        """The period of the same length just before: whole months where this one is whole months."""
        whole = self.whole_months()
        if whole == self:
            return self.shifted(-months_between(self.start, self.end))
        return Period(self.start - timedelta(days=self.days), self.start)


def holds(valid_from: date, valid_to: date | None, day: date) -> bool:
    """Whether what is valid from a day to before another (None: without an end) is so on a day."""
    return valid_from <= day and (valid_to is None or day < valid_to)


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """The first day of the month `count` months after the month of `month`."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def shift_day(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it has no such day."""
    month = add_months(day, months)
    last = (add_months(month, 1) - timedelta(days=1)).day
    return month.replace(day=min(day.day, last))


def shift_end(end: date, months: int) -> date:
    """The exclusive end shifted so that the last day moves, not the day after it."""
    if end.day == 1:
        return add_months(end, months)
    return shift_day(end - timedelta(days=1), months) + timedelta(days=1)


def months_between(start: date, end: date) -> int:
    """Whole months from one month's first day to another's."""
    return (end.year - start.year) * 12 + end.month - start.month


def month_starts(start: date, end: date) -> Iterator[date]:
    month = start
    while month < end:
        yield month
        month = add_months(month, 1)


def fiscal_year_start(day: date, first_month: int) -> date:
    """The first day of the fiscal year that `day` belongs to."""
    year = day.year if day.month >= first_month else day.year - 1
    return date(year, first_month, 1)
