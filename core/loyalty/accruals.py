"""From orders to the ledger: what the programmes in force make of them is compared with what stands there.

What is missing is booked, what is no longer right is corrected by a further entry, on the business day that it
belongs to and with the moment at which it became known. So a run that missed days catches up, a second one finds
nothing to do, and orders that come late or are changed lead to the same ledger as if they had come in time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.auth import Actor
from core.loyalty import generation, ledger, order_facts, outlooks, programmes, standings, tier_spans
from core.loyalty.generation import Facts, Generated, Generation, GrantedTier
from core.loyalty.ledger import Draft, Kept
from core.loyalty.lots import NO_END, Key, Phase
from core.loyalty.order_facts import Enrolled
from core.loyalty.rules import VersionInForce
from core.loyalty.tier_spans import Stretch
from core.loyalty_vocabulary import EntryKind
from core.models import LoyaltyEnrolment, LoyaltyMember


@dataclass(frozen=True)
class Known:
    """What is known of a member: the versions that it is enrolled in, its orders, its ledger and granted tiers."""

    stretches: tuple[Stretch, ...]
    facts: Facts
    kept: tuple[Kept, ...]
    grants: tuple[GrantedTier, ...]

    @property
    def versions(self) -> list[VersionInForce]:
        return [one.version for one in self.stretches]

    @property
    def joined(self) -> date | None:
        return min((one.version.start for one in self.stretches), default=None)

    def entered(self) -> dict[int, int]:
        """What qualifies by day beside orders."""
        found: dict[int, int] = {}
        for one in self.kept:
            if one.qualifying and one.movement.phase is Phase.PEOPLE:
                day = one.movement.posted
                found[day] = found.get(day, 0) + one.qualifying
        return found


@dataclass
class Accrued:
    """What a run did."""

    members: int = 0
    entries: int = 0
    corrections: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)

    def add(self, drafts: Sequence[Draft]) -> None:
        self.entries += len(drafts)
        for one in drafts:
            self.corrections += "#" in one.key
            self.by_kind[one.kind.value] = self.by_kind.get(one.kind.value, 0) + 1


When = Callable[[date], datetime]  # the moment at which what belongs to a day became known


def bring_up_to_date(
    session: Session, actor: Actor, member_ids: Sequence[int], day: date, *, known_at: When | None = None
) -> Accrued:
    """Book what the orders of some members call for up to the end of a day, and keep lots, tiers and standings."""
    done = Accrued()
    members = [ledger.hold(session, member_id) for member_id in sorted(member_ids)]
    last = max([day, *(one.accrued_on for one in members if one.accrued_on is not None)])
    known = read(session, [one.id for one in members], last)
    for member in members:
        done.add(settle(session, actor, member, known[member.id], last, known_at=known_at))
        done.members += 1
    session.flush()
    return done


def read(session: Session, member_ids: Sequence[int], until: date) -> dict[int, Known]:
    """Everything that decides about some members' points."""
    versions = programmes.versions_in_force(session)
    enrolments: dict[int, list[LoyaltyEnrolment]] = {}
    query = select(LoyaltyEnrolment).where(
        LoyaltyEnrolment.member_id.in_(member_ids), LoyaltyEnrolment.superseded_at.is_(None)
    )
    for row in session.scalars(query.order_by(LoyaltyEnrolment.valid_from, LoyaltyEnrolment.id)):
        enrolments.setdefault(row.member_id, []).append(row)
    facts = _facts(session, enrolments, versions, until)
    kept = ledger.entries(session, member_ids)
    grants = tier_spans.granted(session, member_ids)
    return {
        member_id: Known(
            stretches=stretches(enrolments.get(member_id, ()), versions),
            facts=facts.get(member_id, Facts()),
            kept=tuple(kept[member_id]),
            grants=tuple(grants.get(member_id, ())),
        )
        for member_id in member_ids
    }


def _facts(
    session: Session,
    enrolments: dict[int, list[LoyaltyEnrolment]],
    versions: dict[int, list[VersionInForce]],
    until: date,
) -> dict[int, Facts]:
    """The orders by member, read programme by programme."""
    found: dict[int, Facts] = {}
    for number, in_force in versions.items():
        enrolled = [
            Enrolled(
                row.member_id,
                row.account_id,
                row.valid_from.toordinal(),
                NO_END if row.valid_to is None else row.valid_to.toordinal(),
            )
            for rows in enrolments.values()
            for row in rows
            if row.programme_number == number
        ]
        if not enrolled:
            continue
        for member_id, facts in order_facts.read(session, enrolled, in_force, until).items():
            there = found.setdefault(member_id, Facts())
            there.orders += facts.orders
            there.purchases += facts.purchases
            there.returns = list(dict.fromkeys([*there.returns, *facts.returns]))
    return found


def stretches(
    enrolments: Sequence[LoyaltyEnrolment], versions: dict[int, list[VersionInForce]]
) -> tuple[Stretch, ...]:
    """The versions of the programmes on the days on which somebody is enrolled, in the order of their days.

    A group is enrolled as long as one of its accounts is.
    """
    found: list[Stretch] = []
    for number, start, end in _memberships(enrolments):
        for version in versions.get(number, ()):
            first = max(start, version.start)
            last = min((one for one in (end, version.end) if one is not None), default=None)
            if last is None or first < last:
                found.append(Stretch(number, replace(version, start=first, end=last)))
    return tuple(sorted(found, key=lambda one: one.version.start))


def _memberships(enrolments: Sequence[LoyaltyEnrolment]) -> list[tuple[int, date, date | None]]:
    """Programme, first day and end without gaps between the accounts of a group."""
    joined: list[tuple[int, date, date | None]] = []
    for row in sorted(enrolments, key=lambda one: one.valid_from):
        last = joined[-1] if joined else None
        meets = last is not None and last[0] == row.programme_number
        if last is not None and meets and (last[2] is None or row.valid_from <= last[2]):
            end = None if last[2] is None or row.valid_to is None else max(last[2], row.valid_to)
            joined[-1] = (last[0], last[1], end)
        else:
            joined.append((row.programme_number, row.valid_from, row.valid_to))
    return joined


def settle(
    session: Session,
    actor: Actor,
    member: LoyaltyMember,
    known: Known,
    day: date,
    *,
    known_at: When | None = None,
) -> list[Draft]:
    """Book what is missing of one member, who is held, and keep what follows; the entries that were booked."""
    made = generated(known, day)
    drafts = corrections(known.kept, () if made is None else made.entries)
    kept = [
        *known.kept,
        *(ledger.as_kept(one, member.entry_count + place) for place, one in enumerate(drafts, 1)),
    ]
    months = idle_months(known, day)
    found = ledger.folded(kept, day, idle_months=months)
    drafts += ledger.lapses(kept, found)
    ledger.append(session, actor, member, drafts, known=known_at)
    ledger.keep_lots(session, member.id, found)
    tier = None
    if made is not None:
        spans = tier_spans.spans(known.stretches, made.history, known.grants)
        tier_spans.keep(session, member.id, spans, known_at)
        tier = _tier(known, made, day)
    total = sum(one.qualifying for one in kept if one.posted_on <= day)
    values = standings.of_points(found, day, months) | standings.of_tier(tier, total)
    standings.keep(session, member.id, day, values)
    member.accrued_on = day
    return drafts


def generated(known: Known, day: date) -> Generation | None:
    """What the versions in force make of a member's orders; None for who is enrolled nowhere."""
    joined = known.joined
    if joined is None or joined > day:
        return None
    return generation.generate(
        known.versions, known.facts, joined, day, entered=known.entered(), grants=known.grants
    )


def accrued_on(session: Session, member_ids: Sequence[int]) -> dict[int, date]:
    """Up to which day the daily job has come, by member; for who has asked for them."""
    query = select(LoyaltyMember.id, LoyaltyMember.accrued_on).where(LoyaltyMember.id.in_(member_ids))
    return {member_id: day for member_id, day in session.execute(query) if day is not None}


def idle_months(known: Known, day: date) -> int | None:
    """After how many months without anything the member's points lapse, as the version of a day says."""
    begun = [one.version for one in known.stretches if one.version.start <= day]
    return standings.idle_months(begun[-1].spec) if begun else None


def _tier(known: Known, made: Generation, day: date) -> standings.TierStanding | None:
    """None once the member has left."""
    current = [
        one
        for one in known.stretches
        if one.version.start <= day and (one.version.end is None or day < one.version.end)
    ]
    ahead = outlooks.outlook(made.history, made.qualifying, day) if current else None
    if ahead is None:
        return None
    return standings.tier_standing(current[-1].programme_number, ahead, known.grants, day)


def idle_months_of(session: Session, member_ids: Sequence[int]) -> dict[int, int | None]:
    """After how many months without anything the points of some members lapse; for who has asked for them."""
    versions = programmes.versions_in_force(session)
    query = select(LoyaltyEnrolment).where(
        LoyaltyEnrolment.member_id.in_(member_ids), LoyaltyEnrolment.superseded_at.is_(None)
    )
    rows: dict[int, list[LoyaltyEnrolment]] = {}
    for row in session.scalars(query):
        rows.setdefault(row.member_id, []).append(row)
    today = clock.today()
    return {
        member_id: idle_months(Known(stretches(own, versions), Facts(), (), ()), today)
        for member_id, own in rows.items()
    }


@dataclass
class _Booked:
    """What the daily job booked of one source so far."""

    points: int = 0
    qualifying: int = 0
    count: int = 0
    posted: int = 0
    active: int = 0
    expires: int = NO_END


def corrections(kept: Sequence[Kept], wanted: Sequence[Generated]) -> list[Draft]:
    """The entries that turn what is booked into what is wanted."""
    booked: dict[Key, _Booked] = {}
    for one in kept:
        if one.movement.phase is Phase.ORDERS:
            was = booked.setdefault(one.movement.key, _Booked(posted=one.movement.posted))
            was.points += one.movement.points
            was.qualifying += one.qualifying
            was.count += 1
            was.active, was.expires = one.movement.active, one.movement.expires
    drafts = []
    keys = set()
    for due in wanted:
        movement = due.movement
        keys.add(movement.key)
        was = booked.get(movement.key, _Booked(active=movement.active, expires=movement.expires))
        points, qualifying = movement.points - was.points, due.qualifying - was.qualifying
        moved = movement.points > 0 and (was.active, was.expires) != (movement.active, movement.expires)
        if points or qualifying or moved:
            drafts.append(_draft(due, points, qualifying, was.count))
    gone = [(key, was) for key, was in booked.items() if key not in keys and (was.points or was.qualifying)]
    drafts += [_taken_back(key, was) for key, was in sorted(gone, key=lambda item: item[0])]
    return drafts


def _draft(due: Generated, points: int, qualifying: int, count: int) -> Draft:
    one = due.movement
    kind = one.kind if not count else EntryKind.EARN if points >= 0 else EntryKind.REVERSE
    earns = one.kind is EntryKind.EARN
    return Draft(
        account_id=one.account_id,
        kind=kind if earns else EntryKind.REVERSE,
        points=points,
        qualifying=qualifying,
        posted_on=date.fromordinal(one.posted),
        active_on=date.fromordinal(one.active) if earns and one.active > one.posted else None,
        expires_on=date.fromordinal(one.expires) if earns and one.expires != NO_END else None,
        key=ledger.numbered(one.source, count),
        source=one.source,
        reverses=one.reverses,
        generated=True,
        spec_id=due.spec_id,
    )


def _taken_back(key: Key, was: _Booked) -> Draft:
    return Draft(
        account_id=key[0],
        kind=EntryKind.REVERSE,
        points=-was.points,
        qualifying=-was.qualifying,
        posted_on=date.fromordinal(was.posted),
        key=ledger.numbered(key[1], was.count),
        source=key[1],
        generated=True,
    )
