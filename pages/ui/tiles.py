"""The row of figures on top of a page; each opens into its formula and its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import streamlit as st

from core.language import N_, _
from core.portfolio_tiles import Tile
from pages.ui import drill, formats, kpi_parts
from pages.ui.formats import MINUS


@dataclass(frozen=True)
class Look:
    """How a figure is called and read."""

    label: str
    formula: str
    numerator: str
    denominator: str = ""
    good: str = "normal"  # `inverse`: less is better; `off`: neither


LOOKS: dict[str, Look] = {
    "net_revenue": Look(
        N_("Net revenue"),
        N_("Sum of the net amount of all order lines of the period, returns included."),
        N_("Net revenue"),
    ),
    "margin_rate": Look(
        N_("Margin"),
        N_("Net revenue less cost, divided by net revenue, over the lines whose cost is known."),
        N_("Margin amount"),
        N_("Net revenue with known cost"),
    ),
    "discount_rate": Look(
        N_("Average discount"),
        N_("Revenue at list price less net revenue, divided by revenue at list price."),
        N_("Discount amount"),
        N_("Revenue at list price"),
        good="inverse",
    ),
    "price_realisation": Look(
        N_("Price realisation"),
        N_("Net revenue divided by the same quantities at list price."),
        N_("Net revenue"),
        N_("Revenue at list price"),
    ),
    "target_attainment": Look(
        N_("Of target"),
        N_("Net revenue divided by the targets of the period; a month that is cut counts by its days."),
        N_("Net revenue"),
        N_("Target"),
    ),
    "active_accounts": Look(
        N_("Active accounts"),
        N_("Accounts with positive net revenue in the period; orders without an account are not counted."),
        N_("Counted"),
    ),
    "top_share": Look(
        N_("Top-10 share"),
        N_("Net revenue of the ten greatest accounts divided by that of all with positive net revenue."),
        N_("Among the ten greatest"),
        N_("Net revenue"),
        good="off",
    ),
    "products_bought": Look(
        N_("Products bought"),
        N_("Products with positive net revenue in the period."),
        N_("Counted"),
    ),
    "return_rate": Look(
        N_("Returns"),
        N_("Amount of returned lines divided by net revenue before returns."),
        N_("Returned amount"),
        N_("Net revenue before returns"),
        good="inverse",
    ),
}


def shown(tile: Tile, currency: str) -> str:
    """The figure as the tile prints it."""
    if tile.name == "net_revenue":
        return formats.compact(tile.value, currency)
    return formats.percent(tile.value) if tile.is_ratio else formats.number(tile.value)


def row(
    tiles: Mapping[str, Tile],
    *,
    currency: str,
    asked: drill.Asked,
) -> None:
    """Six across on a wide screen, two on a phone."""
    grid = st.grid(6, min_column_width=150)
    for tile in tiles.values():
        with grid.cell(), st.container(border=True, key=f"tile_{tile.name}", gap="xsmall", height="stretch"):
            _tile(tile, tiles, currency)
            if kpi_parts.opens(tile.name):
                kpi_parts.button(tile.name, replace(asked, currency=currency), label=_("Rows"))
            else:
                drill.button(tile, LOOKS[tile.name], currency=currency, asked=asked)


def _tile(tile: Tile, tiles: Mapping[str, Tile], currency: str) -> None:
    look = LOOKS[tile.name]
    delta, description = _delta(tile)
    st.metric(
        _(look.label),
        shown(tile, currency),
        delta=delta.replace(MINUS, "-") if delta else None,  # Streamlit reads only the keyboard's minus
        delta_color=look.good,  # type: ignore[arg-type]
        delta_description=description if delta else None,
        help=_(look.formula),
    )
    st.caption(_beside(tile, tiles, currency))


def _delta(tile: Tile) -> tuple[str | None, str]:
    if tile.name == "target_attainment":
        gap = tile.numerator - (tile.denominator or Decimal(0))
        return (
            (formats.percent(tile.value - 1, signed=True), _("to target"))
            if tile.value is not None and gap
            else (None, "")
        )
    if tile.name == "net_revenue":
        change = formats.percent(tile.growth, signed=True)
    elif tile.is_ratio:
        change = formats.points(tile.points)
    else:
        change = formats.UNKNOWN if tile.points is None else formats.number(tile.points, signed=True)
    return (None if change == formats.UNKNOWN else change), _("on last year")


def _beside(tile: Tile, tiles: Mapping[str, Tile], currency: str) -> str:
    """Two more comparisons in grey, always two lines, so that all tiles are of one height."""
    return "  \n".join((_before(tile, currency), _size(tile, tiles, currency)))


def _before(tile: Tile, currency: str) -> str:
    if tile.name == "target_attainment":
        return _("of {target}").format(target=formats.compact(tile.denominator or None, currency))
    if tile.name == "net_revenue":
        return _("{change} on period before").format(change=formats.percent(tile.growth_before, signed=True))
    shown = formats.percent(tile.before) if tile.is_ratio else formats.number(tile.before)
    return _("{value} in period before").format(value=shown)


def _size(tile: Tile, tiles: Mapping[str, Tile], currency: str) -> str:
    """What the figure comes to, in money or in rows."""
    if tile.name == "net_revenue":
        target = tiles["target_attainment"].value if "target_attainment" in tiles else None
        return _("{share} of target").format(share=formats.percent(target))
    if tile.name == "target_attainment":
        if not tile.denominator:
            return _("no target in this period")
        gap = formats.compact(tile.numerator - tile.denominator, currency, signed=True)
        return _("{amount} to date").format(amount=gap)
    if tile.is_ratio:
        return formats.compact(tile.numerator, currency)
    return _("{count} order lines").format(count=formats.number(tile.lines))
