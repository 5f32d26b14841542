"""What an account absorbed, with the way back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import account_mergers
from core.account_mergers import MergerRow, Undone
from core.auth import Actor
from core.language import _
from core.vocabulary import Permission
from pages.ui import form_memory, formats, forms
from pages.ui.forms import plain


def merged_from(actor: Actor, mergers: Sequence[MergerRow]) -> None:
    """One line for each account that went into this one, the latest first."""
    for place, row in enumerate(mergers):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                plain(
                    _("Merged from {code} {name} on {day} by {who}: {orders} orders, {lines} lines").format(
                        code=row.merged_code,
                        name=row.merged_name,
                        day=formats.day(row.merged_at.date()),
                        who=row.merged_by,
                        orders=formats.number(row.orders),
                        lines=formats.number(row.lines),
                    )
                ),
                width="content",
            )
            # Mergers are undone in the opposite order: only the last one offers it.
            if place == 0 and actor.may(Permission.ACCOUNT_MERGE):
                _undo(actor, row)


def _undo(actor: Actor, row: MergerRow) -> None:
    asked = forms.confirm(
        f"unmerge-{row.id}",
        _("Undo the merge"),
        _(
            "{code} becomes an account of its own again, with its orders, targets and invoices. What was imported "
            "to {kept} since stays with {kept}."
        ).format(code=row.merged_code, kept=row.kept_code),
        _("Undo the merge"),
        icon=":material/undo:",
    )
    if asked is None:
        return
    outcome: list[Undone] = []
    done = _("The merge of {code} into {kept} is undone.").format(code=row.merged_code, kept=row.kept_code)

    def tell() -> None:
        if outcome and outcome[0].staying:
            stays = _("Orders imported since that stay with {kept}: {count}.")
            form_memory.flash(f"{done} {stays.format(kept=row.kept_code, count=outcome[0].staying)}")

    with asked.saving(done, tell) as session:
        outcome.append(account_mergers.undo(session, actor, row.id))
