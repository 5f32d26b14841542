"""Sums by product of some accounts, from the packed sums: millions of cells added up in whole columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core import db, packed_sums
from core.dimensions import Dimension
from core.models import PackedMonth, PackedYear, PairYear, RevenueCell
from core.packed_sums import SALES, Wholes
from core.sum_pieces import Piece

BY = {Dimension.PRODUCT, Dimension.CATEGORY, Dimension.MONTH, Dimension.ACCOUNT}
_LAYERS: dict[Any, Any] = {RevenueCell: PackedMonth, PairYear: PackedYear}
_AT_ONCE = 4_000  # packed rows that are held in memory together: some twenty megabytes
Sums = dict[tuple[Any, ...], list[int]]
Pairs = Collection[tuple[int, int]]  # of account and product, or of account and category
_NO_CATEGORY = 0


@dataclass(frozen=True)
class Wanted:
    """By what, and of which products, or pairs of the first two dimensions; None: of all."""

    dimensions: Sequence[Dimension]
    products: Collection[int] | None = None
    pairs: Pairs | None = None
    categories: Mapping[int, int | None] = field(
        default_factory=dict
    )  # of each product, where they are asked for

    @cached_property
    def product_ids(self) -> Wholes | None:
        return None if self.products is None else np.array(sorted(self.products), dtype=np.int64)

    @cached_property
    def category_of(self) -> Wholes:
        found = np.full(max(self.categories, default=0) + 1, _NO_CATEGORY, dtype=np.int64)
        for product_id, category_id in self.categories.items():
            found[product_id] = category_id or _NO_CATEGORY
        return found

    @cached_property
    def numbers(self) -> tuple[int, Wholes] | None:
        """The base of the second dimension, and each pair as one number."""
        if self.pairs is None:
            return None
        base = 1 + max((scope for _account, scope in self.pairs), default=0)
        return base, np.array([account * base + scope for account, scope in self.pairs], dtype=np.int64)


def answers(piece: Piece) -> bool:
    """Whether what a piece asks for is kept packed."""
    return piece.source in _LAYERS


def add(session: Session, found: Sums, piece: Piece, wanted: Wanted, accounts: Select[Any] | None) -> None:
    """Add a piece to the sums by product, category, month or account; only of these accounts, none being all."""
    layer = _LAYERS[piece.source]
    query = select(layer.account_id, layer.start, layer.cells).where(
        layer.start >= piece.span.start, layer.start < piece.span.end
    )
    if accounts is not None:
        query = query.where(layer.account_id.in_(accounts))
    rows = db.rows(session, query)
    for begin in range(0, len(rows), _AT_ONCE):
        for key, sums in _added(rows[begin : begin + _AT_ONCE], wanted):
            known = found.get(key)
            signed = sums if piece.sign > 0 else [-one for one in sums]
            found[key] = signed if known is None else [a + b for a, b in zip(known, signed, strict=True)]


def _added(rows: Sequence[Any], wanted: Wanted) -> Iterator[tuple[tuple[Any, ...], list[int]]]:
    blobs = [row[2] for row in rows]
    cells = packed_sums.unpacked(blobs, SALES)
    keys = list(_keys(rows, cells[:, 0], packed_sums.sizes(blobs, SALES), wanted))
    chosen = np.ones(len(cells), dtype=bool)
    if wanted.product_ids is not None:
        chosen &= np.isin(cells[:, 0], wanted.product_ids)
    if wanted.numbers is not None:
        base, numbers = wanted.numbers
        chosen &= (keys[1] < base) & np.isin(keys[0] * base + keys[1], numbers)
    if not chosen.all():
        keys, cells = [key[chosen] for key in keys], cells[chosen]
    if not len(cells):
        return
    different, places = _numbered(keys, len(cells))
    sums = []
    for column in range(1, SALES.width):
        total = np.zeros(len(different[0]) if different else 1, dtype=np.int64)
        np.add.at(total, places, np.ascontiguousarray(cells[:, column]))
        sums.append(total.tolist())
    named = [_named(one, key.tolist()) for one, key in zip(wanted.dimensions, different, strict=True)]
    given = zip(*named, strict=True) if named else iter([()])
    for key, row in zip(given, zip(*sums, strict=True), strict=True):
        yield key, list(row)


def _keys(rows: Sequence[Any], products: Wholes, sizes: Wholes, wanted: Wanted) -> Iterator[Wholes]:
    """Each dimension of every cell as a number."""
    for one in wanted.dimensions:
        if one is Dimension.ACCOUNT:
            yield np.repeat(np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows)), sizes)
        elif one is Dimension.MONTH:
            days = (row[1].toordinal() for row in rows)
            yield np.repeat(np.fromiter(days, dtype=np.int64, count=len(rows)), sizes)
        else:
            yield products if one is Dimension.PRODUCT else wanted.category_of[products]


def _named(dimension: Dimension, numbers: list[int]) -> list[Any]:
    if dimension is Dimension.MONTH:
        return [date.fromordinal(day) for day in numbers]
    if dimension is Dimension.CATEGORY:
        return [None if number == _NO_CATEGORY else number for number in numbers]
    return numbers


def _numbered(keys: Sequence[Wholes], count: int) -> tuple[list[Wholes], Wholes]:
    """The different keys, and each cell's place among them."""
    if not keys:
        return [], np.zeros(count, dtype=np.int64)
    number, bases = np.zeros(count, dtype=np.int64), []
    for key in keys:
        low = int(key.min())
        base = int(key.max()) - low + 1
        number = number * base + (key - low)
        bases.append((low, base))
    every = np.sort(number)
    every = every[np.concatenate([[True], every[1:] != every[:-1]])]
    places = np.searchsorted(every, number)
    found = []
    for low, base in reversed(bases):
        found.append(every % base + low)
        every = every // base
    return found[::-1], places
