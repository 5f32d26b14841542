"""Portfolio: how accounts stand against last year, the period before and target, and which need attention."""

import streamlit as st

from core import clock, db, portfolio, portfolio_tiles, settings
from core.language import _, ngettext
from core.vocabulary import Permission, Structure
from pages.ui import (
    answers,
    asking,
    drill,
    figure_tabs,
    filters,
    formats,
    gate,
    health_parts,
    portfolio_parts,
    structure_parts,
    tiles,
)

actor = gate.require(Permission.REVENUE_READ)
portfolio_parts.open_group()

with db.read() as session:
    decided = settings.get(session)
    ask = answers.asker(session, actor)
    day = ask(portfolio.as_of)
    choices = ask(portfolio.choices)

currency = decided.base_currency

if day is None:
    st.title(_("Portfolio"))
    portfolio_parts.no_orders(actor)
    st.stop()

left, right = st.columns([2, 3], vertical_alignment="bottom")
with right, st.container(horizontal_alignment="right"):
    period = filters.period(day, decided.fiscal_year_month)
    with st.container(horizontal=True, horizontal_alignment="right"):
        chosen = filters.accounts(choices)

# Without a filter by owner, segment … every account counts with all of its months.
asks = chosen.accounts.asks_for_structure
structure = structure_parts.choose(actor, period.shifted(-12)) if asks else Structure.TODAY
asked = drill.asked(period, chosen.accounts, day, structure=structure)
with db.read() as session:
    ask = answers.asker(session, actor)
    overview = ask(portfolio_tiles.overview, period, chosen.accounts, day=day, **asked.more)
board = overview.board

with left:
    st.title(_("Portfolio"))
    count = sum(1 for row in board.standings if not row.is_unassigned)
    number = ngettext("{count} account", "{count} accounts", count).format(count=formats.number(count))
    st.caption(f"{number} · {filters.sentence(period, day)}")
    if day < clock.today():
        st.caption(_("The newest order is of {day}: periods end there.").format(day=formats.day(day)))

if not board.standings:
    portfolio_parts.nothing_fits(chosen)
    st.stop()

tiles.row(overview.tiles, currency=currency, asked=asked)
portfolio_parts.pictures(board, currency)
figure_tabs.of_portfolio(actor, period, chosen.accounts, currency)
portfolio_parts.account_table(
    board,
    currency,
    actor,
    dict(chosen.words),
    health_parts.scorer(actor, chosen.accounts, day),
    asking.of(actor, day, board.standings, currency),
)
