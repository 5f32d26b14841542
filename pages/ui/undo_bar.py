"""What was saved last, said once, and the bar that offers to take it back."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import db
from core.errors import AlreadyDone, UtamaError
from core.language import _
from pages.ui import form_memory, gate
from pages.ui.form_memory import Offer
from pages.ui.forms import plain


def show_flash() -> None:
    """Say what was left to say; the frame calls it once a run."""
    message = st.session_state.get(form_memory.FLASH)
    if message:
        st.toast(plain(message), icon=":material/check_circle:")
        del st.session_state[form_memory.FLASH]  # once it is said: a click may end the run before


def show_undo() -> None:
    """Offer to take back what was saved last; the frame calls it once a run."""
    offer: Offer | None = st.session_state.get(form_memory.UNDO)
    if offer is None:
        return
    if offer.is_taken:  # the run that took it back was cut off
        _taken()
    with st.bottom, st.container(key="undo_bar", horizontal=True, vertical_alignment="center"):
        st.markdown(plain(offer.message), width="stretch")
        wanted = st.button(_("Undo"), key=f"undo_{offer.nonce}", icon=":material/undo:")
        closed = st.button(
            "", key=f"keep_{offer.nonce}", icon=":material/close:", type="tertiary", help=_("Close")
        )
        place = st.container()
    if closed:
        form_memory.forget("undo")
        st.rerun()
    if wanted:
        _take_back(offer, place)


def _take_back(offer: Offer, place: DeltaGenerator) -> None:
    actor = gate.require()
    try:
        with db.write(once=offer.nonce, actor_name=actor.username) as session:
            offer.undo(session, actor)
    except AlreadyDone:
        pass  # the second of two clicks
    except UtamaError as error:
        place.error(plain(_("It cannot be undone: {reason}").format(reason=error.message)))
        return
    offer.is_taken = True
    _taken()


def _taken() -> None:
    form_memory.flash(_("Undone."))
    form_memory.forget()  # forms that are open show what is stored again
    st.rerun()
