"""Programmes: design a loyalty programme by forms, from a draft to the version in force, with both of its clocks."""

import streamlit as st

from core import db
from core.language import _
from core.loyalty import programmes
from core.loyalty_vocabulary import ProgrammeStatus
from core.vocabulary import Permission
from pages.ui import gate, programme_parts

actor = gate.require(Permission.LOYALTY_DESIGN)

with db.read() as session:
    rows = programmes.search(session, actor)

left, right = st.columns([2, 3], vertical_alignment="bottom")
with left:
    st.title(_("Programmes"))
    st.caption(_("What earns, which tiers there are, what they give, and when points lapse."))
with right, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom"):
    chosen = programme_parts.choose(rows)
    known = programme_parts.known_on()

if chosen == programme_parts.NEW:
    if not rows:
        st.info(_("There is no programme yet. Write the first one here; nothing earns before it is live."))
    programme_parts.form_or_reading(actor, None, may_write=True)
    st.stop()

found = programme_parts.versions(actor, int(chosen), known)
current, held = programme_parts.shown(found), programme_parts.in_force(found)
if current is None:
    st.info(_("On that day nothing was known of this programme."))
    st.stop()

if known is None:
    programme_parts.steps(actor, current, held)
labels = [_("Design"), _("What changes"), _("Versions")]
design, changes, versions = st.tabs(labels, key="programme_tab", on_change="rerun")
if design.open:
    with design:
        if current.status is ProgrammeStatus.APPROVED:
            st.caption(_("Saving makes it a draft again, to be approved anew."))
        programme_parts.form_or_reading(actor, current, may_write=known is None)
if changes.open:
    with changes:
        if held is None or held.version == current.version:
            st.caption(_("There is no version in force that is being changed."))
        else:
            programme_parts.changes(held, current)
if versions.open:
    with versions:
        programme_parts.timeline(found)
