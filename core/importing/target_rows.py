"""Target files: what each account is expected to bring in each month; earlier versions are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, NotFound
from core.importing import findings, records
from core.importing.columns import MISSING, Values
from core.importing.findings import Findings
from core.importing.options import Options
from core.importing.records import Recorder, RecordPlan
from core.importing.tables import Progress
from core.language import _
from core.models import Account, ImportBatch, Target
from core.money import MONEY_SCALE
from core.vocabulary import Permission


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options, _progress: Progress
) -> RecordPlan:
    """Compare every row with the target in force."""
    auth.require(actor, Permission.TARGET_WRITE)
    known = {name: values.whole(name) != MISSING for name in ("month", "net_revenue")}
    known["account"] = values.text("account").known
    findings.required(found, known, ("account", "month", "net_revenue"))
    accounts = records.account_ids(session, actor, values, found, options)
    said = [records.given(values, row, (), ("month", "net_revenue", "margin")) for row in range(values.rows)]
    keys = [(account, one.get("month")) for account, one in zip(accounts, said, strict=True)]
    repeated = records.refuse_twice(found, values, "month", keys, said)
    in_force = {
        (row.account_id, row.month): row
        for row in session.scalars(select(Target).where(Target.superseded_at.is_(None)))
    }
    outcome = RecordPlan(values.rows)
    refused = found.refused
    for row, one in enumerate(said):
        if refused[row] or repeated.get(row):
            continue
        month = date.fromordinal(one["month"]).replace(day=1)
        before = in_force.get((accounts[row], month))
        change = _Set(accounts[row], month, _money(one["net_revenue"]), _money(one.get("margin")))
        if before is None:
            outcome.new(row)
            outcome.act(change.run)
        elif change.differs(before):
            outcome.change(row)
            outcome.act(change.run)
    return outcome


def _money(scaled: int | None) -> Decimal | None:
    return None if scaled is None else Decimal(scaled) / MONEY_SCALE


@dataclass(frozen=True)
class _Set:
    account_id: int
    month: date
    net_revenue: Decimal | None
    margin: Decimal | None

    def differs(self, before: Target) -> bool:
        return before.net_revenue_amount != self.net_revenue or self.margin not in (
            None,
            before.margin_amount,
        )

    def run(self, recorder: Recorder) -> None:
        session = recorder.session
        latest = session.scalars(
            select(Target)
            .where(Target.account_id == self.account_id, Target.month == self.month)
            .order_by(Target.version.desc())
            .limit(1)
        ).first()
        in_force = latest if latest is not None and latest.superseded_at is None else None
        if in_force is not None:
            in_force.superseded_at = recorder.moment
        margin = self.margin
        if margin is None and in_force is not None:
            margin = in_force.margin_amount
        target = Target(
            account_id=self.account_id,
            month=self.month,
            version=1 if latest is None else latest.version + 1,
            net_revenue_amount=self.net_revenue,
            margin_amount=margin,
            recorded_at=recorder.moment,
            recorded_by=recorder.actor.username,
            batch_id=recorder.batch_id,
        )
        session.add(target)
        session.flush()
        recorder.count("targets_set")
        _record(session, recorder.actor, in_force, target)


def _record(session: Session, actor: Actor, before: Target | None, after: Target | None) -> None:
    one = after or before
    assert one is not None  # noqa: S101
    account = session.get_one(Account, one.account_id)
    changes: dict[str, tuple[Any, Any]] = {
        name: (getattr(before, name, None), getattr(after, name, None))
        for name in ("net_revenue_amount", "margin_amount")
    }
    label = f"{account.name}, {one.month:%Y-%m}"
    subject = Subject("target", f"{one.account_id}:{one.month:%Y-%m}", label, one.account_id)
    audit.record(session, actor, "target:update", subject, changes)


def undo(session: Session, actor: Actor, batch: ImportBatch, moment: datetime) -> None:
    """Put the targets before this batch into force again; its own stay on record as superseded."""
    visible = set(session.scalars(select(Account.id).where(auth.visible_accounts(actor))))
    own = select(Target).where(Target.batch_id == batch.id).order_by(Target.version)
    versions: dict[tuple[int, date], list[Target]] = {}
    for target in session.scalars(own):
        versions.setdefault((target.account_id, target.month), []).append(target)
    for (account_id, month), of_month in versions.items():
        if account_id not in visible:
            raise NotFound(_("There is no such import."))
        # A later import that was undone has put a copy of this batch's version back: the last one counts.
        first, last = of_month[0], of_month[-1]
        if last.superseded_at is not None:
            account = session.get_one(Account, account_id)
            raise Conflict(
                _(
                    "The target of {account} for {month} was changed since, so the import cannot be undone."
                ).format(account=account.code, month=f"{month:%Y-%m}")
            )
        last.superseded_at = moment
        again = _put_back(session, actor, first, last, moment)
        session.flush()
        _record(session, actor, last, again)


def _put_back(session: Session, actor: Actor, first: Target, last: Target, moment: datetime) -> Target | None:
    """A copy of the version that the batch superseded, if there was one."""
    before = session.get(Target, (first.account_id, first.month, first.version - 1))
    if before is None or before.superseded_at != first.recorded_at:
        return None
    again = Target(
        account_id=before.account_id,
        month=before.month,
        version=last.version + 1,
        net_revenue_amount=before.net_revenue_amount,
        margin_amount=before.margin_amount,
        recorded_at=moment,
        recorded_by=actor.username,
        batch_id=before.batch_id,
    )
    session.add(again)
    return again
