"""My profile: password, language, and the browsers somebody is signed in with."""

import streamlit as st

from core import credentials, db, sessions, settings, users
from core.language import LANGUAGES, _
from pages.ui import formats, forms, gate
from pages.ui.forms import plain

actor = gate.require()
session_id = gate.session_id()

with db.read() as session:
    open_sessions = sessions.search(session, actor, session_id)
    spoken = settings.get(session).languages

st.title(_("My profile"))
st.caption(f"{plain(actor.name)} · {plain(actor.username)}")

left, right = st.columns(2, gap="large")

with left:
    st.subheader(_("Password"))
    with forms.form("password") as form:
        old = form.password("old", _("Current password"))
        new = form.password("new", _("New password"), new=True, help=_("At least 12 characters."))
        again = form.password("again", _("The same again"), new=True)
        submitted = form.submit(_("Change password"))
    if submitted and forms.same(form, new, again):
        with form.saving(_("Password changed. Every other session ended.")) as session:
            credentials.change_password(session, actor, old, new, session_id=session_id)

with right:
    st.subheader(_("Language"))
    with forms.form("language") as form:
        offered = {code: name for code, name in LANGUAGES.items() if code in spoken}
        chosen = form.choice("language", _("Language"), offered, actor.language)
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Language saved.")) as session:
            users.choose_language(session, actor, chosen or "")

    st.subheader(_("Open sessions"))
    st.caption(_("A session ends after 30 minutes without a click, and after 12 hours in any case."))
    for row in open_sessions:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            device = plain(row.device) or _("Unknown browser")
            begun, seen = formats.moment(row.created_at), formats.moment(row.seen_at)
            st.markdown(
                _("{device}: since {begun}, last seen {seen}").format(device=device, begun=begun, seen=seen)
            )
            if row.is_current:
                st.badge(_("This one"))
                continue
            with forms.form(f"end-{row.id}", border=False) as form:
                submitted = form.submit(_("End"), type="secondary")
            if submitted:
                with form.saving(_("The session ended.")) as session:
                    sessions.end(session, actor, row.id)
