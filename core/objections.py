"""Objections: what was held against us, what we answered, and which answers won."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import account_entries, auth, clock
from core.account_entries import Entries
from core.auth import Actor
from core.errors import Invalid
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, Competitor, Objection, Product
from core.vocabulary import ObjectionKind, ObjectionOutcome, Permission

ENTITY = "objection"
_LONGEST = 2000


@dataclass(frozen=True)
class ObjectionDraft:
    """What was held against us and how it went."""

    objection: str
    answer: str = ""
    kind: ObjectionKind = ObjectionKind.PRICE
    outcome: ObjectionOutcome = ObjectionOutcome.OPEN
    raised_on: date | None = None
    competitor_id: int | None = None  # none: no competitor was behind it
    product_id: int | None = None


@dataclass(frozen=True)
class ObjectionRow:
    """An objection in force."""

    id: int
    version: int
    account_id: int
    account_code: str
    account: str
    competitor: str | None
    product: str | None
    draft: ObjectionDraft
    recorded_at: datetime
    recorded_by: str


_COLUMNS = ("objection", "answer", "kind", "outcome", "raised_on", "competitor_id", "product_id")
_KIND = Entries(Objection, ENTITY, _COLUMNS, lambda row: (row.objection, row.answer))


def search(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    competitor_id: int | None = None,
    ids: frozenset[int] = frozenset(),
) -> list[ObjectionRow]:
    """The objections at visible accounts, the newest first."""
    auth.require(actor, Permission.COMPETITOR_READ)
    query = (
        select(Objection, Account.code, Account.name, Competitor.name, Product.name)
        .join(Account, Account.id == Objection.account_id)
        .outerjoin(Competitor, Competitor.id == Objection.competitor_id)
        .outerjoin(Product, Product.id == Objection.product_id)
        .where(auth.visible_accounts(actor), accounts.condition(), Objection.withdrawn_at.is_(None))
        .order_by(Objection.raised_on.desc(), Objection.id.desc())
    )
    if competitor_id is not None:
        query = query.where(Objection.competitor_id == competitor_id)
    if ids:
        query = query.where(Objection.id.in_(sorted(ids)))
    return [_row(*parts) for parts in session.execute(query)]


def record(session: Session, actor: Actor, account_id: int, draft: ObjectionDraft) -> int:
    """Note an objection; returns the entry's id."""
    return account_entries.record(session, actor, _KIND, account_id, _checked(session, actor, draft))


def update(session: Session, actor: Actor, entry_id: int, draft: ObjectionDraft, *, version: int) -> int:
    """Say it otherwise; returns the new version."""
    values = _checked(session, actor, draft)
    return account_entries.update(session, actor, _KIND, entry_id, values, version=version)


def withdraw(session: Session, actor: Actor, entry_id: int, *, version: int) -> int:
    """Take an objection back; it stays on record. Returns its version, for `restore`."""
    return account_entries.withdraw(session, actor, _KIND, entry_id, version=version)


def restore(session: Session, actor: Actor, entry_id: int, *, version: int) -> int:
    """Bring an objection back; returns its version."""
    return account_entries.restore(session, actor, _KIND, entry_id, version=version)


def _row(
    row: Objection, code: str, account: str, competitor: str | None, product: str | None
) -> ObjectionRow:
    draft = ObjectionDraft(**{name: getattr(row, name) for name in _COLUMNS})
    return ObjectionRow(
        row.id, row.version, row.account_id, code, account, competitor, product, draft, row.recorded_at,
        row.recorded_by,
    )  # fmt: skip


def _checked(session: Session, actor: Actor, draft: ObjectionDraft) -> dict[str, Any]:
    auth.require(actor, Permission.COMPETITOR_WRITE)
    problems = {}
    objection, answer = draft.objection.strip(), draft.answer.strip()
    if not objection or len(objection) > _LONGEST:
        problems["objection"] = _("Say what was held against us, in at most {most} characters.").format(
            most=_LONGEST
        )
    if len(answer) > _LONGEST:
        problems["answer"] = _("Keep it to {most} characters.").format(most=_LONGEST)
    if draft.outcome is not ObjectionOutcome.OPEN and not answer:
        problems["answer"] = _("Say what we answered: that is what others learn from.")
    if draft.raised_on is None or draft.raised_on > clock.today():
        problems["raised_on"] = _("Give the day, up to today.")
    if draft.competitor_id is not None and session.get(Competitor, draft.competitor_id) is None:
        problems["competitor_id"] = _("Choose the competitor.")
    if draft.product_id is not None and session.get(Product, draft.product_id) is None:
        problems["product_id"] = _("Choose products that are there.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)
    values = {name: getattr(draft, name) for name in _COLUMNS}
    return {**values, "objection": objection, "answer": answer}
