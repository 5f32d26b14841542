"""Cohorts: the accounts that first bought in the same month, quarter or year, and what they bought since.

An account buys in a month in which its order lines that are no returns come to more than nothing. Months count
whole, by the day that revenue belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

import numpy as np
from sqlalchemy import BigInteger, and_, case, func, literal_column, select, type_coerce
from sqlalchemy.orm import Session

from core import account_months, audit, auth, db, parts
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, AccountMonth
from core.money import MONEY_SCALE, ratio
from core.periods import Period, add_months, months_between
from core.vocabulary import Permission


class Grain(StrEnum):
    """How long a step of the table is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        return {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[self]

    def first(self, day: date) -> date:
        """The first day of the calendar month, quarter or year that a day belongs to."""
        return date(day.year, (day.month - 1) // self.months * self.months + 1, 1)


@dataclass(frozen=True)
class Cell:
    """A cohort in one step after its first."""

    accounts: int  # those that bought
    net: Decimal  # net revenue of the whole cohort, returns included


@dataclass(frozen=True)
class Cohort:
    start: date
    cells: tuple[Cell, ...]  # step 0 is the one of the first order; as many as have begun

    @property
    def size(self) -> int:
        return self.cells[0].accounts if self.cells else 0

    def active_share(self, step: int) -> Decimal | None:
        """Accounts that bought in the step ÷ accounts of the cohort; None for a step that has not begun."""
        if step >= len(self.cells):
            return None
        return ratio(Decimal(self.cells[step].accounts), Decimal(self.size))

    def kept_share(self, step: int) -> Decimal | None:
        """Net revenue of the step ÷ that of the first one."""
        if step >= len(self.cells) or self.cells[0].net <= 0:
            return None
        return ratio(self.cells[step].net, self.cells[0].net)


@dataclass(frozen=True)
class CohortTable:
    """The oldest cohort first; a cohort without accounts is left out."""

    grain: Grain
    until: date  # the first day of the last step
    cohorts: tuple[Cohort, ...]

    @property
    def steps(self) -> int:
        return max((len(cohort.cells) for cohort in self.cohorts), default=0)

    def average_active(self, step: int) -> Decimal | None:
        """Over the cohorts that have reached the step: their accounts that bought ÷ all their accounts."""
        reached = [cohort for cohort in self.cohorts if step < len(cohort.cells)]
        bought = sum(cohort.cells[step].accounts for cohort in reached)
        return ratio(Decimal(bought), Decimal(sum(cohort.size for cohort in reached)))


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def table(
    session: Session,
    actor: Actor,
    period: Period,
    grain: Grain = Grain.MONTH,
    accounts: AccountFilter = ALL_ACCOUNTS,
) -> CohortTable:
    """The accounts that first bought within the period, followed to its end; UNASSIGNED is no account."""
    auth.require(actor, Permission.REVENUE_READ)
    first, last = grain.first(period.start), grain.first(period.last_day)
    cells: dict[date, dict[int, list[int]]] = {}
    for start, step, bought, net in _counted(
        session, actor, Period(first, add_months(last, grain.months)), grain, accounts
    ):
        cells.setdefault(start, {})[step] = [bought, net]
    cohorts = []
    for start in sorted(cells):
        count = months_between(start, last) // grain.months + 1
        found = (cells[start].get(step, [0, 0]) for step in range(count))
        cohorts.append(Cohort(start, tuple(Cell(b, Decimal(net) / MONEY_SCALE) for b, net in found)))
    return CohortTable(grain, last, tuple(cohorts))


_SOLD = AccountMonth.net_amount - AccountMonth.returned_amount > 0


def _counted(
    session: Session, actor: Actor, period: Period, grain: Grain, accounts: AccountFilter
) -> list[tuple[date, int, int, int]]:
    """Start of the cohort, step, accounts that bought, net revenue in ten-thousandths."""
    begun = (
        select(AccountMonth.account_id, func.min(AccountMonth.month).label("first_month"))
        .join(Account, Account.id == AccountMonth.account_id)
        .where(_SOLD, auth.visible_accounts(actor), accounts.condition(), Account.is_unassigned.is_(False))
        .group_by(AccountMonth.account_id)
        .subquery()
    )
    within = and_(AccountMonth.month >= begun.c.first_month, AccountMonth.month < period.end)
    if grain is Grain.MONTH:
        query = (
            select(
                begun.c.first_month, AccountMonth.month,
                func.sum(case((_SOLD, 1), else_=0)), type_coerce(func.sum(AccountMonth.net_amount), BigInteger),
            )
            .select_from(AccountMonth)
            .join(begun, and_(begun.c.account_id == AccountMonth.account_id, within))
            .where(begun.c.first_month >= period.start)
            .group_by(begun.c.first_month, AccountMonth.month)
        )  # fmt: skip
        return [
            (start, months_between(start, month), int(bought), int(net))
            for start, month, bought, net in session.execute(query)
        ]
    texts = list(parts.ask(session, actor, _months, period.end, accounts).values())
    return list(_stepped(texts, period, grain)) if texts else []


@parts.by_account(parts.joined_by_id)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def _months(session: Session, actor: Actor, end: date, accounts: AccountFilter) -> dict[int, str]:
    """By account all months before that day as a packed text: net revenue, and whether anything was sold."""
    auth.require(actor, Permission.REVENUE_READ)
    query = account_months.packed(
        AccountMonth.account_id, AccountMonth.month, AccountMonth.net_amount,
        case((_SOLD, literal_column("1", BigInteger)), else_=literal_column("0")),
    )  # fmt: skip
    query = query.join(Account, Account.id == AccountMonth.account_id).where(
        auth.visible_accounts(actor), accounts.condition(), Account.is_unassigned.is_(False)
    )
    rows = db.rows(session, query.where(AccountMonth.month < end))
    return {row[0]: row[1] for row in rows}


def _stepped(texts: Sequence[str], period: Period, grain: Grain) -> Iterator[tuple[date, int, int, int]]:
    """Months put together into quarters or years, each account counted once a step; a text an account."""
    pieces = ",".join(texts).replace(",", " ").split(" ")
    written = set(pieces[::3])
    days = {one: date.fromisoformat(one) for one in written}
    steps = sorted({grain.first(day) for day in days.values()})
    places = {one: (steps.index(grain.first(day)), day.toordinal()) for one, day in days.items()}
    step, day = np.array([places[one] for one in pieces[::3]]).T
    nets, is_sold = np.array(pieces[1::3], dtype=np.int64), np.array(pieces[2::3]) == "1"
    across = np.repeat(np.arange(len(texts)), [text.count(",") + 1 for text in texts])
    begun = np.full(len(texts), date.max.toordinal())
    np.minimum.at(begun, across, np.where(is_sold, day, date.max.toordinal()))
    since = day >= begun[across]  # nothing of before an account first bought, not even within the same step
    table = across, step
    bought, net = (np.zeros((len(texts), len(steps)), dtype=np.int64) for _side in range(2))
    np.add.at(bought, table, is_sold & since)
    np.add.at(net, table, np.where(since, nets, 0))
    for place, start in enumerate(steps):
        following = add_months(start, grain.months).toordinal()
        cohort = (begun >= max(start, period.start).toordinal()) & (begun < following)
        if cohort.any():
            counts, sums = (bought[cohort] > 0).sum(axis=0), net[cohort].sum(axis=0)
            for later in range(place, len(steps)):
                count = months_between(start, steps[later]) // grain.months
                yield start, count, int(counts[later]), int(sums[later])
