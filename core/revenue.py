"""What was sold: sums over any period, by account, product, country and the like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from operator import add
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    func,
    literal_column,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from core import audit, auth, db, measures, packed_revenue, parts, rollups
from core.auth import Actor
from core.dimensions import NEEDS_ACCOUNT, Dimension, is_then, key_of, needs_account, within
from core.filters import ALL_ACCOUNTS, ALL_LINES, AccountFilter, LineFilter, among, line_condition
from core.measures import Measures
from core.models import (
    Account,
    AccountCountry,
    AccountDay,
    AccountMonth,
    Category,
    OrderLine,
    Product,
    ProductMonth,
    RevenueCell,
    TotalMonth,
)
from core.packed_revenue import Pairs, Wanted
from core.periods import Period, add_months
from core.sum_pieces import Layers, Piece, day_of, within_span, years_of
from core.vocabulary import Permission, Structure

__all__ = [
    "AccountRevenue", "Dimension", "Measures", "NamedRevenue", "ProductRevenue", "by", "by_account", "by_category",
    "by_country", "by_month", "by_product", "is_then", "key_of", "needs_account", "totals", "within",
]  # fmt: skip

_FEW_DAYS = 31  # lines of so few days are looked up by day, of more by account


@dataclass(frozen=True)
class AccountRevenue:
    account_id: int
    code: str
    name: str
    is_unassigned: bool
    measures: Measures


@dataclass(frozen=True)
class ProductRevenue:
    product_id: int
    code: str
    name: str
    category: str | None
    measures: Measures


@dataclass(frozen=True)
class NamedRevenue:
    """A category or country; None: the product or the account has none."""

    name: str | None
    measures: Measures


def totals(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    structure: Structure = Structure.TODAY,
) -> Measures:
    """The sums of everything the actor may see in the period."""
    found = by(session, actor, period, accounts=accounts, sold=sold, structure=structure)
    return found.get((), _nothing(actor))


def by(
    session: Session,
    actor: Actor,
    period: Period,
    *dimensions: Dimension,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    structure: Structure = Structure.TODAY,
    pairs: Pairs | None = None,
) -> dict[tuple[Any, ...], Measures]:
    """Sums by one or more dimensions: whole months from the kept sums, days of cut months from the lines.

    `structure` says whose an account's months are: today's owner, segment, … or those of each month. Who may see an
    account follows today's in both. Of thousands of accounts by product or category, `pairs` leaves these of the first
    two dimensions.
    """
    auth.require(actor, Permission.REVENUE_READ)
    asked = tuple(Dimension.PRODUCT if one is Dimension.CATEGORY else one for one in dimensions)
    with_account, sees_cost = needs_account(asked, sold), actor.sees_cost
    then = is_then(structure, asked, accounts)
    pieces = _pieces(actor, _filled(session, period, asked, sold), asked, accounts, sold, then)
    categories = _categories(session) if asked != dimensions else {}
    packed: packed_revenue.Sums = {}
    if not then and not sold.countries and packed_revenue.BY.issuperset(asked):
        wanted = Wanted(dimensions, _product_ids(session, sold), pairs, categories)
        pieces = _without_packed(session, actor, pieces, accounts, wanted, packed)
    queries = [
        within(
            _sums(piece, asked, sold, then=then),
            piece.source,
            actor,
            accounts,
            with_account=with_account,
            month=day_of(piece.source) if then else None,
            by_day=piece.span.days <= _FEW_DAYS,
        )
        for piece in pieces
    ]
    found: dict[tuple[Any, ...], Measures] = {}
    width = len(asked)
    rows: Iterable[Any] = db.rows(session, _together(queries, width)) if queries else ()
    if asked != dimensions:
        rows = _by_category(categories, rows, dimensions)
    if packed:
        rows = _with_packed(packed, rows, width)
    for row in rows:
        key = tuple(row[:width])
        if row[width] and (pairs is None or key[:2] in pairs):
            found[key] = measures.stored(row[width:], sees_cost=sees_cost)
    return found


@parts.by_account(parts.joined_sums)
@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast", "product", "target")
def of_accounts(
    session: Session,
    actor: Actor,
    period: Period,
    *more: Dimension,
    accounts: AccountFilter = ALL_ACCOUNTS,
    structure: Structure = Structure.TODAY,
) -> dict[tuple[Any, ...], Measures]:
    """Sums by account, and by month where that is asked for too: what many answers are made of."""
    return by(session, actor, period, Dimension.ACCOUNT, *more, accounts=accounts, structure=structure)


def nets(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> dict[int, tuple[int, int]]:
    """Net revenue in ten-thousandths and order lines by account: two sums of `by`, for pages with thousands."""
    auth.require(actor, Permission.REVENUE_READ)
    asked = (Dimension.ACCOUNT,)
    pieces = []
    for source, span, sign in _pieces(actor, period, asked, accounts, ALL_LINES, then=False):
        factor: ColumnElement[Any] = literal_column(str(sign))
        sums = (type_coerce(func.sum(one) * factor, BigInteger) for one in (source.net_amount, source.lines))
        query = select(source.account_id, *(one.label(f"sum_{place}") for place, one in enumerate(sums)))
        query = query.where(*within_span(source, span)).group_by(source.account_id)
        pieces.append(within(query, source, actor, accounts, with_account=False))
    rows = db.rows(session, _together(pieces, 1))
    return {row[0]: (int(row[1]), int(row[2])) for row in rows if row[2]}


def _without_packed(
    session: Session,
    actor: Actor,
    pieces: list[Piece],
    accounts: AccountFilter,
    wanted: Wanted,
    found: packed_revenue.Sums,
) -> list[Piece]:
    """Add up the pieces that are kept packed; those that are left are read from the store's own sums."""
    left = [piece for piece in pieces if not packed_revenue.answers(piece)]
    if len(left) == len(pieces):
        return pieces
    mine = None
    if not (actor.sees_everything and accounts.is_empty):
        mine = select(Account.id).where(auth.visible_accounts(actor), accounts.condition())
    for piece in pieces:
        if packed_revenue.answers(piece):
            packed_revenue.add(session, found, piece, wanted, mine)
    return left


def _product_ids(session: Session, sold: LineFilter) -> set[int] | None:
    """The products of a filter; None: of all."""
    if not sold.product_ids and not sold.category_ids:
        return None
    return set(session.scalars(select(Product.id).where(_products(sold))))


def _categories(session: Session) -> dict[int, int | None]:
    return {row.id: row.category_id for row in session.execute(select(Product.id, Product.category_id))}


def _products(sold: LineFilter) -> ColumnElement[bool]:
    by_id = Product.id.in_(sold.product_ids) if sold.product_ids else true()
    return and_(by_id, among(Product.category_id, sold.category_ids) if sold.category_ids else true())


def _with_packed(packed: packed_revenue.Sums, rows: Iterable[Any], width: int) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        key, whole = tuple(row[:width]), [int(one or 0) for one in row[width:]]
        known = packed.get(key)
        packed[key] = whole if known is None else list(map(add, known, whole))
    return ((*key, *sums) for key, sums in packed.items())


def _filled(session: Session, period: Period, dimensions: tuple[Dimension, ...], sold: LineFilter) -> Period:
    """The period up to the end of its last month where nothing is booked after it: the same sums, kept by month."""
    end = add_months(period.last_day, 1)
    by_product = Dimension.PRODUCT in dimensions or sold.product_ids or sold.category_ids
    if period.end == end or not by_product:
        return period
    later = select(AccountDay.account_id).where(
        AccountDay.booked_on >= period.end, AccountDay.booked_on < end
    )
    return period if session.scalar(later.limit(1)) is not None else Period(period.start, end)


def _by_category(
    categories: Mapping[Any, int | None], rows: Iterable[Any], dimensions: tuple[Dimension, ...]
) -> Iterator[tuple[Any, ...]]:
    """Rows by product as rows by category: joined in the store, they are read product by product, which is slow."""
    width = len(dimensions)
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        place = tuple(
            categories[one] if dimension is Dimension.CATEGORY else one
            for one, dimension in zip(row[:width], dimensions, strict=True)
        )
        more = [int(one or 0) for one in row[width:]]
        known = sums.get(place)
        sums[place] = more if known is None else list(map(add, known, more))
    return ((*place, *one) for place, one in sums.items())


def _together(pieces: list[Select[Any]], keys: int) -> Select[Any]:
    """One row a key, whichever tables answered for the parts of the period."""
    if len(pieces) == 1:
        return pieces[0]
    columns = union_all(*pieces).subquery().c
    given, sums = list(columns)[:keys], list(columns)[keys:]
    return select(*given, *(func.sum(one) for one in sums)).group_by(*given)


def by_month(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
    structure: Structure = Structure.TODAY,
) -> dict[date, Measures]:
    """Every month that the period touches, in order; a month without order lines has zero sums."""
    found = by(session, actor, period, Dimension.MONTH, accounts=accounts, sold=sold, structure=structure)
    return {month: found.get((month,), _nothing(actor)) for month in period.months()}


def by_account(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
) -> list[AccountRevenue]:
    """Accounts with any order line in the period, by code; who sees everything sees UNASSIGNED too."""
    if sold == ALL_LINES:
        found = parts.ask(session, actor, of_accounts, period, accounts=accounts)
    else:
        found = by(session, actor, period, Dimension.ACCOUNT, accounts=accounts, sold=sold)
    known = session.execute(
        select(Account.id, Account.code, Account.name, Account.is_unassigned)
        .where(auth.visible_accounts(actor), accounts.condition())
        .order_by(Account.code)
    )
    return [AccountRevenue(*row, measures=found[row.id,]) for row in known if (row.id,) in found]


def by_product(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
) -> list[ProductRevenue]:
    """Products with any order line in the period, by code."""
    found = by(session, actor, period, Dimension.PRODUCT, accounts=accounts, sold=sold)
    known = session.execute(
        select(Product.id, Product.code, Product.name, Category.name)
        .join(Category, Category.id == Product.category_id, isouter=True)
        .order_by(Product.code)
    )
    return [ProductRevenue(*row, measures=found[row.id,]) for row in known if (row.id,) in found]


def by_category(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
) -> list[NamedRevenue]:
    """Product categories with any order line in the period, by name; products without one last."""
    found = by(session, actor, period, Dimension.CATEGORY, accounts=accounts, sold=sold)
    names = {row.id: row.name for row in session.execute(select(Category.id, Category.name))}
    return _named({names.get(key): measures for (key,), measures in found.items()})


def by_country(
    session: Session,
    actor: Actor,
    period: Period,
    accounts: AccountFilter = ALL_ACCOUNTS,
    sold: LineFilter = ALL_LINES,
) -> list[NamedRevenue]:
    """Countries of the order lines, or of the account where a line names none, by name."""
    found = by(session, actor, period, Dimension.COUNTRY, accounts=accounts, sold=sold)
    return _named({key: measures for (key,), measures in found.items()})


def _named(found: Mapping[str | None, Measures]) -> list[NamedRevenue]:
    ordered = sorted(found, key=lambda name: (name is None, name or ""))
    return [NamedRevenue(name, found[name]) for name in ordered]


def _nothing(actor: Actor) -> Measures:
    return measures.nothing(sees_cost=actor.sees_cost)


def _pieces(
    actor: Actor,
    period: Period,
    dimensions: tuple[Dimension, ...],
    accounts: AccountFilter,
    sold: LineFilter,
    then: bool,
) -> list[Piece]:
    """Which table answers for which part of the period; no sums by year are read as reported then."""
    if sold.returned or sold.covered:
        return [Piece(OrderLine, period)]
    layer = _layer(actor, dimensions, accounts, sold)
    by_country = bool(Dimension.COUNTRY in dimensions or sold.countries)
    by_year = Dimension.MONTH not in dimensions and not then
    years = years_of(layer, by_country=by_country) if by_year else None
    return list(Layers(layer, years).pieces(period))


def _layer(
    actor: Actor, dimensions: tuple[Dimension, ...], accounts: AccountFilter, sold: LineFilter
) -> type[RevenueCell | AccountCountry | AccountMonth | ProductMonth | TotalMonth]:
    """The smallest kept sums that answer; those without an account only for who sees every account."""
    anybody = actor.sees_everything and accounts.is_empty and not NEEDS_ACCOUNT & set(dimensions)
    by_country = bool(Dimension.COUNTRY in dimensions or sold.countries)
    if Dimension.PRODUCT in dimensions or sold.product_ids or sold.category_ids:
        return ProductMonth if anybody and not by_country else RevenueCell
    if by_country:
        return AccountCountry
    return TotalMonth if anybody else AccountMonth


def _sums(piece: Piece, dimensions: tuple[Dimension, ...], sold: LineFilter, *, then: bool) -> Select[Any]:
    source, span, sign = piece
    keys = [key_of(source, dimension, then=then).label(f"key_{dimension}") for dimension in dimensions]
    sums = rollups.line_sums() if source is OrderLine else rollups.layer_sums(source)
    # Whole numbers: a Decimal of each would take longer than reading them.
    columns: list[ColumnElement[Any]] = [type_coerce(total, BigInteger) for total in sums.values()]
    if sign < 0:
        columns = [-column for column in columns]
    named = (column.label(name) for column, name in zip(columns, sums, strict=True))
    query = select(*keys, *named).select_from(source).where(*within_span(source, span))
    if sold.category_ids:
        query = query.join(Product, Product.id == source.product_id)
    return query.where(line_condition(sold, source)).group_by(*(key.element for key in keys))
