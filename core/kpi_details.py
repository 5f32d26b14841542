"""Behind any KPI: its fraction, its trend, what it is made of by a dimension, and what leaves the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from core import audit, auth, kpi_trends, kpis, targets
from core.audit import Subject
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.kpi_registry import KPIS, OF_WHOLE_ACCOUNTS, Figure, Kpi, Need
from core.kpis import Options
from core.models import Account, Category, Group, Product, Region, Segment, Tier, User
from core.money import ZERO
from core.periods import Period, add_months, first_of_month
from core.revenue import Dimension
from core.vocabulary import Permission, Structure

TREND_MONTHS = 24
TOP = 10

# Which parts of a ratio stand above and below its line.
_SIDES: dict[str, tuple[str, str]] = {
    "discount_rate": ("discount", "gross_revenue"),
    "margin_rate": ("margin", "covered_net_revenue"),
    "price_realisation": ("net_revenue", "gross_revenue"),
    "net_revenue_retention": ("closing", "opening"),
    "gross_revenue_retention": ("kept", "opening"),
    "logo_retention": ("accounts_kept", "accounts_base"),
    "top_share": ("top", "net_revenue"),
    "target_attainment": ("actual", "target"),
    "repeat_order_rate": ("accounts_repeating", "accounts_buying"),
    "otif": ("otif", "due"),
    "explained_change": ("explained", "change"),
    "share_of_wallet": ("sales", "wallet"),
}
_OF_SALES = (Dimension.PRODUCT, Dimension.CATEGORY, Dimension.COUNTRY)
_BY = (
    Dimension.ACCOUNT, Dimension.OWNER, Dimension.SEGMENT, Dimension.REGION, Dimension.GROUP, Dimension.TIER,
    *_OF_SALES, Dimension.MONTH,
)  # fmt: skip
_NAMED: dict[Dimension, Any] = {
    Dimension.PRODUCT: Product,
    Dimension.CATEGORY: Category,
    Dimension.OWNER: User,
    Dimension.REGION: Region,
    Dimension.SEGMENT: Segment,
    Dimension.GROUP: Group,
    Dimension.TIER: Tier,
}

Label = tuple[str | None, str | None]  # code and name
_NOBODY: Label = (None, None)
Side = tuple[Decimal | None, str]  # value and unit


@dataclass(frozen=True)
class Detail:
    """A KPI over a period, and what its value is made of."""

    kpi: Kpi
    period: Period
    figure: Figure
    before: Decimal | None
    year_ago: Decimal | None

    @property
    def numerator(self) -> Side | None:
        """None where the parts of the figure do not tell it."""
        return side(self.kpi, self.figure, 0)

    @property
    def denominator(self) -> Side | None:
        """None for what is no ratio."""
        return side(self.kpi, self.figure, 1)


@dataclass(frozen=True)
class Row:
    """One key of a breakdown; sums of numerators and denominators make the whole figure anew."""

    key: Any
    code: str | None  # of an account or a product
    label: str | None  # none: has none, such as accounts without an owner
    figure: Figure
    numerator: Decimal | None
    denominator: Decimal | None
    year_ago: Decimal | None


@dataclass(frozen=True)
class Point:
    """One month of a trend beside the same month a year earlier."""

    month: date
    value: Decimal | None
    year_ago: Decimal | None


def side(kpi: Kpi, figure: Figure, place: int) -> Side | None:
    """The numerator (0) or the denominator (1) of a figure."""
    known = _SIDES.get(kpi.name)
    if known is not None:
        return figure.parts.get(known[place])
    return None if place or kpi.denominator else (figure.value, kpi.unit)


def detail(
    session: Session,
    actor: Actor,
    name: str,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    structure: Structure = Structure.TODAY,
) -> Detail | None:
    """The KPI now, in the period before and a year ago; None where the actor may not see it."""
    auth.require(actor, Permission.REVENUE_READ)
    options = Options(accounts=accounts, structure=structure, top=TOP)
    found = []
    for span in (period, period.previous(), period.shifted(-12)):
        results = kpis.compute(session, actor, [name], span, options)
        if not results:
            return None
        found.append(results[0].figure)
    return Detail(KPIS[name], period, found[0], found[1].value, found[2].value)


def dimensions(name: str) -> tuple[Dimension, ...]:
    """What a KPI can be broken down by: targets and scores are not known by what was sold."""
    needs = KPIS[name].needs
    if needs & OF_WHOLE_ACCOUNTS:
        return tuple(one for one in _BY if targets.are_known_by([one]) and one is not Dimension.MONTH)
    if Need.TARGET in needs:
        return tuple(one for one in _BY if targets.are_known_by([one]))
    if needs & {Need.THEN}:
        return tuple(one for one in _BY if one is not Dimension.MONTH)  # the base is a year earlier
    return _BY


def breakdown(
    session: Session,
    actor: Actor,
    name: str,
    period: Period,
    by: Dimension,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    structure: Structure = Structure.TODAY,
) -> tuple[Row, ...]:
    """The KPI by one dimension, the greatest numerator first, months in their order."""
    auth.require(actor, Permission.REVENUE_READ)
    options = Options(accounts=accounts, structure=structure, top=TOP)
    now, then = (
        kpis.by_dimension(session, actor, name, span, by, options) for span in (period, period.shifted(-12))
    )
    if by is Dimension.MONTH:
        then = {add_months(month, 12): figure for month, figure in then.items()}
    labels = _labels(session, actor, by)
    rows = [_row(KPIS[name], key, labels, figure, then.get(key)) for key, figure in now.items()]
    if by is Dimension.MONTH:
        return tuple(sorted(rows, key=lambda row: row.key))
    rows.sort(key=lambda row: (-(row.numerator or row.figure.value or ZERO), str(row.label)))
    return tuple(_of_the_greatest(rows)) if name == "top_share" and by is Dimension.ACCOUNT else tuple(rows)


def _row(kpi: Kpi, key: Any, labels: Mapping[Any, Label] | None, figure: Figure, then: Figure | None) -> Row:
    above, below = side(kpi, figure, 0), side(kpi, figure, 1)
    return Row(
        key=key,
        code=None if labels is None else labels.get(key, _NOBODY)[0],
        label=key if labels is None else labels.get(key, _NOBODY)[1],
        figure=figure,
        numerator=above and above[0],
        denominator=below and below[0],
        year_ago=None if then is None else then.value,
    )


def _of_the_greatest(rows: list[Row]) -> list[Row]:
    """Only the greatest accounts stand above the line; each one's own share of all is its value."""
    total = sum((row.denominator or ZERO for row in rows), ZERO)
    return [
        Row(
            row.key,
            row.code,
            row.label,
            Figure(
                row.denominator / total if total and row.denominator is not None else None, row.figure.rows
            ),
            row.numerator if place < TOP else ZERO,
            row.denominator,
            None,
        )
        for place, row in enumerate(rows)
    ]


def _labels(session: Session, actor: Actor, by: Dimension) -> dict[Any, Label] | None:
    """What the keys are called; None where they speak for themselves."""
    if by is Dimension.ACCOUNT:
        mine = select(Account.id, Account.code, Account.name).where(auth.visible_accounts(actor))
        return {row.id: (row.code, row.name) for row in session.execute(mine)}
    if by not in _NAMED:
        return None
    kind = _NAMED[by]
    code = Product.code if kind is Product else null()
    return {key: (code, name) for key, code, name in session.execute(select(kind.id, code, kind.name))}


def trend(
    session: Session,
    actor: Actor,
    name: str,
    day: date,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    structure: Structure = Structure.TODAY,
) -> tuple[Point, ...]:
    """The KPI in each of 24 months up to that of the day, beside last year; retention is month on month a year ago."""
    auth.require(actor, Permission.REVENUE_READ)
    if KPIS[name].needs & OF_WHOLE_ACCOUNTS:  # over windows of a year, not month by month
        return ()
    last = add_months(first_of_month(day), 1)
    months = Period(add_months(last, -TREND_MONTHS - 12), last)
    trends = kpi_trends.by_month(session, actor, [name], months, accounts, top=TOP, structure=structure)
    found = dict(trends.get(name, ()))
    shown = Period(add_months(last, -TREND_MONTHS), last).months() if found else []
    return tuple(Point(month, found[month], found[add_months(month, -12)]) for month in shown)


def record_export(session: Session, actor: Actor, name: str, rows: int, asked: Mapping[str, str]) -> None:
    """Note who took which KPI out, how many rows and by which filters."""
    auth.require(actor, Permission.DATA_EXPORT)
    changes = {"rows": (None, rows), **{word: (None, value) for word, value in asked.items()}}
    audit.record(session, actor, "export:kpi", Subject("export", name, name), changes)
