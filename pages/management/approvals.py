"""Approvals: which terms wait for a decision, what each would cost, and how the others ended."""

import streamlit as st

from core import approvals, authority, db, settings
from core.language import _
from core.vocabulary import Permission, Role
from pages.ui import answers, approval_parts, approval_words, gate, limit_parts, submission_parts

actor = gate.require(Permission.TERM_WRITE)
decides = actor.may(Permission.TERM_APPROVE)

with db.read() as session:
    currency = settings.get(session).base_currency
    ask = answers.asker(session, actor)
    waiting = ask(approvals.waiting)
    drafts = ask(approvals.drafts)
    ended = ask(approvals.decided)
    asked = ask(approvals.decided, mine=True)
    limit = ask(authority.in_force).get(Role.DIRECTOR if decides else Role.MANAGER)

st.title(_("Approvals"))
st.caption(
    _(
        "What was asked for beyond somebody's authority, the most money first; money is discount a year, "
        "as reckoned when it was submitted."
    )
)

names = approval_words.names(actor)
queue = (_("Waiting ({count})").format(count=len(waiting)),) if decides else ()
titles = (*queue, _("My submissions"), _("Decided"), _("Limits"))
places = dict(zip(("waiting", "mine", "decided", "limits")[-len(titles) :], st.tabs(titles), strict=True))
if "waiting" in places:
    with places["waiting"]:
        approval_parts.queue(actor, waiting, ended, names, currency, limit.draft if limit else None)
with places["mine"]:
    submission_parts.mine(actor, waiting, drafts, asked, names, currency)
with places["decided"]:
    submission_parts.decided(ended, names, currency)
with places["limits"]:
    limit_parts.show(actor, currency)
