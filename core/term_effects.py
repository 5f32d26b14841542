"""What a drafted term would cost: its discount against list, its margin, and the money of a year.

The lines of the last twelve months that the draft reaches are priced twice by the engine: with the terms in force,
and with the draft among them, both on the draft's first day (or today, where that is past). Only lines whose price the
draft would make count for its own measures:

- discount share: the greatest 1 − net price ÷ list price, everything that stacks included, and never less than what
  the draft says by itself;
- margin rate: the least (net price − unit cost) ÷ net price of any product, with the unit cost known now for that day;
- contract value: Σ (list price − net price) × quantity: the discount money of a year. Where nothing was bought in the
  scope it is unknown, and the other measures are those of the scope's products, one unit each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core import auth, clock, entitlements
from core.auth import Actor
from core.models import Account, OrderLine, Product, UnitCost
from core.money import ZERO, ratio, round_money
from core.periods import Period, add_months, holds
from core.price_book import Asked
from core.pricing import Days, LostReason, Price
from core.term_drafts import Scope, TermDraft
from core.vocabulary import Permission

_MONTHS = 12
MEASURES = ("discount_share", "margin_rate", "contract_value")
_PROBES = 500  # products of a scope that are looked at where nothing was bought in it


@dataclass(frozen=True)
class Effect:
    """What a draft would do; None where it is not known, and for margins where the reader may not see cost."""

    discount_share: Decimal | None
    margin_rate: Decimal | None
    contract_value: Decimal | None
    revenue: Decimal | None = None  # of the last twelve months in the scope, as it was invoiced
    at_old_prices: Decimal | None = None  # the same quantities at the prices in force
    at_new_prices: Decimal | None = None
    margin_before: Decimal | None = None  # the same quantities, over the lines whose cost is known
    margin_after: Decimal | None = None
    quantity: Decimal = ZERO
    lines_below_floor: int = 0  # of those looked at: the floor price refuses the draft
    lines_won: int = 0  # the draft makes the price
    breaks_floor: bool = False  # an exception below the floor price
    is_margin_unknown: bool = False  # the cost of a product is not known; said to everybody

    @property
    def is_refused(self) -> bool:
        """Whether the floor price refuses it wherever it would hold: it would never make a price."""
        return self.lines_below_floor > 0 and self.lines_won == 0

    def measures(self) -> dict[str, str | None]:
        """What authority is judged by, to be kept with a submission; `of_measures` is the way back."""
        found = {name: getattr(self, name) for name in MEASURES}
        return {name: None if value is None else f"{value:f}" for name, value in found.items()}

    @classmethod
    def of_measures(cls, kept: Mapping[str, str | None]) -> Effect:
        """An effect of which only the measures are known."""
        share, margin, value = (
            None if kept[name] is None else Decimal(kept[name] or "") for name in MEASURES
        )
        return cls(share, margin, value)

    def without_cost(self) -> Effect:
        """As it is shown to who may not see cost."""
        return replace(self, margin_rate=None, margin_before=None, margin_after=None)


@dataclass(frozen=True)
class _Sold:
    """A quantity on one line, and how much of it in all."""

    account_id: int
    product_id: int
    quantity: Decimal  # of one line
    in_all: Decimal
    net: Decimal


@dataclass(frozen=True)
class _Facts:
    """What the measures of some drafts are made from."""

    sold: Mapping[int, Sequence[_Sold]]  # by account
    members: Mapping[tuple[str, int], Sequence[int]]  # the accounts of groups and segments
    categories: Mapping[int, int | None]  # by product
    costs: Mapping[int, Sequence[tuple[date, date | None, Decimal]]]

    def accounts(self, scope: Scope) -> Sequence[int]:
        if scope.account_id is not None:
            return (scope.account_id,)
        if scope.group_id is not None:
            return self.members.get(("group", scope.group_id), ())
        return self.members.get(("segment", scope.segment_id or 0), ())

    def reaches(self, scope: Scope, product_id: int) -> bool:
        if scope.product_id is not None:
            return scope.product_id == product_id
        return scope.category_id is None or self.categories.get(product_id) == scope.category_id

    def cost(self, product_id: int, day: date) -> Decimal | None:
        for valid_from, valid_to, cost in self.costs.get(product_id, ()):
            if holds(valid_from, valid_to, day):
                return cost
        return None


def of(session: Session, actor: Actor, drafts: Sequence[TermDraft]) -> list[Effect]:
    """The effect of each draft over the accounts that the actor sees, cost included: `Effect.without_cost` hides it."""
    auth.require(actor, Permission.TERM_READ)
    if not drafts:
        return []
    facts = _facts(session, actor, drafts)
    lines = [_lines(facts, draft) for draft in drafts]
    asked = [(draft, _asked(draft, found)) for draft, found in zip(drafts, lines, strict=True)]
    prices = entitlements.what_if(session, actor, asked)
    return [
        _effect(draft, facts, found, priced)
        for draft, found, priced in zip(drafts, lines, prices, strict=True)
    ]


def _asked(draft: TermDraft, lines: Sequence[_Sold]) -> list[Asked]:
    days = Days(_day(draft))
    return [Asked(one.account_id, one.product_id, one.quantity, days) for one in lines]


def _day(draft: TermDraft) -> date:
    """The day that prices are looked at: the first on which it holds from now on, or its first."""
    today = clock.today()
    if draft.valid_from < today and (draft.valid_to is None or today < draft.valid_to):
        return today
    return draft.valid_from


def _facts(session: Session, actor: Actor, drafts: Sequence[TermDraft]) -> _Facts:
    ids: dict[str, set[int]] = {
        name: {key for draft in drafts if (key := getattr(draft.scope, f"{name}_id")) is not None}
        for name in ("account", "group", "segment")
    }
    reached = or_(
        Account.id.in_(ids["account"]),
        Account.group_id.in_(ids["group"]),
        Account.segment_id.in_(ids["segment"]),
    )
    members: dict[tuple[str, int], list[int]] = {}
    accounts: set[int] = set()
    query = select(Account.id, Account.group_id, Account.segment_id).where(
        auth.visible_accounts(actor), reached
    )
    for account_id, group_id, segment_id in session.execute(query.order_by(Account.id)):
        accounts.add(account_id)
        for name, key in (("group", group_id), ("segment", segment_id)):
            if key is not None:
                members.setdefault((name, key), []).append(account_id)
    categories = {row.id: row.category_id for row in session.execute(select(Product.id, Product.category_id))}
    costs: dict[int, list[tuple[date, date | None, Decimal]]] = {}
    for cost in session.scalars(select(UnitCost).where(UnitCost.superseded_at.is_(None))):
        costs.setdefault(cost.product_id, []).append((cost.valid_from, cost.valid_to, cost.cost))
    return _Facts(_sold(session, accounts), members, categories, costs)


def _sold(session: Session, accounts: Collection[int]) -> dict[int, list[_Sold]]:
    """What accounts bought in the last twelve months, by product and quantity of a line; returns left out."""
    today = clock.today()
    period = Period(add_months(today, -_MONTHS) + timedelta(days=1), today + timedelta(days=1))
    query = (
        select(
            OrderLine.account_id,
            OrderLine.product_id,
            OrderLine.quantity,
            func.sum(OrderLine.quantity),
            func.sum(OrderLine.net_amount),
        )
        .where(OrderLine.account_id.in_(accounts), OrderLine.quantity > 0)
        .where(OrderLine.booked_on >= period.start, OrderLine.booked_on < period.end)
        .group_by(OrderLine.account_id, OrderLine.product_id, OrderLine.quantity)
    )
    found: dict[int, list[_Sold]] = {}
    for row in session.execute(query):
        found.setdefault(row[0], []).append(_Sold(*row))
    return found


def _lines(facts: _Facts, draft: TermDraft) -> list[_Sold]:
    """What was bought that the draft reaches; of nothing, one unit of each of its products for the first account."""
    accounts = facts.accounts(draft.scope)
    found = [
        one
        for account_id in accounts
        for one in facts.sold.get(account_id, ())
        if facts.reaches(draft.scope, one.product_id)
    ]
    if any(one.quantity >= draft.min_quantity for one in found) or not accounts:
        return found
    least = max(draft.min_quantity, Decimal(1))
    goods = [key for key in facts.categories if facts.reaches(draft.scope, key)]
    return [*found, *(_Sold(accounts[0], key, least, ZERO, ZERO) for key in goods[:_PROBES])]


def _effect(
    draft: TermDraft, facts: _Facts, lines: Sequence[_Sold], prices: Sequence[tuple[Price, Price]]
) -> Effect:
    day = _day(draft)
    seen = list(zip(lines, prices, strict=True))
    won = [(one, then) for one, (_now, then) in seen if _made_by_draft(then)]
    shares = [ratio(then.list_price - then.net_price, then.list_price) for _one, then in won
              if then.list_price is not None and then.net_price is not None]  # fmt: skip
    margins = [_margin_rate(then, facts.cost(one.product_id, day)) for one, then in won]
    known = [one for one in margins if one is not None]
    bought = [(one, then) for one, then in won if one.in_all]
    given = [_given(one, then) for one, then in bought]
    unknown_money = not bought or any(amount is None for amount in given)
    own = draft.value if draft.kind.is_share else None
    said = [share for share in (*shares, own) if share is not None]
    lists_unknown = any(then.list_price is None for _one, then in won) or not (won or own is not None)
    return Effect(
        discount_share=None if lists_unknown else max(said, default=None),
        margin_rate=min(known) if known and len(known) == len(margins) else None,
        contract_value=None if unknown_money else round_money(sum(filter(None, given), ZERO)),
        **_money(facts, day, seen),
        lines_below_floor=sum(1 for _one, (_now, then) in seen if _refused(then)),
        lines_won=len(won),
        breaks_floor=any(layer.is_below_floor for _one, then in won for layer in then.layers),
        is_margin_unknown=not known or len(known) < len(margins),
    )


def _made_by_draft(price: Price) -> bool:
    return any(offer.number == 0 for offer in price.won)


def _refused(price: Price) -> bool:
    return any(one.offer.number == 0 and one.reason is LostReason.BELOW_FLOOR for one in price.lost)


def _margin_rate(price: Price, cost: Decimal | None) -> Decimal | None:
    if price.net_price is None or cost is None:
        return None
    return ratio(price.net_price - cost, price.net_price)


def _given(one: _Sold, price: Price) -> Decimal | None:
    if price.list_price is None or price.net_price is None:
        return None
    return (price.list_price - price.net_price) * one.in_all


def _money(facts: _Facts, day: date, seen: Iterable[tuple[_Sold, tuple[Price, Price]]]) -> dict[str, Any]:
    """The year's quantities at the old prices and at the new ones, and their margins where cost is known."""
    bought = [(one, now, then) for one, (now, then) in seen if one.in_all]
    if not bought:
        return {}
    priced = [row for row in bought if row[1].net_price is not None and row[2].net_price is not None]
    costs = [(*row, facts.cost(row[0].product_id, day)) for row in priced]
    return {
        "revenue": sum((one.net for one, _now, _then in bought), ZERO),
        "at_old_prices": _sum(now.net_price * one.in_all for one, now, _then in priced if now.net_price is not None),
        "at_new_prices": _sum(
            then.net_price * one.in_all for one, _now, then in priced if then.net_price is not None
        ),
        "margin_before": _sum(
            (now.net_price - cost) * one.in_all
            for one, now, _then, cost in costs
            if cost is not None and now.net_price is not None
        ),
        "margin_after": _sum(
            (then.net_price - cost) * one.in_all
            for one, _now, then, cost in costs
            if cost is not None and then.net_price is not None
        ),
        "quantity": sum((one.in_all for one, _now, _then in bought), ZERO),
    }  # fmt: skip


def _sum(amounts: Iterator[Decimal]) -> Decimal | None:
    found = list(amounts)
    return round_money(sum(found, ZERO)) if found else None
