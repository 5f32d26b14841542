"""What moved net revenue. The revenue bridge takes this place once it is there: `show` is its one call site."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.directors import Overview
from core.language import _
from pages.ui import charts, formats, kpi_parts, portfolio_parts, tables


def show(found: Overview, asked: kpi_parts.Asked) -> None:
    """The accounts that moved the change most, gains first."""
    currency = asked.currency
    title = _("What moved it: {change} on last year").format(
        change=formats.compact(found.change, currency, signed=True)
    )
    opened = portfolio_parts.heading(title, "table_movers")
    moves = portfolio_parts.moves(found.movers)
    if moves:
        charts.show(
            charts.movers(moves, currency=currency),
            alt=charts.alt_of_moves(moves, currency=currency),
            key="chart_movers",
        )
    else:
        st.caption(_("Nothing moved against last year."))
    if opened:
        rows = [row for row in found.movers if row.change]
        frame = pd.DataFrame(
            {
                _("Account"): [row.name for row in rows],
                _("Net revenue"): [tables.whole(row.now.net) for row in rows],
                _("Last year"): [tables.whole(row.year_ago.net) for row in rows],
                _("Change"): [tables.whole(row.change) for row in rows],
            }
        )
        portfolio_parts.table(title, frame, currency)
