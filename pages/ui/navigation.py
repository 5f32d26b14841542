"""Which pages there are, where they stand in the sidebar, and who may open them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.auth import Actor
from core.language import N_, _
from core.vocabulary import Permission

PAGES = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Entry:
    """One page; its address is its file's name, the same for everybody."""

    file: str  # below `pages/`
    title: str
    icon: str
    permission: Permission | None = None
    is_listed: bool = True

    @property
    def path(self) -> Path:
        return PAGES / self.file


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "": (
        Entry("work/home.py", N_("Home"), ":material/home:", is_listed=False),
        Entry("work/profile.py", N_("My profile"), ":material/person:", is_listed=False),
    ),
    N_("Work"): (Entry("work/today.py", N_("Today"), ":material/today:", Permission.REVENUE_READ),),
    N_("Accounts"): (
        Entry("accounts/portfolio.py", N_("Portfolio"), ":material/monitoring:", Permission.REVENUE_READ),
        Entry("accounts/account.py", N_("Account"), ":material/storefront:", Permission.ACCOUNT_READ),
        Entry(
            "accounts/orders.py",
            N_("Orders & delivery"),
            ":material/local_shipping:",
            Permission.REVENUE_READ,
        ),
        Entry("accounts/revenue.py", N_("Revenue"), ":material/table_chart_view:", Permission.REVENUE_READ),
        Entry("accounts/targets.py", N_("Targets"), ":material/flag:", Permission.REVENUE_READ),
    ),
    N_("Commercial"): (
        Entry("commercial/terms.py", N_("Price terms"), ":material/handshake:", Permission.TERM_READ),
        Entry("commercial/rounds.py", N_("Price rounds"), ":material/price_change:", Permission.TERM_READ),
        Entry("commercial/xray.py", N_("Price X-ray"), ":material/receipt_long:", Permission.TERM_READ),
        Entry(
            "commercial/floors.py",
            N_("Floor prices"),
            ":material/vertical_align_bottom:",
            Permission.COST_READ,
        ),
        Entry("commercial/loyalty.py", N_("Loyalty"), ":material/loyalty:", Permission.LOYALTY_READ),
        Entry(
            "commercial/programmes.py",
            N_("Programmes"),
            ":material/design_services:",
            Permission.LOYALTY_DESIGN,
        ),
        Entry("commercial/replay.py", N_("Replay lab"), ":material/science:", Permission.LOYALTY_DESIGN),
    ),
    N_("Market"): (
        Entry("market/competitors.py", N_("Competitors"), ":material/swords:", Permission.COMPETITOR_READ),
        Entry("market/products.py", N_("Products"), ":material/inventory_2:", Permission.REVENUE_READ),
    ),
    N_("Management"): (
        Entry("management/kpis.py", N_("Directors' KPIs"), ":material/insights:", Permission.REVENUE_READ),
        Entry(
            "management/bridge.py",
            N_("Revenue bridge"),
            ":material/waterfall_chart:",
            Permission.REVENUE_READ,
        ),
        Entry("management/forecast.py", N_("Forecast"), ":material/trending_up:", Permission.REVENUE_READ),
        Entry("management/approvals.py", N_("Approvals"), ":material/approval:", Permission.TERM_WRITE),
        Entry("management/data.py", N_("Data & import"), ":material/upload_file:", Permission.BATCH_READ),
        Entry("management/users.py", N_("Users"), ":material/group:", Permission.USER_WRITE),
        Entry("management/audit.py", N_("Audit"), ":material/history:", Permission.AUDIT_READ),
        Entry("management/settings.py", N_("Settings"), ":material/settings:", Permission.SETTING_WRITE),
    ),
}


def navigate(actor: Actor | None) -> Any:
    """Register every page for everybody, so that a link survives sign-in; only what may be opened is listed.

    Returns Streamlit's page, to be run.
    """
    pages: dict[str, list[Any]] = {}
    for section, entries in SECTIONS.items():
        there = [
            st.Page(
                entry.path,
                title=_(entry.title),
                icon=entry.icon,
                default=entry.file == "work/home.py",
                visibility="visible" if entry.is_listed and may_open(actor, entry) else "hidden",
            )
            for entry in entries
            if entry.path.exists()
        ]
        if there:
            pages[_(section) if section else ""] = there
    return st.navigation(pages, position="hidden" if actor is None else "sidebar", expanded=True)


def may_open(actor: Actor | None, entry: Entry) -> bool:
    return actor is not None and (entry.permission is None or actor.may(entry.permission))


def first_for(actor: Actor) -> Path:
    """The page that somebody sees first: the first listed one that they may open, or their profile."""
    return next(
        (entry.path for entry in _existing() if entry.is_listed and may_open(actor, entry)), profile()
    )


def profile() -> Path:
    return PAGES / "work/profile.py"


def _existing() -> Iterator[Entry]:
    for entries in SECTIONS.values():
        yield from (entry for entry in entries if entry.path.exists())
