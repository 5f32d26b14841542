"""The parts of the Products page: the list, and one product's figures, prices, buyers and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from core import product_story
from core.language import _
from core.money import ratio
from core.product_prices import PriceVersion
from core.product_story import Buyer, ProductStanding, ProductStory
from pages.ui import charts, filters, formats, navigation, portfolio_parts, tables
from pages.ui.forms import plain

PICTURED = 14


def choose(rows: Sequence[ProductStanding]) -> list[ProductStanding]:
    """The products that fit a search and a category."""
    left, right = st.columns([2, 1])
    with left:
        text = st.text_input(
            _("Search products"), key="product_search", bind="query-params", max_chars=100,
            placeholder=_("Search name or code"), icon=":material/search:", live="300ms",
        )  # fmt: skip
    kinds = sorted({row.category for row in rows if row.category})
    with right:
        chosen = st.multiselect(
            _("Category"), kinds, key="product_category", bind="query-params", placeholder=_("All")
        )
    wanted = text.strip().casefold()
    return [
        row
        for row in rows
        if (wanted in row.name.casefold() or wanted in row.code.casefold())
        and (not chosen or row.category in chosen)
    ]


def product_table(rows: Sequence[ProductStanding], currency: str) -> None:
    """Products by what they bring; choosing a cell opens one."""
    if not rows:
        st.info(_("No product fits."))
        return
    cells = _listed(rows, currency).selection.cells
    if cells:
        st.switch_page(
            navigation.PAGES / "market/products.py",
            query_params={"product": rows[int(cells[0][0])].code, **filters.chosen_period()},
        )


def _listed(rows: Sequence[ProductStanding], currency: str) -> Any:
    frame = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "category": [row.category for row in rows],
            "net": [tables.whole(row.now.net) for row in rows],
            "year_ago": [tables.whole(row.year_ago.net) for row in rows],
            "growth": [tables.hundred(row.growth) for row in rows],
            "discount": [tables.hundred(row.now.discount_rate) for row in rows],
            "list_price": [tables.as_float(row.list_price) for row in rows],
            "code": [row.code for row in rows],
        }
    )
    column = st.column_config
    return st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=min(len(rows) + 1, 16) * tables.ROW_HEIGHT + 4,
        column_config={
            "name": column.TextColumn(_("Product"), width=280, pinned=True),
            "category": column.TextColumn(_("Category")),
            "net": tables.money_column(_("Net revenue"), currency, places=0),
            "year_ago": tables.money_column(_("Last year"), currency, places=0),
            "growth": tables.percent_column(_("vs last year")),
            "discount": tables.percent_column(_("Discount")),
            "list_price": tables.money_column(_("List price today"), currency),
            "code": column.TextColumn(_("Code")),
        },
        on_select="rerun",
        selection_mode="single-cell",
        key="product_table",
        placeholder=formats.UNKNOWN,
        alt=_("Products with their figures; choosing a cell opens its product."),
    )


def tiles(story: ProductStory, currency: str) -> None:
    """The product's figures, each beside last year."""
    now, then = story.total, story.year_ago
    growth = ratio(now.net - then.net, then.net) if then.net > 0 else None
    moved = _difference(now.discount_rate, then.discount_rate)
    served = _difference(story.service.rate, story.service_year_ago.rate)
    before = sum(1 for buyer in story.buyers if buyer.year_ago.net > 0)
    shown = [
        (
            _("Net revenue"),
            formats.compact(now.net, currency),
            _on_last_year(formats.percent(growth, signed=True)),
        ),
        (_("Quantity"), formats.quantity(now.quantity), _last_year_was(formats.quantity(then.quantity))),
        (_("Average discount"), formats.percent(now.discount_rate), _on_last_year(formats.points(moved))),
        (_("Buyers"), formats.number(len(story.active)), _last_year_was(formats.number(before))),
        (_("On time in full"), formats.percent(story.service.rate), _on_last_year(formats.points(served))),
    ]
    if now.cost is not None:
        margin = _difference(now.margin_rate, then.margin_rate)
        shown.append((_("Margin"), formats.percent(now.margin_rate), _on_last_year(formats.points(margin))))
    grid = st.grid(6, min_column_width=150)
    for label, value, below in shown:
        with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
            st.metric(label, value)
            st.caption(below)


def _difference(now: Decimal | None, then: Decimal | None) -> Decimal | None:
    return None if now is None or then is None else now - then


def _on_last_year(change: str) -> str:
    return _("{change} on last year").format(change=change)


def _last_year_was(value: str) -> str:
    return _("last year {value}").format(value=value)


def pictures(story: ProductStory, currency: str) -> None:
    """Revenue by month left, the spread of prices right."""
    left, right = st.columns([3, 2])
    with left, st.container(border=True, height="stretch"):
        _divisor, unit = charts.scale_of(story.months)
        st.markdown(
            "**"
            + _("Net revenue by month, {unit}").format(
                unit=f"{formats.symbol(currency)} {formats.unit_word(unit)}".strip()
            )
            + "**"
        )
        charts.show(
            charts.revenue_by_month(story.months, currency=currency),
            alt=charts.alt_of_months(story.months, currency=currency),
            key="chart_product_months",
        )
    with right, st.container(border=True, height="stretch"):
        _spread(story, currency)


def _spread(story: ProductStory, currency: str) -> None:
    found = product_story.spread(story.buyers)
    if found is None:
        st.markdown("**" + _("Price paid per unit") + "**")
        st.caption(_("Nobody bought it in this period."))
        return
    listed = ratio(story.total.gross, story.total.quantity) if story.total.quantity > 0 else None
    title = _("Price per unit: {lowest} to {highest}, list {listed}").format(
        lowest=_price(found.lowest, currency),
        highest=_price(found.highest, currency),
        listed=_price(listed, currency),
    )
    opened = portfolio_parts.heading(plain(title), "table_spread")
    buyers = [buyer for buyer in story.buyers if buyer.price is not None]
    ranked = sorted(buyers, key=lambda buyer: buyer.price or Decimal(0))
    shown = ranked if len(ranked) <= PICTURED else [*ranked[: PICTURED // 2], *ranked[-PICTURED // 2 :]]
    points = [charts.Compared(one.name, one.price, one.listed, None) for one in shown]
    middle = _("The median price is {price}.").format(price=_price(found.middle, currency))
    charts.show(charts.prices_paid(points, currency=currency), alt=f"{title}. {middle}", key="chart_spread")
    if opened:
        frame = pd.DataFrame(
            {
                _("Account"): [buyer.name for buyer in ranked],
                _("Price paid"): [tables.as_float(buyer.price) for buyer in ranked],
                _("List price"): [tables.as_float(buyer.listed) for buyer in ranked],
            }
        )
        portfolio_parts.table(plain(title), frame, currency, places=2)


def _price(amount: Decimal | None, currency: str) -> str:
    return formats.UNKNOWN if amount is None else formats.money(amount, currency)


def buyers(story: ProductStory, currency: str) -> None:
    """Who stopped, with what is at stake, and who buys."""
    gone = story.stopped
    at_stake = sum((buyer.year_ago.net for buyer in gone), Decimal(0))
    st.markdown(
        "**"
        + _("Stopped buying: {count} accounts, {amount} last year").format(
            count=len(gone), amount=formats.compact(at_stake, currency)
        )
        + "**"
    )
    if gone:
        _buyer_table(gone, currency, "buyers_stopped")
    st.markdown("**" + _("Buying: {count} accounts").format(count=len(story.active)) + "**")
    _buyer_table(story.active, currency, "buyers_active")


def _buyer_table(rows: Sequence[Buyer], currency: str, key: str) -> None:
    frame = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "net": [tables.whole(row.now.net) for row in rows],
            "year_ago": [tables.whole(row.year_ago.net) for row in rows],
            "change": [tables.whole(row.change) for row in rows],
            "quantity": [float(row.now.quantity) for row in rows],
            "price": [tables.as_float(row.price) for row in rows],
            "discount": [tables.hundred(row.now.discount_rate) for row in rows],
            "code": [row.code for row in rows],
        }
    )
    column = st.column_config
    columns: dict[str, Any] = {
        "name": column.TextColumn(_("Account"), width="medium"),
        "net": tables.money_column(_("Net revenue"), currency, places=0),
        "year_ago": tables.money_column(_("Last year"), currency, places=0),
        "change": tables.money_column(_("Change"), currency, places=0),
        "quantity": column.NumberColumn(_("Quantity"), format="localized"),
        "price": tables.money_column(_("Net price per unit"), currency),
        "discount": tables.percent_column(_("Discount")),
        "code": column.TextColumn(_("Code")),
    }
    tables.plain_frame(frame, columns, key=key)


def deliveries(story: ProductStory) -> None:
    """On time in full by month."""
    rows = [(month, service) for month, service in story.deliveries if service.due]
    if not rows:
        st.info(_("Nothing was due in this period."))
        return
    points = [
        charts.Compared(formats.month(month), service.rate and service.rate * 100, None, None)
        for month, service in rows
    ]
    alt = "; ".join(f"{formats.month(month)}: {formats.percent(service.rate)}" for month, service in rows)
    with st.container(border=True):
        st.markdown("**" + _("On time in full by month") + "**")
        charts.show(charts.compared(points, suffix="%"), alt=alt, key="chart_product_otif")
    frame = pd.DataFrame(
        {
            _("Month"): [formats.month(month) for month, _service in rows],
            _("Due"): [service.due for _month, service in rows],
            _("On time in full"): [tables.hundred(service.rate) for _month, service in rows],
            _("On time"): [tables.hundred(service.on_time_rate) for _month, service in rows],
            _("In full"): [tables.hundred(service.in_full_rate) for _month, service in rows],
        }
    )
    names = (_("On time in full"), _("On time"), _("In full"))
    tables.plain_frame(frame, {name: tables.percent_column(name) for name in names}, key="product_otif")


def list_prices(versions: Sequence[PriceVersion], currency: str) -> None:
    """What it listed for, from which day to which."""
    if not versions:
        st.info(_("No list price is known."))
        return
    frame = pd.DataFrame(
        {
            _("From"): [one.valid_from for one in versions],
            _("Until"): [
                formats.UNKNOWN if one.valid_to is None else formats.day(one.valid_to) for one in versions
            ],
            _("List price"): [float(one.amount) for one in versions],
            _("Recorded"): [formats.moment(one.recorded_at) for one in versions],
        }
    )
    columns = {
        _("From"): st.column_config.DateColumn(format="D MMM YYYY"),
        _("Until"): st.column_config.TextColumn(help=_("That day no longer.")),
        _("List price"): tables.money_column(_("List price"), currency),
    }
    tables.plain_frame(frame, columns, key="product_prices")
