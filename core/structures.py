"""Whose an account was in each month: kept whenever its owner, segment, group, region or tier changes.

A change counts from the month in which it is made; of two in one month the last counts, and what was made in the
month of the account's creation counts from the beginning. The versions are written by whatever saves the account:
forms, imports, mergers, restorations and the undo of each go through the same two events.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, event, func, insert, or_, select, update
from sqlalchemy.orm import Mapper, Session

from core import auth, clock
from core.auth import Actor
from core.models import Account, AccountStructure
from core.periods import Period, first_of_month
from core.vocabulary import Permission

BEGINNING = date(1900, 1, 1)
FIELDS = ("owner_id", "segment_id", "group_id", "region_id", "tier_id")


def in_force(day: Any) -> ColumnElement[bool]:
    """The version of the account in a month, or on a day of it; AccountStructure is joined by account."""
    version = AccountStructure
    return and_(version.from_month <= day, or_(version.until_month.is_(None), version.until_month > day))


def moved(session: Session, actor: Actor, period: Period) -> int:
    """How many visible accounts changed since the first month of the period: they count otherwise as reported then."""
    auth.require(actor, Permission.REVENUE_READ)
    changed = (
        select(func.count(AccountStructure.account_id.distinct()))
        .join(Account, Account.id == AccountStructure.account_id)
        .where(AccountStructure.from_month > first_of_month(period.start), auth.visible_accounts(actor))
    )
    return session.scalar(changed) or 0


def differences(session: Session) -> list[str]:
    """Codes of accounts whose open version is not what they say of themselves; for `doctor`, which has asked."""
    unlike = [getattr(AccountStructure, name).is_distinct_from(getattr(Account, name)) for name in FIELDS]
    open_version = and_(AccountStructure.account_id == Account.id, AccountStructure.until_month.is_(None))
    query = (
        select(Account.code)
        .join(AccountStructure, open_version, isouter=True)
        .where(or_(AccountStructure.account_id.is_(None), *unlike))
        .order_by(Account.code)
    )
    return list(session.scalars(query))


def change_at(
    session: Session, actor: Actor, account_id: int, month: date, former: Mapping[str, Any]
) -> None:
    """Say what an account was up to a month, counted as changed in it: for the demo company's past."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    account = session.get_one(Account, account_id)
    connection = session.connection()
    connection.execute(delete(AccountStructure).where(AccountStructure.account_id == account_id))
    now = {name: getattr(account, name) for name in FIELDS}
    _insert(connection, account_id, BEGINNING, {**now, **former}, until=month)
    _insert(connection, account_id, month, now)


def _insert(
    connection: Connection, account_id: int, start: date, values: Mapping[str, Any], until: date | None = None
) -> None:
    row = {"account_id": account_id, "from_month": start, "until_month": until, **values}
    connection.execute(insert(AccountStructure).values(**row))


@event.listens_for(Account, "after_insert")
def _begin(_mapper: Mapper[Account], connection: Connection, account: Account) -> None:
    _insert(connection, account.id, BEGINNING, {name: getattr(account, name) for name in FIELDS})


@event.listens_for(Account, "after_update")
def _change(_mapper: Mapper[Account], connection: Connection, account: Account) -> None:
    month = first_of_month(clock.today())
    is_new = first_of_month(account.created_at.date()) >= month
    _keep(connection, account.id, month, {name: getattr(account, name) for name in FIELDS}, is_new=is_new)


@event.listens_for(Account, "before_delete")
def _end(_mapper: Mapper[Account], connection: Connection, account: Account) -> None:
    connection.execute(delete(AccountStructure).where(AccountStructure.account_id == account.id))


def _keep(
    connection: Connection, account_id: int, month: date, values: Mapping[str, Any], *, is_new: bool
) -> None:
    """A version from the month on; one of the same month is replaced, and goes where nothing is left of the change."""
    own = AccountStructure.account_id == account_id
    versions = connection.execute(
        select(AccountStructure.from_month, *(getattr(AccountStructure, name) for name in FIELDS))
        .where(own)
        .order_by(AccountStructure.from_month.desc())
        .limit(2)
    ).all()
    newest = versions[0]
    if all(getattr(newest, name) == values[name] for name in FIELDS):
        return
    if newest.from_month >= month or (is_new and newest.from_month == BEGINNING):
        _replace(connection, account_id, versions, values)
        return
    connection.execute(
        update(AccountStructure).where(own, AccountStructure.until_month.is_(None)).values(until_month=month)
    )
    _insert(connection, account_id, month, values)


def _replace(connection: Connection, account_id: int, versions: Any, values: Mapping[str, Any]) -> None:
    own = AccountStructure.account_id == account_id
    newest = and_(own, AccountStructure.until_month.is_(None))
    former = versions[1] if len(versions) > 1 else None
    if former is not None and all(getattr(former, name) == values[name] for name in FIELDS):
        connection.execute(delete(AccountStructure).where(newest))
        back = update(AccountStructure).where(own, AccountStructure.from_month == former.from_month)
        connection.execute(back.values(until_month=None))
        return
    connection.execute(update(AccountStructure).where(newest).values(**values))
