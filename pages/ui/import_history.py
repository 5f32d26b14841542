"""Imports so far: who brought what and when, what was refused, and taking one back."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import db, demo, startup
from core import importing as imports
from core.auth import Actor
from core.importing import BatchDetail, BatchRow
from core.language import _
from core.vocabulary import BatchStatus, Permission
from pages.ui import formats, forms, import_fields, importing, tables
from pages.ui.forms import plain


def choose(rows: Sequence[BatchRow]) -> BatchRow | None:
    """The imports as a table; the row that is chosen in it."""
    kinds, states = import_fields.kind_names(), _states()
    lines = [
        (row.id, kinds[row.kind], row.file_name, row.actor, formats.moment(row.applied_at), states[row.status],
         row.read, row.accepted, row.changed, row.unchanged, row.rejected)
        for row in rows
    ]  # fmt: skip
    heads = [_("No."), _("Brings"), _("File"), _("By"), _("Applied"), _("State"), _("Read"), _("Accepted"),
             _("Changed"), _("Unchanged"), _("Refused")]  # fmt: skip
    picked = st.dataframe(
        pd.DataFrame(lines, columns=heads),
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        on_select="rerun",
        selection_mode="single-row",
        key="batches",
        alt=_(
            "Imports with their file, who brought it, when, and how many rows it read, accepted and refused"
        ),
    )
    places = [place for place in picked.selection.rows if place < len(rows)]
    return rows[places[0]] if places else None


def show(actor: Actor, detail: BatchDetail) -> None:
    """One import: its columns, what it refused, and the way back."""
    row = detail.row
    st.subheader(plain(_("Import {number}: {file}").format(number=row.id, file=row.file_name)))
    if row.undone_at is not None:
        st.caption(_("Undone {when}.").format(when=formats.moment(row.undone_at)))
    labels = import_fields.names(row.kind)
    matched = ", ".join(
        f"{labels.get(name, name).removesuffix(' *')} = {head}" for name, head in detail.columns.items()
    )
    st.caption(plain(_("Columns: {columns}").format(columns=matched)))
    if detail.reasons:
        importing.reasons_table(detail.reasons, row.kind)
        lines = [
            (one.line, "; ".join(importing.problem(p.field, p.reason, labels) for p in one.problems),
             " · ".join(one.cells))
            for one in detail.refused_rows
        ]  # fmt: skip
        st.dataframe(pd.DataFrame(lines, columns=[_("Line"), _("What is wrong"), _("Row")]), hide_index=True)
    if row.status is BatchStatus.APPLIED and actor.may(Permission.DATA_IMPORT):
        _undo(actor, row)


def _undo(actor: Actor, row: BatchRow) -> None:
    question = _("Take back import {number} ({file}, {rows} rows)? What it brought is removed, and what it changed "
                 "is as before.")  # fmt: skip
    asked = forms.confirm(
        f"undo-{row.id}",
        _("Undo this import"),
        question.format(number=row.id, file=row.file_name, rows=formats.number(row.accepted)),
        _("Undo import {number}").format(number=row.id),
        icon=":material/undo:",
    )
    if asked is not None:
        with asked.saving(_("Import {number} is undone.").format(number=row.id)) as session:
            imports.undo(session, actor, row.id)


def demo_note(actor: Actor) -> None:
    """Own figures do not belong among made-up ones: while the demo is loaded, its removal is offered first."""
    with db.read() as session:
        loaded = demo.is_loaded(session)
    if not loaded:
        return
    text = _("The store holds the demo company: its figures are made up and would stand among yours.")
    if not actor.may(Permission.STORE_MAINTAIN):
        st.info(
            f"{text} " + _("Ask an administrator to remove it before you import."), icon=":material/science:"
        )
        return
    st.info(f"{text} " + _("Remove it before you import."), icon=":material/science:")
    asked = forms.confirm(
        "remove-demo",
        _("Remove the demo company"),
        _("Remove the demo company with all its accounts, products, orders and users? Its users, perhaps you among "
          "them, cannot sign in any more: `python -m core user add` makes the first user of your own."),
        _("Remove the demo company for good"),
        icon=":material/delete:",
    )  # fmt: skip
    if asked is not None:
        with asked.saving(_("The demo company is gone."), _forget_sign_ins) as session:
            demo.remove(session, actor)


def _forget_sign_ins() -> None:
    startup.demo_sign_ins().unlink(missing_ok=True)


def _states() -> dict[BatchStatus, str]:
    return {
        BatchStatus.APPLYING: _("Applying"),
        BatchStatus.APPLIED: _("Applied"),
        BatchStatus.UNDONE: _("Undone"),
        BatchStatus.FAILED: _("Failed"),
    }
