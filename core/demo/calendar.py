"""The demo company's days: three years up to today, with their holidays, festivals and seasons."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from core.config import ROOT

FACTS = ROOT / "data" / "demo"

MONTHS = 36
_LEAD_IN_DAYS = 20  # orders begin earlier than revenue, so that the first month has all its invoices
_AHEAD_DAYS = 60  # promised dates may lie in the future

Days = npt.NDArray[np.int64]
Factors = npt.NDArray[np.float64]

# What a month brings apart from festivals, January to December.
_MONTH_FACTORS = {
    "shop": (0.96, 0.95, 1.00, 0.99, 1.00, 0.98, 0.99, 1.00, 1.00, 1.01, 1.04, 1.08),
    "kitchen": (0.95, 0.94, 0.97, 0.96, 1.00, 1.04, 1.02, 1.04, 0.98, 0.99, 1.03, 1.12),
    "export": (0.90, 0.88, 0.98, 1.00, 1.00, 0.97, 0.98, 1.04, 1.10, 1.12, 1.08, 0.95),
}
_HOLIDAY_SHOP = {"Instant noodles": 0.10, "Biscuits & snacks": 0.14, "Cordials & juices": 0.10}
_HOLIDAY_KITCHEN = 0.20
_CLOSED_DAYS = {"aidilfitri": 3, "lunar_new_year": 2}  # the others close for one day
_HEIGHT_DAYS_BEFORE = 9  # the trade fills its shelves before the families do


@dataclass(frozen=True)
class DemoCalendar:
    """Days are counted from `start`; day `today_no` is the last one with orders."""

    start: date
    first: date  # first day of the first month with revenue
    today: date
    families: tuple[str, ...]
    working: Factors  # how much is ordered on a day: 1 on a usual weekday, 0 on Sundays and holidays
    seasons: Mapping[str, Factors]  # basket → family × day, 1 on average

    @classmethod
    def until(cls, today: date, families: Sequence[str]) -> DemoCalendar:
        """The calendar of the 36 months that end with today's."""
        facts = tomllib.loads((FACTS / "calendar.toml").read_text(encoding="utf-8"))
        first = first_of_month_before(today, MONTHS - 1)
        start = first - timedelta(days=_LEAD_IN_DAYS)
        end = max(date(today.year, 12, 31), today) + timedelta(days=_AHEAD_DAYS)
        days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        festivals = _festivals(facts, range(start.year, end.year + 1))
        return cls(
            start=start,
            first=first,
            today=today,
            families=tuple(families),
            working=_working(days, festivals),
            seasons={basket: _season(basket, days, families, festivals, facts) for basket in _MONTH_FACTORS},
        )

    @property
    def today_no(self) -> int:
        return self.number(self.today)

    @property
    def first_no(self) -> int:
        return self.number(self.first)

    @property
    def last_no(self) -> int:
        return len(self.working) - 1

    def number(self, day: date) -> int:
        return (day - self.start).days

    def day(self, number: int) -> date:
        return self.start + timedelta(days=number)

    def texts(self) -> npt.NDArray[np.object_]:
        """The days as ISO text; the entry after the last one is None, so that −1 means no date."""
        days = [self.day(number).isoformat() for number in range(self.last_no + 1)]
        return np.array([*days, None], dtype=object)

    def month_texts(self) -> npt.NDArray[np.object_]:
        """The first day of each day's month as ISO text."""
        days = [self.day(number).replace(day=1).isoformat() for number in range(self.last_no + 1)]
        return np.array([*days, None], dtype=object)

    def years(self) -> Days:
        """The calendar year of each day."""
        return np.array([self.day(number).year for number in range(self.last_no + 1)], dtype=np.int64)

    def halves(self) -> Days:
        """The half-year of each day, counted from the first half of year 0."""
        days = [self.day(number) for number in range(self.last_no + 1)]
        return np.array([day.year * 2 + (day.month > 6) for day in days], dtype=np.int64)

    def months(self) -> Days:
        """The month of each day, counted from the first month of year 0."""
        days = [self.day(number) for number in range(self.last_no + 1)]
        return np.array([day.year * 12 + day.month - 1 for day in days], dtype=np.int64)

    def next_working(self, numbers: Days) -> Days:
        """Each day itself or the first working day after it."""
        following = np.arange(len(self.working), dtype=np.int64)
        for number in range(self.last_no - 1, -1, -1):
            if self.working[number] < 0.5:
                following[number] = following[number + 1]
        return following[np.minimum(numbers, self.last_no)]


def first_of_month_before(today: date, months: int) -> date:
    month_no = today.year * 12 + today.month - 1 - months
    return date(month_no // 12, month_no % 12 + 1, 1)


def _festivals(facts: Mapping[str, Any], years: range) -> dict[str, list[date]]:
    """Every festival's days; a year after the table's last simply has no moving festival."""
    festivals: dict[str, list[date]] = {name: list(days) for name, days in facts["festivals"].items()}
    for name, (month, day) in facts["fixed"].items():
        festivals[name] = [date(year, month, day) for year in years]
    return festivals


def _working(days: Sequence[date], festivals: Mapping[str, Sequence[date]]) -> Factors:
    weekdays = (1.15, 1.05, 1.0, 1.0, 0.9, 0.2, 0.0)
    closed = {
        festival_on + timedelta(days=offset)
        for name, dates in festivals.items()
        for festival_on in dates
        for offset in range(_CLOSED_DAYS.get(name, 1))
    }
    return np.array([0.0 if day in closed else weekdays[day.weekday()] for day in days])


def _season(
    basket: str,
    days: Sequence[date],
    families: Sequence[str],
    festivals: Mapping[str, Sequence[date]],
    facts: Mapping[str, Any],
) -> Factors:
    season = np.tile([_MONTH_FACTORS[basket][day.month - 1] for day in days], (len(families), 1))
    numbers = {day: number for number, day in enumerate(days)}
    for rush in facts["rush"]:
        heights = np.array([rush.get(basket, {}).get(family, 0.0) for family in families])
        for festival_on in festivals[rush["festival"]]:
            for offset in range(-rush["days"], 13):
                number = numbers.get(festival_on + timedelta(days=offset))
                if number is not None:
                    season[:, number] *= 1 + heights * _rush_share(-offset, rush["days"])
    for first, last in facts["school_holidays"]["spans"]:
        inside = np.array([first <= day <= last for day in days])
        season[:, inside] *= _holiday_factors(basket, families)[:, np.newaxis]
    average: Factors = season.mean(axis=1, keepdims=True)
    return season / average


def _rush_share(days_before: int, length: int) -> float:
    """How much of its height a rush has reached so many days before the festival; below zero after it."""
    if days_before < 0:
        return -0.18
    if days_before < _HEIGHT_DAYS_BEFORE:
        return days_before / _HEIGHT_DAYS_BEFORE
    return (length - days_before) / (length - _HEIGHT_DAYS_BEFORE)


def _holiday_factors(basket: str, families: Sequence[str]) -> Factors:
    if basket == "export":
        return np.ones(len(families))
    if basket == "kitchen":
        return np.full(len(families), 1 + _HOLIDAY_KITCHEN)
    return np.array([1 + _HOLIDAY_SHOP.get(family, 0.0) for family in families])
