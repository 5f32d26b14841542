"""What net revenue is expected to be: a frozen version beside what came, last year and the target.

A total is the sum over the accounts that the actor may see, whoever asks: it adds up with its rows and tells nothing
of others. Months that are over count as they came, later ones as the override says, else as forecast, and never for
less than is booked in them already.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from threading import Lock
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import account_months, audit, auth, clock, config, db, forecast_intervals, revenue, targets
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
from core.money import ZERO
from core.outlooks import Figures, Named, Outlook, OwnSum, Read, Version
from core.periods import Period, first_of_month, months_between
from core.revenue import Dimension
from core.vocabulary import ForecastStatus, Permission

COMPANY = 0


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


@audit.unmoved_by(*audit.BESIDE_REVENUE, "product")
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
    figures = Figures(
        read, months, open_from,
        sold=account_months.amounts(revenue.net_months(session, actor, period, accounts)),
        before=account_months.amounts(revenue.net_months(session, actor, period.shifted(-12), accounts)),
        wanted=account_months.amounts(targets.net_months(session, actor, period, accounts)), knows_bookings=not as_then,
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
        select(ForecastSum.month, ForecastSum.method, ForecastSum.mean_amount).where(
            ForecastSum.version_id == version_id, ForecastSum.group_id == COMPANY,
            ForecastSum.month >= first, ForecastSum.month < period.end,
        )
    ).all()  # fmt: skip
    if len(rows) < months_between(first, period.end) or not rows:
        return None
    sold = {month: one.net for (month,), one in revenue.by(session, actor, period, Dimension.MONTH).items()}
    over = sum((net for month, net in sold.items() if month < first), ZERO)
    return OwnSum(
        rows[0].method, over + sum((max(row.mean_amount, sold.get(row.month, ZERO)) for row in rows), ZERO)
    )


def back_test(
    session: Session, actor: Actor, version_id: int, accounts: AccountFilter = ALL_ACCOUNTS
) -> tuple[HorizonErrors, ...]:
    """How far the chosen methods would have been off from earlier months on, by horizon, beside the yardstick."""
    auth.require(actor, Permission.REVENUE_READ)
    chosen = version(session, actor, version_id)
    if chosen is None:
        return ()
    kept = _kept(session, actor, accounts)
    return forecast_intervals.by_horizon(
        one for some in _tested(session, chosen, kept).values() for one in some
    )


def _read(session: Session, actor: Actor, chosen: Version, accounts: AccountFilter) -> Read:
    kept = _kept(session, actor, accounts)
    over = overrides_in_force(session, actor)
    points: dict[int, dict[date, tuple[Decimal, Decimal]]] = {}
    marked: dict[int, set[date]] = {}
    query = account_months.packed(ForecastPoint.account_id, ForecastPoint.month, ForecastPoint.mean_amount)
    query = query.join(Account, Account.id == ForecastPoint.account_id).where(
        ForecastPoint.version_id == chosen.id, auth.readable_accounts(actor)
    )
    for (account_id, month), mean in account_months.amounts(
        account_months.unpacked(db.rows(session, query))
    ).items():
        if account_id not in kept:
            continue
        place = points.setdefault(kept[account_id], {})
        machine, expected = place.get(month, (ZERO, ZERO))
        own = over.get((account_id, month))
        if own is not None:
            marked.setdefault(kept[account_id], set()).add(month)
        place[month] = machine + mean, expected + (mean if own is None else own)
    return Read(
        chosen,
        {key: tuple(some) for key, some in _tested(session, chosen, kept).items()},
        points,
        {key: frozenset(some) for key, some in marked.items()},
    )


def _tested(session: Session, chosen: Version, kept: Mapping[int, int]) -> dict[int, list[BackTested]]:
    """The series of the accounts in `kept`, by the account that each stands for."""
    tested: dict[int, list[BackTested]] = {}
    for account_id, one in _series(session, chosen).items():
        if account_id in kept:
            tested.setdefault(kept[account_id], []).append(one)
    return tested


_FROZEN = 4  # versions whose series are kept in memory: a few megabytes each with thousands of accounts
_frozen: OrderedDict[Any, dict[int, BackTested]] = OrderedDict()
_lock = Lock()


def _series(session: Session, chosen: Version) -> dict[int, BackTested]:
    """Every series of a version by its account, whoever sees that: read once, since a version is frozen.

    Only accounts can go, and their series with them, so their number says whether what was read still holds.
    """
    of_version = ForecastSeries.version_id == chosen.id
    count = session.scalar(select(func.count()).select_from(ForecastSeries).where(of_version))
    key = config.load().store_url, chosen, count
    with _lock:
        if key in _frozen:
            _frozen.move_to_end(key)
            return _frozen[key]
    query = select(
        ForecastSeries.account_id, ForecastSeries.method, ForecastSeries.months_known,
        ForecastSeries.scale_amount, ForecastSeries.back_test,
    ).where(of_version)  # fmt: skip
    found = {row.account_id: BackTested(*row) for row in db.rows(session, query)}
    with _lock:
        _frozen[key] = found
        while len(_frozen) > _FROZEN:
            _frozen.popitem(last=False)
    return found


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


def _named(session: Session, actor: Actor, accounts: AccountFilter) -> list[Named]:
    rows = session.execute(
        select(Account.id, Account.code, Account.name, User.name, Group.name)
        .outerjoin(User, User.id == Account.owner_id)
        .outerjoin(Group, Group.id == Account.group_id)
        .where(auth.visible_accounts(actor), accounts.condition())
        .order_by(Account.code)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]
