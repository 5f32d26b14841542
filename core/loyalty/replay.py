"""The replay lab: what a specification would have made of real orders, and whether it makes the ledger that is kept.

A draft is tried on a period as if the programme had begun with it: who lands where, how close the next tier is, what
it costs and what is owed at the end. Nobody redeems in a replay, so the cost is that of the share of points that the
specification expects to be redeemed. The programme in force is replayed for those who are enrolled, as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, db
from core.auth import Actor
from core.errors import NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.loyalty import accruals, generation, ledger, lots, order_facts, outlooks, programmes, standings
from core.loyalty.generation import Facts, Generation
from core.loyalty.lots import NO_END
from core.loyalty.order_facts import Enrolled
from core.loyalty.rules import SCALE, VersionInForce
from core.loyalty.specs import Spec
from core.models import Account, LoyaltyEnrolment
from core.money import MONEY_SCALE, ZERO, ratio, round_money
from core.periods import Period
from core.vocabulary import Permission

_AT_ONCE = 200


@dataclass(frozen=True)
class Landed:
    """Where an account ends under a specification."""

    account_id: int
    code: str
    name: str
    orders: int
    net_revenue: Decimal  # of what earned
    issued: Decimal  # returns taken off
    expired: Decimal
    outstanding: Decimal
    qualifying: Decimal  # in the window at the end
    loyalty_tier: str | None
    next_tier: str | None
    to_next: Decimal | None
    to_stay: Decimal | None
    discount: Decimal  # what the tiers' extra discount would have come to, at most
    value: Decimal  # of points and discount to the account, our cost
    changes: int  # how often the tier changed

    @property
    def is_one_order_away(self) -> bool:
        """Whether an order as large as the account's usual one would reach the next tier."""
        if self.to_next is None or not self.orders:
            return False
        return self.to_next <= self.qualifying / self.orders


@dataclass(frozen=True)
class Replayed:
    """A specification over a period."""

    period: Period
    spec: Spec
    landed: tuple[Landed, ...]

    def total(self, name: str) -> Decimal:
        """The sum of a column over all accounts."""
        return sum((getattr(one, name) for one in self.landed), ZERO)

    @property
    def by_tier(self) -> dict[str, int]:
        """How many accounts end in each tier, those below the lowest under an empty name."""
        found = {"": 0, **{tier.name: 0 for tier in self.spec.tiers}}
        for one in self.landed:
            found[one.loyalty_tier or ""] += 1
        return found

    @property
    def liability(self) -> Decimal:
        """What the points that are left will cost: a management estimate, not accounting."""
        return liability(self.total("outstanding"), self.spec)

    @property
    def cost(self) -> Decimal:
        """Points and discounts of the period, points as far as they are expected to be redeemed."""
        return self.total("value")

    @property
    def margin_needed(self) -> Decimal | None:
        """The share of the revenue in the programme that pays for it; None without revenue."""
        return ratio(self.cost, self.total("net_revenue"))


def liability(outstanding: Decimal, spec: Spec) -> Decimal:
    """Outstanding points × the share that will be redeemed × the cost of a point."""
    return round_money(outstanding * spec.redemption_rate * spec.point_cost)


def replay(
    session: Session, actor: Actor, spec: Spec, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> Replayed:
    """Try a specification on the orders of a period, each visible account for itself."""
    return replay_all(session, actor, (spec,), period, accounts)[0]


def replay_all(
    session: Session,
    actor: Actor,
    specs: Sequence[Spec],
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
) -> list[Replayed]:
    """The same of several specifications with one basis and the same factors: the orders are read once."""
    auth.require(actor, Permission.LOYALTY_READ)
    query = select(Account.id, Account.code, Account.name).where(
        auth.visible_accounts(actor), accounts.condition(), Account.is_unassigned.is_(False)
    )
    named = {row[0]: (row[1], row[2]) for row in db.rows(session, query)}
    versions, ids = [VersionInForce(0, period.start, None, spec) for spec in specs], sorted(named)
    # SQLite groups an account's lines where they lie; all at once it would sort ten million of them.
    piece = _AT_ONCE if db.is_sqlite(session) else max(len(ids), 1)
    landed: list[list[Landed]] = [[] for _version in versions]
    for start in range(0, len(ids), piece):
        enrolled = [
            Enrolled(one, one, period.start.toordinal(), NO_END) for one in ids[start : start + piece]
        ]
        facts = order_facts.read(session, enrolled, versions[:1], period.last_day)
        for version, found in zip(versions, landed, strict=True):
            found += [
                _landed(account_id, *named[account_id], own, version, period)
                for account_id, own in facts.items()
                if own.orders
            ]
    return [
        Replayed(period, spec, tuple(sorted(found, key=lambda one: one.code)))
        for spec, found in zip(specs, landed, strict=True)
    ]


def _landed(
    account_id: int, code: str, name: str, facts: Facts, version: VersionInForce, period: Period
) -> Landed:
    spec, last = version.spec, period.last_day
    made = generation.generate([version], facts, period.start, last)
    months = standings.idle_months(spec)
    found = lots.fold((one.movement for one in made.entries), last.toordinal(), idle_months=months)
    ahead = outlooks.outlook(made.history, made.qualifying, last)
    tier = None if ahead is None else standings.tier_standing(0, ahead, (), last)
    issued = Decimal(found.issued - found.taken) / SCALE
    discount = _discount(facts, made)
    return Landed(
        account_id=account_id,
        code=code,
        name=name,
        orders=len(facts.orders),
        net_revenue=Decimal(sum(one.net for one in facts.orders)) / MONEY_SCALE,
        issued=issued,
        expired=Decimal(found.expired) / SCALE,
        outstanding=Decimal(found.balance) / SCALE,
        qualifying=ZERO if tier is None else tier.qualifying,
        loyalty_tier=None if tier is None else tier.loyalty_tier,
        next_tier=None if tier is None else tier.next_tier,
        to_next=None if tier is None else tier.to_next,
        to_stay=None if tier is None else tier.to_stay,
        discount=discount,
        value=liability(issued, spec) + discount,
        changes=max(0, len(made.history.held) - 1),
    )


def _discount(facts: Facts, made: Generation) -> Decimal:
    """The extra discount of the tier held before each order, on what it was worth."""
    by_day: dict[int, int] = {}
    for one in facts.orders:
        by_day[one.day] = by_day.get(one.day, 0) + one.net
    total = ZERO
    for day, net in by_day.items():
        held = made.history.at(day - 1)
        if held is not None and held.tier:
            rate = held.version.spec.tiers[held.tier - 1].benefits.discount_rate
            total += Decimal(net) / MONEY_SCALE * rate
    return round_money(total)


@dataclass(frozen=True)
class Compared:
    """What an account would have under a draft, beside what it has under another specification."""

    account_id: int
    code: str
    name: str
    now: Landed | None
    then: Landed | None

    @property
    def difference(self) -> Decimal:
        """More value to the account, our cost; below zero: it loses."""
        return (self.then.value if self.then else ZERO) - (self.now.value if self.now else ZERO)


def compare(now: Replayed, then: Replayed) -> list[Compared]:
    """Winners and losers, who wins most first."""
    before = {one.account_id: one for one in now.landed}
    after = {one.account_id: one for one in then.landed}
    rows = []
    for account_id in before.keys() | after.keys():
        one = after.get(account_id) or before[account_id]
        rows.append(Compared(account_id, one.code, one.name, before.get(account_id), after.get(account_id)))
    return sorted(rows, key=lambda row: (-row.difference, row.code))


@dataclass(frozen=True)
class Line:
    """What entries of one source come to, for comparing ledgers."""

    account_id: int
    source: str
    posted_on: date
    points: Decimal
    qualifying: Decimal
    expires_on: date | None


@dataclass(frozen=True)
class Ledger:
    """What the versions in force make of the orders of the enrolled, and where the kept ledger says otherwise."""

    until: date
    lines: tuple[Line, ...]
    differences: tuple[str, ...]


@dataclass
class _Collected:
    lines: list[Line] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def of_programme(session: Session, actor: Actor, number: int, until: date | None = None) -> Ledger:
    """Replay a programme in force for its members from the beginning, and compare with the ledger that is kept.

    Without a day each member is replayed as far as the daily job has come.
    """
    auth.require(actor, Permission.LOYALTY_DESIGN)
    if number not in programmes.versions_in_force(session):
        raise NotFound(_("There is no live programme P{number}.").format(number=number))
    query = select(LoyaltyEnrolment.member_id).where(
        LoyaltyEnrolment.programme_number == number, LoyaltyEnrolment.superseded_at.is_(None)
    )
    found = _Collected()
    for days, member_ids in _pieces(session, sorted(set(session.scalars(query))), until):
        for member_id, known in accruals.read(session, member_ids, days).items():
            _collect(found, member_id, known, days)
    return Ledger(until or date.min, tuple(found.lines), tuple(found.differences))


def _pieces(
    session: Session, member_ids: Sequence[int], until: date | None
) -> Iterator[tuple[date, list[int]]]:
    """Members by the day up to which they are replayed, some at once."""
    by_day: dict[date, list[int]] = {}
    accrued = accruals.accrued_on(session, member_ids)
    for member_id in member_ids:
        day = until or accrued.get(member_id)
        if day is not None:
            by_day.setdefault(day, []).append(member_id)
    for day, some in by_day.items():
        for start in range(0, len(some), _AT_ONCE):
            yield day, some[start : start + _AT_ONCE]


def _collect(found: _Collected, member_id: int, known: accruals.Known, day: date) -> None:
    """The replay looks at orders and at what people entered, never at what the daily job booked."""
    made = accruals.generated(known, day)
    if made is None:
        return
    wanted = {one.movement.key: one for one in made.entries}
    for key in sorted(wanted):
        one = wanted[key]
        movement = one.movement
        found.lines.append(
            Line(
                account_id=movement.account_id,
                source=movement.source,
                posted_on=date.fromordinal(movement.posted),
                points=Decimal(movement.points) / SCALE,
                qualifying=Decimal(one.qualifying) / SCALE,
                expires_on=None if movement.expires == NO_END else date.fromordinal(movement.expires),
            )
        )
    found.lines += _lapsed(known, made, day)
    found.differences += unlike(member_id, known, day, made)


def _lapsed(known: accruals.Known, made: Generation, day: date) -> list[Line]:
    people = [one.movement for one in known.kept if one.movement.phase is lots.Phase.PEOPLE]
    movements = [*lots.netted(people), *(one.movement for one in made.entries)]
    folded = lots.fold(movements, day.toordinal(), idle_months=accruals.idle_months(known, day))
    return [
        Line(
            account_id,
            f"lapse:{source}:{date.fromordinal(last).isoformat()}",
            date.fromordinal(last) + timedelta(days=1),
            -Decimal(points) / SCALE,
            ZERO,
            None,
        )
        for (account_id, source), (last, points) in sorted(folded.lapses.items())
        if points
    ]


def unlike(member_id: int, known: accruals.Known, day: date, made: Generation | None) -> list[str]:
    """A sentence for each thing that the kept ledger says otherwise than a replay."""
    drafts = accruals.corrections(known.kept, () if made is None else made.entries)
    if not drafts:
        folded = ledger.folded(known.kept, day, idle_months=accruals.idle_months(known, day))
        drafts = ledger.lapses(known.kept, folded)
    return [
        _(
            "Of member {member} {source} should come to {points} points more, {qualifying} of them qualifying."
        ).format(
            member=member_id,
            source=one.source,
            points=ledger.plain(Decimal(one.points) / SCALE),
            qualifying=ledger.plain(Decimal(one.qualifying) / SCALE),
        )
        for one in drafts
    ]


def kept_lines(session: Session, actor: Actor, number: int) -> list[Line]:
    """The kept ledger of a programme's members as lines, sums of entries by source: what the daily job booked."""
    auth.require(actor, Permission.LOYALTY_DESIGN)
    query = select(LoyaltyEnrolment.member_id).where(
        LoyaltyEnrolment.programme_number == number, LoyaltyEnrolment.superseded_at.is_(None)
    )
    member_ids = sorted(set(session.scalars(query)))
    found: list[Line] = []
    for start in range(0, len(member_ids), _AT_ONCE):
        kept = ledger.entries(session, member_ids[start : start + _AT_ONCE])
        for rows in kept.values():
            found += _summed(rows)
    return found


def _summed(rows: Sequence[ledger.Kept]) -> list[Line]:
    sums: dict[lots.Key, Line] = {}
    for one in rows:
        if not one.generated:
            continue
        movement, was = one.movement, sums.get(one.movement.key)
        sums[movement.key] = Line(
            movement.account_id,
            movement.source,
            one.posted_on if was is None else was.posted_on,
            Decimal(movement.points) / SCALE + (was.points if was else ZERO),
            Decimal(one.qualifying) / SCALE + (was.qualifying if was else ZERO),
            None if movement.expires == NO_END else date.fromordinal(movement.expires),
        )
    return [line for line in sums.values() if line.points or line.qualifying]


def document(found: Replayed) -> Mapping[str, object]:
    """The result as the command line prints it."""
    return {
        "from": found.period.start.isoformat(),
        "to": found.period.last_day.isoformat(),
        "accounts": str(len(found.landed)),
        **{name: ledger.plain(found.total(name)) for name in ("issued", "expired", "outstanding")},
        **{name: f"{value:.4f}" for name, value in (
            ("net_revenue", found.total("net_revenue")), ("discount", found.total("discount")),
            ("cost", found.cost), ("liability", found.liability),
        )},
        "margin_needed": None if found.margin_needed is None else f"{found.margin_needed:.6f}",
        "tiers": [{"loyalty_tier": name or None, "accounts": str(count)} for name, count in found.by_tier.items()],
        "rows": [
            {
                "account": one.code,
                "orders": str(one.orders),
                "issued": ledger.plain(one.issued),
                "expired": ledger.plain(one.expired),
                "outstanding": ledger.plain(one.outstanding),
                "qualifying": ledger.plain(one.qualifying),
                "loyalty_tier": one.loyalty_tier,
                "to_next": None if one.to_next is None else ledger.plain(one.to_next),
                "value": f"{one.value:.4f}",
            }
            for one in found.landed
        ],
    }  # fmt: skip
