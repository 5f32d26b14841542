"""The sums of account and product, packed: all products of an account's month or year in one row of whole numbers.

`core.rollups` and `core.currency_sums` call this with the same change that they pour into their layers, in the same
transaction; whoever calls holds their lock. A packed row is a table of 64-bit whole numbers, row after row, in the
order of its keys: the product first, then what is counted of it. Rows without a line are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    extract,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core import db
from core.kept_sums import Difference, table
from core.models import (
    Account,
    Base,
    ForeignMonth,
    PackedForeignMonth,
    PackedForeignYear,
    PackedMonth,
    PackedYear,
    RevenueCell,
)

Wholes = npt.NDArray[np.int64]
Item = TypeVar("Item")
_AT_ONCE = 100  # accounts whose cells are held in memory together
_SHORT = 7  # letters that fit in a whole number


@dataclass(frozen=True)
class Kind:
    """What a packed row holds of each cell: its keys after account and time, then its measures, `lines` first."""

    by_month: type[Base]
    by_year: type[Base]
    source: type[Base]  # the layer that it packs
    keys: tuple[str, ...]
    measures: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.keys) + len(self.measures)

    @property
    def layers(self) -> tuple[tuple[type[Base], int], ...]:
        """The tables with how many months each of their rows spans."""
        return (self.by_month, 1), (self.by_year, 12)

    def place(self, measure: str) -> int:
        return len(self.keys) + self.measures.index(measure)


SALES = Kind(
    PackedMonth, PackedYear, RevenueCell, ("product_id",),
    (
        "lines", "quantity", "gross_amount", "net_amount", "returned_lines", "returned_quantity", "returned_amount",
        "covered_lines", "covered_amount", "cost_amount",
    ),
)  # fmt: skip
FOREIGN = Kind(
    PackedForeignMonth, PackedForeignYear, ForeignMonth, ("product_id", "currency"),
    ("lines", "net_amount", "order_amount"),
)  # fmt: skip


def unpacked(cells: Iterable[bytes], kind: Kind) -> Wholes:
    """The cells of many rows, one after the other."""
    return np.frombuffer(b"".join(cells), dtype="<i8").reshape(-1, kind.width)


def sizes(cells: Sequence[bytes], kind: Kind) -> Wholes:
    """How many cells each row holds."""
    return np.fromiter(map(len, cells), dtype=np.int64, count=len(cells)) // (8 * kind.width)


def currency_number(code: str) -> int:
    """A currency as a whole number: only whether two are the same is asked of it."""
    letters = code.encode()
    if len(letters) > _SHORT:
        letters = hashlib.blake2b(letters, digest_size=_SHORT).digest()
    return int.from_bytes(letters, "big")


def apply(session: Session, change: Table, kind: Kind, sign: int) -> None:
    """Add the cells of a table with the kind's columns to the packed rows, or take them away."""
    _pour(session, kind, _cells(session, _query(change, kind)), sign)


def rebuild(session: Session, kind: Kind) -> None:
    """Pack the source anew, a few accounts at a time."""
    for layer, _months in kind.layers:
        session.execute(delete(table(layer)).execution_options(synchronize_session=False))
    for _ids, cells in _by_accounts(session, kind):
        _pour(session, kind, cells, 1)


def differences(session: Session, kind: Kind) -> list[Difference]:
    """The first cell of each layer that is not as its source has it."""
    found: dict[type[Base], Difference] = {}
    for ids, cells in _by_accounts(session, kind):
        for layer, months in kind.layers:
            if layer in found:
                continue
            kept, counted = _kept(session, layer, ids, None), dict(_rows(_summed(cells, months, kind), kind))
            places = (place for place in sorted(kept.keys() | counted.keys()))
            for place in places:
                if kept.get(place) != counted.get(place):
                    found[layer] = _difference(layer, kind, place, kept.get(place), counted.get(place))
                    break
    return list(found.values())


Place = tuple[int, int]  # the account, and the months from year 0 to the span's start


def _difference(
    layer: type[Base], kind: Kind, place: Place, kept: bytes | None, counted: bytes | None
) -> Difference:
    left, right = (
        {
            tuple(row[: len(kind.keys)]): row[len(kind.keys) :]
            for row in unpacked([cells or b""], kind).tolist()
        }
        for cells in (kept, counted)
    )
    nothing = [0] * len(kind.measures)
    key, measure, before, after = next(
        (
            (one, name, *pair)
            for one in sorted(left.keys() | right.keys())
            for name, *pair in zip(
                kind.measures, left.get(one, nothing), right.get(one, nothing), strict=True
            )
            if pair[0] != pair[1]
        ),
        ((), "cells", len(left), len(right)),
    )
    named = "".join(f", {name} {value}" for name, value in zip(kind.keys, key, strict=False))
    text = f"account_id {place[0]}, start {_day(place[1])}{named}"
    return Difference(table(layer).name, text, measure, before, after)


def _by_accounts(session: Session, kind: Kind) -> Iterator[tuple[list[int], Wholes]]:
    ids = session.scalars(select(Account.id).order_by(Account.id)).all()
    source = table(kind.source)
    for some in _batches(ids, _AT_ONCE):
        query = _query(source, kind).where(source.c.account_id.between(some[0], some[-1]))
        yield some, _cells(session, query)


def _query(source: Table, kind: Kind) -> Select[Any]:
    month = source.c.month
    number = cast(extract("year", month), Integer) * 12 + cast(extract("month", month), Integer) - 1
    whole = (type_coerce(source.c[name], BigInteger) for name in kind.measures)
    return select(source.c.account_id, number, *(source.c[key] for key in kind.keys), *whole)


def _cells(session: Session, query: Select[Any]) -> Wholes:
    """Rows of the store as whole numbers: account, months to the start, keys, measures."""
    rows = db.rows(session, query)
    width = len(query.selected_columns)
    if rows and isinstance(rows[0][3], str):
        numbers = {code: currency_number(code) for code in {row[3] for row in rows}}
        rows = [(*row[:3], numbers[row[3]], *row[4:]) for row in rows]
    return np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=width * len(rows)).reshape(-1, width)


def _pour(session: Session, kind: Kind, cells: Wholes, sign: int) -> None:
    if not len(cells):
        return
    cells = cells.copy()
    cells[:, 2 + len(kind.keys) :] *= sign
    for layer, months in kind.layers:
        change = _summed(cells, months, kind, keep=True)
        touched = _touched(change)
        kept = _kept(session, layer, touched.keys(), touched)
        both = np.concatenate([change, _opened(kept, kind)]) if kept else change
        rows = dict(_rows(_summed(both, 1, kind), kind))
        _write(session, layer, rows)
        _remove(session, layer, kept.keys() - rows.keys())


def _summed(cells: Wholes, months: int, kind: Kind, *, keep: bool = False) -> Wholes:
    """One row a key, in order; without those that no line stands behind, unless they are kept."""
    if not len(cells):
        return cells
    keys = 2 + len(kind.keys)
    if months > 1:
        cells = cells.copy()
        cells[:, 1] -= cells[:, 1] % months
    ordered = cells[np.lexsort(cells[:, keys - 1 :: -1].T)]
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = (ordered[1:, :keys] != ordered[:-1, :keys]).any(axis=1)
    places = np.flatnonzero(first)
    found = np.hstack([ordered[places, :keys], np.add.reduceat(ordered[:, keys:], places)])
    return found if keep else found[found[:, keys] != 0]


def _rows(cells: Wholes, kind: Kind) -> Iterator[tuple[Place, bytes]]:
    """Each account's span with its packed cells, which stand in their order already."""
    if not len(cells):
        return
    first = np.ones(len(cells), dtype=bool)
    first[1:] = (cells[1:, :2] != cells[:-1, :2]).any(axis=1)
    starts = np.flatnonzero(first)
    packed = np.ascontiguousarray(cells[:, 2:]).astype("<i8").tobytes()
    size = 8 * kind.width
    ends = [*starts[1:].tolist(), len(cells)]
    for (account_id, start), begin, end in zip(
        cells[starts, :2].tolist(), starts.tolist(), ends, strict=True
    ):
        yield (account_id, start), packed[begin * size : end * size]


def _opened(kept: dict[Place, bytes], kind: Kind) -> Wholes:
    """Packed rows as cells with account and start again."""
    blobs = list(kept.values())
    places = np.array(list(kept), dtype=np.int64).reshape(-1, 2)
    return np.hstack([np.repeat(places, sizes(blobs, kind), axis=0), unpacked(blobs, kind)])


def _touched(cells: Wholes) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for account_id, start in np.unique(cells[:, :2], axis=0).tolist():
        found.setdefault(account_id, []).append(start)
    return found


def _kept(
    session: Session, layer: type[Base], account_ids: Iterable[int], touched: dict[int, list[int]] | None
) -> dict[Place, bytes]:
    """What is packed of these accounts; of spans that are not touched, nothing."""
    packed, found = table(layer), {}
    for some in _batches(account_ids, 500):
        query = select(packed.c.account_id, packed.c.start, packed.c.cells).where(
            packed.c.account_id.in_(some)
        )
        if touched is not None:
            starts = {start for one in some for start in touched[one]}
            query = query.where(packed.c.start.between(_day(min(starts)), _day(max(starts))))
        for account_id, start, cells in db.rows(session, query):
            number = start.year * 12 + start.month - 1
            if touched is None or number in touched[account_id]:
                found[account_id, number] = bytes(cells)
    return found


def _write(session: Session, layer: type[Base], rows: dict[Place, bytes]) -> None:
    if not rows:
        return
    statement: Any = (sqlite.insert if db.is_sqlite(session) else postgresql.insert)(table(layer))
    put = statement.on_conflict_do_update(
        index_elements=["account_id", "start"], set_={"cells": statement.excluded.cells}
    )
    given = (
        {"account_id": one, "start": _day(start), "cells": cells} for (one, start), cells in rows.items()
    )
    for some in _batches(given, 5_000):
        session.execute(put, some)


def _remove(session: Session, layer: type[Base], places: Collection[Place]) -> None:
    if not places:
        return
    packed = table(layer)
    gone = delete(packed).where(packed.c.account_id == bindparam("one"), packed.c.start == bindparam("day"))
    session.connection().execute(gone, [{"one": one, "day": _day(start)} for one, start in places])


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some


def _day(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def within(layer: type[Base], spans: Sequence[tuple[date, date]]) -> ColumnElement[bool]:
    """Rows that begin in one of these spans, each from a day up to before another."""
    start = table(layer).c.start
    return or_(*(and_(start >= begin, start < end) for begin, end in spans))
