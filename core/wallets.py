"""Share of wallet: what accounts spend in a year with anybody, by three estimates, beside what we sell to them.

An estimate holds from its day until that of the next one for the same account, category and basis. Nothing is
overwritten: another value for the same day, and a withdrawal, supersede the version that was known before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, revenue, wallet_rule
from core.audit import Subject
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter, LineFilter
from core.models import Account, Category, Wallet
from core.money import ZERO, ratio
from core.periods import Period, add_months, first_of_month
from core.revenue import Dimension
from core.vocabulary import Permission, WalletBasis
from core.wallet_records import WalletDraft, record, withdraw
from core.wallet_rule import Range

__all__ = [
    "Estimate",
    "Purse",
    "Range",
    "WalletDraft",
    "Wallets",
    "latest",
    "of_account",
    "record",
    "record_export",
    "share_of_wallet",
    "trailing",
    "withdraw",
]  # fmt: skip

# The first that is known counts: what the account says comes before what we compute.
ORDER = (WalletBasis.DECLARED, WalletBasis.MODELLED, WalletBasis.ALLOCATED)


@dataclass(frozen=True)
class Estimate:
    """One estimate in force, with where it comes from."""

    id: int
    draft: WalletDraft
    spend: Range | None  # none: it cannot be told without sales of ours
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True)
class Purse:
    """One account in one category, or in all together: our sales beside every estimate of its wallet."""

    account_id: int
    code: str
    name: str
    category_id: int | None
    category: str | None  # none: all categories together
    sales: Decimal  # net revenue of the trailing twelve months
    rows: int  # order lines behind it
    estimates: Mapping[WalletBasis, Estimate] = field(default_factory=dict)

    @property
    def counting(self) -> Estimate | None:
        """The estimate that counts: declared before modelled before allocated."""
        known = (self.estimates.get(basis) for basis in ORDER)
        return next((one for one in known if one is not None and one.spend is not None), None)

    @property
    def wallet(self) -> Range | None:
        return None if self.counting is None else self.counting.spend

    @property
    def share(self) -> Decimal | None:
        return None if self.wallet is None else self.wallet.share(self.sales)

    @property
    def whitespace(self) -> Decimal | None:
        """What the account buys from others; None where no wallet is known."""
        return None if self.wallet is None else self.wallet.whitespace(self.sales)

    @property
    def is_below_sales(self) -> bool:
        return self.wallet is not None and self.wallet.is_below(self.sales)


@dataclass(frozen=True)
class Wallets:
    """Purses of many accounts, and what they come to; the greatest whitespace first."""

    period: Period  # the twelve months of our sales
    purses: tuple[Purse, ...]

    @property
    def counted(self) -> tuple[Purse, ...]:
        """Each account once: all categories together where that is known, else its categories one by one."""
        known = [one for one in self.purses if one.wallet is not None]
        whole = {one.account_id for one in known if one.category_id is None}
        return tuple(one for one in known if (one.account_id in whole) == (one.category_id is None))

    @property
    def sales(self) -> Decimal:
        return sum((one.sales for one in self.counted), ZERO)

    @property
    def wallet(self) -> Decimal | None:
        amounts = [one.wallet.amount for one in self.counted if one.wallet is not None]
        return sum(amounts, ZERO) if amounts else None

    @property
    def share(self) -> Decimal | None:
        """Our sales where a wallet is known ÷ these wallets."""
        return ratio(self.sales, self.wallet)

    @property
    def whitespace(self) -> Decimal | None:
        amounts = [one.whitespace for one in self.counted if one.whitespace is not None]
        return sum(amounts, ZERO) if amounts else None

    @property
    def covered_accounts(self) -> int:
        return len({one.account_id for one in self.counted})

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.counted)


def trailing(day: date) -> Period:
    """The twelve whole months that end with the last month finished by the end of this day."""
    end = first_of_month(day + timedelta(days=1))
    return Period(add_months(end, -12), end)


def share_of_wallet(
    session: Session, actor: Actor, day: date, accounts: AccountFilter = ALL_ACCOUNTS
) -> Wallets:
    """Every visible account × category with an estimate in force on a day, the greatest whitespace first."""
    auth.require(actor, Permission.REVENUE_READ)
    period = trailing(day)
    found = _in_force(session, actor, day, accounts)
    sales = _sales(session, actor, period, found)
    purses = []
    for (account_id, category_id), (named, rows) in found.items():
        net, lines = sales.get((account_id, category_id), (ZERO, 0))
        estimates = {row.basis: _estimate(row, net) for row in rows}
        purses.append(Purse(account_id, *named[:2], category_id, named[2], net, lines, estimates))
    return Wallets(period, tuple(sorted(purses, key=_rank)))


def of_account(session: Session, actor: Actor, account_id: int, day: date) -> Wallets:
    """One account: all categories together, every category with an estimate, and every other that it bought."""
    auth.require(actor, Permission.REVENUE_READ)
    only = AccountFilter(account_ids=frozenset({account_id}))
    known = share_of_wallet(session, actor, day, only)
    account = session.execute(
        select(Account.code, Account.name).where(Account.id == account_id, auth.visible_accounts(actor))
    ).first()
    if account is None:
        return Wallets(known.period, ())
    purses = {one.category_id: one for one in known.purses}
    bought = revenue.by(session, actor, known.period, Dimension.CATEGORY, accounts=only)
    names = {row.id: row.name for row in session.execute(select(Category.id, Category.name))}
    for (category_id,), sums in bought.items():
        if category_id is not None and category_id not in purses:
            purses[category_id] = Purse(
                account_id, account.code, account.name, category_id, names[category_id], sums.net, sums.lines
            )
    if None not in purses:
        whole = revenue.totals(session, actor, known.period, only)
        purses[None] = Purse(account_id, account.code, account.name, None, None, whole.net, whole.lines)
    ranked = sorted(
        purses.values(), key=lambda one: (one.category_id is not None, -one.sales, one.category or "")
    )
    return Wallets(known.period, tuple(ranked))


def latest(session: Session, actor: Actor, account_id: int) -> dict[tuple[int | None, WalletBasis], Estimate]:
    """The newest estimate of each category and basis of an account, those of days to come included."""
    auth.require(actor, Permission.REVENUE_READ)
    only = AccountFilter(account_ids=frozenset({account_id}))
    found = _in_force(session, actor, None, only)
    return {
        (category_id, row.basis): _estimate(row, ZERO)
        for (_account, category_id), (_named, rows) in found.items()
        for row in rows
    }


_Found = dict[tuple[int, int | None], tuple[tuple[str, str, str | None], list[Wallet]]]


def _in_force(session: Session, actor: Actor, day: date | None, accounts: AccountFilter) -> _Found:
    """By account and category, the newest estimate of each basis up to a day, with the names of both."""
    query = (
        select(Wallet, Account.code, Account.name, Category.name)
        .join(Account, Account.id == Wallet.account_id)
        .outerjoin(Category, Category.id == Wallet.category_id)
        .where(Wallet.superseded_at.is_(None), auth.visible_accounts(actor), accounts.condition())
        .order_by(Wallet.valid_from, Wallet.id)
    )
    if day is not None:
        query = query.where(Wallet.valid_from <= day)
    newest: dict[tuple[int, int | None], tuple[Any, dict[WalletBasis, Wallet]]] = {}
    for row, code, name, category in session.execute(query):
        place = newest.setdefault((row.account_id, row.category_id), ((code, name, category), {}))
        place[1][row.basis] = row
    return {key: (named, list(rows.values())) for key, (named, rows) in newest.items()}


def _sales(
    session: Session, actor: Actor, period: Period, found: _Found
) -> dict[tuple[int, int | None], tuple[Decimal, int]]:
    """Net revenue and order lines by account and category, where an estimate asks for them."""
    whole = frozenset(account_id for account_id, category_id in found if category_id is None)
    parts = frozenset(account_id for account_id, category_id in found if category_id is not None)
    wanted = frozenset(category_id for _account, category_id in found if category_id is not None)
    sales: dict[tuple[int, int | None], tuple[Decimal, int]] = {}
    if whole:
        only = AccountFilter(account_ids=whole)
        sums = revenue.by(session, actor, period, Dimension.ACCOUNT, accounts=only)
        sales |= {(key, None): (one.net, one.lines) for (key,), one in sums.items()}
    if parts:
        only, sold = AccountFilter(account_ids=parts), LineFilter(category_ids=wanted)
        sums = revenue.by(
            session, actor, period, Dimension.ACCOUNT, Dimension.CATEGORY, accounts=only, sold=sold
        )
        sales |= {key: (one.net, one.lines) for key, one in sums.items()}
    return sales


def _estimate(row: Wallet, sales: Decimal) -> Estimate:
    draft = WalletDraft(
        row.basis, row.valid_from, row.category_id, row.amount, row.driver, row.driver_count, row.unit_amount,
        row.low_amount, row.high_amount, row.rank, row.suppliers, row.said_by, row.source,
    )  # fmt: skip
    return Estimate(row.id, draft, _spend(draft, sales), row.recorded_at, row.recorded_by)


def _spend(draft: WalletDraft, sales: Decimal) -> Range | None:
    if draft.basis is WalletBasis.ALLOCATED:
        known = draft.rank is not None and draft.suppliers is not None
        return wallet_rule.allocated(draft.rank or 1, draft.suppliers or 1, sales) if known else None
    if draft.basis is WalletBasis.MODELLED:
        if draft.driver_count is None or draft.unit_amount is None:
            return None
        return wallet_rule.modelled(
            draft.driver_count, draft.unit_amount, draft.low_amount, draft.high_amount
        )
    return None if draft.amount is None else Range.around(draft.amount, draft.low_amount, draft.high_amount)


def _rank(purse: Purse) -> tuple[bool, Decimal, str, str]:
    return purse.whitespace is None, -(purse.whitespace or ZERO), purse.code, purse.category or ""


def record_export(session: Session, actor: Actor, rows: int, form: str) -> None:
    """Note who took shares of wallet out, and how many rows."""
    auth.require(actor, Permission.DATA_EXPORT)
    changes = {"rows": (None, rows), "format": (None, form)}
    audit.record(session, actor, "export:wallets", Subject("export", "wallets", "wallets"), changes)
