"""How fast half a million order lines come in, how much memory that takes, and how long others wait.

`python -m tests.bench.importing [FILE.csv]` makes a file of 541,909 lines itself, or takes one with the
columns order_no, ordered_on, account, product, quantity and unit_price. It uses the store of
UTAMA_DATABASE_URL, which has to be empty, or a new SQLite file.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import stores

LINES = 541_909


def make_file() -> bytes:
    """Orders of the shape of a real wholesaler's: 25,900 orders, 4,372 accounts, 4,070 products."""
    dice = random.Random(2026)
    heads = [
        (
            f"{536_000 + n}",
            f"20{10 + n // 13_000}-{1 + n // 1_100 % 12:02d}-{1 + n % 28:02d} 08:26:00",
            12_000 + n % 4_372,
        )
        for n in range(25_900)
    ]
    text = io.StringIO()
    text.write("order_no,ordered_on,account,product,quantity,unit_price\n")
    for number in range(LINES):
        order_no, moment, account = heads[number * 25_900 // LINES]
        quantity = dice.choice((1, 2, 6, 12, 24, -1))
        text.write(
            f"{order_no},{moment},{account}.0,{20_000 + dice.randrange(4_070)},"
            f"{quantity},{dice.randrange(1, 2_000) / 100}\n"
        )
    return text.getvalue().encode()


def save_forms(stop: threading.Event, waits: list[float]) -> None:
    """Somebody else saves something small all the time; the longest wait is how long the store was locked."""
    from core import db, settings

    while not stop.is_set():
        started = time.monotonic()
        with db.write() as session:
            settings.put(session, {"bench": len(waits)})
        waits.append(time.monotonic() - started)
        time.sleep(0.05)


def peak_megabytes() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(frozen=True)
class Imported:
    """How an import of half a million lines went."""

    database: str
    lines: int
    seconds: float
    megabytes: float  # at its peak
    wait: float  # seconds: the longest that somebody else who saved meanwhile had to wait
    again: float  # seconds for the same file once more

    @property
    def rate(self) -> float:
        """Lines a second."""
        return self.lines / self.seconds


def measure(database: str) -> Imported:
    """In a process and an empty store of their own, so that memory and locks are the import's."""
    with tempfile.TemporaryDirectory() as folder:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("UTAMA_")}
        where = {"UTAMA_DATA_DIR": folder}
        if database == "postgresql":
            where["UTAMA_DATABASE_URL"] = stores.empty_database("utama_bench_import")
        command = [sys.executable, "-m", "tests.bench.importing", "--json"]
        done = subprocess.run(command, check=True, env=kept | where, capture_output=True, text=True)
    return Imported(**json.loads(done.stdout.splitlines()[-1]))


def show(found: Imported) -> None:
    print(f"\nimporting: {found.lines:,} lines, {found.database}\n")
    print(f"time           {found.seconds:.1f} s: {found.rate:,.0f} lines a second")
    print(f"peak memory    {found.megabytes:,.0f} MB")
    print(f"longest wait   {found.wait:.1f} s for somebody else who saves")
    print(f"the same again {found.again:.1f} s")


def main() -> None:
    as_json = "--json" in sys.argv
    files = [one for one in sys.argv[1:] if one != "--json"]
    folder = tempfile.TemporaryDirectory()
    os.environ.setdefault("UTAMA_DATA_DIR", folder.name)
    from core import db, importing, schema
    from core.auth import OPERATOR
    from core.vocabulary import BatchKind

    schema.upgrade()
    data = Path(files[0]).read_bytes() if files else make_file()
    upload = importing.receive(io.BytesIO(data), "bench.csv")
    del data
    options = importing.Options(
        columns=importing.explicit(BatchKind.ORDERS, upload, {}),
        missing_account="unassigned",
        create_missing=True,
    )
    stop, waits = threading.Event(), list[float]()
    others = threading.Thread(target=save_forms, args=(stop, waits))
    others.start()
    outcome = importing.apply(OPERATOR, BatchKind.ORDERS, upload, options)
    stop.set()
    others.join()
    again = importing.apply(OPERATOR, BatchKind.ORDERS, upload, options)
    found = Imported(
        db.engine().dialect.name,
        outcome.check.accepted,
        outcome.seconds,
        peak_megabytes(),
        max(waits),
        again.seconds,
    )
    if as_json:
        print(json.dumps(asdict(found)))
    else:
        show(found)
    importing.discard(upload)


if __name__ == "__main__":
    main()
