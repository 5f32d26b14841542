"""What the health of accounts is read from: one reader a measure, each for many accounts and days at once.

Everything is cut at the day by business dates: bookings, order days, due days, snapshots of receivables. So a day of
the past is read as it was then, whatever came later; only targets are those in force today. Revenue is that of the
last six months beside the same six months a year before. Cost is never read: everybody sees the same score.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    case,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from core import audit, auth, clock, db, delivery, health_breadth, otif, rollups, spread, targets
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.health_rules import Measure, Reading
from core.health_windows import due_window, window
from core.models import (
    Account,
    AccountDay,
    AccountMonth,
    AccountRhythm,
    Order,
    Receivable,
)
from core.money import MONEY_SCALE, ZERO, ratio
from core.periods import Period, add_months, first_of_month
from core.revenue import Dimension
from core.sum_pieces import within_span
from core.vocabulary import Permission

LEAST_SPREAD = Decimal(
    "0.05"
)  # of last year's revenue: the steadiest account is not judged by its last ringgit
LEAST_DUE = 5  # order lines due; the share of fewer says little
SNAPSHOT_DAYS = 92  # an older snapshot of receivables says nothing any more
# Only the newest value is kept of these: a day of the past is scored without them.
PRESENT_ONLY = frozenset({Measure.DATA})
# Changes of these leave every reading as it was.
BESIDE_HEALTH = (*(one for one in audit.BESIDE_REVENUE if one != "receivable"), "forecast")

Readings = dict[int, Reading]  # by account


@dataclass(frozen=True)
class Look:
    """Where the readers look, and what several of them share."""

    session: Session
    actor: Actor
    days: tuple[date, ...]
    accounts: AccountFilter = ALL_ACCOUNTS
    measures: frozenset[Measure] = field(default_factory=lambda: frozenset(Measure))

    @cached_property
    def months(self) -> _Months:
        return _months(self)

    @cached_property
    def sums(self) -> dict[Period, dict[int, tuple[int, int]]]:
        """Net and gross revenue of each account over each window and the same a year before."""
        wanted = {one for day in self.days for one in (window(day), window(day).shifted(-12))}
        return {period: _sums(self, period) for period in wanted}

    def within(self, query: Any, source: Any) -> Any:
        """Only accounts that are wanted and visible; UNASSIGNED is none."""
        return query.join(Account, Account.id == source.account_id).where(*self.conditions)

    @cached_property
    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        visible = auth.visible_accounts(self.actor)
        return visible, self.accounts.condition(), Account.is_unassigned.is_(False)


def read(look: Look) -> dict[date, dict[int, dict[Measure, Reading]]]:
    """The readings of every account that any measure knows, by day."""
    auth.require(look.actor, Permission.REVENUE_READ)
    found: dict[date, dict[int, dict[Measure, Reading]]] = {day: {} for day in look.days}
    for measure, reader in _READERS.items():
        if measure not in look.measures:
            continue
        for day, readings in reader(look).items():
            for account_id, reading in readings.items():
                found[day].setdefault(account_id, {})[measure] = reading
    return found


@dataclass(frozen=True)
class _Months:
    """Net and gross revenue by account and month, in ten-thousandths."""

    start: date
    net: Mapping[int, list[int]]
    gross: Mapping[int, list[int]]

    def place(self, month: date) -> int:
        return (month.year - self.start.year) * 12 + month.month - self.start.month


def _months(look: Look) -> _Months:
    span = Period(add_months(min(look.days), -24), add_months(max(look.days), 1))
    net: dict[int, list[int]] = {}
    gross: dict[int, list[int]] = {}
    count = len(span.months())
    places = {month: place for place, month in enumerate(span.months())}
    # Whole numbers: a Decimal of every month would take far longer.
    query = select(
        AccountMonth.account_id,
        AccountMonth.month,
        type_coerce(AccountMonth.net_amount, BigInteger),
        type_coerce(AccountMonth.gross_amount, BigInteger),
    ).where(AccountMonth.month >= span.start, AccountMonth.month < span.end)
    for account_id, month, one, other in look.session.execute(look.within(query, AccountMonth)):
        if account_id not in net:
            net[account_id], gross[account_id] = [0] * count, [0] * count
        place = places[month]
        net[account_id][place] = one
        gross[account_id][place] = other
    return _Months(span.start, net, gross)


def _sums(look: Look, period: Period) -> dict[int, tuple[int, int]]:
    """Whole months from the kept months, the days of cut ones summed up in the store."""
    found: dict[int, tuple[int, int]] = {}
    whole = period.whole_months()
    if whole is not None:
        first, last = look.months.place(whole.start), look.months.place(whole.end)
        for account_id, net in look.months.net.items():
            found[account_id] = sum(net[first:last]), sum(look.months.gross[account_id][first:last])
    for part in period.cut_parts():
        for account_id, net_part, gross_part in look.session.execute(_of_days(look, part)):
            known = found.get(account_id, (0, 0))
            found[account_id] = known[0] + int(net_part), known[1] + int(gross_part)
    return found


def nets_of_months(look: Look, periods: Sequence[Period]) -> dict[Period, dict[int, int]]:
    """Net revenue of each account over periods of whole months, in ten-thousandths; of some accounts none."""
    if not periods:
        return {}
    span = Period(min(one.start for one in periods), max(one.end for one in periods))
    net = type_coerce(AccountMonth.net_amount, BigInteger)
    query = select(AccountMonth.account_id, AccountMonth.month, net)
    query = look.within(
        query.where(AccountMonth.month >= span.start, AccountMonth.month < span.end), AccountMonth
    )
    found: dict[Period, dict[int, int]] = {period: {} for period in periods}
    for account_id, month, amount in db.rows(look.session, query):
        for period, sums in found.items():
            if period.start <= month < period.end:
                sums[account_id] = sums.get(account_id, 0) + amount
    return found


def _of_days(look: Look, part: Period) -> Any:
    amounts = (AccountDay.net_amount, AccountDay.gross_amount)
    query = select(AccountDay.account_id, *(type_coerce(func.sum(one), BigInteger) for one in amounts))
    query = query.where(*within_span(AccountDay, part))
    return look.within(query, AccountDay).group_by(AccountDay.account_id)


def _money(whole: int) -> Decimal:
    return Decimal(whole) / MONEY_SCALE


def _trend(look: Look) -> dict[date, Readings]:
    found: dict[date, Readings] = {}
    for day in look.days:
        now, then = look.sums[window(day)], look.sums[window(day).shifted(-12)]
        last, days = look.months.place(first_of_month(day)), window(day).days
        found[day] = {}
        for account_id, (before, _gross) in then.items():
            if before <= 0:
                continue
            nets = look.months.net.get(account_id, [])
            swing = spread.monthly(nets[last - 12 : last], nets[last - 24 : last - 12]) if nets else None
            if swing is None:
                continue
            usual = max(spread.over(swing, days), LEAST_SPREAD * before)
            net = now.get(account_id, (0, 0))[0]
            found[day][account_id] = Reading(
                (net - before) / usual, _money(net), _money(before), usual / MONEY_SCALE
            )
    return found


def _price(look: Look) -> dict[date, Readings]:
    found: dict[date, Readings] = {}
    for day in look.days:
        now, then = look.sums[window(day)], look.sums[window(day).shifted(-12)]
        found[day] = {}
        for account_id, (net, gross) in now.items():
            net_then, gross_then = then.get(account_id, (0, 0))
            if gross > 0 and gross_then > 0:
                before = Decimal(net_then) / gross_then
                change = Decimal(net) / gross - before
                found[day][account_id] = Reading(change, _money(net), _money(gross), before)
    return found


def _rhythm(look: Look) -> dict[date, Readings]:
    columns = (AccountRhythm.account_id, AccountRhythm.last_order_on, AccountRhythm.median_gap_days)
    kept = look.session.execute(look.within(select(*columns), AccountRhythm)).all()
    first = min(look.days)
    # Where nothing was ordered after the day, what is kept now was right then too.
    order_days = _order_days(look) if any(row.last_order_on > first for row in kept) else {}
    found: dict[date, Readings] = {}
    for day in look.days:
        found[day] = {}
        for account_id, last, gap in kept:
            if last > day:
                last, gap = _rhythm_then(order_days.get(account_id, []), day)  # noqa: PLW2901
            if last is not None and gap:
                since = Decimal((day - last).days)
                found[day][account_id] = Reading(since / gap, since, gap, on=last)
    return found


def _order_days(look: Look) -> dict[int, list[date]]:
    """Days with an order by account, the earliest first: in one text each, since there may be a million of them."""
    day = cast(Order.ordered_on, String)
    query = select(Order.account_id, day.label("day")).where(
        Order.net_amount > literal_column("0"), Order.ordered_on <= max(look.days)
    )
    days = look.within(query, Order).distinct().subquery()
    comma: Any = literal_column("','")
    rows = look.session.execute(
        select(days.c.account_id, func.aggregate_strings(days.c.day, comma)).group_by(days.c.account_id)
    )
    return {
        account_id: [date.fromisoformat(one) for one in sorted(text.split(","))] for account_id, text in rows
    }


def _rhythm_then(days: list[date], day: date) -> tuple[date | None, Decimal | None]:
    known = days[: bisect_right(days, day)]
    return (known[-1], rollups.median_gap(known)) if known else (None, None)


def _otif(look: Look) -> dict[date, Readings]:
    rule = otif.in_force(look.session)
    found: dict[date, Readings] = {}
    for day in look.days:
        due = due_window(day, rule.late_days)
        services = delivery.by(look.session, look.actor, due, Dimension.ACCOUNT, accounts=look.accounts)
        found[day] = {
            account_id: Reading(service.rate, Decimal(service.otif), Decimal(service.due), service.amount)
            for (account_id,), service in services.items()
            if service.rate is not None and service.due >= LEAST_DUE
        }
    return found


def _payment(look: Look) -> dict[date, Readings]:
    return {day: _owed_on(look, day) for day in look.days}


def _owed_on(look: Look, day: date) -> Readings:
    newest = (
        select(func.max(Receivable.as_of))
        .where(Receivable.account_id == Account.id, Receivable.as_of <= day)
        .correlate(Account)
        .scalar_subquery()
    )
    nothing: ColumnElement[Any] = literal_column("0")
    overdue = case((Receivable.due_on < Receivable.as_of, Receivable.open_amount), else_=nothing)
    query = (
        select(Receivable.account_id, Receivable.as_of, func.sum(overdue), func.sum(Receivable.open_amount))
        .where(Receivable.as_of == newest, Receivable.as_of > day - timedelta(days=SNAPSHOT_DAYS))
        .group_by(Receivable.account_id, Receivable.as_of)
    )
    found = {}
    for account_id, as_of, late, still_open in look.session.execute(look.within(query, Receivable)):
        # Overdue credit notes may exceed what is overdue, and those not due yet what is open.
        late_amount = max(Decimal(late), ZERO)
        share = min(ratio(late_amount, max(still_open, late_amount)) or ZERO, Decimal(1))
        found[account_id] = Reading(share, late_amount, max(still_open, late_amount), on=as_of)
    return found


def _breadth(look: Look) -> dict[date, Readings]:
    mine = select(Account.id).where(*look.conditions)
    found: dict[date, Readings] = {}
    for day, shared in health_breadth.of(look.session, look.actor, look.days, mine).items():
        found[day] = {
            account_id: Reading(Decimal(again) / before, Decimal(again), Decimal(before))
            for account_id, (again, before) in shared.items()
        }
    return found


def _target(look: Look) -> dict[date, Readings]:
    found: dict[date, Readings] = {}
    for day in look.days:
        wanted = targets.by_account(look.session, look.actor, window(day), look.accounts)
        sums = look.sums[window(day)]
        found[day] = {}
        for account_id, expected in wanted.items():
            target = expected.net_revenue
            if target is not None and target > 0:
                net = _money(sums.get(account_id, (0, 0))[0])
                found[day][account_id] = Reading(net / target, net, target)
    return found


def _data(look: Look) -> dict[date, Readings]:
    said = func.coalesce(Account.confirmed_at, Account.created_at)
    query = select(Account.id, type_coerce(said, Account.created_at.type)).where(*look.conditions)
    today, known = clock.today(), dict[date, Reading]()
    found: Readings = {}
    for account_id, moment in db.rows(look.session, query):
        on = moment.date()
        if on not in known:  # there are many accounts and few days
            days = Decimal(max((today - on).days, 0))
            known[on] = Reading(days, days, on=on)
        found[account_id] = known[on]
    return dict.fromkeys(look.days, found)


_READERS: Mapping[Measure, Callable[[Look], dict[date, Readings]]] = {
    Measure.TREND: _trend,
    Measure.PRICE: _price,
    Measure.RHYTHM: _rhythm,
    Measure.OTIF: _otif,
    Measure.PAYMENT: _payment,
    Measure.BREADTH: _breadth,
    Measure.TARGET: _target,
    Measure.DATA: _data,
}
