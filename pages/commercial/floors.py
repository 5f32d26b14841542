"""Floor prices: below which net price nothing is sold, since when, and what comes."""

import streamlit as st

from core import db, floors, settings
from core.language import _
from core.vocabulary import BatchKind, Permission
from pages.ui import answers, floor_form, floor_parts, gate, grant_files

actor = gate.require(Permission.COST_READ)

with db.read() as session:
    currency = settings.get(session).base_currency
    rows = answers.asker(session, actor)(floors.search)

left, right = st.columns([3, 2], vertical_alignment="bottom")
with left:
    st.title(_("Floor prices"))
    st.caption(_("The least net price. Only who may see cost sees it; others read “below the floor price”."))
with right, st.container(horizontal=True, horizontal_alignment="right"):
    floor_form.add(actor)
    if rows:
        said = _("All floor prices, those that come too. “Data & import” reads each of them back.")
        grant_files.download(actor, BatchKind.FLOORS, said)

floor_parts.order()
if not rows:
    st.info(
        _("No floor price is recorded: no term is refused for being low."),
        icon=":material/vertical_align_bottom:",
    )
    st.stop()
floor_parts.table(rows, currency)
