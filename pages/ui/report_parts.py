"""The overview as a file: a workbook and a PDF of what is on the screen."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import db, reports
from core.auth import Actor
from core.directors import Overview
from core.language import _
from core.reports import directors
from core.vocabulary import Permission
from pages.ui import formats, kpi_parts


def downloads(actor: Actor, found: Overview, asked: kpi_parts.Asked) -> None:
    """PDF and workbook, made when they are asked for."""
    if not actor.may(Permission.DATA_EXPORT):
        return
    with st.popover(_("Export"), icon=":material/download:"):
        for form in reports.FORMS:
            st.download_button(
                form.upper(),
                data=partial(export, form, actor, found, asked),
                file_name=f"directors-{found.period.last_day:%Y-%m-%d}.{form}",
                key=f"export_directors_{form}",
                on_click="ignore",
                width="stretch",
            )


def export(form: str, actor: Actor, found: Overview, asked: kpi_parts.Asked) -> bytes:
    """The file, noted in the audit."""
    sheet = directors.sheet(found, actor, asked.currency, dict(asked.words), asked.at)
    made = reports.write(sheet, form)
    with db.write() as session:
        words = {
            "period": formats.period(asked.period),
            "structure": asked.structure.value,
            **dict(asked.words),
        }
        reports.record_export(session, actor, "directors", form, words)
    return made
