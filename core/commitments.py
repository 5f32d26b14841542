"""How far an account has come towards its volume tiers: agreed, ordered, delivered, invoiced, and what remains.

Counted over the tier's period up to today, in what the tier counts: revenue or base units. A line is ordered in the
period of its order, delivered in that of its delivery, invoiced in that of its invoice; a group's tier counts all its
accounts. Who does not see all of them is told which tier is reached, and no volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import auth, bought, clock, terms, volume_tiers
from core.auth import Actor
from core.bought import Counted
from core.models import Account, OrderLine
from core.money import ZERO, round_money
from core.periods import Period, holds
from core.vocabulary import Permission, TermKind, TermStatus, TierBasis, TierMode


@dataclass(frozen=True)
class Step:
    """One tier: from which volume on, and which share it gives."""

    term: int  # number
    least: Decimal
    share: Decimal


@dataclass(frozen=True)
class Volumes:
    """What was bought in a period, in what the tier counts."""

    ordered: Decimal
    delivered: Decimal
    invoiced: Decimal


@dataclass(frozen=True)
class Commitment:
    """The tiers of one scope and how far their period has come.

    A group's volumes are unknown (None) to who does not see all its accounts; which tier it has reached is not.
    """

    period: Period
    basis: TierBasis
    is_pooled: bool  # of a group
    product: str | None  # code; with neither product nor category it counts everything
    category: str | None
    steps: tuple[Step, ...]  # the lowest first
    reached: Step | None  # by what is invoiced, since that is what the tier gives its share on
    volumes: Volumes | None
    earned: Decimal | None  # what the account itself has earned so far, in money

    @property
    def next_step(self) -> Step | None:
        later = self.steps if self.reached is None else self.steps[self.steps.index(self.reached) + 1 :]
        return next(iter(later), None)

    @property
    def remaining(self) -> Decimal | None:
        """What is still to be invoiced to reach the next tier; None above the last one, or where it is unknown."""
        if self.next_step is None or self.volumes is None:
            return None
        return self.next_step.least - self.volumes.invoiced


def of_account(session: Session, actor: Actor, account_id: int) -> list[Commitment]:
    """The volume tiers that reach the account today, each scope once; raises NotFound out of sight."""
    auth.require(actor, Permission.TERM_READ)
    account_list.access(session, actor, account_id)
    today = clock.today()
    found: dict[tuple[str, Counted, TierMode], list[terms.TermRow]] = {}
    for row in terms.search(session, actor, account_id=account_id):
        if row.kind is not TermKind.VOLUME_TIER or row.status is not TermStatus.APPROVED:
            continue
        if row.period is None or row.mode is None or not holds(row.valid_from, row.valid_to, today):
            continue
        scope = row.scope
        counted = Counted(scope.group_id, scope.product_id, scope.category_id, row.basis, row.period)
        found.setdefault((scope.key, counted, row.mode), []).append(row)
    ordered = sorted(found.items(), key=lambda one: (one[0][0], one[0][1].period, one[0][1].basis, one[0][2]))
    return [
        _commitment(session, actor, account_id, rows, counted, mode)
        for (_key, counted, mode), rows in ordered
    ]


def _commitment(
    session: Session,
    actor: Actor,
    account_id: int,
    rows: Sequence[terms.TermRow],
    counted: Counted,
    mode: TierMode,
) -> Commitment:
    period = bought.period_of(counted.period, clock.today())
    steps = tuple(
        sorted((Step(row.number, row.min_quantity, row.value) for row in rows), key=lambda one: one.least)
    )
    volumes = _volumes(session, counted, account_id, period)
    alone = replace(counted, group_id=None, basis=TierBasis.PERIOD_REVENUE)
    own = _total(session, alone, account_id, OrderLine.booked_on, period)
    share = ZERO
    if volumes.invoiced > 0:
        tiers = [(step.least, step.share) for step in steps]
        share = volume_tiers.payout(tiers, volumes.invoiced, mode) / volumes.invoiced
    known = counted.group_id is None or _sees_all(session, actor, counted.group_id)
    return Commitment(
        period=period,
        basis=counted.basis,
        is_pooled=counted.group_id is not None,
        product=rows[0].product,
        category=rows[0].category,
        steps=steps,
        reached=next((step for step in reversed(steps) if volumes.invoiced >= step.least), None),
        volumes=volumes if known else None,
        # The share of marginal tiers would tell the volume.
        earned=round_money(own * share) if known or mode is TierMode.ALL_UNITS else None,
    )


def _sees_all(session: Session, actor: Actor, group_id: int) -> bool:
    members = select(func.count()).select_from(Account).where(Account.group_id == group_id)
    return session.scalar(members) == session.scalar(members.where(auth.visible_accounts(actor)))


def _volumes(session: Session, counted: Counted, account_id: int, period: Period) -> Volumes:
    days = (OrderLine.ordered_on, OrderLine.delivered_on, OrderLine.booked_on)
    return Volumes(*(_total(session, counted, account_id, day, period) for day in days))


def _total(session: Session, counted: Counted, account_id: int, day: Any, period: Period) -> Decimal:
    lines = bought.lines_of(counted, account_id)
    query = select(bought.volume(counted)).where(*lines, day >= period.start, day < period.end)
    return session.scalar(query) or ZERO
