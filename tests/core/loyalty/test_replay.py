from __future__ import annotations

import contextlib
import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import clock, db
from core.auth import OPERATOR
from core.errors import Conflict
from core.loyalty import members, postings, replay, runs, spec_documents
from core.models import Group, OrderLine
from core.periods import Period
from tests import factories
from tests.conftest import on_sqlite
from tests.core.loyalty.programmes import DOCUMENT, agrees, live, with_parts

FIRST = date(2025, 1, 1)
SPEC = with_parts(
    earning={
        "points_per": "0.7",
        "multipliers": [{"category": "Tea", "factor": "1.5"}],
        "campaigns": [{"name": "June", "factor": "2", "first_on": "2025-06-01", "last_on": "2025-06-30"}],
    },
    tiers={**DOCUMENT["tiers"], "window": "trailing_year", "grace_days": 10, "downgrade": "one_step"},
    expiry={"kind": "months", "months": 3},
)
LATER = with_parts(
    earning={"points_per": "1.1", "rounding": "half_up"}, expiry={"kind": "end_of_month", "months": 2}
)


class _Year:
    """365 days of orders, some of which come weeks late, are changed, brought back or struck out."""

    def __init__(self, session, monkeypatch, days):
        self.session, self.days, self.random = session, days, random.Random(20)
        self.today = FIRST
        monkeypatch.setattr(clock, "today", lambda: self.today)
        group = Group(code="G", name="Group")
        session.add(group)
        session.flush()
        self.accounts = [
            factories.account(session, None, code, group_id=group.id if code in "CD" else None)
            for code in "ABCD"
        ]
        self.goods = [
            factories.product(session, "P", category="Tea"),
            factories.product(session, "Q", category="Cup"),
        ]
        self.number = live(session, FIRST, SPEC)
        for account in self.accounts[:2]:
            members.enrol_account(session, OPERATOR, account.id, self.number, FIRST)
        members.enrol_group(session, OPERATOR, group.id, self.number, FIRST)
        self.orders = 0

    def live_through(self):
        for place in range(self.days):
            self.today = FIRST + timedelta(days=place)
            if place == 200:
                live(self.session, self.today, LATER, number=self.number)
            self._orders()
            if self.random.random() < 0.1:
                self._change()
            runs.run_all(self.session, OPERATOR, self.today)
            if self.random.random() < 0.15:
                self._redeem()

    def _orders(self):
        for _one in range(self.random.choice([0, 0, 1, 1, 2])):
            self.orders += 1
            late = self.random.choice([0, 0, 0, 0, 5, 40])
            on = max(FIRST, self.today - timedelta(days=late))
            back = self.random.random() < 0.12
            self._line(on, self.random.randint(1, 12) * (-1 if back else 1), 1)
            if not back and self.random.random() < 0.5:
                self._line(on, self.random.randint(1, 5), 2)

    def _line(self, on, quantity, line_no):
        if line_no == 1:
            self.account = self.random.choice(self.accounts)
        factories.line(
            self.session, self.account, self.random.choice(self.goods), on, quantity=str(quantity),
            list_price=str(self.random.choice(["9.99", "25", "12.345"])), order_no=f"S{self.orders}", line_no=line_no,
        )  # fmt: skip

    def _change(self):
        lines = list(self.session.query(OrderLine).where(OrderLine.quantity > 0))
        if lines:
            line = self.random.choice(lines)
            if self.random.random() < 0.4:
                self.session.delete(line)
            else:
                line.quantity += 1
                line.net_amount = round(line.quantity * line.net_price, 4)
            self.session.flush()

    def _redeem(self):
        account = self.random.choice(self.accounts)
        self.orders += 1
        with contextlib.suppress(Conflict):
            postings.redeem_points(
                self.session,
                OPERATOR,
                account.id,
                Decimal(self.random.randint(1, 90)),
                "gift",
                key=f"g{self.orders}",
            )


def test_replaying_the_live_versions_gives_the_ledger_of_365_daily_runs(sqlite_store, monkeypatch):
    with db.write() as session:
        year = _Year(session, monkeypatch, 365)
        year.live_through()

        again = replay.of_programme(session, OPERATOR, year.number)
        kept = replay.kept_lines(session, OPERATOR, year.number)

        assert again.differences == ()
        assert sorted(again.lines, key=_key) == sorted(kept, key=_key)
        assert len(again.lines) > 250
        assert {line.source.split(":")[0] for line in kept} == {"order", "return", "lapse"}
        assert agrees(session)


def _key(line):
    return line.account_id, line.source


def test_a_fortnight_of_daily_runs_on_both_databases(session, monkeypatch):
    year = _Year(session, monkeypatch, 14)
    year.live_through()

    again = replay.of_programme(session, OPERATOR, year.number)

    assert again.differences == ()
    assert sorted(again.lines, key=_key) == sorted(
        replay.kept_lines(session, OPERATOR, year.number), key=_key
    )


@pytest.fixture
def orders(session, kam):
    """A buys 300, 400 and 600, B 480, C brings back half of what it bought."""
    goods = factories.product(session, "P")
    bought = {
        "A": [("2026-01-10", 300), ("2026-02-10", 400), ("2026-03-10", 600)],
        "B": [("2026-02-01", 240), ("2026-03-01", 240)],
        "C": [("2026-02-01", 100), ("2026-02-20", -50)],
    }
    for code, rows in bought.items():
        account = factories.account(session, kam, code)
        for on, amount in rows:
            factories.line(
                session, account, goods, date.fromisoformat(on), quantity=str(amount), list_price="1"
            )


def test_a_draft_is_tried_on_real_orders(session, orders):
    spec = spec_documents.parse(DOCUMENT)

    found = replay.replay(session, OPERATOR, spec, Period(date(2026, 1, 1), date(2026, 4, 1)))

    a, b, c = found.landed
    assert (a.issued, a.loyalty_tier, a.orders) == (1600, "Gold", 3)
    assert (b.issued, b.loyalty_tier, b.to_next) == (480, None, 20)
    assert b.is_one_order_away
    assert not c.is_one_order_away
    assert (c.issued, c.qualifying) == (50, 50)
    assert found.by_tier == {"": 2, "Silver": 0, "Gold": 1}
    # 2,130 points × 85 % × 0.01, and 2 % of 600 bought as Silver.
    assert found.liability == Decimal("18.1050")
    assert found.total("discount") == 12
    assert found.cost == Decimal("30.1050")
    assert found.margin_needed == Decimal("30.1050") / 1880


@on_sqlite
def test_winners_and_losers_of_two_drafts(session, orders):
    period = Period(date(2026, 1, 1), date(2026, 4, 1))
    plain = {**DOCUMENT, "tiers": {}}
    now = replay.replay(
        session, OPERATOR, spec_documents.parse({**plain, "earning": {"points_per": "1"}}), period
    )
    then = replay.replay(session, OPERATOR, spec_documents.parse(DOCUMENT), period)

    rows = replay.compare(now, then)

    assert [(row.code, row.difference) for row in rows] == [("A", Decimal("14.55")), ("B", 0), ("C", 0)]


@on_sqlite
def test_a_replay_shows_who_may_see_what(session, orders, other_kam):
    spec = spec_documents.parse(DOCUMENT)

    assert replay.replay(session, other_kam, spec, Period(date(2026, 1, 1), date(2026, 4, 1))).landed == ()
