"""Accounts: the companies we sell to, who owns them, who works on them and what other systems call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from core import audit, auth, classification, clock, db, references
from core.account_drafts import AccountDraft
from core.audit import Subject
from core.auth import Actor
from core.classification import Choices, choices
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter, account_named
from core.language import _
from core.models import Account, AccountCode, Group, Region, Segment, TeamMember, Tier, User
from core.vocabulary import AccountStatus, Permission, Role, TeamRole

UNASSIGNED = "UNASSIGNED"

__all__ = [
    "UNASSIGNED", "AccountDetail", "AccountDraft", "AccountRow", "Choices", "Member", "access", "choices", "confirm",
    "create", "find", "get", "get_by_code", "names", "remove", "search", "subject", "unassigned", "update",
]  # fmt: skip


@dataclass(frozen=True)
class AccountRow:
    """An account as lists and choices show it."""

    id: int
    code: str
    name: str
    group: str | None
    segment: str | None
    tier: str | None
    region: str | None
    country: str | None
    owner_id: int | None
    owner: str | None
    status: AccountStatus
    is_unassigned: bool


@dataclass(frozen=True)
class Member:
    """Somebody who works on an account beside its owner."""

    user_id: int
    role: TeamRole
    valid_from: date
    valid_to: date | None = None  # exclusive
    name: str = ""


@dataclass(frozen=True)
class AccountDetail(AccountRow):
    """Everything known about an account itself."""

    group_id: int | None
    segment_id: int | None
    tier_id: int | None
    region_id: int | None
    industry: str | None
    since_on: date | None
    currency: str | None  # none: the base currency
    payment_days: int | None
    credit_limit: Decimal | None
    created_at: datetime
    confirmed_at: datetime | None
    team: tuple[Member, ...]
    codes: tuple[tuple[str, str], ...]  # source, code
    version: int


_FIELDS = tuple(field.name for field in fields(AccountDraft))
_LISTS = {
    "group": classification.get_or_create_group,
    "segment": classification.get_or_create_segment,
    "tier": classification.get_or_create_tier,
    "region": classification.get_or_create_region,
}


def search(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    with_unassigned: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[AccountRow]:
    """The accounts that the actor sees, by name."""
    auth.require(actor, Permission.ACCOUNT_READ)
    # Columns instead of records: a page lists thousands.
    query = (
        select(
            Account.id, Account.code, Account.name, Group.name, Segment.name, Tier.name, Region.name, Account.country,
            Account.owner_id, User.name, Account.status, Account.is_unassigned,
        )
        .outerjoin(Group, Group.id == Account.group_id)
        .outerjoin(Segment, Segment.id == Account.segment_id)
        .outerjoin(Tier, Tier.id == Account.tier_id)
        .outerjoin(Region, Region.id == Account.region_id)
        .outerjoin(User, User.id == Account.owner_id)
        .where(auth.visible_accounts(actor), accounts.condition())
        .order_by(func.lower(Account.name), Account.code)
    )  # fmt: skip
    if not with_unassigned:
        query = query.where(Account.is_unassigned.is_(False))
    return [AccountRow(*row) for row in db.rows(session, query.limit(limit).offset(offset))]


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "target", "product", "order")
def names(session: Session, actor: Actor) -> dict[str, str]:
    """Code and name of every account that the actor sees, by name: for choosing one."""
    auth.require(actor, Permission.ACCOUNT_READ)
    visible = select(Account.code, Account.name).where(auth.visible_accounts(actor))
    rows = session.execute(visible.order_by(func.lower(Account.name), Account.code))
    return {row.code: row.name for row in rows}


def find(session: Session, actor: Actor, account_ids: Sequence[int]) -> dict[int, AccountRow]:
    """Some accounts by id; those that the actor may not see are left out."""
    auth.require(actor, Permission.ACCOUNT_READ)
    rows = session.scalars(_visible(actor).where(Account.id.in_(account_ids)))
    return {account.id: AccountRow(**_row(account)) for account in rows}


def get(session: Session, actor: Actor, account_id: int) -> AccountDetail:
    """One account with its team and codes."""
    auth.require(actor, Permission.ACCOUNT_READ)
    return _detail(session, access(session, actor, account_id))


def get_by_code(session: Session, actor: Actor, code: str) -> AccountDetail:
    """One account by its own code, or by what another system calls it where that is unmistakable."""
    auth.require(actor, Permission.ACCOUNT_READ)
    wanted = code.strip()
    account = session.scalar(_visible(actor).where(account_named(wanted)))
    if account is None:
        foreign = select(AccountCode.account_id).where(AccountCode.code == wanted)
        found = list(session.scalars(_visible(actor).where(Account.id.in_(foreign)).limit(2)))
        account = found[0] if len(found) == 1 else None
    if account is None:
        raise NotFound(_("There is no account {code}.").format(code=wanted))
    return _detail(session, account)


def access(session: Session, actor: Actor, account_id: int) -> Account:
    """The row of an account for another function of core; unknown and invisible look alike."""
    account = session.scalar(_visible(actor).where(Account.id == account_id))
    if account is None:
        raise NotFound(_("There is no such account."))
    return account


def create(session: Session, actor: Actor, draft: AccountDraft) -> int:
    """A new account; returns its id."""
    auth.require(actor, Permission.ACCOUNT_CREATE)
    draft = draft.tidy()
    _check(session, actor, draft)
    _code_is_free(session, draft.code)
    now = clock.now()
    account = Account(code=draft.code, name=draft.name, created_at=now, confirmed_at=now)
    _fill(session, actor, account, draft)
    session.add(account)
    session.flush()
    _still_visible(session, actor, account)
    audit.record(session, actor, "account:create", subject(account), audit.differences({}, _values(account)))
    return account.id


def update(session: Session, actor: Actor, account_id: int, draft: AccountDraft, *, version: int) -> int:
    """Change an account and return its new version; only directors change its code and owner."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    account = access(session, actor, account_id)
    _is_real(account)
    draft = draft.tidy()
    before = _values(account)
    if account.version != version:
        raise Conflict(
            _("Somebody else changed this account meanwhile. Look at the new values and save again."),
            current=_current(account, draft),
            version=account.version,
        )
    _check(session, actor, draft, account)
    if draft.code != account.code:
        _code_is_free(session, draft.code)
    _fill(session, actor, account, draft)
    session.flush()
    _still_visible(session, actor, account)
    changes = audit.differences(before, _values(account))
    if changes:
        audit.record(session, actor, "account:update", subject(account), changes)
    return account.version


def remove(session: Session, actor: Actor, account_id: int, *, version: int) -> None:
    """Take back a new account, as long as nobody changed it and nothing stands on it."""
    auth.require(actor, Permission.ACCOUNT_CREATE)
    account = access(session, actor, account_id)
    _is_real(account)
    if account.version != version or references.is_used(session, account):
        raise Conflict(_("The account has been worked with since: it stays."))
    before = _values(account)
    session.delete(account)
    session.flush()
    changes = {name: (value, None) for name, value in before.items() if value is not None}
    audit.record(session, actor, "account:remove", subject(account), changes)


def confirm(session: Session, actor: Actor, account_id: int) -> None:
    """Say that the data of an account are right as they stand today."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    account = access(session, actor, account_id)
    _is_real(account)
    before, account.confirmed_at = account.confirmed_at, clock.now()
    session.flush()
    changes = {"confirmed_at": (before, account.confirmed_at)}
    audit.record(session, actor, "account:confirm", subject(account), changes)


def unassigned(session: Session, actor: Actor) -> Account:
    """The one account for orders without an account, made when it is first needed; it is never renamed."""
    account = session.scalar(select(Account).where(Account.is_unassigned.is_(True)))
    if account is not None:
        return account
    if not actor.sees_everything:
        raise Forbidden(_("Only directors of everything book orders without an account."))
    account = Account(
        code=UNASSIGNED, name=_("Without an account"), is_unassigned=True, created_at=clock.now()
    )
    session.add(account)
    session.flush()
    audit.record(session, actor, "account:create", subject(account), {"code": (None, UNASSIGNED)})
    return account


def subject(account: Account) -> Subject:
    """An account as the audit names it."""
    return Subject("account", str(account.id), f"{account.code} {account.name}", account.id)


def _visible(actor: Actor) -> Select[Account]:
    loaded = (Account.group, Account.segment, Account.tier, Account.region, Account.owner)
    return select(Account).where(auth.visible_accounts(actor)).options(*(joinedload(one) for one in loaded))


def _row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "code": account.code,
        "name": account.name,
        "group": account.group.name if account.group else None,
        "segment": account.segment.name if account.segment else None,
        "tier": account.tier.name if account.tier else None,
        "region": account.region.name if account.region else None,
        "country": account.country,
        "owner_id": account.owner_id,
        "owner": account.owner.name if account.owner else None,
        "status": account.status,
        "is_unassigned": account.is_unassigned,
    }


def _detail(session: Session, account: Account) -> AccountDetail:
    members = session.execute(
        select(TeamMember, User.name)
        .join(User, User.id == TeamMember.user_id)
        .where(TeamMember.account_id == account.id)
        .order_by(TeamMember.valid_from, User.name)
    )
    codes = session.execute(
        select(AccountCode.source, AccountCode.code)
        .where(AccountCode.account_id == account.id)
        .order_by(AccountCode.source, AccountCode.code)
    )
    own = ("group_id", "segment_id", "tier_id", "region_id", "industry", "since_on", "currency", "payment_days",
           "credit_limit", "created_at", "confirmed_at", "version")  # fmt: skip
    return AccountDetail(
        **_row(account),
        **{name: getattr(account, name) for name in own},
        team=tuple(
            Member(row.user_id, row.role, row.valid_from, row.valid_to, name) for row, name in members
        ),
        codes=tuple((source, code) for source, code in codes),
    )


def _values(account: Account) -> dict[str, Any]:
    """The fields of a draft as the account has them now; the owner by name, which is what people read."""
    values = {name: getattr(account, name) for name in _FIELDS if name not in (*_LISTS, "owner_id")}
    values |= {name: getattr(account, name).name if getattr(account, name) else None for name in _LISTS}
    return {**values, "owner": account.owner.username if account.owner else None}


def _current(account: Account, draft: AccountDraft) -> dict[str, Any]:
    """What is stored now in the fields where the draft differs, for showing both."""
    stored = _row(account) | {name: getattr(account, name) for name in _FIELDS if name not in _LISTS}
    different = {name: stored[name] for name in _FIELDS if stored[name] != getattr(draft, name)}
    if "owner_id" in different:
        different["owner_id"] = stored["owner"]
    return different


def _check(session: Session, actor: Actor, draft: AccountDraft, account: Account | None = None) -> None:
    problems = draft.problems()
    if account is not None and not actor.may(Permission.ACCOUNT_CREATE):
        only = _("Only a director changes this.")
        problems |= {
            name: only for name in ("code", "owner_id") if getattr(draft, name) != getattr(account, name)
        }
    if draft.code.upper() == UNASSIGNED:
        problems["code"] = _("The code UNASSIGNED stands for orders without an account. Choose another.")
    changed = account is None or account.owner_id != draft.owner_id
    if changed and draft.owner_id is not None and not _can_own(session, draft.owner_id):
        problems["owner_id"] = _("Choose an active manager or director as the owner.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)


def _can_own(session: Session, user_id: int) -> bool:
    user = session.get(User, user_id)
    return (
        user is not None
        and user.is_active
        and bool({r.role for r in user.roles} & {Role.MANAGER, Role.DIRECTOR})
    )


def _fill(session: Session, actor: Actor, account: Account, draft: AccountDraft) -> None:
    # Looking names up may flush, so it comes before the first change: one change is one version.
    listed: dict[str, Any] = {}
    for name, find_or_make in _LISTS.items():
        value, stored = getattr(draft, name), getattr(account, name)
        same = stored is not None and value == stored.name
        listed[name] = stored if same else value and find_or_make(session, actor, value)
    owner = None if draft.owner_id is None else session.get(User, draft.owner_id)
    for name in _FIELDS:
        if name not in _LISTS and name != "owner_id":
            setattr(account, name, getattr(draft, name))
    for name, row in listed.items():
        setattr(account, name, row)
    account.owner = owner


def _code_is_free(session: Session, code: str) -> None:
    taken = select(Account.id).where(Account.code == code)
    if session.scalar(taken) is not None:
        sentence = _("The code {code} is taken already. Choose another.").format(code=code)
        raise Invalid(sentence, fields={"code": sentence})


def _is_real(account: Account) -> None:
    if account.is_unassigned:
        raise Conflict(_("This account stands for orders without an account and cannot be changed."))


def _still_visible(session: Session, actor: Actor, account: Account) -> None:
    """Nobody gives an account away to where they could not see it any more, or makes one there."""
    if (
        session.scalar(select(Account.id).where(Account.id == account.id, auth.visible_accounts(actor)))
        is None
    ):
        sentence = _(
            "You would not see this account any more. Choose one of your regions, or yourself as owner."
        )
        raise Invalid(sentence, fields={"region": sentence})
