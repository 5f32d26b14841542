"""What somebody recorded about why an account's revenue moved: entered, changed, withdrawn but never deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, Category, Cause, Product
from core.money import round_money
from core.periods import Period
from core.vocabulary import CauseKind, Permission

_LARGEST = Decimal(10) ** 12


@dataclass(frozen=True)
class CauseDraft:
    """What somebody says about a movement; days are inclusive, as on paper."""

    kind: CauseKind
    first_on: date | None
    last_on: date | None = None  # none: the first day alone
    amount: Decimal | None = None  # what it did to net revenue, with its sign, base currency
    product_id: int | None = None
    category_id: int | None = None
    note: str = ""


@dataclass(frozen=True)
class CauseRow:
    """A recorded cause in force."""

    id: int
    account_id: int
    kind: CauseKind
    starts_on: date
    ends_on: date  # exclusive
    amount: Decimal | None
    product_id: int | None
    product: str | None
    category_id: int | None
    category: str | None
    note: str
    recorded_at: datetime
    recorded_by: str
    version: int

    @property
    def last_on(self) -> date:
        return self.ends_on - timedelta(days=1)

    def draft(self) -> CauseDraft:
        """The same as it would be typed."""
        return CauseDraft(
            self.kind, self.starts_on, self.last_on, self.amount, self.product_id, self.category_id, self.note
        )


def search(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    period: Period | None = None,
) -> list[CauseRow]:
    """The causes in force at visible accounts, the newest day first; of the period those that act in it."""
    auth.require(actor, Permission.REVENUE_READ)
    query = (
        select(Cause, Product.name, Category.name)
        .join(Account, Account.id == Cause.account_id)
        .outerjoin(Product, Product.id == Cause.product_id)
        .outerjoin(Category, Category.id == Cause.category_id)
        .where(auth.visible_accounts(actor), accounts.condition(), Cause.withdrawn_at.is_(None))
        .order_by(Cause.starts_on.desc(), Cause.id.desc())
    )
    if period is not None:
        query = query.where(Cause.starts_on < period.end, Cause.ends_on > period.start)
    return [_row(cause, product, category) for cause, product, category in session.execute(query)]


def _row(cause: Cause, product: str | None, category: str | None) -> CauseRow:
    return CauseRow(
        cause.id, cause.account_id, cause.kind, cause.starts_on, cause.ends_on, cause.amount, cause.product_id,
        product, cause.category_id, category, cause.note, cause.recorded_at, cause.recorded_by, cause.version,
    )  # fmt: skip


def record(session: Session, actor: Actor, account_id: int, draft: CauseDraft) -> int:
    """Note why an account's revenue moved; returns the cause's id."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    account = account_list.access(session, actor, account_id)
    if account.is_unassigned:
        raise Invalid(_("Orders without an account have no cause of their own: assign them first."))
    cause = Cause(
        account_id=account.id,
        recorded_at=clock.now(),
        recorded_by=actor.username,
        user_id=actor.user_id,
        **_checked(session, draft),
    )
    session.add(cause)
    session.flush()
    changes = {name: (None, value) for name, value in _values(cause).items() if value not in (None, "")}
    audit.record(session, actor, "cause:create", _subject(account, cause), changes)
    return cause.id


def update(session: Session, actor: Actor, cause_id: int, draft: CauseDraft, *, version: int) -> int:
    """Say it otherwise; returns the new version."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    cause, account = _access(session, actor, cause_id)
    if cause.withdrawn_at is not None:
        raise NotFound(_("There is no such cause any more."))
    values, before = _checked(session, draft), _values(cause)
    if cause.version != version:
        raise _overtaken(cause, draft)
    for name, value in values.items():
        setattr(cause, name, value)
    session.flush()
    if changes := audit.differences(before, _values(cause)):
        audit.record(session, actor, "cause:update", _subject(account, cause), changes)
    return cause.version


def _overtaken(cause: Cause, draft: CauseDraft) -> Conflict:
    stored = {
        "kind": cause.kind, "first_on": cause.starts_on, "last_on": cause.ends_on - timedelta(days=1),
        "amount": cause.amount, "note": cause.note,
    }  # fmt: skip
    return Conflict(
        _("Somebody else changed this cause meanwhile. Look at the new values and save again."),
        current={name: value for name, value in stored.items() if value != getattr(draft, name)},
        version=cause.version,
    )


def withdraw(session: Session, actor: Actor, cause_id: int, *, version: int) -> int:
    """Take a cause out of force; it stays on record. Returns its version, for `restore`."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    cause, account = _access(session, actor, cause_id)
    if cause.withdrawn_at is not None:
        raise NotFound(_("There is no such cause any more."))
    return _turn(session, actor, cause, account, version=version)


def restore(session: Session, actor: Actor, cause_id: int, *, version: int) -> int:
    """Bring a withdrawn cause into force again; returns its version."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    cause, account = _access(session, actor, cause_id)
    if cause.withdrawn_at is None:
        raise Conflict(_("This cause is in force already."))
    return _turn(session, actor, cause, account, version=version)


def _turn(session: Session, actor: Actor, cause: Cause, account: Account, *, version: int) -> int:
    if cause.version != version:
        raise Conflict(_("Somebody else changed this cause meanwhile. Load the page again."))
    is_back = cause.withdrawn_at is not None
    cause.withdrawn_at = None if is_back else clock.now()
    session.flush()
    said = (None, cause.kind) if is_back else (cause.kind, None)
    action = "cause:restore" if is_back else "cause:retract"
    audit.record(session, actor, action, _subject(account, cause), {"kind": said})
    return cause.version


def _access(session: Session, actor: Actor, cause_id: int) -> tuple[Cause, Account]:
    query = (
        select(Cause, Account)
        .join(Account, Account.id == Cause.account_id)
        .where(Cause.id == cause_id, auth.visible_accounts(actor))
        .with_for_update(of=Cause)
        .execution_options(populate_existing=True)
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound(_("There is no such cause."))
    return found[0], found[1]


def _subject(account: Account, cause: Cause) -> Subject:
    return Subject("cause", str(cause.id), account.name, account.id)


_KEPT = ("kind", "starts_on", "ends_on", "amount", "product_id", "category_id", "note")


def _values(cause: Cause) -> dict[str, Any]:
    return {name: getattr(cause, name) for name in _KEPT}


def _checked(session: Session, draft: CauseDraft) -> dict[str, Any]:
    """The draft as it is kept; raises Invalid naming each field that breaks a rule."""
    problems = {}
    last_on, note = draft.last_on or draft.first_on, draft.note.strip()
    if draft.first_on is None:
        problems["first_on"] = _("Give the day it began to act.")
    elif draft.first_on > clock.today():
        problems["first_on"] = _("A cause has happened already: choose a day up to today.")
    elif last_on is not None and last_on < draft.first_on:
        problems["last_on"] = _("The last day is the first one or a later one.")
    if draft.amount is not None and not _is_amount(draft.amount):
        problems["amount"] = _("Give an amount other than zero, below zero where revenue was lost, or none.")
    if draft.kind is CauseKind.OTHER and not note:
        problems["note"] = _("Say in a few words what it was.")
    if not _is_there(session, draft):
        problems["scope"] = _("Choose one product or one category that is there, or none.")
    if problems or draft.first_on is None or last_on is None:
        raise Invalid(_("Some fields need another look."), fields=problems)
    return {
        "kind": draft.kind, "starts_on": draft.first_on, "ends_on": last_on + timedelta(days=1),
        "amount": draft.amount, "product_id": draft.product_id, "category_id": draft.category_id, "note": note,
    }  # fmt: skip


def _is_amount(amount: Decimal) -> bool:
    return amount != 0 and abs(amount) < _LARGEST and amount == round_money(amount)


def _is_there(session: Session, draft: CauseDraft) -> bool:
    if draft.product_id is not None:
        return draft.category_id is None and session.get(Product, draft.product_id) is not None
    return draft.category_id is None or session.get(Category, draft.category_id) is not None
