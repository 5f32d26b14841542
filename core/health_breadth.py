"""How many categories an account buys again: of those it bought before, in windows of months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from typing import Any

from sqlalchemy import BigInteger, Select, func, select, type_coerce
from sqlalchemy.orm import Session

from core import auth, db
from core.auth import Actor
from core.health_windows import category_windows
from core.models import AccountDay, OrderLine, Product, RevenueCell
from core.periods import Period, add_months, first_of_month
from core.vocabulary import Permission

_FEW_DAYS = 2  # of more, every cell of products is read once for all


def of(
    session: Session, actor: Actor, days: Sequence[date], mine: Select[Any]
) -> dict[date, dict[int, tuple[int, int]]]:
    """Categories bought again and bought before, by day and account; `mine` selects the ids of the accounts wanted."""
    auth.require(actor, Permission.REVENUE_READ)
    found: dict[date, dict[int, tuple[int, int]]] = {}
    bought = _bought_in_months(session, days, mine) if len(days) > _FEW_DAYS else {}
    for day in days:
        windows = (_known_months(session, period) for period in category_windows(day))
        now, before = (bought[one] if one in bought else _bought(session, mine, one) for one in windows)
        found[day] = {
            account_id: (len(categories & now.get(account_id, set())), len(categories))
            for account_id, categories in before.items()
        }
    return found


def _known_months(session: Session, period: Period) -> Period:
    """The period up to the end of its last month where nothing is booked after it: the same sums, kept by month."""
    end = add_months(period.last_day, 1)
    return period if period.end != end and _booked_later(session, period.end) else Period(period.start, end)


def _bought_in_months(
    session: Session, days: Sequence[date], mine: Select[Any]
) -> dict[Period, dict[int, set[int]]]:
    """The windows of whole months of many days: each cell of account, category and month is read once."""
    known = {_known_months(session, period) for day in days for period in category_windows(day)}
    windows = [period for period in known if period.whole_months() == period]
    span = Period(min(one.start for one in windows), max(one.end for one in windows))
    places = {month: place for place, month in enumerate(span.months())}
    nets: dict[tuple[int, int], list[int]] = {}
    query = _cells(mine, RevenueCell, RevenueCell.month, span).add_columns(RevenueCell.month)
    for account_id, category_id, net, month in db.rows(session, query.group_by(RevenueCell.month)):
        if category_id is not None:
            pair = nets.setdefault((account_id, category_id), [0] * (len(places) + 1))
            pair[places[month] + 1] = int(net)
    found: dict[Period, dict[int, set[int]]] = {period: {} for period in windows}
    edges = [
        (sums, places[one.start], places[first_of_month(one.last_day)] + 1) for one, sums in found.items()
    ]
    for (account_id, category_id), months in nets.items():
        upto = list(accumulate(months))
        for sums, first, last in edges:
            if upto[last] > upto[first]:
                sums.setdefault(account_id, set()).add(category_id)
    return found


def _bought(session: Session, mine: Select[Any], period: Period) -> dict[int, set[int]]:
    """Categories with positive net revenue by account; products without a category are none."""
    month = first_of_month(period.last_day)
    if period.end == add_months(month, 1):
        pieces = [_cells(mine, RevenueCell, RevenueCell.month, period)]
    else:
        pieces = [
            _cells(mine, RevenueCell, RevenueCell.month, Period(period.start, month)),
            _cells(mine, OrderLine, OrderLine.booked_on, Period(month, period.end)),
        ]
    sums: dict[tuple[int, int], int] = {}
    for piece in pieces:
        for account_id, category_id, net in db.rows(session, piece):
            if category_id is not None:
                sums[account_id, category_id] = sums.get((account_id, category_id), 0) + int(net)
    bought: dict[int, set[int]] = {}
    for (account_id, category_id), net in sums.items():
        if net > 0:
            bought.setdefault(account_id, set()).add(category_id)
    return bought


def _booked_later(session: Session, end: date) -> bool:
    """Whether anything is booked later in the month: if not, the kept month is what there was on the day."""
    later = select(AccountDay.account_id).where(
        AccountDay.booked_on >= end, AccountDay.booked_on < add_months(end, 1)
    )
    return session.scalar(later.limit(1)) is not None


def _cells(mine: Select[Any], source: Any, day: Any, period: Period) -> Any:
    # Account by account, as the cells lie: joined the plain way, the store starts from the products, six times slower.
    net = type_coerce(func.sum(source.net_amount), BigInteger)
    return (
        select(source.account_id, Product.category_id, net)
        .join(Product, Product.id == source.product_id, isouter=True)
        .where(day >= period.start, day < period.end, source.account_id.in_(mine))
        .group_by(source.account_id, Product.category_id)
    )
