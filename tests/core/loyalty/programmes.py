"""A programme of the tests, put into force, and how its ledger is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.auth import OPERATOR
from core.loyalty import programmes, status
from core.models import LoyaltyEntry, LoyaltyLot, LoyaltyStanding

DOCUMENT: dict[str, Any] = {
    "earning": {"points_per": "1"},
    "tiers": {
        "steps": [
            {"name": "Silver", "threshold": "500", "factor": "1.5", "benefits": {"discount_rate": "0.02"}},
            {"name": "Gold", "threshold": "1000", "factor": "2", "benefits": {"discount_rate": "0.05"}},
        ]
    },
    "expiry": {"kind": "months", "months": 12},
    "rewards": [{"name": "Display", "points": "100", "cost": "25"}],
    "bonuses": {"referral": "250"},
    "adjust_limit": "200",
}


def with_parts(**parts: Any) -> dict[str, Any]:
    """The usual document with some of its sections replaced."""
    return {**DOCUMENT, **parts}


def live(
    session: Session, valid_from: date, document: Mapping[str, Any] = DOCUMENT, *, number: int | None = None
) -> int:
    """Put a programme, or its next version, into force; returns its number."""
    version = programmes.save_draft(session, OPERATOR, "Circle", document, number=number)
    if number is None:
        number = programmes.get(session, OPERATOR, version).number
    version = programmes.approve(session, OPERATOR, number, version=version)
    programmes.go_live(session, OPERATOR, number, valid_from, version=version)
    return number


def points(session: Session, account_id: int, *, on: date | None = None, known_on: date | None = None):
    return status.of_account(session, OPERATOR, account_id, on=on, known_on=known_on)


def agrees(session: Session) -> bool:
    """Of every member the sum of the entries is the sum of the lots less what is owed."""
    entries = select(LoyaltyEntry.member_id, func.sum(LoyaltyEntry.points)).where(
        LoyaltyEntry.undone_at.is_(None)
    )
    lots: dict[int, Decimal] = {}
    for lot in session.scalars(select(LoyaltyLot).execution_options(populate_existing=True)):
        left = lot.points - lot.redeemed - lot.expired - lot.taken
        lots[lot.member_id] = lots.get(lot.member_id, Decimal(0)) + left
    owed = dict(session.execute(select(LoyaltyStanding.member_id, LoyaltyStanding.owed)).all())
    return all(
        total == lots.get(member, 0) - owed.get(member, 0)
        for member, total in session.execute(entries.group_by(LoyaltyEntry.member_id))
    )
