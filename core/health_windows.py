"""Which days the health of a day is read from."""

from __future__ import annotations

from datetime import date, timedelta

from core.periods import Period, add_months, first_of_month, shift_end

MONTHS = 6


def window(day: date) -> Period:
    """The six months that end with the day."""
    end = day + timedelta(days=1)
    return Period(shift_end(end, -MONTHS), end)


def due_window(day: date, late_days: int) -> Period:
    """Deliveries due in six months whose fate is known on the day: late ones can no longer come in time."""
    whole, shift = window(day), timedelta(days=late_days + 1)
    return Period(whole.start - shift, whole.end - shift)


def category_windows(day: date) -> tuple[Period, Period]:
    """The six months before this one with what there is of it, and those six a year before: kept sums are by month."""
    month = first_of_month(day)
    before = Period(add_months(month, -MONTHS - 12), add_months(month, -12))
    return Period(add_months(month, -MONTHS), day + timedelta(days=1)), before
