"""The rules of tiers and points on plain values: rounding, windows, who reaches and who keeps a tier, when lots lapse.

Points are whole thousandths here, and days ordinals: a year of ten million order lines goes through these functions.

A tier is reached on the day on which the qualifying points of the window come to its threshold. It is kept at least
until the window ends. Then, in windows that end (calendar year, anniversary), what was gathered in the window decides:
whoever has less than the tier needs loses it once the days of grace are over, unless the new window brought enough
meanwhile. In a trailing window every day decides likewise. `DowngradePolicy` says how far one falls.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache

from core.loyalty.specs import Spec
from core.loyalty_vocabulary import DowngradePolicy, LotExpiry, PointRounding, TierWindow
from core.periods import add_months, shift_day

SCALE = 1_000  # thousandths of a point


def milli(points: Decimal) -> int:
    """Points as whole thousandths; more digits are not kept."""
    whole = int(points * SCALE)
    if Decimal(whole) != points * SCALE:
        raise ValueError(f"{points} has more digits than points keep")
    return whole


def rounded(numerator: int, denominator: int, step: int, rounding: PointRounding) -> int:
    """A share of thousandths, numerator ÷ denominator, to whole steps; nothing below zero is earned."""
    if numerator <= 0:
        return 0
    denominator *= step
    if rounding is PointRounding.UP:
        return -(-numerator // denominator) * step
    if rounding is PointRounding.HALF_UP:
        return (2 * numerator + denominator) // (2 * denominator) * step
    return numerator // denominator * step


@dataclass(frozen=True)
class TierRules:
    """How one version of a programme decides about tiers; tier 0 is below the lowest."""

    thresholds: tuple[int, ...]
    window: TierWindow
    grace_days: int
    downgrade: DowngradePolicy

    @classmethod
    def of(cls, spec: Spec) -> TierRules:
        thresholds = tuple(milli(tier.threshold) for tier in spec.tiers)
        return cls(thresholds, spec.window, spec.grace_days, spec.downgrade)

    def reached(self, qualifying: int) -> int:
        """The highest tier that these points are enough for: exactly the threshold is enough."""
        return bisect_right(self.thresholds, qualifying)

    def fallen(self, held: int, earned: int) -> int:
        """The tier after a review that found less than what is held."""
        if self.downgrade is DowngradePolicy.NEVER:
            return held
        return held - 1 if self.downgrade is DowngradePolicy.ONE_STEP else earned


def window_of(kind: TierWindow, day: date, joined: date) -> tuple[date, date]:
    """The first day of the window that a day is in, and the day after its last; a trailing one ends with the day."""
    if kind is TierWindow.CALENDAR_YEAR:
        return date(day.year, 1, 1), date(day.year + 1, 1, 1)
    if kind is TierWindow.TRAILING_YEAR:
        return shift_day(day + timedelta(days=1), -12), day + timedelta(days=1)
    start = _anniversary(joined, day.year)
    if start > day:
        return _anniversary(joined, day.year - 1), start
    return start, _anniversary(joined, day.year + 1)


@lru_cache(maxsize=4096)
def _trailing_start(day: int) -> int:
    return shift_day(date.fromordinal(day + 1), -12).toordinal()


def _anniversary(joined: date, year: int) -> date:
    """The day in that year; of 29 February the last of the month in other years."""
    return shift_day(joined, (year - joined.year) * 12)


def expires_on(spec: Spec, earned: date) -> date | None:
    """The last day of points earned on a day; None: never, or only when nothing happens for long."""
    if spec.expiry is LotExpiry.MONTHS:
        return shift_day(earned, spec.expiry_months)
    if spec.expiry is LotExpiry.END_OF_MONTH:
        return add_months(earned, spec.expiry_months + 1) - timedelta(days=1)
    if spec.expiry is LotExpiry.END_OF_YEAR:
        return date(shift_day(earned, spec.expiry_months).year, 12, 31)
    return None


@dataclass
class TierTrack:
    """Where a member stands from day to day: call `close` for every day in order, with what that day brought."""

    joined: date
    rules: TierRules
    held: int = 0
    since: int = 0  # ordinal
    gathered: int = 0  # qualifying in the window
    drop_on: int | None = None  # the days of grace end before it

    def __post_init__(self) -> None:
        self._ends = 0  # ordinal of the next window's first day
        self._owed: int | None = (
            None  # what the window that ended was enough for, while the days of grace run
        )
        self._days: list[tuple[int, int]] = []  # what counts in a trailing window
        self._first = 0

    @property
    def in_window(self) -> list[tuple[int, int]]:
        """Day and qualifying of what a trailing window holds."""
        return self._days[self._first :]

    def close(self, day: int, gained: int) -> None:
        """The end of a day: what it brought counts, then tiers are reached, or reviewed."""
        if self.rules.window is TierWindow.TRAILING_YEAR:
            self._trail(day, gained)
        else:
            self._turn(day, gained)
        earned = self.rules.reached(self.gathered)
        if earned > self.held:
            self._hold(earned, day)
        elif self.rules.window is TierWindow.TRAILING_YEAR:
            self._review_trailing(day, earned)
        else:
            self._review_ended(day, earned)

    def under(self, rules: TierRules, held: int, past: Mapping[int, int], day: int) -> None:
        """Another version is in force from a day on; `held` is the tier as it numbers them, `past` what qualified."""
        self.rules, self.held = rules, held
        self.drop_on = self._owed = None
        start = window_of(rules.window, date.fromordinal(day), self.joined)[0].toordinal()
        self._days = sorted((one, gained) for one, gained in past.items() if start <= one < day)
        self._first, self._ends = 0, 0
        self.gathered = sum(gained for _one, gained in self._days)

    def _trail(self, day: int, gained: int) -> None:
        if gained:
            self._days.append((day, gained))
            self.gathered += gained
        start = _trailing_start(day)
        while self._first < len(self._days) and self._days[self._first][0] < start:
            self.gathered -= self._days[self._first][1]
            self._first += 1

    def _turn(self, day: int, gained: int) -> None:
        if day >= self._ends:
            first = self._ends == 0
            window = window_of(self.rules.window, date.fromordinal(day), self.joined)
            self._ends = window[1].toordinal()
            if not first:
                past = self.rules.reached(self.gathered)
                self._owed = past if past < self.held else None
                self.drop_on = None if self._owed is None else day + self.rules.grace_days
                self.gathered = 0
        if gained:
            self.gathered += gained

    def _review_ended(self, day: int, earned: int) -> None:
        if self._owed is None or self.drop_on is None:
            return
        if earned >= self.held:
            self._owed = self.drop_on = None
        elif day >= self.drop_on:
            fallen = self.rules.fallen(self.held, max(self._owed, earned))
            self._hold(fallen, day)

    def _review_trailing(self, day: int, earned: int) -> None:
        if earned >= self.held:
            self.drop_on = None
            return
        if self.drop_on is None:
            self.drop_on = day + self.rules.grace_days
        if day >= self.drop_on:
            self._hold(self.rules.fallen(self.held, earned), day)

    def _hold(self, tier: int, day: int) -> None:
        self._owed = self.drop_on = None
        if tier != self.held:
            self.held, self.since = tier, day


@dataclass(frozen=True)
class VersionInForce:
    """A version of the programme on its days, as the rules see it."""

    spec_id: int
    start: date
    end: date | None  # exclusive
    spec: Spec

    @cached_property
    def rules(self) -> TierRules:
        return TierRules.of(self.spec)


@dataclass(frozen=True)
class Held:
    """A tier held on some days: from `start` on, until the next one begins."""

    start: int  # ordinal
    tier: int
    version: VersionInForce

    @property
    def name(self) -> str:
        """Empty below the lowest tier."""
        return self.version.spec.tiers[self.tier - 1].name if self.tier else ""


@dataclass(frozen=True)
class TierHistory:
    """What a member held from joining to a day, and how the window stands at its end."""

    held: tuple[Held, ...]
    track: TierTrack | None  # none: no version of the programme has begun

    @cached_property
    def _starts(self) -> list[int]:
        return [one.start for one in self.held]

    def at(self, day: int) -> Held | None:
        """What was held at the end of a day."""
        place = bisect_right(self._starts, day)
        return self.held[place - 1] if place else None


def tiers_over(
    versions: Sequence[VersionInForce], qualifying: Mapping[int, int], joined: date, until: date
) -> TierHistory:
    """The tiers from joining to the end of a day, from what qualifies by day."""
    track: TierTrack | None = None
    held: list[Held] = []
    version: VersionInForce | None = None
    for day, current in _days(versions, joined, until):
        if current is not version:
            before = held[-1] if held else None
            version = current
            if track is None:
                track = TierTrack(joined, current.rules, since=day)
            else:
                track.under(current.rules, _renumbered(before, current), qualifying, day)
            held.append(Held(day, track.held, current))
        assert track is not None  # noqa: S101  (made with the first version)
        was = track.held
        track.close(day, qualifying.get(day, 0))
        if track.held != was:
            change = Held(day, track.held, current)
            if held[-1].start == day:
                held[-1] = change
            else:
                held.append(change)
    return TierHistory(tuple(held), track)


def _days(
    versions: Sequence[VersionInForce], joined: date, until: date
) -> Iterator[tuple[int, VersionInForce]]:
    last = until.toordinal()
    for version in versions:
        start = max(version.start, joined).toordinal()
        end = last + 1 if version.end is None else min(version.end.toordinal(), last + 1)
        for day in range(start, end):
            yield day, version


def _renumbered(before: Held | None, version: VersionInForce) -> int:
    """The tier of the same name in another version; none where it has no such tier."""
    names = [tier.name for tier in version.spec.tiers]
    return names.index(before.name) + 1 if before is not None and before.name in names else 0
