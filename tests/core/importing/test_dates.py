from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.importing import columns, dates
from core.importing.fields import Content, Field
from core.importing.tables import Column


def read(*texts: str, content: Content = Content.DAY, **options):
    column = Column("Date", list(texts), np.arange(len(texts), dtype=np.int32))
    return columns.read([(Field("x", content), column)], len(texts), **options)


def days(values):
    return [date.fromordinal(one) for one in values.wholes["x"].tolist()]


@pytest.mark.parametrize(
    "text",
    [
        "2011-03-04", "2011-03-04 08:26:00", "2011-03-04T08:26:00Z", "2011-03-04T08:26:00.123+08:00", "2011/3/4",
        "20110304", "4 Mar 2011", "04-Mar-11", "Mar 4, 2011", "4 Mac 2011", "4 March 2011", "Fri, 4 Mar 2011",
        "2011 Mar 4", "04.03.2011", "4.3.11", "40606", "40606.35", "2011-03-04 8:26 AM",
    ],
)  # fmt: skip
def test_each_notation_that_leaves_no_choice_is_read(text):
    values = read(text)

    assert not values.questions
    assert days(values) == [date(2011, 3, 4)]


@pytest.mark.parametrize("text", ["31 Ogos 2011", "31 August 2011", "31-Ogo-2011"])
def test_malay_and_english_months_are_read(text):
    assert days(read(text)) == [date(2011, 8, 31)]


@pytest.mark.parametrize(
    "text", ["2011-02-30", "31/31/2011", "1500-01-01", "yesterday", "12", "99/99/99", "0"]
)
def test_what_is_no_day_is_refused(text):
    assert read(text).refused


def test_days_that_fit_both_orders_are_asked_for():
    values = read("03/04/2011", "05/06/2011")

    assert values.questions[0].about == "date_order"
    assert values.questions[0].choices == ("day", "month")


def test_one_day_beyond_twelve_decides_for_the_column():
    assert days(read("03/04/2011", "25/06/2011")) == [date(2011, 4, 3), date(2011, 6, 25)]
    assert days(read("03/04/2011", "06/25/2011")) == [date(2011, 3, 4), date(2011, 6, 25)]


def test_a_column_that_proves_both_orders_is_asked_for():
    assert read("03/04/2011", "25/06/2011", "06/25/2011").questions


def test_the_same_number_for_day_and_month_leaves_nothing_to_ask():
    assert days(read("05/05/2011")) == [date(2011, 5, 5)]


def test_the_answer_decides():
    assert days(read("03/04/2011", date_order="day")) == [date(2011, 4, 3)]
    assert days(read("03/04/2011", date_order="month")) == [date(2011, 3, 4)]


@pytest.mark.parametrize("text", ["2011-03", "03/2011", "Mar 2011", "Mac 2011", "2011-03-01", "2011-03-31"])
def test_a_month_is_read_as_its_first_day_or_any_other(text):
    found = days(read(text, content=Content.MONTH))

    assert [day.replace(day=1) for day in found] == [date(2011, 3, 1)]


@given(st.dates(date(1950, 1, 1), date(2149, 12, 31)), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"]))
def test_a_day_is_read_as_it_was_written_or_asked_for(day, notation):
    text = day.strftime(notation)
    reading = dates.read(text)

    assert reading is not None
    right = "month" if notation.startswith("%m") else "day"
    assert reading.under(right) == day
    if not reading.ambiguous:
        assert days(read(text)) == [day]
