"""Taking the demo company out again: what goes, what stays, and what else would go with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, func, not_, select
from sqlalchemy.orm import Session

from core import audit, auth, bulk
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict
from core.language import _
from core.models import Account, Base, ImportBatch, Product, Setting, Target, User, UserRegion
from core.vocabulary import BatchStatus, Permission

# The audit is never cut; settings and users are the company's own, but for the demo's.
_KEPT = {"audit_entries", "audit_head"}
_OF_A_USER = {"user_roles", "user_grants", "user_regions", "web_sessions", "sign_in_tickets"}
_MARKS = ("demo", "demo_contents")


@dataclass(frozen=True)
class Remains:
    """What the store holds beside the demo, and what a removal would take with it."""

    batches: int  # imported files in force
    accounts: int
    products: int
    targets: int

    @property
    def is_any(self) -> bool:
        return bool(self.batches or self.accounts or self.products or self.targets)


def remains(session: Session, actor: Actor) -> Remains:
    """What was added since the demo was loaded."""
    auth.require(actor, Permission.STORE_MAINTAIN)
    contents = _contents(session)
    first_account, last_account = contents["accounts"]
    first_product, last_product = contents["products"]
    loaded_at = datetime.fromisoformat(contents["loaded_at"])
    return Remains(
        batches=_count(session, ImportBatch, ImportBatch.status == BatchStatus.APPLIED),
        accounts=_count(
            session,
            Account,
            and_(Account.is_unassigned.is_(False), not_(Account.id.between(first_account, last_account))),
        ),
        products=_count(session, Product, not_(Product.id.between(first_product, last_product))),
        targets=_count(session, Target, Target.recorded_at > loaded_at),
    )


def remove(session: Session, actor: Actor, *, with_own_data: bool = False) -> None:
    """Leave a store without accounts, products and orders, and without the demo's users.

    Own data that came in beside the demo goes only where `with_own_data` says so.
    """
    auth.require(actor, Permission.STORE_MAINTAIN)
    contents = _contents(session)
    beside = remains(session, actor)
    if beside.is_any and not with_own_data:
        raise Conflict(_beside(beside))
    _empty(session)
    _forget_settings(session, contents)
    bulk.refresh_statistics(session)
    audit.record(session, actor, "demo:remove", Subject("store", "demo", _("Demo company")))


def _contents(session: Session) -> dict[str, Any]:
    row = session.get(Setting, "demo_contents")
    if row is None:
        raise Conflict(_("No demo company is loaded in this store: there is nothing to remove."))
    contents: dict[str, Any] = row.value
    return contents


def _count(session: Session, kind: type[Base], condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(kind).where(condition)) or 0


def _beside(beside: Remains) -> str:
    return _(
        "Beside the demo the store holds own data, which would be removed too: imported files {batches}, "
        "accounts {accounts}, products {products}, targets {targets}. Make a backup, then add --yes."
    ).format(
        batches=beside.batches, accounts=beside.accounts, products=beside.products, targets=beside.targets
    )


def _empty(session: Session) -> None:
    """Delete from every table, those that refer to others first; tables of later versions are included."""
    session.flush()
    users = session.scalars(select(User).where(User.is_demo.is_(True)))
    people = {user.id: user.username for user in users}
    session.expunge_all()
    for table in reversed(Base.metadata.sorted_tables):
        if table.name not in _KEPT and table.name != Setting.__tablename__:
            session.execute(delete(table).where(*_demo_rows(table, people)))


def _demo_rows(table: Table, people: dict[int, str]) -> list[ColumnElement[bool]]:
    """Which of a table's rows go: all, unless users of the company's own are behind them."""
    if table.name == "users":
        return [table.c.id.in_(people)]
    if table.name in _OF_A_USER:
        return [table.c.user_id.in_(people)]
    if table.name == "sign_in_attempts":
        return [table.c.username.in_(people.values())]
    if table.name == "submissions":
        return [table.c.actor.in_(people.values())]
    if table.name == "authority_limits":
        return [table.c.recorded_by == "demo"]
    if table.name == "regions":
        # A director who is limited to a region would see everything without it.
        return [table.c.id.not_in(select(UserRegion.region_id))]
    return []


def _forget_settings(session: Session, contents: dict[str, Any]) -> None:
    for key, value in contents["settings"].items():
        row = session.get(Setting, key)
        if row is not None and row.value == value:
            session.delete(row)
    for key in _MARKS:
        row = session.get(Setting, key)
        if row is not None:
            session.delete(row)
    session.flush()
