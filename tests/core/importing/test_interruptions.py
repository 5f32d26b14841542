"""A killed import leaves all or nothing, and people save while one runs."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import func, select

from core import audit, config, db, rollups
from core.audit import Subject
from core.auth import OPERATOR
from core.errors import UtamaError
from core.importing import booking
from core.models import Account, AuditEntry, ImportBatch, Order, OrderLine
from tests import factories
from tests.core.importing.bringing import everything, net, orders, undo

HEAD = "order_no,ordered_on,account,product,quantity,unit_price\n"
PROGRAM = """
import sys
from core import importing
from core.auth import OPERATOR
from core.importing import Options
from core.vocabulary import BatchKind
def told(stage, done, total):
    print(stage, flush=True)
upload = importing.receive(open(sys.argv[1], "rb"), "big.csv")
options = Options(columns=importing.explicit(BatchKind.ORDERS, upload, {}), create_missing=True)
print("done", importing.apply(OPERATOR, BatchKind.ORDERS, upload, options, told).batch_id, flush=True)
"""


def big(lines: int, seed: int = 1) -> str:
    dice = random.Random(seed)
    rows = (
        f"S{number // 8},2026-{1 + number % 12:02d}-05,"
        f"A{number % 40},P{dice.randrange(60)},{dice.randrange(1, 9)},2.5\n"
        for number in range(lines)
    )
    return HEAD + "".join(rows)


@pytest.mark.usefixtures("sqlite_store")
@pytest.mark.parametrize("moment", ["read", "check", "book", "sum", "late"])
def test_an_import_killed_at_any_moment_leaves_all_or_nothing(tmp_path, moment):
    path = tmp_path / "big.csv"
    path.write_text(big(30_000))
    orders(HEAD + "S0,2026-01-05,A0,P0,1,1\n")
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE, text=True, cwd=config.ROOT
    )
    assert child.stdout is not None
    for line in child.stdout:
        if line.strip() == ("sum" if moment == "late" else moment):
            break
    if moment == "late":
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    finished = "done" in child.stdout.read()
    child.wait()

    total = net()  # also compares every sum with the lines
    with db.read() as session:
        lines = session.scalar(select(func.count()).select_from(OrderLine))
        batches = session.scalar(select(func.count()).select_from(ImportBatch))
        assert audit.broken_at(session) is None
        heads = session.scalar(select(func.sum(Order.line_count)))
    assert (lines, batches) in [(1, 1), (30_000, 2)]
    assert heads == lines
    if finished:
        assert lines == 30_000
    elif lines == 1:
        assert total == 1


def save_for(seconds: float, account_id: int, waits: list[float], failures: list[Exception]) -> None:
    """What a form does, over and over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not failures:
        started = time.monotonic()
        try:
            with db.write() as session:
                account = session.get_one(Account, account_id)
                account.payment_days = (account.payment_days or 0) + 1
                session.flush()
                subject = Subject("account", str(account.id), account.name, account.id)
                audit.record(session, OPERATOR, "account:update", subject)
        except UtamaError as error:
            failures.append(error)
        waits.append(time.monotonic() - started)
        time.sleep(0.02)


@pytest.mark.usefixtures("store")
def test_forms_save_while_an_import_is_applied():
    with db.write() as session:
        account_id = factories.account(session, code="FORM").id
    waits: list[float] = []
    failures: list[Exception] = []
    form = threading.Thread(target=save_for, args=(6, account_id, waits, failures))
    form.start()

    outcome = orders(big(40_000))
    form.join()

    assert outcome.batch_id
    assert failures == []
    assert len(waits) > 5
    assert max(waits) < db.BUSY_TIMEOUT_MS / 1000
    with db.read() as session:
        account = session.get_one(Account, account_id)
        assert account.payment_days == len(waits)
        assert rollups.differences(session) == []
        assert audit.broken_at(session) is None


@pytest.mark.usefixtures("store")
def test_two_imports_of_the_same_file_at_once_book_it_once():
    outcomes = []
    text = big(4_000)
    workers = [threading.Thread(target=lambda: outcomes.append(orders(text))) for _worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(outcome.check.accepted for outcome in outcomes) == [0, 0, 4_000]
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(OrderLine)) == 4_000


@pytest.mark.usefixtures("store")
def test_a_very_large_file_is_applied_in_parts_of_whole_orders_under_one_batch(monkeypatch):
    orders(HEAD + "S1,2026-01-05,A1,P1,7,1\nOTHER,2026-01-05,A1,P1,1,1\n")
    before = everything()
    monkeypatch.setattr(booking, "PART_LINES", 300)

    outcome = orders(big(1_000))

    with db.read() as session:
        parts = session.scalars(select(AuditEntry.changes).where(AuditEntry.action == "import:apply")).all()
        assert [entry["part"][1] for entry in parts if "part" in entry] == ["1/4", "2/4", "3/4", "4/4"]
        assert session.scalar(select(func.count()).where(OrderLine.batch_id == outcome.batch_id)) == 1_000
    net()
    assert orders(big(1_000)).check.unchanged == 1_000
    undo(outcome.batch_id)
    assert everything() == before


@pytest.mark.usefixtures("store")
def test_a_large_file_stopped_between_two_parts_is_undone_or_goes_on(monkeypatch):
    monkeypatch.setattr(booking, "PART_LINES", 300)
    applied = booking.OrderBooking.apply

    def stopping(self, session, batch_id, moment, progress, part):
        if part == 2:
            raise KeyboardInterrupt
        return applied(self, session, batch_id, moment, progress, part)

    monkeypatch.setattr(booking.OrderBooking, "apply", stopping)
    with pytest.raises(KeyboardInterrupt):
        orders(big(1_000))
    monkeypatch.setattr(booking.OrderBooking, "apply", applied)
    net()

    again = orders(big(1_000))

    assert 500 < again.check.unchanged < 700
    with db.read() as session:
        first, second = session.scalars(select(ImportBatch.id).order_by(ImportBatch.id)).all()
        assert session.scalar(select(func.count()).select_from(OrderLine)) == 1_000
    undo(second)
    undo(first)
    assert everything()["order_lines"] == []
