"""Replay lab: what a version of a programme would have made of real orders, before it costs money."""

import streamlit as st

from core import db, portfolio, settings
from core.language import _
from core.vocabulary import Permission
from pages.ui import answers, formats, gate, navigation, portfolio_parts, replay_parts, replay_scenarios

actor = gate.require(Permission.LOYALTY_DESIGN)

with db.read() as session:
    currency = settings.get(session).base_currency
    day = answers.asker(session, actor)(portfolio.as_of)
versions = replay_parts.versions_of(actor)

st.title(_("Replay lab"))
if not versions:
    st.info(_("There is no programme to try yet."))
    if st.button(_("Design a programme"), type="primary"):
        st.switch_page(navigation.PAGES / "commercial/programmes.py")
    st.stop()
if day is None:
    portfolio_parts.no_orders(actor)
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    asked = replay_parts.question(versions)
    replay_scenarios.keep_button(asked)
with st.spinner(_("The orders of the period are replayed …")):
    found = replay_parts.answer(actor, asked, versions)
held = replay_parts.live(versions, asked)
st.caption(
    _("{period}, every account as if the programme had begun with it; in force: {name}").format(
        period=formats.period(asked.period), name=replay_parts.name(held) if held else _("none")
    )
)
if not found.then.landed:
    st.info(_("None of your accounts ordered in this period: choose another one above."))
    st.stop()
replay_parts.tiles(found, currency)
replay_parts.paying(actor, found, currency)
replay_parts.pictures(found, currency)

labels = [_("Accounts"), _("One order away"), _("Sensitivity"), _("Scenarios")]
landed, near, sensitive, scenarios = st.tabs(labels, key="replay_tab", on_change="rerun")
if landed.open:
    with landed:
        replay_parts.landed(found, currency)
if near.open:
    with near:
        replay_parts.near(found, currency)
if sensitive.open:
    with sensitive:
        replay_parts.sensitivity(actor, found, currency)
if scenarios.open:
    with scenarios:
        replay_scenarios.side_by_side(actor, found, versions, currency)
if held is not None:
    replay_parts.matches(held)
