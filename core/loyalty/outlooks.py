"""What lies ahead of a member, on plain values: how far the next tier is, what keeps this one, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from core.loyalty.rules import TierHistory, TierTrack, VersionInForce, window_of
from core.loyalty_vocabulary import DowngradePolicy, TierWindow
from core.periods import shift_day

_YEAR = 365


@dataclass(frozen=True)
class TierOutlook:
    """Where a member stands in the window at the end of a day; points are thousandths."""

    version: VersionInForce
    tier: int  # earned; a granted one stands above it
    since: date
    gathered: int
    next_tier: int | None
    to_next: int | None  # none: there is no higher tier
    to_stay: int | None  # none: no tier is held
    until: date | None  # the last day that the tier is sure without another order; none: for good
    window_ends_on: date  # its last day
    projected: int  # qualifying at the window's end, at the pace of the last year
    projected_tier: int


def outlook(history: TierHistory, qualifying: Mapping[int, int], day: date) -> TierOutlook | None:
    """From the history up to this day; None where no version of the programme has begun."""
    track, held = history.track, history.at(day.toordinal())
    if track is None or held is None:
        return None
    rules = track.rules
    higher = track.held + 1 if track.held < len(rules.thresholds) else None
    end = window_of(rules.window, day, track.joined)[1]
    projected = track.gathered + _pace(qualifying, day) * (end - timedelta(days=1) - day).days // _YEAR
    reached = rules.reached(projected)
    return TierOutlook(
        version=held.version,
        tier=track.held,
        since=date.fromordinal(track.since),
        gathered=track.gathered,
        next_tier=higher,
        to_next=None if higher is None else max(0, rules.thresholds[higher - 1] - track.gathered),
        to_stay=_to_stay(track),
        until=_until(track, day) if track.held else None,
        window_ends_on=end - timedelta(days=1),
        projected=projected,
        projected_tier=reached if reached >= track.held else rules.fallen(track.held, reached),
    )


def _to_stay(track: TierTrack) -> int | None:
    if not track.held:
        return None
    if track.rules.downgrade is DowngradePolicy.NEVER:
        return 0
    return max(0, track.rules.thresholds[track.held - 1] - track.gathered)


def _pace(qualifying: Mapping[int, int], day: date) -> int:
    """What qualified in the last year."""
    last = day.toordinal()
    return sum(gained for one, gained in qualifying.items() if last - _YEAR < one <= last)


def _until(track: TierTrack, day: date) -> date | None:
    """The last day of the tier if nothing more comes; None: it cannot be lost."""
    rules = track.rules
    needed = rules.thresholds[track.held - 1]
    if rules.downgrade is DowngradePolicy.NEVER or needed <= 0:
        return None
    if track.drop_on is not None:
        return date.fromordinal(track.drop_on - 1)
    if rules.window is TierWindow.TRAILING_YEAR:
        first_short = _first_short(track, needed)
    else:
        first_short = window_of(rules.window, day, track.joined)[1]
        if track.gathered >= needed:
            first_short = window_of(rules.window, first_short, track.joined)[1]
    return first_short + timedelta(days=rules.grace_days - 1)


def _first_short(track: TierTrack, needed: int) -> date:
    """The first day on which a trailing window holds too little, as old points leave it."""
    left = track.gathered
    for day, gained in track.in_window:
        left -= gained
        if left < needed:
            leaves = shift_day(date.fromordinal(day), 12)
            while window_of(TierWindow.TRAILING_YEAR, leaves, track.joined)[0].toordinal() <= day:
                leaves += timedelta(days=1)
            return leaves
    return date.max - timedelta(days=2 * _YEAR)
