"""Term files: special prices, discounts, quantity tiers and promotions, each version with the day it became known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, authority, clock, entitlements, term_drafts, term_timelines, term_versions, terms
from core.auth import Actor
from core.errors import Invalid, UtamaError
from core.importing import cells, findings, lookups, records
from core.importing.columns import MISSING, Values
from core.importing.findings import Findings
from core.importing.lookups import UNKNOWN
from core.importing.options import Options
from core.importing.records import Recorder, RecordPlan
from core.importing.tables import Progress
from core.language import N_
from core.models import Category, Group, ImportBatch, Segment, Term, Unit
from core.money import QUANTITY_SCALE, RATE_SCALE, round_money
from core.term_drafts import Scope, TermDraft
from core.term_timelines import Span
from core.vocabulary import Permission, TermDate, TermKind, TermStatus, TierBasis, TierMode, TierPeriod

NO_KIND = N_(
    "the kind is special_price, discount, quantity_tier, promotion, volume_tier, prompt_payment, freight or "
    "payment_terms"
)
NO_STATUS = N_("the status is draft, submitted, approved or rejected")
NO_STACKS = N_("say yes or no")
NO_DATE = N_("the term goes by the order, the delivery or the invoice date: order, delivery or invoice")
NO_BASIS = N_("a term counts line, period_quantity or period_revenue")
NO_PERIOD = N_("the period is month, quarter or year")
NO_MODE = N_("the mode is all_units or marginal")
NO_UNIT = N_("there is no such unit: add it to a product first")
NO_PRODUCT = N_("there is no such product")
ONE_CUSTOMER = N_("give an account, a group or a segment: one of them")
ONE_PRODUCT = N_("give a product or a category, not both")
NOT_TO_APPROVE = N_("approving terms needs the permission term:approve")
BEYOND_AUTHORITY = N_(
    "it is beyond the limits of your role: give it the status submitted, so that others decide"
)
LATER_THAN_TODAY = N_("what is known cannot be dated after today")
OVERLAP = N_("an approved term of the same scope, kind and minimum quantity holds on some of these days")

_TEXTS = ("kind", "account", "group", "segment", "product", "category", "stacks", "reason", "status",
          "governed_by", "unit", "basis", "period", "mode", "exception")  # fmt: skip
_WHOLES = ("value", "valid_from", "valid_to", "min_quantity", "recorded_on", "days")
# What says something only in the words of the store.
_WORDS: dict[str, tuple[type[StrEnum], str]] = {
    "governed_by": (TermDate, NO_DATE),
    "basis": (TierBasis, NO_BASIS),
    "period": (TierPeriod, NO_PERIOD),
    "mode": (TierMode, NO_MODE),
}
_YES, _NO = {"yes", "y", "true", "1", "ya"}, {"no", "n", "false", "0", "tidak"}
_NEW = -1  # stands for the id of a group, segment or category that is created with the import


@dataclass(frozen=True)
class _Row:
    """What a row grants, and since when that is known; names stand for what is created with the import."""

    place: int
    draft: TermDraft
    recorded_on: date | None
    names: tuple[tuple[str, str], ...] = ()

    @property
    def lane(self) -> tuple[Any, ...]:
        approved = self.draft.status is TermStatus.APPROVED
        draft = self.draft
        return draft.scope.key, self.names, draft.kind, draft.min_quantity, draft.is_exception, approved


@dataclass
class _Version:
    """A version as the plan sees it: one that is stored, or a row of the file."""

    span: Span
    said: tuple[Any, ...]
    row: int | None = None


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options, _progress: Progress
) -> RecordPlan:
    """Compare every row with the versions that are known, in the order in which they became known."""
    auth.require(actor, Permission.TERM_WRITE)
    known = {name: values.whole(name) != MISSING for name in ("value", "valid_from")}
    known["kind"] = values.text("kind").known
    findings.required(found, known, ("kind", "value", "valid_from"))
    said = [records.given(values, row, _TEXTS, _WHOLES) for row in range(values.rows)]
    rows = _Reader(session, actor, values, found, options, said).rows()
    outcome = RecordPlan(values.rows)
    taken = _within_authority(
        session, actor, _compared(session, rows, found, values, outcome), found, outcome
    )
    if taken:
        outcome.act(_Record(tuple(taken)).run)
    return outcome


class _Reader:
    """Rows as drafts; what a row says wrongly is noted against its cell."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        values: Values,
        found: Findings,
        options: Options,
        said: list[dict[str, Any]],
    ) -> None:
        self._session, self._actor, self._values, self._found = session, actor, values, found
        self._said = said
        self._accounts = records.account_ids(session, actor, values, found, options)
        self._products = lookups.products(session)
        self._named = {
            "group": _groups(session),
            "segment": {row.name: row.id for row in session.scalars(select(Segment))},
            "category": {row.name: row.id for row in session.scalars(select(Category))},
        }
        self._units = {row.name: row.id for row in session.scalars(select(Unit))}
        self._allowed: dict[Scope, str | None] = {}

    def rows(self) -> list[_Row]:
        drafts: list[_Row] = []
        against: dict[tuple[str, str], list[int]] = {}
        refused = self._found.refused
        for place, one in enumerate(self._said):
            if refused[place]:
                continue
            problems = self._problems(one)
            if not problems:
                row = self._row(place, one)
                problems = self._of_draft(row)
                drafts.append(row)
            for problem in problems:
                against.setdefault(problem, []).append(place)
        for (name, reason), places in against.items():
            records.refuse_rows(self._found, self._values.rows, name, reason, places)
        refused = self._found.refused
        return [row for row in drafts if not refused[row.place]]

    def _problems(self, one: Mapping[str, Any]) -> list[tuple[str, str]]:
        found = []
        if one["kind"].lower() not in set(TermKind):
            found.append(("kind", NO_KIND))
        if one.get("status", TermStatus.DRAFT).lower() not in set(TermStatus):
            found.append(("status", NO_STATUS))
        elif self._status(one) is TermStatus.APPROVED and not self._actor.may(Permission.TERM_APPROVE):
            found.append(("status", NOT_TO_APPROVE))
        found += [
            (name, NO_STACKS)
            for name in ("stacks", "exception")
            if one.get(name, "no").lower() not in _YES | _NO
        ]
        if sum(name in one for name in ("account", "group", "segment")) != 1:
            found.append(("account", ONE_CUSTOMER))
        if "product" in one and "category" in one:
            found.append(("product", ONE_PRODUCT))
        elif "product" in one and self._products.find(one["product"]) == UNKNOWN:
            found.append(("product", NO_PRODUCT))
        found += [
            (name, reason)
            for name, (words, reason) in _WORDS.items()
            if one.get(name, next(iter(words))).lower() not in set(words)
        ]
        if "unit" in one and one["unit"] not in self._units:
            found.append(("unit", NO_UNIT))
        if "recorded_on" in one and date.fromordinal(one["recorded_on"]) > clock.today():
            found.append(("recorded_on", LATER_THAN_TODAY))
        return found

    def _status(self, one: Mapping[str, Any]) -> TermStatus:
        """Without a word on it a term is in force where the actor may put it into force, else a draft."""
        if "status" in one:
            return TermStatus(one["status"].lower())
        return TermStatus.APPROVED if self._actor.may(Permission.TERM_APPROVE) else TermStatus.DRAFT

    def _row(self, place: int, one: Mapping[str, Any]) -> _Row:
        ids: dict[str, int | None] = {}
        names = []
        if "account" in one:
            ids["account_id"] = self._accounts[place]
        if "product" in one:
            ids["product_id"] = self._products.find(one["product"])
        for what, directory in self._named.items():
            if what in one:
                ids[f"{what}_id"] = directory.get(one[what], _NEW)
                if one[what] not in directory:
                    names.append((what, one[what]))
        kind, value = TermKind(one["kind"].lower()), Decimal(one["value"]) / RATE_SCALE
        end = one.get("valid_to")
        draft = TermDraft(
            scope=Scope(**ids),
            kind=kind,
            value=round_money(value) if kind.is_money else value,
            valid_from=date.fromordinal(one["valid_from"]),
            valid_to=None if end is None else date.fromordinal(end) + timedelta(days=1),
            min_quantity=Decimal(one.get("min_quantity", 0)) / QUANTITY_SCALE,
            stacks=one.get("stacks", "no").lower() in _YES,
            is_exception=one.get("exception", "no").lower() in _YES,
            status=self._status(one),
            reason=one.get("reason", ""),
            governed_by=TermDate(one.get("governed_by", TermDate.ORDER).lower()),
            basis=TierBasis(one.get("basis", TierBasis.LINE).lower()),
            period=TierPeriod(one["period"].lower()) if "period" in one else None,
            mode=TierMode(one["mode"].lower()) if "mode" in one else None,
            unit_id=self._units[one["unit"]] if "unit" in one else None,
            days=one.get("days"),
        )
        recorded_on = None if "recorded_on" not in one else date.fromordinal(one["recorded_on"])
        return _Row(place, draft, recorded_on, tuple(names))

    def _of_draft(self, row: _Row) -> list[tuple[str, str]]:
        try:
            term_drafts.check(row.draft)
        except Invalid as error:
            return list(error.fields.items())
        if _NEW in (row.draft.scope.group_id, row.draft.scope.segment_id):
            return []  # nobody is in it yet
        scope = row.draft.scope
        if scope not in self._allowed:
            self._allowed[scope] = self._why_not(scope)
        reason = self._allowed[scope]
        return [] if reason is None else [("account", reason)]

    def _why_not(self, scope: Scope) -> str | None:
        try:
            terms.require_scope(self._session, self._actor, replace(scope, product_id=None, category_id=None))
        except UtamaError as error:
            return error.message
        return None


def _groups(session: Session) -> dict[str, int]:
    """By name, and by code where no other group has it as its name."""
    groups = list(session.scalars(select(Group)))
    return {group.code: group.id for group in groups} | {group.name: group.id for group in groups}


def _compared(
    session: Session, rows: Sequence[_Row], found: Findings, values: Values, outcome: RecordPlan
) -> list[_Row]:
    """The rows that say something new, in the order in which it became known; overlaps are refused after all."""
    lanes = _stored(session, {row.draft.scope.key for row in rows})
    today, now = clock.today(), clock.now()
    taken: list[_Row] = []
    for row in sorted(rows, key=lambda one: (one.recorded_on or today, one.place)):
        lane = lanes.setdefault(row.lane, [])
        moment = now if row.recorded_on is None else entitlements.start_of(row.recorded_on)
        span = Span(row.draft.valid_from, row.draft.valid_to, moment)
        place = term_timelines.placed([one.span for one in lane], span)
        before = None if place.supersedes is None else lane[place.supersedes]
        if before is not None and before.said == _said(row.draft):
            continue
        known_on = row.recorded_on or today
        if any(one.span.recorded_at.date() == known_on and one.said == _said(row.draft) for one in lane):
            continue  # a file says the day on which it became known, not the hour
        if before is not None:
            before.span = replace(before.span, superseded_at=moment)
        if any(one.span.valid_from == row.draft.valid_from for one in lane):
            outcome.change(row.place)
        else:
            outcome.new(row.place)
        lane.append(_Version(replace(span, superseded_at=place.superseded_at), _said(row.draft), row.place))
        lane.sort(key=lambda one: one.span.recorded_at)
        taken.append(row)
    refused = _overlapping(lanes)
    records.refuse_rows(found, values.rows, "valid_from", OVERLAP, refused)
    outcome.accepted[refused] = outcome.changed[refused] = False
    return [row for row in taken if row.place not in set(refused)]


def _within_authority(
    session: Session, actor: Actor, rows: list[_Row], found: Findings, outcome: RecordPlan
) -> list[_Row]:
    """The rows but for those that would put a term in force beyond what the actor may grant alone."""
    approved = [row for row in rows if row.draft.status is TermStatus.APPROVED]
    if not approved:
        return rows
    places = authority.refused(session, actor, [row.draft for row in approved])
    refused = sorted(approved[place].place for place in places)
    records.refuse_rows(found, len(outcome.accepted), "status", BEYOND_AUTHORITY, refused)
    outcome.accepted[refused] = outcome.changed[refused] = False
    return [row for row in rows if row.place not in set(refused)]


def _said(draft: TermDraft) -> tuple[Any, ...]:
    return (
        draft.price, draft.rate, draft.valid_from, draft.valid_to, draft.stacks, draft.status, draft.reason,
        draft.governed_by, draft.basis, draft.period, draft.mode, draft.unit_id, draft.due_days,
    )  # fmt: skip


def _stored(session: Session, scope_keys: set[str]) -> dict[tuple[Any, ...], list[_Version]]:
    found: dict[tuple[Any, ...], list[_Version]] = {}
    query = select(Term).where(Term.undone_at.is_(None)).order_by(Term.recorded_at, Term.id)
    for term in session.scalars(query):
        if term.scope_key not in scope_keys:
            continue
        approved = term.status is TermStatus.APPROVED
        lane = (term.scope_key, (), term.kind, term.min_quantity, term.is_exception, approved)
        said = (
            term.price, term.rate, term.valid_from, term.valid_to, term.stacks, term.status, _as_read(term.reason),
            term.governed_by, term.basis, term.period, term.mode, term.unit_id, term.days,
        )  # fmt: skip
        found.setdefault(lane, []).append(_Version(term_versions.span_of(term), said))
    return found


def _as_read(reason: str) -> str:
    """A reason as a file brings it: on one line, and a dash for none."""
    text = cells.clean(reason)
    return "" if cells.is_unknown(text) else text


def _overlapping(lanes: Mapping[tuple[Any, ...], Sequence[_Version]]) -> list[int]:
    """The rows of the file that meet another approved version; of two rows the later one is refused."""
    refused: list[int] = []
    for (*_scope, approved), versions in lanes.items():
        if not approved:
            continue
        spans = [one.span for one in versions]
        for one in versions:
            if one.row is None:
                continue
            met = term_timelines.overlapping(spans, one.span)
            earlier = [versions[place] for place in met if versions[place].row not in refused]
            if any(other.row is None or other.row < one.row for other in earlier):
                refused.append(one.row)
    return sorted(refused)


@dataclass(frozen=True)
class _Record:
    """Every row of the file in one step, so that overlaps are looked for after all of them."""

    rows: tuple[_Row, ...]

    def run(self, recorder: Recorder) -> None:
        recordings = [
            term_versions.Recording(
                replace(row.draft, scope=_scope(recorder, row)),
                None if row.recorded_on is None else entitlements.start_of(row.recorded_on),
            )
            for row in self.rows
        ]
        made = term_versions.record_many(
            recorder.session, recorder.actor, recordings, batch_id=recorder.batch_id
        )
        recorder.counts["terms_recorded"] = len(made)


def _scope(recorder: Recorder, row: _Row) -> Scope:
    models: dict[str, Any] = {"group": Group, "segment": Segment, "category": Category}
    made = {f"{what}_id": recorder.named(models[what], name).id for what, name in row.names}
    return replace(row.draft.scope, **made)


def undo(session: Session, actor: Actor, batch: ImportBatch, moment: datetime) -> None:
    """Take the versions of this batch back."""
    term_versions.undo(session, actor, batch, moment)
