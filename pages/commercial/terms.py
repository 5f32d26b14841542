"""Price terms: what an account was granted over time, what comes, what differs between two moments; and editing it."""

import streamlit as st

from core import accounts, clock, db, settings, term_calendar
from core.errors import NotFound
from core.language import _
from core.periods import add_months
from core.vocabulary import Permission
from pages.ui import (
    account_parts,
    answers,
    approval_words,
    formats,
    gate,
    portfolio_parts,
    price_list_parts,
    term_copy,
    term_form,
    term_grid,
    term_parts,
    term_tabs,
)
from pages.ui.forms import plain
from pages.ui.term_tabs import Shown
from pages.ui.term_words import Words

actor = gate.require(Permission.TERM_READ)
code = st.query_params.get("account")

with db.read() as session:
    currency = settings.get(session).base_currency
    ask = answers.asker(session, actor)
    names = ask(accounts.names)
    try:
        account = ask(accounts.get_by_code, code) if code else None
    except NotFound:
        account = None

left, right = st.columns([2, 3], vertical_alignment="bottom")
with left:
    st.title(_("Price terms"))
    st.caption(
        _("What was granted, until when, and what comes.")
        if account is None
        else f"{plain(account.name)} · {plain(account.code)}"
    )
with right, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom"):
    account_parts.choose(names, account.code if account else None)
    known_on = st.date_input(
        _("As known on"), None, key="known", bind="query-params", format="DD/MM/YYYY", max_value=clock.today(),
        help=_("Empty: as known now. What was recorded later is left out."), width=150,
    )  # fmt: skip
if not names:
    portfolio_parts.no_orders(actor)
    st.stop()
if code and account is None:
    st.info(_("There is no such account. Choose one above."))

with db.read() as session:
    ask = answers.asker(session, actor)
    found = ask(term_calendar.overview, account.id if account else None, known_on=known_on)
    late = ask(term_calendar.due_after_end, account.id) if account else []
words = Words(approval_words.names(actor), currency)
until = add_months(found.day, 12)
comes = term_calendar.coming(found.rows, found.day, until)

if account is not None and known_on is None:
    with st.container(horizontal=True):
        term_form.button(actor, account, currency)
        term_grid.button(actor, account, words)
        term_copy.button(actor, account, words)
        price_list_parts.download(actor, account)
term_parts.figures(found)
if known_on is not None:
    st.caption(_("As it was known on {day}: nothing can be changed here.").format(day=formats.day(known_on)))

if account is None:
    term_parts.nothing_chosen()
term_parts.overdue(late)
term_tabs.show(actor, account, Shown(found, comes, words, names))
if account is not None:
    term_parts.follow_address(found, words, account.code)
