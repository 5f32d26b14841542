"""Competitors' prices beside ours: each price claim with its break-even, and the price index over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core import price_gaps
from core.language import _
from core.price_gaps import IndexPoint, PriceGap
from pages.ui import charts, formats, tables
from pages.ui import competitor_words as words
from pages.ui.forms import plain


def table(gaps: Sequence[PriceGap], currency: str, *, sees_cost: bool) -> None:
    """Usable price claims with our price, theirs and the loss of volume at which matching becomes better."""
    rows = [one for one in gaps if one.claim.standing.is_usable]
    if not rows:
        return
    st.markdown("**" + _("Prices against ours") + "**")
    columns = {
        _("Competitor"): [one.claim.competitor for one in rows],
        _("About"): [one.claim.scope or _("everything") for one in rows],
        _("Our price"): [formats.price(one.ours, currency) for one in rows],
        _("Theirs"): [formats.price(one.theirs, currency) for one in rows],
        _("Against ours"): [formats.percent(one.gap, places=1, signed=True) for one in rows],
        _("Evidence"): [
            f"{words.states()[one.claim.state]} · {one.claim.grade} · {words.age(one.claim)}" for one in rows
        ],
    }
    if sees_cost:
        columns[_("Break-even loss of volume")] = [formats.percent(one.break_even, places=1) for one in rows]
    tables.plain_frame(pd.DataFrame(columns), key="price_gaps", alt=_("Competitors' prices against ours"))
    if sees_cost:
        st.caption(
            _(
                "Break-even = their cut ÷ our contribution margin, both as shares of our price: if not matching loses "
                "more volume than that, matching would have been better. The loss itself is your assumption."
            )
        )


def index(gaps: Sequence[PriceGap]) -> None:
    """Our price ÷ theirs: now by product and category, and by month of observation."""
    now = price_gaps.index_now(gaps)
    if not now and not price_gaps.index_over_time(gaps):
        st.info(_("No price of a competitor is known beside one of ours."))
        return
    st.caption(
        _(
            "100 × our net price ÷ theirs, weighted by our net revenue: above 100 we are dearer. Live claims and those "
            "to confirm count now; over time old ones count in their month, refuted ones never."
        )
    )
    if now:
        frame = pd.DataFrame(
            {
                _("Competitor"): [one.competitor for one in now],
                _("About"): [one.scope or _("everything") for one in now],
                _("Index"): [float(one.index * 100) for one in now],
                _("Observations"): [one.observations for one in now],
                _("Age, days"): [
                    f"{one.newest_days}"
                    if one.newest_days == one.oldest_days
                    else f"{one.newest_days} – {one.oldest_days}"
                    for one in now
                ],
            }
        )
        number = st.column_config.NumberColumn(_("Index"), format="%.1f")
        tables.plain_frame(frame, {_("Index"): number}, key="price_index", alt=_("Price index now"))
    _over_time(price_gaps.index_over_time(gaps))


def _over_time(points: Sequence[IndexPoint]) -> None:
    seen = Counter((one.competitor, one.scope) for one in points)
    scopes = sorted(seen, key=lambda one: (-seen[one], one))
    if not scopes:
        return
    chosen = st.selectbox(
        _("Over time"), scopes, format_func=lambda one: " · ".join(filter(None, one)), key="index_scope"
    )
    shown = [one for one in points if (one.competitor, one.scope) == chosen]
    colours = charts.palette()
    line = go.Scatter(
        x=[one.month for one in shown],
        y=[float(one.index * 100) for one in shown],
        mode="lines+markers",
        line={"color": colours.main},
        customdata=[one.observations for one in shown],
        hovertemplate="%{x|%b %Y}: %{y:.1f} (n = %{customdata})<extra></extra>",
    )
    layout = {
        "template": charts.template(colours), "height": charts.HEIGHT, "separators": ".,",
        "xaxis": {"tickformat": "%b %y", "dtick": "M1"}, "yaxis": {"title": {"text": _("Index")}},
        "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 100, "y1": 100,
                    "line": {"color": colours.quiet, "dash": "dot"}}],
    }  # fmt: skip
    text = ", ".join(
        f"{formats.month(one.month)}: {formats.number(one.index * 100, places=1)}"
        for one in shown
        if one.month
    )
    charts.show(go.Figure(data=[line], layout=layout), alt=text, key="index_over_time")
    st.caption(plain(text))
