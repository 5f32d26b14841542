"""Two price increases of the demo company: one of some months ago that most have answered, one that is announced."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from core.demo.rows import Ids, morning
from core.demo.scene import Scene
from core.models import PriceRound, PriceRoundAccount
from core.periods import add_months, first_of_month
from core.vocabulary import RoundAnswer

_NOTICE = 60  # days between the announcement and the day on which it takes effect
# Every eighth account the same; the rate is what was settled on.
_ANSWERS = (
    (RoundAnswer.ACCEPTED, None, ""),
    (RoundAnswer.ACCEPTED, None, ""),
    (RoundAnswer.NEGOTIATED, Decimal("0.02"), "half now, the rest with the next agreement"),
    (RoundAnswer.REFUSED, None, "a competitor holds prices until year's end"),
    (RoundAnswer.ACCEPTED, None, "wants two weeks more"),
    (RoundAnswer.ANNOUNCED, None, ""),
    (RoundAnswer.NEGOTIATED, Decimal("0.03"), "in exchange for a second delivery day"),
    (RoundAnswer.ACCEPTED, None, ""),
)


def rounds(session: Session, scene: Scene, ids: Ids) -> int:
    """Price rounds with every account; returns how many answers they have."""
    today = scene.calendar.today
    past = first_of_month(add_months(today, -5))
    coming = first_of_month(add_months(today, 2))
    _round(session, scene, ids, past, Decimal("0.04"), "sugar and freight", is_answered=True)
    _round(session, scene, ids, coming, Decimal("0.035"), "wages and freight", is_answered=False)
    session.flush()
    return 2 * len(ids.accounts)


def _round(
    session: Session, scene: Scene, ids: Ids, effective: date, rate: Decimal, note: str, *, is_answered: bool
) -> None:
    announced = min(effective - timedelta(days=_NOTICE), scene.calendar.today)
    row = PriceRound(
        name=f"{effective:%B %Y}",
        announced_on=announced,
        effective_on=effective,
        rate=rate,
        note=note,
        recorded_at=morning(announced),
        recorded_by="demo",
    )
    session.add(row)
    session.flush()
    for place, (account, account_id) in enumerate(zip(scene.company.accounts, ids.accounts, strict=True)):
        said, settled, why = (
            _ANSWERS[place % len(_ANSWERS)] if is_answered else (RoundAnswer.ANNOUNCED, None, "")
        )
        answered = None if said is RoundAnswer.ANNOUNCED else announced + timedelta(days=10 + place % 30)
        session.add(
            PriceRoundAccount(
                round_id=row.id,
                account_id=account_id,
                answer=said,
                rate=settled,
                answered_on=answered,
                note=why,
                recorded_at=morning(answered or announced),
                recorded_by=account.owner,
            )
        )
