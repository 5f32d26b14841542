"""The terms of an account, or of all, looked through: what each rule finds, the worst first.

Of group and segment terms the accounts that the actor sees are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import auth, clock, entitlements, formats, term_lint, term_usage, terms
from core.auth import Actor
from core.language import _
from core.models import ListPrice, PackSize, Product, Unit, UnitCost
from core.price_book import Asked
from core.pricing import Days, LostReason
from core.term_lint import ON_INVOICE, Finding, Goods, Rule, Severity, named
from core.term_usage import Customer, Reach
from core.terms import TermRow
from core.vocabulary import Permission, TermKind, TermStatus

_PROBES = 2_000  # of one term; one that could not be looked at everywhere is not called dead
_SAMPLE = 5  # accounts and products of a step that are looked at: it is the same for most
_RANKS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def lint(session: Session, actor: Actor, account_id: int | None = None) -> list[Finding]:
    """Every finding about the terms of an account with those of its group and segment, or of all that are visible.

    The worst come first. Raises NotFound for an account that is out of sight.
    """
    auth.require(actor, Permission.TERM_READ)
    today = clock.today()
    rows = terms.search(session, actor, account_id=account_id, status=TermStatus.APPROVED)
    goods = _goods(session, actor, today)
    reach = Reach(session, actor, account_id)
    found = list(term_lint.of_terms(rows, goods, today))
    beaten = {one.terms[1] for one in found if one.rule is Rule.SAME_RANK}
    live = term_lint.standing(rows, today)
    # Of a group or segment only who sees all its accounts can say that a term is of no use to any of them.
    whole = [row for row in live if row.account is not None or (account_id is None and actor.sees_everything)]
    found += _never_wins(session, actor, [row for row in whole if row.name not in beaten], goods, reach)
    found += term_usage.never_used(session, actor, whole, goods, reach)
    said = {name for one in found if one.rule is Rule.TIER_ORDER for name in one.terms}
    found += _dearer_for_more(session, actor, [row for row in live if row.name not in said], goods, reach)
    found += term_usage.of_orders(session, actor, rows, goods, reach)
    return sorted(found, key=lambda one: (_RANKS[one.severity], one.rule, _number(one.terms[-1])))


def _number(name: str) -> int:
    return int(name.removeprefix("T"))


def _goods(session: Session, actor: Actor, today: date) -> Goods:
    def on(version: Any) -> Any:
        return (
            version.superseded_at.is_(None),
            version.valid_from <= today,
            or_(version.valid_to.is_(None), version.valid_to > today),
        )

    def pairs(query: Any) -> dict[int, Decimal]:
        return {row[0]: row[1] for row in session.execute(query)}

    codes: dict[int, str] = {}
    categories: dict[int, int | None] = {}
    packs: dict[tuple[int, str], Decimal] = {}
    named_units = (
        select(Product.id, Product.code, Product.category_id, Unit.name)
        .outerjoin(Unit, Unit.id == Product.unit_id)
        .order_by(Product.code)
    )
    for key, code, category_id, unit in session.execute(named_units):
        codes[key], categories[key] = code, category_id
        if unit is not None:
            packs[key, unit] = Decimal(1)
    sizes = select(PackSize.product_id, Unit.name, PackSize.base_units).join(
        Unit, Unit.id == PackSize.unit_id
    )
    for key, unit, held in session.execute(sizes):
        packs[key, unit] = held
    return Goods(
        codes=codes,
        categories=categories,
        lists=pairs(select(ListPrice.product_id, ListPrice.price).where(*on(ListPrice))),
        costs=pairs(select(UnitCost.product_id, UnitCost.cost).where(*on(UnitCost)))
        if actor.sees_cost
        else {},
        packs=packs,
    )


def _never_wins(
    session: Session, actor: Actor, rows: Sequence[TermRow], goods: Goods, reach: Reach
) -> Iterator[Finding]:
    """Terms that others beat for every account, product and day they are for, at the quantity they begin with."""
    waiting = [row for row in rows if row.kind in ON_INVOICE and row.unit is None]
    ends = _ends(rows)
    for only_first in (True, False):  # most terms decide at the first place that is looked at
        probes = {row.number: list(_probes(row, ends, goods, reach, only_first)) for row in waiting}
        asked = [probe for row in waiting for probe in probes[row.number]]
        prices = iter(entitlements.prices(session, actor, asked) if asked else [])
        still, reasons = [], {}
        for row in waiting:
            found = [next(prices) for _probe in probes[row.number]]
            if not found or any(row.number in {one.number for one in price.won} for price in found):
                continue
            still.append(row)
            lost = [one.reason for price in found for one in price.lost if one.offer.number == row.number]
            beaters = {one.name for price in found for one in price.won}
            reasons[row.number] = (lost, beaters)
        waiting = still
        if not only_first:
            yield from (
                _dead(row, *reasons[row.number]) for row in waiting if len(probes[row.number]) < _PROBES
            )


def _ends(rows: Iterable[TermRow]) -> dict[Customer, set[date]]:
    """The days on which terms end, by whom they are for."""
    found: dict[Customer, set[date]] = {}
    for row in rows:
        if row.valid_to is not None:
            found.setdefault(term_usage.customer(row), set()).add(row.valid_to)
    return found


def _dearer_for_more(
    session: Session, actor: Actor, rows: Sequence[TermRow], goods: Goods, reach: Reach
) -> Iterator[Finding]:
    """Steps from which on a unit costs more than it does for one less, since another term was better until then."""
    steps = [row for row in rows if row.kind in ON_INVOICE and row.unit is None and row.min_quantity > 1]
    places = []
    for row in steps:
        day = max(row.valid_from, clock.today())
        sold = [one for one in goods.within(row) if one in goods.lists][:_SAMPLE]
        places += [
            (row, Asked(account_id, product_id, quantity, Days(day, day, day)))
            for account_id in reach.accounts(row)[:_SAMPLE]
            for product_id in sold
            for quantity in (row.min_quantity - 1, row.min_quantity)
        ]
    prices = entitlements.prices(session, actor, [asked for _row, asked in places]) if places else []
    seen: set[int] = set()
    for place in range(0, len(places), 2):
        row, asked = places[place + 1]
        less, more = prices[place].net_price, prices[place + 1].net_price
        decides = row.number in {one.number for one in prices[place + 1].won}
        if row.number in seen or not decides or less is None or more is None or more <= less:
            continue
        seen.add(row.number)
        yield Finding(
            Rule.TIER_ORDER,
            Severity.ERROR,
            (row.name,),
            _(
                "{term}: from {least} on {product} costs {account} {more} a unit, for less only {less}."
            ).format(
                term=named(row),
                least=formats.quantity(row.min_quantity),
                product=goods.codes[asked.product_id],
                account=reach.codes[asked.account_id],
                more=formats.number(more, places=4),
                less=formats.number(less, places=4),
            ),
            _("Let it stack with what it replaces, or give more."),
            row.account,
        )


def _probes(
    row: TermRow, ends: dict[Customer, set[date]], goods: Goods, reach: Reach, only_first: bool
) -> Iterator[Asked]:
    """The accounts, products and days at which a term could win: when it begins, and whenever another has ended."""
    count = 0
    least = max(row.min_quantity, Decimal(1))
    begins, last = max(row.valid_from, clock.today()), row.valid_to or date.max
    for account_id in reach.accounts(row):
        later = {
            day for one in reach.customers(account_id) for day in ends.get(one, ()) if begins < day < last
        }
        days = [begins] if only_first else [begins, *sorted(later)]
        for product_id in goods.within(row):
            if product_id not in goods.lists and row.kind is not TermKind.SPECIAL_PRICE:
                continue
            for day in days:
                yield Asked(account_id, product_id, least, Days(day, day, day))
                count += 1
                if only_first or count >= _PROBES:
                    return


def _dead(row: TermRow, lost: Sequence[LostReason], beaters: Iterable[str]) -> Finding:
    if lost and all(reason is LostReason.BELOW_FLOOR for reason in lost):
        message = _("{term} is refused by the floor price everywhere: it makes no price.")
        advice = _("Raise it, ask for an exception, or end it.")
        return Finding(
            Rule.NEVER_WINS,
            Severity.WARNING,
            (row.name,),
            message.format(term=named(row)),
            advice,
            row.account,
        )
    names = sorted(beaters, key=_number)
    return Finding(
        Rule.NEVER_WINS,
        Severity.WARNING,
        (*names[:5], row.name),
        _("{term} decides nowhere: more specific terms come first for all it is for.").format(
            term=named(row)
        ),
        _("End it, or end what comes before it ({names}).").format(names=", ".join(names[:5]) or "–"),
        row.account,
    )
