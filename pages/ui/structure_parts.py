"""The switch between today's structure and the one that was in force in each month, where there is a difference."""

from __future__ import annotations

import streamlit as st

from core import db, structures
from core.auth import Actor
from core.language import _, ngettext
from core.periods import Period
from core.vocabulary import Structure
from pages.ui import answers, formats

_KEY = "structure"
_THEN = "then"


def choose(actor: Actor, earliest: Period) -> Structure:
    """The switch and a sentence, only where a visible account changed since the first of the compared periods."""
    with db.read() as session:
        count = answers.asker(session, actor)(structures.moved, earliest)
    if not count:
        return Structure.TODAY
    if "as_reported" not in st.session_state:
        st.session_state["as_reported"] = st.query_params.get(_KEY) == _THEN

    def keep() -> None:
        if st.session_state["as_reported"]:
            st.query_params[_KEY] = _THEN
        else:
            st.query_params.pop(_KEY, None)

    with st.container(horizontal=True, vertical_alignment="center"):
        then = st.toggle(
            _("As reported then"),
            key="as_reported",
            on_change=keep,
            help=_(
                "On: each month counts for the owner, segment, group, region and tier that an account had then."
            ),
        )
        st.caption(_sentence(count, earliest, then=then), width="content")
    return Structure.THEN if then else Structure.TODAY


def _sentence(count: int, earliest: Period, *, then: bool) -> str:
    moved = ngettext(
        "{count} account changed owner, segment, group, region or tier since {month}",
        "{count} accounts changed owner, segment, group, region or tier since {month}",
        count,
    ).format(count=formats.number(count), month=formats.month(earliest.start))
    how = _("each month is shown as it was reported then") if then else _("all months are restated to today")
    return f"{moved}: {how}."
