"""The form that merges two accounts: which one, what it does, which values stay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from core import account_duplicates, account_mergers, accounts, db, merger_previews, settings
from core.account_duplicates import Alike, Pair
from core.accounts import AccountDetail, AccountRow
from core.auth import Actor
from core.errors import Invalid, UtamaError
from core.language import _
from core.merger_previews import Holding, Preview
from core.vocabulary import AccountStatus
from pages.ui import audit_parts, formats, forms
from pages.ui.forms import plain


def show(actor: Actor, here: AccountDetail) -> None:
    """Choose the other account, see what merging would do, decide, and merge."""
    account_id = here.id
    st.caption(_("Two accounts that are one: everything of one goes to the other. It can be undone."))
    with db.read() as session:
        others = {row.id: row for row in accounts.search(session, actor) if row.id != account_id}
        twins = account_duplicates.likely_duplicates(session, actor, account_id)
        currency = settings.get(session).base_currency
    names = _choices(account_id, others, twins)
    left, right = st.columns([2, 1])
    other_id = left.selectbox(
        _("The other account"),
        list(names),
        index=None,
        format_func=lambda number: names[number],
        placeholder=_("Choose an account"),
        key=f"merge-other-{account_id}",
    )
    if other_id is None:
        st.info(_("Choose the other account: before anything moves you see what would."))
        return
    codes = {account_id: here.code, other_id: others[other_id].code}
    kept_id = right.radio(
        _("Which one stays"),
        list(codes),
        format_func=lambda number: plain(codes[number]),
        horizontal=True,
        key=f"merge-kept-{account_id}-{other_id}",
    )
    merged_id = other_id if kept_id == account_id else account_id
    try:
        with db.read() as session:
            found_preview = merger_previews.preview(session, actor, merged_id, kept_id)
    except UtamaError as error:
        st.error(plain(error.message))
        return
    _moves(found_preview, currency)
    _decide(actor, found_preview)


def _choices(account_id: int, others: dict[int, AccountRow], twins: list[Pair]) -> dict[int, str]:
    """Every other account, those first that are probably the same, which are said above as well."""
    reasons = {Alike.NAME: _("same name"), Alike.CODE: _("same code elsewhere")}
    alike = {
        pair.second.id if pair.first.id == account_id else pair.first.id: reasons[pair.alike]
        for pair in twins
    }
    names = {
        number: f"{row.code} · {row.name}" + (f" ({alike[number]})" if number in alike else "")
        for number, row in sorted(others.items(), key=lambda item: item[0] not in alike)
    }
    if alike:
        found = ", ".join(names[number] for number in alike if number in names)
        st.caption(_("Probably the same account: {found}").format(found=plain(found)))
    return names


def _moves(found: Preview, currency: str) -> None:
    """Both accounts side by side, and what happens where they meet."""
    moved, there = found.moved, found.there
    lines = [
        (_("Orders"), formats.number(moved.orders), formats.number(there.orders)),
        (_("Order lines"), formats.number(moved.lines), formats.number(there.lines)),
        (
            _("Net revenue, all years"),
            formats.money(moved.net_revenue, currency, places=0),
            formats.money(there.net_revenue, currency, places=0),
        ),
        (_("Months with a target"), formats.number(moved.target_months), formats.number(there.target_months)),
        (_("Open items by day"), formats.number(moved.receivables), formats.number(there.receivables)),
        (_("Team"), _people(found.merged), _people(found.kept)),
        (_("Codes elsewhere"), _codes(found.merged), _codes(found.kept)),
        (_("Decisions on Today"), formats.number(moved.decisions), formats.number(there.decisions)),
        (_("Causes"), formats.number(moved.causes), formats.number(there.causes)),
        (_("Wallet estimates"), formats.number(moved.wallets), formats.number(there.wallets)),
        (_("Price terms"), formats.number(moved.terms), formats.number(there.terms)),
        (_("Lump sums"), _lump_sums(moved, currency), _lump_sums(there, currency)),
    ]
    columns = [
        _("What"),
        _("{code} goes").format(code=found.merged.code),
        _("{code} stays").format(code=found.kept.code),
    ]
    nothing = {formats.number(0), formats.UNKNOWN}
    shown = [line for line in lines if not set(line[1:]) <= nothing]
    st.dataframe(
        pd.DataFrame(shown, columns=columns),
        hide_index=True,
        row_height=26,
        height=26 * 9 + 12
        if len(shown) > 8
        else "content",  # with the fields below it all stands on one screen
        width="stretch",
        alt=_("What each of the two accounts holds"),
    )
    st.caption(plain(" ".join(_notes(found))))


def _lump_sums(held: Holding, currency: str) -> str:
    """`3, RM 12,000`."""
    count = formats.number(held.lump_sums)
    return f"{count}, {formats.money(held.lump_sum_money, currency, places=0)}" if held.lump_sums else count


def _people(account: AccountDetail) -> str:
    return ", ".join(member.name for member in account.team) or formats.UNKNOWN


def _codes(account: AccountDetail) -> str:
    return ", ".join(f"{source} {code}" for source, code in account.codes) or formats.UNKNOWN


def _notes(found: Preview) -> list[str]:
    notes = [
        _("The code {code} means {kept} from then on, in files and in links.").format(
            code=found.merged.code, kept=found.kept.code
        )
    ]
    if found.added_months:
        notes.append(
            _("Both have a target for months: {count}. They are added up.").format(
                count=len(found.added_months)
            )
        )
    if found.renumbered_lines:
        notes.append(
            _("Order lines that get another number, since {kept} has one like it: {count}.").format(
                kept=found.kept.code, count=found.renumbered_lines
            )
        )
    if found.clashes:
        number, day = found.clashes[0]
        notes.append(
            _(
                "Invoices that stand at both on the same day: {count}, such as {number} on {day}. "
                "Those of {kept} stay, and count once."
            ).format(count=len(found.clashes), number=number, day=formats.day(day), kept=found.kept.code)
        )
    if found.staying_terms:
        notes.append(
            _("Price terms that meet one of {kept}, which holds: {count}. They stay with {code}.").format(
                kept=found.kept.code, code=found.merged.code, count=found.staying_terms
            )
        )
    if found.staying_wallets:
        notes.append(
            _("Wallet estimates of which {kept} has its own: {count}. They stay with {code}.").format(
                kept=found.kept.code, code=found.merged.code, count=found.staying_wallets
            )
        )
    return notes


def _decide(actor: Actor, found: Preview) -> None:
    """The values of the fields in which the two differ, one question, and the button."""
    merged, kept = found.merged, found.kept
    with forms.form(f"merge-{merged.id}-{kept.id}", border=False) as form:
        versions = form.keep("version", found.versions)
        taken = set()
        if found.differences:
            st.markdown("**" + _("Which values hold from then on") + "**")
            with st.grid(5, min_column_width=180):
                for one in found.differences:
                    options = {kept.code: _said(one.kept), merged.code: _said(one.merged)}
                    labels = {code: f"{value} ({code})" for code, value in options.items()}
                    with st.container():
                        chosen = form.choice(one.field, audit_parts.field_name(one.field), labels, kept.code)
                    if chosen == merged.code:
                        taken.add(one.field)
        sure = form.tick(
            "sure",
            plain(
                _("Yes: {code} {name} goes into {kept} {kept_name}.").format(
                    code=merged.code, name=merged.name, kept=kept.code, kept_name=kept.name
                )
            ),
        )
        submitted = form.submit(_("Merge the accounts"))
    if submitted and not sure:
        question = _("Tick this first: it names what goes and what stays.")
        form.show(Invalid(question, fields={"sure": question}))
    elif submitted:
        done = _("{code} was merged into {kept}. It can be undone on the account's page.")

        def follow() -> None:
            st.query_params["account"] = kept.code

        with form.saving(done.format(code=merged.code, kept=kept.code), follow) as session:
            account_mergers.merge(
                session, actor, merged.id, kept.id, versions=versions, take=frozenset(taken)
            )


def _said(value: Any) -> str:
    """A field's value in words."""
    statuses = {
        AccountStatus.ACTIVE: _("Active"),
        AccountStatus.DORMANT: _("Dormant"),
        AccountStatus.LOST: _("Lost"),
    }
    if value is None or value == "":
        return formats.UNKNOWN
    if isinstance(value, AccountStatus):
        return statuses[value]
    if isinstance(value, Decimal):
        return formats.number(value, places=2)
    return formats.day(value) if isinstance(value, date) else str(value)
