"""What is behind a figure: its formula, what is above and below the line, its rows, and the order lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core import clock, db, order_lines
from core.auth import Actor
from core.filters import AccountFilter
from core.language import _
from core.periods import Period
from core.portfolio_tiles import Tile
from core.vocabulary import Structure
from pages.ui import dialogs, formats, pace_parts, tables

if TYPE_CHECKING:
    from pages.ui.tiles import Look

LINE_LIMIT = 500


@dataclass(frozen=True)
class Asked:
    """What the page was asked for: a figure's rows are read again with the same."""

    period: Period
    accounts: AccountFilter
    at: datetime
    day: date | None = None  # the one that periods end with
    currency: str = "MYR"
    of_products: bool = False  # whether the rows behind a figure are an account's products
    words: tuple[tuple[str, str], ...] = ()  # the filters as they are said
    structure: Structure = Structure.TODAY

    @property
    def last_day(self) -> date:
        return self.day or self.period.last_day

    @property
    def more(self) -> dict[str, Any]:
        """How accounts are counted, where that is not as today."""
        return {} if self.structure is Structure.TODAY else {"structure": self.structure}


def asked(
    period: Period,
    accounts: AccountFilter,
    day: date | None = None,
    currency: str = "MYR",
    *,
    of_products: bool = False,
    words: Mapping[str, str] | None = None,
    structure: Structure = Structure.TODAY,
) -> Asked:
    """What the page was asked for, and when it was read."""
    said = tuple((words or {}).items())
    return Asked(period, accounts, clock.now(), day, currency, of_products, said, structure)


def button(tile: Tile, look: Look, *, currency: str, asked: Asked) -> None:
    """Opens the rows behind a figure beside the page."""
    if st.button(
        _("Rows"),
        key=f"open_{tile.name}",
        type="tertiary",
        icon=":material/table_rows:",
        help=_("Formula and rows of {figure}").format(figure=_(look.label)),
    ):
        _open(tile, look, currency=currency, asked=asked)


def _open(tile: Tile, look: Look, *, currency: str, asked: Asked) -> None:
    dialogs.show(_(look.label), _content, tile, look, currency=currency, asked=asked)


def _content(actor: Actor, tile: Tile, look: Look, *, currency: str, asked: Asked) -> None:
    st.markdown(_(look.formula))
    st.markdown(f"**{equation(tile, look, currency)}**")
    if tile.name == "target_attainment":
        pace_parts.show(actor, asked.period, asked.accounts, currency)
    st.caption(
        _("{period} · {lines} order lines · {rows} rows · read {moment}").format(
            period=formats.period(asked.period),
            lines=formats.number(tile.lines),
            rows=formats.number(len(tile.parts)),
            moment=formats.moment(asked.at),
        )
    )
    by_account, by_line = st.tabs(
        [_rows_label(tile, asked), _("Order lines")], key="drill_tab", on_change="rerun"
    )
    if by_account.open:
        with by_account:
            frame, columns = parts(tile, look, currency, of_products=asked.of_products)
            tables.plain_frame(frame, columns, key="drill_rows")
    if by_line.open:
        with by_line:
            order_lines_of(actor, asked, currency)


def _rows_label(tile: Tile, asked: Asked) -> str:
    if not asked.of_products:
        return _("By account")
    return _("By month") if tile.name == "target_attainment" else _("By product")


def equation(tile: Tile, look: Look, currency: str) -> str:
    """`Discount amount RM 12.00 ÷ revenue at list price RM 96.00 = 12.5%`."""
    if not tile.is_ratio and tile.name != "net_revenue":
        return formats.number(tile.value)
    top = f"{_(look.numerator)} {formats.money(tile.numerator, currency)}"
    if not tile.is_ratio:
        return top
    bottom = f"{_(look.denominator)} {formats.money(tile.denominator, currency)}"
    return f"{top} ÷ {bottom} = {formats.percent(tile.value, places=2)}"


def parts(
    tile: Tile, look: Look, currency: str, *, of_products: bool = False
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows that add up to the figure, and how their columns look."""
    frame = pd.DataFrame(
        {
            "code": [part.code for part in tile.parts],
            "name": [part.name for part in tile.parts],
            "numerator": [float(part.numerator) for part in tile.parts],
            "denominator": [tables.as_float(part.denominator) for part in tile.parts],
            "lines": [part.lines for part in tile.parts],
        }
    )
    counted = not tile.is_ratio and tile.name != "net_revenue"
    label = _(look.numerator)
    columns: dict[str, Any] = {
        "code": st.column_config.TextColumn(_("Code")),
        "name": st.column_config.TextColumn(_("Product") if of_products else _("Account"), width="medium"),
        "numerator": st.column_config.NumberColumn(label, format="%d")
        if counted
        else tables.money_column(label, currency),
        "denominator": tables.money_column(_(look.denominator), currency) if look.denominator else None,
        "lines": st.column_config.NumberColumn(_("Order lines"), format="localized"),
    }
    return (frame if look.denominator else frame.drop(columns="denominator")), columns


def order_lines_of(actor: Actor, asked: Asked, currency: str) -> None:
    """The newest order lines behind a figure, and what all of them add up to."""
    with db.read() as session:
        found = order_lines.search(
            session, actor, asked.period, asked.accounts, limit=LINE_LIMIT, structure=asked.structure
        )
    st.caption(
        _("{total} in {count} order lines; the newest {shown} are shown.").format(
            total=formats.money(found.total.net, currency),
            count=formats.number(found.count),
            shown=formats.number(len(found.rows)),
        )
    )
    frame, columns = line_table(found.rows, currency)
    tables.plain_frame(frame, columns, key="drill_lines")


def line_table(
    rows: tuple[order_lines.LineRow, ...], currency: str, *, with_account: bool = True
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Order lines as a table; cost never stands in it."""
    column = st.column_config
    frame = pd.DataFrame(
        {
            "booked_on": [row.booked_on for row in rows],
            "account": [row.account_name for row in rows],
            "order_no": [row.order_no for row in rows],
            "product": [row.product_name for row in rows],
            "quantity": [float(row.quantity) for row in rows],
            "list_price": [float(row.list_price) for row in rows],
            "net_price": [float(row.net_price) for row in rows],
            "net_amount": [float(row.net_amount) for row in rows],
        }
    )
    columns = {
        "booked_on": column.DateColumn(_("Booked"), format="D MMM YYYY"),
        "account": column.TextColumn(_("Account")),
        "order_no": column.TextColumn(_("Order")),
        "product": column.TextColumn(_("Product"), width="medium"),
        "quantity": column.NumberColumn(_("Quantity"), format="localized"),
        "list_price": column.NumberColumn(_("List price"), format="%.2f"),
        "net_price": column.NumberColumn(_("Net price"), format="%.2f"),
        "net_amount": tables.money_column(_("Net amount"), currency),
    }
    return (frame if with_account else frame.drop(columns="account")), columns
