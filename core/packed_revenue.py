"""Sums by product of some accounts, from the packed sums: millions of cells added up in whole columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core import db, packed_sums
from core.dimensions import Dimension
from core.models import PackedMonth, PackedYear, PairYear, RevenueCell
from core.packed_sums import SALES, Wholes
from core.sum_pieces import Piece

BY = {Dimension.PRODUCT, Dimension.MONTH, Dimension.ACCOUNT}
_LAYERS: dict[Any, Any] = {RevenueCell: PackedMonth, PairYear: PackedYear}
_AT_ONCE = 4_000  # packed rows that are held in memory together: some twenty megabytes
Sums = dict[tuple[Any, ...], list[int]]


def answers(piece: Piece) -> bool:
    """Whether what a piece asks for is kept packed."""
    return piece.source in _LAYERS


def add(
    session: Session,
    found: Sums,
    piece: Piece,
    dimensions: Sequence[Dimension],
    accounts: Select[Any] | None,
    products: Collection[int] | None,
) -> None:
    """Add a piece to the sums by product, month or account; only of these accounts and products, none being all."""
    layer = _LAYERS[piece.source]
    query = select(layer.account_id, layer.start, layer.cells).where(
        layer.start >= piece.span.start, layer.start < piece.span.end
    )
    if accounts is not None:
        query = query.where(layer.account_id.in_(accounts))
    rows = db.rows(session, query)
    wanted = None if products is None else np.array(sorted(products), dtype=np.int64)
    for begin in range(0, len(rows), _AT_ONCE):
        for key, sums in _added(rows[begin : begin + _AT_ONCE], dimensions, wanted):
            known = found.get(key)
            signed = sums if piece.sign > 0 else [-one for one in sums]
            found[key] = signed if known is None else [a + b for a, b in zip(known, signed, strict=True)]


def _added(
    rows: Sequence[Any], dimensions: Sequence[Dimension], wanted: Wholes | None
) -> Iterator[tuple[tuple[Any, ...], list[int]]]:
    blobs = [row[2] for row in rows]
    cells, sizes = packed_sums.unpacked(blobs, SALES), packed_sums.sizes(blobs, SALES)
    columns: dict[Dimension, Wholes] = {Dimension.PRODUCT: cells[:, 0]}
    if Dimension.ACCOUNT in dimensions:
        ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        columns[Dimension.ACCOUNT] = np.repeat(ids, sizes)
    if Dimension.MONTH in dimensions:
        days = np.fromiter((row[1].toordinal() for row in rows), dtype=np.int64, count=len(rows))
        columns[Dimension.MONTH] = np.repeat(days, sizes)
    keys = [columns[one] for one in dimensions]
    if wanted is not None:
        chosen = np.isin(cells[:, 0], wanted)
        keys, cells = [key[chosen] for key in keys], cells[chosen]
    if not len(cells):
        return
    different, places = _numbered(keys, len(cells))
    sums = []
    for column in range(1, SALES.width):
        total = np.zeros(len(different[0]) if different else 1, dtype=np.int64)
        np.add.at(total, places, np.ascontiguousarray(cells[:, column]))
        sums.append(total.tolist())
    named = [
        [date.fromordinal(day) for day in key.tolist()] if one is Dimension.MONTH else key.tolist()
        for one, key in zip(dimensions, different, strict=True)
    ]
    given = zip(*named, strict=True) if named else iter([()])
    for key, row in zip(given, zip(*sums, strict=True), strict=True):
        yield key, list(row)


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
