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

from core import auth, claim_rules, clock, revenue
from core.auth import Actor
from core.claim_rules import ClaimState
from core.competitor_claims import ClaimRow
from core.filters import AccountFilter, LineFilter
from core.measures import Measures
from core.models import PackSize, Product
from core.money import ZERO, ratio, round_money
from core.periods import Period, add_months, first_of_month
from core.revenue import Dimension
from core.vocabulary import Permission

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
        period = Period(start, add_months(first_of_month(clock.today()), 1))
        accounts = frozenset(row.account_id for row in claims)
        only = AccountFilter() if None in accounts else AccountFilter(account_ids=accounts)
        self._accounts = accounts  # None: all of them together
        self._nothing = Measures(cost=ZERO if actor.sees_cost else None)
        self._sums: dict[tuple[str, int | None, int | None, date], Measures] = {}
        products = frozenset(row.draft.product_id for row in claims if row.draft.product_id is not None)
        categories = {row.draft.category_id for row in claims if row.draft.product_id is None}
        if products:
            sold = LineFilter(product_ids=products)
            asked = (Dimension.ACCOUNT, Dimension.PRODUCT, Dimension.MONTH)
            self._keep("product", revenue.by(session, actor, period, *asked, accounts=only, sold=sold))
        if categories - {None}:
            named = frozenset(one for one in categories if one is not None)
            sold = LineFilter(category_ids=frozenset(named))
            asked = (Dimension.ACCOUNT, Dimension.CATEGORY, Dimension.MONTH)
            self._keep("category", revenue.by(session, actor, period, *asked, accounts=only, sold=sold))
        if None in categories:
            whole = revenue.by(session, actor, period, Dimension.ACCOUNT, Dimension.MONTH, accounts=only)
            self._keep("all", {(key[0], None, key[1]): one for key, one in whole.items()})

    def _keep(self, kind: str, sums: Mapping[tuple[object, ...], Measures]) -> None:
        for (account_id, scope_id, month), one in sums.items():
            for place in {account_id, None} & self._accounts:
                key = (kind, place, scope_id, month)
                self._sums[key] = self._sums[key] + one if key in self._sums else one  # type: ignore[index]

    def around(self, row: ClaimRow, day: date, months: int) -> Measures:
        """The months up to the one of a day, in the scope of a claim."""
        said = row.draft
        kind = "product" if said.product_id is not None else "all" if said.category_id is None else "category"
        scope = said.product_id if kind == "product" else said.category_id
        last = first_of_month(day)
        found = self._nothing
        for back in range(months):
            one = self._sums.get((kind, row.account_id, scope, add_months(last, -back)))
            found = found if one is None else found + one
        return found


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
