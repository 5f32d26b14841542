"""Competitor claims as somebody may see them: the versions in force, how each stands, and which contradict each other.

A claim about an account is seen by whoever sees the account, one about the market by everybody who may read of
competitors. A confidential one is for the account's team and directors only; without an account, for its author and
directors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from core import auth, clock, search_texts, settings
from core.auth import Actor
from core.claim_rules import ClaimState, HalfLives, Standing, standing
from core.errors import NotFound
from core.language import _
from core.models import Account, Category, ClaimAttachment, Competitor, CompetitorClaim, Product, Unit
from core.periods import Period
from core.vocabulary import ClaimTopic, Permission, Reliability, Role, SourceKind, Swot

ENTITY = "competitor_claim"


@dataclass(frozen=True)
class ClaimDraft:
    """One statement as somebody makes it; the last day is included, as on paper."""

    competitor_id: int | None
    statement: str
    topic: ClaimTopic = ClaimTopic.PRODUCT
    swot: Swot = Swot.THREAT
    account_id: int | None = None  # none: of the market
    product_id: int | None = None
    category_id: int | None = None
    price: Decimal | None = None  # theirs for one unit, base currency
    unit_id: int | None = None  # none: the product's base unit
    price_gap: Decimal | None = None  # theirs against our net price, a share
    observed_on: date | None = None
    last_on: date | None = None
    source_kind: SourceKind = SourceKind.OTHER
    source: str = ""
    reliability: Reliability = Reliability.F
    credibility: int = 6
    is_confidential: bool = False


@dataclass(frozen=True)
class ClaimRow:
    """A claim in force with how it stands on the day that was asked about."""

    number: int
    version: int
    draft: ClaimDraft
    competitor: str
    account_code: str | None
    account: str | None
    product: str | None
    category: str | None
    unit: str | None
    confirmed_on: date | None
    refuted_on: date | None
    reason: str
    captured: str
    author: str
    recorded_at: datetime
    recorded_by: str
    attachments: int
    standing: Standing

    @property
    def name(self) -> str:
        return f"C{self.number}"

    @property
    def competitor_id(self) -> int:
        return self.draft.competitor_id or 0

    @property
    def account_id(self) -> int | None:
        return self.draft.account_id

    @property
    def state(self) -> ClaimState:
        return self.standing.state

    @property
    def grade(self) -> str:
        return f"{self.draft.reliability}{self.draft.credibility}"

    @property
    def scope(self) -> str | None:
        """The product or category that it is about."""
        return self.product or self.category

    @property
    def renewed_on(self) -> date:
        """When it was observed or last confirmed."""
        days = [one for one in (self.draft.observed_on, self.confirmed_on) if one is not None]
        return max(days)


@dataclass(frozen=True)
class ClaimFilter:
    """Which claims to look at; an empty field means all."""

    competitor_ids: frozenset[int] = frozenset()
    account_ids: frozenset[int] = frozenset()
    with_market: bool = False  # beside those of the accounts, those about the market as well
    topics: frozenset[ClaimTopic] = frozenset()
    states: frozenset[ClaimState] = frozenset()
    numbers: frozenset[int] = frozenset()
    text: str = ""
    renewed: Period | None = None  # observed or last confirmed in these days


ALL_CLAIMS = ClaimFilter()


def in_reach(actor: Actor) -> ColumnElement[bool]:
    """The condition on CompetitorClaim that lets through what the actor may see, for every `where`."""
    claim = CompetitorClaim
    visible = select(Account.id).where(auth.visible_accounts(actor)).correlate(None)
    sees = or_(claim.account_id.is_(None), claim.account_id.in_(visible))
    if actor.user_id is None:
        return sees
    trusted = select(Account.id).where(auth.in_confidence(actor)).correlate(None)
    of_market = true() if Role.DIRECTOR in actor.roles else claim.author_id == actor.user_id
    if Role.DIRECTOR not in actor.roles and not actor.may(Permission.COMPETITOR_WRITE):
        of_market = false()
    return and_(
        sees,
        or_(
            claim.is_confidential.is_(False),
            claim.account_id.in_(trusted),
            and_(claim.account_id.is_(None), of_market),
        ),
    )


def search(
    session: Session,
    actor: Actor,
    claims: ClaimFilter = ALL_CLAIMS,
    *,
    day: date | None = None,
    known_at: datetime | None = None,
) -> list[ClaimRow]:
    """The claims of a filter as known now, or at a moment; the freshest and strongest first."""
    auth.require(actor, Permission.COMPETITOR_READ)
    asked = day or clock.today()
    query = _query().where(in_reach(actor), *_known(actor, known_at), *_conditions(session, claims))
    half_lives = settings.get(session).half_lives
    found = [_row(parts, half_lives, asked) for parts in session.execute(query)]
    rows = [row for row in found if not claims.states or row.state in claims.states]
    return sorted(rows, key=_rank)


def get(session: Session, actor: Actor, number: int, *, day: date | None = None) -> ClaimRow:
    """One claim in force."""
    found = search(session, actor, ClaimFilter(numbers=frozenset({number})), day=day)
    if not found:
        raise NotFound(_("There is no such claim."))
    return found[0]


def history(session: Session, actor: Actor, number: int) -> list[ClaimRow]:
    """Every version of a claim, the newest first; each stands as on the day it was recorded."""
    auth.require(actor, Permission.COMPETITOR_READ)
    get(session, actor, number)
    query = _query().where(in_reach(actor), CompetitorClaim.number == number)
    half_lives = settings.get(session).half_lives
    rows = [_row(parts, half_lives, parts[0].recorded_at.date()) for parts in session.execute(query)]
    return sorted(rows, key=lambda row: -row.version)


@dataclass(frozen=True)
class Contradiction:
    """Claims that cannot all be right; the newest first."""

    claims: tuple[ClaimRow, ...] = field(default_factory=tuple)


def contradictions(rows: Sequence[ClaimRow]) -> list[Contradiction]:
    """Groups of usable claims about the same thing that say different things."""
    about: dict[tuple[Any, ...], list[ClaimRow]] = {}
    for row in rows:
        if row.standing.is_usable:
            said = row.draft
            key = (said.competitor_id, said.account_id, said.topic, said.product_id, said.category_id)
            about.setdefault(key, []).append(row)
    found = []
    for group in about.values():
        meeting = {
            row.number: row for pair in combinations(group, 2) if contradict(*pair) for row in pair
        }  # fmt: skip
        if meeting:
            newest = sorted(meeting.values(), key=lambda row: (row.renewed_on, row.version), reverse=True)
            found.append(Contradiction(tuple(newest)))
    return found


_OPPOSED = {Swot.STRENGTH: Swot.WEAKNESS, Swot.WEAKNESS: Swot.STRENGTH,
            Swot.OPPORTUNITY: Swot.THREAT, Swot.THREAT: Swot.OPPORTUNITY}  # fmt: skip


def contradict(one: ClaimRow, other: ClaimRow) -> bool:
    """Whether two claims about the same thing cannot both hold: other prices, or opposite sides."""
    first, second = one.draft, other.draft
    if first.price_gap is not None and second.price_gap is not None:
        return first.price_gap != second.price_gap
    if first.price is not None and second.price is not None:
        return first.unit_id == second.unit_id and first.price != second.price
    return first.topic is not ClaimTopic.PRICE and _OPPOSED[first.swot] is second.swot


def _query() -> Any:
    files = (
        select(func.count())
        .where(ClaimAttachment.number == CompetitorClaim.number, ClaimAttachment.withdrawn_at.is_(None))
        .correlate(CompetitorClaim)
        .scalar_subquery()
    )
    return (
        select(
            CompetitorClaim, Competitor.name, Account.code, Account.name, Product.name, Category.name, Unit.name, files
        )
        .join(Competitor, Competitor.id == CompetitorClaim.competitor_id)
        .outerjoin(Account, Account.id == CompetitorClaim.account_id)
        .outerjoin(Product, Product.id == CompetitorClaim.product_id)
        .outerjoin(Category, Category.id == CompetitorClaim.category_id)
        .outerjoin(Unit, Unit.id == CompetitorClaim.unit_id)
    )  # fmt: skip


def _known(actor: Actor, known_at: datetime | None) -> list[ColumnElement[bool]]:
    claim = CompetitorClaim
    if known_at is None:
        return [claim.superseded_at.is_(None), claim.is_withdrawn.is_(False)]
    # What became confidential later is confidential in its earlier versions too.
    now = select(claim.number).where(claim.superseded_at.is_(None), in_reach(actor))
    until = or_(claim.superseded_at.is_(None), claim.superseded_at > known_at)
    return [claim.recorded_at <= known_at, until, claim.is_withdrawn.is_(False), claim.number.in_(now)]


def _conditions(session: Session, claims: ClaimFilter) -> Iterable[ColumnElement[bool]]:
    claim = CompetitorClaim
    for column, wanted in (
        (claim.competitor_id, claims.competitor_ids),
        (claim.topic, claims.topics),
        (claim.number, claims.numbers),
    ):
        if wanted:
            yield column.in_(sorted(wanted))
    if claims.account_ids:
        of_account = claim.account_id.in_(sorted(claims.account_ids))
        yield or_(of_account, claim.account_id.is_(None)) if claims.with_market else of_account
    if claims.renewed is not None:
        start, end = claims.renewed.start, claims.renewed.end
        yield and_(claim.observed_on < end, or_(claim.confirmed_on.is_(None), claim.confirmed_on < end))
        yield or_(claim.observed_on >= start, claim.confirmed_on >= start)
    if claims.text.strip():
        yield search_texts.among(session, ENTITY, claim.number, claims.text)


def draft_of(row: CompetitorClaim) -> ClaimDraft:
    """A stored version as it would be typed."""
    return ClaimDraft(
        competitor_id=row.competitor_id,
        statement=row.statement,
        topic=row.topic,
        swot=row.swot,
        account_id=row.account_id,
        product_id=row.product_id,
        category_id=row.category_id,
        price=row.price,
        unit_id=row.unit_id,
        price_gap=row.price_gap,
        observed_on=row.observed_on,
        last_on=None if row.valid_to is None else row.valid_to - timedelta(days=1),
        source_kind=row.source_kind,
        source=row.source,
        reliability=row.reliability,
        credibility=row.credibility,
        is_confidential=row.is_confidential,
    )


def _row(parts: Any, half_lives: HalfLives, day: date) -> ClaimRow:
    row, competitor, code, account, product, category, unit, files = parts
    return ClaimRow(
        number=row.number,
        version=row.id,
        draft=draft_of(row),
        competitor=competitor,
        account_code=code,
        account=account,
        product=product,
        category=category,
        unit=unit,
        confirmed_on=row.confirmed_on,
        refuted_on=row.refuted_on,
        reason=row.reason,
        captured=row.captured,
        author=row.author,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        attachments=files,
        standing=standing(
            day,
            half_life=half_lives[row.topic],
            observed_on=row.observed_on,
            confirmed_on=row.confirmed_on,
            refuted_on=row.refuted_on,
            valid_to=row.valid_to,
            reliability=row.reliability,
            credibility=row.credibility,
        ),
    )


def _rank(row: ClaimRow) -> tuple[Decimal, int, int]:
    return -row.standing.weight, row.standing.age_days, -row.number
