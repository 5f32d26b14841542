"""What core answered a moment ago, given again for as long as nothing in the store has changed.

    with db.read() as session:
        ask = answers.asker(session, actor)
        board = ask(portfolio.board, period, accounts, day=day)

Every change of the store is in the audit, so the hash of its last entry names a state of the whole store. An
answer is kept with that hash under the actor with everything that they may do, the day, and the question: nobody is
given another's answer, and nobody an old one. `audit.unmoved_by` says which changes leave a function's answers as
they are. What an answer asks for through `core.parts` is kept in the same way; where an old answer stands account by
account (`parts.by_account`) and only some accounts were touched since, those alone are asked for again. Answers are
shared between runs, so they must not be changed.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from inspect import BoundArguments
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar

from core import audit, clock, config, db, language, parts
from core.audit import State
from core.auth import Actor

KEPT = 384  # answers; the portfolio of 2,000 accounts takes about four megabytes, which its parts share
KEPT_LARGE = 8  # of the pairs of account and product in two windows, some twenty megabytes each
LIFETIME = 300  # seconds: what somebody changed in the database by hand is seen at the latest then
SLOW = 0.1  # seconds from which an answer is worth finding again before somebody asks

Question = ParamSpec("Question")
Answer = TypeVar("Answer")


@dataclass
class _Kept:
    """An answer, the state of the store that it is of, and how to find it again."""

    state: State
    answer: Any
    until: float
    took: float  # seconds
    asked_at: float
    asked: _Asked


@dataclass(frozen=True)
class _Asked:
    actor: Actor
    function: Callable[..., Any]
    given: BoundArguments

    @property
    def key(self) -> Any:
        name = f"{self.function.__module__}.{self.function.__qualname__}"
        said = self.given.args, tuple(self.given.kwargs.items())
        return config.load().store_url, clock.today(), self.actor, name, said

    def answer(self, session: Any) -> Any:
        return self._ask(session, self.given)

    def joined(self, session: Any, kept: _Kept, touched: frozenset[int]) -> Any:
        """The old answer with these accounts in it as they are now; None where it has to be found anew."""
        narrowed, join = parts.narrowed(self.given, touched), parts.join_of(self.function)
        if narrowed is None:
            return kept.answer
        if join is None:
            return None
        with parts.kept_by(None):  # parts of a few accounts are of no use to anybody else
            return join(kept.answer, self._ask(session, narrowed), touched)

    def _ask(self, session: Any, given: BoundArguments) -> Any:
        return self.function(session, self.actor, *given.args[2:], **given.kwargs)


_lock = Lock()
_answers: OrderedDict[Any, _Kept] = OrderedDict()
# By store, head of the audit and the entities left out.
_states: OrderedDict[Any, State | None] = OrderedDict()


class Asker:
    """Asks functions of core that take a session and an actor first; `asker` makes it."""

    def __init__(self, session: Any, actor: Actor) -> None:
        self._session, self._actor = session, actor
        self._head: str | None = None
        self._touched: dict[tuple[State, frozenset[str]], frozenset[int] | None] = {}
        self._until = math.inf  # until when all that was asked for since then counts

    def __call__(
        self,
        function: Callable[Concatenate[Any, Actor, Question], Answer],
        *arguments: Question.args,
        **named: Question.kwargs,
    ) -> Answer:
        asked = _Asked(self._actor, function, parts.bound(function, *arguments, **named))
        state = self.state(function)
        if state is None:  # a store without a single entry says nothing about its state
            return asked.answer(self._session)  # type: ignore[no-any-return]
        kept = _kept(asked.key, state)
        if kept is None:
            kept = self.find(asked, state, time.monotonic())
        self._until = min(self._until, kept.until)
        return kept.answer  # type: ignore[no-any-return]

    def find(self, asked: _Asked, state: State, asked_at: float) -> _Kept:
        """Find an answer, of which an old one may have most, and keep it no longer than the oldest of its parts."""
        started = time.monotonic()
        with _lock:
            old = _answers.get(asked.key)
        kept = None if old is None or old.until < started else self._joined(asked, old, state, asked_at)
        if kept is None:
            before, self._until = self._until, started + LIFETIME
            with parts.kept_by(self):
                answer = asked.answer(self._session)
            kept = _Kept(state, answer, self._until, time.monotonic() - started, asked_at, asked)
            self._until = before
        with _lock:
            _answers[asked.key] = kept
            _let_go()
        return kept

    def _joined(self, asked: _Asked, old: _Kept, state: State, asked_at: float) -> _Kept | None:
        """The old answer with the accounts in it that were touched since; None where that does not do."""
        if not parts.stands_by_account(asked.function):
            return None
        key = old.state, audit.unmoved(asked.function)
        if key not in self._touched:
            self._touched[key] = audit.touched_since(self._session, *key)
        touched = self._touched[key]
        if touched is None:
            return None
        answer = asked.joined(self._session, old, touched)
        return None if answer is None else _Kept(state, answer, old.until, old.took, asked_at, asked)

    def state(self, function: Callable[..., Any]) -> State | None:
        if self._head is None:
            self._head = audit.last_hash(self._session)
        return _state(self._session, self._head, audit.unmoved(function))


def asker(session: Any, actor: Actor) -> Asker:
    """Ask within this reading transaction, as this actor."""
    return Asker(session, actor)


def forget() -> None:
    """Ask everything anew; for measurements."""
    with _lock:
        _answers.clear()
        _states.clear()


def renew(since: float) -> float:
    """Find one slow answer again that a change of the store made old, asked for after this moment.

    The last asked for comes first. Returns how many seconds it took; zero where none is old. Moments are those of
    `time.monotonic`.
    """
    with _lock:
        recent = [
            kept for kept in reversed(_answers.values()) if kept.asked_at >= since and kept.took >= SLOW
        ]
    if not recent:
        return 0.0
    started = time.monotonic()
    with db.read() as session:
        for kept in recent:
            ask = asker(session, kept.asked.actor)
            state = ask.state(kept.asked.function)
            if state is not None and state != kept.state:
                language.use(kept.asked.actor.language)
                try:
                    ask.find(kept.asked, state, kept.asked_at)
                except Exception:
                    _drop(kept.asked)  # or it would be asked, and fail, for ever
                    raise
                return time.monotonic() - started
    return 0.0


def _state(session: Any, head: str | None, unmoved: frozenset[str]) -> State | None:
    """The state for these entities; looked up once for a head of the audit, which every run reads."""
    if head is None:
        return None
    key = config.load().store_url, head, unmoved
    with _lock:
        if key in _states:
            return _states[key]
    state = audit.state(session, unmoved)
    with _lock:
        _states[key] = state
        while len(_states) > KEPT:
            _states.popitem(last=False)
    return state


def _let_go() -> None:
    """Forget what nobody asked for longest."""
    while len(_answers) > KEPT:
        _answers.popitem(last=False)
    large = [key for key, kept in _answers.items() if parts.is_large(kept.asked.function)]
    for key in large[:-KEPT_LARGE]:
        del _answers[key]


def _drop(asked: _Asked) -> None:
    with _lock:
        _answers.pop(asked.key, None)


def _kept(key: Any, state: State) -> _Kept | None:
    now = time.monotonic()
    with _lock:
        kept = _answers.get(key)
        if kept is None or kept.state != state or kept.until < now:
            return None
        kept.asked_at = now
        _answers.move_to_end(key)
        return kept
