"""Who may grant what in the demo company, how low its prices may go, and what its managers have asked for.

Some of it is as real books are: a special price that a later floor makes void, a request that its manager may not see
through alone, one below the floor with an end, and one that was refused with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import term_effects, term_versions
from core.auth import OPERATOR
from core.demo.rows import Ids
from core.demo.scene import Scene
from core.demo.terms import list_prices, row_of
from core.models import AuthorityLimit, Category, FloorPrice, OrderLine, Segment, Term, TermDecision
from core.money import round_money, round_ratio
from core.term_drafts import Scope, TermDraft
from core.vocabulary import DecisionOutcome, Role, TermKind, TermStatus

_CENT = Decimal("0.01")
_FLOOR, _SOON = (
    Decimal("0.70"),
    Decimal("0.72"),
)  # share of list: below which nothing is sold, and from next year
_PRODUCT_FLOOR = Decimal(
    "0.84"
)  # of a few products whose raw material became dear: some agreed prices are below it


@dataclass(frozen=True)
class _Asked:
    """A request: by whose account it is, how long ago, and how it ended."""

    place: int  # of the account
    draft: TermDraft
    days_ago: int
    outcome: DecisionOutcome | None = None
    answer: str = ""


def floors(session: Session, scene: Scene, ids: Ids) -> int:
    """A floor for each category, a higher one from next year, and some of single products; returns how many."""
    today = scene.calendar.today
    this, following = date(today.year, 1, 1), date(today.year + 1, 1, 1)
    rows = []
    for category_id in session.scalars(select(Category.id).order_by(Category.id)):
        key = f"category:{category_id}"
        rows.append(_floor(key, this, following, _FLOOR, "house rule", category_id=category_id))
        rows.append(_floor(key, following, None, _SOON, "energy costs", category_id=category_id))
    segment_id = session.scalar(select(Segment.id).order_by(Segment.id.desc()).limit(1))
    rows.append(
        _floor(
            f"everything/segment:{segment_id}", this, None, Decimal("0.65"), "export has no service costs",
            segment_id=segment_id,
        )
    )  # fmt: skip
    prices = list_prices(session)
    for product_id in [key for key in ids.products if key in prices][:3]:
        price = (prices[product_id] * _PRODUCT_FLOOR).quantize(_CENT)
        row = _floor(f"product:{product_id}", this, None, None, "raw material", product_id=product_id)
        row.price = price
        rows.append(row)
    session.add_all(rows)
    session.flush()
    for row in rows:
        row.number = row.id
    session.flush()
    return len(rows)


def _floor(
    key: str, first: date, end: date | None, share: Decimal | None, reason: str, **scope: int | None
) -> FloorPrice:
    return FloorPrice(
        number=0,
        scope_key=key,
        list_share=share,
        reason=reason,
        valid_from=first,
        valid_to=end,
        recorded_at=_moment(first - timedelta(days=21)) if first.month == 1 and end else _moment(first),
        recorded_by="demo",
        **scope,
    )


def authority(session: Session, scene: Scene) -> int:
    """Managers were given more room this year; directors have theirs since last year."""
    this = date(scene.calendar.today.year, 1, 1)
    last, known = this.replace(year=this.year - 1), _moment(this - timedelta(days=30))
    before = _limit(Role.MANAGER, last, None, ("0.15", "0.25", "20000"), _moment(last), "first rules")
    before.superseded_at = known
    rows = [
        before,
        _limit(Role.MANAGER, last, this, ("0.15", "0.25", "20000"), known, "first rules"),
        _limit(Role.MANAGER, this, None, ("0.20", "0.20", "40000"), known, "quicker answers"),
        _limit(Role.DIRECTOR, last, None, ("0.45", "0.02", "1500000"), _moment(last), "first rules"),
    ]
    session.add_all(rows)
    session.flush()
    return len(rows)


def _limit(
    role: Role, first: date, end: date | None, most: tuple[str, str, str], known: datetime, reason: str
) -> AuthorityLimit:
    discount, margin, money = (Decimal(one) for one in most)
    return AuthorityLimit(
        role=role,
        discount_share=discount,
        margin_rate=margin,
        contract_value=money,
        reason=reason,
        valid_from=first,
        valid_to=end,
        recorded_at=known,
        recorded_by="demo",
    )


def judge(session: Session) -> None:
    """Give what waits for one account its measures, as if it had been submitted by hand; once all is sold."""
    waiting = list(
        session.scalars(
            select(Term).where(
                Term.status == TermStatus.SUBMITTED,
                Term.superseded_at.is_(None),
                Term.account_id.is_not(None),
            )
        )
    )
    effects = term_effects.of(session, OPERATOR, [term_versions.draft_of(one) for one in waiting])
    for term, effect in zip(waiting, effects, strict=True):
        term.judged = effect.measures()
    session.flush()


def submissions(session: Session, scene: Scene, ids: Ids) -> int:
    """Requests of managers that wait or were answered; returns how many."""
    count = 0
    director = next(one.username for one in scene.company.people if "director" in one.roles)
    for asked in _requests(session, scene, ids):
        if asked.place < len(ids.accounts):
            _add(session, scene, asked, director)
            count += 1
    session.flush()
    return count


def _requests(session: Session, scene: Scene, ids: Ids) -> Iterator[_Asked]:
    today, prices = scene.calendar.today, list_prices(session)
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    categories = list(session.scalars(select(Category.id).order_by(Category.id)))

    def special(place: int, share: str, reason: str, *, nth: int = 0) -> TermDraft:
        """On the product that the account buys most, the next one, and so on."""
        account_id = ids.accounts[place % len(ids.accounts)]
        bought = [key for key in _bought(session, account_id) if key in prices] or list(prices)
        product_id = bought[nth % len(bought)]
        price = round_money((prices[product_id] * Decimal(share)).quantize(_CENT))
        scope = Scope(account_id=account_id, product_id=product_id)
        return TermDraft(
            scope, TermKind.SPECIAL_PRICE, price, month, status=TermStatus.SUBMITTED, reason=reason
        )

    yield _Asked(1, special(1, "0.74", "tender for two years"), 3)
    below = special(2, "0.66", "clearance before the new label")
    yield _Asked(2, replace(below, is_exception=True, valid_to=month + timedelta(days=31)), 1)
    if len(ids.accounts) > 4 and categories:
        whole = Scope(account_id=ids.accounts[4], category_id=categories[-1])
        reason = "asks for the chain's conditions"
        status = TermStatus.SUBMITTED
        yield _Asked(
            4, TermDraft(whole, TermKind.DISCOUNT, Decimal("0.22"), month, status=status, reason=reason), 8
        )
    no = "Below what it costs to serve them: offer a tier instead."
    yield _Asked(
        5, special(5, "0.55", "a competitor's offer by word of mouth"), 16, DecisionOutcome.REJECTED, no
    )
    yes = "For the listing; look at it again in a year."
    yield _Asked(7, special(7, "0.78", "new listing in 40 outlets"), 12, DecisionOutcome.APPROVED, yes)
    yield _Asked(8, special(8, "0.86", "price of the year"), 5, DecisionOutcome.GRANTED)
    for place in (11, 14):
        ending = replace(
            special(place, "0.84", "price of the season", nth=1),
            valid_from=today - timedelta(days=80),
            valid_to=today + timedelta(days=place),
        )
        yield _Asked(place, ending, 90, DecisionOutcome.GRANTED)


def _bought(session: Session, account_id: int) -> list[int]:
    """The products that an account ordered, the one with the most money first."""
    net = func.sum(OrderLine.net_amount)
    query = select(OrderLine.product_id).where(OrderLine.account_id == account_id)
    return list(
        session.scalars(query.group_by(OrderLine.product_id).order_by(net.desc(), OrderLine.product_id))
    )


def _add(session: Session, scene: Scene, asked: _Asked, director: str) -> None:
    """The versions of one request and, where it ended, the decision."""
    today = scene.calendar.today
    owner = scene.company.accounts[asked.place].owner
    asked_on = today - timedelta(days=asked.days_ago)
    row = row_of(asked.draft, asked_on, owner)
    session.add(row)
    session.flush()
    row.number = row.id
    if asked.outcome is None:
        return
    alone = asked.outcome is DecisionOutcome.GRANTED
    decided_on, by = (asked_on, owner) if alone else (asked_on + timedelta(days=2), director)
    status = TermStatus.REJECTED if asked.outcome is DecisionOutcome.REJECTED else TermStatus.APPROVED
    after = row_of(replace(asked.draft, status=status), decided_on, by)
    row.superseded_at = after.recorded_at
    after.number = row.number
    session.add_all([after, _decision(session, row, asked, by, after)])


def _decision(session: Session, row: Term, asked: _Asked, by: str, after: Term) -> TermDecision:
    assert asked.outcome is not None  # noqa: S101
    listed = list_prices(session).get(row.product_id or 0)
    share = None if listed is None or row.price is None else round_ratio(1 - row.price / listed)
    return TermDecision(
        term_id=row.id,
        number=row.number,
        outcome=asked.outcome,
        reason=asked.answer,
        asked_by=row.recorded_by,
        asked_at=row.recorded_at,
        decided_by=by,
        decided_at=after.recorded_at,
        discount_share=share,
    )


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
