"""`make bench`: how fast Utama is on this machine, printed and judged by nobody.

    make bench                       100 thousand and 1 million order lines
    make bench SIZE=10m              10 million too: takes half an hour and 10 GB the first time
    python -m tests.bench reruns     one part: importing, questions, reruns, browser, crowd or pricing

SQLite always; PostgreSQL too where UTAMA_TEST_DATABASE_URL names a server. Stores are kept in BENCH_DIR
(/tmp/utama-bench) for the next run.
"""

from __future__ import annotations

import os
import sys

from tests.bench import browser, crowd, importing, pricing, questions, reruns, stores, summary

_PARTS = ("importing", "questions", "pricing", "reruns", "browser", "crowd")


def sizes() -> list[str]:
    asked = os.environ.get("SIZE", "1m").lower()
    known = list(stores.LINES)
    if asked not in known:
        sys.exit(f"SIZE is one of {', '.join(known)}, not {asked}.")
    return known[: known.index(asked) + 1]


def main() -> None:
    wanted = sys.argv[1:] or list(_PARTS)
    unknown = sorted(set(wanted) - set(_PARTS))
    if unknown:
        sys.exit(f"{', '.join(unknown)}: no part of this; give some of {', '.join(_PARTS)}.")
    if not stores.POSTGRES:
        print("PostgreSQL is not measured: UTAMA_TEST_DATABASE_URL names no server.")
    figures = summary.Figures()
    for part in wanted:
        if part == "importing":
            for database in stores.databases():
                figures.imported.append(importing.measure(database))
                importing.show(figures.imported[-1])
            continue
        for size in sizes():
            for database in stores.databases():
                _measure(part, stores.store(size, database), figures)
    summary.show(figures)


def _measure(part: str, store: stores.Store, figures: summary.Figures) -> None:
    title = f"{part}: {stores.LINES[store.size]:,} lines, {stores.ACCOUNTS:,} accounts, {store.database}"
    place = store.size, store.database
    if part == "questions":
        figures.questions[place] = questions.measure(store)
        questions.show(figures.questions[place], f"{title}; milliseconds, median of {questions.TURNS}")
    elif part == "pricing":
        figures.priced[place] = pricing.measure(store)
        pricing.show(figures.priced[place], title)
    elif part == "reruns":
        figures.reruns[place] = reruns.measure(store)
        reruns.show(figures.reruns[place], f"{title}; milliseconds, median of {reruns.RERUNS}")
        figures.constants[place] = reruns.measure(store, constants=True)
        reruns.show(figures.constants[place], f"{title}; the same from constants")
    elif part == "browser":
        figures.browser[place] = browser.measure(store), browser.measure(store, constants=True)
        browser.show(*figures.browser[place], title)
    else:
        figures.crowds[place] = crowd.measure(store)
        crowd.show(figures.crowds[place], f"{title}; milliseconds")


if __name__ == "__main__":
    main()
