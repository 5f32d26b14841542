"""Making a forecast version: one run at a time, beside the pages, frozen once it is done.

Every account is carried on, whoever starts the run: what somebody may read of it is asked where it is read. The
points are written in one transaction at the end, so that a run that is broken off leaves nothing half written.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import metadata
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import audit, auth, clock, config
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.forecast_accuracy import scale_of
from core.forecast_methods import Carried, Origin
from core.language import _
from core.models import (
    Account,
    AccountDay,
    AccountMonth,
    ForecastPoint,
    ForecastSeries,
    ForecastSum,
    ForecastVersion,
)
from core.money import MONEY_SCALE, ZERO, round_money
from core.periods import add_months, first_of_month, months_between
from core.vocabulary import ForecastStatus, Permission

HORIZON = 12
LONGEST = 24
COMPANY = 0  # the group of the company's own series
_SILENT = timedelta(minutes=10)  # a run that gave no sign of life for longer has died
_WEEKEND = 5  # days without a booking at the end of a month that is complete all the same

Key = tuple[str, int]  # ("account", id) or ("group", id)
_processes: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Known:
    """What was known when a version was made: every series up to its first forecast month."""

    version_id: int
    first_month: date
    horizon: int
    series: Mapping[Key, tuple[Decimal, ...]]


@dataclass(frozen=True)
class Run:
    """How the newest run stands."""

    version_id: int
    status: ForecastStatus
    share: float  # of the series that are done
    started_at: datetime
    problem: str


def start(session: Session, actor: Actor, *, on: date | None = None, horizon: int = HORIZON) -> int:
    """Open a new version, to be filled by `known` and `finish`; returns its id.

    Only days before the month of `on` are known to it; without it, before the month after the newest complete one.
    """
    auth.require(actor, Permission.FORECAST_RUN)
    if not 1 <= horizon <= LONGEST:
        raise Invalid(_("Forecast between 1 and {longest} months ahead.").format(longest=LONGEST))
    now = clock.now()
    _bury(session, now)
    version = ForecastVersion(
        first_month=_first_month(session, on), horizon=horizon, status=ForecastStatus.RUNNING, running=1,
        engine=f"statsmodels {metadata.version('statsmodels')}", problem="", made_by=actor.username,
        user_id=actor.user_id, made_at=now, heard_at=now, finished_at=None,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(version)
            session.flush()
    except IntegrityError as error:
        raise Conflict(_("A forecast is being made already. Wait until it is done.")) from error
    audit.record(session, actor, "forecast:start", _subject(version))
    return version.id


def known(session: Session, actor: Actor, version_id: int) -> Known:
    """Every account's and every group's series up to the version's first month, zeros where nothing was booked."""
    auth.require(actor, Permission.FORECAST_RUN)
    version = _running(session, version_id)
    rows = session.execute(
        select(AccountMonth.account_id, AccountMonth.month, AccountMonth.net_amount)
        .join(Account, Account.id == AccountMonth.account_id)
        .where(AccountMonth.month < version.first_month, Account.merged_into_id.is_(None))
    )
    amounts: dict[Key, dict[date, Decimal]] = {}
    groups = {row.id: row.group_id for row in session.execute(select(Account.id, Account.group_id))}
    for account_id, month, net in rows:
        keys: list[Key] = [("account", account_id), ("group", COMPANY)]
        if (group := groups.get(account_id)) is not None:
            keys.append(("group", group))
        for key in keys:
            months = amounts.setdefault(key, {})
            months[month] = months.get(month, ZERO) + net
    series = {key: _filled(months, version.first_month) for key, months in amounts.items()}
    if not series:
        raise Invalid(_("There is nothing to carry on: no revenue is booked before {month}.").format(
            month=f"{version.first_month:%Y-%m}"))  # fmt: skip
    return Known(version.id, version.first_month, version.horizon, series)


def note(session: Session, actor: Actor, version_id: int, done: int, total: int) -> None:
    """Say how far the run is: its sign of life. Raises Conflict where the run was given up meanwhile."""
    auth.require(actor, Permission.FORECAST_RUN)
    version = _running(session, version_id)
    version.series_done, version.series_total, version.heard_at = done, total, clock.now()
    session.flush()


def finish(session: Session, actor: Actor, found: Known, carried: Mapping[Key, Carried]) -> None:
    """Write the version, once: from here on it is frozen."""
    auth.require(actor, Permission.FORECAST_RUN)
    version = _running(session, found.version_id)
    write(session, actor, found, carried)
    version.status, version.running = ForecastStatus.DONE, None
    version.finished_at = version.heard_at = clock.now()
    version.series_done = version.series_total = len(found.series)
    session.flush()
    audit.record(session, actor, "forecast:make", _subject(version), {"horizon": (None, version.horizon)})


def write(session: Session, actor: Actor, found: Known, carried: Mapping[Key, Carried]) -> None:
    """The rows of a version: series and points of accounts, sums of groups and the company."""
    auth.require(actor, Permission.FORECAST_RUN)
    months = [add_months(found.first_month, step) for step in range(found.horizon)]
    series, points, sums = [], [], []
    for (kind, number), one in carried.items():
        rows = [
            _amounts(month, mean, half)
            for month, mean, half in zip(months, one.mean, one.spread, strict=True)
        ]
        if kind == "account":
            before = found.series[kind, number]
            series.append(_series(found.version_id, number, one, before))
            points += [{"account_id": number, "version_id": found.version_id, **row} for row in rows]
        else:
            key = {"version_id": found.version_id, "group_id": number, "method": one.method}
            sums += [{**key, **row} for row in rows]
    for table, lines in ((ForecastSeries, series), (ForecastPoint, points), (ForecastSum, sums)):
        if lines:
            session.execute(insert(table), lines)


def fail(session: Session, actor: Actor, version_id: int, problem: str) -> None:
    """Say why the run ended without a version."""
    auth.require(actor, Permission.FORECAST_RUN)
    version = session.get(ForecastVersion, version_id)
    if version is None or version.status is not ForecastStatus.RUNNING:
        return
    version.status, version.running, version.problem = ForecastStatus.FAILED, None, problem
    version.finished_at = clock.now()
    session.flush()
    audit.record(session, actor, "forecast:fail", _subject(version))


def latest(session: Session, actor: Actor) -> Run | None:
    """How the newest run stands; one that gave no sign of life for ten minutes has failed."""
    auth.require(actor, Permission.REVENUE_READ)
    row = session.scalar(select(ForecastVersion).order_by(ForecastVersion.id.desc()).limit(1))
    if row is None:
        return None
    silent = row.status is ForecastStatus.RUNNING and row.heard_at < clock.now() - _SILENT
    status = ForecastStatus.FAILED if silent else row.status
    share = row.series_done / row.series_total if row.series_total else 0.0
    return Run(row.id, status, round(share, 2), row.made_at, _died() if silent else row.problem)


def launch(actor: Actor, version_id: int) -> None:
    """Fill the version in a process of its own, so that pages stay quick; it outlives whoever started it."""
    _processes[:] = [one for one in _processes if one.poll() is None]  # the ended ones are let go
    command = [sys.executable, "-m", "core", "forecast", "run", "--version", str(version_id)]
    who = [] if actor.user_id is None else ["--as", actor.username]
    started = subprocess.Popen(
        [*command, *who], cwd=config.ROOT, env=dict(os.environ), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    _processes.append(started)


def carry_all(
    found: Known, progress: Callable[[int, int], None], *, workers: int | None = None
) -> dict[Key, Carried]:
    """Carry every series on, by two processes where there are many."""
    from core import forecast_pool

    return forecast_pool.carry_all(found.series, found.horizon, progress, workers=workers)


def _first_month(session: Session, on: date | None) -> date:
    if on is not None:
        return first_of_month(on)
    today = clock.today()
    month = session.scalar(select(func.max(AccountMonth.month)).where(AccountMonth.month <= today))
    if month is None:
        raise Invalid(_("There is nothing to carry on: no revenue is booked yet. Import orders first."))
    if months_between(month, first_of_month(today)) == 0:
        return first_of_month(today)
    end = add_months(month, 1)
    last = session.scalar(select(func.max(AccountDay.booked_on)).where(AccountDay.month == month))
    complete = last is None or (end - last).days <= _WEEKEND
    return end if complete else month


def _bury(session: Session, now: datetime) -> None:
    dead = ForecastVersion.running == 1, ForecastVersion.heard_at < now - _SILENT
    gone = {"status": ForecastStatus.FAILED, "running": None, "problem": _died(), "finished_at": now}
    session.execute(update(ForecastVersion).where(*dead).values(gone))


def _died() -> str:
    return _("The run broke off without a word, perhaps because the machine was stopped. Start it again.")


def _running(session: Session, version_id: int) -> ForecastVersion:
    version = session.get(ForecastVersion, version_id)
    if version is None:
        raise NotFound(_("There is no such forecast version."))
    if version.status is not ForecastStatus.RUNNING:
        raise Conflict(_("This forecast version is not being made any more: nothing of it changes."))
    return version


def _filled(months: Mapping[date, Decimal], end: date) -> tuple[Decimal, ...]:
    first = min(months)
    return tuple(months.get(add_months(first, step), ZERO) for step in range(months_between(first, end)))


def _series(version_id: int, account_id: int, one: Carried, before: Sequence[Decimal]) -> dict[str, Any]:
    scale = scale_of(before)
    return {
        "account_id": account_id, "version_id": version_id, "method": one.method, "months_known": len(before),
        "scale_amount": None if scale is None else round_money(scale),
        "back_test": [_origin(origin) for origin in one.origins],
    }  # fmt: skip


def _origin(one: Origin) -> list[Any]:
    """As the store keeps it: whole ten-thousandths."""
    columns = (one.actual, one.forecast, one.yardstick)
    kept = [[None if value is None else round(value * MONEY_SCALE) for value in column] for column in columns]
    return [one.back, *kept]


def _amounts(month: date, mean: float, spread: float | None) -> dict[str, Any]:
    middle = _money(mean)
    half = None if spread is None else _money(spread)
    return {
        "month": month,
        "mean_amount": middle,
        "low_amount": None if half is None else middle - half,
        "high_amount": None if half is None else middle + half,
    }


def _money(value: float) -> Decimal:
    return round_money(Decimal(repr(float(value))))


def _subject(version: ForecastVersion) -> Subject:
    return Subject("forecast", str(version.id), f"{version.first_month:%Y-%m}")
