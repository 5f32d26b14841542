"""Data & import: bring files into the store, see what each import did, and take one back."""

import streamlit as st

from core import db
from core import importing as imports
from core.language import _
from core.vocabulary import BatchKind, Permission
from pages.ui import gate, import_fields, import_history, importing

actor = gate.require(Permission.BATCH_READ)

st.title(_("Data & import"))
import_history.demo_note(actor)

if actor.may(Permission.DATA_IMPORT):
    state = importing.in_hand()
    with st.container(border=True):
        st.subheader(_("New import"))
        if state.applying is not None:
            importing.outcome(state)
        else:
            kinds = import_fields.kinds(actor)
            with st.container(
                horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
            ):
                kind: BatchKind = st.segmented_control(
                    _("What does the file bring?"),
                    list(kinds),
                    default=next(iter(kinds)),
                    format_func=kinds.__getitem__,
                    key="kind",
                    required=True,
                )
                import_fields.templates(kind)
            if not actor.sees_everything:
                st.caption(_("You import for your own accounts; rows of others are refused."))
            upload = importing.bring(state)
            matched = importing.columns(actor, state, kind, upload) if upload is not None else None
            if upload is not None and matched is not None:
                wanted = importing.options(actor, state, kind, matched)
                check = importing.checked(actor, state, kind, upload, wanted)
                if check is not None:
                    importing.verdict(actor, state, kind, check, wanted)

st.subheader(_("Imports so far"))
with db.read() as session:
    batches = imports.search(session, actor)

if not batches:
    st.info(_("Nothing was imported yet. The first file that you apply stands here, and can be undone."))
    st.stop()

chosen = import_history.choose(batches)
if chosen is None:
    st.caption(_("Choose a row to see what the import refused, or to undo it."))
    st.stop()

with db.read() as session:
    detail = imports.get(session, actor, chosen.id)
import_history.show(actor, detail)
