"""The form for groups of accounts."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import db, groups
from core.auth import Actor
from core.errors import Conflict
from core.groups import GroupRow, Moves, Placement
from core.language import _
from core.vocabulary import Permission
from pages.ui import dialogs, forms
from pages.ui.forms import Form


def button(actor: Actor) -> None:
    """Opens the groups, for who may change them."""
    if actor.may(Permission.ACCOUNT_CREATE) and st.button(_("Groups"), icon=":material/hub:", key="groups"):
        dialogs.show(_("Groups"), _groups)


def _groups(actor: Actor) -> None:
    with db.read() as session:
        found = {row.id: row for row in groups.search(session, actor)}
        placed = groups.placements(session, actor)
    labels: dict[int | None, str] = {None: _("A new group")}
    labels |= {row.id: f"{row.name} · {row.code} ({row.accounts})" for row in found.values()}
    # A list forgets what was chosen once it is called otherwise: so it stays what it was when the dialog opened.
    labels = Form("groups").keep("labels", labels)
    chosen = st.selectbox(_("Group"), list(labels), format_func=lambda key: labels[key], key="group_chosen")
    row = found.get(chosen) if chosen is not None else None
    if chosen is not None and row is None:
        st.info(_("There is no such group."))
        return
    _form(actor, row, placed)
    if row is not None and not row.accounts:
        _removal(actor, row)


def _form(actor: Actor, row: GroupRow | None, placed: dict[int, Placement]) -> None:
    with forms.form(f"group-{row.id if row else 'new'}", border=False) as form:
        left, right = st.columns(2)
        with left:
            name = form.text("name", _("Name"), row.name if row else "")
        with right:
            code = form.text("code", _("Code"), row.code if row else "", max_chars=64)
        version = form.keep("version", row.version if row else 1)
        seen = form.keep("placed", {number: one.group_id for number, one in placed.items()})
        names = form.keep("names", {number: _said(one, row) for number, one in placed.items()})
        own = [number for number in placed if row and seen.get(number) == row.id]
        wanted = form.choices(
            "accounts",
            _("Accounts of the group"),
            {number: name for number, name in names.items() if number in placed},
            own,
            placeholder=_("Choose accounts"),
        )
        st.caption(_("An account belongs to one group: chosen here it leaves the one before."))
        submitted = form.submit(_("Save") if row else _("Create group"))
    if not submitted:
        return
    leaving = [number for number in own if number not in wanted]
    with form.saving(_("Group {name} saved.").format(name=name)) as session:
        if row is None:
            number, now = groups.create(session, actor, code, name), 1
        else:
            number, now = row.id, groups.update(session, actor, row.id, code=code, name=name, version=version)
        moves: dict[int, int | None] = {one: number for one in wanted if one not in own}
        moves |= dict.fromkeys(leaving)
        try:
            groups.place(session, actor, moves, seen=seen)
        except Conflict:  # who has seen where they are and saves again decides
            seen |= {one: groups.placements(session, actor)[one].group_id for one in moves}
            raise
        form.offer_undo(partial(_put_back, row=row, number=number, version=now, moves=moves, seen=dict(seen)))


def _said(one: Placement, row: GroupRow | None) -> str:
    """An account as the list names it: with the group that it would leave."""
    elsewhere = one.group_id is not None and (row is None or one.group_id != row.id)
    return f"{one.name} · {one.code}" + (f" · {one.group}" if elsewhere else "")


def _put_back(
    session: Any, actor: Actor, row: GroupRow | None, number: int, version: int, moves: Moves, seen: Moves
) -> None:
    """The accounts where they were, and the group as it was."""
    groups.place(session, actor, {one: seen.get(one) for one in moves}, seen=moves)
    if row is None:
        groups.remove(session, actor, number, version=version)
    else:
        groups.update(session, actor, number, code=row.code, name=row.name, version=version)


def _removal(actor: Actor, row: GroupRow) -> None:
    with forms.form(f"group-remove-{row.id}", border=False) as form:
        removed = form.submit(_("Remove this group"), type="secondary", icon=":material/delete:")
    if removed:
        with form.saving(_("Group {name} removed.").format(name=row.name)) as session:
            groups.remove(session, actor, row.id, version=row.version)
            form.offer_undo(partial(groups.create, code=row.code, name=row.name))
