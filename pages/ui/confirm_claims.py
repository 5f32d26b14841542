"""Where Today asks about a claim: every claim of the account that is to be confirmed, with its two buttons."""

from __future__ import annotations

import streamlit as st

from core import competitor_claims, db, settings
from core.attention import Item
from core.auth import Actor
from core.claim_rules import ClaimState
from core.competitor_claims import ClaimFilter
from core.language import _
from pages.ui import claim_parts, dialogs


def button(item: Item) -> None:
    """Opens the claims of the item's account."""
    key = f"confirm_{item.account_id}"
    if item.account_id is not None and st.button(
        _("Confirm or refute"), key=key, icon=":material/fact_check:", width="content"
    ):
        dialogs.show(_("Claims to confirm"), _asked, item.account_id)


def _asked(actor: Actor, account_id: int) -> None:
    wanted = ClaimFilter(account_ids=frozenset({account_id}), states=frozenset({ClaimState.TO_CONFIRM}))
    with db.read() as session:
        currency = settings.get(session).base_currency
        rows = competitor_claims.search(session, actor, wanted)
    if not rows:
        st.success(_("Nothing is left to confirm here."), icon=":material/check_circle:")
        return
    claim_parts.cards(actor, rows, currency, key="today_claims")
