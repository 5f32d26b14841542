"""Days as files write them: ISO, day or month first, named months, Excel serials; a time of day is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

DateOrder = Literal["day", "month"]

FIRST_YEAR, LAST_YEAR = 1900, 2199
_EXCEL_EPOCH = date(1899, 12, 30)
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "mac": 3, "apr": 4, "may": 5, "mei": 5, "jun": 6, "jul": 7, "aug": 8, "ogo": 8,
    "ogos": 8, "sep": 9, "sept": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dis": 12,
    "january": 1, "februari": 2, "february": 2, "march": 3, "april": 4, "june": 6, "july": 7, "julai": 7,
    "august": 8, "september": 9, "october": 10, "oktober": 10, "november": 11, "december": 12, "disember": 12,
    "januari": 1,
}  # fmt: skip
_TIME = re.compile(
    r"(?:T|\s)\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?|PTG|PG)?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_WEEKDAY = re.compile(r"^[^\W\d]{2,9}\.?,\s*")
_YEAR_FIRST = re.compile(r"^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$")
_COMPACT = re.compile(r"^\d{8}$")
_THREE = re.compile(r"^(\d{1,2})\s*([-/.\s])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})$")
_DAY_NAME_YEAR = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?[-/.\s]*([^\W\d]+)\.?,?[-/.\s]*(\d{4}|\d{2})$")
_NAME_DAY_YEAR = re.compile(r"^([^\W\d]+)\.?[-/.\s]*(\d{1,2})(?:st|nd|rd|th)?,?[-/.\s]+(\d{4}|\d{2})$")
_YEAR_NAME_DAY = re.compile(r"^(\d{4})[-/.\s]*([^\W\d]+)\.?[-/.\s]*(\d{1,2})$")
_SERIAL = re.compile(r"^(\d{5})(?:\.\d+)?$")
_MONTH_ONLY = re.compile(
    r"^(?:(\d{4})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{4})|([^\W\d]+)\.?[-/.\s]+(\d{4}|\d{2}))$"
)


@dataclass(frozen=True)
class Reading:
    """The days that one cell may mean; both are the same where nothing is left to decide."""

    day_first: date | None
    month_first: date | None

    @property
    def ambiguous(self) -> bool:
        return (
            self.day_first is not None and self.month_first is not None and self.day_first != self.month_first
        )

    @property
    def evidence(self) -> DateOrder | None:
        """The order that this cell alone proves."""
        if self.month_first is None:
            return "day"
        return "month" if self.day_first is None else None

    def under(self, order: DateOrder) -> date:
        """The day under the order that holds for the column; a cell with one reading keeps it."""
        first, second = (
            (self.day_first, self.month_first) if order == "day" else (self.month_first, self.day_first)
        )
        day = first or second
        assert day is not None  # noqa: S101  (a reading has at least one day)
        return day


def read(text: str) -> Reading | None:
    """Every day that a cell may mean; None when it is no day at all."""
    body = _WEEKDAY.sub("", _TIME.sub("", text.strip()).strip())
    certain = _certain(body)
    if certain is not None:
        return Reading(certain, certain)
    matched = _THREE.match(body)
    if not matched:
        return None
    first, separator, second, year = int(matched[1]), matched[2], int(matched[3]), _year(matched[4])
    day_first, month_first = _day(year, second, first), _day(year, first, second)
    if separator == "." and day_first is not None:
        # Nobody writes month.day.year with points; where it cannot be a day first, the other order is read.
        return Reading(day_first, day_first)
    if day_first is None and month_first is None:
        return None
    return Reading(day_first, month_first)


def read_month(text: str) -> Reading | None:
    """The first day of a month, written with or without a day."""
    body = text.strip()
    matched = _MONTH_ONLY.match(body)
    if matched:
        if matched[5]:
            month = _MONTHS.get(matched[5].casefold())
            day = _day(_year(matched[6]), month, 1) if month else None
        else:
            day = _day(int(matched[1] or matched[4]), int(matched[2] or matched[3]), 1)
        return None if day is None else Reading(day, day)
    reading = read(body)
    if reading is None:
        return None
    return Reading(_first(reading.day_first), _first(reading.month_first))


def _first(day: date | None) -> date | None:
    return None if day is None else day.replace(day=1)


def _certain(body: str) -> date | None:
    """The day of a notation that leaves no choice."""
    if matched := _YEAR_FIRST.match(body):
        return _day(int(matched[1]), int(matched[3]), int(matched[4]))
    if _COMPACT.match(body):
        return _day(int(body[:4]), int(body[4:6]), int(body[6:])) or _day(
            int(body[4:]), int(body[2:4]), int(body[:2])
        )
    if matched := _SERIAL.match(body):
        return _in_range(_EXCEL_EPOCH + timedelta(days=int(matched[1])))
    if matched := _DAY_NAME_YEAR.match(body):
        return _named(matched[2], matched[1], matched[3])
    if matched := _NAME_DAY_YEAR.match(body):
        return _named(matched[1], matched[2], matched[3])
    if matched := _YEAR_NAME_DAY.match(body):
        return _named(matched[2], matched[3], matched[1])
    return None


def _named(name: str, day: str, year: str) -> date | None:
    month = _MONTHS.get(name.casefold())
    return None if month is None else _day(_year(year), month, int(day))


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < 69 else 1900)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return _in_range(date(year, month, day))
    except ValueError:
        return None


def _in_range(day: date) -> date | None:
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def evidence(readings: Iterable[Reading]) -> set[DateOrder]:
    """The orders that at least one of the days proves."""
    return {proof for reading in readings if (proof := reading.evidence) is not None}
