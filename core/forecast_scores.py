"""What became of forecasts and overrides: frozen figures of months that have come since, against what came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import account_months, audit, auth, clock, db, forecasts, parts
from core import accounts as account_rows
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.forecast_accuracy import Errors, measure, measured
from core.forecast_intervals import HORIZONS, HorizonErrors
from core.models import Account, ForecastOverride, ForecastPoint, ForecastSeries
from core.money import MONEY_SCALE
from core.outlooks import Version
from core.periods import Period, add_months, first_of_month, months_between
from core.vocabulary import Permission

Cell = tuple[int, date]
_MONEY = Decimal(MONEY_SCALE)


@dataclass(frozen=True)
class Scores:
    """What frozen versions said ahead of the month, and what managers said over the newest of them."""

    by_horizon: tuple[HorizonErrors, ...]
    overrides: Errors  # of the months that were set over in time
    set_over: Errors  # what the newest forecast said of the same months


@audit.unmoved_by(*audit.BESIDE_REVENUE, "product", "target")
def frozen(session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS) -> Scores:
    """Errors of months that are over, by horizon, of versions made before the month was.

    A version that was made later knew what came and is left out. The yardstick is the same month of the last year
    that was known when the version begins. An override counts where it was recorded before its month began.
    """
    auth.require(actor, Permission.REVENUE_READ)
    said = parts.ask(session, actor, _said, accounts)
    if said is None:
        return Scores(tuple(HorizonErrors(one, Errors(), Errors()) for one in HORIZONS), Errors(), Errors())
    table = parts.ask(session, actor, account_months.nets, said.period, accounts)
    sold = table.at(said.places, len(said.places)).amounts.ravel().tolist()
    by_horizon = []
    for step in HORIZONS:
        rows = said.by_horizon[step]
        ours = measured((Decimal(sold[row.came]) / _MONEY, row.mean, row.scale) for row in rows)
        theirs = measured(
            (Decimal(sold[row.came]) / _MONEY, Decimal(sold[row.naive]) / _MONEY, row.scale) for row in rows
        )
        by_horizon.append(HorizonErrors(step, ours, theirs))
    mine, machines = Errors(), Errors()
    for cell, amount, mean in said.set_over:
        came = Decimal(sold[cell]) / _MONEY
        mine += measure([came], [amount])
        machines += measure([came], [mean])
    return Scores(tuple(by_horizon), mine, machines)


class _Row(NamedTuple):
    """What a version said of a month, and in which cells of the table stand what came and the yardstick."""

    came: int
    naive: int
    mean: Decimal
    scale: Decimal | None


@dataclass(frozen=True)
class _Said:
    """What was said ahead of months that are over, and where in a table of accounts and months to look what came."""

    period: Period
    places: Mapping[int, int]  # rows of the table by account
    by_horizon: Mapping[int, Sequence[_Row]]
    set_over: Sequence[tuple[int, Decimal, Decimal]]  # cell, override and what the newest version said


@audit.unmoved_by(*audit.BESIDE_REVENUE, "order", "product", "target")
def _said(session: Session, actor: Actor, accounts: AccountFilter) -> _Said | None:
    """All that the errors are made of beside what came, which moves far more often; None where nothing was said."""
    auth.require(actor, Permission.REVENUE_READ)
    this_month = first_of_month(clock.today())
    scales = _scales(session, actor, accounts)
    said = _points(session, actor, accounts, this_month)
    points = [one for one in said if (one.account_id, one.version.id) in scales]
    if not points:
        return None
    period = Period(add_months(min(point.month for point in points), -24), this_month)
    width = len(period.months())
    over = _overridden(session, actor, accounts)
    places: dict[int, int] = {}
    by_horizon: dict[int, list[_Row]] = {horizon: [] for horizon in HORIZONS}
    newest: dict[Cell, tuple[datetime, int, Decimal]] = {}
    for account_id, version, month, mean in points:
        came = places.setdefault(account_id, len(places)) * width + months_between(period.start, month)
        step = months_between(version.first_month, month) + 1
        if step in by_horizon:
            naive = came - 12 * ((step + 11) // 12)
            by_horizon[step].append(_Row(came, naive, mean, scales[account_id, version.id]))
        cell = account_id, month
        if cell in over and (cell not in newest or newest[cell][0] < version.made_at):
            newest[cell] = version.made_at, came, mean
    set_over = [(newest[cell][1], own, newest[cell][2]) for cell, own in over.items() if cell in newest]
    return _Said(period, places, by_horizon, set_over)


class _Point(NamedTuple):
    account_id: int
    version: Version
    month: date
    mean: Decimal


def _points(session: Session, actor: Actor, accounts: AccountFilter, before: date) -> Iterator[_Point]:
    """What versions said before the month was, by account, version and month."""
    versions = {one.id: one for one in forecasts.versions(session, actor)}
    query = account_months.packed(
        ForecastPoint.account_id, ForecastPoint.month, ForecastPoint.version_id, ForecastPoint.mean_amount
    )
    query = query.join(Account, Account.id == ForecastPoint.account_id).where(
        auth.visible_accounts(actor), accounts.condition(), ForecastPoint.month < before,
        ForecastPoint.version_id.in_(versions),
    )  # fmt: skip
    first = {one.id: first_of_month(one.made_at.astimezone().date()) for one in versions.values()}
    for account_id, text in sorted(db.rows(session, query)):
        pieces = (piece.split(" ") for piece in text.split(","))
        for version_id, day, mean in sorted((int(one[1]), one[0], int(one[2])) for one in pieces):
            month = date.fromisoformat(day)
            if month >= first[version_id]:
                yield _Point(account_id, versions[version_id], month, Decimal(mean) / _MONEY)


def _scales(session: Session, actor: Actor, accounts: AccountFilter) -> dict[tuple[int, int], Decimal | None]:
    query = select(ForecastSeries.account_id, ForecastSeries.version_id, ForecastSeries.scale_amount)
    query = query.join(Account, Account.id == ForecastSeries.account_id)
    query = query.where(auth.visible_accounts(actor), accounts.condition())
    return {(row[0], row[1]): row[2] for row in db.rows(session, query)}


def _overridden(session: Session, actor: Actor, accounts: AccountFilter) -> dict[Cell, Decimal]:
    """What was in force when its month began: recorded before it, and not withdrawn before it either."""
    rows = session.execute(
        select(
            ForecastOverride.account_id, ForecastOverride.month, ForecastOverride.amount,
            ForecastOverride.recorded_at, ForecastOverride.withdrawn_at,
        )
        .join(Account, Account.id == ForecastOverride.account_id)
        .where(auth.visible_accounts(actor), accounts.condition())
        .order_by(ForecastOverride.number)
    )  # fmt: skip
    found = {}
    for account_id, month, amount, recorded_at, withdrawn_at in rows:
        began = datetime(month.year, month.month, 1, tzinfo=UTC)
        if recorded_at < began and (withdrawn_at is None or withdrawn_at >= began):
            found[account_id, month] = amount
    return found


@dataclass(frozen=True)
class PastFigure:
    """What one version said of one month."""

    version: Version
    month: date
    mean: Decimal
    low: Decimal | None
    high: Decimal | None


def said_of(session: Session, actor: Actor, account_id: int) -> tuple[PastFigure, ...]:
    """Every figure of every version for one account, as it was frozen."""
    auth.require(actor, Permission.REVENUE_READ)
    account = account_rows.access(session, actor, account_id)
    known = {one.id: one for one in forecasts.versions(session, actor)}
    rows = session.scalars(
        select(ForecastPoint)
        .where(ForecastPoint.account_id == account.id)
        .order_by(ForecastPoint.version_id, ForecastPoint.month)
    )
    return tuple(
        PastFigure(known[row.version_id], row.month, row.mean_amount, row.low_amount, row.high_amount)
        for row in rows
        if row.version_id in known
    )
