"""How members moved between loyalty tiers over time: how many in which tier each month, and from where to where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import auth, clock, db
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.loyalty import boards
from core.models import LoyaltyMember, LoyaltyTierSpan
from core.periods import add_months
from core.vocabulary import Permission


@dataclass(frozen=True)
class Migration:
    """The tiers of a programme's members at the end of some days, the last of them today.

    A tier without a name is below the lowest; None stands for who took no part on a day.
    """

    days: tuple[date, ...]
    held: Mapping[int, tuple[str | None, ...]]  # by member its tier on each of the days

    def counts(self, tier: str) -> list[int]:
        """How many held this tier on each day."""
        return [
            sum(1 for held in self.held.values() if held[place] == tier) for place in range(len(self.days))
        ]

    def moves(self) -> dict[tuple[str | None, str | None], int]:
        """From the tier on the first day to the one on the last: how many went that way."""
        found: dict[tuple[str | None, str | None], int] = {}
        for held in self.held.values():
            way = held[0], held[-1]
            if way != (None, None):
                found[way] = found.get(way, 0) + 1
        return found


def of_programme(
    session: Session, actor: Actor, number: int, accounts: AccountFilter = ALL_ACCOUNTS, *, months: int = 12
) -> Migration:
    """The ends of the months gone by and today, as known now."""
    auth.require(actor, Permission.LOYALTY_READ)
    days = _days(clock.today(), months)
    span = LoyaltyTierSpan
    columns: tuple[Any, ...] = (span.member_id, span.loyalty_tier, span.valid_from, span.valid_to)
    query = (
        select(*columns)
        .join(LoyaltyMember, LoyaltyMember.id == span.member_id)
        .where(
            span.programme_number == number,
            span.superseded_at.is_(None),
            span.valid_from <= days[-1],
            or_(span.valid_to.is_(None), span.valid_to > days[0]),
            boards.chosen_members(actor, accounts),
        )
    )
    return Migration(days, _held(db.rows(session, query), days))


def _days(today: date, months: int) -> tuple[date, ...]:
    firsts = [add_months(today.replace(day=1), -back) for back in range(months - 1, -1, -1)]
    ends = [first - timedelta(days=1) for first in firsts]
    return (*ends, today)


def _held(rows: Iterable[Any], days: tuple[date, ...]) -> dict[int, tuple[str | None, ...]]:
    found: dict[int, list[str | None]] = {}
    for member_id, tier, first, end in rows:
        held = found.setdefault(member_id, [None] * len(days))
        for place, day in enumerate(days):
            if first <= day and (end is None or day < end):
                held[place] = tier
    return {member_id: tuple(held) for member_id, held in found.items()}
