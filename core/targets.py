"""What each account is expected to bring, month by month: read, set anew, compare with what was sold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import account_months, audit, auth, clock, db, parts, revenue
from core.audit import Subject
from core.auth import Actor
from core.errors import Invalid, NotFound
from core.filters import ALL_ACCOUNTS, ALL_LINES, AccountFilter
from core.language import _
from core.models import Account, Target
from core.money import ratio, round_money
from core.periods import Period, add_months
from core.revenue import Dimension
from core.vocabulary import Permission, Structure


@dataclass(frozen=True)
class Expected:
    """What targets ask for; None: nobody set one, which is not the same as nothing expected."""

    net_revenue: Decimal | None = None
    margin: Decimal | None = None  # None without `cost:read` too

    def __add__(self, other: Expected) -> Expected:
        return Expected(
            _sum_known(self.net_revenue, other.net_revenue), _sum_known(self.margin, other.margin)
        )


@dataclass(frozen=True)
class Attainment:
    """Net revenue beside its target: sums of both, so that ratios are made from sums."""

    actual: Decimal
    expected: Decimal | None

    @property
    def rate(self) -> Decimal | None:
        """Actual ÷ target; None without a target or with one of zero."""
        return ratio(self.actual, self.expected)


Wanted = tuple[Decimal, Decimal | None]  # net revenue and margin of one month


def set_many(
    session: Session,
    actor: Actor,
    account_id: int,
    months: Mapping[date, Wanted | None],
    *,
    batch_id: int | None = None,
) -> int:
    """Set targets of some months as new versions, or withdraw them with None; how many months changed."""
    auth.require(actor, Permission.TARGET_WRITE)
    account = session.scalar(
        select(Account)
        .where(Account.id == account_id, auth.visible_accounts(actor))
        .with_for_update()  # two people who set targets of one account follow each other
    )
    if account is None:
        raise NotFound(_("There is no such account."))
    wanted = _checked(months)
    before = {row.month: row for row in session.scalars(_in_force(account_id))}
    changes: dict[str, tuple[Any, Any]] = {}
    changed = [month for month in sorted(wanted) if _value(before.get(month)) != wanted[month]]
    for month in changed:
        changes.update(_changes(month, _value(before.get(month)), wanted[month]))
        _supersede(session, actor, account_id, month, wanted[month], batch_id)
    if changes:
        subject = Subject("target", account.code, account.name, account.id)
        audit.record(session, actor, "target:set", subject, changes)
    return len(changed)


def _checked(months: Mapping[date, Wanted | None]) -> dict[date, Wanted | None]:
    for month in months:
        if month.day != 1:
            raise Invalid(_("A target belongs to a month: give its first day, not {day}.").format(day=month))
    return {month: None if value is None else _rounded(*value) for month, value in months.items()}


def _rounded(net_revenue: Decimal, margin: Decimal | None) -> Wanted:
    return round_money(net_revenue), None if margin is None else round_money(margin)


def _in_force(account_id: int) -> Any:
    return select(Target).where(Target.account_id == account_id, Target.superseded_at.is_(None))


def _value(row: Target | None) -> Wanted | None:
    return None if row is None else _rounded(row.net_revenue_amount, row.margin_amount)


def _changes(month: date, before: Wanted | None, after: Wanted | None) -> dict[str, tuple[Any, Any]]:
    was, now = before or (None, None), after or (None, None)
    found = {
        f"{month:%Y-%m} net_revenue": (was[0], now[0]),
        f"{month:%Y-%m} margin": (was[1], now[1]),
    }
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def _supersede(
    session: Session, actor: Actor, account_id: int, month: date, value: Wanted | None, batch_id: int | None
) -> None:
    at = clock.now()
    versions = list(
        session.scalars(
            select(Target)
            .where(Target.account_id == account_id, Target.month == month)
            .order_by(Target.version)
        )
    )
    for row in versions:
        if row.superseded_at is None:
            row.superseded_at = at
    if value is not None:
        session.add(
            Target(
                account_id=account_id,
                month=month,
                version=versions[-1].version + 1 if versions else 1,
                net_revenue_amount=value[0],
                margin_amount=value[1],
                recorded_at=at,
                recorded_by=actor.username,
                superseded_at=None,
                batch_id=batch_id,
            )
        )
    session.flush()


_ALL = Decimal(1)
_BESIDE_TARGETS = (
    *audit.BESIDE_REVENUE,
    "forecast",
    "order",
    "product",
)  # changes of these leave targets alone
_ALLOWED = {
    Dimension.MONTH,
    Dimension.ACCOUNT,
    Dimension.OWNER,
    Dimension.REGION,
    Dimension.SEGMENT,
    Dimension.GROUP,
    Dimension.TIER,
}


def are_known_by(dimensions: Collection[Dimension]) -> bool:
    """Whether targets are set at this level: they are by account and month, never by product or country."""
    return set(dimensions) <= _ALLOWED


@audit.unmoved_by(*_BESIDE_TARGETS)
def by(
    session: Session,
    actor: Actor,
    period: Period,
    *dimensions: Dimension,
    accounts: AccountFilter = ALL_ACCOUNTS,
    structure: Structure = Structure.TODAY,
) -> dict[tuple[Any, ...], Expected]:
    """Targets in force by one or more dimensions; a month that is cut counts by its days."""
    auth.require(actor, Permission.REVENUE_READ)
    if not are_known_by(dimensions):
        raise Invalid(_("Targets are set by account and month: they are not known by product or country."))
    found: dict[tuple[Any, ...], Expected] = {}
    whole = period.whole_months()
    cut = [
        (Period(month, add_months(month, 1)), part) for part in period.cut_parts() for month in part.months()
    ]
    for months, part_of in [*([] if whole is None else [(whole, whole)]), *cut]:
        share = _ALL if part_of is whole else _share_of_month(months.start, part_of)
        for row in db.rows(session, _sums(actor, months, dimensions, accounts, structure)):
            *keys, net_revenue, margin = row
            part = Expected(_share(net_revenue, share), _share(margin, share) if actor.sees_cost else None)
            key: tuple[Any, ...] = tuple(keys)
            known = found.get(key)
            found[key] = part if known is None else known + part
    return found


@parts.by_account(account_months.joined)
@audit.unmoved_by(*_BESIDE_TARGETS)
def net_table(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> account_months.Table:
    """Targets of net revenue in force in ten-thousandths by account and month, over whole months."""
    auth.require(actor, Permission.REVENUE_READ)
    query = account_months.packed(Target.account_id, Target.month, Target.net_revenue_amount).where(
        Target.superseded_at.is_(None), Target.month >= period.start, Target.month < period.end
    )
    query = revenue.within(query, Target, actor, accounts, with_account=False)
    return account_months.table(db.rows(session, query), period)


def _sums(
    actor: Actor,
    months: Period,
    dimensions: tuple[Dimension, ...],
    accounts: AccountFilter,
    structure: Structure,
) -> Any:
    """Targets of some whole months, summed by the dimensions."""
    then = revenue.is_then(structure, dimensions, accounts)
    keys = [revenue.key_of(Target, dimension, then=then) for dimension in dimensions]
    query: Any = (
        select(*keys, func.sum(Target.net_revenue_amount), func.sum(Target.margin_amount))
        .select_from(Target)
        .where(Target.superseded_at.is_(None))
        .where(Target.month >= months.start, Target.month < months.end)
    )
    with_account = revenue.needs_account(dimensions, ALL_LINES)
    month = Target.month if then else None
    query = revenue.within(query, Target, actor, accounts, with_account=with_account, month=month)
    # Without a key there is one row even where no target is: of nothing, which is no target.
    return query.group_by(*keys) if keys else query.having(func.count() > 0)


@audit.unmoved_by(*_BESIDE_TARGETS)
def totals(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    structure: Structure = Structure.TODAY,
) -> Expected:
    """The sum of all targets in the period; None where there is none."""
    return by(session, actor, period, accounts=accounts, structure=structure).get((), Expected())


def by_month(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    structure: Structure = Structure.TODAY,
) -> dict[date, Expected]:
    """Every month that the period touches, in order."""
    found = by(session, actor, period, Dimension.MONTH, accounts=accounts, structure=structure)
    return {month: found.get((month,), Expected()) for month in period.months()}


def by_account(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    structure: Structure = Structure.TODAY,
) -> dict[int, Expected]:
    """Accounts that have a target in the period, by id."""
    found = by(session, actor, period, Dimension.ACCOUNT, accounts=accounts, structure=structure)
    return {account_id: expected for (account_id,), expected in found.items()}


def attainment(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> Attainment:
    """Net revenue of the period beside its target."""
    actual = revenue.totals(session, actor, period, accounts).net
    return Attainment(actual, totals(session, actor, period, accounts).net_revenue)


def _share_of_month(month: date, period: Period) -> Decimal:
    following = add_months(month, 1)
    inside = min(period.end, following) - max(period.start, month)
    return Decimal(inside.days) / (following - month).days


def _share(amount: Decimal | None, share: Decimal) -> Decimal | None:
    return amount if amount is None or share is _ALL else round_money(amount * share)


def _sum_known(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
