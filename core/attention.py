"""What needs attention today: every reason with its money, ranked, and what somebody decided about it.

The reasons themselves are those of `core.attention_items`. A decision hides an item for everybody while its occasion
stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import accounts, audit, auth, clock, parts, terms
from core.attention_items import Item, Kind, items, own_batches
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import AttentionDecision, ImportBatch
from core.money import ZERO
from core.vocabulary import AttentionOutcome, Permission

__all__ = ["Decided", "Item", "Kind", "Today", "decide", "items", "today", "withdraw"]

_ASKED_FOR = 200  # accounts whose decisions are asked for one by one; of more, all are read


@dataclass(frozen=True)
class Decided:
    """An item that somebody dealt with or put off."""

    id: int
    item: Item
    outcome: AttentionOutcome
    until_on: date | None
    reason: str
    decided_by: str


@dataclass(frozen=True)
class Today:
    """What is open, account by account with the greatest money first, and what was decided."""

    groups: tuple[tuple[Item, ...], ...]  # the items of one account, or of none
    decided: tuple[Decided, ...]
    at_stake: Decimal  # each account's greatest amount, summed

    @property
    def items(self) -> Iterator[Item]:
        return (item for group in self.groups for item in group)

    @property
    def account_count(self) -> int:
        """How many accounts need attention; an import with refused rows is none."""
        return sum(1 for group in self.groups if group[0].account_id is not None)

    def amount_of(self, kind: Kind) -> Decimal:
        return sum((item.amount or ZERO for item in self.items if item.kind is kind), ZERO)


def today(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    day: date | None = None,
) -> Today:
    """Everything that needs attention in the visible accounts of the filter."""
    auth.require(actor, Permission.REVENUE_READ)
    found = parts.ask(session, actor, items, accounts, day=day)
    decisions = _in_force(session, found)
    still, decided = [], []
    for item in found:
        decision = decisions.get((item.account_id, item.kind.value, item.occasion))
        if decision is None:
            still.append(item)
        else:
            decided.append(_decided(decision, item))
    groups: dict[int | str, list[Item]] = {}
    for item in still:
        groups.setdefault(item.account_id or f"{item.kind} {item.occasion}", []).append(item)
    ranked = sorted((_ranked(group) for group in groups.values()), key=lambda group: _rank(group[0]))
    stake = sum((group[0].amount or ZERO for group in ranked), ZERO)
    return Today(tuple(ranked), tuple(decided), stake)


def _ranked(group: list[Item]) -> tuple[Item, ...]:
    return tuple(sorted(group, key=_rank))


def _rank(item: Item) -> tuple[bool, Decimal, str, str]:
    """The greatest amount first; what has none comes after all that has one."""
    return item.amount is None, -(item.amount or ZERO), item.name, item.kind


def decide(
    session: Session,
    actor: Actor,
    item: Item,
    outcome: AttentionOutcome,
    *,
    until_on: date | None = None,
    reason: str = "",
) -> int:
    """Note that an item is done, or put off until a day with a reason; returns the decision's id."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    label = _label(session, actor, item)
    reason = reason.strip()
    if outcome is AttentionOutcome.SNOOZED:
        _check_snooze(until_on, reason)
    taken = _in_force(session, [item]).get((item.account_id, item.kind.value, item.occasion))
    if taken is not None:
        raise Conflict(_("{name} has dealt with this meanwhile.").format(name=taken.decided_by))
    decision = AttentionDecision(
        account_id=item.account_id,
        kind=item.kind.value,
        occasion=item.occasion,
        outcome=outcome,
        until_on=until_on if outcome is AttentionOutcome.SNOOZED else None,
        reason=reason,
        amount=item.amount,
        decided_by=actor.username,
        user_id=actor.user_id,
        decided_at=clock.now(),
    )
    session.add(decision)
    session.flush()
    changes = {"outcome": (None, outcome), "until_on": (None, decision.until_on), "reason": (None, reason)}
    subject = Subject("attention", f"{item.kind}:{item.occasion}", label, item.account_id)
    audit.record(session, actor, f"attention:{outcome}", subject, changes)
    return decision.id


def _check_snooze(until_on: date | None, reason: str) -> None:
    problems = {}
    if until_on is None or until_on <= clock.today():
        problems["until_on"] = _("Choose a day after today.")
    if not reason:
        problems["reason"] = _("Say in a few words why it can wait.")
    if problems:
        raise Invalid(next(iter(problems.values())), fields=problems)


def _label(session: Session, actor: Actor, item: Item) -> str:
    """What the item is about, for who may see it; for others it does not exist."""
    if item.account_id is not None:
        return accounts.access(session, actor, item.account_id).name
    if item.kind is Kind.APPROVAL:
        return terms.label(session, actor, int(item.occasion))
    own = select(ImportBatch.file_name).where(own_batches(actor), ImportBatch.id == int(item.occasion))
    name = session.scalar(own)
    if name is None:
        raise NotFound(_("There is no such import."))
    return name


def withdraw(session: Session, actor: Actor, decision_id: int) -> None:
    """Take a decision back: the item asks again."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    decision = session.get(AttentionDecision, decision_id)
    if decision is None or decision.withdrawn_at is not None:
        raise NotFound(_("There is no such decision any more."))
    item = Item(Kind(decision.kind), decision.occasion, decision.account_id, "", "", False, decision.amount)
    label = _label(session, actor, item)
    decision.withdrawn_at = clock.now()
    session.flush()
    subject = Subject("attention", f"{decision.kind}:{decision.occasion}", label, decision.account_id)
    audit.record(session, actor, "attention:withdraw", subject, {"outcome": (decision.outcome, None)})


def _in_force(
    session: Session, found: Sequence[Item]
) -> dict[tuple[int | None, str, str], AttentionDecision]:
    """The newest decision about each of these items."""
    today = clock.today()
    query = select(AttentionDecision).where(
        AttentionDecision.withdrawn_at.is_(None),
        or_(AttentionDecision.until_on.is_(None), AttentionDecision.until_on > today),
    )
    ids = {item.account_id for item in found}
    if len(ids) <= _ASKED_FOR:
        of_none = AttentionDecision.account_id.is_(None)
        query = query.where(or_(AttentionDecision.account_id.in_(ids - {None}), of_none))
    rows = session.scalars(query.order_by(AttentionDecision.id))
    return {(row.account_id, row.kind, row.occasion): row for row in rows}


def _decided(row: AttentionDecision, item: Item) -> Decided:
    return Decided(row.id, item, row.outcome, row.until_on, row.reason, row.decided_by)
