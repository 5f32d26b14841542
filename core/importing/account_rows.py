"""Account files: who an account is, created or changed by its code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, references
from core.accounts import UNASSIGNED
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict
from core.importing import findings, records
from core.importing.columns import Values
from core.importing.findings import Findings
from core.importing.options import Options
from core.importing.records import Recorder, RecordPlan
from core.importing.tables import Progress
from core.language import N_, _
from core.models import Account, Group, ImportBatch, Region, Segment, Tier, User
from core.money import MONEY_SCALE
from core.vocabulary import AccountStatus, Permission

TAKEN = N_("this code cannot be used: ask a director")
MERGED = N_("this account was merged into another: change that one")
MAY_NOT_CREATE = N_("there is no such account among those you may change")
NO_OWNER = N_("there is no such active user")
OWNER_KEPT = N_("only a director changes who owns an account")
NO_STATUS = N_("the status is active, dormant or lost")
OTHER_REGION = N_("this is not one of your regions")
NEGATIVE_DAYS = N_("days of payment are not below zero")

_TEXTS = (
    "code",
    "name",
    "group",
    "segment",
    "tier",
    "industry",
    "region",
    "country",
    "owner",
    "status",
    "currency",
)
_WHOLES = ("since", "payment_days", "credit_limit")
_LOOKUPS: dict[str, Any] = {"group": Group, "segment": Segment, "tier": Tier, "region": Region}
_DIRECT = ("name", "industry", "country", "currency", "payment_days")


@dataclass
class _Known:
    """What the store holds when the file is checked."""

    accounts: dict[str, Account]
    hidden: set[str]
    merged: set[str]  # codes of accounts that were merged into visible ones
    users: dict[str, int]
    own_regions: set[str] | None  # none: every region


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, _options: Options, _progress: Progress
) -> RecordPlan:
    """Compare every row with the account of its code."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    findings.required(found, {"code": values.text("code").known}, ("code",))
    known = _known(session, actor)
    said = [records.given(values, row, _TEXTS, _WHOLES) for row in range(values.rows)]
    _refuse(actor, known, values, found, said)
    repeated = records.refuse_twice(found, values, "code", [one.get("code") for one in said], said)
    outcome = RecordPlan(values.rows)
    refused = found.refused
    for row, one in enumerate(said):
        if refused[row] or repeated.get(row):
            continue
        account = known.accounts.get(one["code"])
        if account is None:
            outcome.new(row)
            outcome.act(_Create(one, known.users, actor).run)
        elif _differs(account, one, known.users):
            outcome.change(row)
            outcome.act(_Change(account.id, one, known.users).run)
    return outcome


def _known(session: Session, actor: Actor) -> _Known:
    visible = list(session.scalars(select(Account).where(auth.visible_accounts(actor))))
    codes = set(session.scalars(select(Account.code)))
    kept = {account.id for account in visible}
    mergers = session.execute(
        select(Account.code, Account.merged_into_id).where(Account.merged_into_id.is_not(None))
    )
    merged = {code for code, kept_id in mergers if kept_id in kept}
    users = dict(session.execute(select(User.username, User.id).where(User.is_active)).all())
    regions = None
    if actor.region_ids and not actor.sees_everything:
        regions = set(session.scalars(select(Region.name).where(Region.id.in_(actor.region_ids))))
    accounts = {account.code: account for account in visible}
    return _Known(accounts, codes - accounts.keys() - merged, merged, users, regions)


def _refuse(actor: Actor, known: _Known, values: Values, found: Findings, said: list[dict[str, Any]]) -> None:
    against: dict[tuple[str, str], list[int]] = {}
    for row, one in enumerate(said):
        for name, reason in _problems(actor, known, one):
            against.setdefault((name, reason), []).append(row)
    for (name, reason), rows in against.items():
        records.refuse_rows(found, values.rows, name, reason, rows)


def _problems(actor: Actor, known: _Known, one: dict[str, Any]) -> list[tuple[str, str]]:
    problems = []
    account = known.accounts.get(one.get("code", ""))
    may_create = actor.may(Permission.ACCOUNT_CREATE)
    if one.get("code") in known.merged:
        problems.append(("code", MERGED))
    elif one.get("code") in known.hidden:
        problems.append(("code", TAKEN if may_create else MAY_NOT_CREATE))
    elif account is None and not may_create:
        problems.append(("code", MAY_NOT_CREATE))
    if "owner" in one:
        owner = known.users.get(one["owner"].lower())
        if owner is None:
            problems.append(("owner", NO_OWNER))
        elif not may_create and (account is None or owner != account.owner_id):
            problems.append(("owner", OWNER_KEPT))
    if "status" in one and one["status"].lower() not in set(AccountStatus):
        problems.append(("status", NO_STATUS))
    if known.own_regions is not None and (
        ("region" in one and one["region"] not in known.own_regions)
        or (account is None and "region" not in one)
    ):
        problems.append(("region", OTHER_REGION))
    if one.get("payment_days", 0) < 0:
        problems.append(("payment_days", NEGATIVE_DAYS))
    return problems


def _differs(account: Account, one: dict[str, Any], users: dict[str, int]) -> bool:
    for name, model in _LOOKUPS.items():
        if name in one:
            there = getattr(account, name)
            names = set() if there is None else {there.name, *([there.code] if model is Group else [])}
            if one[name] not in names:
                return True
    plain = _plain(one, users)
    return any(getattr(account, name) != value for name, value in plain.items())


def _plain(one: dict[str, Any], users: dict[str, int]) -> dict[str, Any]:
    """What a row says, as the account keeps it; lookups apart."""
    kept: dict[str, Any] = {name: one[name] for name in _DIRECT if name in one}
    if "owner" in one:
        kept["owner_id"] = users[one["owner"].lower()]
    if "status" in one:
        kept["status"] = AccountStatus(one["status"].lower())
    if "since" in one:
        kept["since_on"] = date.fromordinal(one["since"])
    if "credit_limit" in one:
        kept["credit_limit"] = Decimal(one["credit_limit"]) / MONEY_SCALE
    return kept


def _looked_up(recorder: Recorder, one: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, model in _LOOKUPS.items():
        if name not in one:
            continue
        if model is Group:
            by_code = recorder.session.scalar(select(Group).where(Group.code == one[name]))
            if by_code is not None:
                found["group_id"] = by_code.id
                continue
        found[f"{name}_id"] = recorder.named(model, one[name]).id
    return found


@dataclass(frozen=True)
class _Create:
    one: dict[str, Any]
    users: dict[str, int]
    actor: Actor

    def run(self, recorder: Recorder) -> None:
        kept = {**_plain(self.one, self.users), **_looked_up(recorder, self.one)}
        kept.setdefault("name", self.one["code"])
        account = Account(
            code=self.one["code"],
            is_unassigned=self.one["code"] == UNASSIGNED,
            created_at=recorder.moment,
            batch_id=recorder.batch_id,
            **kept,
        )
        recorder.session.add(account)
        recorder.session.flush()
        recorder.count("accounts_created")
        recorder.keep("account", account.id, None, kept)
        _record(recorder, "account:create", account, {name: (None, value) for name, value in kept.items()})


@dataclass(frozen=True)
class _Change:
    account_id: int
    one: dict[str, Any]
    users: dict[str, int]

    def run(self, recorder: Recorder) -> None:
        account = recorder.session.get_one(Account, self.account_id)
        wanted = {**_plain(self.one, self.users), **_looked_up(recorder, self.one)}
        before = {name: getattr(account, name) for name in wanted}
        differences = audit.differences(before, wanted)
        for name, (_before, after) in differences.items():
            setattr(account, name, after)
        recorder.session.flush()
        recorder.count("accounts_changed")
        changed = {name: after for name, (_before, after) in differences.items()}
        recorder.keep("account", account.id, {name: before[name] for name in changed}, changed)
        _record(recorder, "account:update", account, differences)


def _record(recorder: Recorder, action: str, account: Account, changes: dict[str, tuple[Any, Any]]) -> None:
    subject = Subject("account", str(account.id), account.name, account.id)
    audit.record(recorder.session, recorder.actor, action, subject, changes)


def undo(session: Session, actor: Actor, batch: ImportBatch, _moment: datetime) -> None:
    """Give changed accounts their values back and remove those that the batch made."""
    for change in records.changes_of(session, batch.id):
        account = session.scalar(
            select(Account).where(Account.id == change.entity_id, auth.visible_accounts(actor))
        )
        if account is None:
            raise Conflict(_("An account of this import is gone or no longer yours, so it cannot be undone."))
        now = audit.plain({name: getattr(account, name) for name in change.after})
        if now != change.after or (change.before is None and references.is_used(session, account)):
            raise Conflict(
                _("Account {code} was changed or used since, so the import cannot be undone.").format(
                    code=account.code
                )
            )
        subject = Subject("account", str(account.id), account.name, account.id)
        if change.before is None:
            session.delete(account)
            session.flush()
            audit.record(session, actor, "account:remove", subject, {"code": (account.code, None)})
            continue
        restored = {name: _typed(name, value) for name, value in change.before.items()}
        for name, value in restored.items():
            setattr(account, name, value)
        session.flush()
        back = {name: (change.after[name], value) for name, value in restored.items()}
        audit.record(session, actor, "account:update", subject, back)


def _typed(name: str, value: Any) -> Any:
    """A value as the account keeps it, from the JSON that it was kept in."""
    if value is None:
        return None
    if name == "since_on":
        return date.fromisoformat(value)
    if name == "credit_limit":
        return Decimal(value)
    return AccountStatus(value) if name == "status" else value
