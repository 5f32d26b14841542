"""KPIs month by month, read once for all months: for the small pictures in tiles and the trend behind a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import account_months, audit, auth, bridge, db, delivery, order_lines, parts, revenue, targets
from core.auth import Actor
from core.delivery import Service
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.kpi_registry import KPIS, Kpi, Need, Slice
from core.models import Account, AccountMonth
from core.money import MONEY_SCALE, ratio
from core.periods import Period, add_months
from core.revenue import Dimension, Measures
from core.vocabulary import Permission, Structure

Amounts = npt.NDArray[np.int64]  # account × month, in ten-thousandths
Trend = tuple[tuple[date, Decimal | None], ...]
_BASE = 12  # months between a month and the one that retention compares it with


@dataclass(frozen=True)
class _Months:
    """The net revenue of each account and month, UNASSIGNED left out."""

    ids: Amounts  # of the accounts, one a row
    amounts: Amounts
    lines: Amounts

    def at(self, place: int) -> Amounts:
        column: Amounts = self.amounts[:, place]
        return column


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product")
def by_month(
    session: Session,
    actor: Actor,
    names: Sequence[str],
    months: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    top: int = 10,
    structure: Structure = Structure.TODAY,
) -> dict[str, Trend]:
    """Each of these KPIs in each month; retention and bridge compare a month with the same month a year earlier.

    `months` are whole months; KPIs of cost are left out for who may not see it.
    """
    auth.require(actor, Permission.REVENUE_READ)
    wanted = [KPIS[name] for name in names if actor.sees_cost or not KPIS[name].needs_cost]
    needs = {need for kpi in wanted for need in kpi.needs}
    matrix = None
    if needs & {Need.ACCOUNTS, Need.THEN}:
        longer = Period(add_months(months.start, -_BASE), months.end)
        matrix = parts.ask(session, actor, _by_account, longer, accounts, structure)
    slices = _slices(session, actor, needs, months, _Options(accounts, structure, top))
    found: dict[str, Trend] = {}
    for kpi in wanted:
        found[kpi.name] = tuple(
            (month, _value(kpi, slices[month], matrix, place + _BASE, top))
            for place, month in enumerate(months.months())
        )
    return found


def _value(kpi: Kpi, part: Slice, matrix: _Months | None, place: int, top: int) -> Decimal | None:
    if matrix is None or not kpi.needs & {Need.ACCOUNTS, Need.THEN}:
        return kpi.evaluate(part).value
    quick = _QUICK.get(kpi.name)
    if quick is not None:
        return quick(matrix.at(place), matrix.at(place - _BASE), top) if part.sums.lines else None
    return kpi.evaluate(_with_accounts(part, matrix, place)).value


def _with_accounts(part: Slice, matrix: _Months, place: int) -> Slice:
    """The slice with the sums of each account, for KPIs that know no quicker way."""

    def sums(month: int) -> dict[int, Measures]:
        rows = zip(matrix.amounts[:, month].tolist(), matrix.lines[:, month].tolist(), strict=True)
        return {
            account: Measures(lines=lines, net=Decimal(net) / MONEY_SCALE)
            for account, (net, lines) in enumerate(rows)
            if lines
        }

    return Slice(
        sums=part.sums, now=sums(place), then=sums(place - _BASE), orders=part.orders, buyers=part.buyers,
        target=part.target, delivered=part.delivered, bridge=part.bridge, top=part.top,
    )  # fmt: skip


def _active(now: Amounts, _then: Amounts, _top: int) -> Decimal | None:
    return Decimal(int((now > 0).sum()))


def _net_retention(now: Amounts, then: Amounts, _top: int) -> Decimal | None:
    base = then > 0
    return ratio(_sum(now[base]), _sum(then[base]))


def _gross_retention(now: Amounts, then: Amounts, _top: int) -> Decimal | None:
    base = then > 0
    return ratio(_sum(np.minimum(then[base], np.maximum(now[base], 0))), _sum(then[base]))


def _logo_retention(now: Amounts, then: Amounts, _top: int) -> Decimal | None:
    base = then > 0
    return ratio(Decimal(int((now[base] > 0).sum())), Decimal(int(base.sum())))


def _top_share(now: Amounts, _then: Amounts, top: int) -> Decimal | None:
    ranked = np.sort(now[now > 0])[::-1]
    return ratio(_sum(ranked[:top]), _sum(ranked))


def _sum(amounts: Amounts) -> Decimal:
    return Decimal(int(amounts.sum()))


# The same rules as in the registry over whole columns: twelve months of thousands of accounts stand in a tile.
_QUICK: dict[str, Callable[[Amounts, Amounts, int], Decimal | None]] = {
    "active_accounts": _active,
    "net_revenue_retention": _net_retention,
    "gross_revenue_retention": _gross_retention,
    "logo_retention": _logo_retention,
    "top_share": _top_share,
}


@parts.by_account(account_months.joined)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def _by_account(
    session: Session, actor: Actor, months: Period, accounts: AccountFilter, structure: Structure
) -> _Months:
    auth.require(actor, Permission.REVENUE_READ)
    query: Any = (
        account_months.packed(
            AccountMonth.account_id, AccountMonth.month, AccountMonth.net_amount, AccountMonth.lines
        )
        .where(AccountMonth.month >= months.start, AccountMonth.month < months.end)
        .where(Account.is_unassigned.is_(False))
    )
    month = AccountMonth.month if revenue.is_then(structure, (), accounts) else None
    query = revenue.within(query, AccountMonth, actor, accounts, with_account=True, month=month)
    ids, (nets, lines) = account_months.matrices(db.rows(session, query), months, 2)
    return _Months(np.array(ids, dtype=np.int64), nets, lines)


@dataclass(frozen=True)
class _Options:
    """Which accounts, counted as what, and how many are the greatest."""

    accounts: AccountFilter
    structure: Structure
    top: int

    @property
    def of_accounts(self) -> dict[str, Any]:
        return {"accounts": self.accounts, "structure": self.structure}


def _slices(
    session: Session, actor: Actor, needs: set[Need], months: Period, options: _Options
) -> dict[date, Slice]:
    wanted = options.of_accounts
    longer = Period(add_months(months.start, -_BASE), months.end) if Need.BRIDGE in needs else months
    sums = revenue.by_month(session, actor, longer, **wanted)
    expected = targets.by_month(session, actor, months, **wanted) if Need.TARGET in needs else {}
    delivered: Mapping[tuple[Any, ...], Service] = {}
    if Need.DELIVERY in needs:
        delivered = parts.ask(session, actor, delivery.by, months, Dimension.MONTH, **wanted)
    orders: Mapping[tuple[Any, ...], int] = {}
    if Need.ORDERS in needs:
        orders = order_lines.order_counts(session, actor, months, Dimension.MONTH, **wanted)
    buyers: dict[date, tuple[int, ...]] = {}
    if Need.BUYERS in needs:
        buyers = _buyers(session, actor, months, options)
    return {
        month: Slice(
            sums=sums[month],
            orders=orders.get((month,), 0),
            buyers=buyers.get(month, ()),
            target=expected[month].net_revenue if month in expected else None,
            delivered=delivered.get((month,), Service()),
            bridge=bridge.change_of(sums[add_months(month, -_BASE)], sums[month])
            if Need.BRIDGE in needs
            else None,
            top=options.top,
        )
        for month in months.months()
    }


def _buyers(session: Session, actor: Actor, months: Period, options: _Options) -> dict[date, tuple[int, ...]]:
    """How many orders each account but UNASSIGNED placed in each month."""
    unassigned = set(session.scalars(select(Account.id).where(Account.is_unassigned)))
    by = (Dimension.MONTH, Dimension.ACCOUNT)
    counts = order_lines.order_counts(session, actor, months, *by, bought=True, **options.of_accounts)
    found: dict[date, list[int]] = {}
    for (month, account), count in counts.items():
        if account not in unassigned:
            found.setdefault(month, []).append(count)
    return {month: tuple(orders) for month, orders in found.items()}
