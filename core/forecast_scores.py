"""What became of forecasts and overrides: frozen figures of months that have come since, against what came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import account_months, auth, clock, db, forecasts, revenue
from core import accounts as account_rows
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.forecast_accuracy import Errors, Month, measure, measured
from core.forecast_intervals import HORIZONS, HorizonErrors
from core.models import Account, ForecastOverride, ForecastPoint, ForecastSeries, ForecastVersion
from core.money import ZERO
from core.outlooks import Version
from core.periods import Period, add_months, first_of_month, months_between
from core.vocabulary import ForecastStatus, Permission

Cell = tuple[int, date]


@dataclass(frozen=True)
class Scores:
    """What frozen versions said ahead of the month, and what managers said over the newest of them."""

    by_horizon: tuple[HorizonErrors, ...]
    overrides: Errors  # of the months that were set over in time
    set_over: Errors  # what the newest forecast said of the same months


def frozen(session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS) -> Scores:
    """Errors of months that are over, by horizon, of versions made before the month was.

    A version that was made later knew what came and is left out. The yardstick is the same month of the last year
    that was known when the version begins. An override counts where it was recorded before its month began.
    """
    auth.require(actor, Permission.REVENUE_READ)
    this_month = first_of_month(clock.today())
    said = _said(session, actor, accounts, this_month)
    if not said:
        return Scores(tuple(HorizonErrors(one, Errors(), Errors()) for one in HORIZONS), Errors(), Errors())
    months = [month for _cell, month, *_rest in said]
    period = Period(add_months(min(months), -24), this_month)
    sold = account_months.amounts(revenue.net_months(session, actor, period))
    ours: dict[int, list[Month]] = {horizon: [] for horizon in HORIZONS}
    theirs: dict[int, list[Month]] = {horizon: [] for horizon in HORIZONS}
    newest: dict[Cell, tuple[datetime, Decimal]] = {}
    for account_id, month, first, made_at, mean, scale in said:
        step = months_between(first, month) + 1
        came = sold.get((account_id, month), ZERO)
        naive = sold.get((account_id, add_months(month, -12 * ((step + 11) // 12))), ZERO)
        if step in ours:
            ours[step].append((came, mean, scale))
            theirs[step].append((came, naive, scale))
        if (account_id, month) not in newest or newest[account_id, month][0] < made_at:
            newest[account_id, month] = (made_at, mean)
    by_horizon = tuple(HorizonErrors(step, measured(ours[step]), measured(theirs[step])) for step in HORIZONS)
    mine, machines = Errors(), Errors()
    for cell, amount in _overridden(session, actor, accounts).items():
        if cell in newest and cell[1] < this_month:
            came = sold.get(cell, ZERO)
            mine += measure([came], [amount])
            machines += measure([came], [newest[cell][1]])
    return Scores(by_horizon, mine, machines)


Said = tuple[int, date, date, datetime, Decimal, Decimal | None]


def _said(session: Session, actor: Actor, accounts: AccountFilter, before: date) -> list[Said]:
    query = (
        select(
            ForecastPoint.account_id, ForecastPoint.month, ForecastVersion.first_month, ForecastVersion.made_at,
            ForecastPoint.mean_amount, ForecastSeries.scale_amount,
        )
        .join(ForecastVersion, ForecastVersion.id == ForecastPoint.version_id)
        .join(
            ForecastSeries,
            (ForecastSeries.version_id == ForecastPoint.version_id)
            & (ForecastSeries.account_id == ForecastPoint.account_id),
        )
        .join(Account, Account.id == ForecastPoint.account_id)
        .where(auth.visible_accounts(actor), accounts.condition())
        .where(ForecastVersion.status == ForecastStatus.DONE, ForecastPoint.month < before)
    )  # fmt: skip
    rows = db.rows(session, query)
    return [
        (row[0], row[1], row[2], row[3], row[4], row[5])
        for row in rows
        if row[1] >= first_of_month(row[3].astimezone().date())
    ]


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
