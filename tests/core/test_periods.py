"""Periods: half-open inside, both days included on paper."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import periods
from core.errors import Invalid
from core.periods import Period

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@st.composite
def any_period(draw):
    start = draw(days)
    return Period(start, start + timedelta(days=draw(st.integers(1, 1500))))


def test_a_period_on_paper_includes_both_days():
    period = Period.of(date(2010, 12, 3), date(2011, 2, 14))

    assert period == Period(date(2010, 12, 3), date(2011, 2, 15))
    assert period.last_day == date(2011, 2, 14)
    assert period.days == 74  # 29 in December, 31 in January, 14 in February


def test_a_period_that_ends_before_it_starts_is_refused_with_a_sentence():
    with pytest.raises(Invalid, match="ends before it starts"):
        Period.of(date(2026, 2, 1), date(2026, 1, 1))


def test_whole_months_are_split_from_the_cut_ones():
    period = Period.of(date(2010, 12, 3), date(2011, 2, 14))

    assert period.whole_months() == Period(date(2011, 1, 1), date(2011, 2, 1))
    assert period.cut_parts() == [
        Period(date(2010, 12, 3), date(2011, 1, 1)),
        Period(date(2011, 2, 1), date(2011, 2, 15)),
    ]


def test_a_few_days_within_one_month_have_no_whole_month():
    period = Period.of(date(2026, 3, 5), date(2026, 3, 20))

    assert period.whole_months() is None
    assert period.cut_parts() == [period]


def test_last_years_period_keeps_whole_months_in_leap_years():
    assert Period.of(date(2024, 2, 1), date(2024, 2, 29)).shifted(-12) == Period.of(
        date(2023, 2, 1), date(2023, 2, 28)
    )
    assert Period.of(date(2023, 2, 1), date(2023, 2, 28)).shifted(12) == Period.of(
        date(2024, 2, 1), date(2024, 2, 29)
    )
    assert Period.of(date(2024, 2, 1), date(2024, 2, 28)).shifted(-12) == Period.of(
        date(2023, 2, 1), date(2023, 2, 28)
    )


def test_the_period_before_a_quarter_is_the_quarter_before():
    assert Period.of(date(2026, 4, 1), date(2026, 6, 30)).previous() == Period.of(
        date(2026, 1, 1), date(2026, 3, 31)
    )
    assert Period.of(date(2026, 4, 10), date(2026, 4, 19)).previous() == Period.of(
        date(2026, 3, 31), date(2026, 4, 9)
    )


def test_a_fiscal_year_starts_in_its_first_month():
    assert periods.fiscal_year_start(date(2026, 3, 31), 4) == date(2025, 4, 1)
    assert periods.fiscal_year_start(date(2026, 4, 1), 4) == date(2026, 4, 1)


@given(any_period())
def test_whole_months_and_cut_parts_cover_each_day_once(period):
    pieces = period.cut_parts() + ([whole] if (whole := period.whole_months()) else [])

    assert sum(piece.days for piece in pieces) == period.days
    assert all(period.start <= piece.start and piece.end <= period.end for piece in pieces)
    assert len({piece.start for piece in pieces}) == len(pieces)


@given(any_period(), st.integers(-60, 60))
def test_a_shifted_period_touches_as_many_months(period, months):
    assert len(period.shifted(months).months()) == len(period.months())
