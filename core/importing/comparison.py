"""Orders that are there already, compared as a whole with what a file says: equal, changed, or new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth
from core.auth import Actor
from core.importing import lines
from core.importing.findings import Findings
from core.importing.lines import LineColumns, StoredLine
from core.importing.orders import OrderRows, grouped
from core.importing.tables import Mask, Progress, Wholes
from core.language import N_
from core.models import Account, Order

HIDDEN_ORDER = N_("this order number cannot be used here: ask a director to import the order")

_AT_ONCE = 400  # orders compared in one go: enough to be quick, few enough to stay small
_SEARCHED = 5_000


@dataclass
class Comparison:
    """What becomes of each row, and which stored lines go."""

    new: Mask
    changed: Mask
    unchanged: Mask
    line_no: Wholes  # the number that each booked row gets
    existing: set[str]  # the file's order numbers that the store has
    replaced_orders: list[str] = field(default_factory=list)  # all of their lines go
    replaced_lines: list[tuple[str, int]] = field(default_factory=list)  # single lines go
    first_promises: dict[int, date] = field(
        default_factory=dict
    )  # by row, of the lines it takes the place of

    @property
    def accepted(self) -> Mask:
        return self.new | self.changed


def compare(
    session: Session, actor: Actor, rows: OrderRows, found: Findings, progress: Progress
) -> Comparison:
    """Compare every order of the file with the store."""
    there = _existing(session, rows.order_no.values)
    if not actor.sees_everything:
        _refuse_hidden(session, actor, rows, found, there)
    usable = ~found.refused
    nothing = np.zeros(rows.rows, dtype=np.bool_)
    outcome = Comparison(nothing.copy(), nothing.copy(), nothing.copy(), _numbers(rows, usable), there)
    orders = grouped(rows.order_no.codes, usable)
    names = [rows.order_no.values[rows.order_no.codes[group[0]]] for group in orders]
    known = [place for place, name in enumerate(names) if name in there]
    outcome.new[usable] = True
    for place in known:
        outcome.new[orders[place]] = False
    work = _Work(session, rows, outcome, _incomplete(rows, found))
    for start in range(0, len(known), _AT_ONCE):
        some = known[start : start + _AT_ONCE]
        work.compare([(names[place], orders[place]) for place in some])
        progress("compare", min(start + _AT_ONCE, len(known)), len(known))
    return outcome


def _existing(session: Session, order_numbers: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(order_numbers), _SEARCHED):
        some = order_numbers[start : start + _SEARCHED]
        found.update(session.scalars(select(Order.order_no).where(Order.order_no.in_(some))))
    return found


def _refuse_hidden(session: Session, actor: Actor, rows: OrderRows, found: Findings, there: set[str]) -> None:
    """Orders with lines of accounts out of sight are left alone, without saying whose they are."""
    if not there:
        return
    visible = select(Account.id).where(auth.visible_accounts(actor))
    hidden: set[str] = set()
    numbers = sorted(there)
    for start in range(0, len(numbers), _SEARCHED):
        some = numbers[start : start + _SEARCHED]
        query = select(Order.order_no).where(Order.order_no.in_(some), Order.account_id.not_in(visible))
        hidden.update(session.scalars(query))
    places = [place for place, name in enumerate(rows.order_no.values) if name in hidden]
    found.refuse("order_no", HIDDEN_ORDER, np.isin(rows.order_no.codes, places))


def _incomplete(rows: OrderRows, found: Findings) -> set[str]:
    """The orders of which the file has a row that was refused."""
    codes = rows.order_no.codes[found.refused]
    return {rows.order_no.values[code] for code in np.unique(codes[codes >= 0]).tolist()}


def _numbers(rows: OrderRows, usable: Mask) -> Wholes:
    """The file's own line numbers, or 1, 2, 3 … in the order of its rows."""
    if rows.line_no is not None:
        return rows.line_no
    numbers = np.zeros(rows.rows, dtype=np.int64)
    for group in grouped(rows.order_no.codes, usable):
        numbers[group] = np.arange(1, len(group) + 1)
    return numbers


class _Work:
    """Compares some orders at a time."""

    def __init__(self, session: Session, rows: OrderRows, outcome: Comparison, incomplete: set[str]) -> None:
        self._session = session
        self._outcome = outcome
        self._incomplete = incomplete
        self._numbered = rows.line_no is not None
        self._names = lines.compared(rows.mapped)
        self._columns = LineColumns(rows)
        self._unnumbered = lines.numbering_batches(session) if self._numbered else set()

    def compare(self, orders: list[tuple[str, np.ndarray]]) -> None:
        stored = lines.stored(self._session, [name for name, _group in orders], self._names)
        read = iter(self._columns.tuples(self._names, np.concatenate([group for _name, group in orders])))
        for name, group in orders:
            there = stored.get(name, [])
            ours = list(islice(read, len(group)))
            if self._numbered and not all(line.batch_id in self._unnumbered for line in there):
                self._by_line(name, group, ours, {line.line_no: line for line in there})
            else:
                self._as_a_whole(name, group, ours, there)

    def _as_a_whole(
        self, name: str, group: np.ndarray, ours: list[tuple[Any, ...]], there: list[StoredLine]
    ) -> None:
        mine, theirs = Counter(ours), Counter(line.compared for line in there)
        # A refused row says nothing about its line, so the others of its order being there is enough.
        if mine == theirs or (name in self._incomplete and mine <= theirs):
            self._outcome.unchanged[group] = True
            return
        self._outcome.changed[group] = True
        self._outcome.replaced_orders.append(name)
        self._keep_first_promises(group, ours, there)

    def _keep_first_promises(
        self, group: np.ndarray, ours: list[tuple[Any, ...]], there: list[StoredLine]
    ) -> None:
        """The earliest promise that a product had in the order stays its first."""
        product = self._names.index("product_id")
        first: dict[int, date] = {}
        for line in there:
            if (day := line.first_promised_on) is not None:
                first[line.compared[product]] = min(day, first.get(line.compared[product], day))
        for row, mine in zip(group.tolist(), ours, strict=True):
            if mine[product] in first:
                self._outcome.first_promises[row] = first[mine[product]]

    def _by_line(
        self, name: str, group: np.ndarray, ours: list[tuple[Any, ...]], there: dict[int, StoredLine]
    ) -> None:
        for row, line in zip(group.tolist(), ours, strict=True):
            number = int(self._outcome.line_no[row])
            before = there.get(number)
            if before is None:
                self._outcome.new[row] = True
            elif before.compared == line:
                self._outcome.unchanged[row] = True
            else:
                self._outcome.changed[row] = True
                self._outcome.replaced_lines.append((name, number))
                if before.first_promised_on is not None:
                    self._outcome.first_promises[row] = before.first_promised_on
