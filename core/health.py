"""The health of accounts: a score from 0 to 100 with its coverage, its past, and what would better it.

What is scored and how stands in `health_rules`, what it is read from in `health_measures`. Days are cut by business
dates, so that a corrected booking corrects the past too: `health_standings` keeps only what nothing has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_rows
from core import audit, auth, clock, db, health_standings, parts, revenue, settings
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.health_measures import BESIDE_HEALTH, PRESENT_ONLY, Look
from core.health_rules import Band, HealthRule, Measure, Score
from core.health_standings import Outcome, Stood
from core.health_ways import Lapsed, Ways, readings_of, ways
from core.health_windows import category_windows
from core.models import Account
from core.money import MONEY_SCALE
from core.periods import add_months, first_of_month, fiscal_year_start
from core.vocabulary import Permission

HISTORY_MONTHS = 12

Scores = dict[int, Score]  # by account


@dataclass(frozen=True)
class Health:
    """How accounts stand on one day."""

    day: date
    rule: HealthRule
    scores: Scores

    def band(self, account_id: int) -> Band:
        return self.rule.band(self.scores[account_id])


@dataclass(frozen=True)
class Then:
    """The score at the end of a month, without what is not known of the past."""

    day: date
    score: Score
    band: Band


@dataclass(frozen=True)
class AccountHealth:
    """Everything about the health of one account."""

    day: date
    rule: HealthRule
    score: Score
    band: Band
    history: tuple[Then, ...]  # the oldest first
    left_out: frozenset[Measure]  # of the history: only their newest value is kept
    ways: Ways


class Row(NamedTuple):
    """One account among others; revenue is that of six months."""

    account_id: int
    code: str
    name: str
    score: Score
    band: Band
    net: Decimal
    before: Decimal | None  # the score at the last quarter's end, without what is not known of the past
    comparable: Decimal | None  # … and today's, made of the same measures

    @property
    def change(self) -> Decimal | None:
        if self.before is None or self.comparable is None:
            return None
        return self.comparable - self.before


@dataclass(frozen=True)
class Overview:
    """How the accounts stand together."""

    day: date
    quarter_end: date  # the last day of the quarter that changes are counted from
    rule: HealthRule
    rows: tuple[Row, ...]  # the greatest revenue first

    def of(self, band: Band) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.band is band)


def _joined(old: Health, new: Health, account_ids: frozenset[int]) -> Health:
    return replace(old, scores=parts.joined_by_id(old.scores, new.scores, account_ids))


@parts.by_account(_joined)
@audit.unmoved_by(*BESIDE_HEALTH)
def scores(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS, *, day: date | None = None
) -> Health:
    """How each visible account of the filter stands on a day (default: today), UNASSIGNED left out."""
    auth.require(actor, Permission.REVENUE_READ)
    day = day or clock.today()
    rule = settings.get(session).health
    look = Look(session, actor, (day,), accounts, _counted(rule))
    return Health(day, rule, _scored(look, rule)[day])


def _joined_days(
    old: dict[date, Scores], new: dict[date, Scores], account_ids: frozenset[int]
) -> dict[date, Scores]:
    return {day: parts.joined_by_id(found, new[day], account_ids) for day, found in old.items()}


@parts.by_account(_joined_days)
@audit.unmoved_by(*BESIDE_HEALTH)
def at(
    session: Session, actor: Actor, days: Sequence[date], accounts: AccountFilter = ALL_ACCOUNTS
) -> dict[date, Scores]:
    """The scores at the end of days of the past, from what those days knew; measures without a past are missing."""
    auth.require(actor, Permission.REVENUE_READ)
    if not days:
        return {}
    rule = settings.get(session).health
    look = Look(session, actor, tuple(sorted(set(days))), accounts, _counted(rule) - PRESENT_ONLY)
    return _scored(look, rule)


def outcomes(
    session: Session, actor: Actor, days: Sequence[date], accounts: AccountFilter = ALL_ACCOUNTS
) -> Iterator[Outcome]:
    """The scores at ends of months as in `at`, in short, with the revenue that followed; every account has one."""
    auth.require(actor, Permission.REVENUE_READ)
    rule = settings.get(session).health
    look = Look(session, actor, tuple(days), accounts, _counted(rule) - PRESENT_ONLY)
    return health_standings.outcomes(look, rule)


def _counted(rule: HealthRule) -> frozenset[Measure]:
    return frozenset(measure for measure, one in rule.rules.items() if one.weight)


def _scored(look: Look, rule: HealthRule) -> dict[date, Scores]:
    present = health_standings.present(look)
    found: dict[date, Scores] = {}
    for day, stood in health_standings.of(look, rule).items():
        scored = {account_id: one.score(rule, present.get(account_id)) for account_id, one in stood.items()}
        found[day] = {account_id: score for account_id, score in scored.items() if score.weight}
    return found


@audit.unmoved_by(*BESIDE_HEALTH)
def of_account(session: Session, actor: Actor, account_id: int, *, day: date | None = None) -> AccountHealth:
    """One account's score with its history and the cheapest way to a better one; raises NotFound."""
    account = account_rows.access(session, actor, account_id)
    only = AccountFilter(account_ids=frozenset({account.id}))
    now = parts.ask(session, actor, scores, only, day=day)
    score = now.scores.get(account.id, now.rule.score({}))
    past = parts.ask(session, actor, at, month_ends(now.day, HISTORY_MONTHS), only)
    nothing = now.rule.score({})
    history = [(then, found.get(account.id, nothing)) for then, found in sorted(past.items())]
    return AccountHealth(
        day=now.day,
        rule=now.rule,
        score=score,
        band=now.rule.band(score),
        history=tuple(Then(then, found, now.rule.band(found)) for then, found in history),
        left_out=PRESENT_ONLY & _counted(now.rule),
        ways=ways(readings_of(score), now.rule, _lapsed(session, actor, only, now.day)),
    )


def _lapsed(session: Session, actor: Actor, only: AccountFilter, day: date) -> list[Lapsed]:
    """Categories that brought revenue in the six months a year before and none in the last ones."""
    now, before = category_windows(day)
    again = {row.name for row in revenue.by_category(session, actor, now, only) if row.measures.net > 0}
    return [
        Lapsed(row.name, row.measures.net)
        for row in revenue.by_category(session, actor, before, only)
        if row.name is not None and row.measures.net > 0 and row.name not in again
    ]


def month_ends(day: date, count: int) -> tuple[date, ...]:
    """The last days of the months before the one of the day, the oldest first."""
    month = first_of_month(day)
    return tuple(add_months(month, -back) - timedelta(days=1) for back in reversed(range(count)))


def quarter_end(day: date, first_month: int) -> date:
    """The last day of the quarter of the fiscal year that ended before the day."""
    start = fiscal_year_start(day, first_month)
    months = (day.year - start.year) * 12 + day.month - start.month
    return add_months(start, months // 3 * 3) - timedelta(days=1)


def _rank(row: Row) -> tuple[Decimal, str]:
    return -row.net, row.code


def _joined_rows(old: Overview, new: Overview, account_ids: frozenset[int]) -> Overview:
    rows = parts.joined_rows(old.rows, new.rows, account_ids)
    return replace(old, rows=tuple(sorted(rows, key=_rank)))


@parts.by_account(_joined_rows)
@audit.unmoved_by(*BESIDE_HEALTH)
def overview(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS, *, day: date | None = None
) -> Overview:
    """The accounts of the filter with their scores, revenue and change since the last quarter's end."""
    auth.require(actor, Permission.REVENUE_READ)
    decided = settings.get(session)
    day, rule = day or clock.today(), decided.health
    then = quarter_end(day, decided.fiscal_year_month)
    look = Look(session, actor, (then, day), accounts, _counted(rule))
    present, stood = health_standings.present(look), health_standings.of(look, rule)
    names = select(Account.id, Account.code, Account.name).where(*look.conditions)
    rows = []
    for account_id, code, name in db.rows(session, names):
        now, before = stood[day][account_id], stood[then][account_id]
        score = now.score(rule, present.get(account_id))
        comparable, earlier = _alike(rule, now, before) if before.measures else (None, None)
        net = Decimal(now.net) / MONEY_SCALE
        rows.append(Row(account_id, code, name, score, rule.band(score), net, earlier, comparable))
    rows.sort(key=_rank)
    return Overview(day, then, rule, tuple(rows))


def _alike(rule: HealthRule, now: Stood, then: Stood) -> tuple[Decimal | None, Decimal | None]:
    """Both scores over the measures that both days know: else a measure that joins would look like a change."""
    if now.measures == then.measures:
        return now.value, then.value
    one, other = now.points(rule), then.points(rule)
    both = one.keys() & other.keys()
    return rule.value(one, both), rule.value(other, both)
