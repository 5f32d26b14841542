from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.line_prices import (
    DISAGREE,
    NO_LIST,
    NO_PRICE,
    RATE_BEYOND,
    TOTAL_DISAGREES,
    Booked,
    Given,
    book,
)


def money(text):
    return None if text is None else int(Decimal(text) * 10_000)


def booked(quantity="1", unit=None, listed=None, rate=None, net=None, cost=None, cost_amount=None, fx="1"):
    return book(
        Given(
            int(Decimal(quantity) * 1000),
            money(unit),
            money(listed),
            None if rate is None else int(Decimal(rate) * 1_000_000),
            money(net),
            money(cost),
            money(cost_amount),
            int(Decimal(fx) * 1_000_000),
        )
    )


def amounts(line):
    assert isinstance(line, Booked), line
    return tuple(
        str(Decimal(one) / 10_000)
        for one in (line.list_price, line.net_price, line.gross_amount, line.net_amount)
    )


def test_only_a_net_price_means_that_the_list_price_is_the_same():
    assert amounts(booked("6", unit="2.55")) == ("2.55", "2.55", "15.3", "15.3")


def test_two_of_the_three_prices_give_the_third():
    # 10.00 less 15 % is 8.50
    assert amounts(booked("2", listed="10", rate="0.15")) == ("10", "8.5", "20", "17")
    assert amounts(booked("2", unit="8.50", rate="0.15")) == ("10", "8.5", "20", "17")
    assert amounts(booked("2", unit="8.50", listed="10")) == ("10", "8.5", "20", "17")


def test_three_prices_may_differ_by_a_ten_thousandth_and_no_more():
    assert isinstance(booked(unit="8.5001", listed="10", rate="0.15"), Booked)
    assert booked(unit="8.5002", listed="10", rate="0.15") == DISAGREE


def test_an_amount_is_rounded_once_and_not_price_by_price():
    # 3 × 0.3333 × (1 − 0.333333) = 0.66660033…, while three times the rounded price 0.2222 would be 0.6666
    line = booked("3", listed="0.3333", rate="0.333333")

    assert amounts(line) == ("0.3333", "0.2222", "0.9999", "0.6666")
    # 1000 × 0.3333 × 0.666667 = 222.2001111, while 1000 × 0.2222 = 222.2000
    assert amounts(booked("1000", listed="0.3333", rate="0.333333"))[3] == "222.2001"


def test_a_line_total_stands_in_for_prices():
    # 10 ÷ 3 = 3.3333…; the amount stays exact
    assert amounts(booked("3", net="10")) == ("3.3333", "3.3333", "10", "10")
    assert amounts(booked("4", net="30", listed="10")) == ("10", "7.5", "40", "30")


def test_a_line_total_may_be_rounded_to_cents_but_not_be_another():
    assert amounts(booked("3", unit="3.3333", net="10.00"))[3] == "10"
    assert booked("3", unit="3.3333", net="10.02") == TOTAL_DISAGREES


def test_other_currencies_are_booked_in_the_base_currency():
    # 2 × 10.00 × 4.725 = 94.50, cost 2 × 6.00 × 4.725 = 56.70
    line = booked("2", unit="10", cost="6", fx="4.725")

    assert amounts(line) == ("10", "10", "94.5", "94.5")
    assert line.cost_amount == money("56.70")


def test_an_unknown_cost_is_unknown_and_not_zero():
    assert booked(unit="1").cost_amount is None
    assert booked(unit="1", cost="0").cost_amount == 0


def test_returns_free_goods_and_negative_prices_are_booked():
    assert amounts(booked("-12", unit="2.50"))[3] == "-30"
    assert amounts(booked("5", unit="0"))[3] == "0"
    assert amounts(booked("1", unit="-11062.06"))[3] == "-11062.06"


def test_what_says_no_price_is_refused():
    assert booked() == NO_PRICE
    assert booked(rate="0.1") == NO_PRICE
    assert booked(unit="0", rate="1") == NO_LIST
    assert booked(listed="10", rate="15") == RATE_BEYOND


@given(
    st.integers(-10_000_000, 10_000_000),
    st.integers(-10_000_000, 10_000_000),
    st.integers(0, 1_000_000),
    st.integers(1, 10_000_000),
)
def test_the_net_amount_is_the_exact_product_rounded_half_up_once(quantity, listed, rate, fx):
    line = book(Given(quantity, None, listed, rate, None, None, None, fx))

    exact = (
        Decimal(quantity)
        / 1000
        * Decimal(listed)
        / 10_000
        * (1 - Decimal(rate) / 1_000_000)
        * Decimal(fx)
        / 1_000_000
    )
    assert isinstance(line, Booked)
    assert Decimal(line.net_amount) / 10_000 == exact.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


@pytest.mark.parametrize("quantity", ["0", "0.001"])
def test_a_quantity_of_nothing_has_no_price_per_unit(quantity):
    assert isinstance(booked(quantity, net="5"), Booked)
