"""The terms of an account that turned out to be another: moved to it where they meet nothing there, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, term_timelines, terms
from core.auth import Actor
from core.language import _
from core.merged_lines import Route
from core.models import Term
from core.term_versions import span_of
from core.vocabulary import Permission, TermStatus


def move(session: Session, actor: Actor, route: Route) -> list[list[Any]]:
    """Move every term none of whose approved versions meets one of the kept account; what undoing needs to know."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    moved = []
    for number, versions in _moving(session, route).items():
        _give(versions, route.kept_id)
        moved.append([number, _state(versions)])
    session.flush()
    return moved


def staying(session: Session, actor: Actor, route: Route) -> int:
    """How many terms stay behind, since they meet one of the kept account."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    return len(_by_number(_of(session, route.merged_id))) - len(_moving(session, route))


def changed(session: Session, actor: Actor, route: Route, moved: Sequence[Sequence[Any]]) -> list[str]:
    """A sentence for each term that is not as the merger left it."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    now = _by_number(_of(session, route.kept_id))
    return [
        _("The term {name} was changed.").format(name=f"T{number}")
        for number, state in moved
        if _state(now.get(number, [])) != state
    ]


def move_back(session: Session, actor: Actor, route: Route, moved: Sequence[Sequence[Any]]) -> None:
    """Give the moved terms back; call it only where nothing `changed`."""
    auth.require(actor, Permission.ACCOUNT_MERGE)
    numbers = {number for number, _state_then in moved}
    _give([one for one in _of(session, route.kept_id) if one.number in numbers], route.merged_id)
    session.flush()


def _moving(session: Session, route: Route) -> dict[int, list[Term]]:
    there = _of(session, route.kept_id)
    return {
        number: versions
        for number, versions in _by_number(_of(session, route.merged_id)).items()
        if not any(_meet(one, other) for one in versions for other in there)
    }


def _of(session: Session, account_id: int) -> list[Term]:
    query = select(Term).where(Term.account_id == account_id).order_by(Term.id)
    return list(session.scalars(query))


def _by_number(found: Sequence[Term]) -> dict[int, list[Term]]:
    numbers: dict[int, list[Term]] = {}
    for term in found:
        numbers.setdefault(term.number, []).append(term)
    return numbers


def _give(versions: Sequence[Term], account_id: int) -> None:
    for term in versions:
        term.account_id = account_id
        term.scope_key = replace(terms.scope_of(term), account_id=account_id).key


def _state(versions: Sequence[Term]) -> list[list[Any]]:
    return [[one.id, audit.plain(one.superseded_at), audit.plain(one.undone_at)] for one in versions]


def _meet(one: Term, other: Term) -> bool:
    """Whether two approved versions of one lane hold on the same days as known at the same moment."""
    return (
        one.status is other.status is TermStatus.APPROVED
        and one.undone_at is other.undone_at is None
        and (one.kind, one.min_quantity, one.is_exception, one.product_id, one.category_id)
        == (other.kind, other.min_quantity, other.is_exception, other.product_id, other.category_id)
        and term_timelines.overlap(span_of(one), span_of(other))
    )
