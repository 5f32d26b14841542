"""Which loyalty tier a member holds on which days: earned ones and granted ones in one line, kept with two clocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from core import clock, db
from core.loyalty.generation import GrantedTier
from core.loyalty.rules import TierHistory, VersionInForce
from core.loyalty_vocabulary import TierSource
from core.models import LoyaltyGrant, LoyaltyTierSpan


@dataclass(frozen=True)
class Stretch:
    """A version of a programme as far as a member is enrolled in it."""

    programme_number: int
    version: VersionInForce


@dataclass(frozen=True)
class Span:
    """A tier on some days; without an end it is held until further notice."""

    programme_number: int
    loyalty_tier: str  # empty: below the lowest
    source: TierSource
    discount_rate: Decimal
    valid_from: date
    valid_to: date | None


def spans(stretches: Sequence[Stretch], history: TierHistory, grants: Sequence[GrantedTier]) -> list[Span]:
    """The tiers in force: of an earned and a granted one the higher counts."""
    found: list[Span] = []
    turns = {one.start for one in history.held} | {day for one in grants for day in (one.start, one.end)}
    for stretch in stretches:
        first = stretch.version.start.toordinal()
        end = None if stretch.version.end is None else stretch.version.end.toordinal()
        days = sorted({first} | {day for day in turns if first < day and (end is None or day < end)})
        for place, day in enumerate(days):
            until = days[place + 1] if place + 1 < len(days) else end
            found.append(_span(stretch, history, grants, day, until))
    return _joined(found)


def _span(
    stretch: Stretch, history: TierHistory, grants: Sequence[GrantedTier], day: int, until: int | None
) -> Span:
    tiers = stretch.version.spec.tiers
    names = [tier.name for tier in tiers]
    held = history.at(day)
    earned = names.index(held.name) if held is not None and held.name in names else -1
    granted = [names.index(one.name) for one in grants if one.start <= day < one.end and one.name in names]
    place, source = max([(earned, 0), *((one, -1) for one in granted)])
    return Span(
        programme_number=stretch.programme_number,
        loyalty_tier=names[place] if place >= 0 else "",
        source=TierSource.GRANTED if source else TierSource.EARNED,
        discount_rate=tiers[place].benefits.discount_rate if place >= 0 else Decimal(0),
        valid_from=date.fromordinal(day),
        valid_to=None if until is None else date.fromordinal(until),
    )


def _joined(found: Sequence[Span]) -> list[Span]:
    """Neighbours that say the same are one span."""
    joined: list[Span] = []
    for one in found:
        last = joined[-1] if joined else None
        if last is not None and last.valid_to == one.valid_from and _said(last) == _said(one):
            joined[-1] = Span(*_said(last), last.valid_from, one.valid_to)
        else:
            joined.append(one)
    return joined


def _said(one: Span) -> tuple[int, str, TierSource, Decimal]:
    return one.programme_number, one.loyalty_tier, one.source, one.discount_rate


def keep(
    session: Session,
    member_id: int,
    wanted: Sequence[Span],
    known_at: Callable[[date], datetime] | None = None,
) -> None:
    """Bring the kept spans in step: what no longer holds is superseded, what is new is recorded."""
    moment = clock.now()
    names = ("programme_number", "loyalty_tier", "source", "discount_rate", "valid_from", "valid_to")
    columns: list[Any] = [getattr(LoyaltyTierSpan, name) for name in names]
    query = select(LoyaltyTierSpan.id, *columns).where(
        LoyaltyTierSpan.member_id == member_id, LoyaltyTierSpan.superseded_at.is_(None)
    )
    stored = {Span(*row[1:]): row[0] for row in db.rows(session, query)}
    gone = [key for span, key in stored.items() if span not in set(wanted)]
    if gone:
        statement = update(LoyaltyTierSpan).where(LoyaltyTierSpan.id.in_(gone)).values(superseded_at=moment)
        session.execute(statement.execution_options(synchronize_session=False))
    new = [
        {
            "member_id": member_id,
            "recorded_at": known_at(span.valid_from) if known_at else moment,
            "superseded_at": None,
            **vars(span),
        }
        for span in wanted
        if span not in stored
    ]
    if new:
        session.execute(insert(LoyaltyTierSpan), new)


def granted(session: Session, member_ids: Sequence[int]) -> dict[int, list[GrantedTier]]:
    """The granted tiers of some members that were not withdrawn."""
    query = select(LoyaltyGrant).where(
        LoyaltyGrant.member_id.in_(member_ids), LoyaltyGrant.superseded_at.is_(None)
    )
    found: dict[int, list[GrantedTier]] = {}
    for row in session.scalars(query.order_by(LoyaltyGrant.id)):
        one = GrantedTier(row.loyalty_tier, row.valid_from.toordinal(), row.valid_to.toordinal())
        found.setdefault(row.member_id, []).append(one)
    return found
