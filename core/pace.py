"""Pace: what was sold so far this fiscal year against the part of the year's target that was due by now.

Pace = net revenue to date ÷ (target of the year × share of the year expected to date). The share is that of the same
account's last year up to the same day; an account without revenue then is expected by working days, Monday to Friday
without holidays. Rolled up by summing what was sold and what was due, never by averaging.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.orm import Session

from core import audit, auth, parts, revenue, settings, targets
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.money import ZERO, ratio, round_money
from core.periods import Period, add_months, fiscal_year_start
from core.revenue import Dimension
from core.vocabulary import Permission, Structure


@dataclass(frozen=True)
class Pace:
    """Of the fiscal year up to a day; the target is None where no month of the year has one."""

    year: Period
    until: date  # the last day counted
    actual: Decimal
    target: Decimal | None
    due: Decimal | None  # of the target by that day
    seasonal_accounts: int  # expected by their own last year
    by_days_accounts: int  # expected by working days

    @property
    def pace(self) -> Decimal | None:
        """1 is on pace; None without a target."""
        return ratio(self.actual, self.due)

    @property
    def attainment(self) -> Decimal | None:
        """Of the whole year's target."""
        return ratio(self.actual, self.target)

    @property
    def expected_share(self) -> Decimal | None:
        """The part of the target that was due."""
        return ratio(self.due, self.target)

    @property
    def gap(self) -> Decimal | None:
        return None if self.due is None else self.actual - self.due


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product")
def of(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    structure: Structure = Structure.TODAY,
) -> Pace:
    """The fiscal year that the period's last day belongs to, up to that day."""
    auth.require(actor, Permission.REVENUE_READ)
    until = period.last_day
    year, to_date = _windows(session, until)
    each = parts.ask(session, actor, _due, until, accounts, structure=structure).values()
    actual = revenue.totals(session, actor, to_date, accounts, structure=structure).net
    return Pace(
        year,
        until,
        actual,
        sum((one.target for one in each), ZERO) if each else None,
        sum((one.due for one in each), ZERO) if each else None,
        seasonal_accounts=sum(one.is_seasonal for one in each),
        by_days_accounts=sum(not one.is_seasonal for one in each),
    )


class _Due(NamedTuple):
    """What of an account's target of the year was due, and whether by its own last year."""

    target: Decimal
    due: Decimal
    is_seasonal: bool


def _windows(session: Session, until: date) -> tuple[Period, Period]:
    """The fiscal year that a day belongs to, and its part up to that day."""
    start = fiscal_year_start(until, settings.get(session).fiscal_year_month)
    return Period(start, add_months(start, 12)), Period(start, until + timedelta(days=1))


@parts.by_account(parts.joined_by_id)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product")
def _due(
    session: Session, actor: Actor, until: date, accounts: AccountFilter, *, structure: Structure
) -> dict[int, _Due]:
    """Every account with a target in the year."""
    year, to_date = _windows(session, until)
    wanted = targets.by(session, actor, year, Dimension.ACCOUNT, accounts=accounts, structure=structure)
    past, past_to_date = (
        _nets(session, actor, window.shifted(-12), accounts, structure) for window in (year, to_date)
    )
    days = ratio(Decimal(working_days(to_date)), Decimal(working_days(year))) or ZERO
    found = {}
    for (account_id,), expected in wanted.items():
        if expected.net_revenue is None:
            continue
        share = _season(past.get(account_id, 0), past_to_date.get(account_id, 0))
        due = round_money(expected.net_revenue * (days if share is None else share))
        found[account_id] = _Due(expected.net_revenue, due, share is not None)
    return found


def _nets(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, structure: Structure
) -> dict[int, int]:
    """Net revenue in ten-thousandths by account."""
    if structure is Structure.TODAY:
        return {key: net for key, (net, _lines) in revenue.nets(session, actor, period, accounts).items()}
    sums = revenue.by(session, actor, period, Dimension.ACCOUNT, accounts=accounts, structure=structure)
    return {key: one.small("net") for (key,), one in sums.items()}


def _season(year: int, to_date: int) -> Decimal | None:
    """The part of last year that had been sold by then; None where it says nothing about a season."""
    if year <= 0:
        return None
    share = ratio(Decimal(to_date), Decimal(year))
    return share if share is not None and 0 <= share <= 1 else None


def working_days(period: Period) -> int:
    """Mondays to Fridays; holidays are not left out."""
    weeks, rest = divmod(period.days, 7)
    return weeks * 5 + sum((period.start + timedelta(days=day)).weekday() < 5 for day in range(rest))
