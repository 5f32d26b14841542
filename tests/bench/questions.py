"""What each page asks of core, without drawing anything: how long until its data is there.

`python -m tests.bench.questions [PERSON]` asks the store of UTAMA_DATABASE_URL, as a director of everything if nobody
is named, three times over: anew, as after an import or a start, when no answer is kept; right after somebody booked an
order by hand; and again, nothing having changed. The order is taken back.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from sqlalchemy import select

from core import (
    account_story,
    attention,
    auth,
    bridge,
    clock,
    cohort,
    config,
    creep,
    db,
    delivery,
    dependence,
    directors,
    forecast_scores,
    forecasts,
    health,
    health_track,
    movement,
    order_entry,
    portfolio,
    portfolio_tiles,
    product_story,
    revenue_table,
    rfm,
    settings,
    startup,
    target_plans,
    waterfall,
)
from core.auth import OPERATOR, Actor
from core.cohort import Grain
from core.filters import AccountFilter
from core.models import Product
from core.order_drafts import LineDraft, OrderDraft
from core.periods import Period, add_months, fiscal_year_start
from core.revenue import Dimension
from core.revenue_axes import Axis
from pages.ui import answers
from tests.bench.stores import Store

TURNS = 3
Asked = Callable[[answers.Asker], Any]


@dataclass(frozen=True)
class Answered:
    """One page's data, in milliseconds; the digest says whether two versions answer the same."""

    page: str
    person: str
    wall: float  # anew
    cpu: float
    after: float  # after an order by hand
    after_cpu: float
    again: float
    digest: str


@dataclass(frozen=True)
class _Scene:
    """The periods that pages open with."""

    day: date
    year: Period  # this fiscal year to date
    trailing: Period
    years: tuple[Period, Period]  # two whole fiscal years
    account: AccountFilter
    forecast_id: int | None  # the newest version

    @property
    def account_id(self) -> int:
        return next(one for one in self.account.account_ids if one is not None)


def _scene(session: Any, actor: Any) -> _Scene:
    day = portfolio.as_of(session, actor) or clock.today()
    start = fiscal_year_start(day, settings.get(session).fiscal_year_month)
    year = Period(start, date.fromordinal(day.toordinal() + 1))
    whole = Period(add_months(start, -12), start)
    trailing = Period(year.shifted(-12).end, year.end)
    board = portfolio.board(session, actor, year, day=day)
    largest = next(row.account_id for row in board.standings if not row.is_unassigned)
    only = AccountFilter(account_ids=frozenset({largest}))
    newest = forecasts.version(session, actor)
    return _Scene(day, year, trailing, (whole, whole.shifted(-12)), only, newest.id if newest else None)


def _pages(at: _Scene) -> Iterator[tuple[str, tuple[Asked, ...]]]:
    """Every page and tab that asks for figures, each with all of its questions."""
    now, then, few, day = at.year, at.year.shifted(-12), at.account, at.day
    yield "Today", (lambda ask: ask(attention.today, day=day),)
    yield "Portfolio", (lambda ask: ask(portfolio_tiles.overview, now, day=day),)
    yield "Portfolio, a month", (lambda ask: ask(portfolio_tiles.overview, Period.of(day, day), day=day),)
    yield "Revenue", (lambda ask: ask(revenue_table.table, now, Axis.ACCOUNT, Axis.MONTH, shown=(100, 24)),)
    yield (
        "Revenue by product",
        (lambda ask: ask(revenue_table.table, now, Axis.PRODUCT, Axis.MONTH, shown=(100, 24)),),
    )
    yield "Products", (lambda ask: ask(product_story.standings, now, day=day),)
    yield (
        "Orders & delivery",
        (
            lambda ask: ask(delivery.totals, now),
            lambda ask: ask(delivery.totals, then),
            lambda ask: ask(delivery.undelivered, day=day),
            lambda ask: ask(delivery.by, now, Dimension.ACCOUNT),
        ),
    )
    yield "Targets", (lambda ask: ask(target_plans.plan, at.year.start),)
    yield (
        "Directors' KPIs",
        (
            lambda ask: ask(directors.overview, now, day=day),
            lambda ask: ask(bridge.between, now, then),
        ),
    )
    yield from _tabs(at)
    yield (
        "Bridge, year to date",
        (
            lambda ask: ask(bridge.board, now, then),
            lambda ask: ask(bridge.by_product, now, then),
        ),
    )
    yield (
        "Bridge, two full years",
        (
            lambda ask: ask(bridge.board, *at.years),
            lambda ask: ask(bridge.by_product, *at.years),
        ),
    )
    fiscal = Period(at.year.start, add_months(at.year.start, 12))
    yield "Forecast", (lambda ask: ask(forecasts.outlook, fiscal),)
    yield (
        "Forecast, how far off",
        (
            lambda ask: at.forecast_id and ask(forecasts.back_test, at.forecast_id),
            lambda ask: ask(forecast_scores.frozen),
        ),
    )
    yield (
        "Account",
        (
            lambda ask: ask(portfolio.board, now, few, day=day),
            lambda ask: ask(account_story.story, at.account_id, now),
            lambda ask: ask(attention.items, few, day=day),
            lambda ask: ask(health.scores, few, day=day),
        ),
    )
    yield "Account, health", (lambda ask: ask(health.of_account, at.account_id, day=day),)
    yield (
        "Account, what moved it",
        (
            lambda ask: ask(bridge.between, now, then, few),
            lambda ask: ask(bridge.by_product, now, then, few),
        ),
    )
    yield (
        "Account, standing",
        (
            lambda ask: ask(movement.between, at.trailing, None, few),
            lambda ask: ask(rfm.board, at.trailing, few),
            lambda ask: ask(waterfall.of, now, then, few),
            lambda ask: ask(creep.by_product, at.trailing, at.trailing.shifted(-12), few),
        ),
    )
    yield "Account, forecast", (lambda ask: ask(forecasts.outlook, fiscal, few),)


def _tabs(at: _Scene) -> Iterator[tuple[str, tuple[Asked, ...]]]:
    """The tabs of Directors' KPIs."""
    now, then, year_before = at.year, at.year.shifted(-12), at.trailing.shifted(-12)
    quarters = Period(add_months(at.year.last_day, 1 - 48), at.year.end)
    yield "KPIs: movement", (lambda ask: ask(movement.between, at.trailing, year_before),)
    yield (
        "KPIs: retention",
        (
            lambda ask: ask(movement.between, at.trailing, None),
            lambda ask: ask(cohort.table, quarters, Grain.QUARTER),
        ),
    )
    yield "KPIs: concentration", (lambda ask: ask(dependence.of, now, then),)
    yield "KPIs: customers", (lambda ask: ask(rfm.board, at.trailing),)
    yield (
        "KPIs: health",
        (
            lambda ask: ask(health.overview, day=at.day),
            lambda ask: ask(health_track.record, day=at.day),
        ),
    )
    yield (
        "KPIs: prices",
        (
            lambda ask: ask(waterfall.of, now, then),
            lambda ask: ask(creep.by_account, at.trailing, year_before),
        ),
    )


class _Order:
    """An order by hand that is booked and taken back by turns."""

    def __init__(self, account_id: int) -> None:
        with db.read() as session:
            code = session.scalar(select(Product.code).order_by(Product.id).limit(1)) or ""
        line = LineDraft(code, Decimal(1), net_price=Decimal(1))
        self._account_id, self._lines = account_id, (line,)
        self._number: str | None = None

    def turn(self) -> None:
        with db.write() as session:
            if self._number is None:
                number = order_entry.next_number(session, OPERATOR)
                draft = OrderDraft(number, clock.today(), self._lines)
                self._number = order_entry.enter(session, OPERATOR, self._account_id, draft)
            else:
                version = order_entry.get(session, OPERATOR, self._account_id, self._number).version
                order_entry.remove(session, OPERATOR, self._account_id, self._number, version=version)
                self._number = None


def ask(person: str, wanted: str = "") -> list[Answered]:
    """Each page's questions, one reading transaction a page as there."""
    startup.spare_collector()  # as the server does once it stands
    with db.read() as session:
        actor = auth.actor_named(session, person)
        scene = _scene(session, actor)
    order = _Order(scene.account_id)
    found = []
    for page, questions in _pages(scene):
        if any(one in page.lower() for one in wanted.lower().split("|")):
            found.append(_asked(page, questions, actor, order))
    return found


def _asked(page: str, questions: Sequence[Asked], actor: Actor, order: _Order) -> Answered:
    anew, after, again = [], [], []
    for _turn in range(TURNS + 1):
        answers.forget()
        anew.append(_timed(questions, actor))
        order.turn()
        after.append(_timed(questions, actor))
        again.append(_timed(questions, actor))
    # Where functions lie in memory is no part of the answer.
    said = re.sub(r" at 0x[0-9a-f]+", "", repr(anew[0][2]))
    digest = hashlib.sha256(said.encode()).hexdigest()[:12]
    # The first turn reads the store's pages into memory and compiles the statements.
    wall, cpu, after_wall, after_cpu, again_wall = (
        median(turn[place] for turn in turns[1:])
        for turns, place in ((anew, 0), (anew, 1), (after, 0), (after, 1), (again, 0))
    )
    return Answered(page, actor.username, wall, cpu, after_wall, after_cpu, again_wall, digest)


def _timed(questions: Sequence[Asked], actor: Actor) -> tuple[float, float, Any]:
    """Milliseconds in all and of CPU, and the answers."""
    wall, work = time.perf_counter(), time.process_time()
    with db.read() as session:
        ask_here = answers.asker(session, actor)
        answer = [question(ask_here) for question in questions]
    return (time.perf_counter() - wall) * 1000, (time.process_time() - work) * 1000, answer


def measure(store: Store) -> list[Answered]:
    """In a process of its own, on this store."""
    command = [sys.executable, "-m", "tests.bench.questions", "--json", "zulaikha"]
    done = subprocess.run(
        command, check=True, env=store.environment(), cwd=config.ROOT, capture_output=True, text=True
    )
    return [Answered(**one) for one in json.loads(done.stdout.splitlines()[-1])]


def show(rows: list[Answered], title: str) -> None:
    print(f"\n{title}\n")
    print(f"{'page':<26}{'person':<12}{'anew':>8}{'CPU':>8}{'after':>8}{'CPU':>8}{'again':>8}  answer")
    for row in rows:
        times = (row.wall, row.cpu, row.after, row.after_cpu, row.again)
        print(f"{row.page:<26}{row.person:<12}{''.join(f'{one:>8.0f}' for one in times)}  {row.digest}")


def main() -> None:
    given = [one for one in sys.argv[1:] if one != "--json"]
    person, wanted = (*given, "zulaikha", "")[:2] if given else ("zulaikha", "")
    found = ask(person, wanted if len(given) > 1 else "")
    if "--json" in sys.argv:
        print(json.dumps([asdict(one) for one in found]))
    else:
        show(found, "milliseconds, median of three after the first")


if __name__ == "__main__":
    main()
