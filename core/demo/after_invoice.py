"""What the demo company gives after the invoice: payment terms, prompt payment, bonuses, freight, and lump sums.

Bonuses count revenue: retail chains earn theirs together, some distributors alone and slice by slice. Of the lump sums
some run, some wait for proof, and one ended long ago without any.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.demo.rows import Ids
from core.demo.scene import Scene
from core.demo.terms import row_of
from core.models import Account, Group, LumpSum, LumpSumEntry, RevenueCell, Segment
from core.money import round_money
from core.periods import add_months
from core.term_drafts import Scope, TermDraft
from core.vocabulary import LumpSumKind, LumpSumStep, TermKind, TermStatus, TierBasis, TierMode, TierPeriod

_PAYMENT_DAYS = 30
_BONUSES = (Decimal("0.6"), "0.01"), (Decimal("0.95"), "0.02"), (Decimal("1.15"), "0.03")
_EVERY = 4  # every fourth account without a group has a bonus of its own
_FREIGHT_EVERY = 6
_LUMP_EVERY = 3
_THOUSAND = Decimal(1000)


def after_invoice(session: Session, scene: Scene, ids: Ids) -> int:
    """Terms of this year and lump sums; returns how many rows."""
    sold = _last_year(session, scene)
    known = date(scene.calendar.today.year - 1, 12, 10)
    made = [row_of(draft, known, "demo") for draft in _terms(session, scene, ids, sold)]
    session.add_all(made)
    session.flush()
    for row in made:
        row.number = row.id
    return len(made) + _lump_sums(session, scene, ids, sold)


def _last_year(session: Session, scene: Scene) -> dict[int, Decimal]:
    """Net revenue of each account in the calendar year before."""
    year = scene.calendar.today.year
    query = (
        select(RevenueCell.account_id, func.sum(RevenueCell.net_amount))
        .where(RevenueCell.month >= date(year - 1, 1, 1), RevenueCell.month < date(year, 1, 1))
        .group_by(RevenueCell.account_id)
    )
    return {account_id: amount for account_id, amount in session.execute(query)}  # noqa: C416


def _terms(session: Session, scene: Scene, ids: Ids, sold: dict[int, Decimal]) -> Iterator[TermDraft]:
    for segment in session.scalars(select(Segment).order_by(Segment.id)):
        scope = Scope(segment_id=segment.id)
        yield _draft(scene, scope, TermKind.PAYMENT_TERMS, Decimal(_PAYMENT_DAYS), "general terms of sale")
        yield _draft(scene, scope, TermKind.PROMPT_PAYMENT, Decimal("0.01"), "general terms of sale", days=10)
    grouped: dict[int, Decimal] = {}
    for account_id, group_id in session.execute(
        select(Account.id, Account.group_id).where(
            Account.id.in_(ids.accounts), Account.group_id.is_not(None)
        )
    ):
        assert group_id is not None  # noqa: S101  (asked for)
        grouped[group_id] = grouped.get(group_id, Decimal(0)) + sold.get(account_id, Decimal(0))
    for group in session.scalars(select(Group).order_by(Group.id)):
        yield from _bonus(scene, Scope(group_id=group.id), grouped.get(group.id), TierMode.ALL_UNITS)
    alone = session.scalars(
        select(Account.id)
        .where(Account.id.in_(ids.accounts), Account.group_id.is_(None))
        .order_by(Account.id)
    )
    for place, account_id in enumerate(alone):
        if place % _EVERY == 0:
            yield from _bonus(scene, Scope(account_id=account_id), sold.get(account_id), TierMode.MARGINAL)
        if place % _FREIGHT_EVERY == 1:
            scope = Scope(account_id=account_id)
            yield _draft(scene, scope, TermKind.FREIGHT, Decimal("0.08"), "delivered free to the branch")


def _bonus(scene: Scene, scope: Scope, sold: Decimal | None, mode: TierMode) -> Iterator[TermDraft]:
    """Thresholds around what was bought last year, in whole thousands."""
    if not sold or sold < 100 * _THOUSAND:
        return
    for part, rate in _BONUSES:
        least = round(sold * part / _THOUSAND) * _THOUSAND
        yield _draft(
            scene, scope, TermKind.VOLUME_TIER, Decimal(rate), f"bonus {scene.calendar.today.year}",
            min_quantity=Decimal(least), basis=TierBasis.PERIOD_REVENUE, period=TierPeriod.YEAR, mode=mode,
        )  # fmt: skip


def _draft(
    scene: Scene, scope: Scope, kind: TermKind, value: Decimal, reason: str, **more: object
) -> TermDraft:
    first = date(scene.calendar.today.year, 1, 1)
    known: dict[str, object] = {"status": TermStatus.APPROVED, "reason": reason, **more}
    return TermDraft(scope, kind, value, first, **known)  # type: ignore[arg-type]


def _lump_sums(session: Session, scene: Scene, ids: Ids, sold: dict[int, Decimal]) -> int:
    """One for every third account: about a hundredth of what it bought last year."""
    kinds = list(LumpSumKind)[:4]
    made = []
    for place, account_id in enumerate(ids.accounts[::_LUMP_EVERY]):
        amount = round_money(round(sold.get(account_id, Decimal(0)) / 100 / _THOUSAND, 1) * _THOUSAND)
        if amount <= 0:
            continue
        kind = kinds[place % len(kinds)]
        first = add_months(date(scene.calendar.today.year, scene.calendar.today.month, 1), -2 - place % 5)
        months = 12 if kind is LumpSumKind.LISTING_FEE else 2
        row = LumpSum(
            number=0, account_id=account_id, kind=kind, amount=amount, valid_from=first,
            valid_to=add_months(first, months), is_withdrawn=False, reason=_REASONS[kind],
            recorded_at=datetime.combine(first - timedelta(days=20), time(), UTC), recorded_by="demo",
            superseded_at=None,
        )  # fmt: skip
        made.append(row)
    session.add_all(made)
    session.flush()
    entries: list[LumpSumEntry] = []
    for place, row in enumerate(made):
        row.number = row.id
        if row.valid_to < scene.calendar.today and place % 3:
            entries += _ended(row, paid=place % 3 == 1)
    session.add_all(entries)
    session.flush()
    return len(made) + len(entries)


_REASONS = {
    LumpSumKind.LISTING_FEE: "listing of the new assortment",
    LumpSumKind.DISPLAY: "second placement at the entrance",
    LumpSumKind.LEAFLET: "front page of the leaflet",
    LumpSumKind.MARKETING: "joint campaign",
}


def _ended(row: LumpSum, *, paid: bool) -> Iterator[LumpSumEntry]:
    """Proof came soon after; of some the money was paid too."""
    told = datetime.combine(row.valid_to + timedelta(days=3), time(), UTC)
    common = {"number": row.number, "account_id": row.account_id, "recorded_at": told, "recorded_by": "demo"}
    yield LumpSumEntry(
        step=LumpSumStep.PROOF, occurred_on=row.valid_to, amount=None, note="photographs", **common
    )
    if paid:
        yield LumpSumEntry(
            step=LumpSumStep.SETTLED,
            occurred_on=row.valid_to,
            amount=row.amount,
            note="credit note",
            **common,
        )
