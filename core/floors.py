"""Floor prices: the least net price of a product, a category's or a segment's, and since when we know it.

The most specific floor in force on the day counts, alone, in this order: the product in the segment, the product, the
category in the segment, the category, the segment. A floor is a price of one base unit, or a share of the list price of
that day. Only who may see cost is shown a floor; prices honour it whoever asks, and then say “below floor” without it.

Each floor is kept as versions with two clocks, as terms are: a change supersedes, and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from core import audit, auth, clock, term_timelines
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import Category, FloorPrice, Product, Segment
from core.money import round_money, round_ratio
from core.periods import holds
from core.term_timelines import Span
from core.vocabulary import Permission


@dataclass(frozen=True)
class FloorDraft:
    """A floor as somebody types it: for a product, a category or a segment, or a segment beside one of those."""

    valid_from: date
    product_id: int | None = None
    category_id: int | None = None
    segment_id: int | None = None
    price: Decimal | None = None  # of one base unit, base currency
    list_share: Decimal | None = None  # share of the list price
    valid_to: date | None = None  # exclusive
    reason: str = ""

    @property
    def key(self) -> str:
        goods = next(
            (
                f"{name}:{key}"
                for name, key in (("product", self.product_id), ("category", self.category_id))
                if key
            ),
            "everything",
        )
        return goods if self.segment_id is None else f"{goods}/segment:{self.segment_id}"


@dataclass(frozen=True)
class FloorRow:
    """One version of a floor with the names of what it is for."""

    id: int
    number: int
    draft: FloorDraft
    product: str | None  # code
    product_name: str | None
    category: str | None
    segment: str | None
    recorded_at: datetime
    recorded_by: str
    superseded_at: datetime | None

    @property
    def last_day(self) -> date | None:
        """As on paper; None: until further notice."""
        return None if self.draft.valid_to is None else self.draft.valid_to - timedelta(days=1)


_Key = tuple[int | None, int | None, int | None]  # product, category, segment


@dataclass(frozen=True)
class Place:
    """What a line sells to whom, as floors see it."""

    product_id: int
    category_id: int | None
    segment_id: int | None

    @property
    def keys(self) -> tuple[_Key, ...]:
        """Product, category and segment of the floors that reach it, the most specific first."""
        product, category, segment = self.product_id, self.category_id, self.segment_id
        found: list[_Key] = [(product, None, segment), (product, None, None)]
        if category is not None:
            found += [(None, category, segment), (None, category, None)]
        return (*found, (None, None, segment))


Held = tuple[date, date | None, Decimal | None, Decimal | None]  # from, to, price, share of list


class FloorBook:
    """The floors that were known at a moment; `book` reads them."""

    def __init__(self, floors: dict[_Key, list[Held]]) -> None:
        self._floors = floors

    @property
    def is_empty(self) -> bool:
        return not self._floors

    def reaching(self, place: Place) -> list[Held]:
        """The floors of all days that reach a place, the most specific first."""
        return [held for key in place.keys for held in self._floors.get(key, ())]

    def least(self, place: Place, day: date, list_price: Decimal | None) -> Decimal | None:
        """The least net price of one base unit on a day; None without a floor, or without the list price it is of."""
        return least_of(self.reaching(place), day, list_price)


def least_of(reaching: Sequence[Held], day: date, list_price: Decimal | None) -> Decimal | None:
    """The first that holds on a day: its price, or its share of the list price."""
    for valid_from, valid_to, price, share in reaching:
        if holds(valid_from, valid_to, day):
            if price is not None:
                return price
            assert share is not None  # noqa: S101  (the table holds exactly one of the two)
            return None if list_price is None else round_money(list_price * share)
    return None


def book(session: Session, actor: Actor, known_at: datetime | None = None) -> FloorBook:
    """Every floor known at a moment, for making prices: it stays inside core, since not everybody may see floors."""
    auth.require(actor, Permission.TERM_READ)
    found: dict[_Key, list[Held]] = {}
    for row in session.scalars(select(FloorPrice).where(known(known_at)).order_by(FloorPrice.valid_from)):
        key = (row.product_id, row.category_id, row.segment_id)
        found.setdefault(key, []).append((row.valid_from, row.valid_to, row.price, row.list_share))
    return FloorBook(found)


def known(at: datetime | None) -> ColumnElement[bool]:
    """The versions that were known at a moment; None: those in force now."""
    if at is None:
        return FloorPrice.superseded_at.is_(None)
    return and_(
        FloorPrice.recorded_at <= at, or_(FloorPrice.superseded_at.is_(None), FloorPrice.superseded_at > at)
    )


def search(
    session: Session, actor: Actor, *, known_at: datetime | None = None, number: int | None = None
) -> list[FloorRow]:
    """The floors known at a moment, past, present and future; of one number every version, the newest first."""
    auth.require(actor, Permission.COST_READ)
    named: Any = select(FloorPrice, Product.code, Product.name, Category.name, Segment.name)
    query = (
        named.outerjoin(Product, Product.id == FloorPrice.product_id)
        .outerjoin(Category, Category.id == FloorPrice.category_id)
        .outerjoin(Segment, Segment.id == FloorPrice.segment_id)
    )
    if number is not None:
        query = query.where(FloorPrice.number == number).order_by(
            FloorPrice.recorded_at.desc(), FloorPrice.id.desc()
        )
    else:
        query = query.where(known(known_at)).order_by(
            Category.name, Product.code, Segment.name, FloorPrice.valid_from
        )
    return [_row(*one) for one in session.execute(query)]


def _row(
    row: FloorPrice, product: str | None, product_name: str | None, category: str | None, segment: str | None
) -> FloorRow:
    return FloorRow(
        row.id, row.number, _draft_of(row), product, product_name, category, segment, row.recorded_at,
        row.recorded_by, row.superseded_at,
    )  # fmt: skip


def _draft_of(row: FloorPrice) -> FloorDraft:
    return FloorDraft(
        row.valid_from, row.product_id, row.category_id, row.segment_id, row.price, row.list_share, row.valid_to,
        row.reason,
    )  # fmt: skip


def record(session: Session, actor: Actor, draft: FloorDraft, *, version: int | None = None) -> int:
    """Record a floor from a day on; returns its number.

    One of the same scope that began earlier ends before that day and goes on after this one's last day; one that is
    known to begin later stays: this one ends before it. One that begins on the same day is corrected: `version` is the
    id of what the form showed, and another one by now is a Conflict.
    """
    auth.require(actor, Permission.FLOOR_WRITE)
    auth.require(actor, Permission.COST_READ)
    _check(session, draft)
    versions = _of_scope(session, draft.key)
    now = [row for row in versions if row.superseded_at is None]
    same = next((row for row in now if row.valid_from == draft.valid_from), None)
    _refuse_overtaken(now, same, version)
    before = next(
        (row for row in now if row.valid_from < draft.valid_from < (row.valid_to or date.max)), None
    )
    later = min((row.valid_from for row in now if row.valid_from > draft.valid_from), default=None)
    if later is not None and (draft.valid_to is None or draft.valid_to > later):
        draft = replace(draft, valid_to=later)
    moment = clock.now()
    if before is not None:
        rest = _draft_of(before)
        _write(session, actor, replace(rest, valid_to=draft.valid_from), before, moment)
        if draft.valid_to is not None and draft.valid_to < (rest.valid_to or date.max):
            _write(session, actor, replace(rest, valid_from=draft.valid_to), None, moment)
    return _write(session, actor, draft, same, moment).number


def end(session: Session, actor: Actor, number: int, last_day: date, reason: str, *, version: int) -> int:
    """Let a floor hold until a day and not longer; returns the id of the version that stands now."""
    auth.require(actor, Permission.FLOOR_WRITE)
    auth.require(actor, Permission.COST_READ)
    row = session.scalar(select(FloorPrice).where(FloorPrice.number == number, known(None)).with_for_update())
    if row is None:
        raise NotFound(_("There is no such floor price."))
    _refuse_overtaken([row], row, version)
    draft = replace(_draft_of(row), valid_to=last_day + timedelta(days=1), reason=reason.strip())
    _check(session, draft)
    if row.valid_to is not None and draft.valid_to is not None and draft.valid_to > row.valid_to:
        problem = _("It ends on {day} already: record a floor from the next day on instead.").format(
            day=row.valid_to - timedelta(days=1)
        )
        raise Invalid(problem, fields={"valid_to": problem})
    return _write(session, actor, draft, row, clock.now()).id


def standing(session: Session, actor: Actor, key: str) -> list[tuple[int, date]]:
    """Id and first day of each version of a scope that is in force now, in the order of their days."""
    auth.require(actor, Permission.COST_READ)
    now = [row for row in _of_scope(session, key) if row.superseded_at is None]
    return [(row.id, row.valid_from) for row in sorted(now, key=lambda row: row.valid_from)]


def put_back(session: Session, actor: Actor, key: str, before: Sequence[int], after: Sequence[int]) -> None:
    """Let the versions of a scope hold again that stood before; Conflict unless those after it stand now.

    What is put back is recorded anew: `after` and what stands then are alike but for their ids.
    """
    auth.require(actor, Permission.FLOOR_WRITE)
    auth.require(actor, Permission.COST_READ)
    rows = {row.id: row for row in _of_scope(session, key)}
    now = [row for row in rows.values() if row.superseded_at is None]
    if _alike(now) != _alike([rows[one] for one in after if one in rows]):
        raise Conflict(
            _("The floor prices of this scope were changed since, so the import cannot be undone.")
        )
    moment = clock.now()
    wanted = [rows[one] for one in before if one in rows]
    for row in now:
        if _alike([row])[0] not in _alike(wanted):
            row.superseded_at = moment
            subject = Subject("floor", str(row.number), row.scope_key)
            audit.record(session, actor, "floor:undo", subject, audit.differences(_facts(row), {}))
    session.flush()
    kept = _alike([row for row in now if row.superseded_at is None])
    for row in wanted:
        if _alike([row])[0] not in kept:
            _write(session, actor, _draft_of(row), row, moment, again=True)


def _alike(rows: Sequence[FloorPrice]) -> list[Any]:
    """What versions say, whatever their ids."""
    return sorted(tuple(map(str, _facts(row).values())) for row in rows)


def _of_scope(session: Session, key: str) -> list[FloorPrice]:
    query = select(FloorPrice).where(FloorPrice.scope_key == key).with_for_update()
    return list(session.scalars(query.order_by(FloorPrice.recorded_at, FloorPrice.id)))


def _refuse_overtaken(now: Sequence[FloorPrice], same: FloorPrice | None, version: int | None) -> None:
    if version is None:
        if same is not None:
            problem = _("A floor price of this scope begins on that day already: change that one.")
            raise Conflict(problem, fields={"valid_from": problem}, version=same.id)
    elif version not in {row.id for row in now}:
        raise Conflict(
            _("Somebody else changed this floor price meanwhile. Look at the new values and save again."),
            version=same.id if same is not None else None,
        )


def _write(
    session: Session,
    actor: Actor,
    draft: FloorDraft,
    before: FloorPrice | None,
    moment: datetime,
    *,
    again: bool = False,
) -> FloorPrice:
    """One more version; `before` is the one of the same number that it supersedes, or `again` says the same as."""
    row = FloorPrice(
        number=before.number if before is not None else 0,
        product_id=draft.product_id,
        category_id=draft.category_id,
        segment_id=draft.segment_id,
        scope_key=draft.key,
        price=None if draft.price is None else round_money(draft.price),
        list_share=None if draft.list_share is None else round_ratio(draft.list_share),
        reason=draft.reason.strip(),
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        recorded_at=moment,
        recorded_by=actor.username,
    )
    if before is not None and not again:
        before.superseded_at = moment
    session.add(row)
    session.flush()
    if before is None:
        row.number = row.id
        session.flush()
    changes = audit.differences({} if before is None else _facts(before), _facts(row))
    subject = Subject("floor", str(row.number), row.scope_key)
    audit.record(session, actor, "floor:set" if before is None else "floor:change", subject, changes)
    return row


def _facts(row: FloorPrice) -> dict[str, Any]:
    return {
        "floor_price": row.price,
        "floor_share": row.list_share,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "reason": row.reason,
    }


def check(draft: FloorDraft) -> None:
    """Raise Invalid for what breaks a rule whatever is stored."""
    problems = _problems(draft)
    if problems:
        raise Invalid(next(iter(problems.values())), fields=problems)


def _problems(draft: FloorDraft) -> dict[str, str]:
    problems = _of_value(draft)
    if draft.product_id is None and draft.category_id is None and draft.segment_id is None:
        problems["product_id"] = _("A floor price is for a product, a category or a segment: choose one.")
    if draft.product_id is not None and draft.category_id is not None:
        problems["category_id"] = _("Choose a product or a category, not both.")
    if draft.valid_to is not None and draft.valid_to <= draft.valid_from:
        problems["valid_to"] = _("It ends before it begins: choose a last day on or after the first.")
    if not draft.reason.strip():
        problems["reason"] = _("Say in a few words why.")
    return problems


def _check(session: Session, draft: FloorDraft) -> None:
    problems = _problems(draft)
    kinds: tuple[tuple[str, int | None, Any], ...] = (
        ("product_id", draft.product_id, Product), ("category_id", draft.category_id, Category),
        ("segment_id", draft.segment_id, Segment),
    )  # fmt: skip
    for field, key, kind in kinds:
        if key is not None and session.get(kind, key) is None:
            problems[field] = _("There is no such entry any more: choose another.")
    if problems:
        raise Invalid(next(iter(problems.values())), fields=problems)


def _of_value(draft: FloorDraft) -> dict[str, str]:
    if (draft.price is None) == (draft.list_share is None):
        return {"price": _("Give a price or a share of the list price: one of the two.")}
    if draft.list_share is not None and not 0 <= draft.list_share <= 1:
        return {"list_share": _("Give a share between 0 and 1: 0.8 is 80% of the list price.")}
    if draft.price is not None and draft.price < 0:
        return {"price": _("A price is not below zero.")}
    if draft.price is not None and draft.product_id is None:
        return {
            "price": _("A price is for one product: of a category or segment give a share of the list price.")
        }
    return {}


def overlaps(rows: Sequence[FloorPrice]) -> bool:
    """Whether two versions of one scope hold on the same day as known at the same moment: never, and tests say so."""
    spans = [Span(row.valid_from, row.valid_to, row.recorded_at, row.superseded_at) for row in rows]
    return any(
        rows[one].scope_key == rows[other].scope_key and term_timelines.overlap(spans[one], spans[other])
        for one in range(len(rows))
        for other in range(one)
    )
