"""What net revenue is expected to be: a frozen version beside what came, last year and the target.

A total is the sum over the accounts that the actor may see, whoever asks: it adds up with its rows and tells nothing
of others. Months that are over count as they came, later ones as the override says, else as forecast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, clock, forecast_intervals, revenue, targets
from core.auth import Actor
from core.errors import NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.forecast_intervals import BackTested, HorizonErrors
from core.language import _
from core.models import (
    Account,
    ForecastOverride,
    ForecastPoint,
    ForecastSeries,
    ForecastSum,
    ForecastVersion,
    Group,
    User,
)
from core.money import ZERO, ratio
from core.periods import Period, add_months, first_of_month, months_between
from core.revenue import Dimension
from core.vocabulary import ForecastMethod, ForecastStatus, Permission

COMPANY = 0


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
    expected: Decimal | None  # override or forecast; None: the version does not reach it
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
    actual: Decimal
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
class Outlook:
    """Where a year is expected to end, over the accounts that were asked for."""

    version: Version
    period: Period
    expected: Decimal
    machine: Decimal  # the same without overrides
    low: Decimal | None  # 80 % interval; None: too little history to say
    high: Decimal | None
    actual: Decimal  # of the months that are over
    year_ago: Decimal
    target: Decimal | None
    missing: int  # accounts with revenue that the version has no forecast for
    months: tuple[MonthOutlook, ...]
    rows: tuple[AccountOutlook, ...]

    @property
    def of_target(self) -> Decimal | None:
        return ratio(self.expected, self.target)


@dataclass(frozen=True)
class OwnSum:
    """The company's series carried on by itself, as a second opinion on the sum of the accounts."""

    method: ForecastMethod
    expected: Decimal


@dataclass(frozen=True)
class _Read:
    """What a version says of the visible accounts; what was merged stands under the account that was kept."""

    version: Version
    tested: Mapping[int, tuple[BackTested, ...]]
    points: Mapping[int, Mapping[date, tuple[Decimal, Decimal]]]  # machine, and with overrides
    overridden: Mapping[int, frozenset[date]]


def versions(session: Session, actor: Actor) -> tuple[Version, ...]:
    """The frozen versions, the newest first."""
    auth.require(actor, Permission.REVENUE_READ)
    done = select(ForecastVersion).where(ForecastVersion.status == ForecastStatus.DONE)
    rows = session.scalars(done.order_by(ForecastVersion.made_at.desc(), ForecastVersion.id.desc()))
    return tuple(
        Version(row.id, row.first_month, row.horizon, row.engine, row.made_by, row.made_at) for row in rows
    )


def version(session: Session, actor: Actor, version_id: int | None = None) -> Version | None:
    """The version of this id, or the newest; None where there is none yet."""
    found = versions(session, actor)
    if version_id is None:
        return found[0] if found else None
    known = {one.id: one for one in found}
    if version_id not in known:
        raise NotFound(_("There is no such forecast version."))
    return known[version_id]


def outlook(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    version_id: int | None = None,
    as_then: bool = False,
) -> Outlook | None:
    """Where a period of whole months is expected to end; None without a version.

    Months that are over count as they came; with `as_then` as the version said, from its first month on.
    """
    auth.require(actor, Permission.REVENUE_READ)
    chosen = version(session, actor, version_id)
    if chosen is None:
        return None
    read = _read(session, actor, chosen, accounts)
    months = period.months()
    open_from = chosen.first_month if as_then else max(chosen.first_month, first_of_month(clock.today()))
    sold = revenue.by(session, actor, period, Dimension.ACCOUNT, Dimension.MONTH, accounts=accounts)
    before = revenue.by(
        session, actor, period.shifted(-12), Dimension.ACCOUNT, Dimension.MONTH, accounts=accounts
    )
    wanted = targets.by(session, actor, period, Dimension.ACCOUNT, Dimension.MONTH, accounts=accounts)
    figures = _Figures(
        read, months, open_from,
        {key: one.net for key, one in sold.items()}, {key: one.net for key, one in before.items()},
        {key: one.net_revenue for key, one in wanted.items()},
    )  # fmt: skip
    return figures.outlook(period, _named(session, actor, accounts))


def company_series(session: Session, actor: Actor, version_id: int, period: Period) -> OwnSum | None:
    """The company's own series from the version's first month to the period's end; only for who sees every account."""
    auth.require(actor, Permission.REVENUE_READ)
    if not actor.sees_everything:
        return None
    chosen = version(session, actor, version_id)
    if chosen is None:
        return None
    first = max(chosen.first_month, first_of_month(clock.today()), period.start)
    rows = session.execute(
        select(ForecastSum.method, ForecastSum.mean_amount).where(
            ForecastSum.version_id == version_id, ForecastSum.group_id == COMPANY,
            ForecastSum.month >= first, ForecastSum.month < period.end,
        )
    ).all()  # fmt: skip
    if len(rows) < months_between(first, period.end) or not rows:
        return None
    sold = revenue.totals(session, actor, Period(period.start, first)).net if first > period.start else ZERO
    return OwnSum(rows[0].method, sold + sum((row.mean_amount for row in rows), ZERO))


def back_test(
    session: Session, actor: Actor, version_id: int, accounts: AccountFilter = ALL_ACCOUNTS
) -> tuple[HorizonErrors, ...]:
    """How far the chosen methods would have been off from earlier months on, by horizon, beside the yardstick."""
    auth.require(actor, Permission.REVENUE_READ)
    chosen = version(session, actor, version_id)
    if chosen is None:
        return ()
    read = _read(session, actor, chosen, accounts)
    return forecast_intervals.by_horizon(one for some in read.tested.values() for one in some)


def _read(session: Session, actor: Actor, chosen: Version, accounts: AccountFilter) -> _Read:
    kept = _kept(session, actor, accounts)
    tested: dict[int, list[BackTested]] = {}
    for row in session.execute(
        select(
            ForecastSeries.account_id, ForecastSeries.method, ForecastSeries.months_known,
            ForecastSeries.scale_amount, ForecastSeries.back_test,
        ).where(ForecastSeries.version_id == chosen.id)
        .join(Account, Account.id == ForecastSeries.account_id).where(auth.readable_accounts(actor))
    ):  # fmt: skip
        if row.account_id in kept:
            tested.setdefault(kept[row.account_id], []).append(BackTested(*row))
    over = overrides_in_force(session, actor)
    points: dict[int, dict[date, tuple[Decimal, Decimal]]] = {}
    marked: dict[int, set[date]] = {}
    for account_id, month, mean in session.execute(
        select(ForecastPoint.account_id, ForecastPoint.month, ForecastPoint.mean_amount)
        .join(Account, Account.id == ForecastPoint.account_id)
        .where(ForecastPoint.version_id == chosen.id, auth.readable_accounts(actor))
    ):
        if account_id not in kept:
            continue
        place = points.setdefault(kept[account_id], {})
        machine, expected = place.get(month, (ZERO, ZERO))
        own = over.get((account_id, month))
        if own is not None:
            marked.setdefault(kept[account_id], set()).add(month)
        place[month] = machine + mean, expected + (mean if own is None else own)
    return _Read(
        chosen,
        {key: tuple(some) for key, some in tested.items()},
        points,
        {key: frozenset(some) for key, some in marked.items()},
    )


def _kept(session: Session, actor: Actor, accounts: AccountFilter) -> dict[int, int]:
    """Wanted accounts and those merged into them, each with the account that it stands for."""
    visible = select(Account.id).where(auth.visible_accounts(actor), accounts.condition())
    found = {one: one for one in session.scalars(visible)}
    merged = select(Account.id, Account.merged_into_id).where(Account.merged_into_id.is_not(None))
    found |= {
        one: kept
        for one, kept in session.execute(merged.where(auth.readable_accounts(actor)))
        if kept in found
    }
    return found


def overrides_in_force(
    session: Session, actor: Actor, *, before: datetime | None = None
) -> dict[tuple[int, date], Decimal]:
    """The newest override of each account and month that is not withdrawn."""
    auth.require(actor, Permission.REVENUE_READ)
    query = (
        select(ForecastOverride.account_id, ForecastOverride.month, ForecastOverride.amount)
        .join(Account, Account.id == ForecastOverride.account_id)
        .where(auth.readable_accounts(actor), ForecastOverride.withdrawn_at.is_(None))
        .order_by(ForecastOverride.number)
    )
    if before is not None:
        query = query.where(ForecastOverride.recorded_at < before)
    return {(account_id, month): amount for account_id, month, amount in session.execute(query)}


Named = tuple[int, str, str, str | None, str | None]


def _named(session: Session, actor: Actor, accounts: AccountFilter) -> list[Named]:
    rows = session.execute(
        select(Account.id, Account.code, Account.name, User.name, Group.name)
        .outerjoin(User, User.id == Account.owner_id)
        .outerjoin(Group, Group.id == Account.group_id)
        .where(auth.visible_accounts(actor), accounts.condition())
        .order_by(Account.code)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


@dataclass(frozen=True)
class _Figures:
    """Everything that an outlook is made of, by account and month."""

    read: _Read
    months: Sequence[date]
    open_from: date
    sold: Mapping[Any, Decimal]
    before: Mapping[Any, Decimal]
    wanted: Mapping[Any, Decimal | None]

    def outlook(self, period: Period, names: Sequence[Named]) -> Outlook:
        rows = tuple(row for name in names if (row := self._account(name)) is not None)
        ids = [row.account_id for row in rows]
        months = tuple(self._month(month, ids) for month in self.months)
        known = [row for row in rows if row.expected is not None]
        half = self._half([one for row in rows for one in self.read.tested.get(row.account_id, ())])
        expected = sum((row.expected or ZERO for row in known), ZERO)
        machine = sum((self._sum(row.account_id, 0) for row in known), ZERO)
        wanted = [row.target for row in rows if row.target is not None]
        return Outlook(
            self.read.version, period, expected, machine,
            None if half is None else expected - half, None if half is None else expected + half,
            sum((row.actual for row in rows), ZERO), sum((row.year_ago for row in rows), ZERO),
            sum(wanted, ZERO) if wanted else None, len(rows) - len(known), months, rows,
        )  # fmt: skip

    def _account(self, name: Named) -> AccountOutlook | None:
        number, code, label, owner, group = name
        tested = self.read.tested.get(number, ())
        actual = sum((self.sold.get((number, month), ZERO) for month in self._over()), ZERO)
        year_ago = sum(
            (self.before.get((number, add_months(month, -12)), ZERO) for month in self.months), ZERO
        )
        wanted = [one for month in self.months if (one := self.wanted.get((number, month))) is not None]
        if not tested and not actual and not year_ago and not wanted:
            return None
        points = self.read.points.get(number, {})
        covered = all(month in points for month in self._open())
        expected = self._sum(number, 1) if covered else None
        half = self._half(tested) if covered else None
        return AccountOutlook(
            number, code, label, owner, group, expected,
            None if half is None or expected is None else expected - half,
            None if half is None or expected is None else expected + half,
            actual, year_ago, sum(wanted, ZERO) if wanted else None,
            tested[0].method if tested else None, forecast_intervals.overall(tested) if tested else None,
            len(self.read.overridden.get(number, frozenset()) & set(self._open())),
        )  # fmt: skip

    def _over(self) -> list[date]:
        return [month for month in self.months if month < self.open_from]

    def _open(self) -> list[date]:
        return [month for month in self.months if month >= self.open_from]

    def _sum(self, number: int, which: int) -> Decimal:
        points = self.read.points.get(number, {})
        over = sum((self.sold.get((number, month), ZERO) for month in self._over()), ZERO)
        return over + sum((points[month][which] for month in self._open() if month in points), ZERO)

    def _half(self, tested: Sequence[BackTested]) -> Decimal | None:
        left = self._open()
        if not left:
            return ZERO
        steps = [months_between(self.read.version.first_month, month) + 1 for month in (left[0], left[-1])]
        return forecast_intervals.half_width(tested, steps[0], steps[1])

    def _month(self, month: date, ids: Sequence[int]) -> MonthOutlook:
        points = [self.read.points[one][month] for one in ids if month in self.read.points.get(one, {})]
        wanted = [one for number in ids if (one := self.wanted.get((number, month))) is not None]
        step = months_between(self.read.version.first_month, month) + 1
        tested = [one for number in ids for one in self.read.tested.get(number, ())]
        half = forecast_intervals.half_width(tested, step, step) if points else None
        expected = sum((one[1] for one in points), ZERO) if points else None
        is_over = month < first_of_month(clock.today())
        came = sum((self.sold.get((number, month), ZERO) for number in ids), ZERO)
        return MonthOutlook(
            month, came if is_over else None, expected,
            sum((one[0] for one in points), ZERO) if points else None,
            None if half is None or expected is None else expected - half,
            None if half is None or expected is None else expected + half,
            sum((self.before.get((number, add_months(month, -12)), ZERO) for number in ids), ZERO),
            sum(wanted, ZERO) if wanted else None,
        )  # fmt: skip
