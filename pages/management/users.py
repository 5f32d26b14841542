"""Users: who may sign in, what they may do, and the code that gets somebody in again."""

import pandas as pd
import streamlit as st

from core import credentials, db, users
from core.language import _
from core.users import Created, UserDraft
from core.vocabulary import Permission
from pages.ui import form_memory, forms, gate, user_fields
from pages.ui.forms import plain

actor = gate.require(Permission.USER_WRITE)

st.title(_("Users"))
text = st.text_input(
    _("Search"),
    key="search",
    placeholder=_("Name, user name or e-mail"),
    label_visibility="collapsed",
    bind="query-params",
)

with db.read() as session:
    rows = users.search(session, actor, text or "")
    regions = users.regions(session, actor)

handed = form_memory.noted("code")
if handed:
    st.success(
        _("The one-time code of {name}. Hand it over now: it is shown only here, and good for a day.").format(
            name=plain(handed[0])
        )
    )
    st.code(handed[1], language=None)

picked = st.dataframe(
    pd.DataFrame([user_fields.line(row, regions) for row in rows], columns=user_fields.columns()),
    hide_index=True,
    row_height=38,
    height="content" if len(rows) <= 25 else 800,
    on_select="rerun",
    selection_mode="single-row",
    key="users",
    placeholder="–",
    column_config={_("Last seen"): st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")},
    alt=_("Users with their roles and when they were last here"),
)
selected = [rows[place] for place in picked.selection.rows if place < len(rows)]

if not selected:
    st.caption(_("Choose a row to change the user."))
    with st.expander(_("New user"), icon=":material/person_add:"):
        with forms.form("new-user", border=False) as form:
            draft = user_fields.draft(form, UserDraft("", ""), regions)
            confirmation = form.password("confirmation", _("Your own password, to confirm"))
            submitted = form.submit(_("Add user"))
        if submitted:
            made = Created(0, "")
            with form.saving(
                _("User added."), lambda: form_memory.note("code", (draft.name, made.code))
            ) as session:
                made = users.create(session, actor, draft, confirmation=confirmation)
    st.stop()

user = selected[0]
st.subheader(plain(user.name))
with forms.form(f"user-{user.id}") as form:
    draft = user_fields.draft(form, user, regions)
    version = form.keep("version", user.version)
    confirmation = form.password("confirmation", _("Your own password, when rights change"))
    submitted = form.submit(_("Save"))
if submitted:
    with form.saving(_("User saved.")) as session:
        users.update(session, actor, user.id, draft, version=version, confirmation=confirmation)

if not user.is_active:
    with forms.form(f"activate-{user.id}", border=False) as form:
        submitted = form.submit(_("Activate again"), type="secondary")
    if submitted:
        with form.saving(_("The user may sign in again.")) as session:
            users.reactivate(session, actor, user.id)
    st.stop()

left, right = st.columns(2)
with left:
    st.markdown(_("**Reset the password.** The user gets a one-time code and is signed out everywhere."))
    with forms.form(f"reset-{user.id}", border=False) as form:
        confirmation = form.password("confirmation", _("Your own password, to confirm"))
        submitted = form.submit(_("Give a one-time code"), type="secondary")
    if submitted:
        given = ""
        with form.saving(
            _("The code is above."), lambda: form_memory.note("code", (user.name, given))
        ) as session:
            given = credentials.reset_code(session, actor, user.id, confirmation=confirmation)
with right:
    st.markdown(
        _("**Deactivate.** The user is signed out everywhere and cannot sign in; nothing is deleted.")
    )
    with forms.form(f"deactivate-{user.id}", border=False) as form:
        confirmation = form.password("confirmation", _("Your own password, to confirm"))
        submitted = form.submit(_("Deactivate"), type="secondary")
    if submitted:
        with form.saving(_("The user is deactivated.")) as session:
            users.deactivate(session, actor, user.id, confirmation=confirmation)
