"""What is wrong, or not meant, in the terms that were granted: each finding with its terms and what to do.

The rules look at approved terms as known now. Those here need nothing but the terms and the prices of products;
`core/term_usage.py` holds those that look at orders, `core/term_findings.py` asks them all. Who may not see cost gets
no finding about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from itertools import pairwise, permutations

from core import formats
from core.language import _, ngettext
from core.money import round_money
from core.periods import holds
from core.term_drafts import Scope
from core.terms import KIND_WORDS, TermRow
from core.vocabulary import TermKind, TierBasis, TierMode

# The order in which kinds of one scope are looked at, as `core.pricing` fixes it.
ON_INVOICE = (TermKind.SPECIAL_PRICE, TermKind.PROMOTION, TermKind.QUANTITY_TIER, TermKind.DISCOUNT)
_WIDE_CLIFF = Decimal("0.05")  # of the tier's quantity: a narrower zone is only noted
_YEAR = timedelta(days=365)


class Severity(StrEnum):
    """How bad it is: money is lost, something is not as meant, or only worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Rule(StrEnum):
    """What was looked for."""

    EXPIRED_IN_USE = "expired_in_use"
    NEVER_USED = "never_used"
    SAME_RANK = "same_rank"
    NEVER_WINS = "never_wins"
    TIER_ORDER = "tier_order"
    CLIFF = "cliff"
    ABOVE_LIST = "above_list"
    BELOW_COST = "below_cost"
    PROMOTION_TOO_SHORT = "promotion_too_short"
    DUE_AFTER_END = "due_after_end"
    GAP = "gap"
    UNIT_UNKNOWN = "unit_unknown"


@dataclass(frozen=True)
class Finding:
    """One thing to look at; `advice` says what to do."""

    rule: Rule
    severity: Severity
    terms: tuple[str, ...]
    message: str
    advice: str
    account: str | None = None  # code, where it is about one account

    @property
    def sentence(self) -> str:
        return f"{self.message} {self.advice}"


@dataclass(frozen=True)
class Goods:
    """What the rules know of products: by id, per base unit, on the day that is looked at."""

    codes: dict[int, str]
    categories: dict[int, int | None]
    lists: dict[int, Decimal]
    costs: dict[int, Decimal]  # empty for who may not see cost
    packs: dict[tuple[int, str], Decimal]  # product and unit: base units in one

    def within(self, row: TermRow) -> list[int]:
        """The products that a term is for."""
        scope = row.scope
        if scope.product_id is not None:
            return [scope.product_id]
        if scope.category_id is not None:
            return [one for one, category in self.categories.items() if category == scope.category_id]
        return list(self.categories)

    def price(self, row: TermRow, product_id: int) -> Decimal | None:
        """The net price of one base unit that the term alone would give."""
        if row.kind is TermKind.SPECIAL_PRICE:
            held = Decimal(1) if row.unit is None else self.packs.get((product_id, row.unit))
            return None if not held else round_money(row.value / held)
        listed = self.lists.get(product_id)
        return None if listed is None else listed - round_money(listed * row.value)


def named(row: TermRow) -> str:
    """`T12 (special price of TEA for SHOP)`."""
    whom = row.account or row.group or row.segment
    what = row.product or row.category or _("everything")
    return _("{name} ({kind} of {what} for {whom})").format(
        name=row.name, kind=_(KIND_WORDS[row.kind]), what=what, whom=whom
    )


def lane(row: TermRow) -> tuple[object, ...]:
    """What versions that follow each other have in common."""
    return (row.scope, row.kind, row.min_quantity, row.is_exception)


def lanes(rows: Iterable[TermRow]) -> list[list[TermRow]]:
    """The terms lane by lane, each from its first day to its last."""
    found: dict[tuple[object, ...], list[TermRow]] = {}
    for row in sorted(rows, key=lambda one: (one.valid_from, one.number)):
        found.setdefault(lane(row), []).append(row)
    return list(found.values())


def meet(one: TermRow, other: TermRow) -> bool:
    """Whether both hold on some day."""
    return one.valid_from < (other.valid_to or date.max) and other.valid_from < (one.valid_to or date.max)


def standing(rows: Iterable[TermRow], today: date) -> list[TermRow]:
    """Those that hold today or later."""
    return [row for row in rows if row.valid_to is None or row.valid_to > today]


def of_terms(rows: Sequence[TermRow], goods: Goods, today: date) -> Iterator[Finding]:
    """Every finding that needs no orders; `rows` are approved."""
    live = standing(rows, today)
    yield from gaps(rows, today)
    yield from same_rank(live)
    yield from tier_order(live)
    yield from cliffs(live, goods)
    yield from above_list(live, goods)
    yield from below_cost(live, goods)
    yield from unit_unknown(live, goods)


def gaps(rows: Sequence[TermRow], today: date) -> Iterator[Finding]:
    """Days between two versions on which nothing holds, of the last year or to come."""
    for versions in lanes(rows):
        for before, after in pairwise(versions):
            end = before.valid_to
            if end is None or end >= after.valid_from or after.valid_from < today - _YEAR:
                continue
            if after.valid_from - end > _YEAR:
                continue
            yield Finding(
                Rule.GAP,
                Severity.WARNING,
                (before.name, after.name),
                _(
                    "{term} ends on {last} and {next} begins on {first}: nothing holds for {days} days."
                ).format(
                    term=named(before),
                    last=formats.day(end - timedelta(days=1)),
                    next=after.name,
                    first=formats.day(after.valid_from),
                    days=(after.valid_from - end).days,
                ),
                _("Extend the first or let the second begin earlier, if the gap is not meant."),
                before.account,
            )


def same_rank(rows: Sequence[TermRow]) -> Iterator[Finding]:
    """Two kinds of one scope on the same days, where the one always decides and the other gives nothing."""
    scopes: dict[Scope, list[TermRow]] = {}
    for row in rows:
        if row.kind in ON_INVOICE:
            scopes.setdefault(row.scope, []).append(row)
    for own in scopes.values():
        for winner, loser in permutations(own, 2):
            if _decides(winner, loser):
                yield Finding(
                    Rule.SAME_RANK,
                    Severity.WARNING,
                    (winner.name, loser.name),
                    _("{winner} and {loser} are for the same: as long as both hold, {name} decides.").format(
                        winner=named(winner), loser=named(loser), name=winner.name
                    ),
                    _("End the one that is not meant."),
                    winner.account,
                )


def _decides(winner: TermRow, loser: TermRow) -> bool:
    """Whether the one of two kinds of a scope always comes first where both hold."""
    if winner.kind is TermKind.PROMOTION:
        return False  # it is meant to come first for its days
    stack = winner.stacks and loser.stacks and winner.kind is not TermKind.SPECIAL_PRICE
    return (
        ON_INVOICE.index(winner.kind) < ON_INVOICE.index(loser.kind)
        and winner.min_quantity <= max(loser.min_quantity, Decimal(1))
        and not stack
        and meet(winner, loser)
    )


def _steps(rows: Sequence[TermRow]) -> list[tuple[TermRow | None, TermRow]]:
    """Each step of one scope and kind with the one below it (None: the first), as they hold together on some day."""
    ladders: dict[tuple[object, ...], list[TermRow]] = {}
    for row in rows:
        key = (row.scope, row.kind, row.unit, row.basis, row.period, row.mode, row.is_exception)
        ladders.setdefault(key, []).append(row)
    found: dict[tuple[int, int], tuple[TermRow | None, TermRow]] = {}
    for own in ladders.values():
        ordered = sorted(own, key=lambda one: one.min_quantity)
        for day in {row.valid_from for row in own}:
            before: TermRow | None = None
            for row in ordered:
                if holds(row.valid_from, row.valid_to, day):
                    found.setdefault((before.id if before else 0, row.id), (before, row))
                    before = row
    return sorted(found.values(), key=lambda pair: pair[1].number)


def tier_order(rows: Sequence[TermRow]) -> Iterator[Finding]:
    """A step that gives less for more."""
    for lower, higher in _steps(rows):
        if lower is None or lower.kind in (TermKind.FREIGHT, TermKind.PAYMENT_TERMS):
            continue
        is_price = lower.kind is TermKind.SPECIAL_PRICE
        worse = higher.value > lower.value if is_price else higher.value < lower.value
        if not worse or lower.min_quantity == higher.min_quantity:
            continue
        yield Finding(
            Rule.TIER_ORDER,
            Severity.ERROR,
            (lower.name, higher.name),
            _("{higher} gives less from {more} on than {lower} from {less} on.").format(
                higher=named(higher),
                more=formats.quantity(higher.min_quantity),
                lower=lower.name,
                less=formats.quantity(lower.min_quantity),
            ),
            _("Put the tiers the right way round: who buys more would pay more a unit."),
            higher.account,
        )


def cliffs(rows: Sequence[TermRow], goods: Goods) -> Iterator[Finding]:
    """Quantities that cost more in total than the next tier's quantity does.

    With discounts d₀ → d₁ at quantity Q these lie between Q × (1 − d₁) ÷ (1 − d₀) and Q. Tiers whose slices count
    each for itself have none.
    """
    for before, step in _steps(rows):
        if step.kind in (TermKind.FREIGHT, TermKind.PAYMENT_TERMS, TermKind.PROMPT_PAYMENT):
            continue
        if step.min_quantity > 0 and step.mode is not TierMode.MARGINAL:
            found = _cliff(before, step, goods)
            if found is not None:
                yield found


def cliff_zone(least: Decimal, before: Decimal, after: Decimal) -> tuple[Decimal, Decimal] | None:
    """The first and the last whole quantity that costs more than `least` units, at the shares of list that stay."""
    if before <= 0 or after >= before:
        return None
    low = least * after / before
    first = low.to_integral_value(ROUND_FLOOR) + 1
    last = least.to_integral_value(ROUND_CEILING) - 1
    return (first, last) if first <= last else None


def _cliff(before: TermRow | None, step: TermRow, goods: Goods) -> Finding | None:
    if step.kind is TermKind.SPECIAL_PRICE:
        listed = goods.lists.get(step.scope.product_id or 0)
        start, end = (before.value if before else listed), step.value
    else:
        start, end = 1 - (before.value if before else Decimal(0)), 1 - step.value
    zone = None if start is None else cliff_zone(step.min_quantity, start, end)
    if zone is None:
        return None
    first, last = zone
    wide = (last - first + 1) / step.min_quantity >= _WIDE_CLIFF
    if step.basis is TierBasis.PERIOD_REVENUE:
        text = _("{term}: revenue of {first} to {last} costs more than {least} would.")
    else:
        text = _("{term}: {first} to {last} units cost more in all than {least} do.")
    return Finding(
        Rule.CLIFF,
        Severity.WARNING if wide else Severity.NOTE,
        tuple(row.name for row in (before, step) if row is not None),
        text.format(
            term=named(step),
            first=formats.quantity(first),
            last=formats.quantity(last),
            least=formats.quantity(step.min_quantity),
        ),
        _("Tell the customer, or make the step smaller."),
        step.account,
    )


def above_list(rows: Sequence[TermRow], goods: Goods) -> Iterator[Finding]:
    """A special price that is no favour."""
    for row in rows:
        product_id = row.scope.product_id
        if row.kind is not TermKind.SPECIAL_PRICE or product_id is None:
            continue
        price, listed = goods.price(row, product_id), goods.lists.get(product_id)
        if price is not None and listed is not None and price > listed:
            yield Finding(
                Rule.ABOVE_LIST,
                Severity.ERROR,
                (row.name,),
                _("{term} is {price} a unit, above the list price of {listed}.").format(
                    term=named(row),
                    price=formats.number(price, places=4),
                    listed=formats.number(listed, places=4),
                ),
                _("End it, or change it below the list price."),
                row.account,
            )


def below_cost(rows: Sequence[TermRow], goods: Goods) -> Iterator[Finding]:
    """A price below the unit cost, by the term alone."""
    for row in rows:
        if row.kind not in ON_INVOICE or not goods.costs:
            continue
        found = []
        for product_id in goods.within(row):
            price, cost = goods.price(row, product_id), goods.costs.get(product_id)
            if price is not None and cost is not None and price < cost:
                found.append(goods.codes[product_id])
        if found:
            yield Finding(
                Rule.BELOW_COST,
                Severity.ERROR,
                (row.name,),
                ngettext(
                    "{term} is below the unit cost of {count} product: {codes}.",
                    "{term} is below the unit cost of {count} products: {codes}.",
                    len(found),
                ).format(term=named(row), count=len(found), codes=_some(sorted(found))),
                _("Raise it, or end it."),
                row.account,
            )


def unit_unknown(rows: Sequence[TermRow], goods: Goods) -> Iterator[Finding]:
    """A term that counts in a unit which a product is not packed in: there it never holds."""
    for row in rows:
        if row.unit is None:
            continue
        without = [goods.codes[one] for one in goods.within(row) if (one, row.unit) not in goods.packs]
        if without:
            yield Finding(
                Rule.UNIT_UNKNOWN,
                Severity.ERROR if row.product else Severity.WARNING,
                (row.name,),
                _("{term} counts in {unit}, and {codes} is not packed so: there it never holds.").format(
                    term=named(row), unit=row.unit, codes=_some(sorted(without))
                ),
                _("Add the pack size to the product, or change the unit."),
                row.account,
            )


def _some(codes: Sequence[str]) -> str:
    shown = ", ".join(codes[:5])
    return shown if len(codes) <= 5 else f"{shown} …"
