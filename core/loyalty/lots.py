"""Lots of points and what becomes of them, on plain values: spent by the earliest expiry, lapsed, taken back.

Points are whole thousandths, days ordinals. Entries about the same source count together, on the day of the first: a
correction of an order's points changes the order's lot, and a redemption that is taken back gives the points to the
lots that they came from. On one day lots lapse first, then points of orders come and go, then follows what people
did, in the order of its booking.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import IntEnum

from core.loyalty_vocabulary import EntryKind
from core.periods import shift_day

NO_END = date.max.toordinal()

Key = tuple[int, str]  # account and source: an order number may stand under several accounts of a group


class Phase(IntEnum):
    """What comes first on a day."""

    LAPSE = 0
    ORDERS = 1
    PEOPLE = 2


@dataclass(slots=True)
class Movement:
    """What entries of one source come to."""

    source: str
    account_id: int
    kind: EntryKind  # of the first of them
    posted: int  # ordinal
    points: int  # with its sign
    active: int = 0  # ordinal from which added points can be spent
    expires: int = NO_END  # ordinal of the last day
    phase: Phase = Phase.PEOPLE
    seq: int = 0
    reverses: str | None = None

    @property
    def key(self) -> Key:
        return self.account_id, self.source

    @property
    def order(self) -> tuple[int, int, bool, int, str]:
        """Of one day's orders what comes is before what goes."""
        return self.posted, self.phase, self.phase is Phase.ORDERS and self.points < 0, self.seq, self.source


@dataclass(slots=True)
class Lot:
    """Points of one source."""

    source: str
    account_id: int
    earned: int
    active: int
    expires: int
    points: int
    redeemed: int = 0
    expired: int = 0
    taken: int = 0

    @property
    def key(self) -> Key:
        return self.account_id, self.source

    @property
    def remaining(self) -> int:
        return self.points - self.redeemed - self.expired - self.taken


@dataclass
class Folded:
    """A member's lots at the end of a day, and the sums over all of them."""

    lots: dict[Key, Lot] = field(default_factory=dict)
    lapses: dict[Key, tuple[int, int]] = field(
        default_factory=dict
    )  # lot → last day, points: told by no entry
    owed: int = 0  # taken back, but spent already, as long as nothing has paid for it
    short: int = 0  # of redemptions and the like that no lot covered, as long as nothing has paid for it
    uncovered: int = 0  # what was ever owed or short: no new entry may add to it
    redeemed: int = 0
    expired: int = 0
    taken: int = 0
    issued: int = 0
    last_active: int = 0  # when points last came or were spent

    @property
    def balance(self) -> int:
        """Lots less what is owed: the same as the sum of all entries, lapses included."""
        return sum(lot.remaining for lot in self.lots.values()) - self.owed - self.short

    def active(self, day: int) -> int:
        """What can be spent on a day."""
        usable = sum(lot.remaining for lot in self.lots.values() if lot.active <= day)
        return max(0, usable - self.owed - self.short)

    def pending(self, day: int) -> int:
        """What was earned, and cannot be spent yet."""
        return sum(lot.remaining for lot in self.lots.values() if lot.active > day)


def fold(movements: Iterable[Movement], until: int, *, idle_months: int | None = None) -> Folded:
    """What the movements come to at the end of a day; lots of which nothing is left stay in the list.

    `idle_months`: all points lapse where for so long nothing comes and nothing is spent. Lapses that are entries
    already are only counted: what lapses follows from the lots.
    """
    folding = _Folding(idle_months)
    for movement in sorted(movements, key=lambda one: one.order):
        if movement.posted > until:
            break
        folding.take(movement)
    folding.lapse(until - 1)
    return folding.found


def beyond(there: Sequence[Movement], new: Sequence[Movement], *, idle_months: int | None = None) -> set[Key]:
    """Of the new movements those that spend more than there is when their turn comes: they are left out."""
    folding, keys = _Folding(idle_months), {one.key for one in new}
    refused = set()
    for movement in sorted([*there, *new], key=lambda one: one.order):
        if movement.key in keys and movement.points < 0 and not folding.covers(movement):
            refused.add(movement.key)
        else:
            folding.take(movement)
    return refused


class _Folding:
    """Takes movements in their order."""

    def __init__(self, idle_months: int | None) -> None:
        self.found = Folded()
        self._idle = idle_months
        self._open: list[tuple[int, int, Key]] = []  # last day, day of earning: the next to be spent first
        self._debts: deque[list[int]] = deque()  # [points, whether of a reversal]

    def take(self, one: Movement) -> None:
        self.lapse(one.posted - 1)
        if one.kind is EntryKind.EXPIRE:
            self._expire(one)
        elif one.points > 0:
            self._add(one)
        elif one.points < 0:
            self._spend(one)
        if one.points and one.kind in (EntryKind.EARN, EntryKind.REDEEM):
            self.found.last_active = max(self.found.last_active, one.posted)

    def covers(self, one: Movement) -> bool:
        """Whether there is as much as the movement takes."""
        self.lapse(one.posted - 1)
        found = self.found
        open_lots = [found.lots[key] for _last, _earned, key in self._open]
        there = sum(lot.remaining for lot in open_lots if lot.active <= one.posted)
        if one.kind is EntryKind.EXPIRE:
            there = sum(lot.remaining for lot in open_lots) + sum(
                points for _day, points in found.lapses.values()
            )
        return there >= -one.points

    def lapse(self, day: int) -> None:
        """Whatever had its last day by then is gone."""
        found = self.found
        idle_end = self._idle_end()
        while self._open:
            last, _earned, key = self._open[0]
            lot = found.lots[key]
            gone = min(last, idle_end)
            if gone > day:
                # Idleness ends all lots alike, so the first of the heap tells about every one.
                return
            heapq.heappop(self._open)
            if lot.remaining > 0:
                found.lapses[key] = (gone, lot.remaining)
                found.expired += lot.remaining
                lot.expired += lot.remaining

    def _idle_end(self) -> int:
        if self._idle is None or not self.found.last_active:
            return NO_END
        return shift_day(date.fromordinal(self.found.last_active), self._idle).toordinal()

    def _add(self, one: Movement) -> None:
        found = self.found
        lot = Lot(one.source, one.account_id, one.posted, one.active or one.posted, one.expires, one.points)
        found.lots[lot.key] = lot
        found.issued += one.points
        self._pay(lot)
        if lot.remaining:
            heapq.heappush(self._open, (lot.expires, lot.earned, lot.key))

    def _pay(self, lot: Lot) -> None:
        """What is owed takes from the next points that come."""
        while self._debts and lot.remaining:
            debt = self._debts[0]
            part = min(debt[0], lot.remaining)
            debt[0] -= part
            if debt[1]:
                lot.taken += part
                self.found.owed -= part
            else:
                lot.redeemed += part
                self.found.short -= part
            if not debt[0]:
                self._debts.popleft()

    def _spend(self, one: Movement) -> None:
        found, left = self.found, -one.points
        redeems = one.kind is EntryKind.REDEEM
        if redeems:
            found.redeemed += left
        else:
            found.taken += left
        own = None if one.reverses is None else found.lots.get((one.account_id, one.reverses))
        if own is not None:
            left -= self._take_from(own, left, redeems=False)
        waiting = []
        while left and self._open:
            place = self._open[0]
            lot = found.lots[place[2]]
            if lot.active > one.posted and one.kind is not EntryKind.REVERSE:
                waiting.append(heapq.heappop(self._open))
                continue
            left -= self._take_from(lot, left, redeems=redeems)
            if not lot.remaining:
                heapq.heappop(self._open)
        for place in waiting:
            heapq.heappush(self._open, place)
        if left:
            self._owe(left, reversal=one.kind is EntryKind.REVERSE)

    def _take_from(self, lot: Lot, wanted: int, *, redeems: bool) -> int:
        part = min(wanted, lot.remaining)
        if redeems:
            lot.redeemed += part
        else:
            lot.taken += part
        return part

    def _expire(self, one: Movement) -> None:
        """An expiry that was told from elsewhere: of what lapsed by itself already, then by the earliest expiry."""
        found, left = self.found, -one.points
        if one.phase is Phase.LAPSE or left <= 0:
            return
        for key, (last, points) in list(found.lapses.items()):
            part = min(left, points)
            found.lapses[key] = (last, points - part)
            left -= part
        while left and self._open:
            lot = found.lots[self._open[0][2]]
            part = min(left, lot.remaining)
            lot.expired += part
            found.expired += part
            left -= part
            if not lot.remaining:
                heapq.heappop(self._open)
        if left:
            found.expired += left
            self._owe(left, reversal=False)

    def _owe(self, points: int, *, reversal: bool) -> None:
        self._debts.append([points, reversal])
        self.found.uncovered += points
        if reversal:
            self.found.owed += points
        else:
            self.found.short += points


def expiring(lots: Iterable[Lot], idle_end: int = NO_END) -> list[tuple[int, int]]:
    """The last days ahead, with what lapses on each unless it is spent."""
    found: dict[int, int] = {}
    for lot in lots:
        last = min(lot.expires, idle_end)
        if lot.remaining > 0 and last != NO_END:
            found[last] = found.get(last, 0) + lot.remaining
    return sorted(found.items())


def netted(entries: Sequence[Movement]) -> list[Movement]:
    """One movement a source, in the order of booking: the first entry's day and kind, the points of all of them.

    When an order's points can be spent and lapse is as the last entry of the daily job says.
    """
    found: dict[Key, Movement] = {}
    for one in entries:
        first = found.get(one.key)
        if first is None:
            found[one.key] = one
            continue
        newest = one if one.phase is Phase.ORDERS else first
        found[one.key] = replace(
            first, points=first.points + one.points, active=newest.active, expires=newest.expires
        )
    return list(found.values())
