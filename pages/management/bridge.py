"""Revenue bridge: what moved net revenue between any two periods, and who moved it."""

import streamlit as st

from core import bridge, db, portfolio, settings
from core.language import _
from core.vocabulary import Permission
from pages.ui import answers, bridge_parts, cause_parts, filters, formats, gate, portfolio_parts
from pages.ui.bridge_rows import Asked

actor = gate.require(Permission.REVENUE_READ)

with db.read() as session:
    decided = settings.get(session)
    ask = answers.asker(session, actor)
    day = ask(portfolio.as_of)
    choices = ask(portfolio.choices)

currency = decided.base_currency
left, right = st.columns([2, 3], vertical_alignment="bottom")
if day is None:
    left.title(_("Revenue bridge"))
    portfolio_parts.no_orders(actor)
    st.stop()

with right, st.container(horizontal_alignment="right"):
    period = filters.period(day, decided.fiscal_year_month)
    with st.container(horizontal=True, horizontal_alignment="right"):
        base, against = filters.base(period)
        chosen = filters.accounts(choices)
with left:
    st.title(_("Revenue bridge"))
    st.caption(
        _("{now} against {then} · as of {day}").format(
            now=formats.period(period), then=formats.period(base), day=formats.day(day)
        )
    )

with db.read() as session:
    ask = answers.asker(session, actor)
    board = ask(bridge.board, period, base, chosen.accounts)
    products = ask(bridge.by_product, period, base, chosen.accounts)

if not board.accounts:
    if chosen.is_narrow:
        portfolio_parts.nothing_fits(chosen)
    else:
        st.info(_("Nothing was sold in this period, nor in the one it is compared with."))
    st.stop()

left, right = st.columns(2)
with left, st.container(border=True, height="stretch"):
    bridge_parts.picture(board.total, currency, against=against)
with right, st.container(border=True, height="stretch"):
    bridge_parts.steps(board.total, currency)

with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.subheader(_("Who moved it"), width="content")
    with st.container(horizontal=True, width="content", vertical_alignment="center"):
        bridge_parts.method(board, currency)
        words = {"period": formats.period(period), "base": formats.period(base), **chosen.words}
        bridge_parts.export(board, products, actor, words)
by_account, by_product, by_cause = st.tabs(
    [_("By account"), _("By product"), _("Causes")], key="bridge_tab", on_change="rerun"
)
if by_account.open:
    with by_account:
        bridge_parts.movers(board.accounts, currency, "bridge_accounts")
if by_product.open:
    with by_product:
        bridge_parts.movers(products, currency, "bridge_products", of_products=True)
if by_cause.open:
    with by_cause:
        cause_parts.between(actor, period, base, chosen.accounts, currency)
bridge_parts.open_chosen(Asked(period, base, chosen.accounts), currency)
