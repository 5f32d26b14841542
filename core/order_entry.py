"""A single order or credit note entered by hand, changed and taken back.

Only what was entered by hand is changed by hand: an imported order changes with the next file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from core import accounts, audit, auth, clock, order_drafts, rollups, settings
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, NotFound
from core.language import _
from core.models import Account, Order, OrderLine, Product
from core.order_drafts import LineDraft, OrderDraft, Problems
from core.vocabulary import Permission

_PREFIX = "H"  # of the numbers that are offered


@dataclass(frozen=True)
class Entered:
    """An order as it is stored, ready to be changed."""

    draft: OrderDraft
    version: int
    is_by_hand: bool


def next_number(session: Session, actor: Actor) -> str:
    """A number that no order has yet: `H-2026-0007`."""
    auth.require(actor, Permission.ORDER_WRITE)
    start = f"{_PREFIX}-{clock.today():%Y}-"
    known = session.scalars(
        select(Order.order_no).where(Order.order_no >= start, Order.order_no < f"{start}:")  # ":" follows "9"
    )
    numbers = [int(one[len(start) :]) for one in known if one[len(start) :].isdecimal()]
    return f"{start}{max(numbers, default=0) + 1:04d}"


def get(session: Session, actor: Actor, account_id: int, order_no: str) -> Entered:
    """An order of an account that the actor sees, with its prices but never its cost."""
    auth.require(actor, Permission.REVENUE_READ)
    account = accounts.access(session, actor, account_id)
    order, lines = _stored(session, account, order_no)
    first = lines[0]
    is_credit_note = all(line.quantity < 0 for line in lines)
    codes = _codes(session, {line.product_id for line in lines})
    base = settings.get(session).base_currency
    draft = OrderDraft(
        order_no=order.order_no,
        ordered_on=order.ordered_on,
        lines=tuple(
            LineDraft(
                codes[line.product_id],
                abs(line.quantity),
                line.list_price,
                line.net_price,
                delivered_quantity=line.delivered_quantity,
            )
            for line in lines
        ),
        is_credit_note=is_credit_note,
        invoiced_on=first.invoiced_on,
        requested_on=first.requested_on,
        promised_on=first.promised_on,
        delivered_on=first.delivered_on,
        currency=None if first.currency == base else first.currency,
        fx_rate=None if first.currency == base else first.fx_rate,
    )
    return Entered(draft, order.version, all(line.batch_id is None for line in lines))


def enter(session: Session, actor: Actor, account_id: int, draft: OrderDraft) -> str:
    """Book a new order of an account; returns its number. Raises Invalid naming each field that breaks a rule."""
    auth.require(actor, Permission.ORDER_WRITE)
    account = accounts.access(session, actor, account_id)
    rollups.lock(session)
    number = draft.order_no.strip()
    problems = Problems()
    if number and session.scalar(select(Order.order_no).where(Order.order_no == number).limit(1)) is not None:
        # An order is known by its number in the whole company; whose it is, is not told.
        problems.add(
            "order_no", _("The number {number} is taken already. Choose another.").format(number=number)
        )
    lines = order_drafts.lines_of(session, account, draft, problems)
    order = Order(
        account_id=account.id,
        order_no=number,
        ordered_on=lines[0].ordered_on,
        line_count=len(lines),
        net_amount=sum((line.net_amount for line in lines), Decimal(0)),
        batch_id=None,
    )
    session.add_all([order, *lines])
    session.flush()
    rollups.add(session, _of(order))
    rollups.refresh_rhythm(session, {account.id})
    said = _said(session, order, lines)
    audit.record(session, actor, "order:create", _subject(account, number), audit.differences({}, said))
    return number


def change(
    session: Session, actor: Actor, account_id: int, order_no: str, draft: OrderDraft, *, version: int
) -> int:
    """Replace the lines of an order that was entered by hand; returns its new version. Its number stays."""
    auth.require(actor, Permission.ORDER_WRITE)
    account = accounts.access(session, actor, account_id)
    rollups.lock(session)
    order, old = _by_hand(session, account, order_no, version)
    before = _said(session, order, old)
    problems = Problems()
    if draft.order_no.strip() != order.order_no:
        problems.add(
            "order_no", _("The number of an order stays. Remove the order to enter it under another.")
        )
    lines = order_drafts.lines_of(session, account, draft, problems)
    first_promises = {(line.line_no, line.product_id): line.first_promised_on for line in old}
    for line in lines:
        kept = first_promises.get((line.line_no, line.product_id))
        line.first_promised_on = kept if kept is not None and line.promised_on else line.promised_on
    rollups.subtract(session, _of(order))
    session.execute(delete(OrderLine).where(_of(order)).execution_options(synchronize_session=False))
    for line in old:
        session.expunge(line)
    order.ordered_on, order.line_count = lines[0].ordered_on, len(lines)
    order.net_amount = sum((line.net_amount for line in lines), Decimal(0))
    order.version += 1
    session.add_all(lines)
    session.flush()
    rollups.add(session, _of(order))
    rollups.prune(session)
    rollups.refresh_rhythm(session, {account_id})
    changes = audit.differences(before, _said(session, order, lines))
    if changes:
        audit.record(session, actor, "order:update", _subject(account, order_no), changes)
    return order.version


def remove(session: Session, actor: Actor, account_id: int, order_no: str, *, version: int) -> None:
    """Take an order that was entered by hand out again."""
    auth.require(actor, Permission.ORDER_WRITE)
    account = accounts.access(session, actor, account_id)
    rollups.lock(session)
    order, lines = _by_hand(session, account, order_no, version)
    said = _said(session, order, lines)
    where = _of(order)
    rollups.subtract(session, where)
    session.execute(delete(OrderLine).where(where).execution_options(synchronize_session=False))
    for line in lines:
        session.expunge(line)
    session.delete(order)
    session.flush()
    rollups.prune(session)
    rollups.refresh_rhythm(session, {account.id})
    changes = {name: (value, None) for name, value in said.items() if value is not None}
    audit.record(session, actor, "order:remove", _subject(account, order_no), changes)


def _stored(session: Session, account: Account, order_no: str) -> tuple[Order, list[OrderLine]]:
    order = session.get(Order, (account.id, order_no.strip()), with_for_update=True)
    if order is None:
        raise NotFound(_("There is no order {number}.").format(number=order_no.strip()))
    return order, list(session.scalars(select(OrderLine).where(_of(order)).order_by(OrderLine.line_no)))


def _by_hand(
    session: Session, account: Account, order_no: str, version: int
) -> tuple[Order, list[OrderLine]]:
    order, lines = _stored(session, account, order_no)
    if any(line.batch_id is not None for line in lines):
        raise Conflict(_("This order came with a file: correct the file and import it again."))
    if order.version != version:
        raise Conflict(
            _("Somebody else changed this order meanwhile. Look at the new values and save again."),
            current={**_head(lines[0]), "lines": "; ".join(_line_texts(session, lines))},
            version=order.version,
        )
    return order, lines


def _of(order: Order) -> Any:
    return and_(OrderLine.account_id == order.account_id, OrderLine.order_no == order.order_no)


def _codes(session: Session, product_ids: set[int]) -> dict[int, str]:
    rows = session.execute(select(Product.id, Product.code).where(Product.id.in_(product_ids)))
    return {product_id: code for product_id, code in rows}  # noqa: C416


def _said(session: Session, order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """The order as the audit keeps it; cost never stands there."""
    first = lines[0]
    names = (
        "ordered_on",
        "invoiced_on",
        "requested_on",
        "promised_on",
        "delivered_on",
        "currency",
        "fx_rate",
    )
    values = {name: getattr(first, name) for name in names}
    return {**values, "net_amount": order.net_amount, "lines": _line_texts(session, lines)}


def _head(line: OrderLine) -> dict[str, Any]:
    """The days of an order: the same on all lines of one that was entered by hand."""
    names = ("ordered_on", "invoiced_on", "requested_on", "promised_on", "delivered_on")
    return {name: getattr(line, name) for name in names}


def _line_texts(session: Session, lines: Sequence[OrderLine]) -> list[str]:
    codes = _codes(session, {line.product_id for line in lines})
    return [
        f"{line.quantity.normalize():f} × {codes[line.product_id]} at {line.net_price.normalize():f}"
        for line in lines
    ]


def _subject(account: Account, order_no: str) -> Subject:
    return Subject("order", order_no, order_no, account.id)
