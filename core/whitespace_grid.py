"""Whitespace: what accounts buy in each category from us, from competitors we know of, and what is open, in money.

Ours is net revenue of the last twelve months; the wallet is the estimate that counts there. Theirs is the share that
presences give them × the wallet, never more than what we do not sell; what neither has is open. Without a wallet, or
with a competitor whose share nobody knows, theirs is unknown, and what is not ours stands undivided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, clock, parts, presences, revenue, wallets
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, Category
from core.money import ZERO
from core.periods import Period
from core.presences import PresenceRow
from core.revenue import Dimension
from core.vocabulary import Permission


@dataclass(frozen=True)
class Cell:
    """One account in one category."""

    account_id: int
    code: str
    account: str
    category_id: int
    category: str
    ours: Decimal
    wallet: Decimal | None
    competitors: tuple[str, ...]
    their_share: Decimal | None  # of the wallet; None: a competitor's share is not known

    @property
    def elsewhere(self) -> Decimal | None:
        """What the account buys from others, known or not."""
        return None if self.wallet is None else max(self.wallet - self.ours, ZERO)

    @property
    def theirs(self) -> Decimal | None:
        if not self.competitors:
            return None if self.wallet is None else ZERO
        if self.wallet is None or self.elsewhere is None or self.their_share is None:
            return None
        return min(self.wallet * self.their_share, self.elsewhere)

    @property
    def open(self) -> Decimal | None:
        """What neither we nor competitors that we know of have."""
        if self.elsewhere is None or self.theirs is None:
            return None
        return self.elsewhere - self.theirs

    @property
    def is_below_sales(self) -> bool:
        """Whether the wallet is said to be less than we sell: then the estimate is wrong."""
        return self.wallet is not None and self.wallet < self.ours

    @property
    def is_white(self) -> bool:
        """Whether we sell nothing there."""
        return self.ours <= 0


@dataclass(frozen=True)
class Grid:
    """Cells of visible accounts, the greatest spend elsewhere first."""

    period: Period
    cells: tuple[Cell, ...]

    def total(self, name: str) -> Decimal | None:
        """A figure summed over the cells where it is known; None where it is known nowhere."""
        known = [amount for cell in self.cells if (amount := getattr(cell, name)) is not None]
        return sum(known, ZERO) if known else None


def _joined(old: Grid, new: Grid, account_ids: frozenset[int]) -> Grid:
    return Grid(old.period, tuple(sorted(parts.joined_rows(old.cells, new.cells, account_ids), key=_rank)))


@parts.by_account(_joined)
@audit.unmoved_by(
    "account_note", "attention", "authority", "cause", "competitor_claim", "floor", "forecast", "loyalty_member",
    "lump_sum", "receivable", "target", "term", "view",
)  # fmt: skip
def grid(
    session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS, *, day: date | None = None
) -> Grid:
    """Every account × category that we sell in, whose wallet is estimated, or where a competitor stands."""
    auth.require(actor, Permission.COMPETITOR_READ)
    auth.require(actor, Permission.REVENUE_READ)
    asked = day or clock.today()
    known = wallets.share_of_wallet(session, actor, asked, accounts)
    spend = {(one.account_id, one.category_id): one.wallet for one in known.purses if one.wallet is not None}
    sold = revenue.by(session, actor, known.period, Dimension.ACCOUNT, Dimension.CATEGORY, accounts=accounts)
    there: dict[tuple[int, int], list[PresenceRow]] = {}
    for row in presences.search(session, actor, accounts):
        if row.draft.category_id is not None:
            there.setdefault((row.account_id, row.draft.category_id), []).append(row)
    keys = {key for key, sums in sold.items() if None not in key and sums.net}
    keys |= {key for key in spend if key[1] is not None} | set(there)
    names = _names(session, actor, accounts)
    categories = {row.id: row.name for row in session.execute(select(Category.id, Category.name))}
    cells = []
    for account_id, category_id in keys:
        if account_id not in names:
            continue
        purse = spend.get((account_id, category_id))
        sums = sold.get((account_id, category_id))
        rows = there.get((account_id, category_id), [])
        cells.append(
            Cell(
                account_id, *names[account_id], category_id, categories[category_id],
                ZERO if sums is None else sums.net, None if purse is None else purse.amount,
                tuple(dict.fromkeys(row.competitor for row in rows)), _share(rows),
            )
        )  # fmt: skip
    return Grid(known.period, tuple(sorted(cells, key=_rank)))


def _share(rows: list[PresenceRow]) -> Decimal | None:
    shares = [row.draft.share for row in rows]
    known = [one for one in shares if one is not None]
    return min(sum(known, ZERO), Decimal(1)) if len(known) == len(shares) else None


def _rank(cell: Cell) -> tuple[bool, Decimal, str, str]:
    return cell.elsewhere is None, -(cell.elsewhere or ZERO), cell.account, cell.category


def _names(session: Session, actor: Actor, accounts: AccountFilter) -> Mapping[int, tuple[str, str]]:
    query = select(Account.id, Account.code, Account.name).where(
        auth.visible_accounts(actor), accounts.condition(), Account.is_unassigned.is_(False)
    )
    return {row.id: (row.code, row.name) for row in session.execute(query)}
