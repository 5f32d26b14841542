"""How fast half a million order lines come in, how much memory that takes, and how long others wait.

`python -m tests.bench.importing [FILE.csv]` makes a file of 541,909 lines itself, or takes one with the
columns order_no, ordered_on, account, product, quantity and unit_price. It uses the store of
UTAMA_DATABASE_URL, which has to be empty, or a new SQLite file.
"""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

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


def main() -> None:
    folder = tempfile.TemporaryDirectory()
    os.environ.setdefault("UTAMA_DATA_DIR", folder.name)
    from core import db, importing, schema
    from core.auth import OPERATOR
    from core.vocabulary import BatchKind

    schema.upgrade()
    data = Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else make_file()
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
    lines = outcome.check.accepted
    print(f"store          {db.engine().dialect.name}")
    print(f"lines          {lines:,} in {outcome.seconds:.1f} s: {lines / outcome.seconds:,.0f} a second")
    print(f"peak memory    {peak_megabytes():,.0f} MB")
    print(f"longest wait   {max(waits):.1f} s for somebody else who saves ({len(waits)} saved meanwhile)")
    again = importing.apply(OPERATOR, BatchKind.ORDERS, upload, options)
    print(f"the same again {again.seconds:.1f} s, {again.check.unchanged:,} unchanged")
    importing.discard(upload)


if __name__ == "__main__":
    main()
