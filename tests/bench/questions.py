"""What each page asks of core, without drawing anything: how long until its data is there.

`python -m tests.bench.questions [PERSON]` asks the store of UTAMA_DATABASE_URL, as a director of everything if nobody
is named. Nothing is kept between two questions, so each figure is what somebody waits for right after a change.
"""

from __future__ import annotations

import gc
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from statistics import median
from typing import Any

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
    portfolio,
    portfolio_tiles,
    product_story,
    revenue_table,
    rfm,
    settings,
    target_plans,
    waterfall,
)
from core.cohort import Grain
from core.filters import AccountFilter
from core.periods import Period, add_months, fiscal_year_start
from core.revenue_table import Axis
from tests.bench.stores import Store

TURNS = 3
Asked = Callable[[Any, Any], Any]  # session and actor, like every function of core


@dataclass(frozen=True)
class Answered:
    """One page's data, in milliseconds; the digest says whether two versions answer the same."""

    page: str
    person: str
    wall: float
    cpu: float
    digest: str


@dataclass(frozen=True)
class _Scene:
    """The periods that pages open with."""

    day: date
    year: Period  # this fiscal year to date
    trailing: Period
    years: tuple[Period, Period]  # two whole fiscal years
    account: AccountFilter

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
    return _Scene(day, year, trailing, (whole, whole.shifted(-12)), only)


def _pages(at: _Scene) -> Iterator[tuple[str, tuple[Asked, ...]]]:
    """Every page and tab that asks for figures, each with all of its questions."""
    now, then, few, day = at.year, at.year.shifted(-12), at.account, at.day
    yield "Today", (lambda s, a: attention.today(s, a, day=day),)
    yield "Portfolio", (lambda s, a: portfolio_tiles.overview(s, a, now, day=day),)
    yield "Portfolio, a month", (lambda s, a: portfolio_tiles.overview(s, a, Period.of(day, day), day=day),)
    yield "Revenue", (lambda s, a: revenue_table.table(s, a, now, Axis.ACCOUNT, Axis.MONTH, shown=(100, 24)),)
    yield (
        "Revenue by product",
        (lambda s, a: revenue_table.table(s, a, now, Axis.PRODUCT, Axis.MONTH, shown=(100, 24)),),
    )
    yield "Products", (lambda s, a: product_story.standings(s, a, now, day=day),)
    yield (
        "Orders & delivery",
        (
            lambda s, a: delivery.totals(s, a, now),
            lambda s, a: delivery.totals(s, a, then),
            lambda s, a: delivery.open_lines(s, a, day=day, limit=500),
            lambda s, a: delivery.late_lines(s, a, day=day, limit=500),
        ),
    )
    yield "Targets", (lambda s, a: target_plans.plan(s, a, at.year.start),)
    yield (
        "Directors' KPIs",
        (
            lambda s, a: directors.overview(s, a, now, day=day),
            lambda s, a: bridge.between(s, a, now, then),
        ),
    )
    yield from _tabs(at)
    yield (
        "Bridge, year to date",
        (
            lambda s, a: bridge.board(s, a, now, then),
            lambda s, a: bridge.by_product(s, a, now, then),
        ),
    )
    yield (
        "Bridge, two full years",
        (
            lambda s, a: bridge.board(s, a, *at.years),
            lambda s, a: bridge.by_product(s, a, *at.years),
        ),
    )
    fiscal = Period(at.year.start, add_months(at.year.start, 12))
    yield "Forecast", (lambda s, a: forecasts.outlook(s, a, fiscal),)
    yield "Forecast, how far off", (_back_test, forecast_scores.frozen)
    yield (
        "Account",
        (
            lambda s, a: portfolio.board(s, a, now, few, day=day),
            lambda s, a: account_story.story(s, a, at.account_id, now),
            lambda s, a: attention.items(s, a, few, day=day),
            lambda s, a: health.scores(s, a, few, day=day),
        ),
    )
    yield "Account, health", (lambda s, a: health.of_account(s, a, at.account_id, day=day),)
    yield (
        "Account, what moved it",
        (
            lambda s, a: bridge.between(s, a, now, then, few),
            lambda s, a: bridge.by_product(s, a, now, then, few),
        ),
    )
    yield (
        "Account, standing",
        (
            lambda s, a: movement.between(s, a, at.trailing, None, few),
            lambda s, a: rfm.board(s, a, at.trailing, few),
            lambda s, a: waterfall.of(s, a, now, then, few),
            lambda s, a: creep.by_product(s, a, at.trailing, at.trailing.shifted(-12), few),
        ),
    )
    yield "Account, forecast", (lambda s, a: forecasts.outlook(s, a, fiscal, few),)


def _tabs(at: _Scene) -> Iterator[tuple[str, tuple[Asked, ...]]]:
    """The tabs of Directors' KPIs."""
    now, then, year_before = at.year, at.year.shifted(-12), at.trailing.shifted(-12)
    quarters = Period(add_months(at.year.last_day, 1 - 48), at.year.end)
    yield "KPIs: movement", (lambda s, a: movement.between(s, a, at.trailing, year_before),)
    yield (
        "KPIs: retention",
        (
            lambda s, a: movement.between(s, a, at.trailing, None),
            lambda s, a: cohort.table(s, a, quarters, Grain.QUARTER),
        ),
    )
    yield "KPIs: concentration", (lambda s, a: dependence.of(s, a, now, then),)
    yield "KPIs: customers", (lambda s, a: rfm.board(s, a, at.trailing),)
    yield (
        "KPIs: health",
        (
            lambda s, a: health.overview(s, a, day=at.day),
            lambda s, a: health_track.record(s, a, day=at.day),
        ),
    )
    yield (
        "KPIs: prices",
        (
            lambda s, a: waterfall.of(s, a, now, then),
            lambda s, a: creep.by_account(s, a, at.trailing, year_before),
        ),
    )


def _back_test(session: Any, actor: Any) -> Any:
    newest = forecasts.version(session, actor)
    return None if newest is None else forecasts.back_test(session, actor, newest.id)


def ask(person: str, wanted: str = "") -> list[Answered]:
    """Each page's questions, one reading transaction a page as there."""
    gc.collect()
    gc.freeze()  # as the server does once it stands
    with db.read() as session:
        actor = auth.actor_named(session, person)
        scene = _scene(session, actor)
    found = []
    for page, questions in _pages(scene):
        if not any(one in page.lower() for one in wanted.lower().split("|")):
            continue
        walls, works, answer = [], [], None
        for _turn in range(TURNS + 1):
            wall, work = time.perf_counter(), time.process_time()
            with db.read() as session:
                answer = [question(session, actor) for question in questions]
            walls.append((time.perf_counter() - wall) * 1000)
            works.append((time.process_time() - work) * 1000)
        # Where functions lie in memory is no part of the answer.
        said = re.sub(r" at 0x[0-9a-f]+", "", repr(answer))
        digest = hashlib.sha256(said.encode()).hexdigest()[:12]
        # The first turn reads the store's pages into memory and compiles the statements.
        found.append(Answered(page, person, median(walls[1:]), median(works[1:]), digest))
    return found


def measure(store: Store) -> list[Answered]:
    """In a process of its own, on this store."""
    command = [sys.executable, "-m", "tests.bench.questions", "--json", "zulaikha"]
    done = subprocess.run(
        command, check=True, env=store.environment(), cwd=config.ROOT, capture_output=True, text=True
    )
    return [Answered(**one) for one in json.loads(done.stdout.splitlines()[-1])]


def show(rows: list[Answered], title: str) -> None:
    print(f"\n{title}\n")
    print(f"{'page':<26}{'person':<12}{'wall':>8}{'CPU':>8}  answer")
    for row in rows:
        print(f"{row.page:<26}{row.person:<12}{row.wall:>8.0f}{row.cpu:>8.0f}  {row.digest}")


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
