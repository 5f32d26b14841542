"""Recency, frequency and monetary value of every account, and whether it keeps its own rhythm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, auth, db, order_lines, parts, revenue, settings
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, AccountDay, AccountRhythm
from core.money import MONEY_SCALE, ZERO
from core.periods import Period
from core.revenue import Dimension
from core.rfm_rule import Rhythm, Scored, rhythm
from core.settings import Settings
from core.vocabulary import Permission


@dataclass(frozen=True)
class Standing:
    """A scored account under its name."""

    code: str
    name: str
    last_order_on: date
    scored: Scored


@dataclass(frozen=True)
class Board:
    """Every account that ever ordered up to the last day of the window, the greatest amount first."""

    period: Period
    by_margin: bool  # whether amounts are margins
    standings: tuple[Standing, ...]

    def count(self, kept: Rhythm) -> int:
        return sum(row.scored.rhythm is kept for row in self.standings)


@parts.of_its_accounts
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def board(session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS) -> Board:
    """Scores over the window; recency is counted to its last day. UNASSIGNED is no account.

    An account's usual gap is that of its whole history as it is known now.
    """
    auth.require(actor, Permission.REVENUE_READ)
    decided = settings.get(session)
    by_margin = decided.rfm.by_margin and actor.sees_cost
    orders = order_lines.orders_by_account(session, actor, period, accounts)
    amounts = _amounts(session, actor, period, accounts, by_margin=by_margin)
    found = []
    for account_id, code, name, last_order_on, median_gap_days in _known(session, actor, period, accounts):
        amount, lines = amounts.get(account_id, (ZERO, 0))
        count = orders.get(account_id, 0)
        days = (period.last_day - last_order_on).days
        scored = _scored(account_id, days, count, amount, median_gap_days, lines, decided)
        found.append(Standing(code, name, last_order_on, scored))
    return Board(period, by_margin, tuple(sorted(found, key=lambda row: (-row.scored.amount, row.code))))


def _amounts(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, *, by_margin: bool
) -> dict[int, tuple[Decimal, int]]:
    """What is scored as monetary value, and order lines, by account."""
    if not by_margin:
        nets = revenue.nets(session, actor, period, accounts)
        return {account_id: (Decimal(net) / MONEY_SCALE, lines) for account_id, (net, lines) in nets.items()}
    sums = revenue.by(session, actor, period, Dimension.ACCOUNT, accounts=accounts)
    return {account_id: (one.margin or ZERO, one.lines) for (account_id,), one in sums.items()}


def _scored(
    account_id: int,
    days: int,
    orders: int,
    amount: Decimal,
    gap: Decimal | None,
    lines: int,
    decided: Settings,
) -> Scored:
    rule = decided.rfm
    return Scored(
        account_id, days, orders, amount, gap,
        rule.recency(days), rule.frequency(orders), rule.monetary(amount),
        rhythm(days, gap, decided.rhythm_amber, decided.rhythm_red), lines,
    )  # fmt: skip


def _known(session: Session, actor: Actor, period: Period, accounts: AccountFilter) -> list[Any]:
    """Accounts with their last order day up to the end of the window, returns alone left out.

    Where an account has not ordered since, that day is kept; else it is looked up among its days.
    """
    earlier = (
        select(func.max(AccountDay.booked_on))
        .where(
            AccountDay.account_id == AccountRhythm.account_id,
            AccountDay.booked_on < period.end,
            AccountDay.lines > AccountDay.returned_lines,
        )
        .correlate(AccountRhythm)
        .scalar_subquery()
    )
    query = (
        select(
            Account.id, Account.code, Account.name,
            AccountRhythm.last_order_on, AccountRhythm.median_gap_days,
        )
        .join(AccountRhythm, AccountRhythm.account_id == Account.id)
        .where(auth.visible_accounts(actor), accounts.condition(), Account.is_unassigned.is_(False))
    )  # fmt: skip
    rows = db.rows(session, query.where(AccountRhythm.last_order_on < period.end))
    since = query.with_only_columns(
        Account.id, Account.code, Account.name, earlier.label("last_order_on"), AccountRhythm.median_gap_days
    ).where(AccountRhythm.last_order_on >= period.end, AccountRhythm.first_order_on < period.end)
    return [*rows, *(row for row in db.rows(session, since) if row[3] is not None)]
