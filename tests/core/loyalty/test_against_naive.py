"""The ledger against a naive one, step by step: whatever people do in whatever order, both tell the same."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import clock, db
from core.auth import OPERATOR
from core.errors import Conflict
from core.loyalty import accruals, ledger, lots, members, postings
from core.loyalty.ledger import Draft
from core.loyalty.lots import NO_END, Movement
from core.loyalty.rules import SCALE
from core.loyalty_vocabulary import EntryKind
from core.models import LoyaltyLot, LoyaltyStanding
from tests import factories
from tests.core.loyalty.naive import Happened, NaiveLedger

FIRST = date(2025, 1, 1)
PURE, STEPS = 40_000, {"sqlite": 2_000, "postgresql": 600}
LIFE = 40  # steps of one member


def test_lots_of_forty_thousand_steps_are_those_of_the_naive_ledger():
    chance = random.Random(7)
    steps = 0
    while steps < PURE:
        naive, movements, day = NaiveLedger(), [], FIRST
        for place in range(LIFE):
            steps += 1
            day += timedelta(days=chance.choice([0, 0, 1, 9, 40]))
            one = _drawn(chance, day, f"k{place}")
            if not naive.can(one):
                continue
            naive.add(one)
            movements.append(_movement(one, place))
            told, found = naive.tell(day), lots.fold(movements, day.toordinal())
            assert (found.active(day.toordinal()), found.redeemed, found.expired) == (
                told.active * SCALE,
                told.redeemed * SCALE,
                told.expired * SCALE,
            )
            assert found.balance == sum(lot.remaining for lot in found.lots.values())
            assert found.uncovered == 0


def _drawn(chance: random.Random, day: date, key: str) -> Happened:
    kind = chance.random()
    if kind < 0.5:
        last = chance.choice([None, day, day + timedelta(days=chance.randint(1, 90))])
        return Happened(day, chance.randint(1, 100), key, last)
    return Happened(day, -chance.randint(1, 120), key, spends=kind < 0.85)


def _movement(one: Happened, seq: int) -> Movement:
    kind = EntryKind.EARN if one.points >= 0 else EntryKind.REDEEM if one.spends else EntryKind.ADJUST
    last = NO_END if one.expires_on is None else one.expires_on.toordinal()
    return Movement(one.key, 1, kind, one.on.toordinal(), one.points * SCALE, expires=last, seq=seq)


class _Story:
    """One member's life in a store; committed now and then, and sometimes lost half way."""

    def __init__(self, chance: random.Random, name: str, monkeypatch) -> None:
        self.chance, self.name, self.day = chance, name, FIRST
        self.naive, self.sure = NaiveLedger(), NaiveLedger()
        monkeypatch.setattr(clock, "today", lambda: self.day)
        with db.write() as session:
            account = factories.account(session, None, name)
            self.account_id, self.member_id = account.id, members.own_member(session, account.id).id

    def live(self) -> None:
        for start in range(0, LIFE, 10):
            try:
                with db.write() as session:
                    for place in range(start, start + 10):
                        self._step(session, f"{self.name}-{place}")
                        self._compare(session)
                    if self.chance.random() < 0.15:
                        raise _Crash
            except _Crash:
                self.naive = NaiveLedger(list(self.sure.events))
                db.reset()  # a new process opens the store
            self.sure = NaiveLedger(list(self.naive.events))
            with db.write() as session:
                accruals.bring_up_to_date(session, OPERATOR, [self.member_id], self.day)
                self._compare(session)
        if self.chance.random() < 0.1:
            self._pair()

    def _step(self, session, key: str) -> None:
        self.day += timedelta(days=self.chance.choice([0, 0, 0, 1, 9, 40]))
        drawn = self.chance.random()
        spent = [one.key for one in self.naive.events if one.spends]
        if drawn < 0.08:
            pass  # only the daily job
        elif drawn < 0.14 and spent:
            self._take_back(session, self.chance.choice(spent))
        elif drawn < 0.20 and self.naive.events:
            assert self._book(session, self.naive.events[0]) is False  # the same key again
        else:
            one = _drawn(self.chance, self.day, key)
            allowed = self.naive.can(one)
            assert self._book(session, one) is allowed
            if allowed:
                self.naive.add(one)
                return
        accruals.bring_up_to_date(session, OPERATOR, [self.member_id], self.day)

    def _book(self, session, one: Happened) -> bool:
        if ledger.known_keys(session, [one.key]):
            return False
        movement = _movement(one, 0)
        draft = Draft(
            self.account_id,
            movement.kind,
            movement.points,
            one.on,
            one.key,
            one.key,
            expires_on=one.expires_on,
        )
        try:
            postings.book(session, OPERATOR, ledger.hold(session, self.member_id), None, [draft])
        except Conflict:
            return False
        return True

    def _take_back(self, session, key: str) -> None:
        postings.take_back(session, OPERATOR, self.account_id, key, "a mistake")
        self.naive.forget(key)

    def _pair(self) -> None:
        """Two redemptions of more than half of the points at once: one of them finds too little."""
        active = self.naive.tell(self.day).active
        if active < 2:
            return
        rows = [Happened(self.day, -(active // 2 + 1), f"{self.name}-{one}", spends=True) for one in "ab"]

        def spend(one: Happened) -> bool:
            with db.write() as session:
                return self._book(session, one)

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(spend, rows))
        assert sorted(done) == [False, True]
        self.naive.add(rows[done.index(True)])
        with db.read() as session:
            self._compare(session)

    def _compare(self, session) -> None:
        told = self.naive.tell(self.day)
        row = session.execute(
            select(
                LoyaltyStanding.active,
                LoyaltyStanding.redeemed,
                LoyaltyStanding.expired,
                LoyaltyStanding.owed,
            ).where(LoyaltyStanding.member_id == self.member_id)
        ).first()
        assert tuple(row or (0, 0, 0, 0)) == (told.active, told.redeemed, told.expired, 0)
        if self.chance.random() < 0.2:
            left = LoyaltyLot.points - LoyaltyLot.redeemed - LoyaltyLot.expired - LoyaltyLot.taken
            lots_left = sum(
                session.scalars(select(left).where(LoyaltyLot.member_id == self.member_id)), Decimal(0)
            )
            kept = ledger.entries(session, [self.member_id])[self.member_id]
            booked = sum(one.movement.points for one in kept)
            assert booked == told.active * SCALE
            assert lots_left in (told.active, told.active * SCALE)


class _Crash(Exception):
    """The process ends before the transaction does."""


def test_whatever_people_do_the_ledger_tells_what_the_naive_one_tells(store, monkeypatch):
    chance = random.Random(11)
    for place in range(STEPS[store] // LIFE):
        _Story(chance, f"M{place}", monkeypatch).live()


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_steps_of_one_day_makes_no_difference_to_what_is_left(seed):
    chance = random.Random(seed)
    earned = [Happened(FIRST, chance.randint(1, 50), f"e{place}") for place in range(10)]
    movements = [_movement(one, place) for place, one in enumerate(earned)]
    chance.shuffle(movements)

    found = lots.fold(movements, FIRST.toordinal())

    assert found.balance == sum(one.points for one in earned) * SCALE
