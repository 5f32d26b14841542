"""One account's forecast: its year, what earlier versions said, its accuracy, and the manager's own figure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial

import pandas as pd
import streamlit as st

from core import clock, db, forecast_overrides, forecast_scores, forecasts, revenue, settings
from core.auth import Actor
from core.filters import AccountFilter
from core.forecast_overrides import OverrideRow
from core.language import _
from core.periods import Period, add_months, first_of_month, fiscal_year_start
from core.vocabulary import Permission
from pages.ui import answers, formats, forms, tables


def show(actor: Actor, account_id: int, version_id: int | None, currency: str) -> None:
    """Everything about one account's forecast; `version_id` none: the newest."""
    from pages.ui import forecast_parts

    only = AccountFilter(account_ids=frozenset({account_id}))
    with db.read() as session:
        start = fiscal_year_start(clock.today(), settings.get(session).fiscal_year_month)
        ask = answers.asker(session, actor)
        found = ask(forecasts.outlook, Period(start, add_months(start, 12)), only, version_id=version_id)
        tested = ask(forecasts.back_test, found.version.id, only) if found else ()
        scores = ask(forecast_scores.frozen, only)
        said = ask(forecast_scores.said_of, account_id)
        own = ask(forecast_overrides.history, account_id)
        came = ask(revenue.by_month, Period(add_months(start, -12), add_months(start, 24)), only)
    if found is None or not found.rows:
        st.info(_("There is no forecast of this account yet."))
        return
    forecast_parts.picture(found, currency, key=f"account_{account_id}")
    row = found.rows[0]
    if row.method is not None:
        st.caption(
            _("Method: {method}. Eight in ten years end within {interval}.").format(
                method=forecast_parts.method_names()[row.method],
                interval=forecast_parts.interval(row.low, row.high, currency),
            )
        )
    if actor.may(Permission.FORECAST_OVERRIDE):
        _form(actor, account_id, own)
    _own_figures(actor, account_id, own, currency)
    past, errors = st.tabs([_("As forecast then"), _("How far off")])
    with past:
        _versions(said, {month: one.net for month, one in came.items()}, currency)
    with errors:
        forecast_parts.accuracy(tested, scores)


def _form(actor: Actor, account_id: int, own: Sequence[OverrideRow]) -> None:
    first = first_of_month(clock.today())
    months = {add_months(first, step): formats.month(add_months(first, step)) for step in range(12)}
    in_force = {row.month: row.number for row in own if row.in_force}
    with forms.form(f"override-{account_id}") as form:
        st.markdown("**" + _("Your own figure") + "**")
        left, middle, right = st.columns([2, 2, 4])
        with left:
            month = form.choice("month", _("Month"), months, first)
        with middle:
            amount = form.money("amount", _("Net revenue expected"))
        with right:
            reason = form.text("reason", _("Reason"), placeholder=_("What you know that the figures do not"))
        seen = form.keep("version", in_force)
        submitted = form.submit(_("Set over the forecast"))
    if not submitted or month is None:
        return
    before = seen if isinstance(seen, int) else seen.get(month, 0)
    with form.saving(
        _("Your figure is saved; forecast and figure are both compared with what comes.")
    ) as session:
        number = forecast_overrides.set_over(session, actor, account_id, month, amount, reason, seen=before)
        form.offer_undo(
            partial(forecast_overrides.withdraw, account_id=account_id, month=month, number=number)
        )


def _own_figures(actor: Actor, account_id: int, own: Sequence[OverrideRow], currency: str) -> None:
    if not own:
        return
    frame = pd.DataFrame(
        [
            {"month": formats.month(row.month), "amount": float(row.amount), "reason": row.reason,
             "by": row.recorded_by, "at": formats.moment(row.recorded_at),
             "state": _("in force") if row.in_force else _("withdrawn") if row.withdrawn_at else _("replaced")}
            for row in own
        ]
    )  # fmt: skip
    column = st.column_config
    columns = {
        "month": column.TextColumn(_("Month")),
        "amount": tables.money_column(_("Own figure"), currency),
        "reason": column.TextColumn(_("Reason"), width="medium"),
        "by": column.TextColumn(_("By")),
        "at": column.TextColumn(_("Recorded")),
        "state": column.TextColumn(_("State")),
    }
    tables.plain_frame(frame, columns, key=f"own_{account_id}", alt=_("Own figures, the newest first"))
    if not actor.may(Permission.FORECAST_OVERRIDE):
        return
    this_month = first_of_month(clock.today())
    for row in (one for one in own if one.in_force and one.month >= this_month):
        asked = forms.confirm(
            f"withdraw-{account_id}-{row.month:%Y-%m}-{row.number}",
            _("Withdraw {month}").format(month=formats.month(row.month)),
            _("The forecast counts again for this month; the record stays."),
            _("Withdraw"),
        )
        if asked is not None:
            with asked.saving(_("Withdrawn.")) as session:
                forecast_overrides.withdraw(session, actor, account_id, row.month, row.number)


def _versions(said: Sequence[forecast_scores.PastFigure], came: dict[date, Decimal], currency: str) -> None:
    """Every version's figures as they were frozen, a column a version, beside what came."""
    from pages.ui import forecast_parts

    this_month = first_of_month(clock.today())
    months = sorted({one.month for one in said})
    columns: dict[str, list[float | None]] = {}
    for one in said:
        name = forecast_parts.version_name(one.version)
        columns.setdefault(name, [None] * len(months))[months.index(one.month)] = float(one.mean)
    actual = [float(came[month]) if month in came and month < this_month else None for month in months]
    frame = pd.DataFrame({"month": [formats.month(one) for one in months], "actual": actual, **columns})
    looks = {
        "month": st.column_config.TextColumn(_("Month"), pinned=True),
        "actual": tables.money_column(_("Came"), currency),
        **{name: tables.money_column(name, currency) for name in columns},
    }
    tables.plain_frame(frame, looks, key="forecast_versions", alt=_("What each version said, by month"))
