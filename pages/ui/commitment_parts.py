"""How far an account has come towards its volume tiers: a bar for each, and what the next tier asks for."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from core import commitments, db
from core.accounts import AccountDetail
from core.auth import Actor
from core.commitments import Commitment
from core.language import _
from core.money import ratio
from core.vocabulary import Permission, TierBasis
from pages.ui import answers, formats
from pages.ui.forms import plain


def show(actor: Actor, account: AccountDetail, currency: str) -> None:
    """Nothing where no volume tier reaches the account, or the actor may not read terms."""
    if not actor.may(Permission.TERM_READ):
        return
    with db.read() as session:
        found = answers.asker(session, actor)(commitments.of_account, account.id)
    if not found:
        return
    st.markdown("**" + _("Towards the volume tiers") + "**")
    for one in found:
        with st.container(border=True):
            _one(one, currency)


def _one(found: Commitment, currency: str) -> None:
    def said(amount: Decimal | None) -> str:
        if found.basis is TierBasis.PERIOD_REVENUE:
            return formats.money(amount, currency, places=0)
        return formats.quantity(amount)

    goods = found.product or found.category or _("everything")
    whose = _("of the whole group") if found.is_pooled else _("of the account")
    st.markdown(
        plain(
            _("{period}, {goods}, {whose}: {earned} earned by this account").format(
                period=formats.period(found.period), goods=goods, whose=whose,
                earned=formats.money(found.earned, currency),
            )
        )
    )  # fmt: skip
    volumes, aim = found.volumes, found.next_step or found.steps[-1]
    if volumes is not None:
        share = ratio(volumes.invoiced, aim.least)
        st.progress(
            min(max(float(share or 0), 0.0), 1.0),
            text=plain(
                _("ordered {ordered} · delivered {delivered} · invoiced {invoiced} of {aim}").format(
                    ordered=said(volumes.ordered), delivered=said(volumes.delivered), invoiced=said(volumes.invoiced),
                    aim=said(aim.least),
                )
            ),
        )  # fmt: skip
    st.caption(plain(_next(found, said(found.remaining), said(aim.least))))


def _next(found: Commitment, remaining: str, least: str) -> str:
    """What the next tier asks for; of a group that is not seen as a whole only where it begins."""
    reached = formats.percent(found.reached.share) if found.reached else _("none")
    if found.next_step is None:
        return _("The highest tier is reached: {share}.").format(share=reached)
    share = formats.percent(found.next_step.share)
    if found.volumes is None:
        return _("Reached so far: {reached}. {share} begin at {least}; how much the whole group has bought is not "
                 "shown, since some of its accounts are not yours.").format(
            reached=reached, share=share, least=least)  # fmt: skip
    return _("{remaining} more by {day} reach {share}; reached so far: {reached}.").format(
        remaining=remaining, day=formats.day(found.period.last_day), share=share, reached=reached
    )
