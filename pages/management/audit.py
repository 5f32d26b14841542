"""Audit: who changed or exported what and when, what stood before, and the way back to it."""

import streamlit as st

from core import audit, db
from core.language import _
from core.vocabulary import Permission
from pages.ui import audit_parts, gate

actor = gate.require(Permission.AUDIT_READ)

ROWS = 200  # a page

st.title(_("Audit"))

with db.read() as session:
    people, actions = audit.choices(session, actor)

who, what, since, until = st.columns(4)
with who:
    username = st.selectbox(
        _("Who"), people, index=None, key="who", bind="query-params", placeholder=_("Everybody")
    )
with what:
    action = st.selectbox(
        _("What"),
        actions,
        index=None,
        key="what",
        bind="query-params",
        placeholder=_("Everything"),
        format_func=audit_parts.action_name,
    )
with since:
    first = st.date_input(_("From"), None, key="from", bind="query-params", format="DD/MM/YYYY")
with until:
    last = st.date_input(_("To"), None, key="to", bind="query-params", format="DD/MM/YYYY")
search, pager = st.columns([5, 1])
with search:
    text = st.text_input(
        _("Search"),
        key="text",
        bind="query-params",
        placeholder=_("Account, product or person"),
        label_visibility="collapsed",
    )
with pager:
    page = st.number_input(
        _("Page"), 1, 100_000, 1, key="page", bind="query-params", label_visibility="collapsed"
    )

with db.read() as session:
    entries = audit.search(
        session,
        actor,
        username=username,
        action=action,
        since=audit_parts.start_of(first),
        until=audit_parts.start_of(last, days_later=1),
        text=text or "",
        limit=ROWS,
        offset=(int(page) - 1) * ROWS,
    )

if not entries.rows:
    st.info(_("Nothing recorded fits. Widen the filters above."))
    st.stop()

picked = st.dataframe(
    audit_parts.frame(entries.rows),
    hide_index=True,
    on_select="rerun",
    selection_mode="single-row",
    key="entries",
    column_config={_("When"): st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")},
    alt=_("What was changed, newest first"),
)
more = _("More on the next page.") if entries.has_more else ""
st.caption(_("Choose a row to see the values before and after.") + " " + more)
for place in picked.selection.rows:
    if place < len(entries.rows):
        audit_parts.show_entry(actor, entries.rows[place])
