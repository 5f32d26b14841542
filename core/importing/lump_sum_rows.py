"""Lump sum files: what accounts are promised, row by row; a row with a number changes that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from core import auth, authority, lump_sums
from core.auth import Actor
from core.errors import Conflict, Forbidden, Invalid
from core.importing import findings, records
from core.importing.columns import MISSING, Values
from core.importing.findings import Findings
from core.importing.options import Options
from core.importing.records import Recorder, RecordPlan
from core.importing.tables import Progress
from core.language import N_, _
from core.lump_sums import LumpSumDraft, LumpSumRow
from core.models import ImportBatch
from core.money import MONEY_SCALE
from core.vocabulary import LumpSumKind, Permission

NO_KIND = N_("the kind is listing_fee, display, leaflet, marketing or other")
NO_NUMBER = N_("there is no such lump sum of this account")
PAID = N_("more than this amount is paid already")
BEYOND = N_("the amount is beyond the limits of your role")

_TEXTS, _WHOLES = ("account", "kind", "reason", "number"), ("amount", "valid_from", "valid_to")
_FIELDS = {"first_on": "valid_from", "last_on": "valid_to"}


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options, _progress: Progress
) -> RecordPlan:
    """Compare every row with the lump sum of its number, else with one of the same account, kind, day and reason."""
    auth.require(actor, Permission.TERM_WRITE)
    known = {name: values.whole(name) != MISSING for name in _WHOLES}
    known |= {name: values.text(name).known for name in ("account", "kind", "reason")}
    findings.required(found, known, ("account", "kind", "amount", "valid_from", "valid_to", "reason"))
    accounts = records.account_ids(session, actor, values, found, options)
    said = [records.given(values, row, _TEXTS, _WHOLES) for row in range(values.rows)]
    keys = [
        (one.get("number") or tuple(one.get(name) for name in ("kind", "valid_from", "reason")), account)
        for one, account in zip(said, accounts, strict=True)
    ]
    repeated = records.refuse_twice(found, values, "amount", keys, said)
    standing = _Standing(lump_sums.search(session, actor))
    outcome, against = RecordPlan(values.rows), dict[tuple[str, str], list[int]]()
    refused = found.refused
    for row, one in enumerate(said):
        if refused[row] or repeated.get(row):
            continue
        problem = _planned(session, actor, _Row(row, accounts[row], one), standing, outcome)
        if problem is not None:
            against.setdefault(problem, []).append(row)
    for (name, reason), places in against.items():
        records.refuse_rows(found, values.rows, name, reason, places)
    return outcome


@dataclass(frozen=True)
class _Row:
    place: int
    account_id: int
    said: Mapping[str, Any]


class _Standing:
    """The lump sums that the actor sees, by number and by what a row without a number says."""

    def __init__(self, rows: list[LumpSumRow]) -> None:
        self.by_number = {row.name: row for row in rows}
        self.by_words = {
            (row.account_id, row.draft.kind, row.draft.first_on, row.draft.reason): row for row in rows
        }


def _planned(
    session: Session, actor: Actor, row: _Row, standing: _Standing, outcome: RecordPlan
) -> tuple[str, str] | None:
    """What is done for a row; or the field and the reason against it."""
    said = row.said
    if said["kind"].lower() not in set(LumpSumKind):
        return "kind", NO_KIND
    first, last = (date.fromordinal(said[name]) for name in ("valid_from", "valid_to"))
    draft = LumpSumDraft(
        LumpSumKind(said["kind"].lower()), Decimal(said["amount"]) / MONEY_SCALE, first, last, said["reason"]
    )
    try:
        lump_sums.check(draft)
    except Invalid as error:
        name, reason = next(iter(error.fields.items()))
        return _FIELDS.get(name, name), reason
    before = standing.by_words.get((row.account_id, draft.kind, first, draft.reason))
    if "number" in said:
        before = standing.by_number.get(said["number"].upper())
        if before is None or before.account_id != row.account_id:
            return "number", NO_NUMBER
    if before is not None and before.draft == draft:
        return None
    return _granted(session, actor, row, draft, before, outcome)


def _granted(
    session: Session,
    actor: Actor,
    row: _Row,
    draft: LumpSumDraft,
    before: LumpSumRow | None,
    outcome: RecordPlan,
) -> tuple[str, str] | None:
    amount = draft.amount or Decimal(0)
    if before is not None and amount < before.settled:
        return "amount", PAID
    if before is None or amount > (before.draft.amount or 0):
        try:
            authority.require_amount(session, actor, amount)
        except Forbidden:
            return "amount", BEYOND
    if before is None:
        outcome.new(row.place)
    else:
        outcome.change(row.place)
    outcome.act(_Record(row.account_id, draft, before).run)
    return None


@dataclass(frozen=True)
class _Record:
    account_id: int
    draft: LumpSumDraft
    before: LumpSumRow | None

    def run(self, recorder: Recorder) -> None:
        session, actor, before = recorder.session, recorder.actor, self.before
        if before is None:
            number = version = lump_sums.agree(session, actor, self.account_id, self.draft)
        else:
            number = before.number
            version = lump_sums.change(session, actor, number, self.draft, version=before.version)
        was = None if before is None else vars(before.draft)
        recorder.keep("lump_sums", number, was, {**vars(self.draft), "version": version})
        recorder.count("lump_sums_agreed" if before is None else "lump_sums_changed")


def undo(session: Session, actor: Actor, batch: ImportBatch, _moment: datetime) -> None:
    """Withdraw what the batch agreed, and agree again what it changed; refused where somebody has gone on since."""
    auth.require(actor, Permission.TERM_WRITE)
    for change in records.changes_of(session, batch.id):
        version = change.after["version"]
        try:
            if change.before is None:
                lump_sums.withdraw(session, actor, change.entity_id, version=version)
            else:
                lump_sums.change(session, actor, change.entity_id, _draft(change.before), version=version)
        except Conflict as conflict:
            raise Conflict(
                _("{name} was changed since, so the import cannot be undone.").format(
                    name=f"L{change.entity_id}"
                )
            ) from conflict


def _draft(kept: Mapping[str, Any]) -> LumpSumDraft:
    first, last = (date.fromisoformat(kept[name]) for name in ("first_on", "last_on"))
    return LumpSumDraft(LumpSumKind(kept["kind"]), Decimal(kept["amount"]), first, last, kept["reason"])
