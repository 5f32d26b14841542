"""The demo company's competitors: where they stand, what is claimed about them, and how contests with them ended."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import search_texts
from core.claim_rules import fold
from core.demo.calendar import FACTS
from core.demo.company import DemoAccount
from core.demo.rows import Ids, morning
from core.demo.scene import Scene
from core.models import (
    AccountNote,
    Category,
    Competitor,
    CompetitorClaim,
    CompetitorPresence,
    CompetitorProduct,
    CompetitorSegment,
    Contest,
    Objection,
    Product,
    RevenueCell,
    Segment,
)
from core.money import round_money
from core.periods import add_months, first_of_month
from core.vocabulary import (
    ClaimTopic,
    ContestOutcome,
    ContestReason,
    ObjectionKind,
    ObjectionOutcome,
    Reliability,
    SourceKind,
    Swot,
)

_STREAM = 601  # its stream of random numbers
_CLAIMS = 4  # an account
_OF_MARKET = (ClaimTopic.GOAL, ClaimTopic.FINANCE, ClaimTopic.LEGAL)
_TOPICS = (ClaimTopic.PRICE, ClaimTopic.PRICE, ClaimTopic.PRICE, ClaimTopic.TERMS, ClaimTopic.LOGISTICS,
           ClaimTopic.PRODUCT, ClaimTopic.PEOPLE, ClaimTopic.GOAL, ClaimTopic.FINANCE, ClaimTopic.LEGAL)  # fmt: skip
_SOURCES = (SourceKind.BUYER, SourceKind.BUYER, SourceKind.USER, SourceKind.OWN_STAFF, SourceKind.DISTRIBUTOR,
            SourceKind.MARKET, SourceKind.EVENT, SourceKind.PRESS)  # fmt: skip
_WEAK = (
    "late",
    "complaints",
    "tidak sekata",
    "habis",
    "Short",
    "vacant",
    "pay late",
    "under review",
    "leave",
)
_AGES = (2, 200)  # days since a claim was observed
_DISPUTED_DAYS = 110  # so young a price is contradicted by somebody else


@dataclass(frozen=True)
class _Rival:
    """A competitor and the categories it sells."""

    id: int
    name: str
    segments: tuple[str, ...]
    category_ids: tuple[int, ...]


@dataclass(frozen=True)
class _Sold:
    """What an account bought of a product in a year."""

    product_id: int
    product: str
    category_id: int
    price: Decimal
    net: Decimal


def competitors(session: Session, scene: Scene, ids: Ids) -> int:
    """Competitors and what is known of them; returns how many claims."""
    facts = tomllib.loads((FACTS / "competitors.toml").read_text(encoding="utf-8"))
    rivals = list(_rivals(session, scene, facts))
    sold = _sold(session, scene)
    names = {row.id: row.name for row in session.execute(select(Category.id, Category.name))}
    made = []
    for place, account in enumerate(scene.company.accounts):
        random = np.random.default_rng([scene.seed, _STREAM, place])
        near = [one for one in rivals if account.segment in one.segments] or rivals
        bought = sold.get(ids.accounts[place], [])
        if bought:
            teller = _Teller(scene, facts, names, random, ids, account, ids.accounts[place])
            made += teller.tell(session, near, bought, place)
    random = np.random.default_rng([scene.seed, _STREAM])
    for rival in rivals:
        teller = _Teller(scene, facts, names, random, ids, scene.company.accounts[0], None)
        made += [teller.claim(rival, [], topic) for topic in _OF_MARKET]
    _write(session, made, {one.id: one.name for one in rivals})
    return len(made)


def _rivals(session: Session, scene: Scene, facts: dict[str, Any]) -> Iterator[_Rival]:
    segments = {row.name: row.id for row in session.execute(select(Segment.id, Segment.name))}
    categories = {row.name: row.id for row in session.execute(select(Category.id, Category.name))}
    first = morning(scene.calendar.today - timedelta(days=400))
    for said in facts["competitor"]:
        one = Competitor(
            name=said["name"], name_key=fold(said["name"]), aliases=said["aliases"], goals=said["goals"],
            home_region=said["region"], note="", created_at=first, created_by=scene.company.people[0].username,
        )  # fmt: skip
        session.add(one)
        session.flush()
        known = [name for name in said["segments"] if name in segments]
        session.add_all(CompetitorSegment(competitor_id=one.id, segment_id=segments[name]) for name in known)
        held = tuple(categories[name] for name in said["categories"] if name in categories)
        for product in said["products"]:
            ours = session.scalar(select(func.min(Product.id)).where(Product.category_id.in_(held[:1])))
            session.add(CompetitorProduct(competitor_id=one.id, name=product, product_id=ours))
        session.flush()
        if held:
            yield _Rival(one.id, one.name, tuple(said["segments"]), held)


def _sold(session: Session, scene: Scene) -> dict[int, list[_Sold]]:
    """What each account bought in the last twelve finished months, the most first."""
    end = first_of_month(scene.calendar.today)
    net, quantity = func.sum(RevenueCell.net_amount), func.sum(RevenueCell.quantity)
    query = (
        select(RevenueCell.account_id, Product.id, Product.name, Product.category_id, net, quantity)
        .join(Product, Product.id == RevenueCell.product_id)
        .where(RevenueCell.month >= add_months(end, -12), RevenueCell.month < end)
        .group_by(RevenueCell.account_id, Product.id, Product.name, Product.category_id)
        .having(quantity > 0, net > 0)
        .order_by(RevenueCell.account_id, net.desc(), Product.id)
    )
    found: dict[int, list[_Sold]] = {}
    for account_id, product_id, name, category_id, amount, count in session.execute(query):
        one = _Sold(product_id, name, category_id or 0, round_money(amount / count), amount)
        found.setdefault(account_id, []).append(one)
    return found


class _Teller:
    """What is told of competitors at one account, or of the market."""

    def __init__(
        self, scene: Scene, facts: dict[str, Any], names: dict[int, str], random: np.random.Generator, ids: Ids,
        account: DemoAccount, account_id: int | None,
    ) -> None:  # fmt: skip
        self._today, self._facts, self._names, self._random = scene.calendar.today, facts, names, random
        self._account_id, self._author, self._ids = account_id, account.owner, ids

    def tell(
        self, session: Session, near: Sequence[_Rival], bought: Sequence[_Sold], place: int
    ) -> list[CompetitorClaim]:
        """The claims of an account; its presences, contests and objections are added to the session."""
        made = []
        for number in range(_CLAIMS):
            rival = near[(place + number) % len(near)]
            meeting = [one for one in bought if one.category_id in rival.category_ids]
            made.append(self.claim(rival, meeting, self._pick(_TOPICS)))
        disputed = [one for one in made if one.price_gap is not None and self._is_fresh(one)]
        made += [self._against(one) for one in disputed[:1]]
        for rival in near[: 1 + place % 2]:
            held = [one.category_id for one in bought if one.category_id in rival.category_ids]
            session.add(self._presence(rival, held[0] if held else rival.category_ids[0], place))
        rival = near[place % len(near)]
        if place % 3 != 2:
            session.add(self._contest(rival, bought, place))
        if place % 3 == 0:
            session.add(self._objection(rival, place))
        if place % 5 == 0:
            body = "Buyer asks for a tasting of the new range in the new year"
            session.add(AccountNote(account_id=self._account_id, noted_on=self._ago(12), tag="call", body=body,
                                    recorded_at=morning(self._ago(12)), recorded_by=self._author))  # fmt: skip
        return made

    def claim(self, rival: _Rival, meeting: Sequence[_Sold], topic: ClaimTopic) -> CompetitorClaim:
        if topic is ClaimTopic.PRICE and not meeting:
            topic = ClaimTopic.TERMS
        sold = meeting[int(self._random.integers(min(len(meeting), 6)))] if meeting else None
        category = sold.category_id if sold else rival.category_ids[0]
        gap = Decimal(int(self._random.choice([-8, -6, -5, -4, -3, -3, -2, 2, 4]))) / 100
        of_product = sold is not None and topic is ClaimTopic.PRICE and bool(self._random.integers(3))
        what = sold.product if sold is not None and of_product else self._names[category]
        pattern = self._pick(self._facts["said"][topic.value])
        text = pattern.format(what=what, gap=_words(gap, is_malay=pattern.startswith("Harga")))
        observed = self._ago(int(self._random.integers(*_AGES)))
        one = CompetitorClaim(
            number=0, competitor_id=rival.id, account_id=self._account_id, topic=topic, statement=text,
            swot=_side(topic, text, gap), source_kind=self._pick(_SOURCES), source="",
            reliability=Reliability(self._pick("ABBCCD")), credibility=int(self._random.integers(1, 5)),
            observed_on=observed, valid_to=None, is_confidential=bool(self._random.integers(12) == 0),
            product_id=sold.product_id if sold and of_product else None,
            category_id=None if of_product or topic in (ClaimTopic.PEOPLE, ClaimTopic.FINANCE) else category,
            price=None, price_gap=None, confirmed_on=None, refuted_on=None, reason="", captured="",
            author=self._author, author_id=self._ids.users[self._author], recorded_by=self._author,
            recorded_at=morning(observed), superseded_at=None,
        )  # fmt: skip
        if topic is ClaimTopic.PRICE:
            self._priced(one, sold, gap)
        self._aged(one)
        return one

    def _priced(self, one: CompetitorClaim, sold: _Sold | None, gap: Decimal) -> None:
        if sold is not None and one.product_id is not None and self._random.integers(2):
            one.price = round(sold.price * (1 + gap), 2)
        else:
            one.price_gap = gap
        if self._random.integers(6) == 0:
            one.valid_to = one.observed_on + timedelta(days=int(self._random.integers(30, 120)))

    def _aged(self, one: CompetitorClaim) -> None:
        """Some were confirmed since, some turned out wrong."""
        since = (self._today - one.observed_on).days
        if since > 60 and self._random.integers(4) == 0:
            one.confirmed_on = one.observed_on + timedelta(days=int(self._random.integers(30, since)))
        elif since > 20 and self._random.integers(10) == 0:
            one.refuted_on = one.observed_on + timedelta(days=15)
            one.reason = "Saw the invoice: not so"

    def _against(self, first: CompetitorClaim) -> CompetitorClaim:
        """Another source says another figure about the same thing."""
        values = {
            column.name: getattr(first, column.name)
            for column in CompetitorClaim.__mapper__.columns
            if column.name != "id"
        }
        later = max(first.observed_on, self._ago(20))
        gap = Decimal("-0.01") if (first.price_gap or 0) < Decimal("-0.02") else Decimal("-0.06")
        said = {
            "statement": f"Another source: {_words(gap)} ours", "price_gap": gap, "swot": Swot.THREAT,
            "observed_on": later, "source_kind": SourceKind.DISTRIBUTOR, "reliability": Reliability.C,
            "confirmed_on": None, "refuted_on": None, "valid_to": None, "reason": "", "recorded_at": morning(later),
        }  # fmt: skip
        return CompetitorClaim(**{**values, **said})

    def _is_fresh(self, one: CompetitorClaim) -> bool:
        return (
            one.refuted_on is None
            and one.valid_to is None
            and (self._today - one.observed_on).days < _DISPUTED_DAYS
        )

    def _presence(self, rival: _Rival, category_id: int, place: int) -> CompetitorPresence:
        share = Decimal(int(self._random.integers(8, 45))) / 100
        ends = self._today + timedelta(days=int(self._random.integers(5, 240)))
        known = bool(self._random.integers(4))
        return CompetitorPresence(
            account_id=self._account_id, competitor_id=rival.id, category_id=category_id,
            since_on=self._ago(int(self._random.integers(200, 1500))),
            contract_ends_on=ends if place % 2 == 0 else None,
            share=share if known else None, low_share=share - Decimal("0.05") if known else None,
            high_share=share + Decimal("0.1") if known else None, contact="Category buyer",
            recorded_at=morning(self._ago(40)), recorded_by=self._author,
        )  # fmt: skip

    def _contest(self, rival: _Rival, bought: Sequence[_Sold], place: int) -> Contest:
        meeting = [one for one in bought if one.category_id in rival.category_ids] or list(bought)
        sold, is_won = meeting[place % len(meeting)], bool(self._random.integers(5) < 3)
        ours = round(sold.price, 2)
        reasons = (ContestReason.PRICE, ContestReason.PRICE, ContestReason.DELIVERY, ContestReason.RANGE,
                   ContestReason.RELATION, ContestReason.TERMS, ContestReason.QUALITY)  # fmt: skip
        judged = not is_won and bool(self._random.integers(2))
        return Contest(
            account_id=self._account_id, competitor_id=rival.id, category_id=sold.category_id,
            title=f"{self._names[sold.category_id]}: yearly agreement",
            outcome=ContestOutcome.WON if is_won else ContestOutcome.LOST,
            decided_on=self._ago(int(self._random.integers(10, 330))), amount=round(sold.net, 0),
            our_price=ours, their_price=round(ours * (1 - Decimal(int(self._random.integers(0, 9))) / 100), 2),
            reason=self._pick(reasons), note="", was_avoidable=bool(self._random.integers(2)) if judged else None,
            lesson="Call the planner before the tender" if judged else "", recorded_at=morning(self._ago(9)),
            recorded_by=self._author,
        )  # fmt: skip

    def _objection(self, rival: _Rival, place: int) -> Objection:
        said = self._facts["objection"][place % len(self._facts["objection"])]
        raised = self._ago(int(self._random.integers(5, 250)))
        return Objection(
            account_id=self._account_id, competitor_id=rival.id, kind=ObjectionKind(said["kind"]),
            objection=said["objection"], answer=said["answer"], outcome=ObjectionOutcome(said["outcome"]),
            raised_on=raised, recorded_at=morning(raised), recorded_by=self._author,
        )  # fmt: skip

    def _pick(self, among: Sequence[Any]) -> Any:
        return among[int(self._random.integers(len(among)))]

    def _ago(self, days: int) -> date:
        return self._today - timedelta(days=days)


def _words(gap: Decimal, *, is_malay: bool = False) -> str:
    if is_malay:
        return f"{abs(gap):.0%} lebih {'murah' if gap < 0 else 'mahal'}"
    return f"{abs(gap):.0%} {'below' if gap < 0 else 'above'}"


def _side(topic: ClaimTopic, text: str, gap: Decimal) -> Swot:
    if topic is ClaimTopic.PRICE:
        return Swot.THREAT if gap < 0 else Swot.OPPORTUNITY
    if any(word in text for word in _WEAK):
        return Swot.WEAKNESS
    return Swot.THREAT if topic in (ClaimTopic.TERMS, ClaimTopic.GOAL) else Swot.STRENGTH


def _write(session: Session, made: Sequence[CompetitorClaim], names: dict[int, str]) -> None:
    session.add_all(made)
    session.flush()
    for one in made:
        one.number = one.id
        words = (names[one.competitor_id], one.statement, one.captured, one.source, one.reason)
        search_texts.put(session, "competitor_claim", one.id, *words)
    kinds: tuple[tuple[Any, str], ...] = (
        (Contest, "contest"), (Objection, "objection"), (AccountNote, "account_note"),
    )  # fmt: skip
    for kind, entity in kinds:
        for row in session.scalars(select(kind)):
            said = (
                getattr(row, name, "") for name in ("title", "objection", "answer", "note", "lesson", "body")
            )
            search_texts.put(session, entity, row.id, *said)
    session.flush()
