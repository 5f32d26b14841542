"""The figures on top of a portfolio or an account, each with the formula's parts and the rows that add up to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple, Protocol

from sqlalchemy.orm import Session

from core import audit, portfolio
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.money import ZERO, ratio
from core.periods import Period
from core.portfolio import Board
from core.revenue import Measures
from core.standings import Standing
from core.vocabulary import Structure

TOP = 10
_COUNTS_AND_SUMS = {"net_revenue", "active_accounts", "products_bought"}


class Row(Protocol):
    """What adds to a figure: an account in a portfolio, a product at an account."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def now(self) -> Measures: ...
    @property
    def before(self) -> Measures: ...
    @property
    def year_ago(self) -> Measures: ...


class Part(NamedTuple):
    """One row behind a figure: what it adds above and below the line of the fraction."""

    code: str
    name: str
    numerator: Decimal
    denominator: Decimal | None  # none: the figure is a plain sum
    lines: int


@dataclass(frozen=True)
class Tile:
    """A figure now, in the period before and a year ago, with its rows now."""

    name: str  # as on the command line: `net_revenue`
    parts: tuple[Part, ...]
    before: Decimal | None
    year_ago: Decimal | None

    @cached_property
    def numerator(self) -> Decimal:
        return sum((part.numerator for part in self.parts), ZERO)

    @cached_property
    def denominator(self) -> Decimal | None:
        """None for a plain sum."""
        if any(part.denominator is None for part in self.parts):
            return None
        return sum((part.denominator or ZERO for part in self.parts), ZERO)

    @property
    def is_ratio(self) -> bool:
        return self.name not in _COUNTS_AND_SUMS

    @cached_property
    def value(self) -> Decimal | None:
        return ratio(self.numerator, self.denominator) if self.is_ratio else self.numerator

    @cached_property
    def lines(self) -> int:
        return sum(part.lines for part in self.parts)

    @property
    def growth(self) -> Decimal | None:
        """Change against last year as a share of it."""
        return _change(self.value, self.year_ago)

    @property
    def growth_before(self) -> Decimal | None:
        """Change against the period before as a share of it."""
        return _change(self.value, self.before)

    @property
    def points(self) -> Decimal | None:
        """Difference from last year, for figures that are shares."""
        return None if self.value is None or self.year_ago is None else self.value - self.year_ago


def _change(now: Decimal | None, then: Decimal | None) -> Decimal | None:
    if now is None or then is None or then <= 0:
        return None
    return ratio(now - then, then)


@dataclass(frozen=True)
class Overview:
    """The board with its figures on top."""

    board: Board
    tiles: Mapping[str, Tile]


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product")
def overview(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    day: date | None = None,
    structure: Structure = Structure.TODAY,
) -> Overview:
    """Everything that the Portfolio page shows of the visible accounts of the filter."""
    board = portfolio.board(session, actor, period, accounts, day=day, structure=structure)
    return Overview(board, tiles(board.standings, sees_cost=board.sees_cost))


def tiles(standings: Sequence[Standing], *, sees_cost: bool) -> dict[str, Tile]:
    """The figures of these accounts by name; margin only for who may see cost, price realisation for others."""
    second = margin(standings) if sees_cost else price_realisation(standings)
    found = (
        net_revenue(standings),
        second,
        discount_rate(standings),
        target_attainment(standings),
        active_accounts(standings),
        top_share(standings),
    )
    return {tile.name: tile for tile in found}


Side = Callable[[Row], Measures]
_NOW: Side = lambda row: row.now  # noqa: E731
_SIDES: tuple[Side, Side] = (lambda row: row.before, lambda row: row.year_ago)


def net_revenue(standings: Sequence[Row]) -> Tile:
    parts = [_part(row, row.now.net) for row in standings if row.now.lines]
    before, year_ago = (sum((side(row).net for row in standings), ZERO) for side in _SIDES)
    return Tile("net_revenue", tuple(parts), before, year_ago)


def margin(standings: Sequence[Row]) -> Tile:
    """Over lines whose cost is known."""
    return _fraction("margin_rate", standings, lambda sums: (sums.margin or ZERO, sums.covered_net))


def discount_rate(standings: Sequence[Row]) -> Tile:
    return _fraction("discount_rate", standings, lambda sums: (sums.discount, sums.gross))


def price_realisation(standings: Sequence[Row]) -> Tile:
    """What was invoiced of the list price."""
    return _fraction("price_realisation", standings, lambda sums: (sums.net, sums.gross))


def _fraction(name: str, standings: Sequence[Row], of: Callable[[Measures], tuple[Decimal, Decimal]]) -> Tile:
    def total(side: Side) -> Decimal | None:
        pairs = [of(side(row)) for row in standings]
        return ratio(sum((top for top, _ in pairs), ZERO), sum((bottom for _, bottom in pairs), ZERO))

    parts = [_part(row, *of(row.now)) for row in standings if row.now.lines]
    return Tile(name, tuple(parts), *(total(side) for side in _SIDES))


def target_attainment(standings: Sequence[Standing]) -> Tile:
    """Net revenue of all, accounts without a target too, against the targets that there are."""
    counted = [row for row in standings if row.now.lines or row.target is not None]
    parts = [_part(row, row.now.net, row.target or ZERO) for row in counted]
    return Tile("target_attainment", tuple(parts), None, None)


def active_accounts(standings: Sequence[Standing]) -> Tile:
    """Accounts with positive net revenue; the one for orders without an account is none."""
    before, year_ago = (Decimal(len(_positive(standings, side))) for side in _SIDES)
    parts = [_part(row, Decimal(1)) for row in _positive(standings, _NOW)]
    return Tile("active_accounts", tuple(parts), before, year_ago)


def top_share(standings: Sequence[Standing]) -> Tile:
    """The greatest accounts' part of the net revenue of all with positive net revenue."""
    ranked = _positive(standings, _NOW)
    parts = [
        _part(row, row.now.net if place < TOP else ZERO, row.now.net) for place, row in enumerate(ranked)
    ]
    earlier = (_top([side(row).net for row in _positive(standings, side)]) for side in _SIDES)
    return Tile("top_share", tuple(parts), *earlier)


def _top(ranked: Sequence[Decimal]) -> Decimal | None:
    return ratio(sum(ranked[:TOP], ZERO), sum(ranked, ZERO))


def _positive(standings: Iterable[Standing], side: Side) -> list[Standing]:
    chosen = [row for row in standings if not row.is_unassigned and side(row).net > 0]
    return sorted(chosen, key=lambda row: (-side(row).net, row.code))


def _part(row: Row, numerator: Decimal, denominator: Decimal | None = None) -> Part:
    return Part(row.code, row.name, numerator, denominator, row.now.lines)
