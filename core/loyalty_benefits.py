"""What a loyalty tier gives on the price: an extra discount on everything, as long as the tier is held.

It stands below every term: where terms stack, and the first of them says so, it comes off what they left; where one
does not, it is beaten. It holds on the days of the tier, as known then, like a term of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from core import db
from core.models import LoyaltyEnrolment, LoyaltyTierSpan
from core.pricing import ForWhat, ForWhom, Offer
from core.term_drafts import Scope
from core.terms import TermRow
from core.vocabulary import TermDate, TermKind, TermStatus

_AT_ONCE = 500


def offers(
    session: Session, account_ids: Sequence[int], known_at: datetime | None
) -> dict[int, tuple[Offer, ...]]:
    """The extra discounts of some accounts as known then; alike ones of several accounts have the same number."""
    span, joined = LoyaltyTierSpan, LoyaltyEnrolment
    query = (
        select(
            joined.account_id, span.loyalty_tier, span.discount_rate, span.valid_from, span.valid_to,
            joined.valid_from, joined.valid_to,
        )
        .join(span, span.member_id == joined.member_id)
        .where(span.discount_rate > 0, _known(span, known_at), _known(joined, known_at))
        .order_by(joined.account_id, span.valid_from)
    )  # fmt: skip
    if len(account_ids) <= _AT_ONCE:
        query = query.where(joined.account_id.in_(account_ids))
    wanted = set(account_ids)
    found: dict[int, tuple[Offer, ...]] = {}
    numbers: dict[Offer, Offer] = {}
    for account_id, tier, rate, start, end, first, last in db.rows(session, query):
        begins, ends = max(start, first), min((day for day in (end, last) if day is not None), default=None)
        if account_id not in wanted or (ends is not None and ends <= begins):
            continue
        one = _offer(tier, rate, begins, ends)
        numbered = numbers.setdefault(one, replace(one, number=-len(numbers) - 1))
        found[account_id] = (*found.get(account_id, ()), numbered)
    return found


def _known(
    version: type[LoyaltyTierSpan | LoyaltyEnrolment], known_at: datetime | None
) -> ColumnElement[bool]:
    if known_at is None:
        return version.superseded_at.is_(None)
    return and_(
        version.recorded_at <= known_at,
        or_(version.superseded_at.is_(None), version.superseded_at > known_at),
    )


def _offer(tier: str, rate: Decimal, valid_from: date, valid_to: date | None) -> Offer:
    return Offer(
        number=0,
        kind=TermKind.DISCOUNT,
        for_whom=ForWhom.PROGRAMME,
        for_what=ForWhat.EVERYTHING,
        value=rate,
        min_quantity=Decimal(0),
        valid_from=valid_from,
        valid_to=valid_to,
        is_approved=True,
        stacks=True,
        label=f"loyalty {tier}",
    )


def row_of(offer: Offer, account_id: int) -> TermRow:
    """The discount beside the terms that explain a price; nobody edits it, it follows from the tier."""
    return TermRow(
        id=offer.number,
        number=offer.number,
        kind=offer.kind,
        scope=Scope(account_id=account_id),
        account="",
        group=None,
        segment=None,
        product=None,
        category=None,
        value=offer.value,
        min_quantity=offer.min_quantity,
        valid_from=offer.valid_from,
        valid_to=offer.valid_to,
        stacks=True,
        governed_by=TermDate.ORDER,
        status=TermStatus.APPROVED,
        reason="",
        recorded_at=datetime.combine(offer.valid_from, datetime.min.time(), UTC),
        recorded_by="",
        superseded_at=None,
        label=offer.label,
    )
