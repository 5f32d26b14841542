"""Receivable files: what each account owes on a day. An account's invoices of a day are replaced as a whole.

The file of a day is read as the open-items list of the accounts that it names: an invoice that is stored for
such an account and day and that the file lacks goes. Accounts that it does not name keep what they have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, auth, bulk, clock, health_marks
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, NotFound
from core.importing import findings, records
from core.importing.columns import MISSING, Values
from core.importing.findings import Findings
from core.importing.options import Options
from core.importing.records import Recorder, RecordPlan
from core.importing.tables import Progress
from core.language import N_, _
from core.models import Account, ImportBatch, Receivable
from core.money import MONEY_SCALE
from core.vocabulary import Permission

FUTURE = N_("the day lies in the future")
MORE_OPEN = N_("more is open than was invoiced")
OTHER_SIGN = N_("an invoice and what is open of it are both above zero, or both below it")

_COLUMNS = ("account_id", "as_of", "invoice_no", "due_on", "amount", "open_amount", "batch_id")

Invoice = tuple[str, str, int, int]  # number, due day, amount and open amount in ten-thousandths
Snapshot = tuple[int, date]  # account and day


def plan(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options, _progress: Progress
) -> RecordPlan:
    """Compare each account's invoices of a day with those that are stored for it."""
    auth.require(actor, Permission.DATA_IMPORT)
    numbers = {name: values.whole(name) for name in ("due_on", "amount", "open_amount")}
    known = {name: column != MISSING for name, column in numbers.items()}
    known |= {name: values.text(name).known for name in ("account", "invoice_no")}
    findings.required(found, known, ("account", "invoice_no", "due_on", "amount", "open_amount"))
    both = known["amount"] & known["open_amount"]
    amount, opened = numbers["amount"], numbers["open_amount"]
    found.refuse("open_amount", MORE_OPEN, both & (abs(opened) > abs(amount)))
    found.refuse("open_amount", OTHER_SIGN, both & (np.sign(opened) * np.sign(amount) < 0))
    today = clock.today().toordinal()
    days = np.where(values.whole("as_of") == MISSING, today, values.whole("as_of"))
    found.refuse("as_of", FUTURE, days > today)
    accounts = records.account_ids(session, actor, values, found, options)
    return _compare(session, values, found, accounts, days)


def _compare(session: Session, values: Values, found: Findings, accounts: list[int], days: Any) -> RecordPlan:
    names, wholes = ("invoice_no",), ("due_on", "amount", "open_amount")
    said = [records.given(values, row, names, wholes) for row in range(values.rows)]
    places = [(account, date.fromordinal(int(day))) for account, day in zip(accounts, days, strict=True)]
    keys = [
        (*place, one["invoice_no"]) if "invoice_no" in one else None
        for place, one in zip(places, said, strict=True)
    ]
    repeated = records.refuse_twice(found, values, "invoice_no", keys, said)
    stored = _stored(session, {day for _account, day in places})
    outcome, refused = RecordPlan(values.rows), found.refused
    works: dict[Snapshot, _Replace] = {}
    for row, place in enumerate(places):
        if not refused[row] and not repeated.get(row):
            before = stored.get(place, {})
            work = works.setdefault(place, _Replace(place, tuple(before.values())))
            work.take(row, _invoice(said[row]), before.get(said[row]["invoice_no"]))
    # What a refused row would have said is not known: then nothing that the file lacks goes.
    partial = {place for row, place in enumerate(places) if refused[row]}
    unknown = any(account < 0 for account, _day in partial)
    for place, work in works.items():
        if unknown or place in partial:
            work.keep_missing()
        work.settle(outcome)
    return outcome


def _invoice(one: dict[str, Any]) -> Invoice:
    return (one["invoice_no"], date.fromordinal(one["due_on"]).isoformat(), one["amount"], one["open_amount"])


def _stored(session: Session, days: Iterable[date]) -> dict[Snapshot, dict[str, Invoice]]:
    found: dict[Snapshot, dict[str, Invoice]] = {}
    for row in session.scalars(select(Receivable).where(Receivable.as_of.in_(list(days)))):
        found.setdefault((row.account_id, row.as_of), {})[row.invoice_no] = _kept(row)
    return found


def _kept(row: Receivable) -> Invoice:
    return (
        row.invoice_no,
        row.due_on.isoformat(),
        int(row.amount * MONEY_SCALE),
        int(row.open_amount * MONEY_SCALE),
    )


@dataclass
class _Replace:
    """One account's invoices of one day."""

    place: Snapshot
    before: tuple[Invoice, ...]
    rows: dict[str, tuple[int, Invoice]] = field(default_factory=dict)  # the row of the file
    changed: set[int] = field(default_factory=set)
    new: set[int] = field(default_factory=set)

    def take(self, row: int, invoice: Invoice, before: Invoice | None) -> None:
        self.rows[invoice[0]] = (row, invoice)
        if before is None:
            self.new.add(row)
        elif before != invoice:
            self.changed.add(row)

    def keep_missing(self) -> None:
        for invoice in self.before:
            self.rows.setdefault(invoice[0], (-1, invoice))

    def settle(self, outcome: RecordPlan) -> None:
        """Say what becomes of each row; where invoices go, every row of the account and day counts as changed."""
        if any(invoice[0] not in self.rows for invoice in self.before):
            self.changed |= {row for row, _invoice in self.rows.values()} - self.new
        for row in self.new:
            outcome.new(row)
        for row in self.changed:
            outcome.change(row)
        if self.new or self.changed:
            outcome.act(self.run)

    def run(self, recorder: Recorder) -> None:
        account_id, day = self.place
        after = tuple(invoice for _row, invoice in self.rows.values())
        _write(recorder.session, self.place, after, recorder.batch_id)
        recorder.keep(
            "receivables",
            account_id,
            {"as_of": day, "invoices": self.before},
            {"as_of": day, "invoices": after},
        )
        recorder.count("receivables_set")
        _record(recorder.session, recorder.actor, self.place, self.before, after)


def _write(session: Session, place: Snapshot, invoices: Sequence[Invoice], batch_id: int | None) -> None:
    account_id, day = place
    gone = delete(Receivable).where(Receivable.account_id == account_id, Receivable.as_of == day)
    session.execute(gone.execution_options(synchronize_session=False))
    rows = ((account_id, day.isoformat(), *invoice, batch_id) for invoice in invoices)
    bulk.insert_rows(session, "receivables", _COLUMNS, rows)
    health_marks.raise_for(session, health_marks.Kind.RECEIVABLES, [account_id])


def _record(
    session: Session, actor: Actor, place: Snapshot, before: Sequence[Invoice], after: Sequence[Invoice]
) -> None:
    account = session.get_one(Account, place[0])
    subject = Subject("receivable", f"{account.id}:{place[1]}", f"{account.name}, {place[1]}", account.id)
    changes = {
        "invoices": (len(before), len(after)),
        "open_amount": (_open(before), _open(after)),
    }
    audit.record(session, actor, "receivable:set", subject, changes)


def _open(invoices: Sequence[Invoice]) -> Decimal:
    return Decimal(sum(invoice[3] for invoice in invoices)) / MONEY_SCALE


def undo(session: Session, actor: Actor, batch: ImportBatch, _moment: datetime) -> None:
    """Put back what stood for each account and day before this batch."""
    visible = set(session.scalars(select(Account.id).where(auth.visible_accounts(actor))))
    for change in records.changes_of(session, batch.id):
        if change.entity_id not in visible:
            raise NotFound(_("There is no such import."))
        before = change.before or {"invoices": []}
        place = (change.entity_id, date.fromisoformat(change.after["as_of"]))
        after = sorted(tuple(one) for one in change.after["invoices"])
        now = sorted(_stored(session, [place[1]]).get(place, {}).values())
        if now != after:
            account = session.get_one(Account, place[0])
            raise Conflict(
                _(
                    "The receivables of {account} of {day} were changed since, so the import cannot be undone."
                ).format(account=account.code, day=place[1])
            )
        invoices = [(one[0], one[1], one[2], one[3]) for one in before["invoices"]]
        _write(session, place, invoices, None)
        _record(session, actor, place, now, invoices)
