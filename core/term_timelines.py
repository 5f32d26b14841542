"""Where a version of a term goes among those before it, on both clocks: plain rules on plain values.

Versions of one lane (scope, kind, minimum quantity, approved or not) that begin on the same day follow each other:
each is known from the moment it was recorded until the next one supersedes it. Two that begin on different days
must never hold on the same day as known at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

_NO_END = date.max


@dataclass(frozen=True)
class Span:
    """When a version holds, and from when until when we knew it; both half-open, no end is None."""

    valid_from: date
    valid_to: date | None
    recorded_at: datetime
    superseded_at: datetime | None = None

    @property
    def is_ever_known(self) -> bool:
        return self.superseded_at is None or self.superseded_at > self.recorded_at


def overlap(one: Span, other: Span) -> bool:
    """Whether both hold on some day as known at some moment."""
    if not (one.is_ever_known and other.is_ever_known):
        return False
    valid = one.valid_from < (other.valid_to or _NO_END) and other.valid_from < (one.valid_to or _NO_END)
    return valid and _begins_before_end(one, other) and _begins_before_end(other, one)


def _begins_before_end(one: Span, other: Span) -> bool:
    return other.superseded_at is None or one.recorded_at < other.superseded_at


@dataclass(frozen=True)
class Placed:
    """How a new version joins its lane."""

    superseded_at: datetime | None  # of the new one: set where later versions of it are known already
    supersedes: int | None  # place of the version that it ends, if any


def placed(versions: Sequence[Span], new: Span) -> Placed:
    """Where a version goes among those of its lane, which are in the order they were recorded in."""
    before: int | None = None
    after: datetime | None = None
    for place, version in enumerate(versions):
        if version.valid_from != new.valid_from:
            continue
        if version.recorded_at <= new.recorded_at:
            before = place
        elif after is None:
            after = version.recorded_at
    if before is not None:
        ends = versions[before].superseded_at
        if ends is None or ends > new.recorded_at:
            return Placed(ends, before)
    return Placed(after, None)


def overlapping(versions: Iterable[Span], new: Span) -> list[int]:
    """The places of the versions that begin on another day and meet the new one."""
    return [
        place
        for place, version in enumerate(versions)
        if version.valid_from != new.valid_from and overlap(version, new)
    ]
