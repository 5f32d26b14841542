"""Adjustments of points beyond the limit: they wait for somebody who may approve them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import db
from core.auth import Actor
from core.errors import Invalid
from core.language import _, ngettext
from core.loyalty import postings
from core.loyalty.postings import RequestRow
from core.loyalty_vocabulary import RequestOutcome
from core.vocabulary import Permission
from pages.ui import dialogs, formats, forms, loyalty_words
from pages.ui.forms import plain


def show(waiting: Sequence[RequestRow]) -> None:
    """A line that opens what waits; nothing where nothing does."""
    if not waiting:
        return
    said = ngettext(
        "{count} adjustment beyond the limit waits for approval",
        "{count} adjustments beyond the limit wait for approval",
        len(waiting),
    ).format(count=len(waiting))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/hourglass_top: {said}", width="stretch")
        if st.button(_("Look"), key="loyalty_requests", icon=":material/approval:"):
            dialogs.show(_("Adjustments that wait"), _open)


def _open(actor: Actor) -> None:
    with db.read() as session:
        waiting = postings.requests(session, actor)
    if not waiting:
        st.info(_("Nothing waits any more."))
    for row in waiting:
        with st.container(border=True):
            _one(actor, row)


def _one(actor: Actor, row: RequestRow) -> None:
    said = _("{points} points to {account}, asked by {who} on {when}: {why}").format(
        points=loyalty_words.points(row.points, signed=True),
        account=f"{row.account} {row.account_code}",
        who=row.asked_by,
        when=formats.moment(row.asked_at),
        why=row.reason,
    )
    st.markdown(plain(said))
    if not actor.may(Permission.LOYALTY_APPROVE):
        st.caption(_("Somebody who may approve it decides."))
        return
    if row.asked_by == actor.username:
        st.caption(_("Nobody decides about their own request."))
        return
    with forms.form(f"loyalty-request-{row.id}", border=False, enter=False) as form:
        reason = form.text("reason", _("Reason"), "", placeholder=_("needed to reject"))
        chosen = form.submits({RequestOutcome.APPROVED: _("Approve"), RequestOutcome.REJECTED: _("Reject")})
    if chosen is None:
        return
    if chosen is RequestOutcome.REJECTED and not reason:
        form.show(Invalid("", fields={"reason": _("Say why it is rejected.")}))
        return
    done = _("Approved: the points are booked.") if chosen is RequestOutcome.APPROVED else _("Rejected.")
    with form.saving(done) as session:
        postings.decide(session, actor, row.id, chosen, reason=reason)
