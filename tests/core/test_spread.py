"""What an account's revenue usually swings: worked out by hand."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core import spread


def test_the_spread_is_the_median_deviation_of_the_changes_round_their_median():
    # Changes 10, 20, 30, 40, 50, 60: median 35, deviations 25, 15, 5, 5, 15, 25, their median 15.
    now, year_ago = [110, 120, 130, 140, 150, 160], [100] * 6

    assert spread.monthly(now, year_ago) == Decimal("22.239")  # 15 × 1.4826


def test_steady_growth_is_no_swing_and_one_odd_month_hardly_one():
    assert spread.monthly([120] * 12, [100] * 12) == 0
    assert spread.monthly([120] * 11 + [900], [100] * 12) == 0


def test_with_fewer_than_six_months_to_compare_nothing_is_known():
    assert spread.monthly([5, 6, 7, 8, 9, 0], [1, 2, 3, 4, 5, 0]) is None


def test_over_a_quarter_of_independent_months_it_grows_with_the_root_of_time():
    # 365.25 days are twelve months: √12 = 3.4641…; a twelfth of them is one month.
    assert spread.over(Decimal(100), 365).quantize(Decimal("0.1")) == Decimal("346.3")


@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9)), max_size=12))
def test_a_spread_is_never_negative_and_the_same_in_any_order(pairs):
    now, year_ago = [one for one, _ in pairs], [other for _, other in pairs]
    found = spread.monthly(now, year_ago)

    assert found is None or found >= 0
    assert found == spread.monthly(now[::-1], year_ago[::-1])
