"""Share of wallet on a page: one account by category, and many accounts ranked by what they buy from others."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import db, wallets
from core.accounts import AccountDetail
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _, ngettext
from core.periods import Period
from core.vocabulary import Permission, WalletBasis
from core.wallets import Estimate, Purse, Wallets
from pages.ui import answers, formats, navigation, tables, wallet_form
from pages.ui.forms import plain

_SHOWN = 50


def of_account(actor: Actor, account: AccountDetail, period: Period, currency: str) -> None:
    """Our sales by category beside each estimate of the wallet, and where the estimates come from."""
    with db.read() as session:
        found = answers.asker(session, actor)(wallets.of_account, account.id, period.last_day)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_rule(found))
        with st.container(horizontal=True, width="content"):
            wallet_form.button(actor, account)
            _export(actor, found, f"wallets-{account.code}")
    _below_sales(found)
    frame = pd.DataFrame([_row(purse) for purse in found.purses])
    if frame.empty:
        st.info(_("Nothing was sold to this account in these months, and nobody estimated what it spends."))
        return
    tables.plain_frame(
        frame.drop(columns="account"),
        _columns(currency),
        key="wallets_of_account",
        alt=_("Share of wallet by category"),
    )
    _sources(found, currency)


def show(actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "") -> None:
    """Which accounts buy most from others: share of wallet of all of them, and the ranking by whitespace."""
    with db.read() as session:
        found = answers.asker(session, actor)(wallets.share_of_wallet, period.last_day, accounts)
    if not found.purses:
        st.info(_("Nobody has estimated yet what these accounts spend. On an account: Share of wallet."))
        return
    _figures(found, currency)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_rule(found))
        _export(actor, found, "wallets")
    _below_sales(found)
    shown = found.purses[:_SHOWN]
    event = st.dataframe(
        pd.DataFrame([_row(purse) for purse in shown]),
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        column_config=_columns(currency),
        on_select="rerun",
        selection_mode="single-cell",
        key="wallet_ranking",
        placeholder=formats.UNKNOWN,
        alt=_("Accounts and categories by what they buy from others; choosing a cell opens the account"),
    )
    if len(found.purses) > _SHOWN:
        st.caption(_("The first {shown} of {count}.").format(shown=_SHOWN, count=len(found.purses)))
    cells = getattr(getattr(event, "selection", None), "cells", None)
    if cells:
        purse = shown[int(cells[0][0])]
        st.switch_page(navigation.PAGES / "accounts/account.py", query_params={"account": purse.code})


def _rule(found: Wallets) -> str:
    return _(
        "Our sales are the net revenue of {period}. Share = our sales ÷ wallet; bought from others = wallet − our "
        "sales; of several estimates the declared one counts first, then the modelled one, then the one by our rank."
    ).format(period=formats.period(found.period))


def _figures(found: Wallets, currency: str) -> None:
    count = found.covered_accounts
    covered = ngettext("{count} account with a known wallet", "{count} accounts with a known wallet", count)
    shown = (
        (_("Share of wallet"), formats.percent(found.share), covered.format(count=formats.number(count))),
        (_("Our sales to them"), formats.compact(found.sales, currency), formats.period(found.period)),
        (_("Their wallets"), formats.compact(found.wallet, currency), _("a year, with all suppliers")),
        (
            _("Bought from others"),
            formats.compact(found.whitespace, currency),
            _("wallet − our sales, each ≥ 0"),
        ),
    )
    grid = st.grid(4, min_column_width=150)
    for label, value, below in shown:
        with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
            st.metric(label, value)
            st.caption(below)


def _below_sales(found: Wallets) -> None:
    wrong = [purse for purse in found.purses if purse.is_below_sales]
    if wrong:
        names = ", ".join(f"{purse.name}: {category(purse)}" for purse in wrong[:5])
        text = _("We sell more than was estimated as the whole wallet, so the estimate is too low: {names}.")
        st.warning(plain(text.format(names=names)), icon=":material/rule:")


def category(purse: Purse) -> str:
    return purse.category or _("All together")


def _row(purse: Purse) -> dict[str, Any]:
    spend, counting = purse.wallet, purse.counting
    low, high = spend.shares(purse.sales) if spend else (None, None)
    return {
        "account": purse.name,
        "category": category(purse),
        "sales": tables.whole(purse.sales),
        **{basis.value: _amount(purse.estimates.get(basis)) for basis in wallets.ORDER},
        "share": tables.hundred(purse.share),
        "range": _between(low, high),
        "whitespace": None if purse.whitespace is None else tables.whole(purse.whitespace),
        "valid_from": counting.draft.valid_from if counting else None,
    }


def _between(low: Decimal | None, high: Decimal | None) -> str:
    if low is None or low == high:
        return formats.UNKNOWN
    return f"{formats.percent(low, places=0)} – {formats.percent(high, places=0)}"


def _amount(estimate: Estimate | None) -> int | None:
    return None if estimate is None or estimate.spend is None else tables.whole(estimate.spend.amount)


def _columns(currency: str) -> dict[str, Any]:
    column = st.column_config
    bases = wallet_form.bases()
    return {
        "account": column.TextColumn(_("Account"), width=175),
        "category": column.TextColumn(_("Category"), width=140),
        "sales": tables.money_column(_("Our sales"), currency, places=0),
        **{basis.value: tables.money_column(bases[basis], currency, places=0) for basis in wallets.ORDER},
        "share": tables.percent_column(_("Share of wallet")),
        "range": column.TextColumn(_("Range"), help=_("By the least and the most that the wallet may be.")),
        "whitespace": tables.money_column(_("Bought from others"), currency, places=0),
        "valid_from": column.DateColumn(_("As of"), format="D MMM YYYY", width=105),
    }


def _sources(found: Wallets, currency: str) -> None:
    """Where each estimate comes from: who, when, how."""
    rows = [(purse, one) for purse in found.purses for one in purse.estimates.values()]
    if not rows:
        return
    st.markdown("**" + _("Where the estimates come from") + "**")
    frame = pd.DataFrame(
        {
            _("Category"): [category(purse) for purse, _one in rows],
            _("Known from"): [wallet_form.bases()[one.draft.basis] for _purse, one in rows],
            _("Estimate"): [_made_of(one, currency) for _purse, one in rows],
            _("Range"): [_range(one, currency) for _purse, one in rows],
            _("As of"): [formats.day(one.draft.valid_from) for _purse, one in rows],
            _("Who said it"): [one.draft.said_by or formats.UNKNOWN for _purse, one in rows],
            _("Source"): [one.draft.source for _purse, one in rows],
            _("Recorded by"): [one.recorded_by for _purse, one in rows],
        }
    )
    tables.plain_frame(frame, key="wallet_sources")


def _made_of(one: Estimate, currency: str) -> str:
    draft = one.draft
    amount = formats.compact(one.spend.amount if one.spend else None, currency)
    if draft.basis is WalletBasis.MODELLED:
        each = formats.money(draft.unit_amount, currency, places=0)
        return f"{formats.quantity(draft.driver_count)} {draft.driver} × {each} = {amount}"
    if draft.basis is WalletBasis.ALLOCATED:
        return _("rank {rank} of {suppliers}: {amount}").format(
            rank=draft.rank, suppliers=draft.suppliers, amount=amount
        )
    return amount


def _range(one: Estimate, currency: str) -> str:
    spend = one.spend
    if spend is None or spend.low == spend.high:
        return formats.UNKNOWN
    return f"{formats.compact(spend.low, currency)} – {formats.compact(spend.high, currency)}"


def _export(actor: Actor, found: Wallets, name: str) -> None:
    if not actor.may(Permission.DATA_EXPORT) or not found.purses:
        return
    with st.popover(_("Export"), icon=":material/download:"):
        for kind in ("csv", "xlsx"):
            st.download_button(
                kind.upper(),
                data=partial(export, kind, found, actor),
                file_name=f"{name}.{kind}",
                key=f"export_wallets_{kind}",
                on_click="ignore",
                width="stretch",
            )


_HEAD = ("account", "name", "category", "our_sales", "from", "to", "declared", "modelled", "allocated", "counts",
         "share_of_wallet", "share_low", "share_high", "whitespace", "estimated_on", "said_by", "source")  # fmt: skip


def export(kind: str, found: Wallets, actor: Actor) -> bytes:
    """The wallets on the screen with exact values, noted in the audit; runs when the file is asked for."""
    with db.write() as session:
        wallets.record_export(session, actor, len(found.purses), kind)
    rows = [
        list(_HEAD),
        *([tables.safe_cell(value) for value in _exported(found, one)] for one in found.purses),
    ]
    return tables.as_csv(rows) if kind == "csv" else tables.as_xlsx(rows, _("Share of wallet"))


def _exported(found: Wallets, purse: Purse) -> Sequence[Any]:
    spends: list[Decimal | None] = []
    for basis in wallets.ORDER:
        one = purse.estimates.get(basis)
        spends.append(None if one is None or one.spend is None else one.spend.amount)
    counting, spend = purse.counting, purse.wallet
    low, high = spend.shares(purse.sales) if spend else (None, None)
    draft = counting.draft if counting else None
    return [
        purse.code, purse.name, purse.category, purse.sales, found.period.start, found.period.last_day, *spends,
        draft.basis.value if draft else None, purse.share, low, high, purse.whitespace,
        draft.valid_from if draft else None, draft.said_by if draft else None, draft.source if draft else None,
    ]  # fmt: skip
