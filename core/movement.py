"""Who moved net revenue between two windows: accounts won, won back, grown, shrunk and lost.

The amounts of the kinds add up to the change of net revenue. Retention is read from the same rows
(SaaS Metrics Standards Board, here over any two windows of orders).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, db, parts, revenue
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, AccountRhythm
from core.money import MONEY_SCALE, ZERO
from core.periods import Period
from core.retention import Retention
from core.vocabulary import Permission


class Kind(StrEnum):
    """What became of an account; the order is that of the picture."""

    NEW = "new"  # revenue now, none then, and no order before the period
    REACTIVATED = "reactivated"  # revenue now, none then, but it had ordered before
    EXPANDED = "expanded"
    CONTRACTED = "contracted"
    LOST = "lost"  # revenue then, none now
    STEADY = "steady"
    OTHER = "other"  # no revenue above zero in either: credits alone, and orders without an account


@dataclass(frozen=True)
class Move:
    """One account in both windows; amounts are net revenue."""

    account_id: int
    code: str
    name: str
    kind: Kind
    then: Decimal
    now: Decimal
    lines: int  # order lines of both windows

    @property
    def change(self) -> Decimal:
        return self.now - self.then

    @property
    def in_base(self) -> bool:
        """Whether retention counts it: it had revenue above zero then."""
        return self.kind in (Kind.EXPANDED, Kind.CONTRACTED, Kind.LOST, Kind.STEADY)

    @property
    def kept(self) -> Decimal:
        """What gross retention counts: never more than then, never below zero."""
        return min(self.then, max(self.now, ZERO)) if self.in_base else ZERO

    @property
    def missing(self) -> Decimal:
        """What gross retention lacks."""
        return self.then - self.kept if self.in_base else ZERO


@dataclass(frozen=True)
class Movement:
    """Every account with an order line in either window, the greatest change first."""

    period: Period
    base: Period
    moves: tuple[Move, ...]

    @cached_property
    def then(self) -> Decimal:
        return sum((move.then for move in self.moves), ZERO)

    @cached_property
    def now(self) -> Decimal:
        return sum((move.now for move in self.moves), ZERO)

    @property
    def change(self) -> Decimal:
        return self.now - self.then

    def of(self, kind: Kind) -> list[Move]:
        return [move for move in self.moves if move.kind is kind]

    def amount(self, kind: Kind) -> Decimal:
        """What the accounts of a kind added to the change."""
        return sum((move.change for move in self.of(kind)), ZERO)

    @cached_property
    def retention(self) -> Retention:
        base = [move for move in self.moves if move.in_base]
        return Retention.between({m.account_id: m.then for m in base}, {m.account_id: m.now for m in base})

    @property
    def behind_retention(self) -> list[Move]:
        """The accounts of the base, whoever lost most first."""
        base = [move for move in self.moves if move.in_base]
        return sorted(base, key=lambda move: (-move.missing, -move.then, move.code))


_NOTHING = (0, 0)


def _rank(move: Move) -> tuple[Decimal, str]:
    return -abs(move.change), move.code


def _joined(old: Movement, new: Movement, account_ids: frozenset[int]) -> Movement:
    moves = parts.joined_rows(old.moves, new.moves, account_ids)
    return Movement(old.period, old.base, tuple(sorted(moves, key=_rank)))


@parts.by_account(_joined)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def between(
    session: Session,
    actor: Actor,
    period: Period,
    base: Period | None = None,
    accounts: AccountFilter = ALL_ACCOUNTS,
) -> Movement:
    """What moved from the base window (default: twelve months earlier) to the period."""
    auth.require(actor, Permission.REVENUE_READ)
    base = base or period.shifted(-12)
    now, then = (revenue.nets(session, actor, window, accounts) for window in (period, base))
    moves = []
    for number, code, name, is_unassigned, first_order_on in _known(session, actor, accounts):
        if number not in now and number not in then:
            continue
        (was, lines), (net, more) = then.get(number, _NOTHING), now.get(number, _NOTHING)
        bought_before = first_order_on is not None and first_order_on < period.start
        kind = Kind.OTHER if is_unassigned else kind_of(was, net, bought_before=bought_before)
        amounts = Decimal(was) / MONEY_SCALE, Decimal(net) / MONEY_SCALE
        moves.append(Move(number, code, name, kind, *amounts, lines + more))
    return Movement(period, base, tuple(sorted(moves, key=_rank)))


def _known(session: Session, actor: Actor, accounts: AccountFilter) -> Any:
    return db.rows(
        session,
        select(Account.id, Account.code, Account.name, Account.is_unassigned, AccountRhythm.first_order_on)
        .outerjoin(AccountRhythm, AccountRhythm.account_id == Account.id)
        .where(auth.visible_accounts(actor), accounts.condition()),
    )


def kind_of(then: Decimal | int, now: Decimal | int, *, bought_before: bool) -> Kind:
    """What became of an account by its net revenue then and now."""
    if then <= 0:
        if now <= 0:
            return Kind.OTHER
        return Kind.REACTIVATED if bought_before else Kind.NEW
    if now <= 0:
        return Kind.LOST
    return Kind.STEADY if now == then else Kind.EXPANDED if now > then else Kind.CONTRACTED
