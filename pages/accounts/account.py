"""Account: who it is, how it stands, what it buys at which price, its orders and who changed what."""

import streamlit as st

from core import (
    account_mergers,
    account_story,
    accounts,
    attention,
    causes,
    clock,
    db,
    health,
    portfolio,
    settings,
)
from core.errors import NotFound
from core.filters import AccountFilter
from core.language import _
from core.vocabulary import Permission
from pages.ui import (
    account_parts,
    account_tabs,
    answers,
    cause_parts,
    cause_words,
    drill,
    filters,
    gate,
    health_parts,
    merge_parts,
    portfolio_parts,
    tiles,
)
from pages.ui.forms import plain

actor = gate.require(Permission.REVENUE_READ)
code = st.query_params.get("account")

with db.read() as session:
    decided = settings.get(session)
    ask = answers.asker(session, actor)
    day = ask(portfolio.as_of)
    names = ask(accounts.names)
    try:
        account = ask(accounts.get_by_code, code) if code else None
    except NotFound:
        account = None

currency = decided.base_currency
left, right = st.columns(2, vertical_alignment="bottom")

if account is None:
    left.title(_("Account"))
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        account_parts.choose(names, None)
    if code:
        account_parts.missing()
    elif names:
        st.info(_("Choose an account above to see how it stands."))
    else:
        portfolio_parts.no_orders(actor)
    st.stop()

with right, st.container(horizontal_alignment="right"):
    with st.container(horizontal=True, horizontal_alignment="right"):
        account_parts.choose(names, account.code)
        account_parts.edit(actor, account)
        why = st.container(width="content")
    period = filters.period(day or clock.today(), decided.fiscal_year_month)
with left:
    st.title(plain(account.name))
    st.caption(
        f"{plain(account.code)} · {account_parts.status(account)} · {filters.sentence(period, day)}"
        if day
        else f"{plain(account.code)} · {account_parts.status(account)}"
    )

only = AccountFilter(account_ids=frozenset({account.id}))
with db.read() as session:
    ask = answers.asker(session, actor)
    board = ask(portfolio.board, period, only, day=day)
    story = ask(account_story.story, account.id, period)
    waiting = ask(attention.today, only, day=day)
    scored = ask(health.scores, only, day=day)
    said = ask(causes.search, only)
    mergers = ask(account_mergers.list_mergers, account.id)

with why:
    cause_parts.button(actor, account, period, waiting, currency)
health_parts.badge(scored, account.id)
account_parts.who(account, decided)
merge_parts.merged_from(actor, mergers)
if not story.products and not any(row.net or row.year_ago for row in board.months):
    st.info(_("This account has no orders in this period, nor in those it is compared with."))
else:
    account_parts.attention(waiting, currency)
    tiles.row(story.tiles, currency=currency, asked=drill.asked(period, only, day, of_products=True))
    left, right = st.columns([3, 2])
    with left, st.container(border=True, height="stretch"):
        portfolio_parts.months(board, currency, cause_words.by_month(said, currency))
    with right, st.container(border=True, height="stretch"):
        account_parts.product_mix(story.products, currency)

account_tabs.show(actor, account_tabs.View(account, only, period, day, currency, tuple(story.products)))
