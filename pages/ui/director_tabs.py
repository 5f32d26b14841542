"""The tabs of Directors' KPIs: each one line here, drawn only while it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import bridge, db, directors
from core.auth import Actor
from core.filters import AccountFilter
from core.language import N_, _
from core.periods import Period
from pages.ui import (
    answers,
    cause_parts,
    cohort_parts,
    concentration_parts,
    creep_parts,
    director_parts,
    health_overview,
    kpi_parts,
    leakage_parts,
    movement_parts,
    report_parts,
    rfm_parts,
    wallet_parts,
    waterfall_parts,
)

Place = Any  # a container of the page


@dataclass(frozen=True)
class Tab:
    """One tab: the word that stands in the address, what it is called, and what draws it."""

    name: str
    label: str
    draw: Callable[[Actor, kpi_parts.Asked, Place], None]  # the place is in the page's head, for what exports


def _overview(actor: Actor, asked: kpi_parts.Asked, head: Place) -> None:
    with db.read() as session:
        ask = answers.asker(session, actor)
        found = ask(directors.overview, asked.period, asked.accounts, day=asked.day, **asked.more)
        # What moved it is told by today's structure: a bridge has no months to look structures up by.
        moved = ask(bridge.between, asked.period, found.year_ago, asked.accounts)
    if found.is_empty:
        st.info(_("No account that you see has orders in this period, nor in those it is compared with."))
        return
    with head:
        report_parts.downloads(actor, found, asked)
    director_parts.show(found, moved, asked)


def _health(actor: Actor, asked: kpi_parts.Asked, _head: Place) -> None:
    health_overview.overview(actor, asked.accounts, asked.currency, day=asked.day)


Part = Callable[[Actor, Period, AccountFilter, str], None]


def _parts(*drawn: Part) -> Callable[[Actor, kpi_parts.Asked, Place], None]:
    """A tab of parts that take period, accounts and currency, each in a frame of its own."""

    def draw(actor: Actor, asked: kpi_parts.Asked, _head: Place) -> None:
        for part in drawn:
            with st.container(border=True):
                part(actor, asked.period, asked.accounts, asked.currency)

    return draw


def _prices(actor: Actor, asked: kpi_parts.Asked, head: Place) -> None:
    """What is left of the list price, whose discounts rose, and what leaks."""
    _parts(waterfall_parts.show, creep_parts.show)(actor, asked, head)
    leakage_parts.by_account(actor, asked.period, asked.accounts, asked.currency)


TABS: tuple[Tab, ...] = (
    Tab("overview", N_("Overview"), _overview),
    Tab("movement", N_("Movement"), _parts(movement_parts.show)),
    Tab("causes", N_("Causes"), _parts(cause_parts.show)),
    Tab("retention", N_("Retention"), _parts(movement_parts.retention, cohort_parts.show)),
    Tab("concentration", N_("Concentration"), _parts(concentration_parts.show)),
    Tab("customers", N_("Customers"), _parts(rfm_parts.show)),
    Tab("wallet", N_("Wallet"), _parts(wallet_parts.show)),
    Tab("health", N_("Health"), _health),
    Tab("prices", N_("Prices"), _prices),
)


def show(actor: Actor, asked: kpi_parts.Asked, head: Place) -> None:
    """All tabs, the open one with its content; a single one needs no tab to choose."""
    if len(TABS) == 1:
        TABS[0].draw(actor, asked, head)
        return
    wanted = st.query_params.get("tab")
    first = next((tab for tab in TABS if tab.name == wanted), TABS[0])
    shown = st.tabs(
        [_(tab.label) for tab in TABS], key="directors_tab", default=_(first.label), on_change="rerun"
    )
    for tab, place in zip(TABS, shown, strict=True):
        if place.open:
            with place:
                tab.draw(actor, asked, head)
