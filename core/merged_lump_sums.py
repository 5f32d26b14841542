"""The lump sums of an account that turned out to be another, with their proof and payments: moved to it, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import auth
from core.auth import Actor
from core.language import _
from core.merged_lines import Route
from core.models import LumpSum, LumpSumEntry
from core.vocabulary import Permission

_TABLES: tuple[Any, ...] = (LumpSum, LumpSumEntry)


def move(session: Session, actor: Actor, route: Route) -> list[list[Any]]:
    """Move all of them; their numbers with the newest version and entry, as undoing wants to find them."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    state = _state(session, route.merged_id)
    _give(session, [number for number, *_rest in state], route.kept_id)
    return state


def changed(session: Session, actor: Actor, route: Route, moved: Sequence[Sequence[Any]]) -> list[str]:
    """A sentence for each lump sum that is not as the merger left it."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    now = {number: rest for number, *rest in _state(session, route.kept_id)}
    return [
        _("The lump sum {name} was changed.").format(name=f"L{number}")
        for number, *rest in moved
        if now.get(number) != rest
    ]


def move_back(session: Session, actor: Actor, route: Route, moved: Sequence[Sequence[Any]]) -> None:
    """Give the moved ones back; call it only where nothing `changed`."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    _give(session, [number for number, *_rest in moved], route.merged_id)


def _state(session: Session, account_id: int) -> list[list[Any]]:
    """Number, newest version and newest entry of each."""
    found: dict[int, list[int]] = {}
    for place, model in enumerate(_TABLES):
        for number, key in session.execute(
            select(model.number, model.id).where(model.account_id == account_id).order_by(model.id)
        ):
            found.setdefault(number, [0, 0])[place] = key
    return [[number, *newest] for number, newest in sorted(found.items())]


def _give(session: Session, numbers: Sequence[int], account_id: int) -> None:
    for model in _TABLES:
        statement = update(model).where(model.number.in_(numbers)).values(account_id=account_id)
        session.execute(statement.execution_options(synchronize_session=False))
    session.flush()
