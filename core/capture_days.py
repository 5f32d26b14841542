"""Days in a typed line, the day before the month: `until 31/3`, `hingga jumaat`, `on 5 Mac`, `yesterday`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from core import capture_words as words_of
from core.claim_rules import fold

Found = tuple[int, int, date]  # where it stands in the line, and the day

_DAY = (
    r"(?:(?P<iso>\d{4})-(?P<iso_month>\d{1,2})-(?P<iso_day>\d{1,2})"
    r"|(?P<day>\d{1,2})(?P<by>[/.-])(?P<month>\d{1,2})(?:(?P=by)(?P<year>\d{4}|\d{2}))?"
    r"|(?P<named_day>\d{1,2})\s+(?P<name>[^\W\d_]+)(?:\s+(?P<named_year>\d{4}))?"
    r"|(?P<word>[^\W\d_]+))(?![\w/%-])"
)
_UNTIL = re.compile(rf"(?<!\S)(?:until|till|hingga|sehingga|sampai)\s+{_DAY}", re.IGNORECASE)
_ON = re.compile(rf"(?<!\S)(?:on|pada)\s+{_DAY}", re.IGNORECASE)
_WORDED = re.compile(r"(?<!\S)(yesterday|semalam|today)(?!\S)", re.IGNORECASE)


def until(line: str, today: date) -> Iterator[Found]:
    """Days up to which something holds; without a year the next such day."""
    for found in _UNTIL.finditer(line):
        if (day := _day(found, today, ahead=True)) is not None:
            yield *found.span(), day


def on(line: str, today: date) -> Iterator[Found]:
    """Days on which something was seen, never later than today; without a year the last such day."""
    for found in _ON.finditer(line):
        day = None if found["word"] else _day(found, today, ahead=False)
        if day is not None and day <= today:
            yield *found.span(), day
    for found in _WORDED.finditer(line):
        yield *found.span(), today if fold(found.group()) == "today" else today - timedelta(days=1)


def _day(found: re.Match[str], today: date, *, ahead: bool) -> date | None:
    """The day that was written; without a year the next such day from today on, or the last one up to today."""
    if found["word"]:
        word = fold(found["word"])
        if word in ("tomorrow", "esok"):
            return today + timedelta(days=1)
        weekday = words_of.WEEKDAYS.get(word)
        return None if weekday is None else today + timedelta(days=(weekday - today.weekday()) % 7)
    if found["iso"]:
        return _made(int(found["iso"]), int(found["iso_month"]), int(found["iso_day"]))
    if found["name"]:
        month = words_of.MONTHS.get(fold(found["name"]))
        day, year = int(found["named_day"]), found["named_year"]
    else:
        month, day, year = int(found["month"]), int(found["day"]), found["year"]
    if month is None:
        return None
    if year:
        return _made(int(year) + (2000 if len(year) == 2 else 0), month, day)
    near = [_made(today.year + shift, month, day) for shift in (-1, 0, 1)]
    days = [one for one in near if one is not None and (one >= today if ahead else one <= today)]
    return (min if ahead else max)(days, default=None)


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1900 <= year <= 2199 else None
    except ValueError:
        return None
