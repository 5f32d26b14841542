"""The parts of Floor prices: which one counts, the table of all, and the versions of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import clock, db, floors
from core.auth import Actor
from core.floors import FloorRow
from core.language import _
from pages.ui import dialogs, floor_form, formats, tables
from pages.ui.forms import plain


def order() -> None:
    """Which floor counts where several reach a line."""
    st.caption(
        _(
            "The most specific one counts, alone: the product in the segment, the product, the category in the "
            "segment, the category, the segment."
        )
    )


def table(rows: Sequence[FloorRow], currency: str) -> None:
    """Every floor known now; a click on a row opens its versions and the form."""
    shown = st.segmented_control(
        _("Show"),
        ["now", "coming", "past"],
        default="now",
        format_func={"now": _("In force"), "coming": _("Coming"), "past": _("Past")}.__getitem__,
        key="floors_shown",
        label_visibility="collapsed",
        required=True,
    )
    found = [row for row in rows if _when(row) == shown]
    if not found:
        st.caption(_("None."))
        return
    opened = st.dataframe(
        frame(found, currency),
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        key=f"floors_{shown}",
        on_select="rerun",
        selection_mode="single-row",
        width="stretch",
        placeholder=formats.UNKNOWN,
        column_config={
            name: st.column_config.DateColumn(name, format="D MMM YYYY")
            for name in (_("From"), _("Last day"))
        },
        alt=_("Floor prices: {count}").format(count=len(found)),
    )
    chosen: Any = opened
    for place in chosen.selection.rows[:1]:
        if place < len(found):
            dialogs.show(_("Floor price"), _versions, found[place].number, currency)


def _when(row: FloorRow) -> str:
    today = clock.today()
    if row.draft.valid_from > today:
        return "coming"
    return "past" if row.draft.valid_to is not None and row.draft.valid_to <= today else "now"


def frame(rows: Sequence[FloorRow], currency: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("For"): [scope(row) for row in rows],
            _("Floor"): [value(row, currency) for row in rows],
            _("Segment"): [row.segment or _("all") for row in rows],
            _("From"): [row.draft.valid_from for row in rows],
            _("Last day"): [row.last_day for row in rows],
            _("Reason"): [row.draft.reason for row in rows],
            _("Recorded by"): [row.recorded_by for row in rows],
        }
    )


def scope(row: FloorRow) -> str:
    if row.product is not None:
        return f"{row.product_name} · {row.product}"
    return row.category or _("everything")


def value(row: FloorRow, currency: str) -> str:
    if row.draft.price is not None:
        return formats.price(row.draft.price, currency)
    return _("{share} of list").format(share=formats.percent(row.draft.list_share))


def _versions(actor: Actor, number: int, currency: str) -> None:
    with db.read() as session:
        rows = floors.search(session, actor, number=number)
    if not rows:
        st.info(_("There is no such floor price."))
        return
    current = rows[0]
    whom = current.segment or _("all segments")
    st.markdown(f"**{plain(scope(current))}** · {plain(whom)}")
    if current.superseded_at is None:
        floor_form.change(actor, current)
    for row in rows:
        text = _("{floor} from {day} until {last}, recorded by {who} on {when}: {why}").format(
            floor=value(row, currency),
            day=formats.day(row.draft.valid_from),
            last=formats.day(row.last_day) if row.last_day else _("further notice"),
            who=row.recorded_by,
            when=formats.moment(row.recorded_at),
            why=row.draft.reason,
        )
        st.caption(plain(text))
