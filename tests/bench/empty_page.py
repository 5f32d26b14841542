"""A page with a title only: the floor of every page."""

import streamlit as st

from pages.ui import gate

gate.require()
st.title("Empty")
