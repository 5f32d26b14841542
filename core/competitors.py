"""Competitors: who they are, what they are after, in which segments they sell and what stands against our products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from core import audit, auth, clock, search_texts
from core.audit import Subject
from core.auth import Actor
from core.claim_rules import fold
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import (
    Competitor,
    CompetitorClaim,
    CompetitorPresence,
    CompetitorProduct,
    CompetitorSegment,
    Contest,
    Objection,
    Product,
    Segment,
)
from core.vocabulary import Permission

_LONGEST = 200


@dataclass(frozen=True)
class TheirProduct:
    """A product of theirs, and ours that it stands against."""

    name: str
    product_id: int | None = None
    product: str = ""


@dataclass(frozen=True)
class CompetitorDraft:
    """What somebody says about a competitor."""

    name: str
    aliases: str = ""  # a comma between them
    goals: str = ""
    home_region: str = ""
    note: str = ""
    is_active: bool = True
    segment_ids: tuple[int, ...] = ()
    products: tuple[TheirProduct, ...] = ()


@dataclass(frozen=True)
class CompetitorRow:
    """A competitor as lists and choices show it."""

    id: int
    name: str
    aliases: tuple[str, ...]
    home_region: str
    is_active: bool

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class CompetitorDetail(CompetitorRow):
    """Everything known about a competitor itself."""

    goals: str
    note: str
    segments: dict[int, str]
    products: tuple[TheirProduct, ...]
    created_at: datetime
    created_by: str
    version: int

    def draft(self) -> CompetitorDraft:
        """The same as it would be typed."""
        return CompetitorDraft(
            self.name, ", ".join(self.aliases), self.goals, self.home_region, self.note, self.is_active,
            tuple(self.segments), self.products,
        )  # fmt: skip


def search(session: Session, actor: Actor, *, with_inactive: bool = False) -> list[CompetitorRow]:
    """The competitors by name."""
    auth.require(actor, Permission.COMPETITOR_READ)
    query = select(Competitor).order_by(func.lower(Competitor.name), Competitor.id)
    if not with_inactive:
        query = query.where(Competitor.is_active.is_(True))
    return [_row(one) for one in session.scalars(query)]


def get(session: Session, actor: Actor, competitor_id: int) -> CompetitorDetail:
    """One competitor with its segments and products."""
    one = access(session, actor, competitor_id)
    segments = (
        select(Segment.id, Segment.name)
        .join(CompetitorSegment, CompetitorSegment.segment_id == Segment.id)
        .where(CompetitorSegment.competitor_id == one.id)
        .order_by(Segment.name)
    )
    products = (
        select(CompetitorProduct.name, CompetitorProduct.product_id, Product.name)
        .outerjoin(Product, Product.id == CompetitorProduct.product_id)
        .where(CompetitorProduct.competitor_id == one.id)
        .order_by(func.lower(CompetitorProduct.name), CompetitorProduct.id)
    )
    return CompetitorDetail(
        **vars(_row(one)),
        goals=one.goals,
        note=one.note,
        segments={row.id: row.name for row in session.execute(segments)},
        products=tuple(
            TheirProduct(name, product_id, ours or "") for name, product_id, ours in session.execute(products)
        ),
        created_at=one.created_at,
        created_by=one.created_by,
        version=one.version,
    )


def access(session: Session, actor: Actor, competitor_id: int) -> Competitor:
    """The competitor of this id, held while a change is made."""
    auth.require(actor, Permission.COMPETITOR_READ)
    one = session.get(Competitor, competitor_id)
    if one is None:
        raise NotFound(_("There is no such competitor."))
    return one


def create(session: Session, actor: Actor, draft: CompetitorDraft) -> int:
    """Note a competitor that we did not know of; returns its id."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    draft = _checked(session, draft, None)
    one = Competitor(created_at=clock.now(), created_by=actor.username, **_columns(draft))
    session.add(one)
    session.flush()
    _file(session, one.id, draft)
    changes = {name: (None, value) for name, value in _said(draft).items() if value not in ("", [], None)}
    audit.record(session, actor, "competitor:create", subject(one), changes)
    return one.id


def update(
    session: Session, actor: Actor, competitor_id: int, draft: CompetitorDraft, *, version: int
) -> int:
    """Say it otherwise; returns the new version."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    one = session.get(Competitor, competitor_id, with_for_update=True, populate_existing=True)
    if one is None:
        raise NotFound(_("There is no such competitor."))
    draft = _checked(session, draft, one)
    before = get(session, actor, competitor_id).draft()
    if one.version != version:
        raise _overtaken(before, draft, one.version)
    changes = audit.differences(_said(before), _said(draft))
    if not changes:
        return one.version
    renamed = one.name != draft.name
    for name, value in _columns(draft).items():
        setattr(one, name, value)
    one.version = one.version + 1 if not session.is_modified(one) else one.version
    session.flush()
    _file(session, one.id, draft)
    if renamed:
        _index_claims(session, one)
    audit.record(session, actor, "competitor:update", subject(one), changes)
    return one.version


def remove(session: Session, actor: Actor, competitor_id: int, *, version: int) -> None:
    """Forget a competitor of which nothing is on record: one that was noted by mistake."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    one = session.get(Competitor, competitor_id, with_for_update=True, populate_existing=True)
    if one is None:
        raise NotFound(_("There is no such competitor."))
    if one.version != version:
        raise Conflict(_("Somebody else changed this competitor meanwhile. Load the page again."))
    for kind in (CompetitorClaim, CompetitorPresence, Objection, Contest):
        if session.scalar(select(exists().where(kind.competitor_id == one.id))):
            raise Conflict(
                _("Something is on record about it already: say that it is no competitor any more.")
            )
    for part in (CompetitorSegment, CompetitorProduct):
        session.execute(delete(part).where(part.competitor_id == one.id))
    gone = subject(one)
    session.delete(one)
    session.flush()
    audit.record(session, actor, "competitor:remove", gone, {"name": (gone.label, None)})


def _index_claims(session: Session, one: Competitor) -> None:
    """Keep the words of a competitor's claims anew: its name is one of them."""
    query = select(CompetitorClaim).where(
        CompetitorClaim.competitor_id == one.id, CompetitorClaim.superseded_at.is_(None)
    )
    for claim in session.scalars(query):
        search_texts.put(session, "competitor_claim", claim.number, *words_of(claim, one.name))


def words_of(claim: CompetitorClaim, competitor: str) -> tuple[str, ...]:
    """What a claim is found by."""
    return competitor, claim.statement, claim.captured, claim.source, claim.reason


def subject(one: Competitor) -> Subject:
    return Subject("competitor", str(one.id), one.name)


def _row(one: Competitor) -> CompetitorRow:
    aliases = tuple(filter(None, (part.strip() for part in one.aliases.split(","))))
    return CompetitorRow(one.id, one.name, aliases, one.home_region, one.is_active)


def _columns(draft: CompetitorDraft) -> dict[str, Any]:
    return {
        "name": draft.name, "name_key": fold(draft.name), "aliases": draft.aliases, "goals": draft.goals,
        "home_region": draft.home_region, "note": draft.note, "is_active": draft.is_active,
    }  # fmt: skip


def _said(draft: CompetitorDraft) -> dict[str, Any]:
    products = sorted([one.name, one.product_id] for one in draft.products)
    return {
        **{key: value for key, value in _columns(draft).items() if key != "name_key"},
        "segment_ids": sorted(draft.segment_ids),
        "products": products,
    }


def _file(session: Session, competitor_id: int, draft: CompetitorDraft) -> None:
    for kind in (CompetitorSegment, CompetitorProduct):
        session.execute(delete(kind).where(kind.competitor_id == competitor_id))
    for segment_id in sorted(set(draft.segment_ids)):
        session.add(CompetitorSegment(competitor_id=competitor_id, segment_id=segment_id))
    for one in draft.products:
        session.add(CompetitorProduct(competitor_id=competitor_id, name=one.name, product_id=one.product_id))
    session.flush()


def _checked(session: Session, draft: CompetitorDraft, one: Competitor | None) -> CompetitorDraft:
    """The draft as it is kept; raises Invalid naming each field that breaks a rule."""
    aliases = [part.strip() for part in draft.aliases.split(",") if part.strip()]
    draft = replace(
        draft,
        name=draft.name.strip(),
        aliases=", ".join(aliases),
        goals=draft.goals.strip(),
        home_region=draft.home_region.strip(),
        note=draft.note.strip(),
        products=tuple(replace(item, name=item.name.strip()) for item in draft.products if item.name.strip()),
    )
    problems = {}
    if not fold(draft.name) or len(draft.name) > _LONGEST:
        problems["name"] = _("Give the competitor a name of at most {most} characters.").format(most=_LONGEST)
    taken = _taken(session, one)
    for field, names in (("name", [draft.name]), ("aliases", aliases)):
        for name in names:
            if field not in problems and fold(name) in taken:
                text = _("{other} is called that already: choose another name, or use that one.")
                problems[field] = text.format(other=taken[fold(name)])
    known = set(session.scalars(select(Segment.id)))
    if not known.issuperset(draft.segment_ids):
        problems["segment_ids"] = _("Choose segments that are there.")
    ours = {item.product_id for item in draft.products if item.product_id is not None}
    if ours - set(session.scalars(select(Product.id).where(Product.id.in_(ours)))):
        problems["products"] = _("Choose products that are there.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)
    return draft


def _taken(session: Session, one: Competitor | None) -> dict[str, str]:
    """Names and other names that other competitors bear, folded."""
    others = session.scalars(select(Competitor))
    return {
        fold(name): other.name
        for other in others
        if one is None or other.id != one.id
        for name in _row(other).names
    }


def _overtaken(stored: CompetitorDraft, typed: CompetitorDraft, version: int) -> Conflict:
    said = vars(typed)
    return Conflict(
        _("Somebody else changed this competitor meanwhile. Look at the new values and save again."),
        current={name: value for name, value in vars(stored).items() if value != said[name]},
        version=version,
    )
