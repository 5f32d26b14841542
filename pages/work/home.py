"""The bare address: leads on to the first page that somebody may open."""

import streamlit as st

from pages.ui import gate, navigation

actor = gate.require()

st.switch_page(navigation.first_for(actor))
