"""What forms remember between two runs of a page, and what a saving leaves to be said and offered.

A second click, or a click elsewhere, ends a run wherever it next touches the session's state or draws: perhaps just
after a change was committed. So a saving first notes what it did in the form's own memory, a plain dict that no click
can come between; whatever is left to say and to offer is finished by the same run, or by the next one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.auth import Actor

Undo = Callable[[Any, Actor], object]  # takes a change back, given a writing transaction and who asks

PREFIX = "form:"
FLASH = "flash"
UNDO = f"{PREFIX}undo"  # forgotten when another page is opened, like all that forms remember
_in_dialog: ContextVar[bool] = ContextVar("in_dialog", default=False)


@dataclass(frozen=True)
class Saved:
    """What a form has done: the message, how it is taken back, and what follows."""

    message: str
    undo: Undo | None = None
    then: Callable[[], None] | None = None


@dataclass
class Offer:
    """What was saved last, and how to take it back."""

    message: str
    undo: Undo
    nonce: str
    is_taken: bool = False


def of(key: str) -> dict[str, Any]:
    """What the form of this key remembers; always the same dict until it is forgotten."""
    memory: dict[str, Any] = st.session_state.setdefault(f"{PREFIX}{key}", {})
    memory.setdefault("nonce", secrets.token_urlsafe(12))
    memory.setdefault("in_dialog", _in_dialog.get())
    return memory


def finish(key: str) -> bool:
    """Leave what a saving has to say and to offer for the next run, and forget the form; False: it saved nothing.

    Cut off half way, it begins again in the next run.
    """
    memory = of(key)
    saved: Saved | None = memory.get("saved")
    if saved is None:
        return False
    flash(saved.message)
    if saved.undo is not None:
        st.session_state[UNDO] = Offer(saved.message, saved.undo, secrets.token_urlsafe(12))
    else:
        forget("undo")
    memory.clear()  # the form starts anew; a nonce that has saved must never meet another saving
    if saved.then is not None:
        saved.then()
    return True


def finish_all() -> None:
    """Finish the savings whose runs were cut off; the frame calls it once a run, before it says anything."""
    for name, memory in _memories():
        if memory.get("saved") is not None:
            finish(name.removeprefix(PREFIX))


def flash(message: str) -> None:
    """Say something after the next rerun, wherever it leads."""
    st.session_state[FLASH] = message


def open_page(name: str, page: str) -> None:
    """Forget what forms remembered on another page: it may be old by the time somebody comes back."""
    if st.session_state.get(name) == page:
        return
    for _name, memory in _memories():
        if (saved := memory.get("saved")) is not None:
            flash(saved.message)
    forget()
    st.session_state[name] = page


def note(name: str, value: Any) -> None:
    """Keep something on the screen until another page is opened: a code that is shown once."""
    st.session_state[f"{PREFIX}note:{name}"] = value


def noted(name: str) -> Any:
    return st.session_state.get(f"{PREFIX}note:{name}")


def forget_dialogs() -> None:
    """Forget the forms of dialogs: one that opens starts from what is stored now."""
    for name, memory in _memories():
        if memory.get("in_dialog"):
            del st.session_state[name]


@contextmanager
def in_dialog() -> Iterator[None]:
    """What is drawn inside belongs to a dialog."""
    mark = _in_dialog.set(True)
    try:
        yield
    finally:
        _in_dialog.reset(mark)


def forget(key: str | None = None) -> None:
    """Forget what forms remember: of one, or of all when another page is opened."""
    for name in list(st.session_state):
        if isinstance(name, str) and (name == f"{PREFIX}{key}" or (key is None and name.startswith(PREFIX))):
            del st.session_state[name]


def _memories() -> list[tuple[str, dict[str, Any]]]:
    names = [str(key) for key in st.session_state if str(key).startswith(PREFIX)]
    found = [(name, st.session_state[name]) for name in names]
    return [(name, memory) for name, memory in found if isinstance(memory, dict) and "nonce" in memory]
