"""Months of many accounts as one table of whole numbers: fifty thousand of them in a page's time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.periods import Period

Amounts = npt.NDArray[np.int64]


def matrix(found: Sequence[Sequence[Any]], months: Period) -> tuple[list[int], Amounts]:
    """The accounts of rows of account, month and one whole number, and a row of months for each."""
    places = {month: place for place, month in enumerate(months.months())}
    rows: dict[int, int] = {}
    if not found:
        return [], np.zeros((0, len(places)), dtype=np.int64)
    accounts, days, values = zip(*found, strict=True)
    across = [rows.setdefault(account, len(rows)) for account in accounts]
    amounts = np.zeros((len(rows), len(places)), dtype=np.int64)
    amounts[across, [places[day] for day in days]] = values
    return list(rows), amounts
