"""Booking an order file: lines in, replaced lines aside, sums and orders kept, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Date, Select, and_, delete, func, insert, literal, select, tuple_, update
from sqlalchemy.orm import Session

from core import bulk, rollups
from core.accounts import UNASSIGNED
from core.importing import staging
from core.importing.comparison import Comparison
from core.importing.lines import LineColumns
from core.importing.orders import NEW_ACCOUNT, NEW_PRODUCT, UNASSIGNED_TO_CREATE, OrderRows
from core.importing.tables import Progress, Wholes
from core.language import _
from core.models import Account, Category, Order, OrderLine, Product, ReplacedLine, Unit

LINE_COLUMNS: tuple[str, ...] = tuple(column.name for column in OrderLine.__table__.columns)

PART_LINES = 600_000  # lines that are booked in one transaction

_BLOCK = 10_000
_AT_ONCE = 500
_DERIVED = ("order_no", "line_no", "batch_id", "booked_month", "first_promised_on")
_FROM_FILE = tuple(name for name in LINE_COLUMNS if name not in _DERIVED)
_STAGED = tuple(name for name in LINE_COLUMNS if name != "batch_id")
_DAY_COLUMNS = tuple(column.name for column in OrderLine.__table__.columns if isinstance(column.type, Date))


@dataclass
class Created:
    """How many accounts and products a batch made."""

    accounts: int
    products: int


class OrderBooking:
    """What can be prepared before the store is locked is prepared here; `apply` does the rest."""

    def __init__(self, rows: OrderRows, outcome: Comparison) -> None:
        self._staged: Path | None = None
        self._ids: dict[str, dict[int, int]] = {}
        self._rows = rows
        self._outcome = outcome
        accepted = np.flatnonzero(outcome.accepted)
        rank = np.empty(len(rows.order_no.values), dtype=np.int64)
        by_name = sorted(range(len(rank)), key=rows.order_no.values.__getitem__)
        rank[by_name] = np.arange(len(rank))
        # Inserted in the order of the key, lines go to the end of the table instead of all over it. Accounts
        # that are still to be created get the highest ids, in the order of their numbers below zero.
        account = np.where(rows.account <= UNASSIGNED_TO_CREATE, 2**60 - rows.account, rows.account)
        order = np.lexsort(
            (outcome.line_no[accepted], rank[rows.order_no.codes[accepted]], account[accepted])
        )
        self._parts = _whole_orders(accepted[order], rows.order_no.codes)
        self._choose(0)

    @property
    def parts(self) -> int:
        """In how many transactions the file is booked: one, unless it is so large that others would wait."""
        return len(self._parts)

    def _choose(self, part: int) -> None:
        self._part, self._sorted = part, self._parts[part]
        self._orders = self._new_orders()
        self._staged = None

    def stage(self, folder: Path, part: int, progress: Progress) -> None:
        """Write a part's lines to a file from which SQLite takes them quickly (`staging`)."""
        if part != self._part:
            self._choose(part)
        path = folder / "lines.db"
        staging.write(path, _STAGED, self._lines(_STAGED, progress))
        self._staged = path

    def apply(
        self, session: Session, batch_id: int, moment: datetime, progress: Progress, part: int
    ) -> Created:
        """Book what is new or changed in one part of the file."""
        if part != self._part:
            self._choose(part)
        created = self._create(session, batch_id, moment)
        changed = self._changed_orders()
        accounts = _accounts_of(session, changed)
        self._set_aside(session, batch_id, set(changed))
        self._insert(session, batch_id, progress)
        progress("sum", 0, 1)
        own = OrderLine.batch_id == batch_id
        rollups.add(session, and_(own, _not_done(OrderLine, batch_id)) if self.parts > 1 else own)
        if changed:
            rollups.prune(session)
        columns = [column.name for column in Order.__table__.columns]
        bulk.insert_rows(session, "orders", columns, self._order_rows(batch_id))
        renew_orders(session, changed, batch_id)
        accounts.update(np.unique(self._rows.account[self._sorted]).tolist())
        rollups.refresh_rhythm(session, accounts)
        progress("sum", 1, 1)
        return created

    def _insert(self, session: Session, batch_id: int, progress: Progress) -> None:
        if self._staged is not None:
            own = {"batch_id": batch_id}
            staging.pour(session, self._staged, "order_lines", _STAGED, constants=own, renumbered=self._ids)
            return
        rows = ((*line, batch_id) for line in self._lines(_STAGED, progress))
        bulk.insert_rows(session, "order_lines", (*_STAGED, "batch_id"), rows)

    def _changed_orders(self) -> list[str]:
        """The orders that were there already and get other lines."""
        codes = np.unique(self._rows.order_no.codes[self._sorted]).tolist()
        names = (self._rows.order_no.values[code] for code in codes)
        return [name for name in names if name in self._outcome.existing]

    def _create(self, session: Session, batch_id: int, moment: datetime) -> Created:
        """Make the accounts and products that booked rows need, and put their ids into the rows."""
        rows = self._rows
        accounts = set(np.unique(rows.account[self._sorted]).tolist())
        ids: dict[int, int] = {}
        if UNASSIGNED_TO_CREATE in accounts:
            ids[UNASSIGNED_TO_CREATE] = _create_unassigned(session, batch_id, moment)
        wanted = [(NEW_ACCOUNT - place, one) for place, one in enumerate(rows.new_accounts)]
        new = [
            Account(code=one.code, name=one.name, country=one.country, created_at=moment, batch_id=batch_id)
            for number, one in wanted
            if number in accounts
        ]
        session.add_all(new)
        session.flush()
        numbers = [number for number, _one in wanted if number in accounts]
        ids |= {number: account.id for number, account in zip(numbers, new, strict=True)}
        rows.account = _renumbered(rows.account, ids)
        self._ids["account_id"] = ids
        made = self._create_products(session, batch_id, moment)
        return Created(len(ids), made)

    def _create_products(self, session: Session, batch_id: int, moment: datetime) -> int:
        rows = self._rows
        used = set(np.unique(rows.product[self._sorted]).tolist())
        wanted = [(NEW_PRODUCT - place, one) for place, one in enumerate(rows.new_products)]
        wanted = [(number, one) for number, one in wanted if number in used]
        categories = named(session, Category, (one.category for _number, one in wanted))
        units = named(session, Unit, (one.unit for _number, one in wanted))
        new = [
            Product(
                code=one.code,
                name=one.name,
                category_id=categories.get(one.category),
                unit_id=units.get(one.unit),
                created_at=moment,
                batch_id=batch_id,
            )
            for _number, one in wanted
        ]
        session.add_all(new)
        session.flush()
        ids = {number: product.id for (number, _one), product in zip(wanted, new, strict=True)}
        rows.product = _renumbered(rows.product, ids)
        self._ids["product_id"] = ids
        return len(new)

    def _set_aside(self, session: Session, batch_id: int, changed: set[str]) -> None:
        """Move the lines that the file replaces out of the way, and out of the sums."""
        whole = [name for name in self._outcome.replaced_orders if name in changed]
        single = [pair for pair in self._outcome.replaced_lines if pair[0] in changed]
        if not whole and not single:
            return
        for some in _blocks(whole):
            _keep(session, batch_id, OrderLine.order_no.in_(some))
        for pairs in _blocks(single):
            _keep(session, batch_id, tuple_(OrderLine.order_no, OrderLine.line_no).in_(pairs))
        kept = and_(ReplacedLine.replaced_by == batch_id, _not_done(ReplacedLine, batch_id))
        gone = _same_key(OrderLine, select_keys(ReplacedLine, kept))
        rollups.subtract(session, gone)
        session.execute(delete(OrderLine).where(gone).execution_options(synchronize_session=False))

    def _lines(self, names: Sequence[str], progress: Progress) -> Iterator[tuple[Any, ...]]:
        """The lines as the store keeps them, in the order of its key."""
        columns = LineColumns(self._rows)
        order_numbers = self._rows.order_no.values
        for start in range(0, len(self._sorted), _BLOCK):
            block = self._sorted[start : start + _BLOCK]
            given = columns.columns(_FROM_FILE, block)
            given["order_no"] = [order_numbers[code] for code in self._rows.order_no.codes[block].tolist()]
            given["line_no"] = self._outcome.line_no[block].tolist()
            given["booked_month"] = [day.replace(day=1) for day in given["booked_on"]]
            given["first_promised_on"] = self._first_promises(block, given["promised_on"])
            for name in _DAY_COLUMNS:
                given[name] = _as_text(given[name])
            yield from zip(*(given[name] for name in names), strict=True)
            progress("book", min(start + _BLOCK, len(self._sorted)), len(self._sorted))

    def _first_promises(self, block: Wholes, promised: list[date | None]) -> list[date | None]:
        """What was promised first, before this file too."""
        before = self._outcome.first_promises
        if not before:
            return promised
        return [before.get(row, day) for row, day in zip(block.tolist(), promised, strict=True)]

    def _new_orders(self) -> list[tuple[int, int, int, int, int]]:
        """For each account of a new order: its number, first day, lines and net amount."""
        rows, places = self._rows, self._sorted
        sums: dict[tuple[int, int], list[int]] = {}
        existing = [name in self._outcome.existing for name in rows.order_no.values]
        for account, code, day, row in zip(
            rows.account[places].tolist(),
            rows.order_no.codes[places].tolist(),
            rows.ordered_on[places].tolist(),
            places.tolist(),
            strict=True,
        ):
            if existing[code]:
                continue
            booked = rows.booked[row]
            amount = 0 if booked is None else booked.net_amount
            one = sums.get((code, account))
            if one is None:
                sums[(code, account)] = [row, day, 1, amount]
            else:
                one[1] = min(one[1], day)
                one[2] += 1
                one[3] += amount
        return [
            (code, row, day, count, amount) for (code, _account), (row, day, count, amount) in sums.items()
        ]

    def _order_rows(self, batch_id: int) -> Iterator[tuple[Any, ...]]:
        account = self._rows.account
        for code, row, day, count, amount in self._orders:
            first = date.fromordinal(day).isoformat()
            yield int(account[row]), self._rows.order_no.values[code], first, count, amount, batch_id, 1


def named(session: Session, model: Any, names: Iterable[str | None]) -> dict[str | None, int]:
    """The ids of regions, categories, units and the like by name; new ones are created."""
    wanted = dict.fromkeys(name for name in names if name)
    known: dict[str | None, int] = {name: one for one, name in session.execute(select(model.id, model.name))}
    new = [model(name=name) for name in wanted if name not in known]
    session.add_all(new)
    session.flush()
    known.update({one.name: one.id for one in new})
    return known


def _create_unassigned(session: Session, batch_id: int, moment: datetime) -> int:
    account = Account(
        code=UNASSIGNED,
        name=_("Without an account"),
        is_unassigned=True,
        created_at=moment,
        batch_id=batch_id,
    )
    session.add(account)
    session.flush()
    return account.id


def _renumbered(numbers: Wholes, ids: dict[int, int]) -> Wholes:
    if not ids:
        return numbers
    renumbered = numbers.copy()
    different, inverse = np.unique(numbers, return_inverse=True)
    renumbered[:] = np.array([ids.get(number, number) for number in different.tolist()], dtype=np.int64)[
        inverse
    ]
    return renumbered


def _as_text(days: list[date | None]) -> list[str | None]:
    texts = {day: None if day is None else day.isoformat() for day in set(days)}
    return [texts[day] for day in days]


def _blocks(items: Sequence[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while block := list(islice(iterator, _AT_ONCE)):
        yield block


def _whole_orders(places: np.ndarray, codes: np.ndarray) -> list[np.ndarray]:
    """The rows in parts of whole orders, none much larger than others can wait for."""
    if len(places) <= PART_LINES:
        return [places]
    lines = np.bincount(codes[places])
    part_of_order = np.maximum(np.cumsum(lines) - 1, 0) // PART_LINES
    part = part_of_order[codes[places]]
    return [places[part == number] for number in np.unique(part)]


def _not_done(model: Any, batch_id: int) -> Any:
    """Of the orders that no earlier part of the batch has booked: only those have a head of this batch."""
    return model.order_no.not_in(select(Order.order_no).where(Order.batch_id == batch_id))


def select_keys(model: Any, where: Any) -> Select[Any]:
    return select(model.account_id, model.order_no, model.line_no).where(where)


def _same_key(model: Any, keys: Select[Any]) -> Any:
    return tuple_(model.account_id, model.order_no, model.line_no).in_(keys)


def _keep(session: Session, batch_id: int, where: Any) -> None:
    columns = [getattr(OrderLine, name) for name in LINE_COLUMNS]
    lines = select(*columns, literal(batch_id)).where(where)
    session.execute(insert(ReplacedLine).from_select([*LINE_COLUMNS, "replaced_by"], lines))


def _accounts_of(session: Session, order_numbers: Sequence[str]) -> set[int]:
    found: set[int] = set()
    for some in _blocks(order_numbers):
        found.update(session.scalars(select(Order.account_id).where(Order.order_no.in_(some))))
    return found


def renew_orders(session: Session, order_numbers: Sequence[str], batch_id: int | None) -> None:
    """Count the heads of these orders anew from their lines; their versions go on."""
    for some in _blocks(order_numbers):
        of_these = Order.order_no.in_(some)
        versions = {
            (account_id, order_no): version
            for account_id, order_no, version in session.execute(
                select(Order.account_id, Order.order_no, Order.version).where(of_these)
            )
        }
        session.execute(delete(Order).where(of_these).execution_options(synchronize_session=False))
        sums = (
            select(
                OrderLine.account_id,
                OrderLine.order_no,
                func.min(OrderLine.ordered_on),
                func.count(),
                func.sum(OrderLine.net_amount),
                func.max(OrderLine.batch_id) if batch_id is None else literal(batch_id),
                literal(1),
            )
            .where(OrderLine.order_no.in_(some))
            .group_by(OrderLine.account_id, OrderLine.order_no)
        )
        names = ["account_id", "order_no", "ordered_on", "line_count", "net_amount", "batch_id", "version"]
        session.execute(insert(Order).from_select(names, sums))
        for (account_id, order_no), version in versions.items():
            session.execute(
                update(Order)
                .where(Order.account_id == account_id, Order.order_no == order_no)
                .values(version=version + 1)
                .execution_options(synchronize_session=False)
            )
