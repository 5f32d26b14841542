"""The tabs of the Price terms page: each drawn only while it is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    every = {
        _("Timeline"): account and (lambda: term_parts.timeline(view.found, view.words, account.code)),
        changes: lambda: term_parts.calendar(
            view.comes, view.words, accounts={} if account else view.accounts
        ),
        _("Then and now"): account and (lambda: term_diff_parts.show(actor, account.id, view.words)),
        _("To look at"): lambda: lint_parts.show(actor, account.id if account else None),
    }
    tabs = {label: draw for label, draw in every.items() if draw}
    shown = st.tabs(list(tabs), key="term_tab" if account else "term_tab_of_all", on_change="rerun")
    for draw, place in zip(tabs.values(), shown, strict=True):
        if place.open:
            with place:
                draw()
