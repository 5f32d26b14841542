"""How far an account has come towards its volume tiers: agreed, ordered, delivered, invoiced, and what remains.

Counted over the tier's period up to today, in what the tier counts: revenue or base units. A line is ordered in the
period of its order, delivered in that of its delivery, invoiced in that of its invoice; a group's tier counts all its
accounts, and says only how much they have bought together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import auth, clock, terms, volume_tiers
from core.auth import Actor
from core.bought import period_of
from core.models import Account, OrderLine, Product
from core.models.base import Money, Quantity
from core.money import ZERO, round_money
from core.periods import Period
from core.term_drafts import Scope
from core.vocabulary import Permission, TermKind, TermStatus, TierBasis, TierMode, TierPeriod


@dataclass(frozen=True)
class Step:
    """One tier: from which volume on, and which share it gives."""

    term: int  # number
    least: Decimal
    share: Decimal


@dataclass(frozen=True)
class Commitment:
    """The tiers of one scope and how far their period has come."""

    period: Period
    kind: TierPeriod
    basis: TierBasis
    mode: TierMode
    is_pooled: bool  # of a group
    product: str | None  # code; with neither product nor category it counts everything
    category: str | None
    steps: tuple[Step, ...]  # the lowest first
    ordered: Decimal
    delivered: Decimal
    invoiced: Decimal
    revenue: Decimal  # invoiced in money, whatever the tier counts

    @property
    def reached(self) -> Step | None:
        """By what is invoiced, since that is what the tier gives its share on."""
        return next((step for step in reversed(self.steps) if self.invoiced >= step.least), None)

    @property
    def next_step(self) -> Step | None:
        return next((step for step in self.steps if self.invoiced < step.least), None)

    @property
    def remaining(self) -> Decimal | None:
        """What is still to be invoiced to reach the next tier; None above the last one."""
        return None if self.next_step is None else self.next_step.least - self.invoiced

    @property
    def earned(self) -> Decimal:
        """What the tiers give so far, in money."""
        tiers = [(step.least, step.share) for step in self.steps]
        if self.invoiced <= 0:
            return ZERO
        return round_money(
            self.revenue * volume_tiers.payout(tiers, self.invoiced, self.mode) / self.invoiced
        )


def of_account(session: Session, actor: Actor, account_id: int) -> list[Commitment]:
    """The volume tiers that reach the account today, each scope once; raises NotFound out of sight."""
    auth.require(actor, Permission.TERM_READ)
    account_list.access(session, actor, account_id)
    today = clock.today()
    found: dict[tuple[str, TierPeriod, TierBasis, TierMode], list[terms.TermRow]] = {}
    for row in terms.search(session, actor, account_id=account_id):
        holds = row.valid_from <= today and (row.valid_to is None or today < row.valid_to)
        if row.kind is not TermKind.VOLUME_TIER or row.status is not TermStatus.APPROVED or not holds:
            continue
        if row.period is not None and row.mode is not None:
            found.setdefault((row.scope.key, row.period, row.basis, row.mode), []).append(row)
    return [
        _commitment(session, account_id, rows, period_of(period, today), (period, basis, mode))
        for (_key, period, basis, mode), rows in sorted(found.items())
    ]


def _commitment(
    session: Session,
    account_id: int,
    rows: Sequence[terms.TermRow],
    period: Period,
    counted: tuple[TierPeriod, TierBasis, TierMode],
) -> Commitment:
    kind, basis, mode = counted
    scope = rows[0].scope
    lines = _lines(scope, account_id)
    money = OrderLine.net_amount
    column = money if basis is TierBasis.PERIOD_REVENUE else OrderLine.quantity
    unit = Money() if basis is TierBasis.PERIOD_REVENUE else Quantity()

    def total(day: Any, summed: Any = column, of: Any = unit) -> Decimal:
        query = select(type_coerce(func.sum(summed), of)).where(*lines, day >= period.start, day < period.end)
        return session.scalar(query) or ZERO

    steps = sorted((Step(row.number, row.min_quantity, row.value) for row in rows), key=lambda one: one.least)
    return Commitment(
        period=period,
        kind=kind,
        basis=basis,
        mode=mode,
        is_pooled=scope.group_id is not None,
        product=rows[0].product,
        category=rows[0].category,
        steps=tuple(steps),
        ordered=total(OrderLine.ordered_on),
        delivered=total(OrderLine.delivered_on),
        invoiced=total(OrderLine.booked_on),
        revenue=total(OrderLine.booked_on, money, Money()),
    )


def _lines(scope: Scope, account_id: int) -> list[Any]:
    """The condition on order lines: whose they are, and of which goods."""
    if scope.group_id is not None:
        members = select(Account.id).where(Account.group_id == scope.group_id)
        conditions: list[Any] = [OrderLine.account_id.in_(members)]
    else:
        conditions = [OrderLine.account_id == account_id]
    if scope.product_id is not None:
        conditions.append(OrderLine.product_id == scope.product_id)
    elif scope.category_id is not None:
        goods = select(Product.id).where(Product.category_id == scope.category_id)
        conditions.append(OrderLine.product_id.in_(goods))
    return conditions
