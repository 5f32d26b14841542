"""What an account spends, as somebody estimated it: moved to the account that it turned out to be, and back.

Estimates of one category and basis move together, and only where the kept account has none of that kind: so whatever
stands there afterwards goes back with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, wallet_records
from core.auth import Actor
from core.language import _
from core.merged_lines import Route
from core.models import Category, Wallet
from core.vocabulary import Permission, WalletBasis

_Kind = tuple[int | None, WalletBasis]


def move(session: Session, actor: Actor, route: Route) -> tuple[list[int], list[list[Any]]]:
    """Move what meets nothing of its kind; ids of the versions moved, and what is in force of them."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    moved = _moving(session, route)
    for row in moved:
        row.account_id = route.kept_id
    session.flush()
    return [row.id for row in moved], _state(moved)


def staying(session: Session, actor: Actor, route: Route) -> int:
    """How many estimates in force stay behind, since the kept account has one of their kind."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    moving = {row.id for row in _moving(session, route)}
    return sum(
        1 for row in _of(session, route.merged_id) if row.superseded_at is None and row.id not in moving
    )


def changed(
    session: Session, actor: Actor, route: Route, ids: Sequence[int], state: Sequence[Sequence[Any]]
) -> list[str]:
    """A sentence for each kind of estimate that is not in force as the merger left it."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    now = _state(_back(session, route, ids))
    differing = [one for one in [*now, *state] if one not in now or one not in state]
    names = dict(session.execute(select(Category.id, Category.name)).all())
    found = {row[0]: names.get(row[0], "") for row in differing}
    return [
        _("The wallet estimate for {category} was changed.").format(category=name)
        if name
        else _("The wallet estimate for all products was changed.")
        for name in found.values()
    ]


def move_back(session: Session, actor: Actor, route: Route, ids: Sequence[int]) -> None:
    """Give back every version of the kinds that were moved, those written since included."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    for row in _back(session, route, ids):
        row.account_id = route.merged_id
    session.flush()


def _of(session: Session, account_id: int) -> list[Wallet]:
    query = select(Wallet).where(Wallet.account_id == account_id).order_by(Wallet.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _moving(session: Session, route: Route) -> list[Wallet]:
    there = {_kind(row) for row in _of(session, route.kept_id)}
    return [row for row in _of(session, route.merged_id) if _kind(row) not in there]


def _back(session: Session, route: Route, ids: Sequence[int]) -> list[Wallet]:
    there = _of(session, route.kept_id)
    known = set(ids)
    kinds = {_kind(row) for row in there if row.id in known}
    return [row for row in there if _kind(row) in kinds]


def _kind(row: Wallet) -> _Kind:
    return row.category_id, row.basis


def _state(rows: Sequence[Wallet]) -> list[list[Any]]:
    """What is in force, by value: an estimate that was replaced and written down again is as it was."""
    drafts = [wallet_records.draft_of(row) for row in rows if row.superseded_at is None]
    return sorted(
        ([draft.category_id, *(_plain(value) for value in vars(draft).values())] for draft in drafts), key=str
    )


def _plain(value: Any) -> Any:
    return None if value is None else str(audit.plain(value))
