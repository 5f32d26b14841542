"""The forms of wallets: what an account says it spends, a model of it, or our rank among its suppliers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core import clock, db, products, wallets
from core.accounts import AccountDetail
from core.auth import Actor
from core.language import _
from core.vocabulary import Permission, WalletBasis
from core.wallets import Estimate, WalletDraft
from pages.ui import dialogs, formats, forms
from pages.ui.forms import Form, plain


def button(actor: Actor, account: AccountDetail) -> None:
    """Opens the form, for who may change the account."""
    may = actor.may(Permission.ACCOUNT_WRITE) and not account.is_unassigned
    if may and st.button(_("Estimate a wallet"), icon=":material/account_balance_wallet:", key="wallet"):
        dialogs.show(_("What does it spend in a year?"), _open, account.id, account.name)


def bases() -> dict[WalletBasis, str]:
    return {
        WalletBasis.DECLARED: _("Declared"),
        WalletBasis.MODELLED: _("Modelled"),
        WalletBasis.ALLOCATED: _("By our rank"),
    }


def _open(actor: Actor, account_id: int, name: str) -> None:
    with db.read() as session:
        known = wallets.latest(session, actor, account_id)
        categories = products.categories(session, actor)
    st.markdown(f"**{plain(name)}**")
    labels = dict[int | None, str]([(None, _("All categories together")), *categories.items()])
    left, right = st.columns(2)
    with left:
        category = st.selectbox(
            _("Category"), list(labels), format_func=lambda key: labels[key], key="wallet_category"
        )
    with right:
        basis = st.segmented_control(
            _("Known from"),
            list(bases()),
            format_func=lambda key: bases()[key],
            default=WalletBasis.DECLARED,
            key="wallet_basis",
            required=True,
        )
    _form(actor, account_id, name, category, basis or WalletBasis.DECLARED, known)


def _form(
    actor: Actor, account_id: int, name: str, category: int | None, basis: WalletBasis, known: Any
) -> None:
    found: Estimate | None = known.get((category, basis))
    before = found.draft if found else WalletDraft(basis, clock.today(), category)
    key = f"wallet-{account_id}-{category or 'all'}-{basis}"
    with forms.form(key, border=False) as form:
        draft = _common(form, _fields(form, before))
        seen = form.keep("version", found.id if found else None)
        submitted = form.submit(_("Save"))
    if found is not None:
        _withdraw(actor, account_id, name, found)
    if submitted:
        with form.saving(_("Wallet saved: {name}").format(name=name)) as session:
            saved = wallets.record(session, actor, account_id, draft, seen=seen)
            if saved.replaced is None:
                form.offer_undo(partial(wallets.withdraw, wallet_id=saved.id))
            else:
                form.offer_undo(
                    partial(wallets.record, account_id=account_id, draft=saved.replaced, seen=saved.id)
                )


def _withdraw(actor: Actor, account_id: int, name: str, found: Estimate) -> None:
    st.caption(
        plain(
            _("Recorded by {who}, {when}").format(
                who=found.recorded_by, when=formats.moment(found.recorded_at)
            )
        )
    )
    asked = forms.confirm(
        f"wallet-withdraw-{found.id}",
        _("Withdraw"),
        _("The estimate before it holds again, if there is one; this one stays in the history."),
        _("Withdraw the estimate"),
        icon=":material/delete:",
    )
    if asked is not None:
        with asked.saving(_("Estimate withdrawn: {name}").format(name=name)) as session:
            before = wallets.withdraw(session, actor, found.id)
            asked.offer_undo(partial(_bring_back, account_id=account_id, draft=before))


def _bring_back(session: Any, actor: Actor, account_id: int, draft: WalletDraft) -> None:
    """Write a withdrawn estimate down anew, whatever is the newest now."""
    known = wallets.latest(session, actor, account_id)
    found = known.get((draft.category_id, draft.basis))
    wallets.record(session, actor, account_id, draft, seen=found.id if found else None)


def _fields(form: Form, before: WalletDraft) -> WalletDraft:
    """What the basis asks for."""
    if before.basis is WalletBasis.ALLOCATED:
        left, right = st.columns(2)
        with left:
            suppliers = form.whole("suppliers", _("Suppliers that it uses, us included"), before.suppliers)
        with right:
            rank = form.whole("rank", _("Our rank among them"), before.rank)
        st.caption(_("Share = (1 − rank ÷ (suppliers + 1)) × 2 ÷ suppliers; wallet = our sales ÷ share."))
        return replace(before, suppliers=suppliers, rank=rank)
    if before.basis is WalletBasis.DECLARED:
        amount = form.money("amount", _("Spend in a year, with all suppliers"), before.amount)
        draft = replace(before, amount=amount)
    else:
        draft = _model(form, before)
    left, right = st.columns(2)
    with left:
        low = form.money("low_amount", _("At least (optional)"), before.low_amount)
    with right:
        high = form.money("high_amount", _("At most (optional)"), before.high_amount)
    return replace(draft, low_amount=low, high_amount=high)


def _model(form: Form, before: WalletDraft) -> WalletDraft:
    left, middle, right = st.columns(3)
    with left:
        driver = form.text(
            "driver", _("Size counted in"), before.driver, placeholder=_("outlets"), max_chars=60
        )
    with middle:
        count = form.decimal("driver_count", _("How many"), before.driver_count, places=3)
    with right:
        unit_amount = form.money("unit_amount", _("Spend in a year for each"), before.unit_amount)
    return replace(before, driver=driver, driver_count=count, unit_amount=unit_amount)


def _common(form: Form, draft: WalletDraft) -> WalletDraft:
    left, middle, right = st.columns(3)
    with left:
        valid_from = form.date("valid_from", _("Day of the estimate"), draft.valid_from)
    with middle:
        label = _("Who said it") if draft.basis is WalletBasis.DECLARED else _("Who estimated it (optional)")
        said_by = form.text("said_by", label, draft.said_by)
    with right:
        source = form.text("source", _("Source"), draft.source, placeholder=_("yearly talk, their report"))
    return replace(draft, valid_from=valid_from, said_by=said_by, source=source)
