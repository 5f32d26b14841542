"""Lump sums of an account: what was promised, how far it has come, and the quick forms to keep it current."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core import clock, db, lump_sums
from core.accounts import AccountDetail
from core.auth import Actor
from core.filters import AccountFilter
from core.language import _
from core.lump_sums import LumpSumDraft, LumpSumRow, Stage
from core.money import ZERO, ratio
from core.vocabulary import BatchKind, LumpSumKind, LumpSumStep, Permission
from pages.ui import answers, dialogs, formats, forms, grant_files, tables
from pages.ui.forms import Form, plain


def kinds() -> dict[LumpSumKind, str]:
    return {
        LumpSumKind.LISTING_FEE: _("Listing fee"),
        LumpSumKind.DISPLAY: _("Display"),
        LumpSumKind.LEAFLET: _("Leaflet"),
        LumpSumKind.MARKETING: _("Marketing contribution"),
        LumpSumKind.OTHER: _("Other"),
    }


def stages() -> dict[Stage, str]:
    return {
        Stage.AGREED: _("agreed, not begun"),
        Stage.RUNNING: _("running"),
        Stage.PROOF_MISSING: _("proof missing"),
        Stage.TO_SETTLE: _("to settle"),
        Stage.SETTLED: _("settled"),
    }


def show(actor: Actor, account: AccountDetail, currency: str) -> None:
    """Figures, the list with a button a row, and a button for another one."""
    with db.read() as session:
        only = AccountFilter(account_ids=frozenset({account.id}))
        found = answers.asker(session, actor)(lump_sums.search, only)
    may = actor.may(Permission.TERM_WRITE) and not account.is_unassigned
    with st.container(horizontal=True):
        if may and st.button(_("Agree a lump sum"), icon=":material/add:", key="lump_sum"):
            dialogs.show(_("Lump sum"), _agree, account.id, account.name)
        if found:
            said = _("The lump sums of this account. “Data & import” reads each of them back.")
            grant_files.download(actor, BatchKind.LUMP_SUMS, said, account.code)
    if not found:
        st.info(
            _(
                "No lump sum is agreed: listing fees, displays, leaflets and marketing contributions stand here."
            )
        )
        return
    _figures(found, currency)
    tables.plain_frame(
        _frame(found),
        {
            _("Agreed"): tables.money_column(_("Agreed"), currency),
            _("Accrued"): tables.money_column(_("Accrued"), currency),
            _("Paid"): tables.money_column(_("Paid"), currency),
        },
        key="lump_sums",
    )
    for row in found:
        _line(row, currency, may=may)


def _figures(found: list[LumpSumRow], currency: str) -> None:
    agreed = sum((row.draft.amount or ZERO for row in found), ZERO)
    with st.grid(4, min_column_width=150):
        st.metric(_("Agreed"), formats.compact(agreed, currency), border=True)
        st.metric(
            _("Accrued to date"),
            formats.compact(sum((row.accrued for row in found), ZERO), currency),
            border=True,
        )
        st.metric(
            _("Paid"), formats.compact(sum((row.settled for row in found), ZERO), currency), border=True
        )
        missing = sum(row.stage is Stage.PROOF_MISSING for row in found)
        st.metric(_("Proof missing"), formats.number(missing), border=True)


def _frame(found: list[LumpSumRow]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("No."): [row.name for row in found],
            _("For"): [kinds()[row.draft.kind] for row in found],
            _("Why"): [row.draft.reason for row in found],
            _("From"): [formats.day(row.draft.first_on) for row in found],
            _("To"): [formats.day(row.draft.last_on) for row in found],
            _("Agreed"): [tables.as_float(row.draft.amount) for row in found],
            _("Accrued"): [tables.as_float(row.accrued) for row in found],
            _("Paid"): [tables.as_float(row.settled) for row in found],
            _("State"): [stages()[row.stage] for row in found],
        }
    )


def _line(row: LumpSumRow, currency: str, *, may: bool) -> None:
    """What is to be done next about one that is not settled."""
    if row.stage is Stage.SETTLED and not may:
        return
    share = ratio(row.settled, row.draft.amount)
    said = _("{name} {kind}: {stage}, {share} paid, {left} left").format(
        name=row.name, kind=kinds()[row.draft.kind], stage=stages()[row.stage], share=formats.percent(share, places=0),
        left=formats.money(row.left, currency),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(said), width="stretch")
        if may and st.button(_("Proof or payment"), key=f"note_{row.number}", icon=":material/task_alt:"):
            dialogs.ask(_("Proof or payment"), _note, row, currency)
        if may and st.button(_("Edit"), key=f"edit_{row.number}", icon=":material/edit:", type="tertiary"):
            dialogs.show(_("Lump sum"), _change, row)


def _agree(actor: Actor, account_id: int, name: str) -> None:
    st.markdown(f"**{plain(name)}**")
    today = clock.today()
    with forms.form(f"lump-sum-{account_id}", border=False) as form:
        draft = _fields(form, LumpSumDraft(LumpSumKind.DISPLAY, None, today, None))
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Lump sum agreed: {name}").format(name=name)) as session:
            number = lump_sums.agree(session, actor, account_id, draft)
            form.offer_undo(partial(lump_sums.withdraw, number=number, version=number))


def _change(actor: Actor, row: LumpSumRow) -> None:
    st.markdown(f"**{plain(row.account)}** · {plain(row.name)}")
    with forms.form(f"lump-sum-{row.number}-change", border=False) as form:
        version = form.keep("version", row.version)
        draft = _fields(form, row.draft)
        submitted = form.submit(_("Save"))
    removal = forms.confirm(
        f"lump-sum-{row.number}-withdraw",
        _("Withdraw"),
        _("It is no longer promised; it stays in the history."),
        _("Withdraw the lump sum"),
        icon=":material/delete:",
    )
    if submitted:
        with form.saving(_("Lump sum saved: {name}").format(name=row.name)) as session:
            now = lump_sums.change(session, actor, row.number, draft, version=version)
            form.offer_undo(partial(lump_sums.change, number=row.number, draft=row.draft, version=now))
    if removal is not None:
        with removal.saving(_("Lump sum withdrawn: {name}").format(name=row.name)) as session:
            now = lump_sums.withdraw(session, actor, row.number, version=row.version)
            removal.offer_undo(partial(lump_sums.restore, number=row.number, version=now))


def _fields(form: Form, draft: LumpSumDraft) -> LumpSumDraft:
    with st.grid(2, min_column_width=180):
        with st.container():
            kind = form.choice("kind", _("For"), kinds(), draft.kind)
        with st.container():
            amount = form.money("amount", _("Amount"), draft.amount)
        with st.container():
            first = form.date("first_on", _("First day"), draft.first_on)
        with st.container():
            last = form.date("last_on", _("Last day"), draft.last_on)
    reason = form.text("reason", _("What the account does for it"), draft.reason)
    return LumpSumDraft(kind or draft.kind, amount, first, last, reason)


def _note(actor: Actor, row: LumpSumRow, currency: str) -> None:
    st.markdown(f"**{plain(row.account)}** · {plain(row.name)} · {formats.money(row.draft.amount, currency)}")
    steps = {LumpSumStep.PROOF: _("Proof came"), LumpSumStep.SETTLED: _("Money was paid")}
    with forms.form(f"lump-sum-{row.number}-note", border=False, enter=False) as form:
        occurred_on = form.date("occurred_on", _("Day"), clock.today())
        amount = form.money(
            "amount", _("Amount paid"), row.left or None, help=_("Below zero takes a payment back.")
        )
        text = form.text("note", _("Note"), "", placeholder=_("photograph, credit note number"))
        step = form.submits(steps)
    if step is not None:
        with form.saving(f"{steps[step]}: {row.name}") as session:
            lump_sums.note(session, actor, row.number, step, occurred_on, amount=amount, text=text)
            if step is LumpSumStep.SETTLED and amount is not None:
                form.offer_undo(
                    partial(
                        lump_sums.note, number=row.number, step=step, occurred_on=occurred_on, amount=-amount,
                        text=_("taken back"),
                    )
                )  # fmt: skip
