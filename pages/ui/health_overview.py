"""The health of many accounts at once: how they spread, the worst and the moved, and the score's own track record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from core import db, health, health_track
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.health import Overview, Row
from core.health_rules import Band
from core.health_track import Case, Record
from core.language import _, ngettext
from core.money import ZERO
from core.ranking import LEAST_EVENTS
from pages.ui import (
    answers,
    charts,
    dialogs,
    filters,
    formats,
    health_charts,
    health_words,
    navigation,
    tables,
)
from pages.ui.portfolio_parts import heading

SHOWN = 12
_BANDS = (Band.GREEN, Band.AMBER, Band.RED, Band.UNKNOWN)
_JUDGED = (Band.GREEN, Band.AMBER, Band.RED)
_OPENED = "health_account_opened"


def overview(
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    currency: str = "MYR",
    *,
    day: date | None = None,
) -> None:
    """Everything about the health of the accounts that the actor sees of the filter, on a day (default: today)."""
    with db.read() as session:
        ask = answers.asker(session, actor)
        found = ask(health.overview, accounts, day=day)
        record = ask(health_track.record, accounts, day=day)
    if not any(row.score.value is not None for row in found.rows):
        st.info(_("Nothing is known yet that a health score could be made of."))
        return
    _tiles(found, currency)
    left, right = st.columns(2)
    with left, st.container(border=True, height="stretch"):
        _distribution(found)
    with right, st.container(border=True, height="stretch"):
        _rates(record)
    _worst(found, currency)
    _movers(found, currency)
    _false_greens(record, currency)
    _follow()


def _tiles(found: Overview, currency: str) -> None:
    """How many accounts and how much revenue are in each band."""
    total = sum((row.net for row in found.rows), ZERO)
    grid = st.grid(4, min_column_width=150)
    for band in _BANDS:
        rows = found.of(band)
        net = sum((row.net for row in rows), ZERO)
        share = net / total if total > 0 else None
        with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
            st.metric(health_words.band(band).capitalize(), formats.number(len(rows)))
            st.caption(
                _("{amount} in six months, {share}").format(
                    amount=formats.compact(net, currency), share=formats.percent(share)
                )
            )
    st.caption(health_words.bands(found.rule))


def _distribution(found: Overview) -> None:
    title = _("{count} of {all} accounts are green").format(
        count=formats.number(len(found.of(Band.GREEN))), all=formats.number(len(found.rows))
    )
    opened = heading(title, "table_health_spread")
    scores = [row.score.value for row in found.rows if row.score.value is not None]
    counts = [0] * 10
    for score in scores:
        counts[min(int(score) // 10, 9)] += 1
    bands = [
        Band.GREEN if start >= found.rule.green else Band.AMBER if start >= found.rule.amber else Band.RED
        for start in range(0, 100, 10)
    ]
    spread = [f"{start}–{start + 10}" for start in range(0, 100, 10)]
    alt = "; ".join(f"{label}: {count}" for label, count in zip(spread, counts, strict=True) if count)
    charts.show(health_charts.distribution(counts, bands), alt=f"{title}. {alt}", key="chart_health_spread")
    if opened:
        frame = pd.DataFrame({_("Health"): spread, _("Accounts"): counts})
        dialogs.show(title, _frame, frame)


def _frame(_actor: Actor, frame: pd.DataFrame) -> None:
    tables.plain_frame(frame, key="health_behind")


def _rates(record: Record) -> None:
    """How far the score could be trusted so far."""
    title = _("Lost more than a fifth within two quarters")
    green = record.side(Band.GREEN)
    if green.accounts:
        title = _("Of green accounts {share} lost more than a fifth within two quarters").format(
            share=formats.percent(green.rate)
        )
    opened = heading(title, "table_health_record")
    if not record.cases:
        st.caption(
            _(
                "No quarter lies far enough back yet: the score needs a year of bookings before it and two quarters "
                "after."
            )
        )
        return
    sides = [record.side(band) for band in _JUDGED]
    labels = [health_words.band(band).capitalize() for band in _JUDGED]
    shown = [
        _("{share} ({lost} of {accounts})").format(
            share=formats.percent(side.rate), lost=side.lost, accounts=side.accounts
        )
        for side in sides
    ]
    charts.show(
        health_charts.rates(labels, [tables.as_float(side.rate) for side in sides], shown),
        alt=f"{title}. " + "; ".join(f"{label}: {text}" for label, text in zip(labels, shown, strict=True)),
        key="chart_health_record",
    )
    st.caption(verdict(record))
    if opened:
        dialogs.show(title, _record_table, record)


def verdict(record: Record) -> str:
    """What the track record says: AUC with its interval where there are enough events, and the lowest tenth."""
    count = formats.number(record.events)
    found = ngettext(
        "{count} account-quarter of {all} lost more than a fifth.",
        "{count} account-quarters of {all} lost more than a fifth.",
        record.events,
    ).format(count=count, all=formats.number(len(record.cases)))
    tenth = record.lowest_tenth
    if tenth.lift is not None:
        found += " " + _("Among the lowest tenth of scores {share}: {lift} times the share of all.").format(
            share=formats.percent(tenth.rate), lift=formats.number(tenth.lift, places=1)
        )
    if record.auc is None:
        return (
            found
            + " "
            + _("Too few for an AUC, which is given from {least} losses and as many others on.").format(
                least=LEAST_EVENTS
            )
        )
    numbers = (formats.number(one, places=2) for one in (record.auc.value, record.auc.low, record.auc.high))
    auc, low, high = numbers
    return (
        found
        + " "
        + _("AUC {auc} (95% interval {low} to {high}); 0.5 is chance.").format(auc=auc, low=low, high=high)
    )


def _record_table(_actor: Actor, record: Record) -> None:
    st.markdown(
        _(
            "At each quarter's end the accounts are scored from what was known by then; measures of which only the "
            "newest value is kept are left out, targets, weights and rules are today's. Lost: the net revenue of the "
            "two quarters after is more than a fifth below that of the same two a year before. Accounts without "
            "revenue then, or with too little known, are not counted."
        )
    )
    rows = []
    for day in (*record.days, None):
        sides = [record.side(band, day) for band in _JUDGED]
        rows.append(
            [
                _("All") if day is None else formats.day(day),
                *(one for side in sides for one in (side.accounts, side.lost, tables.hundred(side.rate))),
            ]
        )
    heads = [_("Quarter to")]
    columns = {}
    for band in _JUDGED:
        name = health_words.band(band).capitalize()
        rate = _("{band}, share lost").format(band=name)
        heads += [name, _("{band}, lost").format(band=name), rate]
        columns[rate] = tables.percent_column(rate)
    tables.plain_frame(pd.DataFrame(rows, columns=heads), columns, key="health_record_rows")
    st.caption(
        _(
            "AUC: the chance that an account that lost had a lower score than one that did not, ties half "
            "(Mann–Whitney). Its interval counts an account seen at several quarters as one "
            "(Obuchowski 1997, after DeLong 1988)."
        )
    )


def _worst(found: Overview, currency: str) -> None:
    """Accounts that are red or amber, those with most revenue first."""
    rows = [*found.of(Band.RED), *found.of(Band.AMBER)]
    rows.sort(key=lambda row: (row.band is not Band.RED, -row.net, row.code))
    title = _("Red and amber, the greatest revenue first")
    st.markdown(f"**{title}**")
    if not rows:
        st.caption(_("Every account with enough known is green."))
        return
    _table(rows[:SHOWN], currency, "health_worst")
    _more(len(rows))


def _movers(found: Overview, currency: str) -> None:
    title = _("Moved most since {day}").format(day=formats.day(found.quarter_end))
    st.markdown(f"**{title}**")
    moved = [row for row in found.rows if row.change]
    moved.sort(key=lambda row: (-abs(row.change or ZERO), row.code))
    if not moved:
        st.caption(_("Nothing moved since then."))
        return
    _table(moved[:SHOWN], currency, "health_movers", with_change=True)
    st.caption(_("Both days are compared over the measures that both know."))


def _more(count: int) -> None:
    if count > SHOWN:
        st.caption(
            _("The first {shown} of {count}; the Portfolio shows all.").format(shown=SHOWN, count=count)
        )


def _table(rows: Sequence[Row], currency: str, key: str, *, with_change: bool = False) -> None:
    """Accounts with their scores; one that is chosen opens."""
    frame = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "score": [tables.as_float(row.score.value) for row in rows],
            "change": [tables.as_float(row.change) for row in rows],
            "coverage": [float(row.score.coverage * 100) for row in rows],
            "band": [health_words.band(row.band) for row in rows],
            "weak": [_weakest(row) for row in rows],
            "net": [tables.whole(row.net) for row in rows],
        }
    )
    if not with_change:
        frame = frame.drop(columns="change")
    column = st.column_config
    _openable(
        frame,
        {
            "name": column.TextColumn(_("Account"), width="medium", pinned=True),
            "score": column.ProgressColumn(_("Health"), format="%.1f", min_value=0, max_value=100, width=120),
            "change": column.NumberColumn(_("Change"), format="%+.1f"),
            "coverage": column.NumberColumn(_("Coverage"), format="%.0f%%"),
            "band": column.TextColumn(_("Colour")),
            "weak": column.TextColumn(_("Costs most points"), width="medium"),
            "net": tables.money_column(_("Net revenue, six months"), currency, places=0),
        },
        [row.code for row in rows],
        key,
    )


def _weakest(row: Row) -> str:
    """The two measures that take most from the score."""
    lost = sorted(row.score.parts, key=lambda part: -(100 - part.points) * part.weight)
    return ", ".join(
        f"{health_words.measure(part.measure)} {formats.number(part.points)}"
        for part in lost[:2]
        if part.points < 100
    )


def _false_greens(record: Record, currency: str) -> None:
    if not record.cases:
        return
    found = record.false_greens
    title = _("False greens: green, and yet lost more than a fifth")
    st.markdown(f"**{title}**")
    if not found:
        st.caption(_("None in the quarters looked at."))
        return
    _openable(
        pd.DataFrame(
            {
                "name": [one.name for one in found],
                "day": [one.day for one in found],
                "score": [tables.as_float(one.score) for one in found],
                "coverage": [float(one.coverage * 100) for one in found],
                "before": [tables.whole(one.before) for one in found],
                "after": [tables.whole(one.after) for one in found],
                "lost": [tables.whole(one.change) for one in found],
                "share": [tables.hundred(_share(one)) for one in found],
            }
        ),
        _false_columns(currency),
        [one.code for one in found],
        "health_false_greens",
    )


def _share(one: Case) -> Decimal:
    return one.change / one.before


def _false_columns(currency: str) -> dict[str, Any]:
    column = st.column_config
    return {
        "name": column.TextColumn(_("Account"), width="medium", pinned=True),
        "day": column.DateColumn(_("Quarter to"), format="D MMM YYYY"),
        "score": column.NumberColumn(_("Health then"), format="%.1f"),
        "coverage": column.NumberColumn(_("Coverage"), format="%.0f%%"),
        "before": tables.money_column(_("A year before"), currency, places=0),
        "after": tables.money_column(_("Two quarters after"), currency, places=0),
        "lost": tables.money_column(_("Change"), currency, places=0),
        "share": tables.percent_column(_("Change, %")),
    }


def _openable(frame: pd.DataFrame, columns: dict[str, Any], codes: Sequence[str], key: str) -> None:
    """A table of accounts: the one that is chosen is opened at the end of the run."""

    def opened() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        if cells:
            st.session_state[_OPENED] = codes[int(cells[0][0])]

    st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        column_config=columns,
        on_select=opened,
        selection_mode="single-cell",
        key=key,
        placeholder=formats.UNKNOWN,
        alt=_("Accounts with their health; choosing a cell opens the account."),
    )


def _follow() -> None:
    code = st.session_state.pop(_OPENED, None)
    if code is not None:
        st.switch_page(
            navigation.PAGES / "accounts/account.py",
            query_params={"account": code, **filters.chosen_period()},
        )
