"""The tabs of the Price terms page: each drawn only while it is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.accounts import AccountDetail
from core.auth import Actor
from core.language import _
from core.term_calendar import Coming, Overview
from pages.ui import lint_parts, round_parts, term_diff_parts, term_parts
from pages.ui.term_words import Words


@dataclass(frozen=True)
class Shown:
    """What the page has read already."""

    found: Overview
    comes: Sequence[Coming]
    words: Words
    accounts: Mapping[str, str]  # names by code


def show(actor: Actor, account: AccountDetail | None, view: Shown) -> None:
    """Of one account its timeline and what differs between two moments too; of all the price rounds."""
    tabs = _of_all(actor, view) if account is None else _of_one(actor, account, view)
    shown = st.tabs(list(tabs), key="term_tab" if account else "term_tab_of_all", on_change="rerun")
    for draw, place in zip(tabs.values(), shown, strict=True):
        if place.open:
            with place:
                draw()


def _of_one(actor: Actor, account: AccountDetail, view: Shown) -> dict[str, Callable[[], None]]:
    return {
        _("Timeline"): lambda: term_parts.timeline(view.found, view.words, account.code),
        _changes(view): lambda: term_parts.calendar(view.comes, view.words, accounts={}),
        _("Then and now"): lambda: term_diff_parts.show(actor, account.id, view.words),
        _("To look at"): lambda: lint_parts.show(actor, account.id),
    }


def _of_all(actor: Actor, view: Shown) -> dict[str, Callable[[], None]]:
    return {
        _changes(view): lambda: term_parts.calendar(view.comes, view.words, accounts=view.accounts),
        _("To look at"): lambda: lint_parts.show(actor, None),
        _("Price rounds"): lambda: round_parts.show(actor, view.words.currency),
    }


def _changes(view: Shown) -> str:
    return _("Coming changes ({count})").format(count=len(view.comes))
