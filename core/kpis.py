"""The figures by name: what each answers, how it is computed, and its value over any period."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, bridge, delivery, order_lines, revenue, settings, targets, whole_accounts
from core.auth import Actor
from core.bridge import Bridge
from core.delivery import Service
from core.errors import Invalid, NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter, account_named
from core.kpi_registry import KPIS, Figure, Kpi, Need, Slice
from core.language import _
from core.models import Account, Category, Product, Region, Segment, User
from core.money import round_money, round_ratio
from core.periods import Period, add_months, first_of_month
from core.revenue import Dimension, Measures
from core.vocabulary import Permission, Structure


class By(StrEnum):
    """What the command line breaks figures down by."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ACCOUNT = "account"
    COUNTRY = "country"
    PRODUCT = "product"
    CATEGORY = "category"
    OWNER = "owner"
    REGION = "region"
    SEGMENT = "segment"


_MONTHS_OF = {By.MONTH: 1, By.QUARTER: 3, By.YEAR: 12}
_NAMES: dict[By, Any] = {
    By.ACCOUNT: (Account.id, Account.code),
    By.PRODUCT: (Product.id, Product.code),
    By.CATEGORY: (Category.id, Category.name),
    By.OWNER: (User.id, User.username),
    By.REGION: (Region.id, Region.name),
    By.SEGMENT: (Segment.id, Segment.name),
}


@dataclass(frozen=True)
class Options:
    """How to look at the figures."""

    by: By | None = None
    account_code: str | None = None
    base_months: int = 12  # retention and the bridge compare with the period this many months earlier
    base: Period | None = None  # … or with this window
    top: int = 10
    accounts: AccountFilter = ALL_ACCOUNTS
    structure: Structure = Structure.TODAY


@dataclass(frozen=True)
class Result:
    """One figure, and the same for each key, in the order of the keys."""

    kpi: Kpi
    figure: Figure
    by: tuple[tuple[str | None, Decimal | None], ...] = ()


@dataclass(frozen=True)
class _Question:
    """What has to be read, for whom."""

    session: Session
    actor: Actor
    needs: frozenset[Need]
    accounts: AccountFilter
    options: Options
    unassigned: frozenset[int] = field(default_factory=frozenset)

    @property
    def of_accounts(self) -> dict[str, Any]:
        return {"accounts": self.accounts, "structure": self.options.structure}


def compute(
    session: Session, actor: Actor, names: Sequence[str], period: Period, options: Options | None = None
) -> list[Result]:
    """The figures by these names; those about cost are left out for who may not see cost."""
    auth.require(actor, Permission.REVENUE_READ)
    options = options or Options()
    wanted = [kpi for kpi in chosen(names) if actor.sees_cost or not kpi.needs_cost]
    if options.top < 1 or options.base_months < 1:
        raise Invalid(_("Give a number of months and of accounts above zero."))
    if options.base is not None and options.by in _MONTHS_OF:
        raise Invalid(
            _(
                "A breakdown by time needs a base that moves with it: give --base-months instead of a fixed window."
            )
        )
    question = _question(session, actor, wanted, options)
    whole = _slices(question, period, None).get(None, Slice(top=options.top))
    parts = _breakdown(question, period, options.by) if options.by else []
    return [
        Result(
            kpi,
            kpi.evaluate(whole),
            tuple((key, kpi.evaluate(part).value) for key, part in _having(kpi, parts)),
        )
        for kpi in wanted
    ]


def by_dimension(
    session: Session,
    actor: Actor,
    name: str,
    period: Period,
    dimension: Dimension,
    options: Options | None = None,
) -> dict[Any, Figure]:
    """One KPI by the keys of any dimension: ids, first days of months, names of countries; None: has none."""
    auth.require(actor, Permission.REVENUE_READ)
    (kpi,) = chosen([name])
    if kpi.needs_cost and not actor.sees_cost:
        return {}
    parts = _slices(_question(session, actor, [kpi], options or Options()), period, dimension)
    return {key: kpi.evaluate(part) for key, part in _having(kpi, list(parts.items()))}


def _question(session: Session, actor: Actor, wanted: Sequence[Kpi], options: Options) -> _Question:
    return _Question(
        session,
        actor,
        frozenset(need for kpi in wanted for need in kpi.needs),
        _account_filter(session, actor, options),
        options,
        frozenset(session.scalars(select(Account.id).where(Account.is_unassigned))),
    )


def chosen(names: Sequence[str]) -> list[Kpi]:
    """The KPIs by these names, each once; raises Invalid for a name that is none."""
    found = {}
    for name in names:
        if name not in KPIS:
            close = difflib.get_close_matches(name, KPIS, n=1)
            hint = _("Did you mean {name}?").format(name=close[0]) + " " if close else ""
            known = ", ".join(sorted(KPIS))
            raise Invalid(
                _("There is no KPI {name}. {hint}Known: {known}.").format(name=name, hint=hint, known=known)
            )
        found[name] = KPIS[name]
    return list(found.values())


def _having(kpi: Kpi, parts: list[tuple[Any, Slice]]) -> Iterator[tuple[Any, Slice]]:
    """The keys that this KPI has anything to say about."""
    for key, part in parts:
        compared = (
            (Need.THEN in kpi.needs and part.then)
            or (Need.TARGET in kpi.needs and part.target is not None)
            or (Need.DELIVERY in kpi.needs and part.delivered.due)
            or (Need.BRIDGE in kpi.needs and part.bridge is not None)
            or (Need.SCORES in kpi.needs and part.scores)
            or (Need.CAUSES in kpi.needs and part.moved)
            or (Need.WALLETS in kpi.needs and part.wallets is not None)
            or (Need.LOYALTY in kpi.needs and part.points)
        )
        if part.sums.lines or compared:
            yield key, part


def _account_filter(session: Session, actor: Actor, options: Options) -> AccountFilter:
    code = options.account_code
    if code is None:
        return options.accounts
    found = session.scalar(select(Account.id).where(account_named(code), auth.visible_accounts(actor)))
    if found is None:
        raise NotFound(_("There is no account {code}.").format(code=code))
    return replace(options.accounts, account_ids=frozenset({found}))


def _breakdown(question: _Question, period: Period, by: By) -> list[tuple[str | None, Slice]]:
    if by in _MONTHS_OF:
        return [
            (label, part)
            for label, piece in _spans(period, _MONTHS_OF[by])
            for part in _slices(question, piece, None).values()
        ]
    names = _names(question.session, by)
    parts = [
        (names.get(key) if names else key, part)
        for key, part in _slices(question, period, Dimension(by)).items()
    ]
    return sorted(parts, key=lambda item: (item[0] is None, item[0] or ""))


def _names(session: Session, by: By) -> dict[int, str]:
    return {row[0]: row[1] for row in session.execute(select(*_NAMES[by]))} if by in _NAMES else {}


def _spans(period: Period, months: int) -> Iterator[tuple[str, Period]]:
    """Calendar months, quarters or years, cut where the period starts and ends."""
    start = first_of_month(period.start)
    start = add_months(start, -((start.month - 1) % months))
    while start < period.end:
        end = add_months(start, months)
        yield _label(start, months), Period(max(start, period.start), min(end, period.end))
        start = end


def _label(start: date, months: int) -> str:
    if months == 1:
        return f"{start:%Y-%m}"
    return f"{start:%Y}-Q{(start.month + 2) // 3}" if months == 3 else f"{start:%Y}"


def _slices(question: _Question, period: Period, dimension: Dimension | None) -> dict[Any, Slice]:
    """What the KPIs are made of, by key; without a dimension under the one key None."""
    ask, dimensions = question, () if dimension is None else (dimension,)
    sums = _by(ask, period, dimensions)
    needs = ask.needs
    now = _by_account(ask, period, dimensions) if needs & {Need.ACCOUNTS, Need.THEN} else {}
    then = _by_account(ask, _base(ask, period), dimensions) if Need.THEN in needs else {}
    orders = _orders(ask, period, dimensions) if Need.ORDERS in needs else {}
    buyers = _buyers(ask, period, dimensions) if Need.BUYERS in needs else {}
    wanted = _targets(ask, period, dimensions) if Need.TARGET in needs else {}
    delivered = _delivered(ask, period, dimensions) if Need.DELIVERY in needs else {}
    bridges = _bridges(ask, period, dimension) if Need.BRIDGE in needs else {}
    of_all = (ask.accounts, dimension)
    who = (ask.session, ask.actor, period)
    scores = whole_accounts.scores(*who, *of_all) if Need.SCORES in needs else {}
    moved = whole_accounts.moved(*who, _base(ask, period), *of_all) if Need.CAUSES in needs else {}
    purses = whole_accounts.purses(*who, *of_all) if Need.WALLETS in needs else {}
    points = whole_accounts.points(*who, *of_all) if Need.LOYALTY in needs else {}
    keys = set().union(sums, then, wanted, delivered, bridges, scores, moved, purses, points)
    return {
        key: Slice(
            sums=sums.get(key, Measures()),
            now=now.get(key, {}),
            then=then.get(key, {}),
            orders=orders.get(key, 0),
            buyers=buyers.get(key, ()),
            target=wanted.get(key),
            delivered=delivered.get(key, Service()),
            bridge=bridges.get(key),
            scores=scores.get(key, ()),
            moved=moved.get(key, ()),
            wallets=purses.get(key),
            points=points.get(key, ()),
            of_one=dimension is Dimension.ACCOUNT or bool(ask.options.account_code),
            top=ask.options.top,
        )
        for key in (keys or ({None} if dimension is None else set()))
    }


def _base(ask: _Question, period: Period) -> Period:
    return ask.options.base or period.shifted(-ask.options.base_months)


def _key(row: tuple[Any, ...], dimensions: tuple[Dimension, ...]) -> Any:
    return row[0] if dimensions else None


def _by(ask: _Question, period: Period, dimensions: tuple[Dimension, ...]) -> dict[Any, Measures]:
    found = revenue.by(ask.session, ask.actor, period, *dimensions, **ask.of_accounts)
    return {_key(row, dimensions): sums for row, sums in found.items()}


def _by_account(
    ask: _Question, period: Period, dimensions: tuple[Dimension, ...]
) -> dict[Any, dict[int, Measures]]:
    """Sums of each account but UNASSIGNED."""
    found: dict[Any, dict[int, Measures]] = {}
    both = dict.fromkeys((*dimensions, Dimension.ACCOUNT))
    for row, sums in revenue.by(ask.session, ask.actor, period, *both, **ask.of_accounts).items():
        if row[-1] not in ask.unassigned:
            found.setdefault(_key(row, dimensions), {})[row[-1]] = sums
    return found


def _orders(ask: _Question, period: Period, dimensions: tuple[Dimension, ...]) -> dict[Any, int]:
    found = order_lines.order_counts(ask.session, ask.actor, period, *dimensions, **ask.of_accounts)
    return {_key(row, dimensions): count for row, count in found.items()}


def _buyers(ask: _Question, period: Period, dimensions: tuple[Dimension, ...]) -> dict[Any, tuple[int, ...]]:
    """How many orders each account but UNASSIGNED placed; returns alone are none."""
    found: dict[Any, tuple[int, ...]] = {}
    both = dict.fromkeys((*dimensions, Dimension.ACCOUNT))
    counts = order_lines.order_counts(
        ask.session,
        ask.actor,
        period,
        *both,
        accounts=ask.accounts,
        structure=ask.options.structure,
        bought=True,
    )
    for row, count in counts.items():
        if row[-1] not in ask.unassigned:
            key = _key(row, dimensions)
            found[key] = (*found.get(key, ()), count)
    return found


def _targets(ask: _Question, period: Period, dimensions: tuple[Dimension, ...]) -> dict[Any, Decimal]:
    found = targets.by(ask.session, ask.actor, period, *dimensions, **ask.of_accounts)
    return {
        _key(row, dimensions): expected.net_revenue
        for row, expected in found.items()
        if expected.net_revenue is not None
    }


def _delivered(ask: _Question, period: Period, dimensions: tuple[Dimension, ...]) -> dict[Any, Service]:
    found = delivery.by(ask.session, ask.actor, period, *dimensions, **ask.of_accounts)
    return {_key(row, dimensions): service for row, service in found.items()}


def _bridges(ask: _Question, period: Period, dimension: Dimension | None) -> dict[Any, Bridge]:
    """What moved net revenue: the whole with its parts, a key of a breakdown with its change alone."""
    base = _base(ask, period)
    if dimension is None:
        return {None: bridge.between(ask.session, ask.actor, period, base, ask.accounts)}
    now, then = _by(ask, period, (dimension,)), _by(ask, base, (dimension,))
    nothing = Measures()
    return {
        key: bridge.change_of(then.get(key, nothing), now.get(key, nothing))
        for key in now.keys() | then.keys()
    }


def document(session: Session, period: Period, results: Sequence[Result]) -> dict[str, Any]:
    """The results as the command line prints them: numbers as text, both days of the period included."""
    currency = settings.get(session).base_currency
    return {
        "from": period.start.isoformat(),
        "to": period.last_day.isoformat(),
        "kpis": [
            {
                "name": result.kpi.name,
                "value": written(result.figure.value, result.kpi.unit),
                "unit": currency if result.kpi.unit == "money" else result.kpi.unit,
                "rows": str(result.figure.rows),
                "parts": {name: written(value, unit) for name, (value, unit) in result.figure.parts.items()},
                "by": [{"key": key, "value": written(value, result.kpi.unit)} for key, value in result.by],
            }
            for result in results
        ],
    }


_WRITERS: dict[str, Callable[[Decimal], str]] = {
    "money": lambda value: f"{round_money(value) + 0:.4f}",  # adding nothing turns -0 into 0
    "ratio": lambda value: f"{round_ratio(value) + 0:.6f}",
    "index": lambda value: f"{round_ratio(value) + 0:.6f}",
    "count": lambda value: f"{int(value)}",
    "quantity": lambda value: f"{value.normalize() + 0:f}",
}


def written(value: Decimal | None, unit: str) -> str | None:
    """A number as text: money with four decimals, ratios and indices with six, others plain."""
    return None if value is None else _WRITERS[unit](value)
