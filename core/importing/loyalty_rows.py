"""Loyalty files: points that were earned, spent and lapsed elsewhere, each entry known by its key.

A key that stands in the ledger, or earlier in the file, is unchanged whatever else the row says. Rows apply by their
days, then in the order of the file, so that a redemption beyond the balance of its day is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import auth, clock
from core.auth import Actor
from core.errors import Conflict
from core.importing import findings, lookups, records
from core.importing.columns import MISSING, Values
from core.importing.findings import Findings
from core.importing.lookups import UNKNOWN
from core.importing.options import Options
from core.importing.orders import AMBIGUOUS_ACCOUNT
from core.importing.records import Recorder, RecordPlan
from core.importing.tables import Progress
from core.language import N_, _
from core.loyalty import accruals, admission, ledger, members
from core.loyalty.ledger import Draft, Kept
from core.loyalty_vocabulary import EntryKind
from core.models import Account, ImportBatch, LoyaltyEntry
from core.vocabulary import Permission

NO_KIND = N_("the kind is earn, redeem, expire or adjust")
NOT_POSITIVE = N_("give the points above zero: the kind says whether they come or go")
LAPSED = N_("the last day of the points is before the day of the entry")
BEYOND = N_("more points than are there on that day, or than were left for what came later")
NO_ORDERS = N_("orders without an account have no points")

_KINDS = {
    EntryKind.EARN: 1, EntryKind.REDEEM: -1, EntryKind.EXPIRE: -1, EntryKind.ADJUST: 1,
}  # fmt: skip
_TEXTS = ("account", "kind", "key", "reason")
_WHOLES = ("posted_on", "points", "qualifying", "expires_on")
_AT_ONCE = 200


@dataclass(frozen=True)
class _Row:
    """A row that fits the form; the account is a code where it is created with the import."""

    place: int
    account: int | str
    said: dict[str, Any]

    def draft(self, account_id: int, batch_id: int | None) -> Draft:
        kind, last = EntryKind(self.said["kind"].lower()), self.said.get("expires_on")
        return Draft(
            account_id=account_id,
            kind=kind,
            points=_KINDS[kind] * self.said["points"],
            qualifying=self.said.get("qualifying", 0),
            posted_on=date.fromordinal(self.said["posted_on"]),
            expires_on=None if last is None else date.fromordinal(last),
            key=self.said["key"],
            source=self.said["key"],
            reason=self.said.get("reason", ""),
            batch_id=batch_id,
        )


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options, _progress: Progress
) -> RecordPlan:
    """Which rows are new, and whether what they spend is there."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    said = [records.given(values, row, _TEXTS, _WHOLES) for row in range(values.rows)]
    known = {name: values.whole(name) != MISSING for name in ("posted_on", "points")}
    known |= {name: values.text(name).known for name in ("account", "kind", "key")}
    findings.required(found, known, ("account", "posted_on", "kind", "points", "key"))
    accounts = _accounts(session, actor, values, found, options)
    _refuse_wrong(values, found, said)
    seen = _seen(session, found, said)
    found.forgive(seen)
    refused = found.refused
    rows = [
        _Row(place, accounts[place], one)
        for place, one in enumerate(said)
        if not refused[place] and not seen[place]
    ]
    rows.sort(key=lambda row: (row.said["posted_on"], row.place))
    beyond = _beyond(session, rows)
    records.refuse_rows(found, values.rows, "points", BEYOND, sorted(beyond))
    taken = [row for row in rows if row.place not in beyond]
    outcome = RecordPlan(values.rows)
    for row in taken:
        outcome.new(row.place)
    if taken:
        outcome.act(_Book(tuple(taken)).run)
    return outcome


def _accounts(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options
) -> list[int | str]:
    """The id of each row's account; its code where it is to be created."""
    creates = options.create_missing and actor.sees_everything and actor.may(Permission.ACCOUNT_CREATE)
    if not creates:
        ids: list[int | str] = [*records.account_ids(session, actor, values, found, options)]
    else:
        codes, directory = values.text("account"), lookups.accounts(session, actor, options.source)
        places = {code: directory.find(code) for code in codes.values}
        taken = lookups.taken_codes(session, [code for code, one in places.items() if one == UNKNOWN])
        ids = []
        for row in range(values.rows):
            code = codes.at(row)
            new = code is not None and places[code] == UNKNOWN and code not in taken
            ids.append(code if new and code is not None else places.get(code or "", MISSING))
        for unusable, reason in (
            (UNKNOWN, records.NO_ACCOUNT),
            (lookups.AMBIGUOUS, AMBIGUOUS_ACCOUNT),
        ):
            rows = [row for row, one in enumerate(ids) if one == unusable]
            records.refuse_rows(found, values.rows, "account", reason, rows)
    unassigned = session.scalar(select(Account.id).where(Account.is_unassigned))
    rows = [row for row, one in enumerate(ids) if one == unassigned]
    records.refuse_rows(found, values.rows, "account", NO_ORDERS, rows)
    return ids


def _refuse_wrong(values: Values, found: Findings, said: Sequence[dict[str, Any]]) -> None:
    kinds = {kind.value for kind in _KINDS}
    against: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(said):
        kind = one.get("kind", "").lower()
        if kind and kind not in kinds:
            against.setdefault(("kind", NO_KIND), []).append(place)
        elif kind != EntryKind.ADJUST and one.get("points", 1) <= 0:
            against.setdefault(("points", NOT_POSITIVE), []).append(place)
        if "expires_on" in one and one["expires_on"] < one.get("posted_on", 0):
            against.setdefault(("expires_on", LAPSED), []).append(place)
    for (name, reason), places in against.items():
        records.refuse_rows(found, values.rows, name, reason, places)


def _seen(session: Session, found: Findings, said: Sequence[dict[str, Any]]) -> Any:
    """The rows whose key stands in the ledger, or in an earlier row that is not refused."""
    keys = sorted({one["key"] for one in said if "key" in one})
    known = ledger.known_keys(session, keys)
    refused, seen = found.refused, np.zeros(len(said), dtype=np.bool_)
    for place, one in enumerate(said):
        key = one.get("key")
        if key is None:
            continue
        if key in known:
            seen[place] = True
        elif not refused[place]:
            known.add(key)
    return seen


def _beyond(session: Session, rows: Sequence[_Row]) -> set[int]:
    """The rows that spend what is not there."""
    of_member: dict[int | str, list[_Row]] = {}
    holders = members.holders(session, {row.account for row in rows if isinstance(row.account, int)})
    for row in rows:
        key = row.account if isinstance(row.account, str) else -row.account
        of_member.setdefault(
            holders.get(row.account, key) if isinstance(row.account, int) else key, []
        ).append(row)
    ids = [key for key in of_member if isinstance(key, int) and key > 0]
    beyond: set[int] = set()
    for start in range(0, max(len(ids), 1), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        kept = ledger.entries(session, some) if some else {}
        months = accruals.idle_months_of(session, some) if some else {}
        for key in some:
            beyond |= _refused(kept[key], of_member[key], months.get(key))
    for key, own in of_member.items():
        if not (isinstance(key, int) and key > 0):
            beyond |= _refused((), own, None)
    return beyond


def _refused(kept: Sequence[Kept], rows: Sequence[_Row], months: int | None) -> set[int]:
    drafts = [row.draft(row.account if isinstance(row.account, int) else 0, None) for row in rows]
    return {rows[place].place for place in admission.refused(kept, drafts, idle_months=months)}


@dataclass(frozen=True)
class _Book:
    """Every row of the file in one step."""

    rows: tuple[_Row, ...]

    def run(self, recorder: Recorder) -> None:
        session, actor = recorder.session, recorder.actor
        made = {code: self._created(recorder, code).id for code in self._new_codes()}
        ids = [row.account if isinstance(row.account, int) else made[row.account] for row in self.rows]
        holders = members.holders(session, set(ids))
        drafts: dict[int, list[Draft]] = {}
        for row, account_id in zip(self.rows, ids, strict=True):
            if account_id not in holders:
                holders[account_id] = members.own_member(session, account_id).id
            drafts.setdefault(holders[account_id], []).append(row.draft(account_id, recorder.batch_id))
        touched = sorted(drafts)
        for member_id in touched:
            ledger.append(
                session,
                actor,
                ledger.hold(session, member_id),
                drafts[member_id],
                known=lambda _day: recorder.moment,
            )
        for start in range(0, len(touched), _AT_ONCE):
            accruals.bring_up_to_date(session, actor, touched[start : start + _AT_ONCE], clock.today())
        recorder.counts["entries_booked"] = len(self.rows)

    def _new_codes(self) -> list[str]:
        return sorted({row.account for row in self.rows if isinstance(row.account, str)})

    def _created(self, recorder: Recorder, code: str) -> Account:
        account = Account(code=code, name=code, created_at=recorder.moment, batch_id=recorder.batch_id)
        recorder.session.add(account)
        recorder.session.flush()
        recorder.count("accounts_created")
        return account


def undo(session: Session, actor: Actor, batch: ImportBatch, moment: datetime) -> None:
    """The batch's entries count as never made; refused where others spent what they brought."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    query = select(LoyaltyEntry.member_id).where(
        LoyaltyEntry.batch_id == batch.id, LoyaltyEntry.undone_at.is_(None)
    )
    touched = sorted(set(session.scalars(query)))
    for start in range(0, len(touched), _AT_ONCE):
        some = touched[start : start + _AT_ONCE]
        for member_id in some:
            ledger.hold(session, member_id)
        months = accruals.idle_months_of(session, some)
        before = ledger.entries(session, some)
        statement = update(LoyaltyEntry).where(
            LoyaltyEntry.batch_id == batch.id,
            LoyaltyEntry.member_id.in_(some),
            LoyaltyEntry.undone_at.is_(None),
        )
        session.execute(statement.values(undone_at=moment).execution_options(synchronize_session=False))
        after = ledger.entries(session, some)
        for member_id in some:
            ends = [
                ledger.folded(kept[member_id], date.max, idle_months=months.get(member_id)).uncovered
                for kept in (before, after)
            ]
            if ends[1] > ends[0]:
                raise Conflict(
                    _(
                        "Points of this import were spent since: take back what spent them first ({name})."
                    ).format(name=members.name_of(session, member_id))
                )
        accruals.bring_up_to_date(session, actor, some, clock.today())
