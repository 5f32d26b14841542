"""What the demo company promised its customers: agreements by year, special prices, tiers and promotions.

A few of them have faults of the kind that real books have: a special price that ran out and was not renewed, one above
the list price, a tier that gives less for more, and a promotion that waits for approval.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.demo.company import DemoAccount
from core.demo.discounts import TIER_EXTRA
from core.demo.rows import Ids
from core.demo.scene import Scene
from core.models import Category, ListPrice, Segment, Term
from core.money import round_money
from core.term_drafts import Scope, TermDraft
from core.vocabulary import TermKind, TermStatus

_STREAM = 11  # its stream of random numbers
_SPECIAL_EVERY = 3  # every third account has special prices
_SPECIALS = 4
_WITHOUT_GENERAL = 4  # every fourth account has no agreement on all goods: its segment's terms hold
_TIERS = ((Decimal(120), "0.02"), (Decimal(480), "0.05"))
_FAULTY_TIERS = ((Decimal(120), "0.04"), (Decimal(480), "0.03"))
_STEP = Decimal("0.005")


def terms(session: Session, scene: Scene, ids: Ids) -> int:
    """Terms of two years and of the weeks to come; returns how many versions."""
    random = np.random.default_rng([scene.seed, _STREAM])
    owners = {key: one.owner for key, one in zip(ids.accounts, scene.company.accounts, strict=True)}
    made = [
        row_of(draft, known, _recorder(draft, owners))
        for draft, known in _agreed(session, scene, ids, random)
    ]
    session.add_all(made)
    session.flush()
    numbers: dict[tuple[str, str, Decimal, date], int] = {}
    for row in made:
        row.number = numbers.setdefault((row.scope_key, row.kind, row.min_quantity, row.valid_from), row.id)
    _supersede(made)
    session.flush()
    return len(made)


def _supersede(made: list[Term]) -> None:
    """A correction ends what was known of the same term before."""
    latest: dict[int, Term] = {}
    for row in sorted(made, key=lambda one: (one.recorded_at, one.id)):
        if row.number in latest:
            latest[row.number].superseded_at = row.recorded_at
        latest[row.number] = row


def _recorder(draft: TermDraft, owners: dict[int, str]) -> str:
    """What waits was asked for by somebody; the rest came with the company."""
    asked = draft.status is TermStatus.SUBMITTED and draft.scope.account_id is not None
    return owners[draft.scope.account_id or 0] if asked else "demo"


def row_of(draft: TermDraft, known_on: date, recorded_by: str) -> Term:
    """A version as it was recorded on a day; its number comes once it has an id."""
    scope = draft.scope
    return Term(
        number=0,
        kind=draft.kind,
        account_id=scope.account_id,
        group_id=scope.group_id,
        segment_id=scope.segment_id,
        product_id=scope.product_id,
        category_id=scope.category_id,
        scope_key=scope.key,
        min_quantity=draft.min_quantity,
        basis=draft.basis,
        period=draft.period,
        mode=draft.mode,
        days=draft.due_days,
        price=draft.price,
        rate=draft.rate,
        stacks=draft.stacks,
        is_exception=draft.is_exception,
        status=draft.status,
        reason=draft.reason,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        recorded_at=datetime.combine(known_on, time(), UTC),
        recorded_by=recorded_by,
        superseded_at=None,
    )


Agreed = Iterator[tuple[TermDraft, date]]  # and the day on which it became known


def _agreed(session: Session, scene: Scene, ids: Ids, random: np.random.Generator) -> Agreed:
    categories = {row.name: row.id for row in session.scalars(select(Category))}
    segments = {row.name: row.id for row in session.scalars(select(Segment))}
    yield from _of_segments(scene, segments, categories)
    prices = list_prices(session)
    for place, (account, account_id) in enumerate(zip(scene.company.accounts, ids.accounts, strict=True)):
        yield from _yearly(scene, account, account_id, categories, random)
        if (place + 1) % _WITHOUT_GENERAL:
            yield from _general(scene, account, account_id)
        if place % _SPECIAL_EVERY == 0:
            yield from _specials(scene, account_id, ids, prices, random)
        if place % 10 == 0:
            yield from _promotion(scene, account_id, categories, approved=place % 20 == 0)


def list_prices(session: Session) -> dict[int, Decimal]:
    """What each product lists for from now on."""
    now = select(ListPrice.product_id, ListPrice.price).where(
        ListPrice.superseded_at.is_(None), ListPrice.valid_to.is_(None)
    )
    return {product_id: price for product_id, price in session.execute(now)}  # noqa: C416


def _of_segments(scene: Scene, segments: dict[str, int], categories: dict[str, int]) -> Agreed:
    """A basic discount for each segment, and tiers by category; the last category's are the wrong way round."""
    first = date(scene.calendar.today.year - 1, 1, 1)
    known = first - timedelta(days=30)
    for name, segment_id in segments.items():
        if name not in scene.company.buying:
            continue
        basic = _step(scene.company.buying[name].discount / 3)
        scope = Scope(segment_id=segment_id)
        yield _draft(scope, TermKind.DISCOUNT, basic, first, reason="price list of the segment"), known
    segment_id = next(iter(segments.values()))
    for place, category_id in enumerate(categories.values(), start=1):
        tiers = _FAULTY_TIERS if place == len(categories) else _TIERS
        for quantity, rate in tiers:
            scope = Scope(segment_id=segment_id, category_id=category_id)
            yield (
                _draft(
                    scope, TermKind.QUANTITY_TIER, Decimal(rate), first, least=quantity, reason="full pallets"
                ),
                known,
            )


def _yearly(
    scene: Scene,
    account: DemoAccount,
    account_id: int,
    categories: dict[str, int],
    random: np.random.Generator,
) -> Agreed:
    """An agreement for each of the last two years on two categories, a little more each time."""
    base = scene.company.buying[account.segment].discount
    chosen = random.choice(len(categories), size=min(2, len(categories)), replace=False)
    ids = list(categories.values())
    this_year = scene.calendar.today.year
    for place in chosen.tolist():
        rate = base + random.normal(0, 0.01)
        for year in (this_year - 1, this_year):
            first, known = date(year, 1, 1), date(year - 1, 12, 1 + place % 20)
            scope = Scope(account_id=account_id, category_id=ids[place])
            value = _step(rate + (0.01 if year == this_year else 0))
            end = date(year + 1, 1, 1)
            yield _draft(scope, TermKind.DISCOUNT, value, first, end, reason=f"agreement {year}"), known


def _general(scene: Scene, account: DemoAccount, account_id: int) -> Agreed:
    """What holds for all goods that nothing else is agreed on: what a customer of its tier usually gets."""
    year = scene.calendar.today.year
    rate = scene.company.buying[account.segment].discount + TIER_EXTRA[account.tier]
    for first, end in ((date(year - 1, 1, 1), date(year, 1, 1)), (date(year, 1, 1), None)):
        yield (
            _draft(
                Scope(account_id=account_id), TermKind.DISCOUNT, _step(rate), first, end,
                reason=f"general agreement {first.year}",
            ),
            date(first.year - 1, 12, 15),
        )  # fmt: skip


def _specials(
    scene: Scene, account_id: int, ids: Ids, prices: dict[int, Decimal], random: np.random.Generator
) -> Agreed:
    """Net prices on some products: one corrected after it was agreed, one run out, now and then one above list."""
    year = scene.calendar.today.year
    known = [one for one in ids.products if one in prices]
    for place, index in enumerate(random.choice(len(known), size=min(_SPECIALS, len(known)), replace=False)):
        product_id = known[int(index)]
        price = round_money(prices[product_id] * Decimal(str(round(random.uniform(0.78, 0.9), 3))))
        price = price.quantize(Decimal("0.01"))
        scope = Scope(account_id=account_id, product_id=product_id)
        first = date(year, 1, 1)
        if place == 0:
            end = scene.calendar.today - timedelta(days=20)
            yield _draft(scope, TermKind.SPECIAL_PRICE, price, first, end, reason="introduction"), first
            continue
        if place == 1:
            yield (
                _draft(scope, TermKind.SPECIAL_PRICE, price + Decimal("0.50"), first, reason="annual price"),
                date(year - 1, 12, 5),
            )
            yield (
                _draft(scope, TermKind.SPECIAL_PRICE, price, first, reason="corrected: a competitor's offer"),
                date(year, 2, 10),
            )
            continue
        above = place == _SPECIALS - 1 and account_id % 5 == 0
        value = (prices[product_id] * Decimal("1.03")).quantize(Decimal("0.01")) if above else price
        yield (
            _draft(scope, TermKind.SPECIAL_PRICE, value, first, reason="annual price"),
            date(year - 1, 12, 5),
        )


def _promotion(scene: Scene, account_id: int, categories: dict[str, int], *, approved: bool) -> Agreed:
    """Six weeks that begin soon; some still wait for a director."""
    first = scene.calendar.today + timedelta(days=12)
    scope = Scope(account_id=account_id, category_id=next(iter(categories.values())))
    status = TermStatus.APPROVED if approved else TermStatus.SUBMITTED
    yield (
        _draft(
            scope, TermKind.PROMOTION, Decimal("0.12"), first, first + timedelta(days=42),
            reason="festive season", status=status,
        ),
        scene.calendar.today - timedelta(days=6),
    )  # fmt: skip


def _step(rate: float) -> Decimal:
    """Agreements are made in half percents."""
    return max(round(Decimal(str(rate)) / _STEP) * _STEP, _STEP)


def _draft(
    scope: Scope,
    kind: TermKind,
    value: Decimal,
    first: date,
    end: date | None = None,
    *,
    least: Decimal = Decimal(0),
    reason: str,
    status: TermStatus = TermStatus.APPROVED,
) -> TermDraft:
    return TermDraft(
        scope=scope,
        kind=kind,
        value=value,
        valid_from=first,
        valid_to=end,
        min_quantity=least,
        stacks=kind in (TermKind.DISCOUNT, TermKind.QUANTITY_TIER) and scope.segment_id is not None,
        status=status,
        reason=reason,
    )
