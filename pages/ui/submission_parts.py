"""A manager's side of Approvals: what they asked for and where it stands; and what was decided, for everybody."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import approvals
from core.approvals import Decision, Proposal
from core.auth import Actor
from core.language import _
from core.terms import TermRow
from core.vocabulary import DecisionOutcome, TermStatus
from pages.ui import approval_words, formats, forms, tables
from pages.ui.approval_words import Names
from pages.ui.forms import plain

_COLOURS = {
    DecisionOutcome.APPROVED: "green",
    DecisionOutcome.GRANTED: "green",
    DecisionOutcome.REJECTED: "red",
    DecisionOutcome.WITHDRAWN: "gray",
}


def mine(
    actor: Actor,
    waiting: Sequence[Proposal],
    drafts: Sequence[TermRow],
    ended: Sequence[Decision],
    names: Names,
    currency: str,
) -> None:
    """What waits for somebody else, what is not submitted yet, and how the others ended."""
    own = [one for one in waiting if one.is_mine]
    answers = {one.row.number: one for one in reversed(ended)}
    open_again = [row for row in drafts if row.recorded_by == actor.username or row.number in answers]
    if not (own or open_again or ended):
        st.info(
            _("You have not asked for a term yet. In the Price X-ray, “Ask for another price” begins one."),
            icon=":material/inbox:",
        )
        return
    for one in own:
        _waiting(actor, one, names, currency)
    for row in open_again:
        _draft(actor, row, answers.get(row.number), names, currency)
    shown = {row.number for row in open_again}
    decided([one for one in ended if one.row.number not in shown], names, currency, key="own")


def _waiting(actor: Actor, one: Proposal, names: Names, currency: str) -> None:
    row = one.row
    with st.container(border=True, gap="xsmall", key=f"mine_{row.number}"):
        _head(row, names, currency, ":orange-badge[" + _("waits for a director") + "]")
        with forms.form(f"withdraw-{row.number}", border=False) as form:
            seen = form.keep("version", row.id)
            back = form.submit(_("Take back"), type="secondary", icon=":material/undo:")
        if back:
            with form.saving(_("{name} is a draft again.").format(name=row.name)) as session:
                approvals.withdraw(session, actor, row.number, version=seen)


def _draft(actor: Actor, row: TermRow, answer: Decision | None, names: Names, currency: str) -> None:
    rejected = row.status is TermStatus.REJECTED
    badge = ":red-badge[" + _("rejected") + "]" if rejected else ":gray-badge[" + _("draft") + "]"
    with st.container(border=True, gap="xsmall", key=f"draft_{row.number}"):
        _head(row, names, currency, badge)
        if rejected and answer is not None:
            st.markdown(plain(f"{answer.decided_by}: “{answer.reason}”"))
        with forms.form(f"submit-{row.number}", border=False) as form:
            seen = form.keep("version", row.id)
            label = _("Ask again") if rejected else _("Submit")
            wanted = form.submit(label, type="secondary", icon=":material/send:")
        if wanted:
            said = _("{name} submitted: its state stands here.").format(name=row.name)
            with form.saving(said) as session:
                approvals.submit(session, actor, row.number, version=seen)


def _head(row: TermRow, names: Names, currency: str, badge: str) -> None:
    title = plain(f"{names.whom(row)} · {names.goods(row)}")
    st.markdown(f"**{title}** {badge}")
    below = f"{row.name} · {approval_words.term(row, currency)}"
    st.caption(plain(f"{below} · {row.reason}" if row.reason else below))


def decided(ended: Sequence[Decision], names: Names, currency: str, *, key: str = "all") -> None:
    """How submissions ended, the newest first."""
    if not ended:
        if key == "all":
            st.caption(_("Nothing was decided yet."))
        return
    for one in ended[:10]:
        _ended(one, names, currency, key)
    if len(ended) > 10:
        with st.expander(_("All that were decided ({count})").format(count=len(ended))):
            tables.plain_frame(_frame(ended, names, currency), {}, key=f"decided_{key}")


def _ended(one: Decision, names: Names, currency: str, key: str) -> None:
    with st.container(border=True, gap="xsmall", key=f"decided_{key}_{one.row.id}_{one.outcome}"):
        badge = f":{_COLOURS[one.outcome]}-badge[{approval_words.outcomes()[one.outcome]}]"
        _head(one.row, names, currency, badge)
        said = _("{who} asked on {day}; {by} decided on {then}").format(
            who=one.asked_by, day=formats.day(one.asked_at.date()), by=one.decided_by,
            then=formats.day(one.decided_at.date()),
        )  # fmt: skip
        parts = [said]
        if one.discount_share is not None:
            parts.append(_("{share} off list").format(share=formats.percent(one.discount_share)))
        if one.contract_value is not None:
            parts.append(_("{amount} a year").format(amount=formats.compact(one.contract_value, currency)))
        st.caption(plain(" · ".join(parts)))
        if one.reason:
            st.markdown(plain(f"“{one.reason}”"))


def _frame(ended: Sequence[Decision], names: Names, currency: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Term"): [one.row.name for one in ended],
            _("For whom"): [names.whom(one.row) for one in ended],
            _("Goods"): [names.goods(one.row) for one in ended],
            _("What"): [approval_words.term(one.row, currency) for one in ended],
            _("Decision"): [approval_words.outcomes()[one.outcome] for one in ended],
            _("Asked by"): [one.asked_by for one in ended],
            _("Decided by"): [one.decided_by for one in ended],
            _("On"): [one.decided_at.date() for one in ended],
            _("Reason"): [one.reason for one in ended],
        }
    )
