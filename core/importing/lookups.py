"""Which accounts and products a file's codes mean, for the person who imports it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth
from core.auth import Actor
from core.models import Account, AccountCode, Product

UNKNOWN, AMBIGUOUS = -1, -2


@dataclass
class Directory:
    """Codes and what they stand for; new ones get numbers below zero until they are created."""

    ids: dict[str, int]
    ambiguous: set[str] = field(default_factory=set)
    unassigned: int | None = None

    def find(self, code: str) -> int:
        if code in self.ambiguous:
            return AMBIGUOUS
        return self.ids.get(code, UNKNOWN)


def accounts(session: Session, actor: Actor, source: str | None = None) -> Directory:
    """The codes of the accounts that the actor sees, after them what other systems call those accounts.

    The code of an account that was merged into another means that other one.

    A code that another system uses for two accounts is ambiguous, unless the source says which system it is.
    """
    visible = auth.visible_accounts(actor)
    own: dict[str, int] = {}
    unassigned = None
    for account_id, code, is_unassigned in session.execute(
        select(Account.id, Account.code, Account.is_unassigned).where(visible)
    ):
        own[code] = account_id
        if is_unassigned:
            unassigned = account_id
    visible_ids = set(own.values())
    merged = select(Account.code, Account.merged_into_id).where(Account.merged_into_id.is_not(None))
    own.update({code: kept for code, kept in session.execute(merged) if kept in visible_ids})
    foreign: dict[str, set[int]] = {}
    query = select(AccountCode.code, AccountCode.account_id).join(
        Account, Account.id == AccountCode.account_id
    )
    if source is not None:
        query = query.where(AccountCode.source == source)
    for code, account_id in session.execute(query.where(visible)):
        if code not in own:
            foreign.setdefault(code, set()).add(account_id)
    ambiguous = {code for code, found in foreign.items() if len(found) > 1}
    own.update({code: next(iter(found)) for code, found in foreign.items() if len(found) == 1})
    return Directory(own, ambiguous, unassigned)


def taken_codes(session: Session, codes: Iterable[str]) -> set[str]:
    """The codes that some account has already, whoever may see it: they cannot be given again."""
    wanted = set(codes)
    return {code for code in session.scalars(select(Account.code)) if code in wanted}


def products(session: Session) -> Directory:
    """Every product's code; products are no secret."""
    return Directory(
        {code: product_id for product_id, code in session.execute(select(Product.id, Product.code))}
    )
