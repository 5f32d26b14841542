"""The kinds of files: one entry each says how its rows are planned, booked and undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from core.auth import Actor
from core.importing import (
    account_rows,
    claim_rows,
    floor_rows,
    loyalty_rows,
    lump_sum_rows,
    order_plan,
    product_rows,
    receivable_rows,
    target_rows,
    term_rows,
)
from core.importing.columns import Values
from core.importing.findings import Findings
from core.importing.options import Options
from core.importing.tables import Mask, Progress
from core.models import ImportBatch
from core.vocabulary import BatchKind

Planner = Callable[[Session, Actor, Values, Findings, Options, Progress], Any]
Undo = Callable[[Session, Actor, ImportBatch, datetime], None]


@dataclass(frozen=True)
class Kind:
    plan: Planner
    undo: Undo


KINDS: dict[BatchKind, Kind] = {
    BatchKind.ORDERS: Kind(order_plan.plan, order_plan.undo),
    BatchKind.ACCOUNTS: Kind(account_rows.plan, account_rows.undo),
    BatchKind.PRODUCTS: Kind(product_rows.plan, product_rows.undo),
    BatchKind.TARGETS: Kind(target_rows.plan, target_rows.undo),
    BatchKind.RECEIVABLES: Kind(receivable_rows.plan, receivable_rows.undo),
    BatchKind.TERMS: Kind(term_rows.plan, term_rows.undo),
    BatchKind.LUMP_SUMS: Kind(lump_sum_rows.plan, lump_sum_rows.undo),
    BatchKind.FLOORS: Kind(floor_rows.plan, floor_rows.undo),
    BatchKind.COMPETITOR_CLAIMS: Kind(claim_rows.plan, claim_rows.undo),
    BatchKind.LOYALTY: Kind(loyalty_rows.plan, loyalty_rows.undo),
}


def plan(kind: BatchKind) -> Planner:
    return KINDS[kind].plan


def belonging(kind: BatchKind, values: Values, found: Findings, options: Options) -> Mask:
    """The rows that go into the file of refused rows: those, and what must be uploaded together with them.

    Where lines have no numbers, an order is replaced as a whole: its good lines go along, or they would be lost.
    """
    refused = found.refused
    if kind is not BatchKind.ORDERS or "line_no" in options.columns:
        return refused
    codes = values.text("order_no").codes
    affected = np.unique(codes[refused])
    return refused | np.isin(codes, affected[affected >= 0])
