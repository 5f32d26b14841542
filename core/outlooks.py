"""What an outlook is made of, and how forecasts, overrides and what is booked already become one figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from core import clock, forecast_intervals
from core.forecast_intervals import BackTested, HorizonErrors, Tested
from core.money import ZERO, ratio
from core.periods import Period, add_months, first_of_month, months_between
from core.vocabulary import ForecastMethod

Named = tuple[int, str, str, str | None, str | None]  # id, code, name, owner, group


@dataclass(frozen=True)
class Version:
    """One frozen version; `first_month` is the first one that it did not know."""

    id: int
    first_month: date
    horizon: int
    engine: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True)
class MonthOutlook:
    """One month: what came or is expected, and what it stands beside."""

    month: date
    actual: Decimal | None  # None: not over yet
    booked: Decimal  # so far, of an open month too
    expected: (
        Decimal | None
    )  # override or forecast, no less than is booked; None: the version does not reach it
    machine: Decimal | None  # the forecast as frozen
    low: Decimal | None
    high: Decimal | None
    year_ago: Decimal
    target: Decimal | None


@dataclass(frozen=True)
class AccountOutlook:
    """An account's year; the interval is that of its open months, around what is expected."""

    account_id: int
    code: str
    name: str
    owner: str | None
    group: str | None
    expected: Decimal | None  # None: no forecast of this account for some open month
    low: Decimal | None
    high: Decimal | None
    actual: Decimal  # booked so far
    year_ago: Decimal
    target: Decimal | None
    method: ForecastMethod | None
    errors: HorizonErrors | None
    overridden: int  # months

    @property
    def of_target(self) -> Decimal | None:
        return ratio(self.expected, self.target)

    @property
    def growth(self) -> Decimal | None:
        if self.expected is None or self.year_ago <= 0:
            return None
        return ratio(self.expected - self.year_ago, self.year_ago)


@dataclass(frozen=True)
class GroupOutlook:
    """The visible accounts of one group together; their interval is made of them alone."""

    name: str | None  # None: accounts without a group
    accounts: int
    expected: Decimal
    low: Decimal | None
    high: Decimal | None
    year_ago: Decimal
    target: Decimal | None

    @property
    def of_target(self) -> Decimal | None:
        return ratio(self.expected, self.target)

    @property
    def growth(self) -> Decimal | None:
        return ratio(self.expected - self.year_ago, self.year_ago) if self.year_ago > 0 else None


@dataclass(frozen=True)
class Outlook:
    """Where a year is expected to end, over the accounts that were asked for."""

    version: Version
    period: Period
    expected: Decimal
    machine: Decimal  # the same without overrides
    low: Decimal | None  # 80 % interval; None: too little history to say
    high: Decimal | None
    actual: Decimal  # booked so far
    year_ago: Decimal
    target: Decimal | None
    missing: int  # accounts with revenue that the version has no forecast for
    months: tuple[MonthOutlook, ...]
    rows: tuple[AccountOutlook, ...]
    groups: tuple[GroupOutlook, ...]  # the greatest first

    @property
    def of_target(self) -> Decimal | None:
        return ratio(self.expected, self.target)


@dataclass(frozen=True)
class OwnSum:
    """The company's series carried on by itself, as a second opinion on the sum of the accounts."""

    method: ForecastMethod
    expected: Decimal


@dataclass(frozen=True)
class Read:
    """What a version says of the visible accounts; what was merged stands under the account that was kept."""

    version: Version
    tested: Mapping[int, tuple[BackTested, ...]]
    points: Mapping[int, Mapping[date, tuple[Decimal, Decimal]]]  # machine, and with overrides
    overridden: Mapping[int, frozenset[date]]


@dataclass(frozen=True)
class Figures:
    """Everything that an outlook is made of, by account and month.

    An open month counts as expected, but never for less than is booked in it already: what came is no guess.
    """

    read: Read
    months: Sequence[date]
    open_from: date
    sold: Mapping[Any, Decimal]
    before: Mapping[Any, Decimal]
    wanted: Mapping[Any, Decimal | None]
    knows_bookings: bool = True  # of the open months; False: as the version said when it was made

    def outlook(self, period: Period, names: Sequence[Named]) -> Outlook:
        rows = tuple(row for name in names if (row := self._account(name)) is not None)
        ids = [row.account_id for row in rows]
        months = tuple(self._month(month, ids) for month in self.months)
        whole = self._together(None, rows)
        machine = sum((self._sum(row.account_id, 0) for row in rows if row.expected is not None), ZERO)
        left = sum((row.actual for row in rows if row.expected is None), ZERO)
        return Outlook(
            self.read.version, period, whole.expected, machine + left, whole.low, whole.high,
            sum((row.actual for row in rows), ZERO), whole.year_ago, whole.target,
            sum(row.expected is None for row in rows), months, rows, self._groups(rows),
        )  # fmt: skip

    def _groups(self, rows: Sequence[AccountOutlook]) -> tuple[GroupOutlook, ...]:
        found: dict[str | None, list[AccountOutlook]] = {}
        for row in rows:
            found.setdefault(row.group, []).append(row)
        groups = (self._together(name, some) for name, some in found.items())
        return tuple(sorted(groups, key=lambda one: (-one.expected, one.name or "")))

    def _together(self, name: str | None, rows: Sequence[AccountOutlook]) -> GroupOutlook:
        """Accounts added up; of one without a forecast counts what it brought."""
        expected = sum((row.actual if row.expected is None else row.expected for row in rows), ZERO)
        half = self._half([row.account_id for row in rows])
        came = sum((row.actual for row in rows), ZERO)
        wanted = [row.target for row in rows if row.target is not None]
        return GroupOutlook(
            name, len(rows), expected, *self._around(expected, half, came),
            sum((row.year_ago for row in rows), ZERO), sum(wanted, ZERO) if wanted else None,
        )  # fmt: skip

    def _account(self, name: Named) -> AccountOutlook | None:
        number, code, label, owner, group = name
        tested = self.read.tested.get(number, ())
        actual = sum((self._booked(number, month) for month in self.months), ZERO)
        year_ago = sum((self.before.get((number, month), ZERO) for month in self._year_ago), ZERO)
        wanted = [one for month in self.months if (one := self.wanted.get((number, month))) is not None]
        if not tested and not actual and not year_ago and not wanted:
            return None
        points = self.read.points.get(number, {})
        covered = all(month in points for month in self._open)
        expected = self._sum(number, 1) if covered else None
        half = self._half([number]) if covered else None
        return AccountOutlook(
            number, code, label, owner, group, expected, *self._around(expected, half, actual),
            actual, year_ago, sum(wanted, ZERO) if wanted else None,
            tested[0].method if tested else None, self._errors.get(number),
            len(self.read.overridden.get(number, frozenset()) & set(self._open)),
        )  # fmt: skip

    @cached_property
    def _year_ago(self) -> list[date]:
        return [add_months(month, -12) for month in self.months]

    @cached_property
    def _open(self) -> list[date]:
        return [month for month in self.months if month >= self.open_from]

    def _booked(self, number: int, month: date) -> Decimal:
        """What is known to have come of a month."""
        known = self.knows_bookings or month < self.open_from
        return self.sold.get((number, month), ZERO) if known else ZERO

    def _expected(self, number: int, month: date, which: int) -> Decimal:
        """Of a month that the version reaches: the forecast (0) or what an override makes of it (1)."""
        said = self.read.points[number][month][which]
        return max(said, self._booked(number, month)) if self.knows_bookings else said

    def _sum(self, number: int, which: int) -> Decimal:
        reached = self.read.points.get(number, {})
        over = sum((self._booked(number, month) for month in self.months if month < self.open_from), ZERO)
        return over + sum(
            (self._expected(number, month, which) for month in self._open if month in reached), ZERO
        )

    @cached_property
    def _tested(self) -> tuple[Tested, dict[int, list[int]]]:
        """Every series, and where those of each account stand."""
        series: list[BackTested] = []
        places: dict[int, list[int]] = {}
        for number, some in self.read.tested.items():
            places[number] = list(range(len(series), len(series) + len(some)))
            series.extend(some)
        return Tested(series), places

    @cached_property
    def _errors(self) -> dict[int, HorizonErrors]:
        tested, places = self._tested
        each = tested.overall()
        return {
            number: each[some[0]]
            if len(some) == 1
            else forecast_intervals.together(each[one] for one in some)
            for number, some in places.items()
        }

    def _width(self, numbers: Sequence[int], first: int, last: int) -> Decimal | None:
        tested, places = self._tested
        return tested.half_width([one for number in numbers for one in places.get(number, ())], first, last)

    def _half(self, numbers: Sequence[int]) -> Decimal | None:
        left = self._open
        if not left:
            return ZERO
        steps = [months_between(self.read.version.first_month, month) + 1 for month in (left[0], left[-1])]
        return self._width(numbers, steps[0], steps[1])

    def _around(
        self, expected: Decimal | None, half: Decimal | None, booked: Decimal
    ) -> tuple[Decimal | None, Decimal | None]:
        """The interval around what is expected; it does not begin below what is booked already."""
        if expected is None or half is None:
            return None, None
        low = expected - half
        return (max(low, min(booked, expected)) if self.knows_bookings else low), expected + half

    def _month(self, month: date, ids: Sequence[int]) -> MonthOutlook:
        reached = [one for one in ids if month in self.read.points.get(one, {})]
        wanted = [one for number in ids if (one := self.wanted.get((number, month))) is not None]
        step = months_between(self.read.version.first_month, month) + 1
        half = self._width(ids, step, step) if reached else None
        is_over, year_ago = month < first_of_month(clock.today()), add_months(month, -12)
        came = sum((self.sold.get((number, month), ZERO) for number in ids), ZERO)
        said = [sum((self._of_month(one, month, which) for one in reached), ZERO) for which in (0, 1)]
        booked = sum((self._booked(number, month) for number in ids), ZERO)
        expected = said[1] if reached else None
        return MonthOutlook(
            month, came if is_over else None, booked, expected, said[0] if reached else None,
            *self._around(expected, half, ZERO if is_over else booked),
            sum((self.before.get((number, year_ago), ZERO) for number in ids), ZERO),
            sum(wanted, ZERO) if wanted else None,
        )  # fmt: skip

    def _of_month(self, number: int, month: date, which: int) -> Decimal:
        """A month that is over keeps what was said of it: that is how far off it was."""
        is_over = month < self.open_from
        return self.read.points[number][month][which] if is_over else self._expected(number, month, which)
