"""The replay lab's questions: a version of a programme, with thresholds and points moved, over a period of real orders.

A question is small and says everything, so that it can be kept as a scenario and asked again with the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from core import auth
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.loyalty import programmes
from core.loyalty import replay as replays
from core.loyalty.replay import Replayed
from core.loyalty.specs import Spec
from core.periods import Period, first_of_month, shift_day
from core.vocabulary import Permission

_ONE = Decimal(1)
_THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True)
class Question:
    """A version over some months that end with a day; factors move all thresholds, and the points for a unit."""

    version: int
    until: date
    months: int = 12
    thresholds: Decimal = _ONE
    earning: Decimal = _ONE

    @property
    def period(self) -> Period:
        end = self.until + timedelta(days=1)
        return Period(shift_day(end, -self.months), end)


def last_full_month(day: date) -> date:
    """The last day of the month before, with which a replay usually ends."""
    return first_of_month(day) - timedelta(days=1)


def moved(spec: Spec, thresholds: Decimal, earning: Decimal) -> Spec:
    """The specification with all thresholds and the points for a unit multiplied."""
    tiers = tuple(
        replace(tier, threshold=(tier.threshold * thresholds).quantize(_THOUSANDTH)) for tier in spec.tiers
    )
    return replace(spec, tiers=tiers, points_per=spec.points_per * earning)


def ask(
    session: Session, actor: Actor, question: Question, accounts: AccountFilter = ALL_ACCOUNTS
) -> Replayed:
    """What the version would have made of the period."""
    auth.require(actor, Permission.LOYALTY_DESIGN)
    spec = programmes.get(session, actor, question.version).spec
    return replays.replay(
        session, actor, moved(spec, question.thresholds, question.earning), question.period, accounts
    )


def sensitivity(
    session: Session,
    actor: Actor,
    question: Question,
    factors: tuple[Decimal, ...],
    accounts: AccountFilter = ALL_ACCOUNTS,
) -> list[Replayed]:
    """The same with all thresholds moved by each of some factors; the orders are read once."""
    auth.require(actor, Permission.LOYALTY_DESIGN)
    spec = programmes.get(session, actor, question.version).spec
    specs = [moved(spec, factor, question.earning) for factor in factors]
    return replays.replay_all(session, actor, specs, question.period, accounts)
