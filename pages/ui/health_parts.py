"""The health of one account: the score with its coverage, its measures, its past, and the cheapest way up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from core import db, health
from core.accounts import AccountDetail
from core.auth import Actor
from core.filters import AccountFilter
from core.health import AccountHealth, Health, Then
from core.health_rules import FULL, Measure, Score
from core.language import _
from core.money import ZERO
from core.standings import Standing
from pages.ui import answers, charts, dialogs, formats, health_charts, health_rows, health_words, tables
from pages.ui.forms import plain
from pages.ui.health_overview import overview as overview
from pages.ui.portfolio_parts import FIRST_ROWS, heading

_OPENED = "health_measure_opened"


def show(actor: Actor, account: AccountDetail, currency: str, *, day: date | None = None) -> None:
    """The health of the account on a day (default: today)."""
    with db.read() as session:
        found = answers.asker(session, actor)(health.of_account, account.id, day=day)
    if found.score.value is None:
        st.info(_("Nothing is known yet that a health score could be made of."))
        return
    left, right = st.columns([2, 3])
    with left, st.container(border=True, height="stretch"):
        _score(found)
    with right, st.container(border=True, height="stretch"):
        _ways(found, currency)
    _measures(found, currency)
    with st.container(border=True):
        _history(found)
    _open(account, found, currency)


def scorer(
    actor: Actor, accounts: AccountFilter, day: date
) -> Callable[[Sequence[Standing]], Mapping[int, Score]]:
    """Asks for the health of the accounts that a table shows, and of no others: there may be thousands."""

    def scored(shown: Sequence[Standing]) -> Mapping[int, Score]:
        ids = frozenset(row.account_id for row in shown if row.account_id is not None)
        if not ids:
            return {}
        few = AccountFilter(account_ids=ids) if len(ids) <= FIRST_ROWS else accounts
        with db.read() as session:
            return answers.asker(session, actor)(health.scores, few, day=day).scores

    return scored


def badge(found: Health, account_id: int) -> None:
    """The score in one word beside the account's name."""
    score = found.scores.get(account_id)
    if score is None or score.value is None:
        return
    band = found.band(account_id)
    st.badge(
        _("Health {score}, {band} · {coverage} covered").format(
            score=health_words.score(score.value),
            band=health_words.band(band),
            coverage=health_words.coverage(score),
        ),
        icon=":material/vital_signs:",
        color=health_words.COLOURS[band],  # type: ignore[arg-type]
    )


def _score(found: AccountHealth) -> None:
    score = found.score
    earlier = next((one for one in reversed(found.history) if one.score.value is not None), None)
    st.metric(
        _("Health on {day}").format(day=formats.day(found.day)),
        health_words.score(score.value),
        chart_data=[float(one.score.value) for one in found.history if one.score.value is not None] or None,
        chart_type="line",
        help=health_words.equation(score),
    )
    colour = health_words.COLOURS[found.band]
    st.markdown(
        f":{colour}-badge[{health_words.band(found.band)}] "
        + _("{coverage} of the weights covered").format(coverage=health_words.coverage(score))
    )
    if score.missing:
        st.caption(_("Not known here: {measures}.").format(measures=health_words.listed(score.missing)))
    if earlier is not None:
        st.caption(
            _("At the end of {month}: {score}.").format(
                month=formats.month(earlier.day), score=health_words.score(earlier.score.value)
            )
        )
    st.caption(health_words.bands(found.rule))


def _ways(found: AccountHealth, currency: str) -> None:
    ways = found.ways
    st.markdown(f"**{health_words.way(ways)}**")
    if not ways.wanted:
        st.caption(_("Every measure that is known has its 100 points."))
        return
    if ways.best:
        for one in ways.best:
            st.markdown(f"- {plain(health_words.step(one, currency))}")
        if len(ways.best) > 1:
            st.caption(_("No single step suffices: these do together."))
    else:
        reach = formats.number(ways.reachable, places=1, signed=True)
        st.markdown(_("All steps together bring only {points} points.").format(points=reach))
    others = ways.alone[1:]
    if others:
        st.caption(_("Each of these suffices alone, too:"))
        for one in others:
            st.markdown(f"- :gray[{plain(health_words.step(one, currency))}]")
    st.caption(
        _(
            "As if it happened by {day}, at the prices that are paid now. Amounts are what has to move, of different "
            "kinds: the smallest comes first."
        ).format(day=formats.day(found.day))
    )


def _measures(found: AccountHealth, currency: str) -> None:
    """One row a measure; a row that is chosen opens what is behind it."""
    title = _("What the score is made of")
    st.markdown(f"**{title}**")
    counted = [one for one, rule in found.rule.rules.items() if rule.weight]

    def opened() -> None:
        cells = st.session_state["health_measures"]["selection"]["cells"]
        if cells:
            st.session_state[_OPENED] = counted[int(cells[0][0])].value

    st.dataframe(
        _measure_frame(found, counted, currency),
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=(len(counted) + 1) * tables.ROW_HEIGHT + 4,
        column_config=_measure_columns(),
        on_select=opened,
        selection_mode="single-cell",
        key="health_measures",
        placeholder=formats.UNKNOWN,
        alt=_("The measures of the health score; choosing a cell opens what is behind it."),
    )
    st.caption(
        _(
            "{equation}. A measure that is not known counts in the coverage, never as zero. Relationship, promises, "
            "contracts and customers' own votes are not measured yet and stand in neither."
        ).format(equation=health_words.equation(found.score))
    )


def _measure_frame(found: AccountHealth, counted: Sequence[Measure], currency: str) -> pd.DataFrame:
    parts = [found.score.part(one) for one in counted]
    return pd.DataFrame(
        {
            "measure": [health_words.measure(one) for one in counted],
            "points": [None if part is None else float(part.points) for part in parts],
            "weight": [found.rule.rules[one].weight for one in counted],
            "adds": [None if part is None else float(found.score.contribution(part)) for part in parts],
            "value": [
                _("not known") if part is None else health_words.value(part.measure, part.reading.value)
                for part in parts
            ],
            "read": [
                None if part is None else health_words.read(part.measure, part.reading, currency)
                for part in parts
            ],
            "rule": [health_words.rule(one, found.rule.rules[one]) for one in counted],
        }
    )


def _measure_columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "measure": column.TextColumn(_("Measure"), pinned=True),
        "points": column.ProgressColumn(_("Points"), format="%.0f", min_value=0, max_value=100, width=120),
        "weight": column.NumberColumn(_("Weight"), format="%d"),
        "adds": column.NumberColumn(_("Adds to the score"), format="%.1f"),
        "value": column.TextColumn(_("Value")),
        "read": column.TextColumn(_("From"), width=310),
        "rule": column.TextColumn(_("Rule"), width=300),
    }


def _open(account: AccountDetail, found: AccountHealth, currency: str) -> None:
    """What is behind the measure that was just chosen."""
    chosen = st.session_state.pop(_OPENED, None)
    if chosen is None:
        return
    part = found.score.part(Measure(chosen))
    title = health_words.measure(Measure(chosen))
    dialogs.show(title, health_rows.show, account, Measure(chosen), part, found.day, found.rule, currency)


def _history(found: AccountHealth) -> None:
    title = _("Health at the end of each month")
    opened = heading(title, "table_health_history")
    known = [one for one in found.history if one.score.value is not None]
    if not known:
        st.caption(_("Of the months before nothing is known that a score could be made of."))
        return
    charts.show(
        health_charts.history(found.history, found.rule),
        alt=health_charts.alt_of_history(found.history),
        key="chart_health_history",
    )
    st.caption(_history_note(found, known))
    if opened:
        dialogs.show(title, _history_table, found.history)


def _history_note(found: AccountHealth, known: Sequence[Then]) -> str:
    weights = sum((found.rule.rules[one].weight for one in found.left_out), 0)
    covered = min(one.score.coverage for one in known)
    parts = [
        _(
            "Each month knows only what was booked, due or owed by its end; targets, weights and rules are today's."
        ),
        _("Covered: {coverage} at least.").format(coverage=formats.percent(covered, places=0)),
    ]
    if found.left_out and weights:
        left_out = health_words.listed(sorted(found.left_out))
        parts.append(_("Left out, since only the newest is kept: {measures}.").format(measures=left_out))
    return " ".join(parts)


def _history_table(_actor: Actor, history: Sequence[Then]) -> None:
    measures = [one for one in Measure if any(then.score.part(one) for then in history)]
    frame = pd.DataFrame(
        {
            "month": [formats.month(then.day) for then in history],
            "score": [tables.as_float(then.score.value) for then in history],
            "coverage": [float(then.score.coverage * FULL) for then in history],
            **{
                one.value: [
                    None if (part := then.score.part(one)) is None else float(part.points or ZERO)
                    for then in history
                ]
                for one in measures
            },
        }
    )
    column = st.column_config
    columns = {
        "month": column.TextColumn(_("Month"), pinned=True),
        "score": column.NumberColumn(_("Health"), format="%.1f"),
        "coverage": column.NumberColumn(_("Coverage"), format="%.0f%%"),
        **{one.value: column.NumberColumn(health_words.measure(one), format="%.0f") for one in measures},
    }
    tables.plain_frame(frame, columns, key="health_history")
