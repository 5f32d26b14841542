"""Where a member stands, kept beside the ledger by whatever changes it, so that lists read one row a member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from core.loyalty import lots
from core.loyalty.generation import GrantedTier
from core.loyalty.lots import NO_END, Folded
from core.loyalty.outlooks import TierOutlook
from core.loyalty.rules import SCALE
from core.loyalty.specs import Spec
from core.loyalty_vocabulary import LotExpiry, TierSource
from core.models import LoyaltyStanding
from core.periods import shift_day


@dataclass(frozen=True)
class TierStanding:
    """The tier of a member on a day, and what lies ahead; None where there is nothing to say."""

    programme_number: int
    loyalty_tier: str | None
    source: TierSource | None
    since: date | None
    until: date | None  # the last day that it is sure
    next_tier: str | None
    to_next: Decimal | None
    to_stay: Decimal | None
    projected_tier: str | None
    projected: Decimal
    window_ends_on: date
    qualifying: Decimal


def tier_standing(
    programme_number: int, outlook: TierOutlook, grants: Sequence[GrantedTier], day: date
) -> TierStanding:
    """The outlook in points, with a granted tier where it stands above what was earned."""
    tiers = outlook.version.spec.tiers
    names = ["", *(tier.name for tier in tiers)]
    tier, since, until = outlook.tier, outlook.since, outlook.until
    source = TierSource.EARNED if tier else None
    to_stay, on = outlook.to_stay, day.toordinal()
    for one in grants:
        if one.start <= on < one.end and one.name in names and names.index(one.name) > tier:
            tier, source, to_stay = names.index(one.name), TierSource.GRANTED, 0
            since, until = date.fromordinal(one.start), date.fromordinal(one.end - 1)
    higher = tier + 1 if tier < len(tiers) else None
    to_next = None if higher is None else max(0, int(tiers[higher - 1].threshold * SCALE) - outlook.gathered)
    return TierStanding(
        programme_number=programme_number,
        loyalty_tier=names[tier] or None,
        source=source,
        since=since if tier else None,
        until=until,
        next_tier=None if higher is None else names[higher],
        to_next=_points(to_next),
        to_stay=_points(to_stay),
        projected_tier=names[outlook.projected_tier] or None,
        projected=Decimal(outlook.projected) / SCALE,
        window_ends_on=outlook.window_ends_on,
        qualifying=Decimal(outlook.gathered) / SCALE,
    )


def _points(whole: int | None) -> Decimal | None:
    return None if whole is None else Decimal(whole) / SCALE


def idle_months(spec: Spec | None) -> int | None:
    """After how many months without anything all points lapse, where the programme says so."""
    return spec.expiry_months if spec is not None and spec.expiry is LotExpiry.INACTIVITY else None


def idle_end(found: Folded, months: int | None) -> int:
    """The last day of all points where nothing more happens."""
    if months is None or not found.last_active:
        return NO_END
    return shift_day(date.fromordinal(found.last_active), months).toordinal()


def of_points(found: Folded, day: date, months: int | None) -> dict[str, Any]:
    """The columns that follow from the lots."""
    ahead = lots.expiring(found.lots.values(), idle_end(found, months))
    values: dict[str, Any] = {
        "active": Decimal(found.active(day.toordinal())) / SCALE,
        "pending": Decimal(found.pending(day.toordinal())) / SCALE,
        **{
            name: Decimal(getattr(found, name)) / SCALE for name in ("issued", "redeemed", "expired", "taken")
        },
        "owed": Decimal(found.owed + found.short) / SCALE,
    }
    for days in (30, 60, 90):
        last = (day + timedelta(days=days)).toordinal()
        within = sum(points for on, points in ahead if day.toordinal() <= on <= last)
        values[f"expiring_{days}"] = Decimal(within) / SCALE
    return values


def of_tier(tier: TierStanding | None, qualifying: int) -> dict[str, Any]:
    """The columns about the tier; `qualifying` is what counts where no programme says in which window."""
    if tier is None:
        nothing = dict.fromkeys(_OF_TIER)
        return {**nothing, "qualifying": Decimal(qualifying) / SCALE}
    return {"tier_source": tier.source, "tier_since": tier.since, "tier_until": tier.until} | {
        name: getattr(tier, name) for name in (*_OF_TIER, "qualifying") if not name.startswith("tier_")
    }


_OF_TIER = (
    "programme_number", "loyalty_tier", "tier_source", "tier_since", "tier_until", "next_tier", "to_next", "to_stay",
    "projected_tier", "projected", "window_ends_on",
)  # fmt: skip


def keep(session: Session, member_id: int, day: date, values: dict[str, Any]) -> None:
    """Write the member's row, or change the columns that are given."""
    statement = update(LoyaltyStanding).where(LoyaltyStanding.member_id == member_id)
    changed = statement.values(as_of=day, **values).execution_options(synchronize_session=False)
    done: Any = session.execute(changed)
    if not done.rowcount:
        session.execute(
            insert(LoyaltyStanding).values(
                member_id=member_id, as_of=day, **{"qualifying": Decimal(0), **values}
            )
        )
