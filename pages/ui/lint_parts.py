"""What is wrong in the terms: each finding with the terms it is about and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import db, term_findings
from core.auth import Actor
from core.language import N_, _, ngettext
from core.term_lint import Finding, Rule, Severity
from pages.ui import answers, formats, tables
from pages.ui.forms import plain

_FIRST = 12
_SEVERITIES = {
    Severity.ERROR: (N_("Costs money"), "red"),
    Severity.WARNING: (N_("Not as meant?"), "orange"),
    Severity.NOTE: (N_("Good to know"), "gray"),
}
_RULES = {
    Rule.EXPIRED_IN_USE: N_("ended, still used"),
    Rule.NEVER_USED: N_("never used"),
    Rule.SAME_RANK: N_("two for the same"),
    Rule.NEVER_WINS: N_("decides nowhere"),
    Rule.TIER_ORDER: N_("tiers the wrong way round"),
    Rule.CLIFF: N_("more costs less"),
    Rule.ABOVE_LIST: N_("above list price"),
    Rule.BELOW_COST: N_("below cost"),
    Rule.PROMOTION_TOO_SHORT: N_("over before delivery"),
    Rule.DUE_AFTER_END: N_("ends before delivery"),
    Rule.GAP: N_("gap"),
}


def show(actor: Actor, account_id: int | None) -> None:
    """The findings about an account's terms, or about all; the worst first, all of them in a table."""
    with db.read() as session:
        found = answers.asker(session, actor)(term_findings.lint, account_id)
    if not found:
        st.success(_("Nothing was found: no term is beaten, expired in use or the wrong way round."))
        return
    counts = [(severity, sum(one.severity is severity for one in found)) for severity in _SEVERITIES]
    with st.grid(3, min_column_width=150):
        for severity, count in counts:
            with st.container():
                st.metric(_(_SEVERITIES[severity][0]), formats.number(count), border=True)
    with st.container(border=True):
        for one in found[:_FIRST]:
            _finding(one)
    more = len(found) - _FIRST
    if more > 0:
        text = ngettext("All findings, {count} more", "All findings, {count} more", more)
        with st.expander(text.format(count=more)):
            _table(found)


def _finding(one: Finding) -> None:
    label, colour = _SEVERITIES[one.severity]
    rule = f":{colour}-badge[{_(label)}] **{_(_RULES[one.rule])}**"
    st.markdown(f"{rule}  \n{plain(one.message)}  \n:small[:gray[{plain(one.advice)}]]")


def _table(found: Sequence[Finding]) -> None:
    frame = pd.DataFrame(
        {
            _("How bad"): [_(_SEVERITIES[one.severity][0]) for one in found],
            _("Finding"): [_(_RULES[one.rule]) for one in found],
            _("Terms"): [", ".join(one.terms) for one in found],
            _("What"): [one.message for one in found],
            _("What to do"): [one.advice for one in found],
        }
    )
    tables.plain_frame(frame, key="lint_table", alt=_("All findings about the terms"))
