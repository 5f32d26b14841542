"""Views of a page that somebody named: the questions that were chosen there, never the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import SavedView, User
from core.vocabulary import Permission

_LONGEST = 60  # characters of a name
_MOST = 4_000  # characters of an address
Choices = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class View:
    """A named view; opened by anybody, it shows them what they may see."""

    id: int
    name: str
    choices: dict[str, str | list[str]]  # the address's query
    is_shared: bool
    is_own: bool
    author: str
    version: int


def search(session: Session, actor: Actor, page: str) -> list[View]:
    """The actor's own views of a page and those that others share, own ones first, by name."""
    auth.require(actor, Permission.REVENUE_READ)
    rows = session.execute(
        select(SavedView, User.name)
        .join(User, User.id == SavedView.user_id)
        .where(SavedView.page == page, or_(SavedView.user_id == actor.user_id, SavedView.is_shared.is_(True)))
    )
    found = [
        View(
            row.id,
            row.name,
            dict(row.choices),
            row.is_shared,
            row.user_id == actor.user_id,
            name,
            row.version,
        )
        for row, name in rows
    ]
    return sorted(found, key=lambda view: (not view.is_own, view.name.casefold(), view.id))


def save(
    session: Session, actor: Actor, page: str, name: str, choices: Choices, *, is_shared: bool = False
) -> int:
    """Keep what is chosen under a new name; returns the view's id."""
    auth.require(actor, Permission.REVENUE_READ)
    if actor.user_id is None:
        raise Invalid(_("Views belong to people who sign in."))
    wanted = name.strip()
    if not wanted or len(wanted) > _LONGEST:
        sentence = _("Give the view a name of at most {count} characters.").format(count=_LONGEST)
        raise Invalid(sentence, fields={"name": sentence})
    if len(str(dict(choices))) > _MOST:
        raise Invalid(_("So many choices do not fit into a view. Choose fewer."))
    own = select(SavedView.id).where(SavedView.user_id == actor.user_id, SavedView.page == page)
    if session.scalar(own.where(SavedView.name == wanted)) is not None:
        sentence = _("You have a view of this name. Choose another name, or remove that one first.")
        raise Invalid(sentence, fields={"name": sentence})
    view = SavedView(
        user_id=actor.user_id,
        page=page,
        name=wanted,
        choices=dict(choices),
        is_shared=is_shared,
        created_at=clock.now(),
    )
    session.add(view)
    session.flush()
    changes = {"choices": (None, dict(choices)), "is_shared": (None, is_shared)}
    audit.record(session, actor, "view:create", _subject(view), changes)
    return view.id


def remove(session: Session, actor: Actor, view_id: int, *, version: int) -> None:
    """Remove a view of one's own."""
    view = _own(session, actor, view_id, version)
    subject, before = _subject(view), {"choices": (dict(view.choices), None)}
    session.delete(view)
    session.flush()
    audit.record(session, actor, "view:remove", subject, before)


def share(session: Session, actor: Actor, view_id: int, is_shared: bool, *, version: int) -> int:
    """Offer a view of one's own to everybody, or to oneself alone again; returns its new version."""
    view = _own(session, actor, view_id, version)
    before, view.is_shared = view.is_shared, is_shared
    session.flush()
    if before != is_shared:
        audit.record(session, actor, "view:share", _subject(view), {"is_shared": (before, is_shared)})
    return view.version


def _own(session: Session, actor: Actor, view_id: int, version: int) -> SavedView:
    auth.require(actor, Permission.REVENUE_READ)
    mine = select(SavedView).where(SavedView.id == view_id, SavedView.user_id == actor.user_id)
    view = session.scalar(mine)
    if view is None:
        raise NotFound(_("There is no such view of yours."))
    if view.version != version:
        raise Conflict(
            _("You changed this view elsewhere meanwhile. Look at it and save again."),
            current={"is_shared": view.is_shared},
            version=view.version,
        )
    return view


def _subject(view: SavedView) -> Subject:
    return Subject("view", str(view.id), view.name)
