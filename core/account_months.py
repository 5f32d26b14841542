"""Months of many accounts as one table of whole numbers: fifty thousand of them in a page's time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)

from core.money import MONEY_SCALE
from core.periods import Period

Amounts = npt.NDArray[np.int64]


def packed(account_id: Any, month: Any, *numbers: Any) -> Select[Any]:
    """Account and one text with all of its months, each with its whole numbers: a third of the time of a row each."""
    space: ColumnElement[str] = literal_column("' '")
    text: Any = cast(month, String)
    for number in numbers:
        text = text + space + cast(type_coerce(number, BigInteger), String)
    comma: Any = literal_column("','")
    query: Select[Any] = select(account_id, func.aggregate_strings(text, comma)).group_by(account_id)
    return query


def unpacked(rows: Sequence[Sequence[Any]]) -> dict[int, dict[str, int]]:
    """The one number of each month by account, months as ISO days."""
    return {row[0]: {piece[:10]: int(piece[11:]) for piece in row[1].split(",")} for row in rows}


def amounts(found: Mapping[int, Mapping[str, int]]) -> dict[tuple[int, date], Decimal]:
    """Whole ten-thousandths by account and ISO month as money by account and month."""
    months = {day: date.fromisoformat(day) for one in found.values() for day in one}
    scale = Decimal(MONEY_SCALE)
    return {
        (account_id, months[day]): Decimal(amount) / scale
        for account_id, one in found.items()
        for day, amount in one.items()
    }


def matrices(
    found: Sequence[Sequence[Any]], months: Period, count: int = 1
) -> tuple[list[int], list[Amounts]]:
    """The accounts of packed rows and, for each of their numbers, a table with a row of months for each account."""
    places = {month.isoformat(): place for place, month in enumerate(months.months())}
    tables = [np.zeros((len(found), len(places)), dtype=np.int64) for _place in range(count)]
    if found:
        down = np.repeat(np.arange(len(found)), [row[1].count(",") + 1 for row in found])
        words = " ".join(row[1].replace(",", " ") for row in found).split(" ")
        across = [places[day] for day in words[:: count + 1]]
        for place, table in enumerate(tables, 1):
            table[down, across] = list(map(int, words[place :: count + 1]))
    return [row[0] for row in found], tables
