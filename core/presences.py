"""Where competitors stand at accounts: what they supply, since when, until when their contract runs, how much it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import account_entries, auth, clock
from core.account_entries import Entries
from core.auth import Actor
from core.errors import Invalid
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, Category, Competitor, CompetitorPresence
from core.money import round_ratio
from core.vocabulary import Permission


@dataclass(frozen=True)
class PresenceDraft:
    """What a competitor supplies to an account, as somebody says it; shares are of what it buys in the category."""

    competitor_id: int | None
    category_id: int | None = None  # none: not said which
    since_on: date | None = None
    contract_ends_on: date | None = None  # the last day
    share: Decimal | None = None
    low_share: Decimal | None = None
    high_share: Decimal | None = None
    contact: str = ""


@dataclass(frozen=True)
class PresenceRow:
    """A presence in force."""

    id: int
    version: int
    account_id: int
    account_code: str
    account: str
    competitor: str
    category: str | None
    draft: PresenceDraft
    recorded_at: datetime
    recorded_by: str

    def days_left(self, day: date) -> int | None:
        """Days until their contract has ended; below zero where it has."""
        end = self.draft.contract_ends_on
        return None if end is None else (end - day).days


_COLUMNS = (
    "competitor_id", "category_id", "since_on", "contract_ends_on", "share", "low_share", "high_share", "contact",
)  # fmt: skip
_KIND = Entries(CompetitorPresence, "competitor_presence", _COLUMNS)


def search(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    competitor_id: int | None = None,
    ends_within: int | None = None,
) -> list[PresenceRow]:
    """The presences at visible accounts, by account and competitor; or only those that end within so many days."""
    auth.require(actor, Permission.COMPETITOR_READ)
    query = (
        select(CompetitorPresence, Account.code, Account.name, Competitor.name, Category.name)
        .join(Account, Account.id == CompetitorPresence.account_id)
        .join(Competitor, Competitor.id == CompetitorPresence.competitor_id)
        .outerjoin(Category, Category.id == CompetitorPresence.category_id)
        .where(auth.visible_accounts(actor), accounts.condition(), CompetitorPresence.withdrawn_at.is_(None))
        .order_by(Account.name, Account.id, Competitor.name, Category.name, CompetitorPresence.id)
    )
    if competitor_id is not None:
        query = query.where(CompetitorPresence.competitor_id == competitor_id)
    if ends_within is not None:
        today = clock.today()
        last = today + timedelta(days=ends_within)
        query = query.where(CompetitorPresence.contract_ends_on.between(today, last))
    return [_row(*parts) for parts in session.execute(query)]


def record(session: Session, actor: Actor, account_id: int, draft: PresenceDraft) -> int:
    """Note that a competitor supplies an account; returns the entry's id."""
    values = _checked(session, actor, draft)
    _refuse_twice(session, actor, account_id, draft, None)
    return account_entries.record(session, actor, _KIND, account_id, values)


def update(session: Session, actor: Actor, entry_id: int, draft: PresenceDraft, *, version: int) -> int:
    """Say it otherwise; returns the new version."""
    values = _checked(session, actor, draft)
    account_id = session.scalar(
        select(CompetitorPresence.account_id).where(CompetitorPresence.id == entry_id)
    )
    if account_id is not None:
        _refuse_twice(session, actor, account_id, draft, entry_id)
    return account_entries.update(session, actor, _KIND, entry_id, values, version=version)


def withdraw(session: Session, actor: Actor, entry_id: int, *, version: int) -> int:
    """Take a presence back; it stays on record. Returns its version, for `restore`."""
    return account_entries.withdraw(session, actor, _KIND, entry_id, version=version)


def restore(session: Session, actor: Actor, entry_id: int, *, version: int) -> int:
    """Bring a presence back; returns its version."""
    return account_entries.restore(session, actor, _KIND, entry_id, version=version)


def _row(
    row: CompetitorPresence, code: str, account: str, competitor: str, category: str | None
) -> PresenceRow:
    draft = PresenceDraft(**{name: getattr(row, name) for name in _COLUMNS})
    return PresenceRow(
        row.id, row.version, row.account_id, code, account, competitor, category, draft, row.recorded_at,
        row.recorded_by,
    )  # fmt: skip


def _refuse_twice(
    session: Session, actor: Actor, account_id: int, draft: PresenceDraft, entry_id: int | None
) -> None:
    only = AccountFilter(account_ids=frozenset({account_id}))
    for row in search(session, actor, only, competitor_id=draft.competitor_id):
        if row.draft.category_id == draft.category_id and row.id != entry_id:
            text = _("This competitor stands there with this category already: change that entry.")
            raise Invalid(text, fields={"category_id": text})


def _checked(session: Session, actor: Actor, draft: PresenceDraft) -> dict[str, Any]:
    auth.require(actor, Permission.COMPETITOR_WRITE)
    problems = {}
    if draft.competitor_id is None or session.get(Competitor, draft.competitor_id) is None:
        problems["competitor_id"] = _("Choose the competitor.")
    if draft.category_id is not None and session.get(Category, draft.category_id) is None:
        problems["category_id"] = _("Choose a category that is there.")
    if draft.since_on is not None and draft.since_on > clock.today():
        problems["since_on"] = _("Choose a day up to today.")
    if draft.since_on and draft.contract_ends_on and draft.contract_ends_on < draft.since_on:
        problems["contract_ends_on"] = _("The contract ends on the first day or a later one.")
    low, share, high = draft.low_share, draft.share, draft.high_share
    known = [one for one in (low, share, high) if one is not None]
    if any(not 0 <= one <= 1 or one != round_ratio(one) for one in known):
        problems["share"] = _("Give shares from 0 to 1, such as 0.4.")
    elif known != sorted(known):
        problems["share"] = _("The least is at most the estimate, and the most at least that.")
    elif share is None and known:
        problems["share"] = _("Give the estimate between the least and the most.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)
    return {**{name: getattr(draft, name) for name in _COLUMNS}, "contact": draft.contact.strip()}
