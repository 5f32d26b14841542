"""What needs attention today: every reason with its money, ranked, and what somebody decided about it.

A kind of reason is one function in `_KINDS`: it finds its items among the accounts that the actor sees. Later
kinds join by one more function. A decision hides an item for everybody while its occasion stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from core import accounts, audit, auth, clock, delivery, portfolio, receivables, settings
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, AttentionDecision, ImportBatch
from core.money import ZERO
from core.periods import Period, fiscal_year_start
from core.portfolio import Board, Reason, ReasonKind
from core.settings import Settings
from core.vocabulary import AccountStatus, AttentionOutcome, BatchStatus, Permission

_LONG_OVERDUE = 60  # days from which a debt is red
_LONG_LATE = 14  # days from which a late delivery is red
_ASKED_FOR = 200  # accounts whose decisions are asked for one by one; of more, all are read
_RECENT = timedelta(days=30)  # refused rows of older imports are past


class Kind(StrEnum):
    """Why something needs attention; the first three are those of `core.portfolio`."""

    RHYTHM = "rhythm"
    FALL = "fall"
    TARGET = "target"
    OVERDUE = "overdue"
    LATE = "late"
    REJECTS = "rejects"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True)
class Item:
    """One reason at one account, or of no account; `amount` is None where no honest figure can be given."""

    kind: Kind
    occasion: str  # the event behind it: another event asks again
    account_id: int | None
    code: str
    name: str
    is_red: bool
    amount: Decimal | None
    days: int = 0
    count: int = 0
    share: Decimal = ZERO
    base: Decimal = ZERO  # what the amount is a part of, or was computed from
    usual_days: Decimal = ZERO
    usual: Decimal | None = None  # fall: the account's usual spread over as long a period
    on: date | None = None


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

    def amount_of(self, kind: Kind) -> Decimal:
        return sum((item.amount or ZERO for item in self.items if item.kind is kind), ZERO)


@dataclass(frozen=True)
class _Look:
    """Where the reasons look."""

    session: Session
    actor: Actor
    accounts: AccountFilter
    day: date
    decided: Settings
    board: Board
    names: dict[int, tuple[str, str]]


def today(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    day: date | None = None,
    found: Sequence[Item] | None = None,
) -> Today:
    """Everything that needs attention in the visible accounts of the filter.

    `found` is what `items` answered to the same actor and question: a decision changes none of it.
    """
    auth.require(actor, Permission.REVENUE_READ)
    if found is None:
        found = items(session, actor, accounts, day=day)
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


@audit.unmoved_by("attention", "view", "product")
def items(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS, *, day: date | None = None
) -> list[Item]:
    """Every reason, decided or not; the day is the one that periods end with."""
    auth.require(actor, Permission.REVENUE_READ)
    decided = settings.get(session)
    until = day or clock.today()
    year = Period(fiscal_year_start(until, decided.fiscal_year_month), until + timedelta(days=1))
    board = portfolio.board(session, actor, year, accounts, day=until)
    names = {row.account_id: (row.code, row.name) for row in board.standings if row.account_id is not None}
    look = _Look(session, actor, accounts, until, decided, board, names)
    return [item for kind in _KINDS for item in kind(look)]


def _ranked(group: list[Item]) -> tuple[Item, ...]:
    return tuple(sorted(group, key=_rank))


def _rank(item: Item) -> tuple[bool, Decimal, str, str]:
    """The greatest amount first; what has none comes after all that has one."""
    return item.amount is None, -(item.amount or ZERO), item.name, item.kind


def _of_portfolio(look: _Look) -> Iterator[Item]:
    for row in look.board.standings:
        for reason in row.reasons:
            occasion, base = _occasion(reason, row.last_order_on, look.board), ZERO
            if reason.kind is ReasonKind.FALL:
                base = row.year_ago.net
            elif reason.kind is ReasonKind.TARGET:
                base = row.target or ZERO
            else:
                base = row.year
            yield Item(
                Kind(reason.kind.value),
                occasion,
                row.account_id,
                row.code,
                row.name,
                reason.is_red,
                reason.amount,
                days=reason.days,
                share=reason.share,
                base=base,
                usual_days=reason.usual_days,
                usual=reason.usual,
                on=row.last_order_on,
            )


def _occasion(reason: Reason, last_order_on: date | None, board: Board) -> str:
    """A broken rhythm is over with the next order; a fall and a target are looked at anew each month."""
    if reason.kind is ReasonKind.RHYTHM and last_order_on is not None:
        return last_order_on.isoformat()
    return f"{board.as_of:%Y-%m}"


def _overdue(look: _Look) -> Iterator[Item]:
    found = receivables.overdue_by_account(look.session, look.actor, look.accounts)
    for account_id, one in found.items():
        yield replace(
            _item(look, Kind.OVERDUE, account_id, one.as_of.isoformat(), one.amount),
            is_red=one.days > _LONG_OVERDUE,
            days=one.days,
            count=one.invoices,
            on=one.as_of,
        )


def _late(look: _Look) -> Iterator[Item]:
    found = delivery.late_by_account(look.session, look.actor, look.accounts)
    for account_id, one in found.items():
        days = (clock.today() - one.oldest_due_on).days
        yield replace(
            _item(look, Kind.LATE, account_id, one.oldest_due_on.isoformat(), one.amount),
            is_red=days > _LONG_LATE,
            days=days,
            count=one.lines,
            on=one.oldest_due_on,
        )


def _rejects(look: _Look) -> Iterator[Item]:
    if not look.accounts.is_empty or not look.actor.may(Permission.BATCH_READ):
        return
    query = select(ImportBatch.id, ImportBatch.file_name, ImportBatch.rejected_count, ImportBatch.applied_at)
    since = clock.now() - _RECENT
    for batch_id, name, count, applied_at in look.session.execute(
        query.where(
            ImportBatch.status == BatchStatus.APPLIED,
            ImportBatch.rejected_count > 0,
            ImportBatch.applied_at > since,
            _own_batches(look.actor),
        ).order_by(ImportBatch.id)
    ):
        found = Item(Kind.REJECTS, str(batch_id), None, str(batch_id), name, False, None, count=count)
        yield replace(found, on=applied_at and applied_at.date())


def _own_batches(actor: Actor) -> ColumnElement[bool]:
    """As in `core.importing`: those who see every account know of every import, others of their own."""
    return true() if actor.sees_everything else ImportBatch.user_id == actor.user_id


def _unconfirmed(look: _Look) -> Iterator[Item]:
    said = func.coalesce(Account.confirmed_at, Account.created_at)
    limit = clock.now() - timedelta(days=look.decided.confirm_days)
    query = select(Account.id, said).where(
        auth.visible_accounts(look.actor),
        look.accounts.condition(),
        and_(said < limit, Account.is_unassigned.is_(False), Account.status == AccountStatus.ACTIVE),
    )
    for account_id, moment in look.session.execute(query):
        day = moment.date()
        found = _item(look, Kind.UNCONFIRMED, account_id, day.isoformat(), None)
        yield replace(found, days=(clock.today() - day).days, on=day)


def _item(look: _Look, kind: Kind, account_id: int, occasion: str, amount: Decimal | None) -> Item:
    code, name = look.names.get(account_id, ("", ""))
    return Item(kind, occasion, account_id, code, name, False, amount)


_KINDS: tuple[Callable[[_Look], Iterator[Item]], ...] = (
    _of_portfolio, _overdue, _late, _rejects, _unconfirmed,
)  # fmt: skip


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
    own = select(ImportBatch.file_name).where(_own_batches(actor), ImportBatch.id == int(item.occasion))
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
