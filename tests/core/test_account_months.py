"""Tables of accounts and months: as exact as the amounts that they are made of."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import account_months
from core.periods import Period

SPRING = Period(date(2024, 3, 1), date(2024, 6, 1))
WHOLES = st.lists(
    st.lists(st.integers(-(10**12), 10**12) | st.just(0) | st.just(120_000), min_size=3, max_size=3),
    max_size=4,
)


@given(WHOLES)
def test_sums_of_columns_are_what_adding_up_one_by_one_gives(rows):
    amounts = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    money = [[Decimal(one) / 10_000 for one in row] for row in rows]

    by_row, by_month = account_months.sums(amounts, axis=1), account_months.sums(amounts, axis=0)

    assert [str(one) for one in by_row] == [str(sum(row, Decimal(0))) for row in money]
    columns = list(zip(*money, strict=True)) or [()] * 3
    assert [str(one) for one in by_month] == [str(sum(column, Decimal(0))) for column in columns]


@pytest.fixture
def table():
    return account_months.table([(7, "2024-03-01 5,2024-05-01 0"), (8, "2024-04-01 -3")], SPRING)


def test_a_month_that_is_zero_is_known_and_another_is_not(table):
    assert table.amounts.tolist() == [[5, 0, 0], [0, -3, 0]]
    assert table.known.tolist() == [[True, False, True], [False, True, False]]


def test_accounts_of_one_place_are_added_up_and_others_are_left_out(table):
    assert table.at({8: 1}, 2).amounts.tolist() == [[0, 0, 0], [0, -3, 0]]
    together = table.at({7: 0, 8: 0, 9: 0}, 1)
    assert (together.amounts.tolist(), together.known.tolist()) == ([[5, -3, 0]], [[True, True, True]])


def test_joining_puts_the_new_rows_of_some_accounts_in_place_of_their_old_ones(table):
    new = account_months.table([(8, "2024-03-01 2")], SPRING)

    joined = account_months.joined(table, new, frozenset({8, 9}))

    assert dict(zip(joined.ids.tolist(), joined.amounts.tolist(), strict=True)) == {
        7: [5, 0, 0],
        8: [2, 0, 0],
    }
    assert account_months.joined(table, account_months.table([], SPRING), frozenset({8})).ids.tolist() == [7]
