"""What accounts owe: the newest snapshot of each, by age, against the credit limit, and how it came to that.

A snapshot is what a file said of one account and one day. Ages are counted to the day of the snapshot, not to
today: what was paid since is not known, so an old snapshot is shown with its day and does not grow older.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal_column, select
from sqlalchemy.orm import Session

from core import accounts, auth, settings
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, Receivable
from core.money import ZERO, ratio
from core.vocabulary import Permission


class Age(StrEnum):
    """How long an invoice is overdue, in days; credit notes stand with the age of their due day."""

    NOT_DUE = "not_due"
    TO_30 = "1-30"
    TO_60 = "31-60"
    TO_90 = "61-90"
    OVER_90 = "91-"


@dataclass(frozen=True)
class Invoice:
    """One invoice as it stood on the day of its snapshot; amounts in the base currency."""

    invoice_no: str
    due_on: date
    amount: Decimal
    open_amount: Decimal
    days: int  # overdue; 0 or below: not due yet

    @property
    def age(self) -> Age:
        return age_of(self.days)


@dataclass(frozen=True)
class Owed:
    """What one account owes in its newest snapshot; `as_of` is None where nobody brought one."""

    as_of: date | None
    invoices: tuple[Invoice, ...]
    credit_limit: Decimal | None  # none: no limit, or one in another currency than the base

    @property
    def open_amount(self) -> Decimal:
        return sum((invoice.open_amount for invoice in self.invoices), ZERO)

    @property
    def overdue(self) -> Decimal:
        return sum((invoice.open_amount for invoice in self.invoices if invoice.days > 0), ZERO)

    @property
    def oldest_days(self) -> int:
        """Days that the oldest open invoice is overdue; 0 where none is. Credit notes do not count."""
        return max((one.days for one in self.invoices if one.open_amount > 0 and one.days > 0), default=0)

    @property
    def by_age(self) -> dict[Age, Decimal]:
        sums = dict.fromkeys(Age, ZERO)
        for invoice in self.invoices:
            sums[invoice.age] += invoice.open_amount
        return sums

    @property
    def used_share(self) -> Decimal | None:
        """Open amount ÷ credit limit; None without a limit or a snapshot."""
        return None if self.as_of is None else ratio(self.open_amount, self.credit_limit)


@dataclass(frozen=True)
class Snapshot:
    """One day of an account's history."""

    as_of: date
    open_amount: Decimal
    overdue: Decimal


@dataclass(frozen=True)
class Overdue:
    """What of an account's newest snapshot is overdue, less its overdue credit notes."""

    amount: Decimal
    days: int  # of the oldest invoice
    invoices: int
    as_of: date


def age_of(days: int) -> Age:
    """The age of an invoice that is so many days overdue."""
    if days <= 0:
        return Age.NOT_DUE
    if days <= 30:
        return Age.TO_30
    if days <= 60:
        return Age.TO_60
    return Age.TO_90 if days <= 90 else Age.OVER_90


def latest(session: Session, actor: Actor, account_id: int) -> Owed:
    """The newest snapshot of one account, its oldest invoices first."""
    auth.require(actor, Permission.REVENUE_READ)
    account = accounts.access(session, actor, account_id)
    base = settings.get(session).base_currency
    limit = account.credit_limit if account.currency in (None, base) else None
    as_of = session.scalar(select(func.max(Receivable.as_of)).where(Receivable.account_id == account.id))
    if as_of is None:
        return Owed(None, (), limit)
    rows = session.scalars(
        select(Receivable)
        .where(Receivable.account_id == account.id, Receivable.as_of == as_of)
        .order_by(Receivable.due_on, Receivable.invoice_no)
    )
    return Owed(as_of, tuple(_invoice(row) for row in rows), limit)


def _invoice(row: Receivable) -> Invoice:
    days = (row.as_of - row.due_on).days
    return Invoice(row.invoice_no, row.due_on, row.amount, row.open_amount, days)


def history(session: Session, actor: Actor, account_id: int) -> Sequence[Snapshot]:
    """Open and overdue amounts of every snapshot of one account, the oldest first."""
    auth.require(actor, Permission.REVENUE_READ)
    account = accounts.access(session, actor, account_id)
    nothing: ColumnElement[Any] = literal_column("0")
    overdue = case((Receivable.due_on < Receivable.as_of, Receivable.open_amount), else_=nothing)
    rows = session.execute(
        select(Receivable.as_of, func.sum(Receivable.open_amount), func.sum(overdue))
        .where(Receivable.account_id == account.id)
        .group_by(Receivable.as_of)
        .order_by(Receivable.as_of)
    )
    return [Snapshot(*row) for row in rows]


def overdue_by_account(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS
) -> dict[int, Overdue]:
    """The accounts that owe something overdue, each by its own newest snapshot."""
    auth.require(actor, Permission.REVENUE_READ)
    newest = (
        select(func.max(Receivable.as_of))
        .where(Receivable.account_id == Account.id)
        .correlate(Account)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Receivable.account_id,
            Receivable.as_of,
            func.sum(Receivable.open_amount),
            func.min(Receivable.due_on),
            func.count(),
        )
        .join(Account, Account.id == Receivable.account_id)
        .where(auth.visible_accounts(actor), accounts.condition())
        .where(Receivable.as_of == newest, Receivable.due_on < Receivable.as_of, Receivable.open_amount != 0)
        .group_by(Receivable.account_id, Receivable.as_of)
    )
    return {
        account_id: Overdue(amount, (as_of - oldest).days, count, as_of)
        for account_id, as_of, amount, oldest, count in rows
        if amount > 0
    }
