"""What was typed into the grid of targets and is not saved yet, kept for each year and choice of accounts.

The grid always stands on what the store holds now, for whoever looks at it now: an account that was taken away
goes, what somebody else saved is shown, and only what was typed here stays as it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from core.target_plans import Cell, Plan
from pages.ui.forms import Form

_PREFIX = "form:targets-draft/"  # forgotten with the page, like all that forms remember
Values = dict[Cell, Decimal | None]


@dataclass
class Draft:
    """One filling-in of the grid; once saved it starts anew."""

    nonce: str
    title: str
    ids: tuple[int, ...] = ()  # accounts as the grid on the screen has them, from above
    cells: Values = field(default_factory=dict)  # what the grid is drawn with instead of what is stored
    typed: Values = field(default_factory=dict)  # what differs from what is stored
    seen: Values = field(default_factory=dict)  # what stood there before it was typed
    shown: Values = field(default_factory=dict)  # what was stored when the grid was drawn last
    note: str = ""  # what is to be said of the last proposal
    number: int = 0  # of the grid: another one forgets what the browser holds of the one before

    def widget_key(self, form: Form) -> str:
        return f"{form.widget_key('grid')}/{self.number}"

    def propose(self, proposal: Mapping[Cell, Decimal | None]) -> None:
        """Put amounts into the grid, beside what was typed."""
        self.typed |= proposal
        self.cells = dict(self.typed)
        self.number += 1

    def read(self, plan: Plan, values: Mapping[Cell, Decimal | None]) -> Values:
        """Take over what stands in the grid; returns what differs from what is stored."""
        stored = plan.values()
        self.typed = {cell: value for cell, value in values.items() if value != stored[cell]}
        self.seen = {cell: self.seen.get(cell, self.shown.get(cell)) for cell in self.typed}
        self.shown = stored
        return self.typed


def of(name: str, title: str = "") -> Draft:
    """The draft of one year and choice of accounts."""
    nonce = Form(f"targets-{name}").nonce
    draft: Draft | None = st.session_state.get(_PREFIX + name)
    if draft is None or draft.nonce != nonce:
        draft = st.session_state[_PREFIX + name] = Draft(nonce, title)
    return draft


def ready(form: Form, draft: Draft, plan: Plan) -> None:
    """Make the draft fit the accounts of this moment, and bring back what was typed before another year was chosen."""
    ids = tuple(row.account_id for row in plan.rows)
    key = draft.widget_key(form)
    if not draft.ids:
        draft.shown = plan.values()
    elif key not in st.session_state:
        draft.propose({})
    elif ids != draft.ids:
        draft.typed |= _typed_meanwhile(st.session_state[key], draft.ids, plan.months)
        draft.propose({})
    draft.ids = ids
    stored = plan.values()
    draft.cells = {cell: value for cell, value in draft.cells.items() if cell in stored}
    draft.typed = {cell: value for cell, value in draft.typed.items() if cell in stored}


def _typed_meanwhile(state: Any, ids: tuple[int, ...], months: tuple[date, ...]) -> Values:
    """What the browser says was typed into the grid of these accounts."""
    names = {f"{month:%Y-%m}": month for month in months}
    return {
        (ids[int(place)], names[name]): None if value is None else Decimal(str(value))
        for place, row in state["edited_rows"].items()
        for name, value in row.items()
        if name in names
    }


def elsewhere(name: str) -> list[tuple[str, int]]:
    """Other years and choices with something typed and not saved: how they are called, and how many cells."""
    found = []
    for key in [str(one) for one in st.session_state if str(one).startswith(_PREFIX)]:
        draft: Draft = st.session_state[key]
        other = key.removeprefix(_PREFIX)
        if other != name and draft.typed and draft.nonce == Form(f"targets-{other}").nonce:
            found.append((draft.title, len(draft.typed)))
    return found
