"""Why accounts' revenue moved: dated causes, and how much of a change between two windows they explain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from sqlalchemy import BigInteger, select, type_coerce
from sqlalchemy.orm import Session

from core import auth, db, movements, revenue, settings, spread
from core.auth import Actor
from core.cause_records import CauseDraft, CauseRow, record, restore, search, update, withdraw
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, AccountMonth, Product, User
from core.money import MONEY_SCALE, ZERO, ratio, round_money
from core.periods import Period, add_months, first_of_month
from core.revenue import Dimension, Measures
from core.settings import Settings
from core.vocabulary import Permission

__all__ = [
    "CauseDraft", "CauseRow", "Explained", "Movement", "explained", "record", "restore", "search", "update",
    "withdraw",
]  # fmt: skip


@dataclass(frozen=True)
class Movement:
    """One account between two windows: net revenue then and now, and what of the change is explained."""

    account_id: int
    code: str
    name: str
    owner: str | None
    then: Decimal
    now: Decimal
    explained: Decimal  # of |change|
    causes: tuple[CauseRow, ...]
    rows: int  # order lines behind both windows
    usual: Decimal | None = (
        None  # the account's usual spread over as long a period; none: not known or not needed
    )
    asks: bool = False  # whether what is unexplained is beyond what is usual

    @property
    def change(self) -> Decimal:
        return self.now - self.then

    @property
    def unexplained(self) -> Decimal:
        return abs(self.change) - self.explained


@dataclass(frozen=True)
class Explained:
    """How much of the change between two windows has a recorded cause; the least explained first."""

    period: Period
    base: Period
    movements: tuple[Movement, ...]

    @cached_property
    def change(self) -> Decimal:
        """The denominator: |change| of each account, summed."""
        return sum((abs(one.change) for one in self.movements), ZERO)

    @cached_property
    def explained(self) -> Decimal:
        """The numerator: what of it is explained."""
        return sum((one.explained for one in self.movements), ZERO)

    @property
    def share(self) -> Decimal | None:
        """Explained ÷ change; None where nothing moved."""
        return ratio(self.explained, self.change)

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.movements)

    @property
    def unexplained(self) -> tuple[Movement, ...]:
        return tuple(one for one in self.movements if one.unexplained)


def explained(
    session: Session, actor: Actor, period: Period, base: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> Explained:
    """The change of each visible account but UNASSIGNED between two windows, and what causes explain of it.

    The rule is that of `core.movements`. An account that brought anything then asks for attention where what is
    unexplained is beyond the settings' share of that, and beyond so many times its usual spread where that is known.
    """
    auth.require(actor, Permission.REVENUE_READ)
    now, then = (
        {key: sums for (key,), sums in revenue.by(session, actor, one, Dimension.ACCOUNT, accounts=accounts).items()}
        for one in (period, base)
    )  # fmt: skip
    said: dict[int, list[CauseRow]] = {}
    for cause in search(session, actor, accounts, period=movements.span(period, base)):
        said.setdefault(cause.account_id, []).append(cause)
    scoped = _scoped_changes(session, actor, period, base, [one for rows in said.values() for one in rows])
    query = (
        select(Account.id, Account.code, Account.name, User.name)
        .outerjoin(User, User.id == Account.owner_id)
        .where(auth.visible_accounts(actor), accounts.condition(), Account.is_unassigned.is_(False))
    )
    found, nothing = [], Measures()
    for key, code, name, owner in db.rows(session, query):
        one, other = now.get(key, nothing), then.get(key, nothing)
        if one.net == other.net:
            continue
        causes = tuple(said.get(key, ()))
        effects = _effects(causes, scoped.get(key), period, base)
        part = movements.explained(one.net - other.net, effects)
        found.append(
            Movement(key, code, name, owner, other.net, one.net, part, causes, one.lines + other.lines)
        )
    judged = _judged(session, actor, found, period, settings.get(session))
    return Explained(period, base, tuple(sorted(judged, key=lambda one: (-one.unexplained, one.code))))


def _effects(
    causes: Sequence[CauseRow], scoped: Decimal | None, period: Period, base: Period
) -> Iterable[Decimal | None]:
    """What each cause says about the change; those of products without an amount say one thing together."""
    for cause in causes:
        if cause.amount is not None:
            yield movements.effect(cause.kind, cause.ends_on, cause.amount, period, base)
        elif cause.product_id is None and cause.category_id is None:
            yield None
    if scoped is not None:
        yield scoped


def _scoped_changes(
    session: Session, actor: Actor, period: Period, base: Period, causes: Collection[CauseRow]
) -> dict[int, Decimal]:
    """By account, the change of the products that causes without an amount name; each product counts once."""
    named: dict[int, tuple[set[int], set[int]]] = {}
    for cause in causes:
        if cause.amount is None and (cause.product_id is not None or cause.category_id is not None):
            products, categories = named.setdefault(cause.account_id, (set(), set()))
            (products if cause.product_id is not None else categories).add(
                cause.product_id or cause.category_id or 0
            )
    if not named:
        return {}
    of = {row.id: row.category_id for row in session.execute(select(Product.id, Product.category_id))}
    changes = dict.fromkeys(named, ZERO)
    only = AccountFilter(account_ids=frozenset(named))
    for sign, window in ((1, period), (-1, base)):
        sums = revenue.by(session, actor, window, Dimension.ACCOUNT, Dimension.PRODUCT, accounts=only)
        for (account_id, product_id), measures in sums.items():
            products, categories = named[account_id]
            if product_id in products or of[product_id] in categories:
                changes[account_id] += sign * measures.net
    return changes


def _judged(
    session: Session, actor: Actor, found: Sequence[Movement], period: Period, decided: Settings
) -> list[Movement]:
    """The same movements; those that stand out, and are beyond the account's usual spread, ask."""
    large = {
        one.account_id for one in found if one.then > 0 and one.unexplained > decided.fall_share * one.then
    }
    swings = _swings(session, actor, large, first_of_month(period.end)) if large else {}
    judged = []
    for one in found:
        if one.account_id in large:
            swing = swings.get(one.account_id)
            usual = None if swing is None else round_money(spread.over(swing, period.days))
            asks = usual is None or one.unexplained > decided.fall_spread * usual
            one = replace(one, usual=usual, asks=asks)  # noqa: PLW2901
        judged.append(one)
    return judged


def _swings(session: Session, actor: Actor, ids: Collection[int], end: date) -> dict[int, Decimal]:
    """How much a month of each account usually swings on the year before, over the twelve months before a day."""
    months = Period(add_months(end, -24), end)
    rows = session.execute(
        select(AccountMonth.account_id, AccountMonth.month, type_coerce(AccountMonth.net_amount, BigInteger))
        .join(Account, Account.id == AccountMonth.account_id)
        .where(AccountMonth.month >= months.start, AccountMonth.month < months.end)
        .where(auth.visible_accounts(actor), Account.id.in_(ids))
    )
    places = {month: place for place, month in enumerate(months.months())}
    series: dict[int, list[int]] = {}
    for account_id, month, net in rows:
        series.setdefault(account_id, [0] * 24)[places[month]] = net
    swings = {key: spread.monthly(nets[12:], nets[:12]) for key, nets in series.items()}
    return {key: swing / MONEY_SCALE for key, swing in swings.items() if swing is not None}
