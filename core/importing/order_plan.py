"""An order file from check to booking, and back again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.orm import Session

from core import auth, db, rollups
from core.auth import Actor
from core.errors import Conflict, NotFound
from core.importing import comparison, creations, orders
from core.importing.booking import LINE_COLUMNS, OrderBooking, renew_orders, select_keys
from core.importing.columns import Values
from core.importing.comparison import Comparison
from core.importing.findings import Findings
from core.importing.options import BatchInHand, Options
from core.importing.tables import Mask, Progress
from core.language import _
from core.models import Account, ImportBatch, OrderLine, ReplacedLine
from core.vocabulary import Permission

_AT_ONCE = 2_000


class OrderPlan:
    def __init__(self, outcome: Comparison, booking: OrderBooking, *, uses_staging: bool) -> None:
        self._uses_staging = uses_staging
        self._outcome = outcome
        self._booking = booking

    @property
    def accepted(self) -> Mask:
        return self._outcome.accepted

    @property
    def changed(self) -> Mask:
        return self._outcome.changed

    @property
    def parts(self) -> int:
        return self._booking.parts

    def stage(self, folder: Path, part: int, progress: Progress) -> None:
        if self._uses_staging:
            self._booking.stage(folder, part, progress)

    def apply(self, session: Session, actor: Actor, batch: BatchInHand, progress: Progress) -> dict[str, int]:
        """Book the lines of one part; what the actor may was settled row by row in the check."""
        auth.require(actor, Permission.DATA_IMPORT)
        created = self._booking.apply(session, batch.id, batch.moment, progress, batch.part)
        return {"accounts_created": created.accounts, "products_created": created.products}


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options, progress: Progress
) -> OrderPlan:
    """Price every row and compare every order, without changing anything."""
    rows = orders.check(session, actor, values, found, options)
    outcome = comparison.compare(session, actor, rows, found, progress)
    return OrderPlan(outcome, OrderBooking(rows, outcome), uses_staging=db.is_sqlite(session))


def undo(session: Session, actor: Actor, batch: ImportBatch, _moment: datetime) -> None:
    """Take a batch's lines out and put back the lines that they replaced."""
    order_numbers = sorted(_orders_of(session, batch.id))
    _refuse_if_built_on(session, batch.id, order_numbers)
    _refuse_if_hidden(session, actor, batch.id)
    accounts = _accounts_of(session, batch.id)
    own = OrderLine.batch_id == batch.id
    rollups.subtract(session, own)
    session.execute(delete(OrderLine).where(own).execution_options(synchronize_session=False))
    kept = ReplacedLine.replaced_by == batch.id
    lines = select(*(getattr(ReplacedLine, name) for name in LINE_COLUMNS)).where(kept)
    session.execute(insert(OrderLine).from_select(list(LINE_COLUMNS), lines))
    restored = tuple_(OrderLine.account_id, OrderLine.order_no, OrderLine.line_no).in_(
        select_keys(ReplacedLine, kept)
    )
    rollups.add(session, restored)
    rollups.prune(session)
    session.execute(delete(ReplacedLine).where(kept).execution_options(synchronize_session=False))
    renew_orders(session, order_numbers, None)
    rollups.refresh_rhythm(session, accounts)
    creations.remove_unused(session, batch.id)


def _orders_of(session: Session, batch_id: int) -> set[str]:
    """The order numbers that a batch touched."""
    booked = session.scalars(select(OrderLine.order_no).where(OrderLine.batch_id == batch_id).distinct())
    replaced = session.scalars(
        select(ReplacedLine.order_no).where(ReplacedLine.replaced_by == batch_id).distinct()
    )
    return {*booked, *replaced}


def _accounts_of(session: Session, batch_id: int) -> set[int]:
    booked = session.scalars(select(OrderLine.account_id).where(OrderLine.batch_id == batch_id).distinct())
    replaced = session.scalars(
        select(ReplacedLine.account_id).where(ReplacedLine.replaced_by == batch_id).distinct()
    )
    return {*booked, *replaced}


def _refuse_if_built_on(session: Session, batch_id: int, order_numbers: list[str]) -> None:
    """Raise Conflict where a later import or a person changed what this batch brought."""
    later = session.execute(
        select(ReplacedLine.replaced_by, ReplacedLine.order_no)
        .where(ReplacedLine.batch_id == batch_id)
        .limit(1)
    ).first()
    if later is None:
        later = _later_line(session, batch_id, order_numbers)
    if later is None:
        return
    other, order_no = later
    if other is None:
        raise Conflict(
            _(
                "Order {order} of this import was changed by hand since, so the import cannot be undone."
            ).format(order=order_no)
        )
    raise Conflict(
        _("Import {batch} changed order {order} of this import. Undo import {batch} first.").format(
            batch=other, order=order_no
        )
    )


def _later_line(session: Session, batch_id: int, order_numbers: list[str]) -> Any:
    """A line that came into one of the batch's orders after it."""
    for start in range(0, len(order_numbers), _AT_ONCE):
        some = order_numbers[start : start + _AT_ONCE]
        later = (OrderLine.batch_id > batch_id) | OrderLine.batch_id.is_(None)
        found = session.execute(
            select(OrderLine.batch_id, OrderLine.order_no).where(OrderLine.order_no.in_(some), later).limit(1)
        ).first()
        if found is not None:
            return found
    return None


def _refuse_if_hidden(session: Session, actor: Actor, batch_id: int) -> None:
    if actor.sees_everything:
        return
    visible = select(Account.id).where(auth.visible_accounts(actor))
    for model, column in ((OrderLine, OrderLine.batch_id), (ReplacedLine, ReplacedLine.replaced_by)):
        hidden = select(model.order_no).where(column == batch_id, model.account_id.not_in(visible)).limit(1)
        if session.scalar(hidden) is not None:
            raise NotFound(_("There is no such import."))
