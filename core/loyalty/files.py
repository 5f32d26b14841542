"""The ledger as a file: the columns of `import loyalty`, so that what was taken out can be brought in elsewhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, func

from core.loyalty import ledger
from core.loyalty_vocabulary import EntryKind
from core.models import Account, LoyaltyEntry


def columns() -> dict[str, Any]:
    """By the fields' names. What reverses something is written as an adjustment, which a file may hold."""
    spent = LoyaltyEntry.kind.in_((EntryKind.REDEEM, EntryKind.EXPIRE))
    return {
        "account": Account.code,
        "posted_on": LoyaltyEntry.posted_on,
        "kind": case((LoyaltyEntry.kind == EntryKind.REVERSE, "adjust"), else_=LoyaltyEntry.kind),
        "points": case((spent, -LoyaltyEntry.points), else_=LoyaltyEntry.points),
        "key": LoyaltyEntry.key,
        "qualifying": LoyaltyEntry.qualifying,
        "reason": func.coalesce(LoyaltyEntry.reason, ""),
        "expires_on": LoyaltyEntry.expires_on,
    }


def source(query: Select[Any]) -> Select[Any]:
    """The entries in force in the order of their days."""
    return (
        query.select_from(LoyaltyEntry)
        .join(Account, Account.id == LoyaltyEntry.account_id)
        .where(ledger.in_force(), LoyaltyEntry.points != 0)
        .order_by(LoyaltyEntry.posted_on, LoyaltyEntry.member_id, LoyaltyEntry.seq)
    )
