"""A ledger written as plainly as can be: it keeps what happened and tells everything from the beginning each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass
class Happened:
    on: date
    points: int  # below zero: spent or taken
    key: str
    expires_on: date | None = None
    spends: bool = False  # a redemption, not an adjustment


@dataclass
class Told:
    """What the events come to."""

    lots: list[list] = field(default_factory=list)  # [last day, key, left]
    redeemed: int = 0
    expired: int = 0
    short: bool = False

    @property
    def active(self) -> int:
        return sum(lot[2] for lot in self.lots)


@dataclass
class NaiveLedger:
    events: list[Happened] = field(default_factory=list)

    def tell(self, until: date, extra: Happened | None = None) -> Told:
        found = Told()
        for one in [*self.events, *([extra] if extra else [])]:
            self._lapse(found, one.on)
            if one.points >= 0:
                found.lots.append([one.expires_on or date.max, one.key, one.points])
                continue
            left = -one.points
            if one.spends:
                found.redeemed += left
            for lot in sorted(found.lots, key=lambda lot: lot[0]):
                part = min(left, lot[2])
                lot[2] -= part
                left -= part
            found.short = found.short or left > 0
        self._lapse(found, until)
        return found

    def _lapse(self, found: Told, day: date) -> None:
        for lot in found.lots:
            if lot[0] < day:
                found.expired += lot[2]
                lot[2] = 0

    def can(self, one: Happened) -> bool:
        return not self.tell(one.on, one).short

    def add(self, one: Happened) -> None:
        self.events.append(one)

    def knows(self, key: str) -> bool:
        return any(one.key == key for one in self.events)

    def forget(self, key: str) -> None:
        """As if it had not happened."""
        self.events = [one for one in self.events if one.key != key]
