"""`make bench`: how fast Utama is on this machine, printed and judged by nobody.

    make bench                       100 thousand and 1 million order lines
    make bench SIZE=10m              10 million too: takes half an hour and 10 GB the first time
    python -m tests.bench reruns     one part: importing, reruns, browser or crowd

SQLite always; PostgreSQL too where UTAMA_TEST_DATABASE_URL names a server. Stores are kept in BENCH_DIR
(/tmp/utama-bench) for the next run.
"""

from __future__ import annotations

import os
import sys

from tests.bench import browser, crowd, reruns, stores

_PARTS = ("importing", "reruns", "browser", "crowd")


def sizes() -> list[str]:
    asked = os.environ.get("SIZE", "1m").lower()
    known = list(stores.LINES)
    if asked not in known:
        sys.exit(f"SIZE is one of {', '.join(known)}, not {asked}.")
    return known[: known.index(asked) + 1]


def main() -> None:
    wanted = sys.argv[1:] or list(_PARTS)
    if not stores.POSTGRES:
        print("PostgreSQL is not measured: UTAMA_TEST_DATABASE_URL names no server.")
    for part in wanted:
        _run(part)


def _run(part: str) -> None:
    if part == "importing":
        from tests.bench import importing

        importing.main()
        return
    for size in sizes():
        for database in stores.databases():
            found = stores.store(size, database)
            title = f"{part}: {stores.LINES[size]:,} lines, {stores.ACCOUNTS:,} accounts, {database}"
            if part == "reruns":
                reruns.show(reruns.measure(found), f"{title}; milliseconds, median of {reruns.RERUNS}")
                reruns.show(reruns.measure(found, constants=True), f"{title}; the same from constants")
            elif part == "browser":
                browser.show(browser.measure(found), browser.measure(found, constants=True), title)
            elif part == "crowd":
                crowd.show(crowd.measure(found), f"{title}; milliseconds")
            else:
                sys.exit(f"{part} is no part: give some of {', '.join(_PARTS)}.")


if __name__ == "__main__":
    main()
