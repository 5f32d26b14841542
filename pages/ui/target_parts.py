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
from core.errors import Invalid
from core.language import _
from core.money import ZERO, ratio
from core.target_plans import Cell, Plan
from core.vocabulary import Permission
from pages.ui import formats, forms, tables
from pages.ui.forms import Form

_DRAFT = (
    "form:targets-draft"  # what was proposed and typed so far; forgotten with the page, like all of a form
)


def may_edit(actor: Actor) -> bool:
    return actor.may(Permission.TARGET_WRITE)


def kept(plan: Plan, name: str) -> Plan:
    """The plan as it was when the grid was first shown: what others save meanwhile must not move it about."""
    return Form(f"targets-{name}").keep("plan", plan)  # type: ignore[no-any-return]


def grid(actor: Actor, plan: Plan, name: str, currency: str) -> dict[Cell, Decimal | None]:
    """The grid, and what stands in it now; `name` tells one year and choice of accounts from another."""
    form = Form(f"targets-{name}")
    seen = form.keep("version", plan.values())
    draft = _draft(form)
    frame = _frame(plan, {**plan.values(), **draft["cells"]})
    if not may_edit(actor):
        tables.plain_frame(frame.drop(columns="code"), _columns(plan, currency), key="targets_read")
        return plan.values()
    edited = st.data_editor(
        frame,
        key=f"{form.widget_key('grid')}/{draft['number']}",
        hide_index=True,
        num_rows="fixed",
        disabled=["name", "code"],
        height=min(len(frame) + 1, 14) * 36 + 4,
        column_config=_columns(plan, currency),
        placeholder=formats.UNKNOWN,
        alt=_("Targets by account and month"),
    )
    values = _read(plan, edited)
    changes = {cell: value for cell, value in values.items() if value != plan.values()[cell]}
    with forms.form(f"targets-{name}", border=False) as foot:
        foot.place("grid")
        submitted = foot.submit(_("Save"))
    if submitted and not changes:
        foot.show(Invalid(_("Nothing has changed yet.")))
    elif submitted:
        before = {cell: seen.get(cell) for cell in changes}  # after a conflict what the other one saved
        with foot.saving(_("Targets saved.")) as session:
            target_plans.save(session, actor, changes, seen=seen)
            foot.offer_undo(partial(target_plans.save, changes=before, seen=dict(changes)))
    return values


def _draft(form: Form) -> dict[str, Any]:
    """What was proposed for this filling-in of the grid; saved or elsewhere, it starts anew."""
    draft: dict[str, Any] = st.session_state.get(_DRAFT, {})
    if draft.get("nonce") != form.nonce:
        draft = st.session_state[_DRAFT] = {"nonce": form.nonce, "cells": {}, "number": 0}
    return draft


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
    """What stands in the grid; an empty cell is no target."""
    values: dict[Cell, Decimal | None] = {}
    for row, (_place, typed) in zip(plan.rows, edited.iterrows(), strict=True):
        for month in plan.months:
            cell = typed[f"{month:%Y-%m}"]
            values[row.account_id, month] = None if pd.isna(cell) else Decimal(str(cell))
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


def splitting(plan: Plan, name: str, values: Mapping[Cell, Decimal | None]) -> None:
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
    if not submitted:
        return
    try:
        proposal = _proposal(plan, chosen or everybody, total)
    except Invalid as error:
        form.show(Invalid(error.message, fields={"total": error.message}))
        return
    draft = _draft(Form(f"targets-{name}"))
    typed = {cell: value for cell, value in values.items() if value != plan.values()[cell]}
    draft["cells"] = {**typed, **proposal}
    draft["number"] += 1
    form.done(_("Put into the grid: look at it and save."))


def _proposal(plan: Plan, chosen: int, total: Decimal | None) -> dict[Cell, Decimal | None]:
    if total is None:
        raise Invalid(_("Give the total of the year."))
    rows = [row for row in plan.rows if not chosen or row.account_id == chosen]
    cells = [(row.account_id, month) for row in rows for month in plan.months]
    season = [amount for row in rows for amount in row.year_ago]
    return dict(zip(cells, target_plans.split(total, season), strict=True))
