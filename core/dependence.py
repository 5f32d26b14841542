"""How much depends on few accounts or groups: shares, the ABC curve, HHI, effective number, Gini.

Bands of the Herfindahl-Hirschman index come from competition law; for customers they are a convention, set in Settings.
Accounts of one group taken alone understate it, so groups can be taken as one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, db, revenue, settings
from core.auth import Actor
from core.concentration import Concentration
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.models import Account, Group
from core.money import MONEY_SCALE, ZERO, ratio
from core.periods import Period
from core.settings import Settings
from core.vocabulary import Permission


class AbcClass(StrEnum):
    A = "A"
    B = "B"
    C = "C"


class Band(StrEnum):
    """Where the index stands between the two thresholds of the settings."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


@dataclass(frozen=True)
class Holder:
    """An account, or the accounts of a group as one, with its part of the whole."""

    account_id: int | None  # none: a group
    code: str
    name: str
    amount: Decimal
    account_count: int = 1
    share: Decimal = ZERO
    cumulative: Decimal = ZERO  # the share of this one and all greater ones
    abc: AbcClass = AbcClass.C


@dataclass(frozen=True)
class Dependence:
    """Holders with positive net revenue, the greatest first."""

    period: Period
    by_group: bool
    holders: tuple[Holder, ...]
    band: Band | None
    before: Concentration | None = None  # of the base window, taken alike

    @cached_property
    def concentration(self) -> Concentration:
        return Concentration(tuple(holder.amount for holder in self.holders))

    def of_class(self, abc: AbcClass) -> list[Holder]:
        return [holder for holder in self.holders if holder.abc is abc]


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def of(
    session: Session,
    actor: Actor,
    period: Period,
    base: Period | None = None,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    by_group: bool = False,
) -> Dependence:
    """The curve over the period; with a base window its concentration too. UNASSIGNED is no account."""
    auth.require(actor, Permission.REVENUE_READ)
    decided = settings.get(session)
    holders = _holders(session, actor, period, accounts, by_group=by_group)
    ranked = classed(holders, decided.abc_a_share, decided.abc_b_share)
    before = None
    if base is not None:
        earlier = _holders(session, actor, base, accounts, by_group=by_group)
        before = Concentration.of(holder.amount for holder in earlier)
    hhi = Concentration.of(holder.amount for holder in ranked).hhi
    return Dependence(period, by_group, ranked, None if hhi is None else band(hhi, decided), before)


def band(hhi: Decimal, decided: Settings) -> Band:
    if hhi >= decided.hhi_high:
        return Band.HIGH
    return Band.MODERATE if hhi >= decided.hhi_moderate else Band.LOW


def classed(holders: list[Holder], a_share: Decimal, b_share: Decimal) -> tuple[Holder, ...]:
    """Ranked with shares and classes: who reaches into a class's share belongs to it, so that A is never empty."""
    ranked = sorted((one for one in holders if one.amount > 0), key=lambda one: (-one.amount, one.code))
    total = sum((one.amount for one in ranked), ZERO)
    found, before = [], ZERO
    for one in ranked:
        so_far = ratio(before, total) or ZERO
        abc = AbcClass.A if so_far < a_share else AbcClass.B if so_far < b_share else AbcClass.C
        before += one.amount
        # Written out: `replace` takes three times as long, and there are thousands.
        found.append(
            Holder(
                one.account_id,
                one.code,
                one.name,
                one.amount,
                one.account_count,
                one.amount / total,
                before / total,
                abc,
            )
        )
    return tuple(found)


def _holders(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter, *, by_group: bool
) -> list[Holder]:
    sums = revenue.nets(session, actor, period, accounts)
    known = db.rows(
        session,
        select(
            Account.id,
            Account.code,
            Account.name,
            Account.group_id,
            Group.code.label("group_code"),
            Group.name.label("group"),
        )
        .outerjoin(Group, Group.id == Account.group_id)
        .where(auth.visible_accounts(actor), accounts.condition(), Account.is_unassigned.is_(False)),
    )
    alone: list[Holder] = []
    groups: dict[int, Holder] = {}
    for account_id, code, name, group_id, group_code, group_name in known:
        if account_id not in sums:
            continue
        net = Decimal(sums[account_id][0]) / MONEY_SCALE
        if not by_group or group_id is None:
            alone.append(Holder(account_id, code, name, net))
            continue
        group = groups.get(group_id, Holder(None, group_code, group_name, ZERO, 0))
        groups[group_id] = replace(group, amount=group.amount + net, account_count=group.account_count + 1)
    return [*alone, *groups.values()]
