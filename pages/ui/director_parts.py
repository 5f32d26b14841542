"""The parts of the directors' overview: its tiles, what moved it, managers side by side, what needs a decision."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from core import directors, kpi_words
from core.bridge import Bridge
from core.directors import Decision, Overview, Tile
from core.language import _, ngettext
from core.money import ZERO, ratio
from pages.ui import (
    bridge_parts,
    charts,
    figure_charts,
    filters,
    formats,
    kpi_parts,
    navigation,
    tables,
    today_parts,
)
from pages.ui.figure_charts import Step
from pages.ui.forms import plain

FIRST_DECISIONS = 6
_RETENTIONS = ("net_revenue_retention", "gross_revenue_retention")


def show(found: Overview, moved: Bridge, asked: kpi_parts.Asked) -> None:
    """The whole overview: figures, then pictures, then rows."""
    tiles(found, asked)
    left, right = st.columns([1, 1])
    with left, st.container(border=True, height="stretch"):
        bridge_parts.picture(moved, asked.currency)
        if st.button(_("Open the revenue bridge"), type="tertiary", icon=":material/waterfall_chart:"):
            st.switch_page(navigation.PAGES / "management/bridge.py", query_params=filters.chosen_period())
    with right, st.container(border=True, height="stretch", gap="xsmall"):
        decisions(found, asked.currency)
    managers(found, asked.currency)
    left, right = st.columns([1, 1])
    with left, st.container(border=True, height="stretch"):
        concentration(found)
    with right, st.container(border=True, height="stretch"):
        retention(found, asked.currency)


def tiles(found: Overview, asked: kpi_parts.Asked) -> None:
    """Five across on a wide screen, two on a phone."""
    grid = st.grid(5, min_column_width=150, gap="small")
    for tile in found.tiles:
        with grid.cell(), st.container(border=True, key=f"tile_{tile.kpi.name}", gap=None, height="stretch"):
            _tile(tile, found, asked)


def _tile(tile: Tile, found: Overview, asked: kpi_parts.Asked) -> None:
    label = _short_label(tile.kpi.name)
    kpi_parts.button(tile.kpi.name, asked, label=label, icon=None)
    months = [None if value is None else float(value) for _month, value in tile.months]
    st.metric(
        label,
        kpi_words.short(tile.kpi, tile.value, asked.currency),
        label_visibility="collapsed",
        chart_data=[value for value in months if value is not None] or None,
        chart_type="area",
    )
    st.caption("  \n".join(comparisons(tile, found, asked.currency)))


def _short_label(name: str) -> str:
    """Retention says below what it is compared with."""
    known = {
        "net_revenue_retention": _("Net revenue retention"),
        "gross_revenue_retention": _("Gross revenue retention"),
    }
    return known.get(name, directors.label(name))


def comparisons(tile: Tile, found: Overview, currency: str) -> list[str]:
    """Period before, last year and target, one a line; three lines, so that all tiles are of one height."""
    return [
        _line(_("Before"), tile, tile.before, currency),
        _line(_("Last year"), tile, tile.year_ago, currency),
        _last(tile, found, currency),
    ]


def _line(word: str, tile: Tile, then: Decimal | None, currency: str) -> str:
    value = plain(kpi_words.short(tile.kpi, then, currency))
    if then is None or tile.value is None:
        return f"{word} {value}"
    colour = kpi_words.colour(tile.kpi, tile.value, then)
    moved = plain(kpi_words.moved(tile.kpi, tile.value, then))
    return f"{word} {value} · " + (f":{colour}[{moved}]" if colour else moved)


def _last(tile: Tile, found: Overview, currency: str) -> str:
    if tile.kpi.name == "target_attainment":
        pace = found.pace.pace
        return _("Pace of the year {value}").format(value=_reached(pace))
    if tile.target is None:
        return _("On last year · no target") if tile.kpi.name in _RETENTIONS else _("No target")
    if tile.kpi.unit == "money":
        value = plain(kpi_words.short(tile.kpi, tile.target, currency))
        return _("Target {value} · {share}").format(
            value=value, share=_reached(ratio(tile.value, tile.target))
        )
    return _line(_("Target"), tile, tile.target, currency)


def _reached(share: Decimal | None) -> str:
    text = formats.percent(share)
    return text if share is None else f":{'green' if share >= 1 else 'red'}[{text}]"


def decisions(found: Overview, currency: str) -> None:
    """What waits for somebody, the most money first; a name opens its account."""
    st.markdown(
        "**"
        + _("What needs a decision: {amount} at stake").format(
            amount=plain(formats.compact(found.at_stake, currency))
        )
        + "**"
    )
    if not found.decisions:
        st.success(_("Nothing needs a decision."), icon=":material/check_circle:")
        return
    for one in found.decisions[:FIRST_DECISIONS]:
        _decision(one, currency)
    more = len(found.decisions) - FIRST_DECISIONS
    if more > 0 and st.button(
        ngettext("{count} more on Today", "{count} more on Today", more).format(count=formats.number(more)),
        type="tertiary",
        icon=":material/today:",
        key="more_decisions",
    ):
        st.switch_page(navigation.PAGES / "work/today.py")


def _decision(one: Decision, currency: str) -> None:
    first = one.first
    sign = ":red[●]" if first.is_red else ":orange[●]"
    with st.container(gap=None, key=f"decision_{first.account_id}_{first.kind}_{first.occasion}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            if st.button(
                plain(first.name),
                key=f"call_{first.account_id}_{first.kind}_{first.occasion}",
                type="tertiary",
            ):
                _open(one)
            if one.owner:
                st.caption(plain(one.owner), width="content")
        st.markdown(f"{sign} :small[{plain(today_parts.sentence(first, currency))}]")


def _open(one: Decision) -> None:
    if one.first.account_id is None:
        st.switch_page(navigation.PAGES / "management/data.py")
    st.switch_page(
        navigation.PAGES / "accounts/account.py",
        query_params={"account": one.first.code, **filters.chosen_period()},
    )


def managers(found: Overview, currency: str) -> None:
    """One row an owner; a row that is chosen shows that owner's part of this page."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.subheader(_("Managers side by side"), width="content")
        st.caption(_("Choose a row to see one manager alone."), width="content")
    rows = found.managers
    frame, columns = manager_table(found, currency)

    def narrow() -> None:
        cells = st.session_state["managers"]["selection"]["cells"]
        if cells and (name := rows[int(cells[0][0])].name):
            st.session_state["owner"] = [name]

    st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=min(len(frame) + 1, 14) * tables.ROW_HEIGHT + 4,
        column_config=columns,
        on_select=narrow,
        selection_mode="single-cell",
        key="managers",
        placeholder=formats.UNKNOWN,
        alt=_(
            "Managers with net revenue, change on last year, target, discount and accounts that need attention."
        ),
    )


def manager_table(found: Overview, currency: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The managers as their table shows them; margin only for who may see cost."""
    rows = found.managers
    divisor, unit = formats.step(max((abs(row.now.net) for row in rows), default=ZERO))
    frame = pd.DataFrame(
        {
            "owner": [row.name or _("none") for row in rows],
            "net": [tables.as_float(row.now.net / divisor) for row in rows],
            "growth": [tables.hundred(row.growth) for row in rows],
            "attainment": [tables.hundred(row.attainment) for row in rows],
            **({"margin": [tables.hundred(row.now.margin_rate) for row in rows]} if found.sees_cost else {}),
            "discount": [tables.hundred(row.now.discount_rate) for row in rows],
            "accounts": [row.accounts for row in rows],
            "attention": [row.attention for row in rows],
            "stake": [tables.as_float(row.at_stake / divisor) for row in rows],
        }
    )
    sign = f"{formats.symbol(currency)} {formats.unit_name(unit)}".strip()
    column = st.column_config
    highest = max((row.attainment or ZERO for row in rows), default=ZERO)
    columns: dict[str, Any] = {
        "owner": column.TextColumn(_("Owner"), width="medium", pinned=True),
        "net": column.NumberColumn(_("Net revenue, {unit}").format(unit=sign), format="%.1f"),
        "growth": tables.percent_column(_("vs last year")),
        "attainment": column.ProgressColumn(
            _("Of target"), format="%.0f%%", min_value=0, max_value=float(max(highest * 100, Decimal(100)))
        ),
        "margin": tables.percent_column(_("Margin rate")),
        "discount": tables.percent_column(_("Discount")),
        "accounts": column.NumberColumn(_("Active accounts")),
        "attention": column.NumberColumn(_("Accounts needing attention")),
        "stake": column.NumberColumn(_("At stake, {unit}").format(unit=sign), format="%.1f"),
    }
    return frame, columns


def concentration(found: Overview) -> None:
    """How much hangs on the largest accounts."""
    share = found.concentration.top_share(10)
    effective = found.concentration.effective_accounts
    count = formats.number(effective, places=1)
    title = _("The ten largest bring {share}; as concentrated as {count} accounts of one size").format(
        share=formats.percent(share), count=count
    )
    if len(found.largest) < directors.TOP:
        title = ngettext(
            "{all} account with revenue; as concentrated as {count} of one size",
            "{all} accounts with revenue; as concentrated as {count} of one size",
            len(found.largest),
        ).format(all=formats.number(len(found.largest)), count=count)
    st.markdown(f"**{title}**")
    if not found.largest:
        st.caption(_("No account has positive net revenue in this period."))
        return
    total, was = found.concentration.total, sum((row.year_ago.net for row in found.movers), ZERO)
    names = [row.name for row in found.largest]
    now = [ratio(row.now.net, total) for row in found.largest]
    then = [ratio(row.year_ago.net, was) for row in found.largest]
    charts.show(charts.shares(names, now, then), alt=_alt(names, now), key="chart_concentration")


def _alt(names: Sequence[str], shares: Sequence[Decimal | None]) -> str:
    return "; ".join(f"{name}: {formats.percent(share)}" for name, share in zip(names, shares, strict=True))


def retention(found: Overview, currency: str) -> None:
    """What became of last year's revenue: from the opening to what the same accounts bring now."""
    kept = found.retention
    st.markdown(
        "**"
        + _("Of last year's accounts, {kept} of {base} still buy").format(
            kept=formats.number(kept.accounts_kept), base=formats.number(kept.accounts_base)
        )
        + "**"
    )
    rows = [
        Step(_("Opening, last year"), kept.opening, True),
        Step(_("Lost or less"), kept.kept - kept.opening),
        Step(_("Grown"), kept.closing - kept.kept),
        Step(_("Same accounts now"), kept.closing, True),
    ]
    charts.show(
        figure_charts.steps(rows, currency=currency), alt=_said(rows, currency), key="chart_retention"
    )
    st.caption(
        _("Gross revenue retention {gross} = kept {kept} ÷ opening {opening}; net {net}").format(
            gross=formats.percent(kept.gross),
            kept=plain(formats.compact(kept.kept, currency)),
            opening=plain(formats.compact(kept.opening, currency)),
            net=formats.percent(kept.net),
        )
    )


def _said(rows: Sequence[Step], currency: str) -> str:
    return "; ".join(f"{row.name}: {formats.compact(row.amount, currency)}" for row in rows)
