"""Price rounds: what was announced to whom, what each account answered, and what its orders show of it."""

import streamlit as st

from core import db, settings
from core.language import _
from core.vocabulary import Permission
from pages.ui import gate, round_parts

actor = gate.require(Permission.TERM_READ)

with db.read() as session:
    currency = settings.get(session).base_currency

st.title(_("Price rounds"))
st.caption(_("Who pays more from when on, who has accepted, and what of it is in the orders?"))
round_parts.show(actor, currency)
