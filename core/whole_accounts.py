"""Figures that are of all that an account buys, under the keys of a breakdown: scores, movements, wallets, points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, causes, rfm, wallets
from core.auth import Actor
from core.causes import Movement
from core.errors import Invalid
from core.filters import AccountFilter
from core.language import _
from core.loyalty import sums
from core.loyalty.sums import AccountPoints
from core.models import Account
from core.periods import Period
from core.revenue import Dimension
from core.rfm_rule import Scored
from core.vocabulary import Permission
from core.wallets import Purse, Wallets

_Of = TypeVar("_Of", Scored, Movement, Purse, AccountPoints)
_OF_ACCOUNT: dict[Dimension, Any] = {
    Dimension.ACCOUNT: Account.id,
    Dimension.OWNER: Account.owner_id,
    Dimension.REGION: Account.region_id,
    Dimension.SEGMENT: Account.segment_id,
    Dimension.GROUP: Account.group_id,
    Dimension.TIER: Account.tier_id,
}


def scores(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, by: Dimension | None
) -> dict[Any, tuple[Scored, ...]]:
    """The scores of each account in the period; Invalid by what was sold or by time."""
    auth.require(actor, Permission.REVENUE_READ)
    _check(by)
    board = rfm.board(session, actor, period, accounts)
    return _under(session, by, [row.scored for row in board.standings])


def moved(
    session: Session,
    actor: Actor,
    period: Period,
    base: Period,
    accounts: AccountFilter,
    by: Dimension | None,
) -> dict[Any, tuple[Movement, ...]]:
    """How each account moved between two windows, and what of it is explained; Invalid like `scores`."""
    auth.require(actor, Permission.REVENUE_READ)
    _check(by)
    return _under(session, by, causes.explained(session, actor, period, base, accounts).movements)


def purses(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, by: Dimension | None
) -> dict[Any, Wallets]:
    """The wallets in force on the last day of the period; Invalid like `scores`."""
    auth.require(actor, Permission.REVENUE_READ)
    _check(by)
    found = wallets.share_of_wallet(session, actor, period.last_day, accounts)
    return {key: Wallets(found.period, rows) for key, rows in _under(session, by, found.purses).items()}


def points(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, by: Dimension | None
) -> dict[Any, tuple[AccountPoints, ...]]:
    """What became of each account's loyalty points in the period; Invalid like `scores`."""
    auth.require(actor, Permission.REVENUE_READ)
    _check(by)
    return _under(session, by, sums.by_account(session, actor, period, accounts))


def _check(by: Dimension | None) -> None:
    if by is not None and by not in _OF_ACCOUNT:
        raise Invalid(_("This figure is of all that an account buys: not by product or country."))


def _under(session: Session, by: Dimension | None, rows: Iterable[_Of]) -> dict[Any, tuple[_Of, ...]]:
    keys: dict[int, Any] = {}
    if by is not None:
        keys = {row[0]: row[1] for row in session.execute(select(Account.id, _OF_ACCOUNT[by]))}
    found: dict[Any, list[_Of]] = {}
    for one in rows:
        found.setdefault(keys.get(one.account_id), []).append(one)
    return {key: tuple(those) for key, those in found.items()}
