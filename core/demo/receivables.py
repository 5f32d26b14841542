"""What the demo company's accounts owe: their invoices, paid as each is used to, as weekly lists show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import cast

import numpy as np
from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger

from core import bulk
from core.demo.rows import Ids
from core.demo.scene import Scene
from core.models import OrderLine

_LISTS = 8  # snapshots, four weeks apart, the newest of yesterday
_WEEKS = 4
_LONGEST = 130  # days from an invoice to the day when it is paid or given up on the list
_SLOW, _SLOW_DAYS = 7, 34  # every seventh account pays about a month late
_PARTLY = 0.04  # invoices of which a part was paid

_COLUMNS = ("account_id", "as_of", "invoice_no", "due_on", "amount", "open_amount")
_Row = tuple[int, str, str, str, int, int]


def receivables(session: Session, scene: Scene, ids: Ids) -> int:
    """Snapshots of the last half year; returns how many invoices they hold."""
    newest = scene.calendar.today - timedelta(days=1)
    days = [newest - timedelta(weeks=_WEEKS * back) for back in reversed(range(_LISTS))]
    random = np.random.default_rng([scene.seed, 7])
    rows = (
        row for invoice in _invoices(session, scene, ids, days[0]) for row in _open_on(invoice, days, random)
    )
    return bulk.insert_rows(session, "receivables", _COLUMNS, list(rows))


def _invoices(
    session: Session, scene: Scene, ids: Ids, first: date
) -> Iterator[tuple[int, str, date, date, int, bool]]:
    """Account, number, invoice day, due day, amount and whether the account pays slowly."""
    known = {
        account_id: (account, place % _SLOW == _SLOW - 1)
        for place, (account, account_id) in enumerate(zip(scene.company.accounts, ids.accounts, strict=True))
    }
    amount = func.sum(type_coerce(OrderLine.net_amount, BigInteger))
    found = session.execute(
        select(OrderLine.account_id, OrderLine.order_no, func.max(OrderLine.invoiced_on), amount)
        .where(OrderLine.booked_on >= first - timedelta(days=_LONGEST), OrderLine.invoiced_on.is_not(None))
        .group_by(OrderLine.account_id, OrderLine.order_no)
        .order_by(OrderLine.account_id, OrderLine.order_no)
    )
    for account_id, order_no, last, total in found:
        account, slow = known[account_id]
        invoiced_on = cast(date, last)
        due_on = invoiced_on + timedelta(days=account.payment_days)
        if total:
            yield account_id, f"INV-{order_no}", invoiced_on, due_on, int(total), slow


def _open_on(
    invoice: tuple[int, str, date, date, int, bool], days: list[date], random: np.random.Generator
) -> Iterator[_Row]:
    account_id, number, invoiced_on, due_on, amount, slow = invoice
    late = int(random.normal(_SLOW_DAYS if slow else -2, 14 if slow else 6))
    paid_on = max(due_on + timedelta(days=late), invoiced_on + timedelta(days=1))
    left = amount // 2 if random.random() < _PARTLY else amount
    for day in days:
        if invoiced_on <= day < paid_on and (day - invoiced_on).days <= _LONGEST:
            open_amount = left if day > due_on else amount
            yield account_id, day.isoformat(), number, due_on.isoformat(), amount, open_amount
