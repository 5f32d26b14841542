"""Prices that hold from a day on, until the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class PricePeriod:
    """A value from `start` to before `end`; no end: until something else is said."""

    start: date
    end: date | None
    value: Decimal

    def kept(self) -> list[Any]:
        return [self.start.isoformat(), self.end.isoformat() if self.end else None, f"{self.value:f}"]

    @classmethod
    def of(cls, kept: list[Any]) -> PricePeriod:
        start, end, value = kept
        return cls(date.fromisoformat(start), date.fromisoformat(end) if end else None, Decimal(value))


def put(periods: list[PricePeriod], start: date, value: Decimal) -> list[PricePeriod]:
    """The periods after saying that `value` holds from `start` on, up to where the next price begins."""
    for one in periods:
        if one.start <= start and (one.end is None or start < one.end):
            if one.value == value:
                return periods
            rest = [other for other in periods if other is not one]
            if one.start < start:
                rest.append(PricePeriod(one.start, start, one.value))
            rest.append(PricePeriod(start, one.end, value))
            return sorted(rest, key=lambda period: period.start)
    following = min((one.start for one in periods if one.start > start), default=None)
    return sorted([*periods, PricePeriod(start, following, value)], key=lambda period: period.start)
