"""Dialogs: what opens above a page, for whoever is signed in at that moment and in their language.

Each click inside a dialog runs its content alone, without the frame that settles who asks: so it is settled here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, Literal, ParamSpec

import streamlit as st

from core.auth import Actor
from pages.ui import form_memory, gate

Given = ParamSpec("Given")


def show(
    title: str,
    content: Callable[Concatenate[Actor, Given], Any],
    *given: Given.args,
    **named: Given.kwargs,
) -> None:
    """Open a wide dialog whose content is drawn by a function that takes the actor first."""
    _open(title, "large", content, *given, **named)


def ask(
    title: str,
    content: Callable[Concatenate[Actor, Given], Any],
    *given: Given.args,
    **named: Given.kwargs,
) -> None:
    """Open a narrow dialog: one question, a short form."""
    _open(title, "small", content, *given, **named)


def repeated(
    seconds: int,
    content: Callable[Concatenate[Actor, Given], Any],
    *given: Given.args,
    **named: Given.kwargs,
) -> None:
    """Draw a part of the page anew every few seconds, the rest untouched, for whoever is signed in then."""

    @st.fragment(run_every=seconds)
    def drawn() -> None:
        content(gate.require(), *given, **named)

    drawn()


def _open(title: str, width: Literal["small", "large"], content: Any, *given: Any, **named: Any) -> None:
    @st.dialog(title, width=width)
    def opened() -> None:
        with form_memory.in_dialog():
            content(gate.require(), *given, **named)

    form_memory.forget_dialogs()
    opened()
