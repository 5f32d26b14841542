"""The cohort table: who first bought when, and how many still buy."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from core import cohort, db
from core.auth import Actor
from core.cohort import CohortTable, Grain
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import N_, _
from core.periods import Period, add_months
from pages.ui import answers, charts, figure_charts, figure_parts, formats

_GRAINS = {Grain.MONTH: N_("Month"), Grain.QUARTER: N_("Quarter"), Grain.YEAR: N_("Year")}
_SHOWN = {"active": N_("Accounts that bought"), "kept": N_("Net revenue kept")}
_BACK = {Grain.MONTH: 24, Grain.QUARTER: 48, Grain.YEAR: 120}  # months


def show(
    actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "MYR", *,
    key: str = "cohorts",
) -> None:  # fmt: skip
    """Cohorts up to the period's end: two years of months, four of quarters, ten years."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        grain = Grain(
            st.selectbox(
                _("First order by"), list(_GRAINS), format_func=lambda one: _(_GRAINS[one]), key=f"{key}_grain",
                width=180,
            )
        )  # fmt: skip
        shown = st.selectbox(
            _("Shown"), list(_SHOWN), format_func=lambda one: _(_SHOWN[one]), key=f"{key}_shown", width=220
        )
    span = Period(add_months(period.last_day, 1 - _BACK[grain]), period.end)
    with db.read() as session:
        found = answers.asker(session, actor)(cohort.table, span, grain, accounts)
    if not found.cohorts:
        st.info(_("No account placed its first order in this time, so there is no cohort to follow."))
        return
    _picture(found, str(shown), key)
    _export(actor, found, currency, key)


def _picture(found: CohortTable, shown: str, key: str) -> None:
    far = min(12 // found.grain.months or 1, found.steps - 1)
    average = found.average_active(far)
    title = _("{share} of the accounts still bought {step} later").format(
        share=formats.percent(average, places=0), step=_span(far, found.grain)
    )
    st.markdown(f"**{title}**")
    st.caption(
        _(
            "Each row is the accounts with their first order in that time; the columns count on from there, in percent."
        )
    )
    shares = [
        [one.active_share(step) if shown == "active" else one.kept_share(step) for step in range(found.steps)]
        for one in found.cohorts
    ]
    names = [f"{_name(one.start, found.grain)} ({one.size})" for one in found.cohorts]
    columns = [str(step) for step in range(found.steps)]
    charts.show(figure_charts.heat(names, columns, shares), alt=title, key=f"chart_{key}")


def _span(steps: int, grain: Grain) -> str:
    texts = {
        Grain.MONTH: _("{count} months"),
        Grain.QUARTER: _("{count} quarters"),
        Grain.YEAR: _("{count} years"),
    }
    return texts[grain].format(count=steps)


def _name(start: date, grain: Grain) -> str:
    if grain is Grain.MONTH:
        return formats.month(start)
    return f"{start:%Y}" if grain is Grain.YEAR else f"{start:%Y} Q{(start.month + 2) // 3}"


def _export(actor: Actor, found: CohortTable, currency: str, key: str) -> None:
    rows = [
        (
            _name(one.start, found.grain),
            step,
            cell.accounts,
            one.active_share(step),
            cell.net,
            one.kept_share(step),
        )
        for one in found.cohorts
        for step, cell in enumerate(one.cells)
    ]
    names = ["cohort", "step", "accounts", "active_share", "net_revenue", "kept_share"]
    frame = pd.DataFrame(
        {name: [row[place] for row in rows] for place, name in enumerate(names)}, dtype=object
    )
    columns = {
        "cohort": figure_parts.texts(_("First order")),
        "step": figure_parts.numbers(_("Later"), "%d"),
        "accounts": figure_parts.numbers(_("Accounts that bought")),
        "active_share": figure_parts.shares(_("Share of accounts")),
        "net_revenue": figure_parts.amounts(_("Net revenue"), currency),
        "kept_share": figure_parts.shares(_("Net revenue kept")),
    }
    with st.expander(_("The figures behind the picture"), key=f"{key}_rows"):
        figure_parts.listing(
            actor, key, frame, columns, [None] * len(frame),
            alt=_("Each cohort step by step."), words={"grain": found.grain.value},
        )  # fmt: skip
