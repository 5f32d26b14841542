"""Battlecards: what to know of a competitor before a meeting, built anew from the evidence each time it is opened.

Live claims stand as facts, each with its age and grade; those to be confirmed stand apart, as questions; stale and
refuted ones do not appear. Beside them the objection answers that won, and our advantages by product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from core import accounts as account_list
from core import (
    audit,
    auth,
    clock,
    competitor_claims,
    competitors,
    contests,
    objections,
    presences,
    price_gaps,
)
from core.audit import Subject
from core.auth import Actor
from core.claim_rules import ClaimState
from core.competitor_claims import ClaimFilter, ClaimRow, Contradiction
from core.competitors import CompetitorDetail
from core.contests import ContestRow, RateBy, WinRate
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.objections import ObjectionRow
from core.presences import PresenceRow
from core.price_gaps import PriceGap
from core.vocabulary import ClaimTopic, ObjectionOutcome, Permission, Swot


@dataclass(frozen=True)
class Advantage:
    """What speaks for us in a product, a category, or all of it: live claims of weaknesses and higher prices."""

    scope: str | None
    claims: tuple[ClaimRow, ...]


@dataclass(frozen=True)
class Swots:
    """Claims by side; a view of them, nothing of its own."""

    sides: Mapping[Swot, tuple[ClaimRow, ...]]

    @classmethod
    def of(cls, rows: Iterable[ClaimRow]) -> Swots:
        known = list(rows)
        return cls({side: tuple(row for row in known if row.draft.swot is side) for side in Swot})


@dataclass(frozen=True)
class Battlecard:
    """One competitor, everywhere or at one account, on a day."""

    competitor: CompetitorDetail
    account: str | None
    account_id: int | None
    day: date
    facts: Swots  # live
    to_confirm: tuple[ClaimRow, ...]
    left_out: int  # stale and refuted claims
    contradictions: tuple[Contradiction, ...]
    answers: tuple[ObjectionRow, ...]  # that won
    advantages: tuple[Advantage, ...]
    presences: tuple[PresenceRow, ...]
    gaps: tuple[PriceGap, ...]  # of live price claims
    contests: WinRate
    reasons: tuple[WinRate, ...]
    lost: tuple[ContestRow, ...]


def card(
    session: Session,
    actor: Actor,
    competitor_id: int,
    *,
    account_id: int | None = None,
    day: date | None = None,
) -> Battlecard:
    """The battlecard of a competitor, or of a competitor at an account, from what the actor may see."""
    auth.require(actor, Permission.COMPETITOR_READ)
    one, asked = competitors.get(session, actor, competitor_id), day or clock.today()
    account = None if account_id is None else account_list.get(session, actor, account_id)
    only = ALL_ACCOUNTS if account_id is None else AccountFilter(account_ids=frozenset({account_id}))
    rows = competitor_claims.search(session, actor, _claims(competitor_id, account_id), day=asked)
    live = [row for row in rows if row.state is ClaimState.LIVE]
    ended = contests.search(session, actor, only, competitor_id=competitor_id)
    answers = [
        row
        for row in objections.search(session, actor, only, competitor_id=competitor_id)
        if row.draft.outcome is ObjectionOutcome.WON
    ]
    return Battlecard(
        competitor=one,
        account=None if account is None else account.name,
        account_id=account_id,
        day=asked,
        facts=Swots.of(live),
        to_confirm=tuple(row for row in rows if row.state is ClaimState.TO_CONFIRM),
        left_out=sum(1 for row in rows if not row.standing.is_usable),
        contradictions=tuple(competitor_claims.contradictions(rows)),
        answers=tuple(answers),
        advantages=tuple(advantages(live)),
        presences=tuple(presences.search(session, actor, only, competitor_id=competitor_id)),
        gaps=tuple(price_gaps.gaps(session, actor, live)) if actor.may(Permission.REVENUE_READ) else (),
        contests=contests.total(ended),
        reasons=tuple(contests.rates(ended, RateBy.REASON)),
        lost=tuple(row for row in ended if not row.is_won),
    )


def _claims(competitor_id: int, account_id: int | None) -> ClaimFilter:
    """Of one account its own claims and those of the market."""
    accounts = frozenset() if account_id is None else frozenset({account_id})
    return ClaimFilter(frozenset({competitor_id}), accounts, with_market=True)


def advantages(live: Sequence[ClaimRow]) -> list[Advantage]:
    """Live claims that speak for us, by what they are about; named products first."""
    found: dict[str | None, list[ClaimRow]] = {}
    for row in live:
        is_dearer = row.draft.topic is ClaimTopic.PRICE and (row.draft.price_gap or 0) > 0
        if is_dearer or row.draft.swot in (Swot.WEAKNESS, Swot.OPPORTUNITY):
            found.setdefault(row.scope, []).append(row)
    ranked = sorted(found.items(), key=lambda item: (item[0] is None, -len(item[1]), item[0] or ""))
    return [Advantage(scope, tuple(rows)) for scope, rows in ranked]


def record_print(session: Session, actor: Actor, printed: Battlecard) -> None:
    """Note who took a battlecard out."""
    auth.require(actor, Permission.DATA_EXPORT)
    one = printed.competitor
    subject = Subject("export", str(one.id), one.name, printed.account_id)
    audit.record(session, actor, "export:battlecard", subject, {"format": (None, "pdf")})
