"""How a file shall be imported: what its columns mean, and what to do where something is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.importing.amounts import Decimals
from core.importing.dates import DateOrder


@dataclass(frozen=True)
class Options:
    columns: Mapping[str, str] = field(default_factory=dict)  # field → header
    missing_account: Literal["reject", "unassigned"] = "reject"
    create_missing: bool = False
    skip_rejected: bool = False  # apply the rest where rows are refused
    decimals: Decimals | None = None
    date_order: DateOrder | None = None
    source: str | None = None  # which system's codes the file uses


@dataclass(frozen=True)
class BatchInHand:
    """The batch that is being applied, and which part of it."""

    id: int
    moment: datetime
    part: int
