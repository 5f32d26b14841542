"""Competitors: where margin is under threat and by what evidence; one competitor, or two beside each other."""

import streamlit as st

from core import (
    competitor_claims,
    competitors,
    db,
    portfolio,
    presences,
    settings,
    threats,
)
from core.errors import NotFound
from core.filters import AccountFilter
from core.language import _
from core.vocabulary import Permission
from pages.ui import (
    answers,
    competitor_form,
    competitor_parts,
    competitor_view,
    filters,
    gate,
    quick_note,
)
from pages.ui.forms import plain

actor = gate.require(Permission.COMPETITOR_READ)
key, beside = st.query_params.get("competitor", ""), st.query_params.get("beside", "")

with db.read() as session:
    decided = settings.get(session)
    ask = answers.asker(session, actor)
    choices = ask(portfolio.choices)
    known = {row.id: row.name for row in ask(competitors.search, with_inactive=True)}
    try:
        one = ask(competitors.get, int(key)) if key.isdecimal() and int(key) in known else None
        other = (
            ask(competitors.get, int(beside)) if one and beside.isdecimal() and int(beside) in known else None
        )
    except NotFound:
        one = other = None

currency = decided.base_currency
left, right = st.columns([2, 3], vertical_alignment="bottom")
with right, st.container(horizontal=True, horizontal_alignment="right"):
    chosen = filters.accounts(choices)
    if one is None:
        competitor_form.new_button(actor)
    else:
        competitor_form.edit_button(actor, one)

if one is not None:
    with left:
        if st.button(_("All competitors"), icon=":material/arrow_back:", type="tertiary"):
            st.query_params.clear()
            st.rerun()
        st.title(plain(one.name))
    others = {number: name for number, name in known.items() if number != one.id}
    now = other.id if other is not None else None
    with right:
        wanted = st.selectbox(
            _("Beside"), list(others), index=list(others).index(now) if now in others else None,
            format_func=others.__getitem__, placeholder=_("Compare with …"), key=f"beside_{one.id}",
        )  # fmt: skip
    if wanted != now:
        st.query_params.from_dict({"competitor": key, **({"beside": str(wanted)} if wanted else {})})
        st.rerun()
    if other is None:
        competitor_view.show(actor, one, chosen.accounts, currency)
    else:
        competitor_view.compare(actor, (one, other), chosen.accounts, currency)
    st.stop()

with left:
    st.title(_("Competitors"))
    st.caption(plain(filters.said(chosen)) or _("All accounts that you see, and the market."))
if key:
    st.info(_("There is no such competitor. Choose one below."))
quick_note.box(actor, None, currency)

only: AccountFilter = chosen.accounts
with db.read() as session:
    ask = answers.asker(session, actor)
    board = ask(threats.board, only)
    rows = ask(competitor_claims.search)
    there = ask(presences.search, only)
    ending = ask(presences.search, only, ends_within=decided.contract_end_days)
competitor_parts.figures(board, rows, ending, decided.contract_end_days, currency)

competitor_parts.tabs(actor, board, rows, only, there, currency)
