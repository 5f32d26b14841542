"""The track record of the health score: what became of accounts that were green, amber or red at past quarters' ends.

An account was lost revenue from when the net revenue of the two quarters after is more than a fifth below that of the
same two quarters a year before; accounts without revenue then have nothing to lose and are not counted. Scores of the
past know nothing of what came later; weights and rules are those of today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property, partial
from operator import attrgetter, itemgetter
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, clock, db, health, health_standings, parts, ranking, settings
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.health_measures import BESIDE_HEALTH
from core.health_rules import Band, HealthRule
from core.models import Account, AccountMonth
from core.money import MONEY_SCALE, ratio
from core.periods import add_months
from core.ranking import Auc, Observation, Tenth
from core.vocabulary import Permission

LOST_SHARE = Fraction(1, 5)
# Lost is who has less than _LEFT of _OF parts left.
_OF, _LEFT = LOST_SHARE.denominator, LOST_SHARE.denominator - LOST_SHARE.numerator
MOST_QUARTERS = 8
_JUDGED = (Band.GREEN, Band.AMBER, Band.RED)
_SCALE = Decimal(MONEY_SCALE)


class Case(NamedTuple):
    """One account at the end of one quarter, and what came of it."""

    day: date
    account_id: int
    code: str
    name: str
    score: Decimal
    coverage: Decimal
    band: Band
    before: Decimal  # net revenue of the two quarters a year before those that followed
    after: Decimal  # … and of those that followed
    lost: bool

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
        return tuple(Observation(one.account_id, one.score, one.lost) for one in self.cases)

    @cached_property
    def auc(self) -> Auc | None:
        """None where there are too few events to say."""
        return ranking.auc(self._observations)

    @cached_property
    def lowest_tenth(self) -> Tenth:
        return ranking.lowest_tenth(self._observations)


@audit.unmoved_by(*BESIDE_HEALTH)
def record(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS, *, day: date | None = None
) -> Record:
    """The last eight quarters' ends whose two following quarters are over, of the visible accounts of the filter."""
    auth.require(actor, Permission.REVENUE_READ)
    days = quarters(session, actor, day or clock.today())
    cases = parts.ask(session, actor, _cases, days, accounts) if days else ()
    return Record(settings.get(session).health, days, cases)


def _joined(old: tuple[Case, ...], new: tuple[Case, ...], account_ids: frozenset[int]) -> tuple[Case, ...]:
    return tuple(sorted(parts.joined_rows(old, new, account_ids), key=attrgetter("day", "code")))


@parts.by_account(_joined)
@audit.unmoved_by(*BESIDE_HEALTH)
def _cases(
    session: Session, actor: Actor, days: tuple[date, ...], accounts: AccountFilter
) -> tuple[Case, ...]:
    """Accounts with a band and with revenue to lose, by day and code."""
    rule, names = settings.get(session).health, _names(session, actor, accounts)
    found: dict[date, dict[int, Case]] = {then: {} for then in days}
    judged = cache(partial(_judged, rule))  # there are many accounts and few scores
    for account_id, then, weight, tenths, before, after in health.outcomes(session, actor, days, accounts):
        score = judged(weight, tenths) if before > 0 else None
        if score is not None:
            amounts, lost = (Decimal(before) / _SCALE, Decimal(after) / _SCALE), after * _OF < before * _LEFT
            found[then][account_id] = Case._make(
                (then, account_id, *names[account_id], *score, *amounts, lost)
            )
    return tuple(of_day[one] for of_day in found.values() for one in names if one in of_day)


def _judged(rule: HealthRule, weight: int, tenths: int | None) -> tuple[Decimal, Decimal, Band] | None:
    """Score, coverage and band; None without a band."""
    value, coverage = health_standings.value_of(tenths), rule.coverage(weight)
    band = rule.band_of(value, coverage)
    return None if value is None or band not in _JUDGED else (value, coverage, band)


def quarters(session: Session, actor: Actor, day: date) -> tuple[date, ...]:
    """The quarters' ends that count on a day, the oldest first."""
    auth.require(actor, Permission.REVENUE_READ)
    first = _first_month(session, actor)
    return () if first is None else quarter_ends(day, settings.get(session).fiscal_year_month, first)


def _first_month(session: Session, actor: Actor) -> date | None:
    """The first month with any booking that the actor sees."""
    query = select(AccountMonth.month).join(Account, Account.id == AccountMonth.account_id)
    # By the index, up to the first that is seen.
    first: date | None = session.scalar(
        query.where(auth.visible_accounts(actor)).order_by(AccountMonth.month).limit(1)
    )
    return first


def quarter_ends(day: date, first_month: int, first: date) -> tuple[date, ...]:
    """Ends of quarters from which two more are over on the day and a year of bookings lies before."""
    found: list[date] = []
    end = health.quarter_end(day + timedelta(days=1), first_month)
    while len(found) < MOST_QUARTERS and add_months(end + timedelta(days=1), -12) >= first:
        if health_standings.follow_up(end)[0].last_day <= day:
            found.append(end)
        end = add_months(end + timedelta(days=1), -3) - timedelta(days=1)
    return tuple(reversed(found))


def _names(session: Session, actor: Actor, accounts: AccountFilter) -> dict[int, tuple[str, str]]:
    """Code and name of the accounts, by code; UNASSIGNED is none."""
    query = select(Account.id, Account.code, Account.name)
    where = auth.visible_accounts(actor), accounts.condition(), Account.is_unassigned.is_(False)
    rows = sorted(db.rows(session, query.where(*where)), key=itemgetter(1))
    return {account_id: (code, name) for account_id, code, name in rows}
