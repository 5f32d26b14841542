"""Where the parts about figures stand on the Account and the Portfolio; computed only once they are opened."""

from __future__ import annotations

import streamlit as st

from core.auth import Actor
from core.filters import AccountFilter
from core.language import _
from core.periods import Period
from pages.ui import concentration_parts, creep_parts, movement_parts, rfm_parts, waterfall_parts


def of_account(actor: Actor, period: Period, only: AccountFilter, currency: str) -> None:
    """How one account stands: retention and rhythm left, what is left of the list price right, discounts below."""
    left, right = st.columns([2, 3])
    with left, st.container(border=True, height="stretch"):
        kept, scored = _("Retention"), _("Recency, frequency, monetary value")
        st.markdown(f":small[:gray[{kept}]]")
        movement_parts.one(actor, period, only, currency)
        st.markdown(f":small[:gray[{scored}]]")
        rfm_parts.one(actor, period, only, currency)
    with right, st.container(border=True, height="stretch"):
        waterfall_parts.show(actor, period, only, currency)
    with st.container(border=True):
        creep_parts.show(actor, period, only, currency, by_product=True)


def of_portfolio(actor: Actor, period: Period, accounts: AccountFilter, currency: str) -> None:
    """Who moved, who is kept, how much depends on few, who has lost their rhythm: closed until asked for."""
    box = st.expander(
        _("Movement, retention, concentration, rhythm"),
        icon=":material/query_stats:",
        key="figures",
        on_change="rerun",
    )
    if not box.open:
        return
    labels = [_("Movement"), _("Retention"), _("Concentration"), _("Order rhythm")]
    drawn = (movement_parts.show, movement_parts.retention, concentration_parts.show, rfm_parts.show)
    with box:
        tabs = st.tabs(labels, key="figure_tab", on_change="rerun")
        for tab, show in zip(tabs, drawn, strict=True):
            if tab.open:
                with tab:
                    show(actor, period, accounts, currency)
