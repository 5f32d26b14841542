"""What core answered a moment ago, given again for as long as nothing in the store has changed.

    with db.read() as session:
        ask = answers.asker(session, actor)
        board = ask(portfolio.board, period, accounts, day=day)

Every change of the store is in the audit, so the hash of its last entry names a state of the whole store. An
answer is kept with that hash under the actor with everything that they may do, the day, and the question: nobody is
given another's answer, and nobody an old one. `audit.unmoved_by` says which changes leave a function's answers as
they are. Answers are shared between runs, so they must not be changed.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar

from core import audit, clock, config, db, language
from core.auth import Actor

KEPT = 128  # answers; the portfolio of 2,000 accounts takes about four megabytes
LIFETIME = 300  # seconds: what somebody changed in the database by hand is seen at the latest then
SLOW = 0.1  # seconds from which an answer is worth finding again before somebody asks

Question = ParamSpec("Question")
Answer = TypeVar("Answer")


@dataclass
class _Kept:
    """An answer, the state of the store that it is of, and how to find it again."""

    state: str
    answer: Any
    until: float
    took: float  # seconds
    asked_at: float
    asked: _Asked


@dataclass(frozen=True)
class _Asked:
    actor: Actor
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    named: tuple[tuple[str, Any], ...]

    @property
    def key(self) -> Any:
        name = f"{self.function.__module__}.{self.function.__qualname__}"
        return config.load().store_url, clock.today(), self.actor, name, self.arguments, self.named

    def answer(self, session: Any) -> Any:
        return self.function(session, self.actor, *self.arguments, **dict(self.named))


_lock = Lock()
_answers: OrderedDict[Any, _Kept] = OrderedDict()
_states: OrderedDict[Any, str | None] = OrderedDict()  # by store, head of the audit and the entities left out


class Asker:
    """Asks functions of core that take a session and an actor first; `asker` makes it."""

    def __init__(self, session: Any, actor: Actor) -> None:
        self._session, self._actor = session, actor
        self._head: str | None = None

    def __call__(
        self,
        function: Callable[Concatenate[Any, Actor, Question], Answer],
        *arguments: Question.args,
        **named: Question.kwargs,
    ) -> Answer:
        asked = _Asked(self._actor, function, arguments, tuple(sorted(named.items())))
        state = self._state(function)
        if state is None:  # a store without a single entry says nothing about its state
            return asked.answer(self._session)  # type: ignore[no-any-return]
        kept = _kept(asked.key, state)
        if kept is None:
            kept = _ask(self._session, asked, state, time.monotonic())
        return kept.answer  # type: ignore[no-any-return]

    def _state(self, function: Callable[..., Any]) -> str | None:
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
        head = audit.last_hash(session)
        for kept in recent:
            state = _state(session, head, audit.unmoved(kept.asked.function))
            if state is not None and state != kept.state:
                language.use(kept.asked.actor.language)
                try:
                    _ask(session, kept.asked, state, kept.asked_at)
                except Exception:
                    _drop(kept.asked)  # or it would be asked, and fail, for ever
                    raise
                return time.monotonic() - started
    return 0.0


def _state(session: Any, head: str | None, unmoved: frozenset[str]) -> str | None:
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


def _drop(asked: _Asked) -> None:
    with _lock:
        _answers.pop(asked.key, None)


def _ask(session: Any, asked: _Asked, state: str, asked_at: float) -> _Kept:
    started = time.monotonic()
    answer = asked.answer(session)
    now = time.monotonic()
    kept = _Kept(state, answer, now + LIFETIME, now - started, asked_at, asked)
    with _lock:
        _answers[asked.key] = kept
        while len(_answers) > KEPT:
            _answers.popitem(last=False)
    return kept


def _kept(key: Any, state: str) -> _Kept | None:
    now = time.monotonic()
    with _lock:
        kept = _answers.get(key)
        if kept is None or kept.state != state or kept.until < now:
            return None
        kept.asked_at = now
        _answers.move_to_end(key)
        return kept
