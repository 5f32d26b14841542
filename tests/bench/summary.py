"""All figures of one run in tables that can be copied into docs/speed.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.bench.crowd import Crowd
from tests.bench.importing import Imported
from tests.bench.pricing import Priced
from tests.bench.questions import Answered
from tests.bench.reruns import EMPTY, Rerun

Place = tuple[str, str]  # size and database


@dataclass
class Figures:
    """What was measured, by the store that it was measured on."""

    imported: list[Imported] = field(default_factory=list)
    questions: dict[Place, list[Answered]] = field(default_factory=dict)
    priced: dict[Place, Priced] = field(default_factory=dict)
    reruns: dict[Place, list[Rerun]] = field(default_factory=dict)
    constants: dict[Place, list[Rerun]] = field(default_factory=dict)
    browser: dict[Place, tuple[dict[str, float], dict[str, float]]] = field(default_factory=dict)
    crowds: dict[Place, list[Crowd]] = field(default_factory=dict)


def show(figures: Figures) -> None:
    """Markdown, one table a part; of a page, the person for whom it takes longest."""
    if figures.questions:
        _questions(figures)
    if figures.priced:
        head = ["store", "lines", "lines a second of one core"]
        _table("Prices of many lines", head, [_of_pricing(*one) for one in figures.priced.items()])
    if figures.reruns:
        _reruns(figures)
    if figures.browser:
        head = ["store", "Portfolio, last chart", "from constants", "empty page", "ratio"]
        rows = [_of_browser(place, *measured) for place, measured in figures.browser.items()]
        _table("Browser, ms", head, rows)
    if figures.crowds:
        head = ["store", "people", "clicks", "p50", "p95", "errors", "MB", "CPU"]
        rows = [_of_crowd(place, one) for place, crowds in figures.crowds.items() for one in crowds]
        _table("People at once, ms", head, rows)
    if figures.imported:
        head = [
            "store",
            "lines",
            "seconds",
            "lines a second",
            "peak MB",
            "longest wait of others, s",
            "again, s",
        ]
        _table("Import", head, [_of_import(one) for one in figures.imported])


def _of_pricing(place: Place, one: Priced) -> list[object]:
    return [_name(place), f"{one.lines:,}", f"{one.rate:,.0f}"]


def _of_browser(place: Place, real: dict[str, float], drawn: dict[str, float]) -> list[object]:
    last, floor = real["portfolio"], drawn["portfolio"]
    return [_name(place), _ms(last), _ms(floor), _ms(real["empty_page"]), f"{last / floor:.2f}"]


def _of_crowd(place: Place, one: Crowd) -> list[object]:
    times = (_ms(one.at(0.5)), _ms(one.at(0.95)))
    return [
        _name(place),
        one.people,
        len(one.seconds),
        *times,
        one.errors,
        _ms(one.megabytes),
        f"{one.cpu:.0%}",
    ]


def _of_import(one: Imported) -> list[object]:
    rest = (_ms(one.megabytes), f"{one.wait:.1f}", f"{one.again:.1f}")
    return [one.database, f"{one.lines:,}", f"{one.seconds:.1f}", f"{one.rate:,.0f}", *rest]


def _questions(figures: Figures) -> None:
    places = list(figures.questions)
    pages = dict.fromkeys(row.page for rows in figures.questions.values() for row in rows)
    measured = {place: {row.page: row for row in rows} for place, rows in figures.questions.items()}
    rows = [
        [
            page,
            *(
                f"{measured[one][page].wall:.0f} / {measured[one][page].after:.0f} / {measured[one][page].again:.0f}"
                for one in places
            ),
        ]
        for page in pages
    ]
    _table("A page's data, ms: anew / after an order by hand / again", ["page", *map(_name, places)], rows)


def _reruns(figures: Figures) -> None:
    places = list(figures.reruns)
    pages = list(dict.fromkeys(row.page for rows in figures.reruns.values() for row in rows))
    measured = {place: _slowest(rows) for place, rows in figures.reruns.items()}
    floors = [_slowest(rows) for rows in figures.constants.values()]
    names = [_name(place) for place in places]
    rows, anew = [], []
    for page in pages:
        known = [measured[place].get(page) for place in places]
        floor = min((one[page].cpu for one in floors if page in one), default=None)
        shown = [
            "–" if one is None else f"{one.wall:.0f} / {one.cpu:.0f} / {one.reading:.0f}" for one in known
        ]
        rows.append(["empty page" if page == EMPTY else page, *shown, "–" if floor is None else _ms(floor)])
        anew.append([page, *("–" if one is None else f"{one.anew:.0f} / {one.read:.0f}" for one in known)])
    _table("A rerun, ms: in all / CPU / in the store", ["page", *names, "CPU from constants"], rows)
    _table("Right after a change, ms: in all / in the store", ["page", *names], anew)


def _slowest(rows: Iterable[Rerun]) -> dict[str, Rerun]:
    found: dict[str, Rerun] = {}
    for row in rows:
        if row.page not in found or row.wall > found[row.page].wall:
            found[row.page] = row
    return found


def _name(place: Place) -> str:
    size, database = place
    return f"{size} {'SQLite' if database == 'sqlite' else 'PostgreSQL'}"


def _ms(value: float) -> str:
    return f"{value:.0f}"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print(f"\n### {title}\n\n| {' | '.join(head)} |")
    print(f"|{'|'.join('---' if not place else '--:' for place in range(len(head)))}|")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
