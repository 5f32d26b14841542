"""Orders & delivery: how well deliveries turn out, what is late or open, and every order down to its lines."""

import streamlit as st

from core import clock, db, delivery, portfolio, settings
from core.language import _
from core.revenue import Dimension
from core.vocabulary import Permission
from pages.ui import answers, delivery_parts, filters, gate, order_form, portfolio_parts

actor = gate.require(Permission.REVENUE_READ)

with db.read() as session:
    decided = settings.get(session)
    ask = answers.asker(session, actor)
    day = ask(portfolio.as_of)
    choices = ask(portfolio.choices)

currency = decided.base_currency
left, right = st.columns([2, 3], vertical_alignment="bottom")
if day is None:
    left.title(_("Orders & delivery"))
    order_form.button(actor)
    portfolio_parts.no_orders(actor)
    st.stop()

with right, st.container(horizontal_alignment="right"):
    period = filters.period(day, decided.fiscal_year_month)
    with st.container(horizontal=True, horizontal_alignment="right"):
        chosen = filters.accounts(choices)
        order_form.button(actor)
with left:
    st.title(_("Orders & delivery"))
    st.caption(filters.sentence(period, day))

with db.read() as session:
    ask = answers.asker(session, actor)
    now = ask(delivery.totals, period, chosen.accounts)
    year_ago = ask(delivery.totals, period.shifted(-12), chosen.accounts)
    waiting = ask(delivery.undelivered, chosen.accounts, day=clock.today())

delivery_parts.tiles(now, year_ago, waiting, currency)
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(delivery_parts.rule_said(decided.otif), width="stretch")
    if st.button(_("Formula"), type="tertiary", icon=":material/functions:", key="otif_formula"):
        delivery_parts.formula(decided.otif)

labels = [_("By account"), _("By product"), _("By month"), _("Late"), _("Open"), _("Missed"), _("Orders")]
tabs = st.tabs(labels, key="delivery_tab", on_change="rerun")
shown = next((place for place, tab in enumerate(tabs) if tab.open), 0)
with tabs[shown]:
    if shown < 3:
        dimension = (Dimension.ACCOUNT, Dimension.PRODUCT, Dimension.MONTH)[shown]
        delivery_parts.by_dimension(actor, period, chosen.accounts, dimension, currency)
    elif shown in {3, 4}:
        name, lines = ("late", delivery.late_lines) if shown == 3 else ("open", delivery.open_lines)
        with db.read() as session:
            ask = answers.asker(session, actor)
            found = ask(lines, chosen.accounts, day=clock.today(), limit=delivery_parts.LIMIT)
        delivery_parts.due_lines(found, actor, currency, name=name)
    elif shown == 5:
        with db.read() as session:
            ask = answers.asker(session, actor)
            missed = ask(delivery.misses, period, chosen.accounts, limit=delivery_parts.LIMIT)
        delivery_parts.due_lines(missed, actor, currency, name="missed")
    else:
        delivery_parts.orders_of(actor, period, chosen.accounts, currency)
