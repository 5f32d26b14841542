"""Whether the year is on pace for its target, in two lines."""

from __future__ import annotations

import streamlit as st

from core import db, pace
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.periods import Period
from pages.ui import answers, formats


def show(actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "MYR") -> None:
    """Pace of the fiscal year up to the period's last day, with how it was computed."""
    with db.read() as session:
        found = answers.asker(session, actor)(pace.of, period, accounts)
    if found.pace is None:
        st.caption(_("Pace: no target in this fiscal year."))
        return
    text = _("Pace {pace}: {actual} by {day}, {due} of the year's {target} was due ({gap}).")
    st.markdown(
        "**"
        + text.format(
            pace=formats.percent(found.pace),
            actual=formats.compact(found.actual, currency),
            day=formats.day(found.until),
            due=formats.compact(found.due, currency),
            target=formats.compact(found.target, currency),
            gap=formats.compact(found.gap, currency, signed=True),
        )
        + "**"
    )
    st.caption(
        _(
            "Due is {share} of the target: by the season of last year for {seasonal} accounts, by working days "
            "(Monday to Friday) for {others} without one."
        ).format(
            share=formats.percent(found.expected_share),
            seasonal=formats.number(found.seasonal_accounts),
            others=formats.number(found.by_days_accounts),
        )
    )
