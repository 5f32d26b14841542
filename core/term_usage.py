"""What orders say about the terms: used after they ended, never used, over before the goods arrive or are due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import auth, clock, entitlements, formats, term_lint
from core.auth import Actor
from core.language import _, ngettext
from core.models import Account, OrderLine, RevenueCell
from core.money import ZERO, round_money
from core.periods import add_months, first_of_month
from core.price_book import Asked
from core.pricing import Days
from core.term_lint import ON_INVOICE, Finding, Goods, Rule, Severity, named
from core.terms import TermRow
from core.vocabulary import Permission, TermDate, TermKind, TierBasis

_UNUSED_DAYS = 90
_BACK = timedelta(days=365)
_AT_ONCE = 500
_SAME_PRICE, _SAME_SHARE = Decimal("0.00005"), Decimal("0.0005")


Customer = tuple[str, int]  # account, group or segment, and its id


class Reach:
    """The visible accounts that each term is for."""

    def __init__(self, session: Session, actor: Actor, account_id: int | None) -> None:
        query = select(Account.id, Account.code, Account.group_id, Account.segment_id).where(
            auth.visible_accounts(actor), Account.merged_into_id.is_(None)
        )
        if account_id is not None:
            query = query.where(Account.id == account_id)
        self.codes: dict[int, str] = {}
        self._members: dict[Customer, list[int]] = {}
        self._customers: dict[int, list[Customer]] = {}
        for key, code, group_id, segment_id in session.execute(query):
            self.codes[key] = code
            named = (("account", key), ("group", group_id), ("segment", segment_id))
            self._customers[key] = [(name, of) for name, of in named if of is not None]
            for one in self._customers[key]:
                self._members.setdefault(one, []).append(key)

    def accounts(self, row: TermRow) -> Sequence[int]:
        return self._members.get(customer(row), [])

    def customers(self, account_id: int) -> Sequence[Customer]:
        """Whose terms reach an account: its own, its group's, its segment's."""
        return self._customers.get(account_id, [])


def customer(row: TermRow) -> Customer:
    """Whom a term is for."""
    named = ((name, getattr(row.scope, f"{name}_id")) for name in ("account", "group", "segment"))
    return next((name, key) for name, key in named if key is not None)


@dataclass(frozen=True)
class _Line:
    """An order line as the rules need it; prices in the base currency."""

    account_id: int
    product_id: int
    order_no: str
    quantity: Decimal
    listed: Decimal
    net: Decimal
    days: Days
    due_on: date | None
    is_open: bool


def of_orders(
    session: Session, actor: Actor, rows: Sequence[TermRow], goods: Goods, reach: Reach
) -> Iterator[Finding]:
    """What orders show of approved terms: their price still used, their days over too early."""
    auth.require(actor, Permission.TERM_READ)
    live = term_lint.standing(rows, clock.today())
    yield from _expired_in_use(session, actor, rows, goods, reach)
    yield from _promotions(session, actor, live, reach)
    yield from _due_after_end(session, actor, rows, goods, reach)


def _lines(
    session: Session, actor: Actor, account_ids: Iterable[int], first: date, *, only_open: bool = False
) -> list[_Line]:
    """Lines that are no returns, ordered since a day."""
    found: list[_Line] = []
    wanted = sorted(set(account_ids))
    due_on = func.coalesce(OrderLine.promised_on, OrderLine.requested_on)
    for start in range(0, len(wanted), _AT_ONCE):
        query = (
            select(*(getattr(OrderLine, name) for name in _READ), due_on.label("due_on"))
            .join(Account, Account.id == OrderLine.account_id)
            .where(
                auth.visible_accounts(actor),
                OrderLine.account_id.in_(wanted[start : start + _AT_ONCE]),
                OrderLine.ordered_on >= first,
                OrderLine.quantity > 0,
            )
        )
        if only_open:
            query = query.where(OrderLine.delivered_on.is_(None), due_on.is_not(None))
        found += [_line(row) for row in session.execute(query)]
    return found


_READ = (
    "account_id", "product_id", "order_no", "quantity", "list_price", "net_price", "fx_rate", "ordered_on",
    "delivered_on", "invoiced_on",
)  # fmt: skip


def _line(line: Any) -> _Line:
    return _Line(
        line.account_id,
        line.product_id,
        line.order_no,
        line.quantity,
        round_money(line.list_price * line.fx_rate),
        round_money(line.net_price * line.fx_rate),
        Days(line.ordered_on, line.delivered_on, line.invoiced_on),
        line.due_on,
        line.delivered_on is None,
    )


def _day(row: TermRow, line: _Line) -> date:
    days = line.days
    if row.governed_by is TermDate.DELIVERY:
        return days.delivery or line.due_on or days.order
    return (days.invoice or days.order) if row.governed_by is TermDate.INVOICE else days.order


def _covers(row: TermRow, line: _Line, goods: Goods) -> bool:
    scope = row.scope
    if scope.product_id is not None:
        return scope.product_id == line.product_id
    return scope.category_id is None or scope.category_id == goods.categories.get(line.product_id)


def _carried_on(rows: Sequence[TermRow]) -> set[int]:
    """The ids of versions that another one of their lane follows at once."""
    return {
        before.id
        for versions in term_lint.lanes(rows)
        for before in versions
        if any(after.valid_from == before.valid_to for after in versions)
    }


def _expired_in_use(
    session: Session, actor: Actor, rows: Sequence[TermRow], goods: Goods, reach: Reach
) -> Iterator[Finding]:
    """Lines since a term ended that still have its price, though the terms in force give another.

    Of a term that another version followed at once, only where at least two lines have its price, and half of all: a
    few may have it by chance.
    """
    today, followed = clock.today(), _carried_on(rows)
    ended = [
        row
        for row in rows
        if row.kind in ON_INVOICE and row.valid_to is not None and today - _BACK < row.valid_to <= today
    ]
    if not ended:
        return
    first = min(row.valid_to for row in ended if row.valid_to is not None)
    lines = _lines(session, actor, (key for row in ended for key in reach.accounts(row)), first)
    by_account = _by_account(lines)
    same: list[tuple[TermRow, _Line]] = []
    for row in ended:
        near = (line for key in reach.accounts(row) for line in by_account.get(key, ()))
        since = [line for line in near if _covers(row, line, goods) and _is_after(row, line)]
        still = [line for line in since if _has_price_of(row, line, goods)]
        if row.id not in followed or len(still) >= max(2, len(since) / 2):
            same += [(row, line) for line in still]
    asked = [Asked(line.account_id, line.product_id, line.quantity, line.days) for _row, line in same]
    prices = entitlements.prices(session, actor, asked) if asked else []
    given: dict[int, list[tuple[_Line, Decimal]]] = {}
    for (row, line), price in zip(same, prices, strict=True):
        if price.net_price is not None and abs(price.net_price - line.net) > _SAME_PRICE:
            lost = round_money((price.net_price - line.net) * line.quantity)
            given.setdefault(row.id, []).append((line, lost))
    yield from (_expired(row, given[row.id], reach.codes) for row in ended if row.id in given)


def _by_account(lines: Iterable[_Line]) -> dict[int, list[_Line]]:
    found: dict[int, list[_Line]] = {}
    for line in lines:
        found.setdefault(line.account_id, []).append(line)
    return found


def _is_after(row: TermRow, line: _Line) -> bool:
    return row.valid_to is not None and _day(row, line) >= row.valid_to and line.quantity >= row.min_quantity


def _has_price_of(row: TermRow, line: _Line, goods: Goods) -> bool:
    if row.kind is TermKind.SPECIAL_PRICE:
        price = goods.price(row, line.product_id)
        return price is not None and abs(price - line.net) <= _SAME_PRICE
    return line.listed > 0 and abs(1 - line.net / line.listed - row.value) <= _SAME_SHARE


def _expired(row: TermRow, given: Sequence[tuple[_Line, Decimal]], codes: Mapping[int, str]) -> Finding:
    amount = sum((one for _line, one in given), ZERO)
    accounts = {line.account_id for line, _amount in given}
    if amount >= 0:
        text = ngettext(
            "{term} ended on {last}, and {count} line since still has its price: {amount} below what holds.",
            "{term} ended on {last}, and {count} lines since still have its price: {amount} below what holds.",
            len(given),
        )
    else:
        text = ngettext(
            "{term} ended on {last}, and {count} line since still has its price: {amount} above what holds.",
            "{term} ended on {last}, and {count} lines since still have its price: {amount} above what holds.",
            len(given),
        )
    return Finding(
        Rule.EXPIRED_IN_USE,
        Severity.ERROR,
        (row.name,),
        text.format(
            term=named(row),
            last=formats.day(row.last_day),
            count=len(given),
            amount=formats.number(abs(amount), places=2),
        ),
        _("Extend it, or correct the price in the order system."),
        codes.get(next(iter(accounts))) if len(accounts) == 1 else row.account,
    )


def never_used(
    session: Session, actor: Actor, live: Sequence[TermRow], goods: Goods, reach: Reach
) -> Iterator[Finding]:
    """Terms of three months and more under which nothing was bought; `live` ones hold today or later."""
    auth.require(actor, Permission.TERM_READ)
    today = clock.today()
    old = [
        row
        for row in live
        if row.kind in ON_INVOICE and row.valid_from <= today - timedelta(days=_UNUSED_DAYS)
    ]
    if not old:
        return
    first = first_of_month(min(row.valid_from for row in old))
    last_month, largest = _bought(session, actor, first, {key for row in old for key in reach.accounts(row)})
    for row in old:
        month = first_of_month(row.valid_from)
        bought = any(
            last_month.get((key, product_id), date.min) >= month
            and (
                row.min_quantity <= 1
                or row.basis is not TierBasis.LINE
                or row.unit is not None
                or largest.get((key, product_id), ZERO) >= row.min_quantity
            )
            for key in reach.accounts(row)
            for product_id in goods.within(row)
        )
        if not bought and reach.accounts(row):
            yield Finding(
                Rule.NEVER_USED,
                Severity.NOTE,
                (row.name,),
                _("{term} holds since {first}, and nothing was bought under it.").format(
                    term=named(row), first=formats.day(row.valid_from)
                ),
                _("Offer it again, or end it."),
                row.account,
            )


def _bought(
    session: Session, actor: Actor, first: date, account_ids: set[int]
) -> tuple[dict[tuple[int, int], date], dict[tuple[int, int], Decimal]]:
    """For each account and product the last month with a sale, and the largest order line."""
    months: dict[tuple[int, int], date] = {}
    largest: dict[tuple[int, int], Decimal] = {}
    wanted = sorted(account_ids)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        sold = (
            select(RevenueCell.account_id, RevenueCell.product_id, func.max(RevenueCell.month))
            .join(Account, Account.id == RevenueCell.account_id)
            .where(auth.visible_accounts(actor), RevenueCell.account_id.in_(some))
            .group_by(RevenueCell.account_id, RevenueCell.product_id)
        )
        lines = (
            select(OrderLine.account_id, OrderLine.product_id, func.max(OrderLine.quantity))
            .join(Account, Account.id == OrderLine.account_id)
            .where(
                auth.visible_accounts(actor), OrderLine.account_id.in_(some), OrderLine.ordered_on >= first
            )
            .group_by(OrderLine.account_id, OrderLine.product_id)
        )
        months |= {(row[0], row[1]): row[2] for row in session.execute(sold)}
        largest |= {(row[0], row[1]): row[2] for row in session.execute(lines)}
    return months, largest


def _promotions(session: Session, actor: Actor, live: Sequence[TermRow], reach: Reach) -> Iterator[Finding]:
    """Promotions that go by delivery and are over before an order of their first day usually arrives."""
    chosen = [
        row
        for row in live
        if row.kind is TermKind.PROMOTION
        and row.governed_by is not TermDate.ORDER
        and row.valid_to is not None
    ]
    if not chosen:
        return
    first = add_months(clock.today(), -12)
    taken: dict[int, list[int]] = {}
    for line in _lines(session, actor, {key for row in chosen for key in reach.accounts(row)}, first):
        if line.days.delivery is not None:
            taken.setdefault(line.account_id, []).append((line.days.delivery - line.days.order).days)
    for row in chosen:
        gaps = [days for key in reach.accounts(row) for days in taken.get(key, ())]
        length = ((row.valid_to or date.max) - row.valid_from).days
        if gaps and median(gaps) >= length:
            yield Finding(
                Rule.PROMOTION_TOO_SHORT,
                Severity.WARNING,
                (row.name,),
                _(
                    "{term} holds for {length} days and goes by delivery, which usually takes {days}: it ends before "
                    "anything ordered in it arrives."
                ).format(term=named(row), length=length, days=round(median(gaps))),
                _("Let it go by the order date, or last longer."),
                row.account,
            )


def _due_after_end(
    session: Session, actor: Actor, rows: Sequence[TermRow], goods: Goods, reach: Reach
) -> Iterator[Finding]:
    """Open lines ordered under a term that ends before they are due."""
    followed = _carried_on(rows)
    ending = [
        row for row in rows if row.kind in ON_INVOICE and row.valid_to is not None and row.id not in followed
    ]
    if not ending:
        return
    first = min(row.valid_from for row in ending)
    keys = {key for row in ending for key in reach.accounts(row)}
    lines = _lines(session, actor, keys, max(first, clock.today() - _BACK), only_open=True)
    by_account = _by_account(lines)
    for row in ending:
        late = [
            line
            for key in reach.accounts(row)
            for line in by_account.get(key, ())
            if _covers(row, line, goods)
            and line.due_on is not None
            and row.valid_to is not None
            and row.valid_from <= line.days.order < row.valid_to <= line.due_on
            and line.quantity >= row.min_quantity
        ]
        if late:
            yield _late(row, late)


def _late(row: TermRow, late: Sequence[_Line]) -> Finding:
    orders = sorted({line.order_no for line in late})
    by_order = row.governed_by is TermDate.ORDER
    return Finding(
        Rule.DUE_AFTER_END,
        Severity.NOTE if by_order else Severity.WARNING,
        (row.name,),
        ngettext(
            "{term} ends on {last}, before {count} open line ordered under it is due: {orders}.",
            "{term} ends on {last}, before {count} open lines ordered under it are due: {orders}.",
            len(late),
        ).format(
            term=named(row),
            last=formats.day(row.last_day),
            count=len(late),
            orders=", ".join(orders[:5]) + (" …" if len(orders) > 5 else ""),
        ),
        _("It goes by the order date, so they keep its price.")
        if by_order
        else _("Extend it, or tell the customer that the price will be another."),
        row.account,
    )
