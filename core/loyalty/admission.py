"""Which of many entries can be booked, on plain values: none may spend what is not there on its day or later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.loyalty import ledger, lots
from core.loyalty.ledger import Draft, Kept
from core.loyalty.lots import Phase


def refused(kept: Sequence[Kept], drafts: Sequence[Draft], *, idle_months: int | None = None) -> set[int]:
    """The places of the drafts that would spend too much; `drafts` in the order in which they are to be booked.

    Nearly always one walk through the ledger tells; only where a draft takes what a later entry of the ledger needs
    are they tried one by one.
    """
    own = {place: ledger.as_kept(one, _FIRST + place).movement for place, one in enumerate(drafts)}
    there = lots.netted([one.movement for one in kept if one.movement.phase is not Phase.LAPSE])
    beyond = lots.beyond(there, list(own.values()), idle_months=idle_months)
    places = {place for place, movement in own.items() if movement.key in beyond}
    baseline = _uncovered(kept, (), idle_months)
    taken = [one for place, one in enumerate(drafts) if place not in places]
    if _uncovered(kept, taken, idle_months) <= baseline:
        return places
    return _one_by_one(kept, drafts, baseline, idle_months)


_FIRST = 10**9  # new entries come after all that are booked


def _one_by_one(
    kept: Sequence[Kept], drafts: Sequence[Draft], baseline: int, idle_months: int | None
) -> set[int]:
    taken: list[Draft] = []
    places = set()
    for place, one in enumerate(drafts):
        if _uncovered(kept, [*taken, one], idle_months) > baseline:
            places.add(place)
        else:
            taken.append(one)
    return places


def _uncovered(kept: Sequence[Kept], drafts: Sequence[Draft], idle_months: int | None) -> int:
    after = [*kept, *(ledger.as_kept(one, _FIRST + place) for place, one in enumerate(drafts))]
    return ledger.folded(after, date.max, idle_months=idle_months).uncovered
