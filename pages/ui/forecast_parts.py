"""The parts of Forecast: the year's end with its interval, accounts and groups, and how far off forecasts were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from core import clock, db, forecasts, revenue_table, settings
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.forecast_intervals import HorizonErrors
from core.forecast_scores import Scores
from core.language import _, ngettext
from core.money import ratio
from core.outlooks import AccountOutlook, Outlook, OwnSum, Version
from core.periods import Period, add_months, fiscal_year_start
from core.vocabulary import ForecastMethod, Permission
from pages.ui import (
    answers,
    dialogs,
    forecast_account_parts,
    forecast_charts,
    formats,
    portfolio_parts,
    tables,
)


def outlook(actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS, currency: str | None = None) -> None:
    """Where this fiscal year is expected to end, in one bordered part; nothing where there is no forecast."""
    with db.read() as session:
        decided = settings.get(session)
        start = fiscal_year_start(clock.today(), decided.fiscal_year_month)
        found = answers.asker(session, actor)(
            forecasts.outlook, Period(start, add_months(start, 12)), accounts
        )
    if found is None or not found.rows:
        return
    with st.container(border=True, height="stretch"):
        picture(found, currency or decided.base_currency, key="outlook")


def version_name(version: Version) -> str:
    return _("From {month}, made {day}").format(
        month=formats.month(version.first_month), day=formats.day(version.made_at.astimezone().date())
    )


def as_of(found: Outlook | None) -> None:
    if found is not None:
        st.caption(
            _("Net revenue; known to this version: what was booked before {month}.").format(
                month=formats.month(found.version.first_month)
            )
        )


def method_names() -> dict[ForecastMethod, str]:
    return {
        ForecastMethod.SEASONAL_NAIVE: _("Same month last year"),
        ForecastMethod.AVERAGE: _("Average of 12 months"),
        ForecastMethod.SMOOTHING: _("Exponential smoothing"),
        ForecastMethod.THETA: _("Theta"),
        ForecastMethod.NOTHING: _("No revenue for a year"),
    }


def interval(low: Decimal | None, high: Decimal | None, currency: str | None) -> str:
    """`RM 107.1–109.6M`: the unit once where both ends share it."""
    if low is None or high is None:
        return formats.UNKNOWN
    begin, end = formats.compact(low, currency), formats.compact(high, None)
    unit = formats.unit_name(formats.step(high)[1])
    if low >= 0 and unit and begin.endswith(unit) and end.endswith(unit):
        begin = begin.removesuffix(unit)
    return f"{begin}–{end}" if low >= 0 else f"{begin} … {end}"


def finding(found: Outlook, currency: str) -> str:
    """“Year end expected at RM 107.2M, 94.6% of target”."""
    expected = formats.compact(found.expected, currency)
    if found.of_target is None:
        return _("Year end expected at {amount}").format(amount=expected)
    return _("Year end expected at {amount}, {share} of target").format(
        amount=expected, share=formats.percent(found.of_target)
    )


def figures(found: Outlook, own: OwnSum | None, currency: str) -> None:
    """Expected, interval, target and last year at once, and what the company's own series says."""
    growth = ratio(found.expected - found.year_ago, found.year_ago) if found.year_ago > 0 else None
    shown = (
        (_("Expected at year end"), formats.compact(found.expected, currency),
         _("of it booked: {amount}").format(amount=formats.compact(found.actual, currency))),
        (_("Likely range"), interval(found.low, found.high, None),
         _("too little history to say") if found.low is None
         else _("{unit}, holds 8 times out of 10").format(unit=formats.symbol(currency))),
        (_("Target"), formats.compact(found.target, currency), _to_target(found, currency)),
        (_("Last year"), formats.compact(found.year_ago, currency),
         _("expected: {share}").format(share=formats.percent(growth, signed=True))),
    )  # fmt: skip
    grid = st.grid(4, min_column_width=160)
    for label, value, below in shown:
        with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
            st.metric(label, value)
            st.caption(below)
    without = formats.compact(found.machine, currency)
    if found.expected != found.machine and without != formats.compact(found.expected, currency):
        st.caption(_("With the managers' own figures; without them {amount}.").format(amount=without))
    if own is not None:
        st.caption(
            _(
                "A second opinion: the company's own series, carried on by itself, ends at {amount} ({method})."
            ).format(amount=formats.compact(own.expected, currency), method=method_names()[own.method])
        )
    if found.missing:
        st.caption(
            ngettext(
                "{count} account has no forecast for this year; only what it brought counts.",
                "{count} accounts have no forecast for this year; only what they brought counts.",
                found.missing,
            ).format(count=formats.number(found.missing))
        )


def _to_target(found: Outlook, currency: str) -> str:
    if found.target is None:
        return _("none is set")
    gap = found.expected - found.target
    text = _("expected: {amount} short of it") if gap < 0 else _("expected: {amount} above it")
    return text.format(amount=formats.compact(abs(gap), currency))


def picture(found: Outlook, currency: str, *, key: str = "forecast") -> None:
    """The year in one picture: what came, what is expected with its interval, last year and target."""
    title = finding(found, currency)
    opened = portfolio_parts.heading(title, f"table_{key}")
    figure = forecast_charts.year(found.months, currency=currency)
    forecast_charts.show(
        figure, alt=f"{title}. {forecast_charts.alt(found.months, currency)}", key=f"chart_{key}"
    )
    if opened:
        portfolio_parts.table(title, forecast_charts.table(found.months), currency)


def accounts(actor: Actor, found: Outlook, currency: str) -> None:
    """Accounts, or groups of them, by expected year end; a row opens the account."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        words = {"accounts": _("Accounts"), "groups": _("Groups")}
        level = st.segmented_control(
            _("Show"), list(words), default="accounts", format_func=words.__getitem__, key="forecast_level",
            required=True,
        )  # fmt: skip
        _exports(actor, found)
    if level == "groups":
        _groups(found, currency)
        return
    rows = sorted(found.rows, key=lambda row: -(row.expected or row.actual))
    frame = pd.DataFrame([_line(row) for row in rows])
    picked = st.dataframe(
        frame, hide_index=True, row_height=tables.ROW_HEIGHT, column_config=_columns(currency), on_select="rerun",
        height=min(len(rows) + 1, 16) * tables.ROW_HEIGHT + 4, selection_mode="single-cell",
        key="forecast_accounts", placeholder=formats.UNKNOWN,
        alt=_("Accounts by expected year end; choosing a cell opens the account's forecast."),
    )  # fmt: skip
    cells = picked.selection.cells
    if cells:
        row = rows[cells[0][0]]
        if st.session_state.get("forecast_opened") != cells[0]:
            st.session_state["forecast_opened"] = cells[0]
            dialogs.show(row.name, forecast_account_parts.show, row.account_id, found.version.id, currency)
    else:
        st.session_state.pop("forecast_opened", None)


def _line(row: AccountOutlook) -> dict[str, Any]:
    errors = row.errors
    whole: Callable[[Decimal | None], int | None] = lambda one: None if one is None else tables.whole(one)  # noqa: E731
    return {
        "name": row.name,
        "expected": whole(row.expected),
        "interval": interval(row.low, row.high, None),
        "target": whole(row.target),
        "of_target": tables.hundred(row.of_target),
        "year_ago": whole(row.year_ago),
        "growth": tables.hundred(row.growth),
        "method": method_names()[row.method] if row.method else None,
        "wape": tables.hundred(errors.forecast.wape) if errors else None,
        "own": row.overridden or None,
        "owner": row.owner,
    }


def _columns(currency: str) -> dict[str, Any]:
    column = st.column_config
    percent = tables.percent_column
    return {
        "name": column.TextColumn(_("Account"), width=210, pinned=True),
        "expected": tables.money_column(_("Expected"), currency, places=0),
        "interval": column.TextColumn(
            _("Likely range, {unit}").format(unit=formats.symbol(currency)),
            help=_("Holds 8 times out of 10."),
        ),
        "target": tables.money_column(_("Target"), currency, places=0),
        "of_target": percent(_("Of target")),
        "year_ago": tables.money_column(_("Last year"), currency, places=0),
        "growth": percent(_("vs last year")),
        "method": column.TextColumn(_("Method")),
        "wape": percent(_("WAPE"), help=_("Sum of errors ÷ sum of what came, in the back-test.")),
        "own": column.NumberColumn(_("Own"), format="%d", help=_("Months that a manager set over.")),
        "owner": column.TextColumn(_("Owner")),
    }


def _groups(found: Outlook, currency: str) -> None:
    """Groups over the accounts that the reader sees of them; the interval is that of these accounts together."""
    whole: Callable[[Decimal | None], int | None] = lambda one: None if one is None else tables.whole(one)  # noqa: E731
    frame = pd.DataFrame(
        [
            {"name": group.name or _("No group"), "count": group.accounts, "expected": tables.whole(group.expected),
             "interval": interval(group.low, group.high, None), "target": whole(group.target),
             "of_target": tables.hundred(group.of_target), "year_ago": tables.whole(group.year_ago),
             "growth": tables.hundred(group.growth)}
            for group in found.groups
        ]
    )  # fmt: skip
    columns = {
        **_columns(currency),
        "name": st.column_config.TextColumn(_("Group"), width=220),
        "count": st.column_config.NumberColumn(_("Accounts"), format="%d"),
    }
    tables.plain_frame(frame, columns, key="forecast_groups", alt=_("Groups by expected year end"))
    st.caption(
        _("The range of a group is made of the accounts that you see of it, added up before it is taken.")
    )


def _exports(actor: Actor, found: Outlook) -> None:
    if not actor.may(Permission.DATA_EXPORT):
        return
    rows = export_rows(found)

    def noted() -> None:
        with db.write() as session:
            asked = {"what": "forecast", "version": str(found.version.id)}
            revenue_table.record_export(session, actor, len(rows) - 1, asked)

    with st.container(horizontal=True, width="content"):
        for label, kind, content in (
            ("CSV", "csv", lambda: tables.as_csv(rows)),
            ("XLSX", "xlsx", lambda: tables.as_xlsx(rows, "forecast")),
        ):
            st.download_button(
                label,
                content,
                f"forecast.{kind}",
                key=f"forecast_{kind}",
                icon=":material/download:",
                on_click=noted,
            )


def export_rows(found: Outlook) -> list[list[Any]]:
    """Exact figures under the words of the glossary, one row an account."""
    head = ["code", "name", "group", "owner", "expected", "low", "high", "actual", "net_revenue_last_year", "target",
            "method", "wape", "wape_seasonal_naive", "mase", "bias", "months_overridden", "first_month"]  # fmt: skip
    rows: list[list[Any]] = [head]
    for row in found.rows:
        ours = row.errors.forecast if row.errors else None
        rows.append(
            [row.code, row.name, row.group, row.owner, row.expected, row.low, row.high, row.actual, row.year_ago,
             row.target, row.method.value if row.method else None, ours.wape if ours else None,
             row.errors.yardstick.wape if row.errors else None, ours.mase if ours else None,
             ours.bias if ours else None, row.overridden, found.version.first_month.isoformat()]
        )  # fmt: skip
    return [[tables.safe_cell(value) for value in row] for row in rows]


def accuracy(tested: Sequence[HorizonErrors], scores: Scores) -> None:
    """Frozen versions that have come due, and apart from them the back-test."""
    st.markdown("**" + _("Frozen versions against what came since") + "**")
    if any(one.forecast.months for one in scores.by_horizon):
        errors_table(scores.by_horizon, key="frozen")
    else:
        st.caption(_("Not known yet: no month has ended since a version was made."))
    if scores.overrides.months:
        st.caption(
            _("Managers' own figures: WAPE {ours} over {count} months; the forecast of the same months: {theirs}.")
            .format(ours=formats.percent(scores.overrides.wape), count=formats.number(scores.overrides.months),
                    theirs=formats.percent(scores.set_over.wape))
        )  # fmt: skip
    st.markdown("**" + _("Back-test: what this version's methods would have said earlier") + "**")
    st.caption(
        _("Each time only what was booked before counts. The methods were chosen on these months, so expect a little "
          "worse. Errors of single accounts and months, added up.")
    )  # fmt: skip
    errors_table(tested, key="back_test")


def errors_table(rows: Sequence[HorizonErrors], *, key: str) -> None:
    frame = pd.DataFrame(
        [
            {"horizon": one.horizon, "months": one.forecast.months, "wape": tables.hundred(one.forecast.wape),
             "naive": tables.hundred(one.yardstick.wape), "mase": tables.as_float(one.forecast.mase),
             "naive_mase": tables.as_float(one.yardstick.mase), "bias": tables.hundred(one.forecast.bias)}
            for one in rows
        ]
    )  # fmt: skip
    column = st.column_config
    columns = {
        "horizon": column.NumberColumn(_("Months ahead"), format="%d"),
        "months": column.NumberColumn(_("Account months"), format="localized"),
        "wape": tables.percent_column(_("WAPE")),
        "naive": tables.percent_column(_("WAPE of last year")),
        "mase": column.NumberColumn(_("MASE"), format="%.2f"),
        "naive_mase": column.NumberColumn(_("MASE of last year"), format="%.2f"),
        "bias": tables.percent_column(_("Bias"), help=_("Above zero: too much was expected.")),
    }
    tables.plain_frame(frame, columns, key=key, alt=_("Errors by how many months ahead"))
