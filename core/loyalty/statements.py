"""The ledger as people read it: every entry with its reason and the balance after it, and the lots behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import auth, clock, entitlements
from core.auth import Actor
from core.loyalty import ledger, members
from core.loyalty_vocabulary import EntryKind
from core.models import Account, LoyaltyEntry, LoyaltyLot
from core.money import ZERO
from core.vocabulary import Permission


@dataclass(frozen=True)
class EntryRow:
    """One entry; `what` says what it came from (`order`, `return`, `redeem`, …) and `about` which one."""

    seq: int
    account_id: int
    account_code: str
    posted_on: date
    kind: EntryKind
    points: Decimal
    qualifying: Decimal
    balance: Decimal  # of the member after it, in the order of the days
    expires_on: date | None
    source: str
    what: str
    about: str
    is_correction: bool
    generated: bool
    spec_id: int | None  # the version of the programme that says so
    reason: str
    cost: Decimal | None
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True)
class LotRow:
    """Points that were earned together, and what became of them."""

    account_id: int
    source: str
    earned_on: date
    active_on: date | None
    expires_on: date | None
    points: Decimal
    redeemed: Decimal
    expired: Decimal
    taken: Decimal

    @property
    def remaining(self) -> Decimal:
        return self.points - self.redeemed - self.expired - self.taken


def entries(
    session: Session,
    actor: Actor,
    account_id: int,
    *,
    until: date | None = None,
    known_on: date | None = None,
) -> list[EntryRow]:
    """An account's entries, or its group's of the accounts that the actor sees, the oldest first.

    The balance is that of the member, so that of a group it counts entries that are not listed too.
    """
    auth.require(actor, Permission.LOYALTY_READ)
    account = account_list.access(session, actor, account_id)
    member_id = members.member_of(session, account.id, clock.today())
    known_at = None if known_on is None else entitlements.end_of(known_on)
    query = (
        select(LoyaltyEntry, Account.code, auth.readable_accounts(actor))
        .join(Account, Account.id == LoyaltyEntry.account_id)
        .where(LoyaltyEntry.member_id == member_id, ledger.in_force(known_at))
        .order_by(LoyaltyEntry.posted_on, LoyaltyEntry.seq)
    )
    if until is not None:
        query = query.where(LoyaltyEntry.posted_on <= until)
    balance, rows = ZERO, []
    firsts: set[tuple[int, str]] = set()
    for row, code, is_visible in session.execute(query):
        balance += row.points
        if is_visible:
            rows.append(_row(row, code, balance, (row.account_id, row.source) in firsts))
        firsts.add((row.account_id, row.source))
    return rows


def _row(row: LoyaltyEntry, code: str, balance: Decimal, again: bool) -> EntryRow:
    what, _colon, about = row.source.partition(":")
    known = {"order", "return", "lapse", "redeem", "bonus", "adjust", "request", "pool"}
    return EntryRow(
        seq=row.seq, account_id=row.account_id, account_code=code, posted_on=row.posted_on, kind=row.kind,
        points=row.points, qualifying=row.qualifying, balance=balance, expires_on=row.expires_on, source=row.source,
        what=what if about and what in known else "import", about=about if about and what in known else row.source,
        is_correction=again, generated=row.generated, spec_id=row.spec_id, reason=row.reason, cost=row.cost_amount,
        recorded_at=row.recorded_at, recorded_by=row.recorded_by,
    )  # fmt: skip


def lots(session: Session, actor: Actor, account_id: int) -> Sequence[LotRow]:
    """The lots of an account, or of its group those of visible accounts, in the order of their last days."""
    auth.require(actor, Permission.LOYALTY_READ)
    account = account_list.access(session, actor, account_id)
    member_id = members.member_of(session, account.id, clock.today())
    query = (
        select(LoyaltyLot)
        .join(Account, Account.id == LoyaltyLot.account_id)
        .where(LoyaltyLot.member_id == member_id, auth.readable_accounts(actor))
    )
    rows = [
        LotRow(
            row.account_id, row.source, row.earned_on, row.active_on, row.expires_on, row.points, row.redeemed,
            row.expired, row.taken,
        )
        for row in session.scalars(query)
    ]  # fmt: skip
    return sorted(rows, key=lambda one: (one.expires_on or date.max, one.earned_on, one.source))
