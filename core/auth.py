"""Who asks, what they may do, and which accounts they may see."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from core import clock
from core.errors import Forbidden, NotFound
from core.language import _
from core.models import Account, TeamMember, User
from core.vocabulary import Permission, Role

_READING = frozenset(
    {
        Permission.ACCOUNT_READ,
        Permission.COMPETITOR_READ,
        Permission.PRODUCT_READ,
        Permission.REVENUE_READ,
        Permission.DATA_EXPORT,
        Permission.LOYALTY_READ,
        Permission.TERM_READ,
    }
)

# What each role may do; `cost:read` beyond that is granted per user.
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.MANAGER: _READING
    | {
        Permission.ACCOUNT_WRITE,
        Permission.AUDIT_READ,
        Permission.BATCH_READ,
        Permission.COMPETITOR_WRITE,
        Permission.DATA_IMPORT,
        Permission.FORECAST_OVERRIDE,
        Permission.LOYALTY_WRITE,
        Permission.ORDER_WRITE,
        Permission.TARGET_WRITE,
        Permission.TERM_WRITE,
    },
    Role.DIRECTOR: _READING
    | {
        Permission.ACCOUNT_CREATE,
        Permission.ACCOUNT_MERGE,
        Permission.ACCOUNT_WRITE,
        Permission.AUDIT_READ,
        Permission.AUTHORITY_WRITE,
        Permission.BATCH_READ,
        Permission.COMPETITOR_WRITE,
        Permission.DATA_IMPORT,
        Permission.FLOOR_WRITE,
        Permission.FORECAST_OVERRIDE,
        Permission.FORECAST_RUN,
        Permission.LOYALTY_APPROVE,
        Permission.LOYALTY_DESIGN,
        Permission.LOYALTY_WRITE,
        Permission.ORDER_WRITE,
        Permission.PRODUCT_WRITE,
        Permission.TARGET_WRITE,
        Permission.TERM_APPROVE,
        Permission.TERM_WRITE,
    },
    Role.ADMIN: frozenset(
        {
            Permission.AUDIT_READ,
            Permission.AUTHORITY_WRITE,
            Permission.FLOOR_WRITE,
            Permission.FORECAST_RUN,
            Permission.SETTING_WRITE,
            Permission.STORE_MAINTAIN,
            Permission.USER_WRITE,
        }
    ),
    Role.VIEWER: _READING,
}


@dataclass(frozen=True)
class Actor:
    """Somebody who asks; made anew from the store in every run, never kept."""

    user_id: int | None  # none: the operator of the command line
    username: str
    name: str
    roles: frozenset[Role]
    permissions: frozenset[Permission]
    region_ids: frozenset[int] = field(default_factory=frozenset)  # directors and viewers: empty means all
    language: str = "en"

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def reads_widely(self) -> bool:
        """Whether the actor sees accounts beyond those they work on."""
        return self.user_id is None or bool(self.roles & {Role.DIRECTOR, Role.VIEWER})

    @property
    def sees_everything(self) -> bool:
        """Whether every account is visible: only then may sums without an account in their key be read."""
        return self.user_id is None or (self.reads_widely and not self.region_ids)

    @property
    def sees_cost(self) -> bool:
        return self.may(Permission.COST_READ)


OPERATOR = Actor(
    user_id=None,
    username="operator",
    name="operator",
    roles=frozenset(),
    permissions=frozenset(Permission),
)


def actor_for(user: User) -> Actor:
    """The actor that a user is right now."""
    roles = frozenset(row.role for row in user.roles)
    permissions = frozenset(row.permission for row in user.grants).union(
        *(ROLE_PERMISSIONS[role] for role in roles)
    )
    return Actor(
        user_id=user.id,
        username=user.username,
        name=user.name,
        roles=roles,
        permissions=permissions,
        region_ids=frozenset(row.region_id for row in user.regions),
        language=user.language,
    )


def actor_named(session: Session, username: str) -> Actor:
    """The actor of `--as USER`; raises NotFound for an unknown or deactivated user."""
    user = session.scalar(select(User).where(User.username == username.strip().lower()))
    if user is None or not user.is_active:
        raise NotFound(
            _("There is no active user {name}. `python -m core user list` shows the users.").format(
                name=username
            )
        )
    return actor_for(user)


def require(actor: Actor, permission: Permission) -> None:
    """Raise Forbidden unless the actor may do this."""
    if not actor.may(permission):
        raise Forbidden(
            _("Your role does not allow this. Ask an administrator for the permission {name}.").format(
                name=permission.value
            )
        )


def visible_accounts(actor: Actor) -> ColumnElement[bool]:
    """The condition on Account that lets through what the actor may see, for every `where`."""
    return and_(Account.merged_into_id.is_(None), accounts_in_reach(actor))


def readable_accounts(actor: Actor) -> ColumnElement[bool]:
    """The visible accounts and those that were merged into them: whose history may be read."""
    visible = visible_accounts(actor)
    kept = select(Account.id).where(visible).correlate(None)
    return or_(visible, Account.merged_into_id.in_(kept))


def accounts_in_reach(actor: Actor) -> ColumnElement[bool]:
    """What the actor could see if no account had been merged: only for merging and what undoes it."""
    if actor.sees_everything:
        return true()
    conditions: list[ColumnElement[bool]] = []
    if actor.reads_widely:
        conditions.append(Account.region_id.in_(sorted(actor.region_ids)))
    if Role.MANAGER in actor.roles:
        conditions.append(_works_on(actor))
    if not conditions:
        return false()
    return and_(Account.is_unassigned.is_(False), or_(*conditions))


def visible_account_ids(actor: Actor) -> ColumnElement[bool] | None:
    """The ids of visible accounts as a subquery for `column.in_(…)`; None where everything is visible."""
    if actor.sees_everything:
        return None
    return select(Account.id).where(visible_accounts(actor)).scalar_subquery()


def in_confidence(actor: Actor) -> ColumnElement[bool]:
    """The condition on Account that lets through those whose confidences the actor shares: team and directors."""
    if actor.user_id is None or Role.DIRECTOR in actor.roles:
        return visible_accounts(actor)
    if Role.MANAGER in actor.roles:
        return and_(visible_accounts(actor), _works_on(actor))
    return false()


def _works_on(actor: Actor) -> ColumnElement[bool]:
    today = clock.today()
    on_team = select(TeamMember.account_id).where(
        TeamMember.user_id == actor.user_id,
        TeamMember.valid_from <= today,
        or_(TeamMember.valid_to.is_(None), TeamMember.valid_to > today),
    )
    return or_(Account.owner_id == actor.user_id, Account.id.in_(on_team))
