"""Floor price files: the least net prices of products, categories and segments, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, floors
from core.auth import Actor
from core.errors import Invalid
from core.floors import FloorDraft, FloorRow
from core.importing import findings, lookups, records
from core.importing.columns import MISSING, Values
from core.importing.findings import Findings
from core.importing.lookups import UNKNOWN
from core.importing.options import Options
from core.importing.records import Recorder, RecordPlan
from core.importing.tables import Progress
from core.language import N_
from core.models import Category, ImportBatch, Segment
from core.money import MONEY_SCALE, RATE_SCALE
from core.vocabulary import Permission

NO_PRODUCT = N_("there is no such product")
NO_CATEGORY = N_("there is no such category")
NO_SEGMENT = N_("there is no such segment")

_TEXTS = ("product", "category", "segment", "reason")
_WHOLES = ("price", "list_share", "valid_from", "valid_to")
_FIELDS = {"product_id": "product", "category_id": "category", "segment_id": "segment"}


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, _options: Options, _progress: Progress
) -> RecordPlan:
    """Compare every row with the floor of its scope that begins on the same day."""
    auth.require(actor, Permission.FLOOR_WRITE)
    auth.require(actor, Permission.COST_READ)
    known = {"valid_from": values.whole("valid_from") != MISSING, "reason": values.text("reason").known}
    findings.required(found, known, ("valid_from", "reason"))
    said = [records.given(values, row, _TEXTS, _WHOLES) for row in range(values.rows)]
    keys = [tuple(one.get(name) for name in ("product", "category", "segment", "valid_from")) for one in said]
    repeated = records.refuse_twice(found, values, "valid_from", keys, said)
    reader, outcome = _Reader(session), RecordPlan(values.rows)
    against: dict[tuple[str, str], list[int]] = {}
    drafts: list[tuple[int, FloorDraft]] = []
    for row, one in enumerate(said):
        if found.refused[row] or repeated.get(row):
            continue
        draft = reader.read(one)
        if isinstance(draft, FloorDraft):
            drafts.append((row, draft))
        else:
            against.setdefault(draft, []).append(row)
    for (name, reason), places in against.items():
        records.refuse_rows(found, values.rows, name, reason, places)
    _compare(drafts, floors.search(session, actor), outcome)
    return outcome


class _Reader:
    """Rows as drafts."""

    def __init__(self, session: Session) -> None:
        self._products = lookups.products(session)
        self._categories = {row.name: row.id for row in session.scalars(select(Category))}
        self._segments = {row.name: row.id for row in session.scalars(select(Segment))}

    def read(self, one: Mapping[str, Any]) -> FloorDraft | tuple[str, str]:
        """The draft; or the field and the reason against it."""
        product = self._products.find(one["product"]) if "product" in one else None
        if product == UNKNOWN:
            return "product", NO_PRODUCT
        if "category" in one and one["category"] not in self._categories:
            return "category", NO_CATEGORY
        if "segment" in one and one["segment"] not in self._segments:
            return "segment", NO_SEGMENT
        last = one.get("valid_to")
        draft = FloorDraft(
            date.fromordinal(one["valid_from"]),
            product_id=product,
            category_id=self._categories.get(one.get("category", "")),
            segment_id=self._segments.get(one.get("segment", "")),
            price=Decimal(one["price"]) / MONEY_SCALE if "price" in one else None,
            list_share=Decimal(one["list_share"]) / RATE_SCALE if "list_share" in one else None,
            valid_to=None if last is None else date.fromordinal(last) + timedelta(days=1),
            reason=one["reason"],
        )
        try:
            floors.check(draft)
        except Invalid as error:
            name, reason = next(iter(error.fields.items()))
            return _FIELDS.get(name, name), reason
        return draft


def _compare(drafts: Sequence[tuple[int, FloorDraft]], rows: Sequence[FloorRow], outcome: RecordPlan) -> None:
    standing: dict[str, dict[date, FloorRow]] = {}
    for row in rows:
        standing.setdefault(row.draft.key, {})[row.draft.valid_from] = row
    for place, draft in drafts:
        lane = standing.get(draft.key, {})
        same = lane.get(draft.valid_from)
        if same is not None and _says(same.draft, draft, lane):
            continue
        if same is None:
            outcome.new(place)
        else:
            outcome.change(place)
        outcome.act(_Record(draft).run)


def _says(stored: FloorDraft, draft: FloorDraft, lane: Mapping[date, FloorRow]) -> bool:
    """Whether a row says what is stored; one that would go on ends where the next begins."""
    later = min((day for day in lane if day > draft.valid_from), default=date.max)
    end = min(draft.valid_to or date.max, later)
    values = [(one.price, one.list_share, one.reason) for one in (stored, draft)]
    return values[0] == values[1] and (stored.valid_to or date.max) == end


@dataclass(frozen=True)
class _Record:
    draft: FloorDraft

    def run(self, recorder: Recorder) -> None:
        session, actor = recorder.session, recorder.actor
        before = floors.standing(session, actor, self.draft.key)
        version = next((key for key, first in before if first == self.draft.valid_from), None)
        number = floors.record(session, actor, self.draft, version=version)
        after = floors.standing(session, actor, self.draft.key)
        kept = {"key": self.draft.key, "ids": [key for key, _first in before]}
        recorder.keep("floor_prices", number, kept, {**kept, "ids": [key for key, _first in after]})
        recorder.count("floors_recorded")


def undo(session: Session, actor: Actor, batch: ImportBatch, _moment: datetime) -> None:
    """Put the floors of each scope back as they stood before the batch, the last change first."""
    for change in records.changes_of(session, batch.id):
        before = change.before or {"ids": []}
        floors.put_back(session, actor, change.after["key"], before["ids"], change.after["ids"])
