"""The track record of the health score: what became of accounts that were green, amber or red at past quarters' ends.

An account was lost revenue from when the net revenue of the two quarters after is more than a fifth below that of the
same two quarters a year before; accounts without revenue then have nothing to lose and are not counted. Scores of the
past know nothing of what came later; weights and rules are those of today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from sqlalchemy import BigInteger, func, select, type_coerce
from sqlalchemy.orm import Session

from core import auth, clock, health, ranking, settings
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.health_rules import Band, HealthRule, Score
from core.models import Account, AccountMonth
from core.money import MONEY_SCALE, ZERO, ratio
from core.periods import Period, add_months, first_of_month, months_between
from core.ranking import Auc, Observation, Tenth
from core.vocabulary import Permission

LOST_SHARE = Decimal("0.2")
MOST_QUARTERS = 8
_JUDGED = (Band.GREEN, Band.AMBER, Band.RED)


@dataclass(frozen=True)
class Case:
    """One account at the end of one quarter, and what came of it."""

    day: date
    account_id: int
    code: str
    name: str
    score: Score
    band: Band
    before: Decimal  # net revenue of the two quarters a year before those that followed
    after: Decimal  # … and of those that followed

    @property
    def lost(self) -> bool:
        return self.after < self.before * (1 - LOST_SHARE)

    @property
    def change(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class Side:
    """The accounts of one band, and how many of them lost more than a fifth."""

    accounts: int
    lost: int

    @property
    def rate(self) -> Decimal | None:
        return ratio(Decimal(self.lost), Decimal(self.accounts))


@dataclass(frozen=True)
class Record:
    """How far the score could be trusted."""

    rule: HealthRule
    days: tuple[date, ...]  # the quarters' ends, the oldest first
    cases: tuple[Case, ...]  # those with a band

    def side(self, band: Band, day: date | None = None) -> Side:
        found = [one for one in self.cases if one.band is band and (day is None or one.day == day)]
        return Side(len(found), sum(one.lost for one in found))

    @property
    def false_greens(self) -> tuple[Case, ...]:
        """Green, and yet lost; the greatest loss first."""
        found = (one for one in self.cases if one.band is Band.GREEN and one.lost)
        return tuple(sorted(found, key=lambda one: (one.change, one.code, one.day)))

    @property
    def events(self) -> int:
        return sum(one.lost for one in self.cases)

    @cached_property
    def _observations(self) -> tuple[Observation, ...]:
        return tuple(Observation(one.account_id, one.score.value or ZERO, one.lost) for one in self.cases)

    @cached_property
    def auc(self) -> Auc | None:
        """None where there are too few events to say."""
        return ranking.auc(self._observations)

    @cached_property
    def lowest_tenth(self) -> Tenth:
        return ranking.lowest_tenth(self._observations)


def record(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS, *, day: date | None = None
) -> Record:
    """The last eight quarters' ends whose two following quarters are over, of the visible accounts of the filter."""
    auth.require(actor, Permission.REVENUE_READ)
    day = day or clock.today()
    decided = settings.get(session)
    first = _first_month(session, actor)
    days = () if first is None else quarter_ends(day, decided.fiscal_year_month, first)
    found = health.at(session, actor, days, accounts)
    names = _names(session, actor, accounts)
    months = _nets(session, actor, days, accounts)
    cases = []
    for then in days:
        after, before = health.follow_up(then)
        for account_id, score in found[then].items():
            band = decided.health.band(score)
            was = months.over(account_id, before)
            if band in _JUDGED and was > 0 and account_id in names:
                now = months.over(account_id, after)
                cases.append(Case(then, account_id, *names[account_id], score, band, was, now))
    cases.sort(key=lambda one: (one.day, one.code))
    return Record(decided.health, days, tuple(cases))


def _first_month(session: Session, actor: Actor) -> date | None:
    """The first month with any booking that the actor sees."""
    query = select(func.min(AccountMonth.month)).join(Account, Account.id == AccountMonth.account_id)
    first: date | None = session.scalar(query.where(auth.visible_accounts(actor)))
    return first


def quarter_ends(day: date, first_month: int, first: date) -> tuple[date, ...]:
    """Ends of quarters from which two more are over on the day and a year of bookings lies before."""
    found: list[date] = []
    end = health.quarter_end(day + timedelta(days=1), first_month)
    while len(found) < MOST_QUARTERS and add_months(end + timedelta(days=1), -12) >= first:
        if health.follow_up(end)[0].last_day <= day:
            found.append(end)
        end = add_months(end + timedelta(days=1), -3) - timedelta(days=1)
    return tuple(reversed(found))


@dataclass(frozen=True)
class _Nets:
    start: date
    months: dict[int, list[int]]  # in ten-thousandths

    def over(self, account_id: int, period: Period) -> Decimal:
        first, last = (months_between(self.start, one) for one in (period.start, period.end))
        return Decimal(sum(self.months.get(account_id, [])[first:last])) / MONEY_SCALE


def _nets(session: Session, actor: Actor, days: Sequence[date], accounts: AccountFilter) -> _Nets:
    """Net revenue by account and month over all that follows and what it is compared with."""
    if not days:
        return _Nets(first_of_month(clock.today()), {})
    span = Period(health.follow_up(days[0])[1].start, health.follow_up(days[-1])[0].end)
    places = {month: place for place, month in enumerate(span.months())}
    query = (
        select(AccountMonth.account_id, AccountMonth.month, type_coerce(AccountMonth.net_amount, BigInteger))
        .join(Account, Account.id == AccountMonth.account_id)
        .where(AccountMonth.month >= span.start, AccountMonth.month < span.end)
        .where(auth.visible_accounts(actor), accounts.condition())
    )
    months: dict[int, list[int]] = {}
    for account_id, month, net in session.execute(query):
        months.setdefault(account_id, [0] * len(places))[places[month]] = net
    return _Nets(span.start, months)


def _names(session: Session, actor: Actor, accounts: AccountFilter) -> dict[int, tuple[str, str]]:
    query = select(Account.id, Account.code, Account.name)
    rows = session.execute(query.where(auth.visible_accounts(actor), accounts.condition()))
    return {row.id: (row.code, row.name) for row in rows}
