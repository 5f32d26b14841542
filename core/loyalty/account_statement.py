"""What an account is told about its points on paper: the balance before, each entry, the balance after, what lapses."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from core import accounts, auth, settings
from core.auth import Actor
from core.loyalty import statements, status
from core.loyalty.statements import EntryRow
from core.loyalty.status import Status
from core.money import ZERO
from core.periods import Period
from core.vocabulary import Permission


@dataclass(frozen=True)
class AccountStatement:
    """One account, or its group, over a period; `status` is that of the period's last day."""

    company: str
    currency: str
    account: str
    account_code: str
    period: Period
    opening: Decimal
    entries: tuple[EntryRow, ...]
    closing: Decimal
    status: Status


def of_account(session: Session, actor: Actor, account_id: int, period: Period) -> AccountStatement:
    """The statement of a period; of a group the entries of the accounts that the actor sees."""
    auth.require(actor, Permission.LOYALTY_READ)
    account = accounts.access(session, actor, account_id)
    decided = settings.get(session)
    found = status.of_account(session, actor, account_id, on=period.last_day)
    rows = statements.entries(session, actor, account_id, until=period.last_day)
    before = [row for row in rows if row.posted_on < period.start]
    return AccountStatement(
        company=decided.company,
        currency=decided.base_currency,
        account=account.name,
        account_code=account.code,
        period=period,
        opening=before[-1].balance if before else ZERO,
        entries=tuple(row for row in rows if row.posted_on >= period.start),
        closing=found.balance,
        status=found,
    )
