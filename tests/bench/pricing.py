"""How many order lines a second the terms price: all lines of a store, up to some hundred thousand, at once.

`python -m tests.bench.pricing` prices the store of UTAMA_DATABASE_URL. Measured is from the lines as they are asked for
to all their prices, with terms and list prices read in between, on one core.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from sqlalchemy import select

from core import config, db, entitlements
from core.auth import OPERATOR
from core.entitlements import Asked
from core.models import OrderLine
from core.pricing import Days
from tests.bench.stores import Store

LINES = 300_000


@dataclass(frozen=True)
class Priced:
    """Lines priced at once, and how long that took."""

    lines: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Lines a second of the core that it ran on."""
        return self.lines / self.cpu


def price_all() -> Priced:
    columns = (OrderLine.account_id, OrderLine.product_id, OrderLine.quantity, OrderLine.ordered_on,
               OrderLine.delivered_on, OrderLine.invoiced_on)  # fmt: skip
    with db.read() as session:
        rows = session.execute(select(*columns).where(OrderLine.quantity > 0).limit(LINES)).all()
        started, worked = time.monotonic(), time.process_time()
        lines = [Asked(row[0], row[1], row[2], Days(*row[3:])) for row in rows]
        found = entitlements.prices(session, OPERATOR, lines)
        return Priced(len(found), time.monotonic() - started, time.process_time() - worked)


def measure(store: Store) -> Priced:
    """In a process of its own, on this store."""
    command = [sys.executable, "-m", "tests.bench.pricing", "--json"]
    done = subprocess.run(
        command, check=True, env=store.environment(), cwd=config.ROOT, capture_output=True, text=True
    )
    return Priced(**json.loads(done.stdout.splitlines()[-1]))


def show(found: Priced, title: str) -> None:
    print(
        f"\n{title}: {found.lines:,} lines in {found.seconds:.1f} s, {found.rate:,.0f} a second of one core"
    )


if __name__ == "__main__":
    outcome = price_all()
    if "--json" in sys.argv:
        print(json.dumps(asdict(outcome)))
    else:
        show(outcome, "pricing")
