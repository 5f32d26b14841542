"""What accounts are sorted by: regions, segments, tiers and groups, and the lists to choose them from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from core import audit, auth
from core.audit import Subject
from core.auth import Actor
from core.errors import Invalid
from core.language import _
from core.models import Account, Group, Region, Segment, Tier, User, UserRole
from core.vocabulary import Permission, Role

Named = TypeVar("Named", Region, Segment, Tier)


@dataclass(frozen=True)
class Choices:
    """What filters and forms offer, each by its id in the order to show it."""

    owners: dict[int, str]  # of the accounts that the actor sees
    colleagues: dict[int, str]  # everybody who can own an account or work on one
    regions: dict[int, str]
    segments: dict[int, str]
    tiers: dict[int, str]  # the highest first
    groups: dict[int, str]
    countries: tuple[str, ...]


def choices(session: Session, actor: Actor) -> Choices:
    """What an account can be filtered by and filed under."""
    auth.require(actor, Permission.ACCOUNT_READ)
    visible = auth.visible_accounts(actor)
    owners = select(User.id, User.name).where(User.id.in_(select(Account.owner_id).where(visible)))
    colleagues = (
        select(User.id, User.name)
        .where(User.is_active.is_(True))
        .where(User.id.in_(select(UserRole.user_id).where(UserRole.role.in_([Role.MANAGER, Role.DIRECTOR]))))
    )
    groups = select(Group.id, Group.name)
    if not actor.may(Permission.ACCOUNT_CREATE):
        # Who else belongs to a group of which nothing is visible would be told by its mere name.
        groups = groups.where(Group.id.in_(select(Account.group_id).where(visible)))
    countries = select(Account.country).where(visible, Account.country.is_not(None)).distinct()
    return Choices(
        owners=_pairs(session, owners.order_by(func.lower(User.name), User.id)),
        colleagues=_pairs(session, colleagues.order_by(func.lower(User.name), User.id)),
        regions=_pairs(session, select(Region.id, Region.name).order_by(Region.name)),
        segments=_pairs(session, select(Segment.id, Segment.name).order_by(Segment.name)),
        tiers=_pairs(session, select(Tier.id, Tier.name).order_by(Tier.position, Tier.name)),
        groups=_pairs(session, groups.order_by(func.lower(Group.name), Group.id)),
        countries=tuple(sorted(name for name in session.scalars(countries) if name)),
    )


def get_or_create_region(session: Session, actor: Actor, name: str) -> Region:
    """The region of this name, made anew where there is none."""
    return _named(session, actor, Region, name, _("There is no region {name}."))


def get_or_create_segment(session: Session, actor: Actor, name: str) -> Segment:
    """The segment of this name, made anew where there is none."""
    return _named(session, actor, Segment, name, _("There is no segment {name}."))


def get_or_create_tier(session: Session, actor: Actor, name: str) -> Tier:
    """The tier of this name; a new one ranks below all others."""
    return _named(session, actor, Tier, name, _("There is no tier {name}."))


def get_or_create_group(session: Session, actor: Actor, name: str) -> Group:
    """The group of this code or name; a new one has its name as its code."""
    wanted = name.strip()
    found = session.scalars(
        select(Group)
        .where(or_(Group.code == wanted, func.lower(Group.name) == wanted.lower()))
        .order_by(Group.code != wanted, Group.id)
    ).first()
    if found is not None:
        return found
    _may_add(actor, _("There is no group {name}."), wanted, "group")
    group = Group(code=wanted, name=wanted)
    session.add(group)
    session.flush()
    audit.record(
        session, actor, "group:create", Subject("group", str(group.id), wanted), {"name": (None, wanted)}
    )
    return group


def _named(session: Session, actor: Actor, kind: type[Named], name: str, missing: str) -> Named:
    wanted = name.strip()
    found = session.scalars(
        select(kind).where(func.lower(kind.name) == wanted.lower()).order_by(kind.name != wanted, kind.id)
    ).first()
    if found is not None:
        return found
    entity = kind.__name__.lower()
    _may_add(actor, missing, wanted, entity)
    row = kind(name=wanted)
    if isinstance(row, Tier):
        row.position = (session.scalar(select(func.max(Tier.position))) or 0) + 1
    session.add(row)
    session.flush()
    subject = Subject(entity, str(row.id), wanted)
    audit.record(session, actor, f"{entity}:create", subject, {"name": (None, wanted)})
    return row


def _may_add(actor: Actor, missing: str, name: str, field: str) -> None:
    """The lists are the directors' business, and an import's, which brings the permission to import."""
    if not (actor.may(Permission.ACCOUNT_CREATE) or actor.may(Permission.SETTING_WRITE)):
        sentence = f"{missing.format(name=name)} " + _("Choose one of the list, or ask a director to add it.")
        raise Invalid(sentence, fields={field: sentence})


def _pairs(session: Session, query: Select[int, str]) -> dict[int, str]:
    return dict(session.execute(query).all())
