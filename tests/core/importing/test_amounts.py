from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.importing import columns
from core.importing.amounts import scaled, take_apart
from core.importing.columns import MISSING, NOT_A_NUMBER, TOO_LARGE
from core.importing.fields import Content, Field
from core.importing.tables import Column

MONEY = Field("unit_price", Content.MONEY)


def read(*texts: str, content: Content = Content.MONEY, **options):
    column = Column("Price", list(texts), np.arange(len(texts), dtype=np.int32))
    return columns.read([(Field("x", content), column)], len(texts), **options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234.5", "1234.5"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234.50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("12,34,567.50", "1234567.50"),
        ("RM 1,234.50", "1234.50"),
        ("RM1,234.50", "1234.50"),
        ("MYR 12.50", "12.50"),
        ("12.50 EUR", "12.50"),
        ("€ 12,50", "12.50"),
        ("$-12.50", "-12.50"),
        ("-$12.50", "-12.50"),
        ("(12.50)", "-12.50"),
        ("(RM 12.50)", "-12.50"),
        ("12.50-", "-12.50"),
        ("\u221212.50", "-12.50"),
        ("+12.50", "12.50"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1E+05", "100000"),
        ("1.5e-3", "0.0015"),
        ("-11062.06", "-11062.06"),
    ],
)
def test_each_notation_of_a_number_is_read_exactly(text, expected):
    values = read(text)

    assert not values.refused
    assert not values.questions
    assert Decimal(int(values.wholes["x"][0])) / 10_000 == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    ["abc", "1.2.3", "1,2,3", "12..5", "--5", "(-5)", "1,23,4", "RM", "5 pieces", "1 2", "०१२x", "1-2"],
)
def test_what_is_no_number_is_refused_and_never_guessed(text):
    values = read(text)

    assert [reason for _field, reason, _mask in values.refused] == [NOT_A_NUMBER]


@pytest.mark.parametrize("text", ["", "-", "?", "NULL", "null", "nan", "NaN"])
def test_what_stands_for_unknown_is_unknown_and_not_zero(text):
    values = read(text)

    assert values.wholes["x"][0] == MISSING
    assert not values.refused


def test_a_comma_before_three_digits_is_asked_for_when_nothing_else_decides():
    values = read("1,234", "2,500")

    assert values.questions[0].about == "decimal"
    assert values.questions[0].examples == ("1,234", "2,500")


def test_one_number_that_can_be_read_in_one_way_only_decides_for_its_column():
    point = read("1,234", "2,500.75")
    comma = read("1,234", "2,5")

    assert not point.questions
    assert point.wholes["x"].tolist() == [12_340_000, 25_007_500]
    assert not comma.questions
    assert comma.wholes["x"].tolist() == [12_340, 25_000]


def test_a_column_that_proves_both_notations_is_asked_for():
    assert read("1,234", "2,5", "2.5").questions


def test_the_answer_decides_what_is_ambiguous():
    assert read("1,234", decimals="point").wholes["x"].tolist() == [12_340_000]
    assert read("1,234", decimals="comma").wholes["x"].tolist() == [12_340]


def test_a_percent_sign_is_a_hundredth():
    assert read("15%", "15 %", "0.15", content=Content.RATE).wholes["x"].tolist() == [150_000] * 3


def test_more_digits_than_are_kept_round_half_up_with_a_warning():
    values = read("9.80000019", "0.00005", "-0.00005", "0.00004")

    assert values.wholes["x"].tolist() == [98_000, 1, -1, 0]
    assert [name for name, _mask in values.rounded] == ["x"]
    assert values.rounded[0][1].tolist() == [True, True, True, True]


def test_a_number_beyond_all_trade_is_refused():
    assert read("9" * 14).refused[0][1] == TOO_LARGE
    assert read("9" * 40).refused[0][1] == NOT_A_NUMBER


GROUPS = st.sampled_from([("", "."), (",", "."), (".", ","), (" ", ","), ("'", "."), ("\u202f", ",")])


@given(st.integers(-(10**11), 10**11), st.integers(0, 9999), GROUPS)
def test_a_number_written_with_two_or_four_decimals_comes_back_exactly(whole, cents, signs):
    thousands, decimal = signs
    text = f"{abs(whole):,}".replace(",", thousands) + decimal + f"{cents:04d}"
    number = take_apart(("-" if whole < 0 else "") + text)

    assert number is not None
    assert not number.ambiguous
    expected = abs(whole) * 10_000 + cents
    assert scaled(number, 4, "comma" if decimal == "," else "point") == (
        -expected if whole < 0 else expected,
        False,
    )


@given(st.text(alphabet="0123456789.,", min_size=1, max_size=12))
def test_a_number_with_two_meanings_is_never_read_without_evidence(text):
    number = take_apart(text)
    values = read(text)

    if number is None:
        assert values.refused
    else:
        assert bool(values.questions) == number.ambiguous
