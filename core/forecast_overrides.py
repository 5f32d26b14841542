"""A manager's own figure for an account's month, over the forecast: with a reason, never overwritten, scored later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import accounts, audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid
from core.language import _
from core.models import Account, ForecastOverride
from core.money import round_money
from core.periods import add_months, first_of_month
from core.vocabulary import Permission

_LARGEST = Decimal(10) ** 12


@dataclass(frozen=True)
class OverrideRow:
    """One override of an account, in force or not."""

    month: date
    number: int
    amount: Decimal
    reason: str
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    in_force: bool


def history(session: Session, actor: Actor, account_id: int) -> tuple[OverrideRow, ...]:
    """Every override of the account, the newest first."""
    auth.require(actor, Permission.REVENUE_READ)
    account = accounts.access(session, actor, account_id)
    rows = session.scalars(
        select(ForecastOverride)
        .where(ForecastOverride.account_id == account.id)
        .order_by(ForecastOverride.month, ForecastOverride.number.desc())
    )
    found, seen = [], set()
    for row in rows:
        in_force = row.withdrawn_at is None and row.month not in seen
        if row.withdrawn_at is None:
            seen.add(row.month)
        found.append(
            OverrideRow(row.month, row.number, row.amount, row.reason, row.recorded_at, row.recorded_by,
                        row.withdrawn_at, row.withdrawn_by, in_force)
        )  # fmt: skip
    return tuple(sorted(found, key=lambda one: one.recorded_at, reverse=True))


def set_over(
    session: Session, actor: Actor, account_id: int, month: date | None, amount: Decimal | None, reason: str,
    *, seen: int | None = None,
) -> int:  # fmt: skip
    """Set one month's figure over the forecast; returns its number, which `withdraw` takes.

    `seen` is the number of the override that was in force when the form was drawn, 0 for none: another one since is
    a Conflict.
    """
    auth.require(actor, Permission.FORECAST_OVERRIDE)
    account = _locked(session, actor, account_id)
    checked_month, checked = _checked(month, amount, reason)
    current = _in_force(session, account.id, checked_month)
    number = current.number if current else 0
    if seen is not None and number != seen and current is not None:
        raise Conflict(
            _("Somebody else set this month over meanwhile. Look at the new value and save again."),
            current={"amount": current.amount, "reason": current.reason},
            version=number,
        )
    newest = session.scalar(
        select(func.max(ForecastOverride.number)).where(
            ForecastOverride.account_id == account.id, ForecastOverride.month == checked_month
        )
    )
    row = ForecastOverride(
        account_id=account.id, month=checked_month, number=(newest or 0) + 1, amount=checked, reason=reason.strip(),
        recorded_at=clock.now(), recorded_by=actor.username, withdrawn_at=None, withdrawn_by=None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    name = f"{checked_month:%Y-%m} net_revenue"
    changes = {name: (current.amount if current else None, checked), "reason": (None, row.reason)}
    audit.record(session, actor, "forecast:override", _subject(account), changes)
    return row.number


def withdraw(session: Session, actor: Actor, account_id: int, month: date, number: int) -> None:
    """Take one override back: what was in force before it is again; the record stays."""
    auth.require(actor, Permission.FORECAST_OVERRIDE)
    account = _locked(session, actor, account_id)
    row = session.get(ForecastOverride, (account.id, month, number))
    if row is None or row.withdrawn_at is not None:
        raise Conflict(_("This override is not in force any more."))
    row.withdrawn_at, row.withdrawn_by = clock.now(), actor.username
    session.flush()
    changes = {f"{month:%Y-%m} net_revenue": (row.amount, None)}
    audit.record(session, actor, "forecast:withdraw", _subject(account), changes)


def _locked(session: Session, actor: Actor, account_id: int) -> Account:
    accounts.access(session, actor, account_id)
    return session.scalars(select(Account).where(Account.id == account_id).with_for_update()).one()


def _in_force(session: Session, account_id: int, month: date) -> ForecastOverride | None:
    return session.scalar(
        select(ForecastOverride)
        .where(
            ForecastOverride.account_id == account_id,
            ForecastOverride.month == month,
            ForecastOverride.withdrawn_at.is_(None),
        )
        .order_by(ForecastOverride.number.desc())
        .limit(1)
    )


def _checked(month: date | None, amount: Decimal | None, reason: str) -> tuple[date, Decimal]:
    found = {}
    this_month = first_of_month(clock.today())
    if month is None or month.day != 1 or not this_month <= month <= add_months(this_month, 24):
        found["month"] = _("Choose a month that is not over yet.")
    if amount is None or abs(amount) >= _LARGEST:
        found["amount"] = _("Give the net revenue that you expect.")
    if not reason.strip():
        found["reason"] = _("Say why you expect something else: it is read with the figure later.")
    if found or month is None or amount is None:
        raise Invalid(_("Some fields need another look."), fields=found)
    return month, round_money(amount)


def _subject(account: Account) -> Subject:
    return Subject("forecast", account.code, account.name, account.id)
