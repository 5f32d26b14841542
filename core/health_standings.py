"""The health of accounts as it was read once, kept for as long as nothing changes that it is read from.

What is kept counts only under its mark (`core.health_marks`), and what is not kept is read anew: an answer is the same
with and without it. Measures of which only the present is known are never kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, and_, case, delete, func, literal_column, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core import auth, clock, db, health_marks
from core.auth import Actor
from core.filters import AccountFilter
from core.health_measures import PRESENT_ONLY, Look, nets_of_months, read
from core.health_rules import HealthRule, Measure, Reading, Score
from core.health_windows import MONTHS, window
from core.kept_sums import table
from core.models import Account, HealthStanding
from core.money import MONEY_SCALE, ZERO
from core.periods import Period, add_months
from core.vocabulary import Permission

EDITION = 1  # another one where a reader reads otherwise: what was kept by the former is read anew

_AMOUNTS = ("net_amount", "before_amount", "after_amount")
_OF_ANOTHER_RULE = "readings of another rule"  # to be scored anew; nothing where they were scored by this one


class Stood(NamedTuple):
    """One account on a day, by the measures that have a past."""

    measures: str
    weight: int  # of these
    total: str  # sum of weight × points of these, exactly
    tenths: int | None  # the score that these make
    readings: str  # packed
    net: int  # revenue of the six months up to it, in ten-thousandths

    @property
    def value(self) -> Decimal | None:
        return value_of(self.tenths)

    def points(self, rule: HealthRule) -> dict[str, Decimal]:
        values = json.loads(self.readings)
        return {
            name: rule.rules[Measure(name)].points(Decimal(values[name][0])) for name in self.measures.split()
        }

    def score(self, rule: HealthRule, present: Mapping[Measure, Reading] | None) -> Score:
        """The score that these make together with what is known of the present alone."""
        unpack = partial(_unpacked, self.readings)
        return rule.kept(self.weight, Decimal(self.total), self.value, unpack, present or {})


# Account, end of a month, weight of the measures that were known, the score in tenths that they make; then net revenue
# in ten-thousandths: that of the six months after it, a year earlier, and that of the six months after it.
Outcome = tuple[int, date, int, int | None, int, int]

Standings = dict[date, dict[int, Stood]]


def follow_up(day: date) -> tuple[Period, Period]:
    """The six months after a day, and the same six a year before."""
    start = day + timedelta(days=1)
    after = Period(start, add_months(start, MONTHS))
    return after, after.shifted(-12)


def of(look: Look, rule: HealthRule) -> Standings:
    """Every wanted account on every day, kept or read now."""
    found: Standings = {day: {} for day in look.days}
    names = _OF_ANOTHER_RULE, "measures", "weight", "total", "tenths", "readings", "net_amount"
    for account_id, day, to_score, *row in _rows(look, rule, *names):
        one = Stood._make(row)
        found[day][account_id] = _stood(_unpacked(to_score), one.net, rule) if to_score else one
    for account_id, day, read_now in _missing(look, {day: rows.keys() for day, rows in found.items()}):
        found[day][account_id] = _stood(read_now.readings, read_now.net, rule)
    return found


def present(look: Look) -> Mapping[int, Mapping[Measure, Reading]]:
    """What is known of the present alone, by account."""
    only = look.measures & PRESENT_ONLY
    return read(replace(look, days=look.days[:1], measures=only))[look.days[0]] if only else {}


def outcomes(look: Look, rule: HealthRule) -> Iterator[Outcome]:
    """The same in short, in no order, for many days of the past, which end months."""
    found: dict[date, set[int]] = {day: set() for day in look.days}
    names = _OF_ANOTHER_RULE, "weight", "tenths", "before_amount", "after_amount"
    for account_id, day, to_score, weight, tenths, before, after in _rows(look, rule, *names):
        found[day].add(account_id)
        if to_score:
            yield _outcome(account_id, day, _Reading(_unpacked(to_score), 0, before, after), rule)
        else:
            yield account_id, day, weight, tenths, before, after
    for account_id, day, one in _missing(look, found):
        yield _outcome(account_id, day, one, rule)


def _outcome(account_id: int, day: date, one: _Reading, rule: HealthRule) -> Outcome:
    stood = _stood(one.readings, one.net, rule)
    return account_id, day, stood.weight, stood.tenths, one.before or 0, one.after or 0


def _missing(look: Look, found: Mapping[date, AbstractSet[int]]) -> Iterator[tuple[int, date, _Reading]]:
    """What is not kept, read now."""
    ids = {row[0] for row in db.rows(look.session, select(Account.id).where(*look.conditions))}
    missing = {day: ids - found[day] for day in look.days}
    wanted = set[int]().union(*missing.values())
    if not wanted:
        return
    days = tuple(day for day in look.days if missing[day])
    few = look.accounts if len(wanted) == len(ids) else AccountFilter(account_ids=frozenset(wanted))
    for account_id, day, one in _read_now(replace(look, days=days, accounts=few), wanted):
        if account_id in missing[day]:
            yield account_id, day, one


def _rows(look: Look, rule: HealthRule, *names: str) -> Iterator[Sequence[Any]]:
    """What is kept: account, day, and these columns."""
    kept, marks, accounts = table(HealthStanding).c, health_marks.numbers(), table(Account)
    columns: dict[str, Any] = {name: type_coerce(kept[name], BigInteger) for name in _AMOUNTS}
    is_current = kept.rule == fingerprint(rule)
    columns[_OF_ANOTHER_RULE] = case((is_current, literal_column("''")), else_=kept.readings)
    query = (
        select(kept.account_id, kept.day, *(columns.get(name, kept.get(name)) for name in names))
        .select_from(accounts)
        .join(table(HealthStanding), and_(kept.account_id == accounts.c.id, kept.day.in_(_past(look.days))))
        .join(marks, marks.c.account_id == accounts.c.id, isouter=True)
        .where(kept.edition == EDITION, kept.number == func.coalesce(marks.c.number, literal_column("0")))
        .where(*look.conditions)
    )
    return db.each_row(look.session, query)


def _past(days: Sequence[date]) -> list[date]:
    """Of a day that is still to come nothing is kept: it does not know yet what is late."""
    return [day for day in days if day <= clock.today()]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is kept of one account and day."""

    readings: Mapping[Measure, Reading]
    net: int
    before: int | None
    after: int | None


@cache
def value_of(tenths: int | None) -> Decimal | None:
    """A score as it is shown, with its one decimal."""
    return None if tenths is None else Decimal(tenths).scaleb(-1)


def _stood(readings: Mapping[Measure, Reading], net: int, rule: HealthRule) -> Stood:
    score = rule.score(readings)
    total = sum((part.weight * part.points for part in score.parts), ZERO)
    tenths = None if score.value is None else int(score.value.scaleb(1))
    measures = " ".join(part.measure for part in score.parts)
    return Stood(measures, score.weight, str(total), tenths, _packed(readings), net)


def _read_now(look: Look, ids: set[int]) -> Iterator[tuple[int, date, _Reading]]:
    past = replace(look, measures=look.measures - PRESENT_ONLY)
    found = read(past)
    ends = [day for day in look.days if (day + timedelta(days=1)).day == 1]
    nets = nets_of_months(look, [period for day in ends for period in follow_up(day)])
    for day in look.days:
        over = past.sums[window(day)]
        after, before = follow_up(day) if day in ends else (None, None)
        for account_id in ids:
            yield (
                account_id,
                day,
                _Reading(
                    found[day].get(account_id, {}),
                    over.get(account_id, (0, 0))[0],
                    None if before is None else nets[before].get(account_id, 0),
                    None if after is None else nets[after].get(account_id, 0),
                ),
            )


# --- keeping ---


def unkept(
    session: Session, actor: Actor, days: Sequence[date], rule: HealthRule, limit: int
) -> dict[int, int]:
    """Accounts of which not all days are kept as they would be read now, with the numbers of their marks."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    kept, marks, accounts = table(HealthStanding).c, health_marks.numbers(), table(Account).c
    number = func.coalesce(marks.c.number, literal_column("0"))
    good = (kept.edition == EDITION, kept.rule == fingerprint(rule), kept.day.in_(days))
    query = (
        select(accounts.id, number)
        .select_from(table(Account))
        .join(marks, marks.c.account_id == accounts.id, isouter=True)
        .join(
            table(HealthStanding),
            and_(kept.account_id == accounts.id, kept.number == number, *good),
            isouter=True,
        )
        .where(accounts.is_unassigned.is_(False), accounts.merged_into_id.is_(None))
        .group_by(accounts.id, marks.c.number)
        .having(func.count(kept.day) < len(days))
        .order_by(accounts.id)
        .limit(limit)
    )
    return {row[0]: row[1] for row in db.rows(session, query)}


def read_rows(look: Look, rule: HealthRule, numbers: Mapping[int, int]) -> list[dict[str, Any]]:
    """What is to be kept of these accounts, read in the same snapshot as the numbers of their marks."""
    rows = []
    for account_id, day, one in _read_now(look, set(numbers)):
        stood = _stood(one.readings, one.net, rule)._asdict()
        rows.append(
            {
                "account_id": account_id, "day": day, "number": numbers[account_id], "edition": EDITION,
                "rule": fingerprint(rule), "net_amount": _money(stood.pop("net")), **stood,
                "before_amount": _money(one.before), "after_amount": _money(one.after),
            }
        )  # fmt: skip
    return rows


def _money(whole: int | None) -> Decimal | None:
    return None if whole is None else Decimal(whole) / MONEY_SCALE


def keep(session: Session, actor: Actor, rows: Sequence[Mapping[str, Any]], days: Sequence[date]) -> None:
    """Keep what was read; of these accounts other days go. Where something changed meanwhile it counts for nothing."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    kept, accounts = table(HealthStanding), table(Account).c
    asked = sorted({row["account_id"] for row in rows})
    # An account may be gone since it was read; one that is there stays until this is kept.
    there = select(accounts.id).where(accounts.id.in_(asked)).with_for_update(read=True, key_share=True)
    ids = [row[0] for row in session.execute(there)]
    rows = [row for row in rows if row["account_id"] in ids]
    if not rows:
        return
    session.execute(delete(kept).where(kept.c.account_id.in_(ids), kept.c.day.not_in(days)))
    insert = (sqlite.insert if db.is_sqlite(session) else postgresql.insert)(kept)
    others = [name for name in rows[0] if name not in ("account_id", "day")]
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["account_id", "day"], set_={name: insert.excluded[name] for name in others}
        ),
        list(rows),
    )


def first_difference(session: Session, actor: Actor, at_once: int = 500) -> tuple[int, date] | None:
    """The first account and day of which something else is kept than would be read now; for `doctor`."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    kept, marks = table(HealthStanding).c, health_marks.numbers()
    amounts = (type_coerce(kept[name], BigInteger) for name in _AMOUNTS)
    query = (
        select(kept.account_id, kept.day, kept.readings, *amounts)
        .select_from(table(HealthStanding))
        .join(marks, marks.c.account_id == kept.account_id, isouter=True)
        .where(kept.edition == EDITION, kept.number == func.coalesce(marks.c.number, literal_column("0")))
        .order_by(kept.account_id, kept.day)
    )
    found = {(row[0], row[1]): tuple(row[2:]) for row in db.rows(session, query)}
    accounts, days = sorted({one for one, _day in found}), tuple(sorted({day for _one, day in found}))
    for start in range(0, len(accounts), at_once):
        some = set(accounts[start : start + at_once])
        only = AccountFilter(account_ids=frozenset(some))
        look = Look(session, actor, days, only, frozenset(Measure) - PRESENT_ONLY)
        for account_id, day, one in _read_now(look, some):
            anew = _packed(one.readings), one.net, one.before, one.after
            if found.get((account_id, day), anew) != anew:
                return account_id, day
    return None


def fingerprint(rule: HealthRule) -> str:
    """A name for the weights and limits of a rule: bands are none of it."""
    written = [(one, each.weight, str(each.zero_at), str(each.full_at)) for one, each in rule.rules.items()]
    return hashlib.sha256(repr(written).encode()).hexdigest()[:16]


def _packed(readings: Mapping[Measure, Reading]) -> str:
    rows = {
        measure.value: [str(one.value), str(one.now), str(one.base), None if one.more is None else str(one.more),
                        None if one.on is None else one.on.isoformat()]
        for measure, one in readings.items()
    }  # fmt: skip
    return json.dumps(rows, separators=(",", ":"))


def _unpacked(text: str) -> dict[Measure, Reading]:
    return {
        Measure(name): Reading(
            Decimal(value), Decimal(now), Decimal(base), None if more is None else Decimal(more),
            None if on is None else date.fromisoformat(on),
        )
        for name, (value, now, base, more, on) in json.loads(text).items()
    }  # fmt: skip
