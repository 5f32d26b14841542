"""Recency, frequency and monetary value of the accounts, and their own rhythm."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import db, rfm, settings
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import N_, _
from core.periods import Period
from core.rfm import Board, Standing
from core.rfm_rule import RfmRule, Rhythm, written
from pages.ui import answers, charts, figure_charts, figure_parts, formats

RHYTHMS = {
    Rhythm.RED: N_("rhythm broken"),
    Rhythm.AMBER: N_("later than usual"),
    Rhythm.ON: N_("on rhythm"),
    Rhythm.UNKNOWN: N_("rhythm not known"),
}
_URGENT = list(RHYTHMS)


def show(
    actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "MYR", *,
    key: str = "rfm",
) -> None:  # fmt: skip
    """Twelve months up to the period's end: a season at least."""
    found = _found(actor, period, accounts)
    if not found.standings:
        st.info(_("No account has ordered up to this day."))
        return
    title = _("{red} of {count} accounts have broken their own rhythm, {amber} are later than usual").format(
        red=formats.number(found.count(Rhythm.RED)),
        count=formats.number(len(found.standings)),
        amber=formats.number(found.count(Rhythm.AMBER)),
    )
    st.markdown(f"**{title}**")
    st.caption(formats.period(found.period))
    left, right = st.columns([3, 2])
    with left:
        counts = [[0] * 5 for _row in range(5)]
        for row in found.standings:
            counts[5 - row.scored.recency][row.scored.frequency - 1] += 1
        best = sum(row.scored.cell == 555 for row in found.standings)
        alt = _("Accounts by recency and frequency; {count} are best in all three.").format(count=best)
        charts.show(figure_charts.grid(counts), alt=alt, key=f"chart_{key}")
    with right:
        _rule(currency)
    _list(actor, found, currency, key)


def _found(actor: Actor, period: Period, accounts: AccountFilter) -> Board:
    with db.read() as session:
        return answers.asker(session, actor)(rfm.board, figure_parts.trailing(period), accounts)


def _rule(currency: str) -> None:
    """The thresholds in words."""
    with db.read() as session:
        rule: RfmRule = settings.get(session).rfm
    st.markdown(
        "  \n".join(
            (
                _("**R** days since the last order: 5 up to {days}").format(days=written(rule.days)),
                _("**F** orders in 12 months: 5 from {orders}").format(orders=written(rule.orders)),
                _("**M** {what}, {unit}: 5 from {amount}").format(
                    what=_("margin") if rule.by_margin else _("net revenue"),
                    unit=formats.symbol(currency),
                    amount=written(rule.amount),
                ),
            )
        )
    )
    st.caption(
        _(
            "The next thresholds give 4, 3 and 2; what reaches none scores 1. Thresholds instead of fifths: a fifth of "
            "few large accounts says little. An administrator sets them in Settings."
        )
    )


def one(actor: Actor, period: Period, accounts: AccountFilter, currency: str) -> None:
    """A single account: its three scores and its own rhythm, each with what was counted."""
    found = _found(actor, period, accounts)
    if not found.standings:
        st.caption(_("This account has not ordered up to this day."))
        return
    row = found.standings[0]
    scored = row.scored
    text = _("{cell}: last order {days} days ago, {orders} orders and {amount} in 12 months")
    st.markdown(
        "**"
        + text.format(
            cell=scored.cell,
            days=formats.number(scored.days),
            orders=formats.number(scored.orders),
            amount=formats.compact(scored.amount, currency),
        )
        + "**"
    )
    st.markdown(_beat(row))
    _rule(currency)


def _beat(row: Standing) -> str:
    """The own rhythm in a sentence."""
    scored = row.scored
    if scored.beat is None:
        return _("Own rhythm not known: fewer than three days with an order.")
    return _(
        "Own rhythm: {days} days since {day} are {times} times its usual gap of {gap} days: {status}."
    ).format(
        days=formats.number(scored.days),
        day=formats.day(row.last_order_on),
        times=formats.number(scored.beat, places=1),
        gap=formats.number(scored.usual_gap_days),
        status=_(RHYTHMS[scored.rhythm]),
    )


def _list(actor: Actor, found: Board, currency: str, key: str) -> None:
    rows = sorted(
        found.standings, key=lambda row: (_URGENT.index(row.scored.rhythm), -row.scored.amount, row.code)
    )
    scored = [row.scored for row in rows]
    frame = pd.DataFrame(
        {
            "code": [row.code for row in rows],
            "account": [row.name for row in rows],
            "rfm": [str(one.cell) for one in scored],
            "rhythm": [_(RHYTHMS[one.rhythm]) for one in scored],
            "times": [one.beat for one in scored],
            "days": [one.days for one in scored],
            "usual_gap_days": [one.usual_gap_days for one in scored],
            "orders": [one.orders for one in scored],
            "amount": [one.amount for one in scored],
            "last_order_on": [row.last_order_on for row in rows],
        }
    )
    columns = {
        "code": figure_parts.texts(_("Code")),
        "account": figure_parts.texts(_("Account"), "medium"),
        "rfm": figure_parts.texts("RFM"),
        "rhythm": figure_parts.texts(_("Own rhythm")),
        "times": figure_parts.numbers(_("Times the usual gap"), "%.1f"),
        "days": figure_parts.numbers(_("Days since")),
        "usual_gap_days": figure_parts.numbers(_("Usual gap, days"), "%.1f"),
        "orders": figure_parts.numbers(_("Orders")),
        "amount": figure_parts.amounts(_("Margin") if found.by_margin else _("Net revenue"), currency),
        "last_order_on": figure_parts.days(_("Last order")),
    }
    alt = _("Accounts by urgency of their rhythm; choosing a cell opens its account.")
    words = {"period": formats.period(found.period)}
    figure_parts.listing(actor, key, frame, columns, [row.code for row in rows], alt=alt, words=words)
