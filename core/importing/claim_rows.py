"""Files of competitor claims: each row one statement; one that is there already is compared, and changed by a version.

A claim is the same where competitor, account, scope, topic, statement and day of observation are. Competitors are
created when they are new; what comes from a competitor itself is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, clock, competitors, entitlements
from core import competitor_claim_records as claims
from core.auth import Actor
from core.claim_rules import fold
from core.competitor_claim_records import Stamp
from core.competitor_claims import ClaimDraft, draft_of, in_reach
from core.competitors import CompetitorDraft
from core.errors import Conflict
from core.importing import cells, findings, lookups, records
from core.importing.columns import MISSING, Values
from core.importing.findings import Findings
from core.importing.lookups import UNKNOWN
from core.importing.options import Options
from core.importing.records import Recorder, RecordPlan
from core.importing.tables import Progress
from core.language import N_, _
from core.models import Category, CompetitorClaim, ImportBatch, Unit
from core.money import MONEY_SCALE, RATE_SCALE
from core.vocabulary import ClaimTopic, Permission, Reliability, SourceKind, Swot

NO_TOPIC = N_("the topic is price, terms, product, people, logistics, finance, legal or goal")
NO_SWOT = N_("say strength, weakness, opportunity or threat")
NO_SOURCE = N_("the source is buyer, user, own_staff, distributor, market, press, event or other")
NO_GRADE = N_("reliability is a letter from A to F")
NO_ANSWER = N_("say yes or no")
NO_PRODUCT = N_("there is no such product")
NO_CATEGORY = N_("there is no such category")
NO_UNIT = N_("there is no such unit: add it to a product first")
NOT_YET = N_("this day is still to come")

_TEXTS = ("competitor", "statement", "source_kind", "account", "topic", "swot", "product", "category", "unit",
          "source", "reliability", "confidential")  # fmt: skip
_WHOLES = ("observed_on", "price", "price_gap", "valid_to", "credibility", "confirmed_on", "refuted_on",
           "recorded_on")  # fmt: skip
_YES, _NO = {"yes", "y", "true", "1", "ya"}, {"no", "n", "false", "0", "tidak"}
_FIELD_OF = {"scope": "product", "last_on": "valid_to", "unit_id": "unit", "competitor_id": "competitor"}


@dataclass(frozen=True)
class _Row:
    """What a row says; a competitor without an id is created with the import."""

    draft: ClaimDraft
    competitor: str
    stamp: Stamp

    @property
    def key(self) -> tuple[Any, ...]:
        return _key(self.draft, self.competitor)


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options, _progress: Progress
) -> RecordPlan:
    """Compare every row with the claims that the actor sees."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    required = ("competitor", "statement", "observed_on", "source_kind")
    known = {name: values.text(name).known for name in required if name != "observed_on"}
    known["observed_on"] = values.whole("observed_on") != MISSING
    findings.required(found, known, required)
    said = [records.given(values, row, _TEXTS, _WHOLES) for row in range(values.rows)]
    reader = _Reader(session, actor, values, found, options, said)
    in_force = _in_force(session, actor)
    outcome = RecordPlan(values.rows)
    seen: set[tuple[Any, ...]] = set()
    for place, row in reader.rows().items():
        if row.key in seen:
            continue
        seen.add(row.key)
        before = in_force.get(row.key)
        if before is None:
            outcome.new(place)
            outcome.act(_Write(row, None).run)
        elif _differs(before, row):
            outcome.change(place)
            outcome.act(_Write(row, (before.number, before.id)).run)
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
        self._session, self._actor, self._values, self._found, self._said = (
            session,
            actor,
            values,
            found,
            said,
        )
        self._accounts = records.account_ids(session, actor, values, found, options)
        self._products = lookups.products(session)
        self._categories = {row.name: row.id for row in session.scalars(select(Category))}
        self._units = {row.name: row.id for row in session.scalars(select(Unit))}
        rows = competitors.search(session, actor, with_inactive=True)
        self._rivals = {fold(name): row for row in rows for name in row.names}

    def rows(self) -> dict[int, _Row]:
        """The rows that break no rule, by place."""
        read: dict[int, _Row] = {}
        against: dict[tuple[str, str], list[int]] = {}
        refused = self._found.refused
        for place, one in enumerate(self._said):
            if refused[place]:
                continue
            problems = self._problems(one)
            if not problems:
                row = self._row(place, one)
                problems = self._of_draft(row)
                read[place] = row
            for problem in problems:
                against.setdefault(problem, []).append(place)
        for (name, reason), places in against.items():
            records.refuse_rows(self._found, self._values.rows, name, reason, places)
        refused = self._found.refused
        return {place: row for place, row in read.items() if not refused[place]}

    def _problems(self, one: Mapping[str, Any]) -> list[tuple[str, str]]:
        wrong = [
            (name, reason)
            for name, words, usual, reason in (
                ("topic", {*ClaimTopic}, ClaimTopic.PRODUCT, NO_TOPIC),
                ("swot", {*Swot}, Swot.THREAT, NO_SWOT),
                ("source_kind", {*SourceKind}, SourceKind.OTHER, NO_SOURCE),
                ("reliability", {grade.lower() for grade in Reliability}, "f", NO_GRADE),
                ("confidential", _YES | _NO, "no", NO_ANSWER),
            )
            if one.get(name, usual).lower() not in words
        ]
        if "product" in one and self._products.find(one["product"]) == UNKNOWN:
            wrong.append(("product", NO_PRODUCT))
        if "category" in one and one["category"] not in self._categories:
            wrong.append(("category", NO_CATEGORY))
        if "unit" in one and one["unit"] not in self._units:
            wrong.append(("unit", NO_UNIT))
        today = clock.today().toordinal()
        past = ("confirmed_on", "refuted_on", "recorded_on")
        return wrong + [(name, NOT_YET) for name in past if one.get(name, today) > today]

    def _row(self, place: int, one: Mapping[str, Any]) -> _Row:
        rival = self._rivals.get(fold(one["competitor"]))
        account = self._accounts[place]
        draft = ClaimDraft(
            competitor_id=None if rival is None else rival.id,
            statement=one["statement"],
            topic=ClaimTopic(one.get("topic", ClaimTopic.PRODUCT).lower()),
            swot=Swot(one.get("swot", Swot.THREAT).lower()),
            account_id=None if account == MISSING else account,
            product_id=self._products.find(one["product"]) if "product" in one else None,
            category_id=self._categories.get(one.get("category", "")),
            price=None if "price" not in one else Decimal(one["price"]) / MONEY_SCALE,
            unit_id=self._units.get(one.get("unit", "")),
            price_gap=None if "price_gap" not in one else Decimal(one["price_gap"]) / RATE_SCALE,
            observed_on=_day(one, "observed_on"),
            last_on=_day(one, "valid_to"),
            source_kind=SourceKind(one["source_kind"].lower()),
            source=one.get("source", ""),
            reliability=Reliability(one.get("reliability", "F").upper()),
            credibility=one.get("credibility", 6),
            is_confidential=one.get("confidential", "no").lower() in _YES,
        )
        recorded_on = _day(one, "recorded_on")
        stamp = Stamp(
            None if recorded_on is None else entitlements.start_of(recorded_on),
            _day(one, "confirmed_on"),
            _day(one, "refuted_on"),
        )
        return _Row(draft, rival.name if rival is not None else one["competitor"], stamp)

    def _of_draft(self, row: _Row) -> list[tuple[str, str]]:
        rival = self._rivals.get(fold(row.competitor))
        names = (row.competitor,) if rival is None else rival.names
        wrong = claims.problems_of(self._session, self._actor, row.draft, names)
        return [(_FIELD_OF.get(name, name), reason) for name, reason in wrong.items()]


def _day(one: Mapping[str, Any], name: str) -> date | None:
    return date.fromordinal(one[name]) if name in one else None


def _in_force(session: Session, actor: Actor) -> dict[tuple[Any, ...], CompetitorClaim]:
    names = {row.id: row.name for row in competitors.search(session, actor, with_inactive=True)}
    query = select(CompetitorClaim).where(
        CompetitorClaim.superseded_at.is_(None), CompetitorClaim.is_withdrawn.is_(False), in_reach(actor)
    )
    rows = session.scalars(query.order_by(CompetitorClaim.number.desc()))
    return {_key(draft_of(row), names[row.competitor_id]): row for row in rows}


def _key(draft: ClaimDraft, competitor: str) -> tuple[Any, ...]:
    return (
        fold(competitor), draft.account_id, draft.product_id, draft.category_id, draft.topic, fold(draft.statement),
        draft.observed_on,
    )  # fmt: skip


def _differs(before: CompetitorClaim, row: _Row) -> bool:
    stored = draft_of(before)
    stored = replace(stored, statement=_as_read(stored.statement), source=_as_read(stored.source))
    days = (before.confirmed_on, before.refuted_on)
    return stored != row.draft or days != (row.stamp.confirmed_on, row.stamp.refuted_on)


def _as_read(text: str) -> str:
    """A text as a file brings it: on one line, and a dash for none."""
    said = cells.clean(text)
    return "" if cells.is_unknown(said) else said


@dataclass(frozen=True)
class _Write:
    row: _Row
    before: tuple[int, int] | None  # number and version

    def run(self, recorder: Recorder) -> None:
        session, actor, row = recorder.session, recorder.actor, self.row
        stamp = replace(row.stamp, batch_id=recorder.batch_id)
        if self.before is not None:
            number, version = self.before
            claims.change(session, actor, number, row.draft, version=version, stamp=stamp)
            recorder.count("claims_changed")
            return
        draft = row.draft
        if draft.competitor_id is None:
            draft = replace(draft, competitor_id=_rival(recorder, row.competitor))
        claims.record(session, actor, draft, stamp=stamp)
        recorder.count("claims_recorded")


def _rival(recorder: Recorder, name: str) -> int:
    """The competitor of this name, created with the first row that names it."""
    rows = competitors.search(recorder.session, recorder.actor, with_inactive=True)
    for row in rows:
        if fold(name) in map(fold, row.names):
            return row.id
    recorder.count("competitors_created")
    return competitors.create(recorder.session, recorder.actor, CompetitorDraft(name))


def undo(session: Session, actor: Actor, batch: ImportBatch, _moment: datetime) -> None:
    """Take the claims of this batch back, and what they said before where it changed them."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    query = select(CompetitorClaim).where(CompetitorClaim.batch_id == batch.id).order_by(CompetitorClaim.id)
    for version in list(session.scalars(query)):
        if version.superseded_at is not None:
            raise Conflict(
                _("Claim C{number} was changed since, so the import cannot be undone.").format(
                    number=version.number
                )
            )
        if version.id == version.number:
            claims.withdraw(session, actor, version.number, version=version.id)
        else:
            claims.revert(session, actor, version.number, version=version.id)
