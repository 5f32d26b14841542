"""Utama's server with a stopwatch in it: how long a rerun was in the store, how many statements, how much CPU.

`python -m tests.bench.server PORT [--constants]`. With `--constants` every answer of core is remembered, so that
pages draw the same elements from what amounts to constants: the floor that a page with a store is compared with.
`GET /bench` answers what was counted since the last time, as JSON; `GET /bench/forget` forgets kept answers.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FunctionType
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

import core
from core import db
from pages.ui import answers, navigation

EMPTY = Path(__file__).with_name("empty_page.py")


class Stopwatch:
    """Sums since the last reading, over all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = threading.local()
        self.clear()

    def clear(self) -> None:
        self.reading, self.executing, self.statements, self.cpu = 0.0, 0.0, 0, time.process_time()

    def read(self) -> dict[str, float]:
        with self._lock:
            found = {
                "reading": self.reading,
                "executing": self.executing,
                "statements": self.statements,
                "cpu": time.process_time() - self.cpu,
            }
            self.clear()
        return found

    @contextmanager
    def in_store(self) -> Iterator[None]:
        """Counts the outermost of nested readings."""
        depth = getattr(self._depth, "value", 0)
        self._depth.value = depth + 1
        started = time.perf_counter()
        try:
            yield
        finally:
            self._depth.value = depth
            if not depth:
                with self._lock:
                    self.reading += time.perf_counter() - started

    def before(self, *arguments: Any) -> None:
        arguments[4].bench_started = time.perf_counter()

    def after(self, *arguments: Any) -> None:
        with self._lock:
            self.executing += time.perf_counter() - arguments[4].bench_started
            self.statements += 1


def watch(stopwatch: Stopwatch) -> None:
    """Count every reading transaction from its begin to its end, and every statement in it."""
    real = db.read

    @contextmanager
    def read() -> Iterator[Any]:
        with stopwatch.in_store(), real() as session:
            yield session

    db.read = read
    event.listen(Engine, "before_cursor_execute", stopwatch.before)
    event.listen(Engine, "after_cursor_execute", stopwatch.after)


def remember_answers() -> None:
    """Let every function of core that takes a session answer from memory what it was asked before."""
    real, answers = db.read, dict[str, Any]()

    @contextmanager
    def read() -> Iterator[Any]:
        yield None

    for found in pkgutil.walk_packages(core.__path__, "core."):
        if ".commands" in found.name or ".models" in found.name or found.name == "core.__main__":
            continue
        module = importlib.import_module(found.name)
        for name, function in list(vars(module).items()):
            if isinstance(function, FunctionType) and function.__module__.startswith("core."):
                first = next(iter(inspect.signature(function).parameters), "")
                if first == "session" and not name.startswith("_"):
                    setattr(module, name, _remembering(function, real, answers))
    db.read = read


def _remembering(
    function: Callable[..., Any], real: Callable[[], Any], answers: dict[str, Any]
) -> Callable[..., Any]:
    @wraps(function)
    def answer(session: Any, *arguments: Any, **named: Any) -> Any:
        key = f"{function.__module__}.{function.__name__} {arguments!r} {named!r}"
        if key not in answers:
            if session is None:
                with real() as opened:
                    answers[key] = function(opened, *arguments, **named)
            else:
                answers[key] = function(session, *arguments, **named)
        return answers[key]

    return answer


def add_empty_page() -> None:
    """A page with a title and nothing else: what any page costs before it does anything."""
    entry = navigation.Entry(str(EMPTY), "Empty", ":material/check_box_outline_blank:")
    navigation.SECTIONS["Bench"] = (entry,)


def measured(app: Any, stopwatch: Stopwatch) -> Callable[..., Any]:
    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/bench"):
            await app(scope, receive, send)
            return
        if scope["path"] == "/bench/forget":
            answers.forget()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(stopwatch.read()).encode()})

    return answer


def main() -> None:
    import uvicorn

    from app import app

    stopwatch = Stopwatch()
    if "--constants" in sys.argv:
        remember_answers()
    else:
        watch(stopwatch)
    add_empty_page()
    port = int(sys.argv[1])
    uvicorn.run(
        measured(app, stopwatch), host="127.0.0.1", port=port, log_level="warning", ws_ping_interval=30
    )


if __name__ == "__main__":
    main()
