"""The tabs below an account's figures: each one line here, drawn only while it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import streamlit as st

from core.account_story import ProductStory
from core.accounts import AccountDetail
from core.auth import Actor
from core.filters import AccountFilter
from core.language import N_, _
from core.periods import Period
from core.vocabulary import Permission
from pages.ui import (
    account_parts,
    bridge_parts,
    cause_parts,
    commitment_parts,
    competition_tab,
    figure_tabs,
    forecast_account_parts,
    health_parts,
    leakage_parts,
    loyalty_account,
    lump_sum_parts,
    receivable_parts,
    term_tab,
    wallet_parts,
)


@dataclass(frozen=True)
class View:
    """The account and what the page is looking at."""

    account: AccountDetail
    only: AccountFilter
    period: Period
    day: date | None  # that periods end with; none: there are no orders
    currency: str
    products: tuple[ProductStory, ...]


def _products(_actor: Actor, view: View) -> None:
    account_parts.products(view.products, view.currency)


def _moved(actor: Actor, view: View) -> None:
    bridge_parts.of_account(actor, view.only, view.period, view.currency)
    cause_parts.of_account(actor, view.account, view.period, view.currency)


def _prices(actor: Actor, view: View) -> None:
    account_parts.prices(actor, view.account, view.products, view.period, view.currency)
    leakage_parts.show(actor, view.account, view.period, view.currency)


def _lump_sums(actor: Actor, view: View) -> None:
    if not actor.may(Permission.TERM_READ):
        st.info(_("Bonuses and lump sums are shown to who may read terms."))
        return
    commitment_parts.show(actor, view.account, view.currency)
    lump_sum_parts.show(actor, view.account, view.currency)


def _loyalty(actor: Actor, view: View) -> None:
    loyalty_account.show(actor, view.account, view.currency)


def _terms(actor: Actor, view: View) -> None:
    term_tab.show(actor, view.account, view.currency)


def _standing(actor: Actor, view: View) -> None:
    figure_tabs.of_account(actor, view.period, view.only, view.currency)


def _forecast(actor: Actor, view: View) -> None:
    forecast_account_parts.show(actor, view.account.id, None, view.currency)


def _orders(actor: Actor, view: View) -> None:
    account_parts.order_list(actor, view.account, view.period, view.currency)


def _receivables(actor: Actor, view: View) -> None:
    receivable_parts.show(actor, view.account, view.currency)


def _health(actor: Actor, view: View) -> None:
    health_parts.show(actor, view.account, view.currency, day=view.day)


def _wallets(actor: Actor, view: View) -> None:
    wallet_parts.of_account(actor, view.account, view.period, view.currency)


def _competition(actor: Actor, view: View) -> None:
    competition_tab.show(actor, view.account, view.currency)


def _history(actor: Actor, view: View) -> None:
    account_parts.history(actor, view.account)


TABS: tuple[tuple[str, Callable[[Actor, View], None]], ...] = (
    (N_("Products"), _products),
    (N_("What moved it"), _moved),
    (N_("Prices"), _prices),
    (N_("Terms"), _terms),
    (N_("Bonuses & lump sums"), _lump_sums),
    (N_("Loyalty"), _loyalty),
    (N_("Standing"), _standing),
    (N_("Share of wallet"), _wallets),
    (N_("Competition"), _competition),
    (N_("Health"), _health),
    (N_("Forecast"), _forecast),
    (N_("Orders"), _orders),
    (N_("Receivables"), _receivables),
    (N_("History"), _history),
)


def show(actor: Actor, view: View) -> None:
    """All tabs, the open one with its content."""
    shown = st.tabs([_(label) for label, _draw in TABS], key="account_tab", on_change="rerun")
    for (_label, draw), place in zip(TABS, shown, strict=True):
        if place.open:
            with place:
                draw(actor, view)
