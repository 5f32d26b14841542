"""The parts of the Targets page: the grid of twelve months, its totals, and the split by last year's season."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import target_plans
from core.auth import Actor
from core.errors import Conflict, Invalid
from core.language import _, ngettext
from core.money import ZERO, ratio
from core.target_plans import Cell, Plan
from core.vocabulary import Permission
from pages.ui import formats, forms, tables, target_drafts
from pages.ui.forms import Form, plain
from pages.ui.target_drafts import Draft


def may_edit(actor: Actor) -> bool:
    return actor.may(Permission.TARGET_WRITE)


def grid(actor: Actor, plan: Plan, name: str, title: str, currency: str) -> dict[Cell, Decimal | None]:
    """The grid, and what stands in it now; `name` tells one year and choice of accounts from another."""
    if not may_edit(actor):
        frame = _frame(plan, plan.values())
        tables.plain_frame(frame.drop(columns="code"), _columns(plan, currency), key="targets_read")
        return plan.values()
    form = Form(f"targets-{name}")
    draft = target_drafts.of(name, title)
    target_drafts.ready(form, draft, plan)
    frame = _frame(plan, {**plan.values(), **draft.cells})
    edited = st.data_editor(
        frame,
        key=draft.widget_key(form),
        hide_index=True,
        num_rows="fixed",
        disabled=["name", "code"],
        row_height=tables.GRID_ROW,
        height=min(len(frame) + 1, 16) * tables.GRID_ROW + 4,
        column_config=_columns(plan, currency),
        placeholder=formats.UNKNOWN,
        alt=_("Targets by account and month"),
    )
    values = _read(plan, edited)
    _save(actor, name, draft, draft.read(plan, values))
    for where, count in target_drafts.elsewhere(name):
        st.caption(
            plain(
                ngettext(
                    "Not saved yet in {where}: {count} cell. It stays there while this page is open.",
                    "Not saved yet in {where}: {count} cells. They stay there while this page is open.",
                    count,
                ).format(where=where, count=count)
            )
        )
    return values


def _save(actor: Actor, name: str, draft: Draft, changes: dict[Cell, Decimal | None]) -> None:
    with forms.form(f"targets-{name}", border=False) as foot:
        foot.place("grid")
        submitted = foot.submit(_("Save"))
    if submitted and not changes:
        foot.show(Invalid(_("Nothing has changed yet.")))
    elif submitted:
        before = dict(draft.seen)  # after a conflict what the other one saved
        with foot.saving(_("Targets saved.")) as session:
            try:
                target_plans.save(session, actor, changes, seen=draft.seen)
            except Conflict as conflict:  # who has seen the other's values and saves again decides
                draft.seen |= {cell: conflict.version[cell] for cell in changes}
                raise
            foot.offer_undo(partial(target_plans.put_back, changes=before, seen=dict(changes)))


def _frame(plan: Plan, values: Mapping[Cell, Decimal | None]) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "name": [row.name for row in plan.rows],
        "code": [row.code for row in plan.rows],
    }
    for month in plan.months:
        amounts = [tables.as_float(values[row.account_id, month]) for row in plan.rows]
        columns[f"{month:%Y-%m}"] = pd.array(amounts, dtype="Float64")
    return pd.DataFrame(columns)


def _columns(plan: Plan, currency: str) -> dict[str, Any]:
    column = st.column_config
    unit = formats.symbol(currency)
    found: dict[str, Any] = {
        "name": column.TextColumn(
            _("Account, targets in {unit}").format(unit=unit), pinned=True, width="medium"
        ),
        "code": None,
    }
    for month in plan.months:
        found[f"{month:%Y-%m}"] = column.NumberColumn(
            formats.month(month), format="localized", min_value=0, step=0.01, width=100
        )
    return found


def _read(plan: Plan, edited: pd.DataFrame) -> dict[Cell, Decimal | None]:
    """What stands in the grid; an empty cell is no target, and an untouched one is exactly what is stored."""
    values: dict[Cell, Decimal | None] = {}
    for row, (_place, typed) in zip(plan.rows, edited.iterrows(), strict=True):
        for month, stored in zip(plan.months, row.months, strict=True):
            cell = typed[f"{month:%Y-%m}"]
            if pd.isna(cell):
                values[row.account_id, month] = None
            elif stored is not None and float(cell) == float(stored):
                values[row.account_id, month] = stored
            else:
                values[row.account_id, month] = Decimal(str(cell))
    return values


def totals(plan: Plan, values: Mapping[Cell, Decimal | None], currency: str) -> None:
    """What the grid adds up to by month and account, beside last year."""
    months: list[list[Any]] = [[], []]
    for place, month in enumerate(plan.months):
        known = [values[row.account_id, month] for row in plan.rows]
        said = [amount for amount in known if amount is not None]
        months[0].append(sum(said, ZERO) if said else None)
        months[1].append(sum((row.year_ago[place] for row in plan.rows), ZERO))
    wanted = [amount for amount in months[0] if amount is not None]
    total, year_ago = (sum(wanted, ZERO) if wanted else None), sum(months[1], ZERO)
    left, middle, right = st.columns(3)
    left.metric(_("Target of the year"), formats.compact(total, currency), border=True)
    middle.metric(_("Last year"), formats.compact(year_ago, currency), border=True)
    growth = ratio(total - year_ago, year_ago) if total is not None and year_ago > 0 else None
    right.metric(_("Growth asked for"), formats.percent(growth, signed=True), border=True)
    st.markdown("**" + _("Totals by month") + "**")
    frame = pd.DataFrame(
        {
            _("What"): [_("Target"), _("Last year")],
            _("Year"): [_whole(total), _whole(year_ago)],
            **{
                formats.month(month): [_whole(months[0][place]), _whole(months[1][place])]
                for place, month in enumerate(plan.months)
            },
        }
    )
    looks = {name: st.column_config.NumberColumn(format="localized") for name in frame.columns[1:]}
    tables.plain_frame(frame, looks, key="target_totals")
    _by_account(plan, values)


def _by_account(plan: Plan, values: Mapping[Cell, Decimal | None]) -> None:
    rows = []
    for row in plan.rows:
        known = [values[row.account_id, month] for month in plan.months]
        said = [amount for amount in known if amount is not None]
        total = sum(said, ZERO) if said else None
        growth = (
            ratio(total - row.year_ago_total, row.year_ago_total)
            if total is not None and row.year_ago_total > 0
            else None
        )
        rows.append((row.name, _whole(total), _whole(row.year_ago_total), tables.hundred(growth)))
    st.markdown("**" + _("Totals by account") + "**")
    frame = pd.DataFrame(rows, columns=["name", "total", "year_ago", "growth"])
    tables.plain_frame(frame, _total_columns(_("Account")), key="target_accounts")


def _total_columns(first: str) -> dict[str, Any]:
    column = st.column_config
    return {
        "name": column.TextColumn(first, width="medium"),
        "accounts": column.NumberColumn(_("Accounts")),
        "total": column.NumberColumn(_("Target"), format="localized"),
        "year_ago": column.NumberColumn(_("Last year"), format="localized"),
        "growth": tables.percent_column(_("Growth")),
    }


def _whole(amount: Decimal | None) -> int | None:
    return None if amount is None else tables.whole(amount)


def by_owner(plan: Plan) -> None:
    """What each manager's accounts are expected to bring."""
    st.markdown("**" + _("By manager") + "**")
    frame = pd.DataFrame(
        [
            (one.owner or formats.UNKNOWN, one.accounts, _whole(one.target), _whole(one.year_ago),
             tables.hundred(one.growth))
            for one in plan.by_owner()
        ],
        columns=["name", "accounts", "total", "year_ago", "growth"],
    )  # fmt: skip
    tables.plain_frame(frame, _total_columns(_("Manager")), key="target_owners")


def splitting(plan: Plan, name: str) -> None:
    """A year's total over the months by last year's season: into the grid, to be looked at and saved there."""
    everybody = 0
    names = {everybody: _("All accounts below"), **{row.account_id: row.name for row in plan.rows}}
    with forms.form(f"split-{name}", border=True) as form:
        left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
        with left:
            chosen = form.choice("account", _("Split a year over"), names, everybody)
        with middle:
            total = form.money("total", _("Total of the year"))
        with right:
            submitted = form.submit(
                _("Put into the grid"), type="secondary", icon=":material/calendar_month:"
            )
    if note := target_drafts.of(name).note:
        st.caption(note)
    if not submitted:
        return
    ids = frozenset({chosen} if chosen else (row.account_id for row in plan.rows))
    try:
        if total is None:
            raise Invalid(_("Give the total of the year."))
        proposal, left_out = target_plans.split_over(plan, ids, total)
    except Invalid as error:
        form.show(Invalid(error.message, fields={"total": error.message}))
        return
    draft = target_drafts.of(name)
    draft.propose(proposal)
    text = ngettext(
        "{count} account without revenue last year got no part: it is left as it is.",
        "{count} accounts without revenue last year got no part: they are left as they are.",
        left_out,
    )
    draft.note = text.format(count=left_out) if left_out else ""
    form.done(_("Put into the grid: look at it and save."))
