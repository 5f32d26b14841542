"""A file in memory: each column keeps every different text once, and each row the position of its text."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]
Wholes = NDArray[np.int64]
Mask = NDArray[np.bool_]
Progress = Callable[[str, int, int], None]  # stage, done, of how many


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Column:
    """The cells under one header."""

    header: str
    texts: list[str]  # each different text once, in order of appearance
    codes: Codes  # for each row the position of its text


@dataclass(frozen=True)
class Table:
    """The columns that somebody asked for, and where each row stood in the file."""

    columns: dict[str, Column]  # by header
    lines: Wholes  # the line of the file that each row starts on; the header is line 1
    too_wide: Mask  # rows with more cells than the file has headers

    @property
    def rows(self) -> int:
        return len(self.lines)


class _Positions(dict[str, int]):
    """Gives each new text the next position."""

    def __missing__(self, text: str) -> int:
        position = self[text] = len(self)
        return position


class ColumnBuilder:
    """Takes the cells of one column, row by row in blocks."""

    def __init__(self, header: str) -> None:
        self.header = header
        self._positions = _Positions()
        self._codes = array("i")

    def extend(self, cells: list[str]) -> None:
        # Looking positions up in one pass through `map` is what makes half a million rows take a second.
        self._codes.extend(map(self._positions.__getitem__, cells))

    def build(self) -> Column:
        return Column(self.header, list(self._positions), np.array(self._codes, dtype=np.int32))
