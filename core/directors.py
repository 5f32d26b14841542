"""Where the key-account business stands, why it moved, and which account to call about: one reading for all of it.

The same dataclass feeds the screen, the workbook and the printed page, so that their figures are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import (
    attention,
    auth,
    clock,
    delivery,
    kpi_registry,
    kpi_trends,
    measures,
    pace,
    parts,
    revenue,
    targets,
)
from core.attention import Item
from core.auth import Actor
from core.concentration import Concentration
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.kpi_registry import KPIS, Figure, Kpi, Slice
from core.kpi_trends import Trend
from core.language import _
from core.models import Account, User
from core.money import ZERO, ratio
from core.pace import Pace
from core.periods import Period, add_months, first_of_month
from core.retention import Retention
from core.revenue import Dimension, Measures
from core.targets import Expected
from core.vocabulary import Permission, Structure

TOP = 10
_WITH_COST = ("margin", "margin_rate")
_WITHOUT_COST = ("price_realisation", "logo_retention")
Key = TypeVar("Key")
Answer = TypeVar("Answer")
_MONTHS = 13  # of the small pictures: a year and the month a year ago


@dataclass(frozen=True)
class Tile:
    """One KPI beside the period before, last year and its target at once."""

    kpi: Kpi
    figure: Figure
    before: Decimal | None
    year_ago: Decimal | None
    target: Decimal | None  # none: there is none, or this figure has none
    months: Trend  # the newest last

    @property
    def value(self) -> Decimal | None:
        return self.figure.value


@dataclass(frozen=True)
class Mover:
    """An account now and a year ago."""

    account_id: int
    code: str
    name: str
    is_unassigned: bool
    now: Measures
    year_ago: Measures

    @property
    def change(self) -> Decimal:
        return self.now.net - self.year_ago.net


@dataclass(frozen=True)
class ManagerRow:
    """What one owner's visible accounts bring together."""

    owner_id: int | None
    name: str | None  # none: accounts without an owner
    accounts: int  # with positive net revenue
    now: Measures
    year_ago: Measures
    target: Decimal | None
    attention: int  # accounts that need it
    at_stake: Decimal

    @property
    def growth(self) -> Decimal | None:
        """Change against last year; None where last year brought nothing."""
        return ratio(self.now.net - self.year_ago.net, self.year_ago.net) if self.year_ago.net > 0 else None

    @property
    def attainment(self) -> Decimal | None:
        return ratio(self.now.net, self.target)


@dataclass(frozen=True)
class Decision:
    """What an account, or an import, asks for: its greatest reason first, and who answers for it."""

    items: tuple[Item, ...]
    owner: str | None

    @property
    def first(self) -> Item:
        return self.items[0]


@dataclass(frozen=True)
class Overview:
    """Everything that the overview shows, on screen and on paper."""

    period: Period
    before: Period
    year_ago: Period
    as_of: date
    tiles: tuple[Tile, ...]
    pace: Pace
    movers: tuple[Mover, ...]  # the greatest change first, up or down
    managers: tuple[ManagerRow, ...]
    decisions: tuple[Decision, ...]  # the most money first
    at_stake: Decimal
    retention: Retention
    concentration: Concentration
    largest: tuple[Mover, ...]  # by net revenue now
    sees_cost: bool
    structure: Structure = Structure.TODAY

    @property
    def tile(self) -> Mapping[str, Tile]:
        return {tile.kpi.name: tile for tile in self.tiles}

    @cached_property
    def change(self) -> Decimal:
        """Of net revenue against last year."""
        return sum((row.change for row in self.movers), ZERO)

    @property
    def is_empty(self) -> bool:
        return not self.movers


def names(*, sees_cost: bool) -> tuple[str, ...]:
    """The KPIs of the overview in their order."""
    money, more = (_WITH_COST, ()) if sees_cost else (_WITHOUT_COST[:1], _WITHOUT_COST[1:])
    return (
        "net_revenue", *money, "discount_rate", "target_attainment", "net_revenue_retention",
        "gross_revenue_retention", *more, "active_accounts", "top_share", "otif",
    )  # fmt: skip


def label(name: str) -> str:
    """What a KPI is called here, where it is known how many the largest are."""
    if name == "top_share":
        return _("Share of the {count} largest").format(count=TOP)
    return kpi_registry.label(name)


@dataclass(frozen=True)
class _Span:
    """One period as it was read: sums by owner and account, targets and deliveries."""

    period: Period
    sums: Mapping[tuple[int | None, int], Measures]

    @cached_property
    def by_account(self) -> dict[int, Measures]:
        return _grouped((account, sums) for (_owner, account), sums in self.sums.items())

    @cached_property
    def by_owner(self) -> dict[int | None, Measures]:
        return _grouped((owner, sums) for (owner, _account), sums in self.sums.items())


def _grouped(pairs: Iterable[tuple[Key, Measures]]) -> dict[Key, Measures]:
    found: dict[Key, Measures] = {}
    for key, sums in pairs:
        found[key] = found[key] + sums if key in found else sums
    return found


@dataclass(frozen=True)
class _Look:
    session: Session
    actor: Actor
    accounts: AccountFilter
    day: date
    structure: Structure

    def ask(self, function: Callable[..., Answer], *arguments: Any, **named: Any) -> Answer:
        """Ask for a part of the overview about these accounts."""
        wanted = {"accounts": self.accounts, "structure": self.structure, **named}
        return parts.ask(self.session, self.actor, function, *arguments, **wanted)

    def span(self, period: Period, known: Mapping[int, _Known]) -> _Span:
        """Of today's owners by account alone: who owns each is known already."""
        if self.structure is Structure.TODAY:
            of_accounts = self.ask(revenue.of_accounts, period)
            rows = ((account, sums) for (account,), sums in of_accounts.items() if account in known)
            return _Span(period, {(known[account].owner_id, account): sums for account, sums in rows})
        by = (Dimension.OWNER, Dimension.ACCOUNT)
        found = self.ask(revenue.by, period, *by)
        return _Span(period, {(owner, account): sums for (owner, account), sums in found.items()})


def overview(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    day: date | None = None,
    structure: Structure = Structure.TODAY,
) -> Overview:
    """The overview of the visible accounts of the filter; `day` is the one that periods end with.

    What needs a decision is always of today's owners, whatever the structure.
    """
    auth.require(actor, Permission.REVENUE_READ)
    look = _Look(session, actor, accounts, day or clock.today(), structure)
    before, year_ago = period.previous(), period.shifted(-12)
    known = _accounts(look)
    spans = {one: look.span(one, known) for one in _windows(period, before, year_ago)}
    now, then = spans[period], spans[year_ago]
    movers = _movers(known, now, then)
    positive = [row for row in movers if row.now.net > 0 and not row.is_unassigned]
    waiting = attention.today(session, actor, accounts, day=look.day)
    owners = {row.id: row.name for row in session.execute(select(User.id, User.name))}
    decisions = tuple(Decision(one, _owner_of(known, owners, one[0].account_id)) for one in waiting.groups)
    unassigned = frozenset(row.id for row in known.values() if row.is_unassigned)
    return Overview(
        period=period,
        before=before,
        year_ago=year_ago,
        as_of=look.day,
        tiles=_tiles(look, spans, (period, before, year_ago), unassigned),
        pace=look.ask(pace.of, Period.of(look.day, look.day)),
        movers=movers,
        managers=_managers(look, now, then, known, owners, decisions),
        decisions=decisions,
        at_stake=waiting.at_stake,
        retention=Retention.between(_nets(then, unassigned), _nets(now, unassigned)),
        concentration=Concentration.of(row.now.net for row in positive),
        largest=tuple(sorted(positive, key=lambda row: (-row.now.net, row.code))[:TOP]),
        sees_cost=actor.sees_cost,
        structure=structure,
    )


def _windows(*periods: Period) -> list[Period]:
    """The periods, and those that their retention is compared with; each once."""
    return list(dict.fromkeys((*periods, *(period.shifted(-12) for period in periods))))


@dataclass(frozen=True)
class _Known:
    id: int
    code: str
    name: str
    owner_id: int | None
    is_unassigned: bool


def _accounts(look: _Look) -> dict[int, _Known]:
    columns = (Account.id, Account.code, Account.name, Account.owner_id, Account.is_unassigned)
    query = select(*columns).where(auth.visible_accounts(look.actor))
    if look.structure is Structure.TODAY:
        query = query.where(look.accounts.condition())
    rows = look.session.execute(query)
    return {row.id: _Known(*row) for row in rows}


def _owner_of(known: Mapping[int, _Known], owners: Mapping[int, str], account_id: int | None) -> str | None:
    account = None if account_id is None else known.get(account_id)
    return None if account is None or account.owner_id is None else owners.get(account.owner_id)


def _movers(known: Mapping[int, _Known], now: _Span, then: _Span) -> tuple[Mover, ...]:
    nothing = Measures()
    rows = [
        Mover(
            one.id,
            one.code,
            one.name,
            one.is_unassigned,
            now.by_account.get(one.id, nothing),
            then.by_account.get(one.id, nothing),
        )
        for one in known.values()
        if one.id in now.by_account or one.id in then.by_account
    ]
    return tuple(sorted(rows, key=lambda row: (-abs(row.change), row.code)))


def _nets(span: _Span, unassigned: frozenset[int]) -> dict[int, Decimal]:
    return {account: sums.net for account, sums in span.by_account.items() if account not in unassigned}


def _tiles(
    look: _Look,
    spans: Mapping[Period, _Span],
    shown: tuple[Period, Period, Period],
    unassigned: frozenset[int],
) -> tuple[Tile, ...]:
    expected = {one: look.ask(targets.totals, one) for one in shown}
    slices = [_slice(look, spans, one, expected[one].net_revenue, unassigned) for one in shown]
    wanted = names(sees_cost=look.actor.sees_cost)
    last = first_of_month(look.day)
    months = Period(add_months(last, 1 - _MONTHS), add_months(last, 1))
    trends = look.ask(kpi_trends.by_month, wanted, months, top=TOP)
    found = []
    for name in wanted:
        figure, before, year_ago = (KPIS[name].evaluate(part) for part in slices)
        target = _target(name, expected[shown[0]])
        found.append(Tile(KPIS[name], figure, before.value, year_ago.value, target, trends[name]))
    return tuple(found)


def _slice(
    look: _Look,
    spans: Mapping[Period, _Span],
    period: Period,
    target: Decimal | None,
    unassigned: frozenset[int],
) -> Slice:
    def of(one: Period) -> dict[int, Measures]:
        rows = spans[one].by_account.items()
        return {account: sums for account, sums in rows if account not in unassigned}

    return Slice(
        sums=measures.total(spans[period].by_account.values(), sees_cost=look.actor.sees_cost),
        now=of(period),
        then=of(period.shifted(-12)),
        target=target,
        delivered=look.ask(delivery.totals, period),
        top=TOP,
    )


def _target(name: str, expected: Expected) -> Decimal | None:
    """What was planned for a figure: targets are set for net revenue and margin, and follow for their ratios."""
    if name == "target_attainment":
        return None if expected.net_revenue is None else Decimal(1)
    known = {
        "net_revenue": expected.net_revenue,
        "margin": expected.margin,
        "margin_rate": ratio(expected.margin, expected.net_revenue),
    }
    return known.get(name)


def _managers(
    look: _Look,
    now: _Span,
    then: _Span,
    known: Mapping[int, _Known],
    owners: Mapping[int, str],
    decisions: Sequence[Decision],
) -> tuple[ManagerRow, ...]:
    expected = look.ask(targets.by, now.period, Dimension.OWNER)
    wanted = {owner: one.net_revenue for (owner,), one in expected.items()}
    positive: dict[int | None, int] = {}
    for (owner, account), sums in now.sums.items():
        if sums.net > 0 and account in known and not known[account].is_unassigned:
            positive[owner] = positive.get(owner, 0) + 1
    asking: dict[int | None, list[Decision]] = {}
    for one in decisions:
        account_id = one.first.account_id
        if account_id is not None and account_id in known:
            asking.setdefault(known[account_id].owner_id, []).append(one)
    nothing = measures.nothing(sees_cost=look.actor.sees_cost)
    rows = [
        ManagerRow(
            owner_id=owner,
            name=None if owner is None else owners.get(owner),
            accounts=positive.get(owner, 0),
            now=now.by_owner.get(owner, nothing),
            year_ago=then.by_owner.get(owner, nothing),
            target=wanted.get(owner),
            attention=len(asking.get(owner, ())),
            at_stake=sum((one.first.amount or ZERO for one in asking.get(owner, ())), ZERO),
        )
        for owner in {*now.by_owner, *then.by_owner, *wanted}
    ]
    return tuple(sorted(rows, key=lambda row: (-row.now.net, row.name or "")))
