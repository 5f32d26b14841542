"""What core answered a moment ago, given again for as long as nothing in the store has changed.

    with db.read() as session:
        ask = answers.asker(session, actor)
        board = ask(portfolio.board, period, accounts, day=day)

Every change of the store is in the audit, so the hash of its last entry names a state of the whole store. An
answer is kept under that hash, the actor with everything that they may do, the day, and the question: nobody is
given another's answer, and nobody an old one. Answers are shared between runs, so they must not be changed.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar

from core import audit, clock, config
from core.auth import Actor

KEPT = 64  # answers; the portfolio of 2,000 accounts takes about four megabytes
LIFETIME = 300  # seconds: what somebody changed in the database by hand is seen at the latest then

Question = ParamSpec("Question")
Answer = TypeVar("Answer")

_lock = Lock()
_answers: OrderedDict[Any, tuple[float, Any]] = OrderedDict()


class Asker:
    """Asks functions of core that take a session and an actor first; `asker` makes it."""

    def __init__(self, session: Any, actor: Actor, state: str | None) -> None:
        self._session, self._actor = session, actor
        self._state = state

    def __call__(
        self,
        function: Callable[Concatenate[Any, Actor, Question], Answer],
        *arguments: Question.args,
        **named: Question.kwargs,
    ) -> Answer:
        if self._state is None:  # a store without a single entry says nothing about its state
            return function(self._session, self._actor, *arguments, **named)
        name = f"{function.__module__}.{function.__qualname__}"
        question = (name, arguments, tuple(sorted(named.items())))
        key = (config.load().store_url, self._state, clock.today(), self._actor, question)
        found, answer = _kept(key)
        if not found:
            answer = function(self._session, self._actor, *arguments, **named)
            _keep(key, answer)
        return answer  # type: ignore[no-any-return]


def asker(session: Any, actor: Actor) -> Asker:
    """Ask within this reading transaction, as this actor."""
    return Asker(session, actor, audit.state(session))


def forget() -> None:
    """Ask everything anew; for measurements."""
    with _lock:
        _answers.clear()


def _kept(key: Any) -> tuple[bool, Any]:
    with _lock:
        until, answer = _answers.get(key, (0.0, None))
        if until < time.monotonic():
            return False, None
        _answers.move_to_end(key)
        return True, answer


def _keep(key: Any, answer: Any) -> None:
    with _lock:
        _answers[key] = (time.monotonic() + LIFETIME, answer)
        while len(_answers) > KEPT:
            _answers.popitem(last=False)
