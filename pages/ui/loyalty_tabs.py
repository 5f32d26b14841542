"""The lower half of Loyalty: what to tell whom, all members, the ways between tiers, and what points will cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from core.language import N_, _
from core.loyalty.boards import NEAR, Reach
from core.loyalty.status import StandingRow
from core.money import ZERO, ratio
from pages.ui import charts, figure_charts, filters, formats, loyalty_words, navigation, tables
from pages.ui.loyalty_overview import Found

_FALLS, _RISES = "↓", "↑"


def show(found: Found, currency: str) -> None:
    """One tab at a time; each draws itself only while it is open."""
    tabs: tuple[tuple[str, Callable[[Found, str], None]], ...] = (
        (N_("Who to talk to"), _reaches),
        (N_("Members"), _members),
        (N_("From tier to tier"), _moves),
        (N_("Liability & breakage"), _owed),
    )
    shown = st.tabs([_(label) for label, _draw in tabs], key="loyalty_tab", on_change="rerun")
    for (_label, draw), place in zip(tabs, shown, strict=True):
        if place.open:
            with place:
                draw(found, currency)


def _opens(
    frame: pd.DataFrame, columns: dict[str, Any], rows: Sequence[StandingRow], key: str, alt: str
) -> None:
    """A table of members; a cell that is chosen opens the account."""
    opened: Any = st.dataframe(
        frame, hide_index=True, row_height=tables.ROW_HEIGHT, column_config=columns, on_select="rerun",
        height=min(len(frame) + 1, 14) * tables.ROW_HEIGHT + 4, selection_mode="single-cell", key=key,
        placeholder=formats.UNKNOWN, alt=alt, width="stretch",
    )  # fmt: skip
    cells = getattr(getattr(opened, "selection", None), "cells", None)
    if not cells:
        return
    row = rows[int(cells[0][0])]
    if row.account_id is None:
        st.session_state["search"] = row.name
        st.switch_page(navigation.PAGES / "accounts/portfolio.py", query_params={"group": row.name})
    st.switch_page(
        navigation.PAGES / "accounts/account.py",
        query_params={"account": row.code, **filters.chosen_period()},
    )


def _reaches(found: Found, currency: str) -> None:
    shown = st.segmented_control(
        _("Show"), ["all", "near", "drop"], default="all", key="reaches_shown", required=True,
        format_func={"all": _("All"), "near": _("Near the next tier"), "drop": _("About to fall")}.__getitem__,
        label_visibility="collapsed",
    )  # fmt: skip
    rows = [one for one in found.reaches if shown == "all" or one.is_drop == (shown == "drop")]
    st.caption(
        _(
            "The greatest worth to the account first. Near: at most {share} of the next tier's threshold is missing. "
            "About to fall: the tier is lost at the pace of the last twelve months. A cell opens the account."
        ).format(share=formats.percent(NEAR, places=0))
    )
    if not rows:
        st.info(_("Nobody is near a tier, and nobody is about to lose one."))
        return
    _opens(
        _reach_frame(rows, currency),
        _reach_columns(currency),
        [one.row for one in rows],
        f"reaches_{shown}",
        _("Who is near a tier or about to lose one, and the sentence to tell them"),
    )
    with st.expander(_("The sentences, for copying"), icon=":material/content_copy:"):
        for one in rows[:20]:
            st.code(
                f"{one.row.name}: {loyalty_words.to_customer(one, currency)}", language=None, wrap_lines=True
            )


def _reach_frame(rows: Sequence[Reach], currency: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": [one.row.name for one in rows],
            "way": [_way(one) for one in rows],
            "worth": [None if one.worth is None else tables.whole(one.worth) for one in rows],
            "missing": [
                None if one.missing_money is None else tables.whole(one.missing_money) for one in rows
            ],
            "points": [None if one.counts_revenue else tables.as_float(one.missing) for one in rows],
            "by": [one.by for one in rows],
            "say": [loyalty_words.to_customer(one, currency) for one in rows],
            "net": [None if one.net_revenue is None else tables.whole(one.net_revenue) for one in rows],
        }
    )


def _way(one: Reach) -> str:
    held = loyalty_words.tier(one.goal.name if one.is_drop else one.other.name)
    to = loyalty_words.tier(one.other.name if one.is_drop else one.goal.name)
    return f"{_FALLS if one.is_drop else _RISES} {held} → {to}"


def _reach_columns(currency: str) -> dict[str, Any]:
    column = st.column_config
    worth = _("Benefits a year; what the tier gives more, on the purchases of the last twelve months.")
    return {
        "name": column.TextColumn(_("Account"), width=190),
        "way": column.TextColumn(_("Loyalty tier"), width=150),
        "worth": tables.money_column(_("Worth to the account"), currency, places=0, help=worth),
        "missing": tables.money_column(
            _("Missing orders"), currency, places=0, help=_("Before any factor; with one, less is enough.")
        ),
        "points": column.NumberColumn(_("Missing points"), format="localized"),
        "by": column.DateColumn(_("Until"), format="D MMM YYYY"),
        "say": column.TextColumn(_("To tell the customer"), width=420),
        "net": tables.money_column(_("12 months"), currency, places=0, help=_("Net revenue.")),
    }


def _members(found: Found, _currency: str) -> None:
    names = ["", *found.tiers]
    chosen = st.segmented_control(
        _("Loyalty tier"), names, selection_mode="multi", format_func=loyalty_words.tier,
        key="members_tier", label_visibility="collapsed",
    )  # fmt: skip
    order = {name: place for place, name in enumerate(names)}
    rows = [row for row in found.rows if not chosen or (row.loyalty_tier or "") in chosen]
    rows.sort(key=lambda row: (-order.get(row.loyalty_tier or "", 0), row.name.lower()))
    column = st.column_config
    number = {name: column.NumberColumn(label, format="localized") for name, label in _numbers().items()}
    columns = {
        "name": column.TextColumn(_("Account"), width=190),
        "tier": column.TextColumn(_("Loyalty tier"), width=120),
        "since": column.DateColumn(_("Since"), format="D MMM YYYY"),
        "until": column.DateColumn(
            _("Sure until"), format="D MMM YYYY", help=_("The last day that the tier is kept without another order.")
        ),
        "moving": column.TextColumn(
            _("Moving to"), help=_("The tier at the window's end, at the pace of the last twelve months.")
        ),
        **number,
    }  # fmt: skip
    _opens(_member_frame(rows, order), columns, rows, "members", _("Members with their tier and points"))


def _numbers() -> dict[str, str]:
    return {
        "qualifying": _("Qualifying"), "to_next": _("To next tier"), "to_stay": _("To stay"), "active": _("Active"),
        "pending": _("Pending"), "expiring": _("Lapse in 90 days"),
    }  # fmt: skip


def _member_frame(rows: Sequence[StandingRow], order: dict[str, int]) -> pd.DataFrame:
    def moving(row: StandingRow) -> str | None:
        if row.programme_number is None:
            return None
        now, then = order.get(row.loyalty_tier or "", 0), order.get(row.projected_tier or "", 0)
        sign = _RISES if then > now else _FALLS if then < now else "→"
        return f"{sign} {loyalty_words.tier(row.projected_tier)}"

    number = tables.as_float
    return pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "tier": [loyalty_words.held(row.loyalty_tier, row.tier_source) for row in rows],
            "since": [row.tier_since for row in rows],
            "until": [row.tier_until for row in rows],
            "moving": [moving(row) for row in rows],
            "qualifying": [number(row.qualifying) for row in rows],
            "to_next": [number(row.to_next) for row in rows],
            "to_stay": [number(row.to_stay) for row in rows],
            "active": [number(row.active) for row in rows],
            "pending": [number(row.pending) for row in rows],
            "expiring": [number(row.expiring_90) for row in rows],
        }
    )


def _moves(found: Found, _currency: str) -> None:
    """Rows: the tier twelve months ago; columns: the tier now."""
    outside = _("not in a programme")
    names: list[str | None] = [None, "", *found.tiers]
    labels = [outside if name is None else loyalty_words.tier(name) for name in names]
    st.caption(
        _("Accounts by their tier on {day} (down) and today (across): above the diagonal they rose.").format(
            day=formats.day(found.moves.period.start)
        )
    )
    counts = [[found.moves.moves.get((then, now), 0) for now in names] for then in names]
    shown = [place for place in range(len(names)) if any(counts[place]) or any(row[place] for row in counts)]
    frame = pd.DataFrame(
        {_("Twelve months ago"): [labels[place] for place in shown]}
        | {labels[to]: [counts[one][to] or None for one in shown] for to in shown}
    )
    tables.plain_frame(frame, key="moves", alt=_("From which tier to which in twelve months"))


def _owed(found: Found, currency: str) -> None:
    st.caption(
        _(
            "A management estimate, not accounting: outstanding points × the share that will be redeemed × the cost of "
            "a point, as the programme says."
        )
    )
    column = st.column_config
    frame = pd.DataFrame(
        {
            _("Programme"): [one.name or _("outside programmes") for one in found.owed],
            _("Members"): [one.members for one in found.owed],
            _("Outstanding"): [tables.as_float(one.outstanding) for one in found.owed],
            _("Will be redeemed"): [tables.hundred(one.redemption_rate) for one in found.owed],
            _("Cost of a point"): [tables.as_float(one.point_cost) for one in found.owed],
            _("Liability"): [tables.as_float(one.liability) for one in found.owed],
        }
    )
    columns = {
        _("Outstanding"): column.NumberColumn(_("Outstanding"), format="localized"),
        _("Will be redeemed"): tables.percent_column(_("Will be redeemed")),
        _("Cost of a point"): column.NumberColumn(
            ", ".join((_("Cost of a point"), formats.symbol(currency))), format="%.4f"
        ),
        _("Liability"): tables.money_column(_("Liability"), currency),
    }
    tables.plain_frame(frame, columns, key="owed")
    _cohorts(found)


def _cohorts(found: Found) -> None:
    done = [one for one in found.cohorts if not one.remaining]
    issued = sum((one.issued - one.taken for one in done), ZERO)
    broken = ratio(sum((one.expired for one in done), ZERO), issued)
    if broken is None:
        said = _("By month of issue; no month is used up yet, so that its breakage is not final.")
    else:
        said = _("By month of issue. Breakage of the months that are used up: {share} lapsed unused.").format(
            share=formats.percent(broken)
        )
    st.markdown("**" + _("What became of the points") + "**")
    st.caption(said)
    rows = list(found.cohorts)[::-1]
    shares: list[list[Decimal | None]] = [
        [ratio(value, one.issued) for value in (one.redeemed, one.expired, one.taken, one.remaining)]
        for one in rows
    ]
    heads = [_("Redeemed"), _("Expired"), _("Taken back"), _("Outstanding")]
    months = [f"{formats.month(one.month)} · {formats.compact(one.issued, None)}" for one in rows]
    figure = figure_charts.heat(months, heads, shares)
    figure.layout.yaxis.dtick = 1  # a label for every month
    charts.show(figure, alt=said, key="chart_cohorts")
