"""How far competitors' observed prices are from our net prices, and the price index made of them.

Our net price of a product is net revenue ÷ quantity over the three months up to the one in which the claim was
observed, at the claim's account, or at all visible accounts for a claim of the market; where nothing was sold in them,
over the twelve months, and else over the last twelve. Index = our price ÷ theirs; of several observations Σ weight ÷
Σ (weight × theirs ÷ ours), with our net revenue of the last twelve months in the claim's scope as weight: margin and
break-even are of these months too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, claim_rules, clock, competitor_claims, measures, parts, scope_sales
from core.auth import Actor
from core.claim_rules import ClaimState
from core.competitor_claims import ALL_CLAIMS, ClaimFilter, ClaimRow
from core.measures import Measures
from core.models import PackSize, Product
from core.money import ZERO, ratio, round_money
from core.periods import Period, add_months, first_of_month
from core.scope_sales import Scope
from core.vocabulary import Permission

# Changes of these leave claims, and what we sold, as they were.
BESIDE_CLAIMS = (
    "account_note", "attention", "authority", "cause", "floor", "forecast", "loyalty_member", "lump_sum", "receivable",
    "target", "term", "view", "wallet",
)  # fmt: skip
_NEAR_MONTHS = 3
_YEAR = 12


@dataclass(frozen=True)
class PriceGap:
    """One price claim beside our net price; prices a base unit, base currency."""

    claim: ClaimRow
    ours: Decimal | None
    theirs: Decimal | None
    sales: Decimal  # our net revenue of the last twelve months in the claim's scope
    margin_rate: Decimal | None  # None: not known, or whoever asks may not see cost
    lines: int  # order lines behind our price

    @property
    def gap(self) -> Decimal | None:
        """Their price against ours: −0.03 is three percent below."""
        if self.claim.draft.price_gap is not None:
            return self.claim.draft.price_gap
        share = ratio(self.theirs, self.ours)
        return None if share is None else share - 1

    @property
    def index(self) -> Decimal | None:
        """Ours ÷ theirs: above 1 we are dearer."""
        return None if self.gap is None else ratio(Decimal(1), 1 + self.gap)

    @property
    def break_even(self) -> Decimal | None:
        """The share of volume whose loss makes not matching worse than matching."""
        return None if self.gap is None else claim_rules.break_even_loss(-self.gap, self.margin_rate)


@dataclass(frozen=True)
class IndexPoint:
    """The price index of a product or category against a competitor, over some observations."""

    competitor: str
    scope: str
    month: date | None  # none: as of now, from usable claims
    index: Decimal
    observations: int
    oldest_days: int
    newest_days: int


@audit.unmoved_by(*BESIDE_CLAIMS)
def search(session: Session, actor: Actor, claims: ClaimFilter = ALL_CLAIMS) -> tuple[PriceGap, ...]:
    """The price claims of a filter as known now beside our prices."""
    found = parts.ask(session, actor, competitor_claims.search, claims)
    return tuple(gaps(session, actor, found))


def gaps(session: Session, actor: Actor, claims: Sequence[ClaimRow]) -> list[PriceGap]:
    """Price claims beside our prices; other claims are left out."""
    auth.require(actor, Permission.COMPETITOR_READ)
    auth.require(actor, Permission.REVENUE_READ)
    priced = [row for row in claims if row.draft.price is not None or row.draft.price_gap is not None]
    if not priced:
        return []
    sales = _Sales(session, actor, priced)
    packs = _packs(session, priced)
    return [_gap(row, sales, packs) for row in priced]


def _gap(row: ClaimRow, sales: _Sales, packs: Mapping[tuple[int, int], Decimal | None]) -> PriceGap:
    said = row.draft
    observed = said.observed_on or clock.today()
    now = sales.around(row, clock.today(), _YEAR)
    around = (sales.around(row, observed, months) for months in (_NEAR_MONTHS, _YEAR))
    known = next((one for one in around if one.quantity > 0), now)
    ours = None
    if said.product_id is not None and known.quantity > 0 and known.net > 0:
        ours = round_money(known.net / known.quantity)
    theirs = None
    if said.price is not None and said.product_id is not None:
        held = Decimal(1) if said.unit_id is None else packs.get((said.product_id, said.unit_id))
        theirs = None if held is None else round_money(said.price / held)
    elif said.price_gap is not None and ours is not None:
        theirs = round_money(ours * (1 + said.price_gap))
    return PriceGap(row, ours, theirs, max(now.net, ZERO), now.margin_rate, known.lines)


class _Sales:
    """What we sold, month by month, of the products and categories that claims are about."""

    def __init__(self, session: Session, actor: Actor, claims: Sequence[ClaimRow]) -> None:
        days = [row.draft.observed_on or clock.today() for row in claims]
        start = add_months(first_of_month(min(days)), 1 - _YEAR)
        months = Period(start, add_months(first_of_month(clock.today()), 1))
        self._nothing = measures.nothing(sees_cost=actor.sees_cost)
        self._sums = scope_sales.of(session, actor, months, map(scope_of, claims), by_month=True)

    def around(self, row: ClaimRow, day: date, months: int) -> Measures:
        """The months up to the one of a day, in the scope of a claim."""
        scope, last, found = scope_of(row), first_of_month(day), self._nothing
        for back in range(months):
            one = self._sums.get((scope, add_months(last, -back)))
            found = found if one is None else found + one
        return found


def scope_of(row: ClaimRow) -> Scope:
    """What a claim is about: its account, or the market; its product, its category, or everything."""
    said = row.draft
    return Scope(row.account_id, said.product_id, said.category_id if said.product_id is None else None)


def _packs(session: Session, claims: Iterable[ClaimRow]) -> dict[tuple[int, int], Decimal | None]:
    """How many base units one unit of a product holds, for the units that claims name."""
    products = {row.draft.product_id for row in claims if row.draft.unit_id is not None}
    wanted = sorted(one for one in products if one is not None)
    query = select(PackSize.product_id, PackSize.unit_id, PackSize.base_units)
    found: dict[tuple[int, int], Decimal | None] = {
        (product_id, unit_id): held
        for product_id, unit_id, held in session.execute(query.where(PackSize.product_id.in_(wanted)))
    }
    base = select(Product.id, Product.unit_id).where(Product.id.in_(wanted))
    for product_id, unit_id in session.execute(base):
        if unit_id is not None:
            found[product_id, unit_id] = Decimal(1)
    return found


def index_now(found: Iterable[PriceGap]) -> list[IndexPoint]:
    """The index of each competitor and scope as of now: live claims and those to be confirmed."""
    usable = [one for one in found if one.claim.standing.is_usable]
    return _points(usable, monthly=False)


def index_over_time(found: Iterable[PriceGap]) -> list[IndexPoint]:
    """The index by the month of observation; refuted claims are left out, old ones are not."""
    known = [one for one in found if one.claim.state is not ClaimState.REFUTED]
    return _points(known, monthly=True)


def together(found: Iterable[PriceGap]) -> IndexPoint | None:
    """One index over all of them as of now; None without a usable observation beside a price of ours."""
    usable = [one for one in found if one.claim.standing.is_usable and one.index is not None]
    return _point(("", "", None), usable) if usable else None


def _points(found: Iterable[PriceGap], *, monthly: bool) -> list[IndexPoint]:
    groups: dict[tuple[str, str, date | None], list[PriceGap]] = {}
    for one in found:
        if one.index is not None:
            day = one.claim.draft.observed_on
            month = first_of_month(day) if monthly and day is not None else None
            groups.setdefault((one.claim.competitor, one.claim.scope or "", month), []).append(one)
    return sorted(
        (_point(key, group) for key, group in groups.items()),
        key=lambda point: (point.competitor, point.scope, point.month or date.min),
    )


def _point(key: tuple[str, str, date | None], group: Sequence[PriceGap]) -> IndexPoint:
    weighed = all(one.sales > 0 for one in group)
    above, below = ZERO, ZERO
    for one in group:
        weight = one.sales if weighed else Decimal(1)
        above += weight
        below += weight * (1 + (one.gap or ZERO))
    ages = [one.claim.standing.age_days for one in group]
    return IndexPoint(*key, above / below, len(group), max(ages), min(ages))
