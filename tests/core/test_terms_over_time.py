"""Terms driven through thousands of random insertions, corrections, splits and expiries, against a naive model.

The model keeps every sentence that was ever said and looks for the answer by going through all of them: it knows
neither `superseded_at` nor lanes, so that nothing of the code under test is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from core import db, entitlements, term_versions
from core.auth import OPERATOR
from core.entitlements import Asked
from core.errors import Conflict
from core.pricing import Days
from core.term_drafts import Scope, TermDraft
from core.term_versions import Recording
from core.vocabulary import TermKind, TermStatus
from tests import factories

FIRST = date(2026, 1, 1)
DAYS, KNOWN = 12, 8  # how many days something may hold on, and on how many days it may become known


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def moment(number: int) -> datetime:
    return datetime.combine(date(2025, 6, 1) + timedelta(days=number), time(), UTC)


@dataclass(frozen=True)
class Said:
    """What somebody said on a day: this is the price from a day until before another."""

    known: int
    begins: int
    ends: int | None
    least: int
    price: int

    def holds(self, on: int) -> bool:
        return self.begins <= on and (self.ends is None or on < self.ends)


class Model:
    """All that was said, in the order in which it was said."""

    def __init__(self) -> None:
        self.said: list[Said] = []

    def believed(self, known: int) -> list[Said]:
        """Of what begins on one day at one quantity the last word by then, later words of one day over earlier."""
        last: dict[tuple[int, int], Said] = {}
        for one in sorted((one for one in self.said if one.known <= known), key=lambda one: one.known):
            last[one.least, one.begins] = one
        return list(last.values())

    def contradicts_itself(self) -> bool:
        for known in range(KNOWN):
            for on in range(self.last_day + 1):
                held = [one.least for one in self.believed(known) if one.holds(on)]
                if len(held) != len(set(held)):
                    return True
        return False

    @property
    def last_day(self) -> int:
        """From here on nothing changes any more."""
        return max((max(one.begins, one.ends or 0) for one in self.said), default=0)

    def price(self, on: int, known: int, quantity: int) -> int | None:
        held = [one for one in self.believed(known) if one.holds(on) and one.least <= quantity]
        return max(held, key=lambda one: one.least).price if held else None


begins, lengths = st.integers(0, DAYS - 1), st.none() | st.integers(1, 5)
knowns, leasts, prices = st.integers(0, KNOWN - 1), st.sampled_from([0, 10]), st.integers(1, 99)


class TermsOverTime(RuleBasedStateMachine):
    """Each run has a product of its own in a store that all share."""

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        with db.write() as session:
            self.account_id = factories.account(session).id
            self.product_id = factories.product(session).id

    def _say(self, *said: Said) -> None:
        """All at once in the store and in the model; what contradicts itself must be refused, and nothing else."""
        before = list(self.model.said)
        self.model.said += sorted(said, key=lambda one: one.known)
        refused = self.model.contradicts_itself()
        if refused:
            self.model.said = before
        scope = Scope(account_id=self.account_id, product_id=self.product_id)
        recordings = [
            Recording(
                TermDraft(
                    scope, TermKind.SPECIAL_PRICE, Decimal(one.price), day(one.begins),
                    None if one.ends is None else day(one.ends), Decimal(one.least), status=TermStatus.APPROVED,
                ),
                moment(one.known),
            )
            for one in said
        ]  # fmt: skip
        try:
            with db.write() as session:
                term_versions.record_many(session, OPERATOR, recordings)
        except Conflict:
            assert refused
        else:
            assert not refused

    @rule(known=knowns, begin=begins, length=lengths, least=leasts, price=prices)
    def insert(self, known: int, begin: int, length: int | None, least: int, price: int) -> None:
        self._say(Said(known, begin, None if length is None else begin + length, least, price))

    @rule(data=st.data(), known=knowns, price=prices)
    def correct(self, data: st.DataObject, known: int, price: int) -> None:
        """Another price for the same days, known then."""
        if self.model.said:
            one = data.draw(st.sampled_from(self.model.said))
            self._say(Said(known, one.begins, one.ends, one.least, price))

    @rule(data=st.data(), known=knowns, at=st.integers(1, 5), price=prices)
    def split(self, data: st.DataObject, known: int, at: int, price: int) -> None:
        """The price changes on a day in between: the first part ends where the second begins, in one step."""
        if self.model.said:
            one = data.draw(st.sampled_from(self.model.said))
            turn = one.begins + at
            if one.ends is None or turn < one.ends:
                self._say(
                    Said(known, one.begins, turn, one.least, one.price),
                    Said(known, turn, one.ends, one.least, price),
                )

    @rule(data=st.data(), known=knowns, length=st.integers(1, 5))
    def expire(self, data: st.DataObject, known: int, length: int) -> None:
        if self.model.said:
            one = data.draw(st.sampled_from(self.model.said))
            self._say(Said(known, one.begins, one.begins + length, one.least, one.price))

    @rule(data=st.data(), known=knowns, step=st.integers(-3, 3))
    def shift_the_border(self, data: st.DataObject, known: int, step: int) -> None:
        """Two adjacent prices: the border between them moves; in between they overlap or leave a gap."""
        ends = {(one.least, one.begins): one for one in self.model.believed(known)}
        pairs = [
            (one, ends[one.least, one.ends])
            for one in ends.values()
            if one.ends is not None and (one.least, one.ends) in ends
        ]
        if not pairs:
            return
        first, second = data.draw(st.sampled_from(pairs))
        border = second.begins + step
        if not first.begins < border < (second.ends or border + 1):
            return
        parts = [Said(known, first.begins, border, first.least, first.price)]
        if border < second.begins:  # the second price begins earlier, and still goes on as it was
            parts.append(Said(known, border, second.begins, second.least, second.price))
        self._say(*parts)

    def teardown(self) -> None:
        """Every answer: each day and quantity, as known on each day."""
        if not hasattr(self, "model"):
            return
        asked = [(on, quantity) for on in range(self.model.last_day + 1) for quantity in (1, 10)]
        lines = [
            Asked(self.account_id, self.product_id, Decimal(quantity), Days(day(on)))
            for on, quantity in asked
        ]
        with db.read() as session:
            for known in range(KNOWN):
                found = entitlements.prices(session, OPERATOR, lines, known_at=moment(known))
                answers = [None if one.net_price is None else int(one.net_price) for one in found]
                assert answers == [self.model.price(on, known, quantity) for on, quantity in asked]


@pytest.mark.usefixtures("store")
def test_every_answer_on_both_clocks_is_that_of_all_that_was_ever_said():
    run_state_machine_as_test(
        TermsOverTime,
        settings=settings(
            max_examples=100, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
