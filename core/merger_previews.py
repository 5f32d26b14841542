"""What merging two accounts would do, before anybody does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select, type_coerce
from sqlalchemy.orm import Session

from core import accounts, auth, merged_lines, merged_records, merged_terms, merged_wallets
from core.accounts import AccountDetail
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.merged_lines import Route
from core.merged_records import TAKEN
from core.models import (
    Account,
    AccountYear,
    AttentionDecision,
    Cause,
    LumpSum,
    Order,
    Receivable,
    Target,
    Term,
    Wallet,
)
from core.models.base import Money
from core.money import ZERO
from core.vocabulary import Permission


@dataclass(frozen=True)
class Holding:
    """What one account brings into a merger."""

    orders: int
    lines: int
    net_revenue: Decimal
    target_months: int
    receivables: int  # invoices as they stood on a day
    decisions: int  # on Today
    causes: int  # recorded and not withdrawn
    wallets: int  # estimates in force
    terms: int  # price terms, each with all of its versions
    lump_sums: int  # likewise, with proof and payments
    lump_sum_money: Decimal  # what is agreed of those that stand


@dataclass(frozen=True)
class Difference:
    """A field in which the two accounts differ; the kept account's value stays unless the other is taken."""

    field: str
    kept: Any
    merged: Any


@dataclass(frozen=True)
class Preview:
    """What merging one account into another would do."""

    merged: AccountDetail  # goes
    kept: AccountDetail  # stays
    moved: Holding
    there: Holding
    renumbered_lines: int  # lines whose order has one of the same number at the kept account
    added_months: tuple[date, ...]  # both have a target: they are added up
    clashes: tuple[tuple[str, date], ...]  # invoice and day at both: the kept account's stays
    staying_terms: int  # they meet one of the kept account: that one holds
    staying_wallets: int  # the kept account has an estimate of the same kind
    differences: tuple[Difference, ...]

    @property
    def versions(self) -> tuple[int, int]:
        return self.merged.version, self.kept.version


def preview(session: Session, actor: Actor, merged_id: int, kept_id: int) -> Preview:
    """What would move, where the two meet, and in which fields they differ."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    pair(session, actor, merged_id, kept_id)
    merged, kept = accounts.get(session, actor, merged_id), accounts.get(session, actor, kept_id)
    route = Route(0, merged_id, kept_id)  # of no merger yet
    differing = ((field, getattr(kept, field), getattr(merged, field)) for field in TAKEN)
    return Preview(
        merged=merged,
        kept=kept,
        moved=holding(session, actor, merged_id),
        there=holding(session, actor, kept_id),
        renumbered_lines=merged_lines.renumbered(session, actor, merged_id, kept_id),
        added_months=tuple(merged_records.in_both_targets(session, actor, merged_id, kept_id)),
        clashes=tuple(merged_records.clashing_receivables(session, actor, merged_id, kept_id)),
        staying_terms=merged_terms.staying(session, actor, route),
        staying_wallets=merged_wallets.staying(session, actor, route),
        differences=tuple(Difference(*one) for one in differing if one[1] != one[2]),
    )


def pair(
    session: Session, actor: Actor, merged_id: int, kept_id: int, *, lock: bool = False
) -> tuple[Account, Account]:
    """Both accounts, if they can be merged at all."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    if merged_id == kept_id:
        raise Invalid(_("Choose another account: one cannot be merged with itself."))
    query = in_reach(actor, merged_id, kept_id)
    found = {row.id: row for row in session.scalars(query.with_for_update() if lock else query)}
    if len(found) < 2:
        raise NotFound(_("There is no such account."))
    for account in found.values():
        if account.is_unassigned:
            raise Conflict(_("This account stands for orders without an account and cannot be merged."))
        if account.merged_into_id is not None:
            raise Conflict(_("Account {code} was merged into another already.").format(code=account.code))
    return found[merged_id], found[kept_id]


def in_reach(actor: Actor, *ids: int) -> Select[Account]:
    """Some accounts as the store has them now, merged ones included."""
    query = select(Account).where(Account.id.in_(ids), auth.accounts_in_reach(actor)).order_by(Account.id)
    return query.execution_options(populate_existing=True)


def holding(session: Session, actor: Actor, account_id: int) -> Holding:
    """What one account brings into a merger."""
    auth.require(actor, Permission.ACCOUNT_MERGE)

    def count(model: Any, *more: Any) -> int:
        query = select(func.count()).select_from(model).where(model.account_id == account_id, *more)
        return session.scalar(query) or 0

    standing = LumpSum.superseded_at.is_(None), LumpSum.is_withdrawn.is_(False)
    lines, net = session.execute(
        select(func.sum(AccountYear.lines), func.sum(AccountYear.net_amount)).where(
            AccountYear.account_id == account_id
        )
    ).one()
    return Holding(
        orders=count(Order),
        lines=int(lines or 0),
        net_revenue=net or ZERO,
        target_months=count(Target, Target.superseded_at.is_(None)),
        receivables=count(Receivable),
        decisions=count(AttentionDecision),
        causes=count(Cause, Cause.withdrawn_at.is_(None)),
        wallets=count(Wallet, Wallet.superseded_at.is_(None)),
        terms=session.scalar(select(func.count(Term.number.distinct())).where(Term.account_id == account_id))
        or 0,
        lump_sums=count(LumpSum, *standing),
        lump_sum_money=session.scalar(
            select(type_coerce(func.sum(LumpSum.amount), Money())).where(
                LumpSum.account_id == account_id, *standing
            )
        )
        or ZERO,
    )
