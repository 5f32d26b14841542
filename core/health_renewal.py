"""Reading the health of accounts before somebody asks, some accounts at a time, beside the pages.

What is read is that of the day that pages end with, of the ends of the last months, and of the quarters that the track
record looks at. Reading and keeping are two transactions: nobody waits for the first, and the second is short.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from core import auth, clock, health, health_standings, health_track, portfolio, settings
from core.auth import Actor
from core.filters import AccountFilter
from core.health_measures import PRESENT_ONLY, Look
from core.health_rules import Measure
from core.vocabulary import Permission

AT_ONCE = 500  # accounts


@dataclass(frozen=True)
class Batch:
    """What was read of some accounts, to be kept."""

    days: tuple[date, ...]
    rows: tuple[dict[str, Any], ...]


def days(session: Session, actor: Actor) -> tuple[date, ...]:
    """The days that pages ask for, the oldest first; none without bookings."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    day = portfolio.as_of(session, actor)
    if day is None:
        return ()
    last = health.quarter_end(day, settings.get(session).fiscal_year_month)
    ends = *health.month_ends(day, health.HISTORY_MONTHS), *health_track.quarters(session, actor, day)
    return tuple(sorted(one for one in {day, last, *ends} if one <= clock.today()))


def read(session: Session, actor: Actor, *, at_once: int = AT_ONCE) -> Batch | None:
    """Read accounts of which something is not kept; None where everything is."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    wanted, rule = days(session, actor), settings.get(session).health
    numbers = health_standings.unkept(session, actor, wanted, rule, at_once) if wanted else {}
    if not numbers:
        return None
    only = AccountFilter(account_ids=frozenset(numbers))
    look = Look(session, actor, wanted, only, frozenset(Measure) - PRESENT_ONLY)
    return Batch(wanted, tuple(health_standings.read_rows(look, rule, numbers)))


def keep(session: Session, actor: Actor, batch: Batch) -> None:
    """Keep what was read; what changed meanwhile counts for nothing and is read again."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    health_standings.keep(session, actor, batch.rows, batch.days)


def read_all(session: Session, actor: Actor) -> int:
    """Read and keep every account in one transaction, which nobody may wait for; how many standings."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    count = 0
    while (batch := read(session, actor)) is not None:
        keep(session, actor, batch)
        count += len(batch.rows)
    return count
