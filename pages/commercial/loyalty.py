"""Loyalty: who holds which tier and is moving where, what to tell whom, which points lapse, and what they will cost."""

import streamlit as st

from core import clock, db, portfolio, settings
from core.language import _
from core.loyalty import programmes, status
from core.vocabulary import Permission
from pages.ui import answers, filters, formats, gate, loyalty_overview, loyalty_tabs

actor = gate.require(Permission.LOYALTY_READ)

with db.read() as session:
    currency = settings.get(session).base_currency
    ask = answers.asker(session, actor)
    choices = ask(portfolio.choices)
    rows = ask(status.search)
    versions = ask(programmes.search)

left, right = st.columns([2, 3], vertical_alignment="bottom")
with left:
    st.title(_("Loyalty"))
with right, st.container(horizontal=True, horizontal_alignment="right"):
    chosen = filters.accounts(choices)
left.caption(
    " · ".join([*loyalty_overview.names(versions), _("as of {day}").format(day=formats.day(clock.today()))])
)
loyalty_overview.requests(actor)
if not rows:
    loyalty_overview.nobody(actor, versions)
    st.stop()

found = loyalty_overview.read(actor, chosen.accounts)
if not found.rows:
    st.info(_("No account that these filters leave has points or takes part in a programme."))
    st.button(_("Clear filters"), on_click=filters.clear, type="primary", key="clear_all")
    st.stop()
loyalty_overview.tiles(found, currency)
loyalty_overview.pictures(found)
loyalty_tabs.show(found, currency)
