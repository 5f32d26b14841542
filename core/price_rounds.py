"""Price-increase rounds: what was announced to whom, what each account answered, and what was realised of it.

The price before is what an account paid for a product in the twelve months before the day on which a round takes
effect, net ÷ quantity. The price asked is the price before × (1 + rate), or the round's price of the product. Over the
order lines since that day, of products with a price before:

    realisation = Σ net revenue ÷ Σ (price asked × quantity)
    increase    = Σ net revenue ÷ Σ (price before × quantity) − 1

Returns count in neither. A round may ask for nothing of products that it has no price for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import auth, price_round_records
from core.auth import Actor
from core.errors import NotFound
from core.language import _
from core.models import (
    Account,
    Category,
    OrderLine,
    PriceRound,
    PriceRoundAccount,
    PriceRoundPrice,
    Product,
)
from core.money import ZERO, ratio, round_money, round_ratio
from core.periods import add_months
from core.price_round_records import AnswerDraft
from core.vocabulary import Permission, RoundAnswer

_MONTHS = 12
_AT_ONCE = 500


@dataclass(frozen=True)
class RoundRow:
    """A round, and how many of the visible accounts answered what."""

    id: int
    name: str
    announced_on: date
    effective_on: date
    rate: Decimal | None
    category: str | None
    products: int  # with a price of their own
    note: str
    recorded_by: str
    version: int
    answers: Mapping[RoundAnswer, int]

    @property
    def accounts(self) -> int:
        return sum(self.answers.values())

    @property
    def answered(self) -> int:
        return self.accounts - self.answers.get(RoundAnswer.ANNOUNCED, 0)


@dataclass(frozen=True)
class Answered:
    """An account in a round: its answer, what is at stake, and what its orders since show."""

    account_id: int
    code: str
    name: str
    draft: AnswerDraft
    recorded_by: str
    version: int
    revenue: Decimal  # of the twelve months before, in the products of the round
    asked_for: Decimal  # a year's revenue that the round would add at those quantities
    before: Decimal = ZERO  # Σ price before × quantity since
    asked: Decimal = ZERO  # Σ price asked × quantity since
    realised: Decimal = ZERO  # Σ net revenue since

    @property
    def realisation(self) -> Decimal | None:
        return ratio(self.realised, self.asked)

    @property
    def increase(self) -> Decimal | None:
        return None if not self.before else round_ratio(self.realised / self.before - 1)


@dataclass(frozen=True)
class Detail:
    """A round with its visible accounts, the most at stake first."""

    row: RoundRow
    accounts: tuple[Answered, ...]

    @property
    def asked_for(self) -> Decimal:
        return sum((one.asked_for for one in self.accounts), ZERO)

    @property
    def agreed(self) -> Decimal:
        """What of it was accepted, or settled on."""
        total = ZERO
        for one in self.accounts:
            if one.draft.answer is RoundAnswer.ACCEPTED:
                total += one.asked_for
            elif one.draft.rate is not None:
                total += round_money(one.revenue * one.draft.rate)
        return total

    @property
    def realisation(self) -> Decimal | None:
        """Over all accounts, weighted by revenue."""
        asked = sum((one.asked for one in self.accounts), ZERO)
        return ratio(sum((one.realised for one in self.accounts), ZERO), asked)

    @property
    def increase(self) -> Decimal | None:
        before = sum((one.before for one in self.accounts), ZERO)
        realised = sum((one.realised for one in self.accounts), ZERO)
        return None if not before else round_ratio(realised / before - 1)


def search(session: Session, actor: Actor) -> list[RoundRow]:
    """The rounds that reach visible accounts, the one that takes effect last first."""
    auth.require(actor, Permission.TERM_READ)
    return _rows(session, actor, PriceRound.withdrawn_at.is_(None))


def _rows(session: Session, actor: Actor, condition: Any) -> list[RoundRow]:
    counted: dict[int, dict[RoundAnswer, int]] = {}
    answers = (
        select(PriceRoundAccount.round_id, PriceRoundAccount.answer, func.count())
        .join(Account, Account.id == PriceRoundAccount.account_id)
        .where(auth.visible_accounts(actor))
        .group_by(PriceRoundAccount.round_id, PriceRoundAccount.answer)
    )
    for round_id, said, count in session.execute(answers):
        counted.setdefault(round_id, {})[said] = count
    prices = select(PriceRoundPrice.round_id, func.count()).group_by(PriceRoundPrice.round_id)
    products = {row[0]: row[1] for row in session.execute(prices)}
    query = (
        select(PriceRound, Category.name)
        .outerjoin(Category, Category.id == PriceRound.category_id)
        .where(condition)
        .order_by(PriceRound.effective_on.desc(), PriceRound.id.desc())
    )
    return [
        RoundRow(
            row.id, row.name, row.announced_on, row.effective_on, row.rate, category, products.get(row.id, 0),
            row.note, row.recorded_by, row.version, counted[row.id],
        )
        for row, category in session.execute(query)
        if row.id in counted
    ]  # fmt: skip


def detail(session: Session, actor: Actor, round_id: int) -> Detail:
    """A round with the answers of visible accounts and what their orders show; raises NotFound out of sight."""
    auth.require(actor, Permission.TERM_READ)
    rows = _rows(session, actor, (PriceRound.id == round_id) & PriceRound.withdrawn_at.is_(None))
    if not rows:
        raise NotFound(_("There is no such price round."))
    row = rows[0]
    category_id = session.scalar(select(PriceRound.category_id).where(PriceRound.id == round_id))
    own = select(PriceRoundPrice.product_id, PriceRoundPrice.price).where(
        PriceRoundPrice.round_id == round_id
    )
    prices: dict[int, Decimal] = {one[0]: one[1] for one in session.execute(own)}
    members = session.execute(
        select(PriceRoundAccount, Account.code, Account.name)
        .join(Account, Account.id == PriceRoundAccount.account_id)
        .where(PriceRoundAccount.round_id == round_id, auth.visible_accounts(actor))
    ).all()
    ids = [one.account_id for one, _code, _name in members]
    first, last = add_months(row.effective_on, -_MONTHS), add_months(row.effective_on, _MONTHS)
    before = _sold(session, actor, ids, (first, row.effective_on), category_id)
    since = _sold(session, actor, ids, (row.effective_on, last), category_id)
    found = [
        _answered(
            one, code, name, row.rate, prices, before.get(one.account_id, {}), since.get(one.account_id, {})
        )
        for one, code, name in members
    ]
    return Detail(row, tuple(sorted(found, key=lambda one: (-one.asked_for, one.code))))


_Sold = dict[int, tuple[Decimal, Decimal]]  # by product: net revenue and quantity


def _sold(
    session: Session, actor: Actor, ids: Sequence[int], days: tuple[date, date], category_id: int | None
) -> dict[int, _Sold]:
    found: dict[int, _Sold] = {}
    for start in range(0, len(ids), _AT_ONCE):
        query = (
            select(
                OrderLine.account_id,
                OrderLine.product_id,
                func.sum(OrderLine.net_amount),
                func.sum(OrderLine.quantity),
            )
            .join(Account, Account.id == OrderLine.account_id)
            .where(
                auth.visible_accounts(actor),
                OrderLine.account_id.in_(ids[start : start + _AT_ONCE]),
                OrderLine.ordered_on >= days[0],
                OrderLine.ordered_on < days[1],
                OrderLine.quantity > 0,
            )
            .group_by(OrderLine.account_id, OrderLine.product_id)
        )
        if category_id is not None:
            query = query.join(Product, Product.id == OrderLine.product_id).where(
                Product.category_id == category_id
            )
        for account_id, product_id, net, quantity in session.execute(query):
            found.setdefault(account_id, {})[product_id] = (net, quantity)
    return found


def _answered(
    one: PriceRoundAccount,
    code: str,
    name: str,
    rate: Decimal | None,
    prices: Mapping[int, Decimal],
    before: _Sold,
    since: _Sold,
) -> Answered:
    revenue = asked_for = old = asked = realised = ZERO
    for product_id, (net, quantity) in before.items():
        wanted = prices.get(product_id) if rate is None else None
        if rate is None and wanted is None:
            continue
        share = (rate or ZERO) if wanted is None else (wanted * quantity / net - 1 if net else ZERO)
        revenue += net
        asked_for += net * share
        if product_id in since:
            net_since, quantity_since = since[product_id]
            at_old = net / quantity * quantity_since
            old += at_old
            asked += at_old * (1 + share)
            realised += net_since
    return Answered(
        one.account_id, code, name, price_round_records.draft_of(one), one.recorded_by, one.version, revenue,
        round_money(asked_for), round_money(old), round_money(asked), realised,
    )  # fmt: skip
