"""The KPI about what accounts spend with anybody."""

from __future__ import annotations

from core.kpi_entries import Figure, Need, Slice, define
from core.language import N_


@define(
    "share_of_wallet",
    label=N_("Share of wallet"),
    question=N_("How much of what our accounts spend on such goods do they spend with us?"),
    formula=N_(
        "Net revenue of twelve months from accounts whose wallet is estimated ÷ these wallets. Declared counts "
        "before modelled before allocated; all categories together before single ones"
    ),
    unit="ratio", direction="up", numerator=N_("net revenue where a wallet is known"),
    denominator=N_("estimated spend with anybody in a year"),
    source=N_("by rank: the published form of the Wallet Allocation Rule (Keiningham and others, 2015)"),
    needs=frozenset({Need.WALLETS}), grain=N_("account and category"),
    period_rule=N_("the twelve whole months up to the end of the period; estimates in force on its last day"),
)  # fmt: skip
def _share_of_wallet(part: Slice) -> Figure:
    found = part.wallets
    if found is None:
        return Figure(None, 0)
    return Figure(
        found.share,
        found.rows,
        {
            "sales": (found.sales, "money"),
            "wallet": (found.wallet, "money"),
            "whitespace": (found.whitespace, "money"),
        },
    )
