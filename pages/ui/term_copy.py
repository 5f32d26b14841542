"""Terms of another account for this one: which, with which value and from when, saved all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pandas as pd
import streamlit as st

from core import accounts, clock, db, term_calendar, term_edits
from core.accounts import AccountDetail
from core.auth import Actor
from core.errors import Invalid
from core.language import _
from core.term_calendar import Phase
from core.term_drafts import Scope, TermDraft
from core.terms import TermRow
from pages.ui import dialogs, forms, term_form, term_saving, term_words, typing_numbers
from pages.ui.forms import Form, plain
from pages.ui.term_words import Words


def button(actor: Actor, account: AccountDetail, words: Words) -> None:
    """Opens the form, for who may write terms."""
    if term_form.may_write(actor, account) and st.button(
        _("Copy from …"), icon=":material/content_copy:", key="copy_terms"
    ):
        dialogs.show(_("Copy terms from another account"), _open, account, words)


def _open(actor: Actor, account: AccountDetail, words: Words) -> None:
    with db.read() as session:
        names = accounts.names(session, actor)
    others = {code: name for code, name in names.items() if code != account.code}
    source = st.selectbox(
        _("From the account"), list(others), index=None, placeholder=_("Choose an account"),
        format_func=lambda code: f"{others[code]} · {code}", filter_mode="fuzzy", key="copy_source",
    )  # fmt: skip
    if source is None:
        return
    with db.read() as session:
        source_id = accounts.get_by_code(session, actor, source).id
        found = term_calendar.overview(session, actor, source_id)
    own = [
        row
        for row in found.rows
        if row.account is not None and found.phase(row) in (Phase.IN_FORCE, Phase.COMING)
    ]
    if not own:
        st.info(_("This account has no terms of its own that are in force or coming."))
        return
    _form(actor, account, source, own, words)


def _form(actor: Actor, account: AccountDetail, source: str, own: Sequence[TermRow], words: Words) -> None:
    with forms.form(f"term-copy-{account.id}-{source}", border=False) as form:
        rows = form.keep("rows", tuple(own))
        edited = _grid(form, rows, words)
        form.place("grid")
        left, right = st.columns(2)
        with left:
            first = form.date("valid_from", _("First day for all"), clock.today())
        with right:
            reason = form.text("reason", _("Why"), _("as for {account}").format(account=source))
        submitted = form.submit(_("Copy them"))
    if not submitted:
        return
    with db.read() as session:
        drafts = {row.id: term_edits.draft_from(session, actor, row.id) for row in rows}
    chosen = _chosen(form, edited, rows, drafts)
    if chosen is None:
        return
    ready = [_copied(draft, account, first or clock.today(), reason) for _label, draft in chosen]
    labels = [label for label, _draft in chosen]
    term_saving.save(form, rows[0].kind, lambda session: term_edits.grant_many(session, actor, ready, labels))


def _copied(draft: TermDraft, account: AccountDetail, first: date, reason: str) -> TermDraft:
    """For another account, from the day on which it may begin there."""
    scope: Scope = replace(draft.scope, account_id=account.id)
    return replace(draft, scope=scope, valid_from=max(first, draft.valid_from), reason=reason)


def _grid(form: Form, rows: Sequence[TermRow], words: Words) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "take": [True] * len(rows),
            "goods": [words.goods(row) for row in rows],
            "kind": [words.kind(row) for row in rows],
            "value": [typing_numbers.shown(term_saving.typed(row.kind, row.value)) for row in rows],
            "there": [words.value(row) for row in rows],
            "days": [term_words.days(row) for row in rows],
        }
    )
    column = st.column_config
    edited: pd.DataFrame = st.data_editor(
        frame,
        key=form.widget_key("rows"),
        num_rows="fixed",
        hide_index=True,
        disabled=["goods", "kind", "there", "days"],
        column_config={
            "take": column.CheckboxColumn(_("Copy"), width=60),
            "goods": column.TextColumn(_("Goods"), width="medium"),
            "kind": column.TextColumn(_("Kind")),
            "value": column.TextColumn(_("Value (money, % or days)"), max_chars=20),
            "there": column.TextColumn(_("There")),
            "days": column.TextColumn(_("Days there")),
        },
        alt=_("The terms of the other account: which to copy, and with which value"),
    )
    return edited


def _chosen(
    form: Form, edited: pd.DataFrame, rows: Sequence[TermRow], drafts: Mapping[int, TermDraft]
) -> list[tuple[str, TermDraft]] | None:
    """What is ticked, with the values as typed; None where one cannot be read, which is said below the grid."""
    found, problems = [], []
    for row, (_place, typed) in zip(rows, edited.iterrows(), strict=True):
        if not typed["take"]:
            continue
        label = f"{typed['goods']} ({typed['kind']})"
        try:
            number = typing_numbers.read(str(typed["value"] or ""), 4)
            value = term_saving.wanted(term_saving.meant(row.kind, number))
        except Invalid as error:
            problems.append(_("{row}: {problem}").format(row=label, problem=error.message))
            continue
        same = typing_numbers.shown(term_saving.typed(row.kind, row.value)) == typed["value"]
        found.append((label, drafts[row.id] if same else replace(drafts[row.id], value=value)))
    if not found and not problems:
        problems.append(_("Tick at least one term."))
    if problems:
        form.show(Invalid(plain(" ".join(problems)), fields={"grid": plain(" ".join(problems))}))
        return None
    return found
