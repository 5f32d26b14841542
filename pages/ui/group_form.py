"""The form for groups of accounts."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import db, groups
from core.auth import Actor
from core.groups import GroupRow
from core.language import _
from core.vocabulary import Permission
from pages.ui import dialogs, forms


def button(actor: Actor) -> None:
    """Opens the groups, for who may change them."""
    if actor.may(Permission.ACCOUNT_CREATE) and st.button(_("Groups"), icon=":material/hub:", key="groups"):
        dialogs.show(_("Groups"), _groups)


def _groups(actor: Actor) -> None:
    with db.read() as session:
        found = {row.id: row for row in groups.search(session, actor)}
    st.caption(_("An account is put into a group in its own form."))
    labels: dict[int | None, str] = {None: _("A new group")}
    labels |= {row.id: f"{row.name} · {row.code} ({row.accounts})" for row in found.values()}
    chosen = st.selectbox(_("Group"), list(labels), format_func=lambda key: labels[key], key="group_chosen")
    _form(actor, found.get(chosen) if chosen is not None else None)


def _form(actor: Actor, row: GroupRow | None) -> None:
    with forms.form(f"group-{row.id if row else 'new'}", border=False) as form:
        left, right = st.columns(2)
        with left:
            name = form.text("name", _("Name"), row.name if row else "")
        with right:
            code = form.text("code", _("Code"), row.code if row else "", max_chars=64)
        version = form.keep("version", row.version if row else 1)
        submitted = form.submit(_("Save") if row else _("Create group"))
    if submitted:
        with form.saving(_("Group {name} saved.").format(name=name)) as session:
            if row is None:
                number = groups.create(session, actor, code, name)
                form.offer_undo(partial(groups.remove, group_id=number, version=1))
            else:
                now = groups.update(session, actor, row.id, code=code, name=name, version=version)
                form.offer_undo(
                    partial(groups.update, group_id=row.id, code=row.code, name=row.name, version=now)
                )
    if row is not None and not row.accounts:
        with forms.form(f"group-remove-{row.id}", border=False) as removal:
            removed = removal.submit(_("Remove this group"), type="secondary", icon=":material/delete:")
        if removed:
            with removal.saving(_("Group {name} removed.").format(name=row.name)) as session:
                groups.remove(session, actor, row.id, version=row.version)
                removal.offer_undo(partial(groups.create, code=row.code, name=row.name))
