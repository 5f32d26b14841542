"""The fields and the table line of a user, for Management → Users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.language import LANGUAGES, _
from core.users import UserDraft, UserRow
from core.vocabulary import Role
from pages.ui.forms import Form


def role_names() -> dict[Role, str]:
    return {
        Role.MANAGER: _("Key account manager"),
        Role.DIRECTOR: _("Director"),
        Role.ADMIN: _("Administrator"),
        Role.VIEWER: _("Viewer"),
    }


def draft(form: Form, user: UserDraft | UserRow, regions: Mapping[int, str]) -> UserDraft:
    """The fields of a user, filled with what holds now."""
    left, right = st.columns(2)
    with left:
        username = form.text("username", _("User name"), user.username, max_chars=64)
        name = form.text("name", _("Name"), user.name)
        email = form.text("email", _("E-mail"), user.email)
        language = form.choice("language", _("Language"), LANGUAGES, user.language)
    with right:
        roles = form.choices("roles", _("Roles"), role_names(), sorted(user.roles))
        region_ids = form.choices(
            "region_ids",
            _("Regions"),
            regions,
            sorted(user.region_ids),
            help=_("What a director or viewer is limited to; none means every region."),
        )
        sees_cost = form.tick("sees_cost", _("Sees costs and margins"), user.sees_cost)
    return UserDraft(
        username=username,
        name=name,
        email=email,
        roles=frozenset(roles),
        region_ids=frozenset(region_ids),
        sees_cost=sees_cost,
        language=language or "",
    )


def columns() -> list[str]:
    return [_("Name"), _("User name"), _("Roles"), _("Regions"), _("Costs"), _("State"), _("Last seen")]


def line(row: UserRow, regions: Mapping[int, str]) -> tuple[Any, ...]:
    """A user as a line of the table."""
    names = role_names()
    return (
        row.name,
        row.username,
        ", ".join(names[role] for role in sorted(row.roles)),
        ", ".join(sorted(regions[number] for number in row.region_ids if number in regions)) or _("All"),
        _("Yes") if row.sees_cost else _("No"),
        _state(row),
        row.seen_at,
    )


def _state(row: UserRow) -> str:
    if not row.is_active:
        return _("Deactivated")
    return _("Waits for the one-time code") if row.has_code else _("Active")
