"""What a check found row by row: which rows are refused and why, and what was noticed beside that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from core.importing.columns import ROUNDED, Values
from core.importing.tables import Mask
from core.language import N_, _

REQUIRED = N_("a value is needed here")
TOO_WIDE = N_("the row has more cells than the header")


@dataclass(frozen=True)
class Reason:
    """Why rows were refused, and how many."""

    reason: str
    rows: int


@dataclass(frozen=True)
class CellProblem:
    """What is wrong with one cell; `field` is empty where it is the row as a whole."""

    field: str
    reason: str


@dataclass
class Findings:
    """Reasons are kept as one mask of rows each, so that half a million refused rows cost nothing."""

    rows: int
    _refused: dict[tuple[str, str], Mask] = field(default_factory=dict)
    _noticed: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Values, too_wide: Mask) -> Findings:
        """Begin with what the cells themselves say."""
        found = cls(values.rows)
        found.refuse("", TOO_WIDE, too_wide)
        for name, reason, mask in values.refused:
            found.refuse(name, reason, mask)
        for name, mask in values.rounded:
            found.notice(name, ROUNDED, int(mask.sum()))
        return found

    def refuse(self, name: str, reason: str, mask: Mask) -> None:
        if mask.any():
            key = (name, reason)
            self._refused[key] = self._refused[key] | mask if key in self._refused else mask

    def forgive(self, rows: Mask) -> None:
        """Take back everything against some rows: whatever else they say does not matter."""
        self._refused = {
            key: mask & ~rows for key, mask in self._refused.items() if bool((mask & ~rows).any())
        }

    def notice(self, name: str, text: str, rows: int) -> None:
        if rows:
            self._noticed[(name, text)] = self._noticed.get((name, text), 0) + rows

    @property
    def refused(self) -> Mask:
        """The rows with at least one reason against them."""
        mask = np.zeros(self.rows, dtype=np.bool_)
        for other in self._refused.values():
            mask |= other
        return mask

    def already(self, name: str) -> Mask:
        """The rows whose cell of this field has been refused: one reason is enough."""
        mask = np.zeros(self.rows, dtype=np.bool_)
        for (other, _reason), rows in self._refused.items():
            if other == name:
                mask |= rows
        return mask

    def reasons(self) -> tuple[Reason, ...]:
        """Every reason with its rows, the most frequent first."""
        counted = [
            Reason(_sentence(name, text), int(mask.sum())) for (name, text), mask in self._refused.items()
        ]
        return tuple(sorted(counted, key=lambda one: (-one.rows, one.reason)))

    def warnings(self) -> tuple[Reason, ...]:
        counted = [Reason(_sentence(name, text), rows) for (name, text), rows in self._noticed.items()]
        return tuple(sorted(counted, key=lambda one: (-one.rows, one.reason)))

    def at(self, row: int) -> tuple[CellProblem, ...]:
        """Everything against one row."""
        return tuple(CellProblem(name, _(text)) for (name, text), mask in self._refused.items() if mask[row])


def _sentence(name: str, text: str) -> str:
    return f"{name}: {_(text)}" if name else _(text)


def required(found: Findings, known: dict[str, Mask], names: Sequence[str]) -> None:
    """Refuse the rows in which a required value is missing."""
    for name in names:
        found.refuse(name, REQUIRED, ~known[name] & ~found.already(name))
