"""Today: which accounts need attention, ranked by the money at stake, and what to do about each."""

import streamlit as st

from core import attention, db, portfolio, settings
from core.language import _, ngettext
from core.vocabulary import Permission
from pages.ui import answers, filters, formats, gate, portfolio_parts, today_parts

actor = gate.require(Permission.REVENUE_READ)

with db.read() as session:
    decided = settings.get(session)
    ask = answers.asker(session, actor)
    day = ask(portfolio.as_of)
    choices = ask(portfolio.choices)

left, right = st.columns([3, 2], vertical_alignment="bottom")
if day is None:
    left.title(_("Today"))
    portfolio_parts.no_orders(actor)
    st.stop()

with right, st.container(horizontal=True, horizontal_alignment="right"):
    chosen = filters.accounts(choices)
with db.read() as session:
    found = answers.asker(session, actor)(attention.today, chosen.accounts, day=day)
with left:
    st.title(_("Today"))
    count = found.account_count
    text = ngettext("{count} account needs attention", "{count} accounts need attention", count)
    st.caption(f"{text.format(count=formats.number(count))} · {formats.day(day)}")

today_parts.figures(found, decided.base_currency)
if not found.groups:
    today_parts.nothing()
today_parts.groups(actor, found, decided.base_currency)
today_parts.decided(actor, found, decided.base_currency)
