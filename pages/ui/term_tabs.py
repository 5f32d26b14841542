"""The tabs of the Price terms page: each drawn only while it is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.accounts import AccountDetail
from core.auth import Actor
from core.language import _
from core.term_calendar import Coming, Overview
from pages.ui import lint_parts, term_diff_parts, term_parts
from pages.ui.term_words import Words


@dataclass(frozen=True)
class Shown:
    """What the page has read already."""

    found: Overview
    comes: Sequence[Coming]
    words: Words
    accounts: Mapping[str, str]  # names by code


def show(actor: Actor, account: AccountDetail | None, view: Shown) -> None:
    """Of one account its timeline and what differs between two moments too."""
    changes = _("Coming changes ({count})").format(count=len(view.comes))
    tabs: dict[str, Callable[[], None]] = {}
    if account is not None:
        tabs[_("Timeline")] = partial(term_parts.timeline, view.found, view.words, account.code)
    tabs[changes] = partial(
        term_parts.calendar, view.comes, view.words, accounts={} if account else view.accounts
    )
    if account is not None:
        tabs[_("Then and now")] = partial(term_diff_parts.show, actor, account.id, view.words)
    tabs[_("To look at")] = partial(lint_parts.show, actor, account.id if account else None)
    shown = st.tabs(list(tabs), key="term_tab" if account else "term_tab_of_all", on_change="rerun")
    for draw, place in zip(tabs.values(), shown, strict=True):
        if place.open:
            with place:
                draw()
