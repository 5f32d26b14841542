"""Months of many accounts as one table of whole numbers: fifty thousand of them in a page's time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, TypeVar

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
from sqlalchemy.orm import Session

from core import audit, auth, db, parts
from core.auth import Actor
from core.dimensions import within
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import AccountMonth
from core.money import MONEY_SCALE
from core.periods import Period
from core.vocabulary import Permission

Amounts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Table:
    """One number of each account and month, a row an account; zero where none is known."""

    ids: Amounts
    amounts: Amounts
    known: Mask

    def money(self) -> list[tuple[Decimal | None, ...]]:
        """Each account's months as amounts; None where none is known."""
        scale = Decimal(MONEY_SCALE)
        return [
            tuple(
                [Decimal(amount) / scale if is_known else None for amount, is_known in zip(*row, strict=True)]
            )
            for row in zip(self.amounts.tolist(), self.known.tolist(), strict=True)
        ]

    def at(self, places: Mapping[int, int], count: int) -> Table:
        """`count` rows, each what the accounts of its place have together; who has no place is left out."""
        rows = np.array([places.get(one, -1) for one in self.ids.tolist()], dtype=np.int64)
        placed = rows >= 0
        amounts = np.zeros((count, self.amounts.shape[1]), dtype=np.int64)
        known = np.zeros(amounts.shape, dtype=np.bool_)
        np.add.at(amounts, rows[placed], self.amounts[placed])
        np.logical_or.at(known, rows[placed], self.known[placed])
        return Table(np.arange(count), amounts, known)


Columns = TypeVar("Columns", bound=Any)  # a dataclass of columns, `ids` among them


def packed(account_id: Any, month: Any, *numbers: Any) -> Select[Any]:
    """Account and one text with all of its months, each with its whole numbers: a third of the time of a row each."""
    space: ColumnElement[str] = literal_column("' '")
    text: Any = cast(month, String)
    for number in numbers:
        text = text + space + cast(type_coerce(number, BigInteger), String)
    comma: Any = literal_column("','")
    query: Select[Any] = select(account_id, func.aggregate_strings(text, comma)).group_by(account_id)
    return query


def matrices(
    found: Sequence[Sequence[Any]], months: Period, count: int = 1
) -> tuple[list[int], list[Amounts]]:
    """The accounts of packed rows and, for each of their numbers, a table with a row of months for each account."""
    ids, _known, tables = _read(found, months, count)
    return ids, tables


def table(found: Sequence[Sequence[Any]], months: Period) -> Table:
    """Packed rows of one number."""
    ids, known, (amounts,) = _read(found, months, 1)
    return Table(np.array(ids, dtype=np.int64), amounts, known)


def _read(
    found: Sequence[Sequence[Any]], months: Period, count: int
) -> tuple[list[int], Mask, list[Amounts]]:
    places = {month.isoformat(): place for place, month in enumerate(months.months())}
    tables = [np.zeros((len(found), len(places)), dtype=np.int64) for _place in range(count)]
    known = np.zeros((len(found), len(places)), dtype=np.bool_)
    if found:
        down = np.repeat(np.arange(len(found)), [row[1].count(",") + 1 for row in found])
        words = " ".join(row[1].replace(",", " ") for row in found).split(" ")
        across = [places[day] for day in words[:: count + 1]]
        known[down, across] = True
        for place, one in enumerate(tables, 1):
            one[down, across] = list(map(int, words[place :: count + 1]))
    return [row[0] for row in found], known, tables


def joined(old: Columns, new: Columns, account_ids: frozenset[int]) -> Columns:
    """Columns, those of the accounts' ids among them, with the new rows of some accounts in place of their old ones."""
    left = ~np.isin(old.ids, list(account_ids))
    each = ((getattr(one, field.name) for one in (old, new)) for field in fields(old))
    found: Columns = type(old)(*(np.concatenate((kept[left], more)) for kept, more in each))
    return found


@parts.by_account(joined)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def nets(session: Session, actor: Actor, months: Period, accounts: AccountFilter = ALL_ACCOUNTS) -> Table:
    """Net revenue in ten-thousandths by account and month, over whole months."""
    auth.require(actor, Permission.REVENUE_READ)
    query = packed(AccountMonth.account_id, AccountMonth.month, AccountMonth.net_amount).where(
        AccountMonth.month >= months.start, AccountMonth.month < months.end, AccountMonth.lines > 0
    )
    query = within(query, AccountMonth, actor, accounts, with_account=False)
    return table(db.rows(session, query), months)


_PLACES = len(str(MONEY_SCALE)) - 1
_STEPS = [Decimal(1).scaleb(-places) for places in range(_PLACES + 1)]


def sums(amounts: Amounts, axis: int) -> list[Decimal]:
    """Ten-thousandths added up as money, with as many places as adding them up one by one would show."""
    shown = np.zeros(amounts.shape, dtype=np.int64)
    for digits in range(1, _PLACES + 1):
        shown += amounts % 10**digits != 0
    places = shown.max(axis=axis, initial=0)
    wholes = amounts.sum(axis=axis) // 10 ** (_PLACES - places)
    return [whole * _STEPS[place] for whole, place in zip(wholes.tolist(), places.tolist(), strict=True)]
