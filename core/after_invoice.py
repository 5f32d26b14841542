"""What the terms give after the invoice in a period: volume tiers, prompt payment and freight, as far as they reach.

The same order of resolution as for a single price (`core/pricing.py`), but on sums: a term counts for the days on which
it holds, by the day that revenue belongs to. Prompt payment counts as if everybody paid in time, since payments are not
recorded: it is the most that it can cost. A volume tier counts what its period earned up to the end, less what it had
earned up to the beginning; a group's tier is reached by those accounts of it together that the actor asks for and sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import auth, price_sources, revenue, terms, volume_tiers
from core.auth import Actor
from core.bought import period_of
from core.dimensions import Dimension
from core.filters import ALL_ACCOUNTS, AccountFilter, LineFilter
from core.models import Product, Term
from core.money import ZERO, round_money
from core.periods import Period, holds
from core.price_sources import Customer, What
from core.pricing import ForWhat, ForWhom
from core.vocabulary import Permission, TermKind, TermStatus, TierBasis, TierMode

KINDS = (TermKind.VOLUME_TIER, TermKind.PROMPT_PAYMENT, TermKind.FREIGHT)


@dataclass(frozen=True)
class _Sold:
    """What an account bought of some goods in some days."""

    net: Decimal = ZERO
    quantity: Decimal = ZERO

    def less(self, other: _Sold) -> _Sold:
        return _Sold(self.net - other.net, self.quantity - other.quantity)

    def plus(self, other: _Sold) -> _Sold:
        return _Sold(self.net + other.net, self.quantity + other.quantity)


def given(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> dict[TermKind, Decimal] | None:
    """Money by kind; None where no such term holds in the period for an account that the actor sees."""
    auth.require(actor, Permission.TERM_READ)
    places = price_sources.places(session, actor, accounts)
    found = _terms(session, actor, period, places.values())
    if not found:
        return None
    sums = _Sums(session, actor, accounts, places)
    total: dict[TermKind, Decimal] = {}
    for kind in KINDS:
        of_kind = [term for term in found if term.kind is kind]
        for members, ranked in _by_candidates(places, of_kind):
            worked_out = _volume if kind is TermKind.VOLUME_TIER else _simple
            amount = worked_out(sums, members, ranked, period)
            total[kind] = total.get(kind, ZERO) + amount
    return {kind: round_money(amount) for kind, amount in total.items()}


def _terms(
    session: Session, actor: Actor, period: Period, places: Iterable[tuple[Customer, ...]]
) -> list[Term]:
    query = select(Term).where(
        Term.kind.in_(KINDS),
        terms.known(None),
        terms.visible(actor),
        Term.status == TermStatus.APPROVED,
        Term.valid_from < period.end,
        or_(Term.valid_to.is_(None), Term.valid_to > period.start),
    )
    reached = {customer for customers in places for customer in customers}
    return [term for term in session.scalars(query) if _customer(term) in reached]


def _customer(term: Term) -> Customer:
    return price_sources.customer_of(terms.scope_of(term))


def _what(term: Term) -> What:
    return price_sources.what_of(terms.scope_of(term))


def _by_candidates(
    places: Mapping[int, tuple[Customer, ...]], found: Sequence[Term]
) -> list[tuple[list[int], list[Term]]]:
    """Accounts that the same terms reach, with these from the most specific on."""
    by_customer: dict[Customer, list[Term]] = {}
    for term in sorted(found, key=lambda one: (*_what(one)[:1], one.number)):
        by_customer.setdefault(_customer(term), []).append(term)
    members: dict[tuple[Customer, ...], list[int]] = {}
    for account_id, customers in places.items():
        key = tuple(one for one in customers if one in by_customer)
        if key:
            members.setdefault(key, []).append(account_id)
    return [(ids, [term for one in key for term in by_customer[one]]) for key, ids in members.items()]


class _Sums:
    """Sums by account of some days and goods, each read once."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        accounts: AccountFilter,
        places: Mapping[int, tuple[Customer, ...]],
    ) -> None:
        self._session, self._actor, self._accounts = session, actor, accounts
        self.groups: dict[int, list[int]] = {}
        for account_id, customers in places.items():
            for level, key in customers:
                if level is ForWhom.GROUP:
                    self.groups.setdefault(key, []).append(account_id)
        self._of_groups: dict[tuple[int, Period, What], _Sold] = {}
        self._read: dict[tuple[Period, What], dict[int, _Sold]] = {}
        self.categories: dict[int, int | None] = {
            row.id: row.category_id for row in session.execute(select(Product.id, Product.category_id))
        }

    def of(self, members: Sequence[int], days: Period, what: What) -> _Sold:
        """Of some accounts together."""
        found = self._read.get((days, what))
        if found is None:
            rows = revenue.by(
                self._session,
                self._actor,
                days,
                Dimension.ACCOUNT,
                accounts=self._accounts,
                sold=_filter(what),
            )
            found = {account_id: _Sold(one.net, one.quantity) for (account_id,), one in rows.items()}
            self._read[days, what] = found
        if len(members) == 1:
            return found.get(members[0], _Sold())
        total = _Sold()
        for account_id in members:
            if account_id in found:
                total = total.plus(found[account_id])
        return total

    def of_group(self, group_id: int, days: Period, what: What) -> _Sold:
        """Of a group's accounts together: asked for once by each of them."""
        key = (group_id, days, what)
        if key not in self._of_groups:
            self._of_groups[key] = self.of(self.groups[group_id], days, what)
        return self._of_groups[key]


def _filter(what: What) -> LineFilter:
    level, key = what
    if level is ForWhat.PRODUCT and key is not None:
        return LineFilter(product_ids=frozenset({key}))
    return LineFilter() if level is ForWhat.EVERYTHING else LineFilter(category_ids=frozenset({key}))


def _stretches(ranked: Sequence[Term], period: Period) -> list[Period]:
    """The period cut where one of the terms begins or ends."""
    turns = {term.valid_from for term in ranked} | {term.valid_to for term in ranked if term.valid_to}
    borders = sorted({period.start, period.end, *(day for day in turns if period.start < day < period.end)})
    return [Period(first, end) for first, end in pairwise(borders)]


def _simple(sums: _Sums, members: Sequence[int], ranked: Sequence[Term], period: Period) -> Decimal:
    """A share of revenue, or money a base unit, of whatever no more specific term took before."""
    total = ZERO
    for days in _stretches(ranked, period):
        taken: list[What] = []
        for term in ranked:
            what = _what(term)
            if not holds(term.valid_from, term.valid_to, days.start) or what in taken:
                continue
            sold = _untaken(sums, members, days, what, taken)
            taken.append(what)
            value = terms.value_of(term)
            total += sold.quantity * value if term.kind is TermKind.FREIGHT else sold.net * value
    return total


def _untaken(sums: _Sums, members: Sequence[int], days: Period, what: What, taken: Sequence[What]) -> _Sold:
    """What was bought of the goods, without what terms before this one took of them."""
    if (ForWhat.EVERYTHING, None) in taken:
        return _Sold()
    level, key = what
    if level is ForWhat.PRODUCT and key is not None:
        inside = (ForWhat.CATEGORY, sums.categories.get(key)) in taken
        return _Sold() if inside else sums.of(members, days, what)
    left = sums.of(members, days, what)
    for other, its_key in taken:
        category = (
            sums.categories.get(its_key) if other is ForWhat.PRODUCT and its_key is not None else its_key
        )
        within_other = other is ForWhat.PRODUCT and (ForWhat.CATEGORY, category) in taken
        if not within_other and (level is ForWhat.EVERYTHING or category == key):
            left = left.less(sums.of(members, days, (other, its_key)))
    return left


def _volume(sums: _Sums, members: Sequence[int], ranked: Sequence[Term], period: Period) -> Decimal:
    """Of each tier period what was earned in it up to the end, less what was earned up to the beginning."""
    total = ZERO
    for days in _tier_periods(ranked, period):
        offered = _offered(ranked, days.last_day)
        for account_id in members:
            earned = _earned(sums, account_id, offered, days.end)
            total += earned - _earned(sums, account_id, offered, days.start)
    return total


def _tier_periods(ranked: Sequence[Term], period: Period) -> Iterator[Period]:
    """The period cut where a month, quarter or year of the tiers ends."""
    on = period.start
    while on < period.end:
        ends = (period_of(term.period, on).end for term in ranked if term.period is not None)
        end = min(*ends, period.end)
        yield Period(on, end)
        on = end


class _Offered(NamedTuple):
    """The tiers of one scope that hold on a day, and what is counted for them from which day on."""

    start: date
    what: What
    group_id: int | None
    basis: TierBasis | None
    mode: TierMode
    tiers: tuple[tuple[Decimal, Decimal], ...]


def _offered(ranked: Sequence[Term], last: date) -> list[_Offered]:
    """The most specific first."""
    holding = [term for term in ranked if holds(term.valid_from, term.valid_to, last)]
    tiers: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for term in holding:
        tiers.setdefault(term.scope_key, []).append((term.min_quantity, terms.value_of(term)))
    found = (
        _Offered(
            period_of(head.period, last).start, _what(head), head.group_id, head.basis,
            head.mode or TierMode.ALL_UNITS, tuple(tiers[head.scope_key]),
        )
        for head in holding if head.period is not None
    )  # fmt: skip
    return list(dict.fromkeys(found))


def _earned(sums: _Sums, account_id: int, offered: Sequence[_Offered], until: date) -> Decimal:
    """What the most specific tiers that are reached give up to before a day."""
    for one in offered:
        if until <= one.start:
            continue
        days = Period(one.start, until)
        own = sums.of([account_id], days, one.what)
        counted = own if one.group_id is None else sums.of_group(one.group_id, days, one.what)
        volume = counted.net if one.basis is TierBasis.PERIOD_REVENUE else counted.quantity
        if volume > 0 and volume >= min(one.tiers)[0]:
            return own.net * volume_tiers.payout(one.tiers, volume, one.mode) / volume
    return ZERO
