"""Server time of a rerun of each page: in all, in the store, and above the floors."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from pages.ui import navigation
from tests.bench.stores import Store
from tests.bench.visitors import Server, Visitor, served, tokens

RERUNS = 8
RERUNS_ANEW = 2
# A director of everything, one of some regions, and a manager of the demo company.
PEOPLE = {"director": "zulaikha", "regional": "rosalind", "manager": "kumar"}
ADMIN = "farah"
EMPTY = "empty_page"
# Reads every order line of a year when it is opened, and says so: once is enough.
ONCE = frozenset({"replay"})
# A page that shows different things is measured with each of them.
_VARIANTS = {
    "account": {"account": "account={account}"},
    "products": {"products": "", "product": "product={product}"},
    "revenue": {
        "revenue": "",
        "by product": "rows=product",
        "by category": "rows=category&columns=month",
        "by country": "rows=country",
    },
}


@dataclass(frozen=True)
class Rerun:
    """The median of some reruns of one page by one person; times in milliseconds.

    `anew` and `read` are of reruns right after a change of the store, when no kept answer helps.
    """

    page: str
    person: str
    wall: float
    cpu: float
    reading: float
    executing: float
    statements: float
    elements: int
    kilobytes: float
    exceptions: int
    anew: float  # wall
    read: float  # of that, in the store


def pages() -> list[tuple[str, str]]:
    """Every listed page by its address, and who opens it."""
    found = []
    for section, entries in navigation.SECTIONS.items():
        for entry in entries:
            if not entry.is_listed or not entry.path.exists() or section == "Bench":
                continue
            for_admin = entry.permission is not None and entry.permission.value.split(":")[0] in (
                "user",
                "setting",
            )
            found.append((entry.path.stem, ADMIN if for_admin else ""))
    return found


def measure(store: Store, *, constants: bool = False) -> list[Rerun]:
    """Every page as every person who may open it, and the empty page."""
    with served(store, constants=constants) as server:
        names = [*PEOPLE.values(), ADMIN]
        held = dict(zip(names, tokens(store, *names), strict=True))
        codes = _codes(store)
        found = []
        for page, only in [*pages(), (EMPTY, ADMIN)]:
            people = {"admin": only} if only else PEOPLE
            for name, asked in _VARIANTS.get(page, {page: ""}).items():
                for person, username in people.items():
                    query = asked.format_map(codes[person])
                    visit = _rerun(server, held[username], page, query)
                    found.append(replace(asyncio.run(visit), page=name, person=person))
        return found


async def _rerun(server: Server, token: str, page: str, query: str) -> Rerun:
    walls, counts, last = [], [], None
    anew, anew_counts = [], []
    async with Visitor(server.port, token) as visitor:
        server.counted()
        opened = await visitor.open(page, query)
        first = server.counted()
        await visitor.click(query)
        server.counted()
        for _turn in range(RERUNS):
            last = await visitor.click(query)
            walls.append(last.seconds * 1000)
            counts.append(server.counted())
        for _turn in range(0 if page in ONCE else RERUNS_ANEW):
            server.counted(forget=True)
            anew.append((await visitor.click(query)).seconds * 1000)
            anew_counts.append(server.counted())
    assert last is not None
    return Rerun(
        page,
        "",
        wall=median(walls),
        cpu=_middle(counts, "cpu"),
        reading=_middle(counts, "reading"),
        executing=_middle(counts, "executing"),
        statements=median(count["statements"] for count in counts),
        elements=last.elements,
        kilobytes=last.bytes / 1024,
        exceptions=len(last.exceptions),
        anew=median(anew) if anew else opened.seconds * 1000,
        read=_middle(anew_counts, "reading") if anew else first["reading"] * 1000,
    )


def _middle(counts: Sequence[dict[str, float]], name: str) -> float:
    return median(count[name] * 1000 for count in counts)


def _codes(store: Store) -> dict[str, dict[str, str]]:
    """For each person an account that they see, and for all the product that sells best."""
    from sqlalchemy import create_engine, text

    account = (
        "SELECT a.code FROM accounts a LEFT JOIN regions r ON r.id = a.region_id "
        "LEFT JOIN users u ON u.id = a.owner_id WHERE {condition} ORDER BY a.id LIMIT 1"
    )
    conditions = {
        "regional": "r.name IN ('Sabah', 'Sarawak', 'East Coast')",
        "manager": f"u.username = '{PEOPLE['manager']}'",
    }
    product = (
        "SELECT p.code FROM products p JOIN revenue_product_months m ON m.product_id = p.id "
        "GROUP BY p.code ORDER BY sum(m.net_amount) DESC LIMIT 1"
    )
    engine = create_engine(store.url)
    with engine.connect() as connection:
        best = connection.execute(text(product)).scalar_one()
        found = {
            person: {
                "account": connection.execute(
                    text(account.format(condition=conditions.get(person, "a.owner_id IS NOT NULL")))
                ).scalar_one(),
                "product": best,
            }
            for person in (*PEOPLE, "admin")
        }
    engine.dispose()
    return found


def show(rows: Sequence[Rerun], title: str) -> None:
    print(f"\n{title}\n")
    head = (
        "page",
        "person",
        "wall",
        "CPU",
        "store",
        "SQL",
        "SQLs",
        "elements",
        "kB",
        "errors",
        "anew",
        "read",
    )
    print("{:<14}{:<10}{:>8}{:>8}{:>8}{:>8}{:>6}{:>10}{:>8}{:>8}{:>8}{:>8}".format(*head))
    for row in rows:
        print(
            f"{row.page:<14}{row.person:<10}{row.wall:>8.1f}{row.cpu:>8.1f}{row.reading:>8.1f}"
            f"{row.executing:>8.1f}{row.statements:>6.0f}{row.elements:>10}{row.kilobytes:>8.0f}"
            f"{row.exceptions:>8}{row.anew:>8.1f}{row.read:>8.1f}"
        )
