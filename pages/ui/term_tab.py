"""Terms on Account: what is in force and what ends soon, with the way to all of it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import db, term_calendar
from core.accounts import AccountDetail
from core.auth import Actor
from core.language import _
from core.term_calendar import Phase
from core.terms import TermRow
from core.vocabulary import Permission
from pages.ui import answers, approval_words, formats, navigation, tables, term_parts, term_words
from pages.ui.forms import plain
from pages.ui.term_words import Words


def show(actor: Actor, account: AccountDetail, currency: str) -> None:
    """The figures, the terms that end soon in words, and those in force in a table."""
    if not actor.may(Permission.TERM_READ):
        st.info(_("Your role does not show price terms."))
        return
    with db.read() as session:
        found = answers.asker(session, actor)(term_calendar.overview, account.id)
    if st.button(_("Open in Price terms"), icon=":material/handshake:", key="open_terms"):
        st.switch_page(navigation.PAGES / "commercial/terms.py", query_params={"account": account.code})
    if not found.rows:
        st.info(_("Nothing was granted to this account: list prices hold."), icon=":material/handshake:")
        return
    words = Words(approval_words.names(actor), currency)
    term_parts.figures(found)
    _ending(term_calendar.ending(found.rows, found.day), words)
    _in_force([row for row in found.rows if found.phase(row) is Phase.IN_FORCE], words)


def _ending(rows: Sequence[TermRow], words: Words) -> None:
    for row in rows[:5]:
        text = _("{term}, {value}, ends {day} with nothing after it").format(
            term=words.title(row), value=words.value(row), day=formats.day(row.last_day)
        )
        st.markdown(f":material/event_busy: {plain(text)}")


def _in_force(rows: Sequence[TermRow], words: Words) -> None:
    if not rows:
        return
    st.markdown("**" + _("In force") + "**")
    frame = pd.DataFrame(
        {
            _("Goods"): [words.goods(row) for row in rows],
            _("Kind"): [words.kind(row) for row in rows],
            _("Value"): [words.value(row) for row in rows],
            _("Days"): [term_words.days(row) for row in rows],
            _("For whom"): [words.whom(row) for row in rows],
            _("Why"): [row.reason for row in rows],
        }
    )
    tables.plain_frame(frame, {}, key="terms_in_force", alt=_("Terms in force"))
