from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core import term_timelines
from core.term_timelines import Span

DAY = date(2026, 1, 1)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def span(first, last, recorded, superseded=None):
    def on(day):
        return None if day is None else DAY + timedelta(day)

    def at(hour):
        return None if hour is None else MOMENT + timedelta(hours=hour)

    return Span(on(first), on(last), at(recorded), at(superseded))


def test_a_correction_ends_what_was_known_before():
    placed = term_timelines.placed([span(0, None, 0)], span(0, 5, 3))

    assert (placed.superseded_at, placed.supersedes) == (None, 0)


def test_what_became_known_earlier_goes_before_what_is_known_later():
    placed = term_timelines.placed([span(0, None, 5)], span(0, 9, 2))

    assert (placed.superseded_at, placed.supersedes) == (MOMENT + timedelta(hours=5), None)


def test_what_became_known_between_two_is_known_between_them():
    placed = term_timelines.placed([span(0, None, 0, 5), span(0, 9, 5)], span(0, 7, 2))

    assert (placed.superseded_at, placed.supersedes) == (MOMENT + timedelta(hours=5), 0)


def test_adjacent_versions_do_not_overlap():
    assert not term_timelines.overlap(span(0, 5, 0), span(5, None, 0))
    assert term_timelines.overlap(span(0, 6, 0), span(5, None, 0))
    assert not term_timelines.overlap(span(0, None, 0, 4), span(5, None, 4))


spans = st.tuples(
    st.integers(0, 5),
    st.one_of(st.none(), st.integers(1, 6)),
    st.integers(0, 5),
    st.one_of(st.none(), st.integers(0, 6)),
).filter(lambda t: (t[1] is None or t[0] < t[1]) and (t[3] is None or t[2] <= t[3]))


@given(spans, spans)
def test_overlap_is_what_a_look_at_every_day_and_hour_says(one, other):
    def holds(version, day, hour):
        first, last, recorded, superseded = version
        return first <= day and (last is None or day < last) and recorded <= hour and (
            superseded is None or hour < superseded
        )  # fmt: skip

    seen = any(holds(one, d, h) and holds(other, d, h) for d in range(8) for h in range(8))

    assert term_timelines.overlap(span(*one), span(*other)) is seen
    assert term_timelines.overlap(span(*other), span(*one)) is seen
