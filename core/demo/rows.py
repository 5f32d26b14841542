"""The demo company's people and accounts as rows of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, structures
from core.auth import OPERATOR
from core.demo.calendar import first_of_month_before
from core.demo.company import since_on
from core.demo.scene import Scene
from core.models import (
    Account,
    AccountCode,
    Category,
    Group,
    Region,
    Segment,
    TeamMember,
    Tier,
    Unit,
    User,
    UserGrant,
    UserRegion,
    UserRole,
)
from core.vocabulary import AccountStatus, Permission, Role, TeamRole

_TEAM_SINCE = timedelta(days=540)

Named = TypeVar("Named", Region, Segment, Category, Unit)


@dataclass
class Ids:
    """Where what was written can be found again."""

    regions: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    accounts: list[int] = field(default_factory=list)
    products: list[int] = field(default_factory=list)


def regions(session: Session, scene: Scene, ids: Ids) -> None:
    ids.regions = {name: row.id for name, row in named(session, Region, scene.company.regions).items()}


def people(session: Session, scene: Scene, ids: Ids, password_hashes: dict[str, str]) -> None:
    """The demo's users; they are marked, so that they can sign in on this machine only."""
    for person in scene.company.people:
        row = User(
            username=person.username,
            name=person.name,
            email=person.email,
            password_hash=password_hashes[person.username],
            language=person.language,
            is_demo=True,
            created_at=clock.now(),
        )
        row.roles = [UserRole(role=Role(role)) for role in person.roles]
        row.grants = [UserGrant(permission=Permission.COST_READ)] if person.sees_cost else []
        row.regions = [UserRegion(region_id=ids.regions[region]) for region in person.regions]
        session.add(row)
        session.flush()
        ids.users[person.username] = row.id


def accounts(session: Session, scene: Scene, ids: Ids) -> None:
    """Key accounts with their groups, external codes and teams."""
    company = scene.company
    segments = named(session, Segment, company.segments)
    tiers = {name: Tier(name=name, position=place) for place, name in enumerate(company.tiers, start=1)}
    groups = {code: Group(code=code, name=name) for code, name in company.groups.items()}
    session.add_all([*tiers.values(), *groups.values()])
    rows = [
        Account(
            code=account.code,
            name=account.name,
            group=groups.get(account.group),
            segment=segments[account.segment],
            tier=tiers[account.tier],
            region_id=ids.regions.get(account.region),
            industry=account.industry,
            country=account.country,
            owner_id=ids.users[account.owner],
            status=AccountStatus.LOST if account.story == "lost" else AccountStatus.ACTIVE,
            since_on=since_on(account, scene.calendar),
            currency=account.currency,
            payment_days=account.payment_days,
            credit_limit=Decimal(account.credit_limit),
            created_at=clock.now(),
        )
        for account in company.accounts
    ]
    session.add_all(rows)
    session.flush()
    ids.accounts = [row.id for row in rows]
    _external_codes(session, scene, ids)
    _teams(session, scene, ids)
    _former(session, scene, ids, {"segment": segments, "tier": tiers})


def _external_codes(session: Session, scene: Scene, ids: Ids) -> None:
    """Every account has a number in the accounting system, shops one in their ordering system too."""
    for account, account_id in zip(scene.company.accounts, ids.accounts, strict=True):
        session.add(AccountCode(source="erp", code=account.erp_code, account_id=account_id))
        if scene.company.buying[account.segment].basket == "shop":
            session.add(
                AccountCode(
                    source="edi", code=f"955{account.erp_code}0{account_id % 10}", account_id=account_id
                )
            )
    session.flush()


def _former(
    session: Session, scene: Scene, ids: Ids, named: Mapping[str, Mapping[str, Segment | Tier]]
) -> None:
    """Some accounts were another's, or counted otherwise, until some months ago."""
    places = {account.code: place for place, account in enumerate(scene.company.accounts)}
    for one in scene.company.former:
        if one.account not in places:
            continue
        said = {"segment": one.segment, "tier": one.tier}
        values: dict[str, int] = {f"{kind}_id": named[kind][name].id for kind, name in said.items() if name}
        if one.owner:
            values["owner_id"] = ids.users[one.owner]
        month = first_of_month_before(scene.calendar.today, one.months_ago)
        structures.change_at(session, OPERATOR, ids.accounts[places[one.account]], month, values)


def _teams(session: Session, scene: Scene, ids: Ids) -> None:
    company, today = scene.company, scene.calendar.today
    by_code = {
        account.code: account_id for account, account_id in zip(company.accounts, ids.accounts, strict=True)
    }
    for account, account_id in zip(company.accounts, ids.accounts, strict=True):
        if account.member:
            session.add(
                TeamMember(
                    account_id=account_id,
                    user_id=ids.users[account.member],
                    role=TeamRole.MEMBER,
                    valid_from=max(since_on(account, scene.calendar), today - _TEAM_SINCE),
                )
            )
    for deputy in company.deputies:
        if deputy.account in by_code:
            session.add(
                TeamMember(
                    account_id=by_code[deputy.account],
                    user_id=ids.users[deputy.user],
                    role=TeamRole.DEPUTY,
                    valid_from=today + timedelta(days=deputy.from_days),
                    valid_to=today + timedelta(days=deputy.to_days),
                )
            )
    session.flush()


def morning(day: date) -> datetime:
    """Two o'clock in UTC: the morning of that day in Malaysia."""
    return datetime.combine(day, time(2), tzinfo=UTC)


def named(session: Session, kind: type[Named], names: Sequence[str]) -> dict[str, Named]:
    """The rows of these names, made where they are missing."""
    rows: dict[str, Named] = {
        row.name: row for row in session.scalars(select(kind).where(kind.name.in_(names)))
    }
    for name in names:
        if name not in rows:
            rows[name] = kind(name=name)
            session.add(rows[name])
    session.flush()
    return rows
