"""Tables in one style: which columns there are, how they are called and how their numbers look."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
import streamlit as st

from core.health_rules import Score
from core.language import _
from core.money import round_ratio
from core.standings import Standing
from pages.ui import formats

ROW_HEIGHT = 38
GRID_ROW = 32  # of a grid that is typed into: as many rows on one screen as can be read


def as_float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def accounts(
    standings: Sequence[Standing],
    *,
    sees_cost: bool,
    total: Decimal,
    health: Mapping[int, Score] | None = None,
    asking: Callable[[Standing], str] | None = None,
) -> pd.DataFrame:
    """The accounts as the Portfolio shows them; margin only for who may see cost."""
    divisor, _unit = account_scale(standings)
    columns: dict[str, list[Any]] = {
        "name": [row.name if row.account_id else _group_name(row) for row in standings],
        "months": [row.months for row in standings],
        "net": [as_float(row.now.net / divisor) for row in standings],
        "share": [as_float(row.now.net / total * 100) if total > 0 else None for row in standings],
        "growth": [hundred(row.growth) for row in standings],
        "attainment": [hundred(row.attainment) for row in standings],
        **_health(standings, health or {}),
        "attention": [asking(row) if asking else "" for row in standings],
        "discount": [hundred(row.now.discount_rate) for row in standings],
    }
    if sees_cost:
        columns["margin"] = [hundred(row.now.margin_rate) for row in standings]
    columns |= {
        "last_order": [row.last_order_on for row in standings],
        "rhythm": [as_float(row.usual_gap_days) for row in standings],
        "owner": [row.owner for row in standings],
        "tier": [row.tier for row in standings],
        "segment": [row.segment for row in standings],
        "region": [row.region for row in standings],
        "code": [row.code for row in standings],
    }
    return pd.DataFrame(columns)


def _health(standings: Sequence[Standing], health: Mapping[int, Score]) -> dict[str, list[Any]]:
    """The score of each account and how much of the weights it covers; a group has none of its own."""
    scores = [health.get(row.account_id) if row.account_id is not None else None for row in standings]
    return {
        "health": [None if score is None else as_float(score.value) for score in scores],
        "coverage": [None if score is None else hundred(score.coverage) for score in scores],
    }


def _group_name(row: Standing) -> str:
    return _("{group} ({count} accounts)").format(group=row.name, count=row.account_count)


def account_scale(standings: Sequence[Standing]) -> tuple[Decimal, str]:
    """The unit that the revenue column is in: that of the greatest account."""
    return formats.step(max((abs(row.now.net) for row in standings), default=Decimal(0)))


def hundred(share: Decimal | None) -> float | None:
    """A share as a number of percent."""
    return None if share is None else float(share * 100)


def account_columns(standings: Sequence[Standing], *, currency: str) -> dict[str, Any]:
    """How each column of `accounts` looks."""
    unit = formats.unit_name(account_scale(standings)[1])
    heading = _("Net revenue, {unit}").format(unit=f"{formats.symbol(currency)} {unit}".strip())
    column = st.column_config
    top = max((row.attainment or Decimal(0) for row in standings), default=Decimal(0))
    return {
        "code": column.TextColumn(_("Code")),
        "name": column.TextColumn(_("Account"), width=230),
        "owner": column.TextColumn(_("Owner")),
        "tier": column.TextColumn(_("Tier")),
        "segment": column.TextColumn(_("Segment")),
        "region": column.TextColumn(_("Region")),
        "months": column.AreaChartColumn(_("12 months"), width=90, y_min=0),
        "net": column.NumberColumn(heading, format="%.1f", help=_("In the period chosen above.")),
        "share": percent_column(_("Share"), help=_("Of the net revenue of all accounts shown.")),
        "growth": percent_column(_("vs last year")),
        "discount": percent_column(_("Discount"), help=_("What was given off the list price.")),
        "margin": percent_column(_("Margin"), help=_("Over lines whose cost is known.")),
        "attainment": column.ProgressColumn(
            _("Of target"),
            format="%.0f%%",
            min_value=0,
            max_value=float(max(top * 100, Decimal(100))),
            width=120,
        ),
        **_health_columns(),
        "last_order": column.DateColumn(_("Last order"), format="D MMM YY"),
        "rhythm": column.NumberColumn(
            _("Usual gap, days"), format="%.0f", help=_("Median days between orders.")
        ),
        "attention": column.TextColumn(_("Needs attention"), width=320),
    }


def _health_columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "health": column.ProgressColumn(
            _("Health"),
            format="%.1f",
            min_value=0,
            max_value=100,
            width=90,
            help=_("From 0 to 100, over the measures that are known."),
        ),
        "coverage": column.NumberColumn(
            _("Coverage"), format="%.0f%%", help=_("How much of all weights the health score knows.")
        ),
    }


def percent_column(label: str, *, help: str | None = None) -> Any:  # noqa: A002  (Streamlit's own word)
    """Percent with one decimal, whatever the value; Streamlit's own format drops zeros."""
    return st.column_config.NumberColumn(label, format="%.1f%%", help=help)


def money_column(label: str, currency: str, *, places: int = 2, help: str | None = None) -> Any:  # noqa: A002
    """An amount with its unit in the heading; without decimals the caller rounds (`whole`)."""
    return st.column_config.NumberColumn(
        f"{label}, {formats.symbol(currency)}", format="accounting" if places else "localized", help=help
    )


def whole(amount: Decimal) -> int:
    """An amount without decimals, for a table that is read at a glance."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def plain_frame(
    frame: pd.DataFrame, columns: dict[str, Any] | None = None, *, key: str, alt: str = ""
) -> None:
    """A table that is only read."""
    st.dataframe(
        frame,
        hide_index=True,
        row_height=ROW_HEIGHT,
        column_config=columns,
        key=key,
        placeholder=formats.UNKNOWN,
        alt=alt or None,
        width="stretch",
    )


_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run these as a formula


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet cannot take for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_DANGEROUS) else value


def export_rows(
    standings: Sequence[Standing],
    *,
    sees_cost: bool,
    health: Mapping[int, Score] | None = None,
    asking: Callable[[Standing], str] | None = None,
) -> list[list[Any]]:
    """What leaves the house: exact numbers under the words of the glossary, one row an account."""
    head = ["code", "name", "group", "owner", "tier", "segment", "region", "net_revenue", "net_revenue_last_year",
            "net_revenue_period_before", "discount_rate", "target", "target_attainment", "last_order_on",
            "usual_gap_days", "needs_attention", "health", "health_coverage"]  # fmt: skip
    rows: list[list[Any]] = [head + (["margin", "margin_rate"] if sees_cost else [])]
    for row in standings:
        score = (health or {}).get(row.account_id or 0)
        values = [
            row.code, row.name, row.group, row.owner, row.tier, row.segment, row.region, row.now.net,
            row.year_ago.net, row.before.net, row.now.discount_rate, row.target, row.attainment,
            row.last_order_on, row.usual_gap_days, asking(row) if asking else "",
            None if score is None else score.value, None if score is None else round_ratio(score.coverage),
        ]  # fmt: skip
        rows.append(values + ([row.now.margin, row.now.margin_rate] if sees_cost else []))
    return [[safe_cell(value) for value in row] for row in rows]


def as_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([["" if v is None else _plain(v) for v in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")  # the mark tells Excel that this is UTF-8


def as_xlsx(rows: Sequence[Sequence[Any]], sheet: str) -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet(sheet[:31])
        page.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for number, row in enumerate(rows):
            for place, value in enumerate(row):
                shown = float(value) if isinstance(value, Decimal) else value
                page.write(number, place, shown, bold if number == 0 else None)
        page.autofit()
    return target.getvalue()


def _plain(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value
