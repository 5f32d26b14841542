"""Bringing back what stood before a recorded change, one field at a time, as a change of its own."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts, auth, products
from core.accounts import AccountDraft
from core.auth import Actor
from core.errors import Conflict, NotFound
from core.language import _
from core.models import AuditEntry, User
from core.products import ProductDraft
from core.vocabulary import AccountStatus, Permission

_PERMISSIONS = {"account:update": Permission.ACCOUNT_WRITE, "product:update": Permission.PRODUCT_WRITE}


def can_restore(actor: Actor, action: str) -> bool:
    """Whether the actor may bring back what changes of this kind replaced."""
    permission = _PERMISSIONS.get(action)
    return permission is not None and actor.may(permission)


def restore(session: Session, actor: Actor, entry_id: int, field: str) -> None:
    """Give a field the value that it had before the entry's change."""
    auth.require(actor, Permission.AUDIT_READ)
    entry = session.get(AuditEntry, entry_id)
    if entry is None or not can_restore(actor, entry.action) or field not in entry.changes:
        raise NotFound(_("There is no such change to take back."))
    before = entry.changes[field][0]
    if entry.entity == "account":
        _restore_account(session, actor, int(entry.entity_key), field, before)
    else:
        _restore_product(session, actor, int(entry.entity_key), field, before)


def _restore_account(session: Session, actor: Actor, account_id: int, field: str, before: Any) -> None:
    now = accounts.get(session, actor, account_id)
    draft = AccountDraft(**{item.name: getattr(now, item.name) for item in fields(AccountDraft)})
    change: dict[str, Any] = {field: _typed(field, before)}
    if field == "owner":
        change = {"owner_id": _user_id(session, before)}
    wanted = replace(draft, **change)
    _refuse_the_same(draft, wanted)
    accounts.update(session, actor, account_id, wanted, version=now.version)


def _restore_product(session: Session, actor: Actor, product_id: int, field: str, before: Any) -> None:
    now = products.get(session, actor, product_id)
    draft = ProductDraft(now.code, now.name, now.category, now.unit)
    wanted = replace(draft, **{field: before})
    _refuse_the_same(draft, wanted)
    products.update(session, actor, product_id, wanted, version=now.version)


def _refuse_the_same(draft: object, wanted: object) -> None:
    if draft == wanted:
        raise Conflict(_("This value stands there already."))


def _typed(field: str, value: Any) -> Any:
    """A value of the audit, which keeps JSON, as the draft has it."""
    if value is None:
        return None
    if field == "credit_limit":
        return Decimal(value)
    if field == "since_on":
        return date.fromisoformat(value)
    return AccountStatus(value) if field == "status" else value


def _user_id(session: Session, username: str | None) -> int | None:
    return session.scalar(select(User.id).where(User.username == username)) if username is not None else None
