"""Lump sums: money promised to an account for a listing, a display, a leaflet or its marketing, and what came of it.

Each is agreed for some days and accrued over them evenly: a day's part of the amount, rounded so that all parts add up
to it. Proof and payments are entries that are never changed; a payment made wrongly is taken back by a negative one.
The agreement is kept as versions with two clocks, as terms are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import audit, auth, authority, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, LumpSum, LumpSumEntry
from core.money import ZERO, round_money
from core.periods import Period
from core.vocabulary import LumpSumKind, LumpSumStep, Permission

_LARGEST = Decimal(10) ** 12


@dataclass(frozen=True)
class LumpSumDraft:
    """What somebody agrees; the last day is included, as on paper."""

    kind: LumpSumKind
    amount: Decimal | None  # base currency
    first_on: date | None
    last_on: date | None
    reason: str = ""


class Stage(StrEnum):
    """How far a lump sum has come."""

    AGREED = "agreed"
    RUNNING = "running"
    PROOF_MISSING = "proof missing"
    TO_SETTLE = "to settle"
    SETTLED = "settled"


@dataclass(frozen=True)
class LumpSumRow:
    """A lump sum as known now, with what came of it up to a day."""

    number: int
    account_id: int
    account_code: str
    account: str  # name
    draft: LumpSumDraft
    version: int
    recorded_at: datetime
    recorded_by: str
    accrued: Decimal
    proof_on: date | None  # the last proof
    settled: Decimal
    stage: Stage

    @property
    def name(self) -> str:
        return f"L{self.number}"

    @property
    def left(self) -> Decimal:
        """What is still to be paid of what was agreed."""
        return (self.draft.amount or ZERO) - self.settled


def accrued(amount: Decimal, days: Period, within: Period) -> Decimal:
    """The part of an amount, spread evenly over its days, that falls into a period; all parts add up to the whole."""
    first, end = max(days.start, within.start), min(days.end, within.end)
    if end <= first:
        return ZERO
    return _until(amount, days, end) - _until(amount, days, first)


def _until(amount: Decimal, days: Period, end: date) -> Decimal:
    whole = (days.end - days.start).days
    return round_money(amount * (end - days.start).days / whole)


def stage_of(days: Period, left: Decimal, proof_on: date | None, today: date) -> Stage:
    """Settled once nothing is left to pay; proof is looked for when its days are over."""
    if left <= ZERO:
        return Stage.SETTLED
    if today < days.start:
        return Stage.AGREED
    if today < days.end:
        return Stage.RUNNING
    return Stage.PROOF_MISSING if proof_on is None else Stage.TO_SETTLE


def search(session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS) -> list[LumpSumRow]:
    """The lump sums of visible accounts that were not withdrawn, what ends last first."""
    auth.require(actor, Permission.TERM_READ)
    query = (
        select(LumpSum, Account.code, Account.name)
        .join(Account, Account.id == LumpSum.account_id)
        .where(
            LumpSum.superseded_at.is_(None),
            LumpSum.is_withdrawn.is_(False),
            auth.visible_accounts(actor),
            accounts.condition(),
        )
        .order_by(LumpSum.valid_to.desc(), LumpSum.number)
    )
    found = session.execute(query).all()
    entries = _entries(session, {row.account_id for row, _code, _name in found})
    return [_row(row, code, name, entries.get(row.number, ())) for row, code, name in found]


def _entries(session: Session, account_ids: Iterable[int]) -> dict[int, list[LumpSumEntry]]:
    wanted = sorted(set(account_ids))
    found: dict[int, list[LumpSumEntry]] = {}
    query = select(LumpSumEntry).order_by(LumpSumEntry.occurred_on, LumpSumEntry.id)
    for entry in session.scalars(query.where(LumpSumEntry.account_id.in_(wanted))):
        found.setdefault(entry.number, []).append(entry)
    return found


def _row(row: LumpSum, code: str, name: str, entries: Iterable[LumpSumEntry]) -> LumpSumRow:
    today = clock.today()
    made = list(entries)
    proofs = [entry.occurred_on for entry in made if entry.step is LumpSumStep.PROOF]
    settled = sum((entry.amount for entry in made if entry.amount is not None), ZERO)
    days = Period(row.valid_from, row.valid_to)
    return LumpSumRow(
        number=row.number,
        account_id=row.account_id,
        account_code=code,
        account=name,
        draft=_draft(row),
        version=row.id,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        accrued=accrued(
            row.amount, days, Period(row.valid_from, max(today + timedelta(days=1), row.valid_from))
        ),
        proof_on=max(proofs, default=None),
        settled=settled,
        stage=stage_of(days, row.amount - settled, max(proofs, default=None), today),
    )


def _draft(row: LumpSum) -> LumpSumDraft:
    return LumpSumDraft(row.kind, row.amount, row.valid_from, row.valid_to - timedelta(days=1), row.reason)


def accrual(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> dict[LumpSumKind, Decimal] | None:
    """What falls into a period by kind; None where no lump sum is recorded that the actor may see."""
    auth.require(actor, Permission.TERM_READ)
    query = (
        select(LumpSum.kind, LumpSum.amount, LumpSum.valid_from, LumpSum.valid_to)
        .join(Account, Account.id == LumpSum.account_id)
        .where(
            LumpSum.superseded_at.is_(None),
            LumpSum.is_withdrawn.is_(False),
            auth.visible_accounts(actor),
            accounts.condition(),
        )
    )
    rows = session.execute(query).all()
    if not rows:
        return None
    found: dict[LumpSumKind, Decimal] = {}
    for kind, amount, first, end in rows:
        found[kind] = found.get(kind, ZERO) + accrued(amount, Period(first, end), period)
    return found


def agree(session: Session, actor: Actor, account_id: int, draft: LumpSumDraft) -> int:
    """Record a lump sum that the actor may promise; returns its number, which is its first `version` too."""
    auth.require(actor, Permission.TERM_WRITE)
    account = account_list.access(session, actor, account_id)
    if account.is_unassigned:
        raise Invalid(_("Nothing can be promised to orders without an account: assign them first."))
    row = _version(account, actor, _checked(draft), number=0)
    authority.require_amount(session, actor, row.amount)
    session.add(row)
    session.flush()
    row.number = row.id
    session.flush()
    _record(session, actor, "lump_sum:agree", account, None, row)
    return row.number


def change(session: Session, actor: Actor, number: int, draft: LumpSumDraft, *, version: int) -> int:
    """Agree it otherwise: a new version that supersedes; returns its `version`."""
    auth.require(actor, Permission.TERM_WRITE)
    before, account = _access(session, actor, number)
    if before.id != version:
        raise _overtaken(before, draft)
    checked = _checked(draft)
    if checked["amount"] < (paid := _paid(session, number)):
        text = _("{amount} is paid already: agree on that at least.").format(amount=paid)
        raise Invalid(text, fields={"amount": text})
    if checked["amount"] > before.amount:
        authority.require_amount(session, actor, checked["amount"])
    return _supersede(session, actor, account, before, checked, action="lump_sum:change")


def withdraw(session: Session, actor: Actor, number: int, *, version: int) -> int:
    """Take back a promise of which nothing is paid; it stays in the history. Returns its `version`, for `restore`."""
    auth.require(actor, Permission.TERM_WRITE)
    before, account = _access(session, actor, number)
    if before.id != version or before.is_withdrawn:
        raise Conflict(_("Somebody else changed this lump sum meanwhile. Load the page again."))
    if _paid(session, number):
        raise Conflict(_("Something of it is paid already: take the payment back first."))
    values = {**_values(before), "is_withdrawn": True}
    return _supersede(session, actor, account, before, values, action="lump_sum:retract")


def restore(session: Session, actor: Actor, number: int, *, version: int) -> int:
    """Promise again what was withdrawn; returns its `version`."""
    auth.require(actor, Permission.TERM_WRITE)
    before, account = _access(session, actor, number)
    if before.id != version or not before.is_withdrawn:
        raise Conflict(_("Somebody else changed this lump sum meanwhile. Load the page again."))
    values = {**_values(before), "is_withdrawn": False}
    return _supersede(session, actor, account, before, values, action="lump_sum:restore")


def note(
    session: Session,
    actor: Actor,
    number: int,
    step: LumpSumStep,
    occurred_on: date | None,
    *,
    amount: Decimal | None = None,
    text: str = "",
) -> int:
    """Proof came, or money was paid (below zero: taken back); returns the entry's id."""
    auth.require(actor, Permission.TERM_WRITE)
    row, account = _access(session, actor, number)
    if row.is_withdrawn:
        raise Conflict(_("This lump sum was withdrawn."))
    _check_entry(row, step, occurred_on, amount, _paid(session, number))
    entry = LumpSumEntry(
        number=number,
        account_id=account.id,
        step=step,
        occurred_on=occurred_on,
        amount=amount if step is LumpSumStep.SETTLED else None,
        note=text.strip(),
        recorded_at=clock.now(),
        recorded_by=actor.username,
    )
    session.add(entry)
    session.flush()
    said = {name: (None, getattr(entry, name)) for name in ("step", "occurred_on", "amount", "note")}
    audit.record(session, actor, f"lump_sum:{step}", _subject(account, number), said)
    return entry.id


def _check_entry(
    row: LumpSum, step: LumpSumStep, occurred_on: date | None, amount: Decimal | None, paid: Decimal
) -> None:
    problems = {}
    if occurred_on is None:
        problems["occurred_on"] = _("Give the day.")
    elif occurred_on > clock.today():
        problems["occurred_on"] = _("It has happened already: choose a day up to today.")
    if step is LumpSumStep.SETTLED:
        if amount is None or not amount or amount != round_money(amount):
            problems["amount"] = _("Give an amount other than zero.")
        elif not 0 <= paid + amount <= row.amount:
            problems["amount"] = _("No more than {amount} can be paid, and no less than nothing.").format(
                amount=row.amount - paid
            )
    if problems:
        raise Invalid(next(iter(problems.values())), fields=problems)


def _paid(session: Session, number: int) -> Decimal:
    query = select(LumpSumEntry.amount).where(LumpSumEntry.number == number, LumpSumEntry.amount.is_not(None))
    return sum((amount for amount in session.scalars(query) if amount is not None), ZERO)


def _access(session: Session, actor: Actor, number: int) -> tuple[LumpSum, Account]:
    """The version in force with its account, held so that payments follow each other."""
    query = (
        select(LumpSum, Account)
        .join(Account, Account.id == LumpSum.account_id)
        .where(LumpSum.number == number, LumpSum.superseded_at.is_(None), auth.visible_accounts(actor))
        .with_for_update(of=LumpSum)
        .execution_options(populate_existing=True)
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound(_("There is no such lump sum."))
    return found[0], found[1]


def _supersede(
    session: Session, actor: Actor, account: Account, before: LumpSum, values: dict[str, Any], *, action: str
) -> int:
    after = _version(account, actor, values, number=before.number)
    before.superseded_at = after.recorded_at
    session.add(after)
    session.flush()
    _record(session, actor, action, account, before, after)
    return after.id


def _version(account: Account, actor: Actor, values: dict[str, Any], *, number: int) -> LumpSum:
    return LumpSum(
        number=number,
        account_id=account.id,
        recorded_at=clock.now(),
        recorded_by=actor.username,
        superseded_at=None,
        **values,
    )


_KEPT = ("kind", "amount", "valid_from", "valid_to", "is_withdrawn", "reason")


def _values(row: LumpSum) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _KEPT}


def check(draft: LumpSumDraft) -> None:
    """Raise Invalid naming each field that breaks a rule."""
    _checked(draft)


def _checked(draft: LumpSumDraft) -> dict[str, Any]:
    """The draft as it is kept."""
    problems = {}
    if draft.amount is None or not 0 < draft.amount < _LARGEST or draft.amount != round_money(draft.amount):
        problems["amount"] = _("Give an amount above zero.")
    if draft.first_on is None:
        problems["first_on"] = _("Give the first day.")
    if draft.last_on is None:
        problems["last_on"] = _("Give the last day: the amount is spread over the days.")
    elif draft.first_on is not None and draft.last_on < draft.first_on:
        problems["last_on"] = _("The last day is the first one or a later one.")
    if not draft.reason.strip():
        problems["reason"] = _("Say what the account does for it.")
    if problems or draft.last_on is None:
        raise Invalid(_("Some fields need another look."), fields=problems)
    return {
        "kind": draft.kind, "amount": draft.amount, "valid_from": draft.first_on,
        "valid_to": draft.last_on + timedelta(days=1), "is_withdrawn": False, "reason": draft.reason.strip(),
    }  # fmt: skip


def _overtaken(row: LumpSum, draft: LumpSumDraft) -> Conflict:
    stored, typed = vars(_draft(row)), vars(draft)
    return Conflict(
        _("Somebody else changed this lump sum meanwhile. Look at the new values and save again."),
        current={name: value for name, value in stored.items() if value != typed[name]},
        version=row.id,
    )


def _record(
    session: Session, actor: Actor, action: str, account: Account, before: LumpSum | None, after: LumpSum
) -> None:
    was = {} if before is None else _values(before)
    changes = {name: (was.get(name), now) for name, now in _values(after).items() if was.get(name) != now}
    audit.record(session, actor, action, _subject(account, after.number), changes)


def _subject(account: Account, number: int) -> Subject:
    return Subject("lump_sum", f"L{number}", account.name, account.id)
