"""Directors' KPIs: where the key-account business stands, why it moved, and which account to call about."""

import streamlit as st

from core import clock, db, portfolio, settings
from core.language import _
from core.vocabulary import Permission
from pages.ui import (
    answers,
    director_tabs,
    filters,
    formats,
    gate,
    kpi_parts,
    portfolio_parts,
    structure_parts,
)

actor = gate.require(Permission.REVENUE_READ)

with db.read() as session:
    decided = settings.get(session)
    ask = answers.asker(session, actor)
    day = ask(portfolio.as_of)
    choices = ask(portfolio.choices)

left, right = st.columns([2, 3], vertical_alignment="bottom")
if day is None:
    left.title(_("Directors' KPIs"))
    portfolio_parts.no_orders(actor)
    st.stop()

with right, st.container(horizontal_alignment="right"):
    period = filters.period(day, decided.fiscal_year_month)
    with st.container(horizontal=True, horizontal_alignment="right"):
        chosen = filters.accounts(choices)
        head = st.container(width="content")
with left:
    st.title(_("Directors' KPIs"))
    st.caption(filters.sentence(period, day))
    if day < clock.today():
        st.caption(_("The newest order is of {day}: periods end there.").format(day=formats.day(day)))

structure = structure_parts.choose(actor, min(period.previous(), period.shifted(-24)))
asked = kpi_parts.asked(
    period, chosen.accounts, day, decided.base_currency, words=chosen.words, structure=structure
)
director_tabs.show(actor, asked, head)
