"""Is the ledger what it says: entries, lots and standings agree, and a replay of orders books nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import BigInteger, select, type_coerce
from sqlalchemy.orm import Session

from core import db
from core.language import _
from core.loyalty import accruals, ledger, members, replay
from core.loyalty.lots import Folded, Key
from core.loyalty.rules import SCALE
from core.models import LoyaltyLot, LoyaltyMember, LoyaltyStanding

_AT_ONCE = 200


def differences(session: Session) -> Iterator[str]:
    """A sentence for each difference; for `doctor` and the pages' own proof, which have asked."""
    query = select(LoyaltyMember.id, LoyaltyMember.accrued_on).order_by(
        LoyaltyMember.accrued_on, LoyaltyMember.id
    )
    rows = [(member_id, day) for member_id, day in session.execute(query) if day is not None]
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        known = accruals.read(
            session, [member_id for member_id, _day in some], max(day for _one, day in some)
        )
        for member_id, day in some:
            one = known[member_id]
            yield from replay.unlike(member_id, one, day, accruals.generated(one, day))
            folded = ledger.folded(one.kept, day, idle_months=accruals.idle_months(one, day))
            yield from _of_member(session, member_id, folded, sum(
                kept.movement.points for kept in one.kept if kept.posted_on <= day
            ))  # fmt: skip


def _of_member(session: Session, member_id: int, folded: Folded, booked: int) -> Iterator[str]:
    name = members.name_of(session, member_id)
    if booked != folded.balance:
        yield _("The points of {name} are {entries} by its entries and {lots} by its lots.").format(
            name=name, entries=_plain(booked), lots=_plain(folded.balance)
        )
    if _kept_lots(session, member_id) != {key: lot.remaining for key, lot in folded.lots.items()}:
        yield _("The lots of {name} are kept otherwise than its ledger tells.").format(name=name)
    standing = session.scalar(
        select(type_coerce(LoyaltyStanding.redeemed, BigInteger)).where(
            LoyaltyStanding.member_id == member_id
        )
    )
    if standing != folded.redeemed:
        yield _(
            "The standing of {name} says that {kept} points were redeemed; its ledger says {points}."
        ).format(name=name, kept=_plain(standing or 0), points=_plain(folded.redeemed))


def _kept_lots(session: Session, member_id: int) -> dict[Key, int]:
    lot = LoyaltyLot
    left = [
        type_coerce(getattr(lot, name), BigInteger) for name in ("points", "redeemed", "expired", "taken")
    ]
    query = select(lot.account_id, lot.source, *left).where(lot.member_id == member_id)
    return {
        (account_id, source): points - redeemed - expired - taken
        for account_id, source, points, redeemed, expired, taken in db.rows(session, query)
    }


def _plain(points: int) -> str:
    return ledger.plain(Decimal(points) / SCALE)
