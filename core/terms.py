"""Terms: what accounts, groups and segments were granted, from when until when, and what we knew of it when.

Each is kept as versions: a change is a new version of the same number that supersedes the one before, and nothing
is overwritten. `core/term_versions.py` records them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from core import auth
from core.auth import Actor
from core.errors import Forbidden, NotFound
from core.language import N_, _
from core.models import Account, Category, Group, Product, Segment, Term, Unit
from core.term_drafts import Scope
from core.vocabulary import Permission, TermDate, TermKind, TermStatus, TierBasis, TierMode, TierPeriod

KIND_WORDS = {
    TermKind.SPECIAL_PRICE: N_("special price"),
    TermKind.DISCOUNT: N_("discount"),
    TermKind.QUANTITY_TIER: N_("quantity tier"),
    TermKind.PROMOTION: N_("promotion"),
    TermKind.VOLUME_TIER: N_("volume tier"),
    TermKind.PROMPT_PAYMENT: N_("prompt payment"),
    TermKind.FREIGHT: N_("freight"),
    TermKind.PAYMENT_TERMS: N_("payment terms"),
}


@dataclass(frozen=True)
class TermRow:
    """One version of a term with the names of what it is for."""

    id: int
    number: int
    kind: TermKind
    scope: Scope
    account: str | None  # codes, and names of segments and categories
    group: str | None
    segment: str | None
    product: str | None
    category: str | None
    value: Decimal
    min_quantity: Decimal
    valid_from: date
    valid_to: date | None  # exclusive
    stacks: bool
    governed_by: TermDate
    status: TermStatus
    reason: str
    recorded_at: datetime
    recorded_by: str
    superseded_at: datetime | None
    basis: TierBasis = TierBasis.LINE
    period: TierPeriod | None = None
    mode: TierMode | None = None
    unit: str | None = None  # what price and quantity count; None: base units
    days: int | None = None
    is_exception: bool = False  # holds below the floor price too
    unit_id: int | None = None
    judged: Mapping[str, str | None] | None = None  # a submission's measures, as `Effect.measures` keeps them
    label: str = ""  # of what is no term: a loyalty tier's extra discount

    @property
    def name(self) -> str:
        return self.label or f"T{self.number}"

    @property
    def last_day(self) -> date | None:
        """As on paper; None: until further notice."""
        return None if self.valid_to is None else self.valid_to - timedelta(days=1)


def visible(actor: Actor) -> ColumnElement[bool]:
    """The terms of accounts that the actor sees, and those of the groups and segments of such accounts."""
    if actor.sees_everything:
        return true()
    seen = auth.visible_accounts(actor)
    return or_(
        Term.account_id.in_(select(Account.id).where(seen)),
        Term.group_id.in_(select(Account.group_id).where(seen, Account.group_id.is_not(None))),
        Term.segment_id.in_(select(Account.segment_id).where(seen, Account.segment_id.is_not(None))),
    )


def known(at: datetime | None) -> ColumnElement[bool]:
    """The versions that were known at a moment; None: those in force now."""
    if at is None:
        return and_(Term.undone_at.is_(None), Term.superseded_at.is_(None))
    return and_(
        Term.undone_at.is_(None),
        Term.recorded_at <= at,
        or_(Term.superseded_at.is_(None), Term.superseded_at > at),
    )


def search(
    session: Session,
    actor: Actor,
    *,
    account_id: int | None = None,
    known_at: datetime | None = None,
    status: TermStatus | None = None,
    only: ColumnElement[bool] | None = None,
) -> list[TermRow]:
    """The terms that are visible; of one account: its own and those of its group and segment.

    `only` is a condition on Term that all of them meet.
    """
    auth.require(actor, Permission.TERM_READ)
    query = with_names().where(visible(actor), known(known_at))
    if only is not None:
        query = query.where(only)
    if status is not None:
        query = query.where(Term.status == status)
    if account_id is not None:
        query = query.where(for_account(session, actor, account_id))
    return [row_of(*one) for one in session.execute(query)]


def label(session: Session, actor: Actor, number: int) -> str:
    """What a term is called; raises NotFound for one that is out of sight."""
    auth.require(actor, Permission.TERM_READ)
    if session.scalar(select(Term.id).where(Term.number == number, visible(actor)).limit(1)) is None:
        raise NotFound(_("There is no term {name}.").format(name=f"T{number}"))
    return f"T{number}"


def for_account(session: Session, actor: Actor, account_id: int) -> ColumnElement[bool]:
    """The condition on Term for what reaches an account; raises NotFound for one that is out of sight."""
    auth.require(actor, Permission.TERM_READ)
    place = session.execute(
        select(Account.group_id, Account.segment_id).where(
            Account.id == account_id, auth.visible_accounts(actor)
        )
    ).one_or_none()
    if place is None:
        raise NotFound(_("There is no such account."))
    reached = [Term.account_id == account_id]
    if place.group_id is not None:
        reached.append(Term.group_id == place.group_id)
    if place.segment_id is not None:
        reached.append(Term.segment_id == place.segment_id)
    return or_(*reached)


def with_names(*more: Any) -> Any:
    """A query of terms with the names of what they are for, as `row_of` takes them; `more` come after."""
    named: Any = select(
        Term, Account.code, Group.code, Segment.name, Product.code, Category.name, Unit.name, *more
    )
    return (
        named.outerjoin(Account, Account.id == Term.account_id)
        .outerjoin(Group, Group.id == Term.group_id)
        .outerjoin(Segment, Segment.id == Term.segment_id)
        .outerjoin(Product, Product.id == Term.product_id)
        .outerjoin(Category, Category.id == Term.category_id)
        .outerjoin(Unit, Unit.id == Term.unit_id)
        .order_by(Term.number, Term.recorded_at, Term.id)
    )


def row_of(
    term: Term,
    account: str | None,
    group: str | None,
    segment: str | None,
    product: str | None,
    category: str | None,
    unit: str | None,
) -> TermRow:
    """A version with its names, as `with_names` finds them."""
    return TermRow(
        id=term.id,
        number=term.number,
        kind=term.kind,
        scope=scope_of(term),
        account=account,
        group=group,
        segment=segment,
        product=product,
        category=category,
        value=value_of(term),
        min_quantity=term.min_quantity,
        valid_from=term.valid_from,
        valid_to=term.valid_to,
        stacks=term.stacks,
        governed_by=term.governed_by,
        status=term.status,
        reason=term.reason,
        recorded_at=term.recorded_at,
        recorded_by=term.recorded_by,
        superseded_at=term.superseded_at,
        basis=term.basis,
        period=term.period,
        mode=term.mode,
        unit=unit,
        days=term.days,
        is_exception=term.is_exception,
        unit_id=term.unit_id,
        judged=term.judged,
    )


def scope_of(term: Term) -> Scope:
    return Scope(term.account_id, term.group_id, term.segment_id, term.product_id, term.category_id)


def value_of(term: Term) -> Decimal:
    """The money, the share, or the days of payment terms."""
    if term.kind is TermKind.PAYMENT_TERMS:
        return Decimal(term.days or 0)
    value = term.price if term.price is not None else term.rate
    assert value is not None  # noqa: S101  (the table holds exactly one of them)
    return value


def require_scope(session: Session, actor: Actor, scope: Scope, *, lock: bool = False) -> None:
    """Raise unless the scope is the actor's to grant for: the account, or every account of the group or segment.

    With `lock` the row that the scope belongs to is held, so that two people who grant for it follow each other.
    """
    auth.require(actor, Permission.TERM_WRITE)
    seen = auth.visible_accounts(actor)
    if scope.account_id is not None:
        if (
            session.scalar(_held(select(Account.id).where(Account.id == scope.account_id, seen), lock))
            is None
        ):
            raise NotFound(_("There is no such account."))
        return
    if scope.group_id is not None:
        wanted, column = (
            select(Group.id).where(Group.id == scope.group_id),
            Account.group_id == scope.group_id,
        )
    else:
        wanted = select(Segment.id).where(Segment.id == scope.segment_id)
        column = Account.segment_id == scope.segment_id
    if session.scalar(_held(wanted, lock)) is None:
        raise NotFound(_("There is no such group or segment."))
    members = select(func.count()).select_from(Account).where(column, Account.merged_into_id.is_(None))
    if session.scalar(members) != session.scalar(members.where(seen)):
        raise Forbidden(
            _("Some accounts of this group or segment are not yours: ask a director to grant it to all.")
        )


def _held(query: Select[Any], lock: bool) -> Select[Any]:
    return query.with_for_update() if lock else query
