"""What an outlook is made of, and how forecasts, overrides and what is booked already become one figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from itertools import chain, compress

import numpy as np

from core import account_months, clock
from core.account_months import Amounts, Mask, Table
from core.forecast_intervals import HorizonErrors, Tested
from core.money import ZERO, ratio
from core.periods import Period, first_of_month
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
class HalfWidths:
    """Half the intervals of what is open; those of months for each month that the version reaches."""

    accounts: Sequence[Decimal | None]
    groups: Mapping[str | None, Decimal | None]
    whole: Decimal | None
    months: Sequence[Decimal | None]

    @classmethod
    def of(
        cls, tested: Tested, series: Sequence[Sequence[int]], groups: Sequence[str | None],
        steps: Sequence[int], is_open: Sequence[bool],
    ) -> HalfWidths:  # fmt: skip
        """From the series and group of each account; of months, how far ahead they are and whether they are open."""
        everything = list(chain.from_iterable(series))
        together: dict[str | None, list[int]] = {}
        for group, some in zip(groups, series, strict=True):
            together.setdefault(group, []).extend(some)
        wanted = [everything, *together.values(), *series]
        left = list(compress(steps, is_open))
        whole, *rest = tested.half_widths(wanted, left[0], left[-1]) if left else [ZERO] * len(wanted)
        months = [tested.half_widths([everything], one, one)[0] if one > 0 else None for one in steps]
        return cls(rest[len(together) :], dict(zip(together, rest, strict=False)), whole, months)


@dataclass(frozen=True)
class Said:
    """What a version, its overrides and targets say of accounts and months, whatever is booked: a row an account.

    What was merged stands with the account that was kept.
    """

    version: Version
    open_from: date
    names: Sequence[Named]
    methods: Sequence[ForecastMethod | None]  # None: the version has no series of the account
    errors: Sequence[HorizonErrors | None]
    overridden: Sequence[int]  # open months
    half_widths: HalfWidths
    machine: Table  # known where the version reaches
    expected: Table  # the same with overrides
    wanted: Table


@dataclass(frozen=True)
class Figures:
    """Everything that an outlook is made of, by account and month.

    An open month counts as expected, but never for less than is booked in it already: what came is no guess.
    """

    said: Said
    months: Sequence[date]
    sold: Amounts
    before: Amounts  # a year earlier
    knows_bookings: bool = True  # of the open months; False: as the version said when it was made

    def outlook(self, period: Period) -> Outlook:
        listed = np.flatnonzero(self._listed).tolist()
        rows = tuple(self._account(place) for place in listed)
        whole = self._together(None, rows, self.said.half_widths.whole)
        machine = self._ends(self.said.machine)
        ends = (
            row.actual if row.expected is None else machine[place]
            for place, row in zip(listed, rows, strict=True)
        )
        return Outlook(
            self.said.version, period, whole.expected, sum(ends, ZERO), whole.low, whole.high,
            sum((row.actual for row in rows), ZERO), whole.year_ago, whole.target,
            sum(row.expected is None for row in rows), self._months(), rows, self._groups(rows),
        )  # fmt: skip

    def _groups(self, rows: Sequence[AccountOutlook]) -> tuple[GroupOutlook, ...]:
        found: dict[str | None, list[AccountOutlook]] = {}
        for row in rows:
            found.setdefault(row.group, []).append(row)
        halves = self.said.half_widths.groups
        groups = (self._together(name, some, halves[name]) for name, some in found.items())
        return tuple(sorted(groups, key=lambda one: (-one.expected, one.name or "")))

    def _together(
        self, name: str | None, rows: Sequence[AccountOutlook], half: Decimal | None
    ) -> GroupOutlook:
        """Accounts added up; of one without a forecast counts what it brought."""
        expected = sum((row.actual if row.expected is None else row.expected for row in rows), ZERO)
        came = sum((row.actual for row in rows), ZERO)
        wanted = [row.target for row in rows if row.target is not None]
        return GroupOutlook(
            name, len(rows), expected, *self._around(expected, half, came),
            sum((row.year_ago for row in rows), ZERO), sum(wanted, ZERO) if wanted else None,
        )  # fmt: skip

    def _account(self, place: int) -> AccountOutlook:
        said, columns = self.said, self._columns
        number, code, label, owner, group = said.names[place]
        actual = columns.actual[place]
        expected = columns.expected[place] if columns.is_covered[place] else None
        return AccountOutlook(
            number, code, label, owner, group, expected,
            *self._around(expected, said.half_widths.accounts[place], actual), actual, columns.year_ago[place],
            columns.target[place] if columns.has_target[place] else None, said.methods[place], said.errors[place],
            said.overridden[place],
        )  # fmt: skip

    @cached_property
    def _columns(self) -> _Columns:
        said = self.said
        return _Columns(
            expected=self._ends(said.expected),
            is_covered=np.all(said.machine.known[:, ~self._is_over], axis=1),
            actual=account_months.sums(self._booked, axis=1),
            year_ago=account_months.sums(self.before, axis=1),
            target=account_months.sums(said.wanted.amounts, axis=1),
            has_target=np.any(said.wanted.known, axis=1),
        )

    @cached_property
    def _listed(self) -> Mask:
        """Accounts of which there is anything to tell."""
        tested = np.array([method is not None for method in self.said.methods], dtype=np.bool_)
        came = (self._booked.sum(axis=1) != 0) | (self.before.sum(axis=1) != 0)
        listed: Mask = tested | came | self.said.wanted.known.any(axis=1)
        return listed

    @cached_property
    def _is_over(self) -> Mask:
        return np.array([month < self.said.open_from for month in self.months], dtype=np.bool_)

    @cached_property
    def _booked(self) -> Amounts:
        """What is known to have come."""
        return self.sold if self.knows_bookings else np.where(self._is_over, self.sold, 0)

    def _reached(self, table: Table) -> Amounts:
        """What is said of each month; a month that is over keeps it: that is how far off it was."""
        least = np.where(self._is_over, table.amounts, self._booked)
        said = np.maximum(table.amounts, least) if self.knows_bookings else table.amounts
        return np.where(table.known, said, 0)

    def _ends(self, table: Table) -> list[Decimal]:
        """Of each account what came and what is said of the months that are open."""
        return account_months.sums(np.where(self._is_over, self._booked, self._reached(table)), axis=1)

    def _around(
        self, expected: Decimal | None, half: Decimal | None, booked: Decimal
    ) -> tuple[Decimal | None, Decimal | None]:
        """The interval around what is expected; it does not begin below what is booked already."""
        if expected is None or half is None:
            return None, None
        low = expected - half
        return (max(low, min(booked, expected)) if self.knows_bookings else low), expected + half

    def _months(self) -> tuple[MonthOutlook, ...]:
        said, this_month = self.said, first_of_month(clock.today())
        tables = (self.sold, self._booked, self.before, said.wanted.amounts,
                  self._reached(said.machine), self._reached(said.expected))  # fmt: skip
        sums = zip(*(account_months.sums(one[self._listed], axis=0) for one in tables), strict=True)
        knows = (np.any(one.known[self._listed], axis=0) for one in (said.machine, said.wanted))
        found = []
        for month, half, is_reached, has_target, (came, booked, year_ago, target, machine, expected) in zip(
            self.months, said.half_widths.months, *knows, sums, strict=True
        ):
            is_over = month < this_month
            end = expected if is_reached else None
            found.append(
                MonthOutlook(
                    month, came if is_over else None, booked, end, machine if is_reached else None,
                    *self._around(end, half, ZERO if is_over else booked), year_ago, target if has_target else None,
                )
            )  # fmt: skip
        return tuple(found)


@dataclass(frozen=True)
class _Columns:
    """Sums over the months, a place an account."""

    expected: Sequence[Decimal]
    is_covered: Mask  # the version reaches every open month
    actual: Sequence[Decimal]
    year_ago: Sequence[Decimal]
    target: Sequence[Decimal]
    has_target: Mask
