"""Months of many accounts as one table of whole numbers: fifty thousand of them in a page's time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain
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


def matrix(found: Sequence[Sequence[Any]], months: Period) -> tuple[list[int], Amounts]:
    """The accounts of packed rows with one number a month, and a row of months for each."""
    places = {month.isoformat(): place for place, month in enumerate(months.months())}
    pieces = [row[1].split(",") for row in found]
    amounts = np.zeros((len(found), len(places)), dtype=np.int64)
    if found:
        down = np.repeat(np.arange(len(found)), [len(one) for one in pieces])
        flat = list(chain.from_iterable(pieces))
        amounts[down, [places[one[:10]] for one in flat]] = [int(one[11:]) for one in flat]
    return [row[0] for row in found], amounts
