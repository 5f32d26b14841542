"""What net revenue is expected to be: a frozen version beside what came, last year and the target.

A total is the sum over the accounts that the actor may see, whoever asks: it adds up with its rows and tells nothing
of others. Months that are over count as they came, later ones as the override says, else as forecast, and never for
less than is booked in them already.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from core import account_months, audit, auth, clock, config, db, parts, revenue, targets
from core.account_months import Table
from core.auth import Actor
from core.errors import NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.forecast_intervals import BackTested, HorizonErrors, Tested
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
from core.money import MONEY_SCALE, ZERO, scaled
from core.outlooks import Figures, HalfWidths, Named, Outlook, OwnSum, Said, Version
from core.periods import Period, first_of_month, months_between
from core.revenue import Dimension
from core.vocabulary import ForecastStatus, Permission

COMPANY = 0
_BESIDE_VERSIONS = (*audit.BESIDE_REVENUE, "order", "product")  # changes of these leave what a version says


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
    open_from = chosen.first_month if as_then else max(chosen.first_month, first_of_month(clock.today()))
    said = parts.ask(session, actor, _said, chosen, period, open_from, accounts)
    places = {name[0]: place for place, name in enumerate(said.names)}
    sold, before = (
        parts.ask(session, actor, account_months.nets, months, accounts).at(places, len(places)).amounts
        for months in (period, period.shifted(-12))
    )
    return Figures(said, period.months(), sold, before, knows_bookings=not as_then).outlook(period)


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


@audit.unmoved_by(*_BESIDE_VERSIONS, "target")
def back_test(
    session: Session, actor: Actor, version_id: int, accounts: AccountFilter = ALL_ACCOUNTS
) -> tuple[HorizonErrors, ...]:
    """How far the chosen methods would have been off from earlier months on, by horizon, beside the yardstick."""
    auth.require(actor, Permission.REVENUE_READ)
    chosen = version(session, actor, version_id)
    if chosen is None:
        return ()
    kept, tested = _kept(session, actor, accounts), _tested(session, chosen)
    return tested.by_horizon([place for place, one in enumerate(tested.account_ids) if one in kept])


@audit.unmoved_by(*_BESIDE_VERSIONS)
def _said(
    session: Session, actor: Actor, chosen: Version, period: Period, open_from: date, accounts: AccountFilter
) -> Said:
    """All that an outlook is made of beside the bookings, which move far more often."""
    names = _named(session, actor, accounts)
    places = {name[0]: place for place, name in enumerate(names)}
    rows = {one: places[kept] for one, kept in _kept(session, actor, accounts).items()}
    points = _points(session, actor, chosen, period, accounts)
    expected, set_over = _with_overrides(points, overrides_in_force(session, actor), period)
    tested = _tested(session, chosen)
    series: list[list[int]] = [[] for _name in names]
    for place, account_id in enumerate(tested.account_ids):
        if account_id in rows:
            series[rows[account_id]].append(place)
    months = period.months()
    is_open = [month >= open_from for month in months]
    steps = [months_between(chosen.first_month, month) + 1 for month in months]
    return Said(
        version=chosen,
        open_from=open_from,
        names=names,
        methods=[tested.methods[some[0]] if some else None for some in series],
        errors=[tested.errors(some) for some in series],
        overridden=set_over.at(rows, len(names)).known[:, is_open].sum(axis=1).tolist(),
        half_widths=HalfWidths.of(tested, series, [name[4] for name in names], steps, is_open),
        machine=points.at(rows, len(names)),
        expected=expected.at(rows, len(names)),
        wanted=targets.net_table(session, actor, period, accounts).at(places, len(names)),
    )


def _points(
    session: Session, actor: Actor, chosen: Version, period: Period, accounts: AccountFilter
) -> Table:
    query = account_months.packed(ForecastPoint.account_id, ForecastPoint.month, ForecastPoint.mean_amount)
    query = query.join(Account, Account.id == ForecastPoint.account_id).where(
        ForecastPoint.version_id == chosen.id, ForecastPoint.month >= period.start, ForecastPoint.month < period.end,
        _wanted(actor, accounts),
    )  # fmt: skip
    return account_months.table(db.rows(session, query), period)


def _with_overrides(
    points: Table, over: Mapping[tuple[int, date], Decimal], period: Period
) -> tuple[Table, Table]:
    """The forecast with its overrides, and which months they set over."""
    amounts, known = points.amounts.copy(), np.zeros_like(points.known)
    down = {account_id: place for place, account_id in enumerate(points.ids.tolist())}
    across = {month: place for place, month in enumerate(period.months())}
    for (account_id, month), amount in over.items():
        if account_id in down and month in across and points.known[down[account_id], across[month]]:
            amounts[down[account_id], across[month]] = scaled(amount, MONEY_SCALE)
            known[down[account_id], across[month]] = True
    return replace(points, amounts=amounts), replace(points, known=known)


_FROZEN = 4  # versions whose series are kept in memory: a few megabytes each with thousands of accounts
_frozen: OrderedDict[Any, Tested] = OrderedDict()
_lock = Lock()


def _tested(session: Session, chosen: Version) -> Tested:
    """Every series of a version, whoever sees its account: read once, since a version is frozen.

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
    found = Tested(BackTested(*row) for row in db.rows(session, query))
    with _lock:
        _frozen[key] = found
        while len(_frozen) > _FROZEN:
            _frozen.popitem(last=False)
    return found


def _kept(session: Session, actor: Actor, accounts: AccountFilter) -> dict[int, int]:
    """Wanted accounts and those merged into them, each with the account that it stands for."""
    query = select(Account.id, func.coalesce(Account.merged_into_id, Account.id))
    return {row[0]: row[1] for row in db.rows(session, query.where(_wanted(actor, accounts)))}


def _wanted(actor: Actor, accounts: AccountFilter) -> ColumnElement[bool]:
    mine = and_(auth.visible_accounts(actor), accounts.condition())
    return or_(mine, Account.merged_into_id.in_(select(Account.id).where(mine).correlate(None)))


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
    query = (
        select(Account.id, Account.code, Account.name, User.name, Group.name)
        .outerjoin(User, User.id == Account.owner_id)
        .outerjoin(Group, Group.id == Account.group_id)
        .where(auth.visible_accounts(actor), accounts.condition())
        .order_by(Account.code)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in db.rows(session, query)]
