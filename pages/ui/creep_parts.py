"""Discount creep: whose discount rose, and what that costs at list prices of today."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import creep, db
from core.auth import Actor
from core.creep import Creep
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.periods import Period
from core.waterfall import LEAKAGE_UNKNOWN
from pages.ui import answers, charts, figure_parts, formats
from pages.ui.charts import Move

NAMED = 5


def show(
    actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "MYR", *,
    key: str = "creep", by_product: bool = False,
) -> None:  # fmt: skip
    """By account or by product; with a single account in the filter, product by product at it."""
    now, then = figure_parts.windows(period, key)
    with db.read() as session:
        function = creep.by_product if by_product else creep.by_account
        found = answers.asker(session, actor)(function, now, then, accounts)
    if not found.rows:
        st.info(_("Nothing was sold in both windows, so no discount can have moved."))
        return
    title = _("Discounts moved by {amount} at list prices now; where they rose, {given} was given").format(
        amount=formats.compact(found.amount, currency, signed=True),
        given=formats.compact(found.given, currency),
    )
    st.markdown(f"**{title}**")
    figure_parts.compared(found.period, found.base)
    _picture(found, title, currency, key)
    st.caption(_basis(found, currency, by_product=by_product))
    st.caption(_(LEAKAGE_UNKNOWN))
    _list(actor, found, currency, key, by_product=by_product)


def _picture(found: Creep, title: str, currency: str, key: str) -> None:
    rose = [row for row in found.rows if row.amount > 0][:NAMED]
    fell = [row for row in found.rows if row.amount < 0][-NAMED:]
    # What was given away stands to the left in red: it is money less.
    moves = sorted((Move(row.name, -row.amount) for row in (*rose, *fell)), key=lambda move: -move.amount)
    if not moves:
        st.caption(_("No discount rate moved."))
        return
    alt = title + ". " + "; ".join(f"{move.name} {formats.compact(move.amount, currency)}" for move in moves)
    charts.show(charts.movers(moves, currency=currency), alt=alt, key=f"chart_{key}")


def _basis(found: Creep, currency: str, *, by_product: bool) -> str:
    text = _("(Discount rate now − then) × revenue at list price now; rate = 1 − invoice ÷ list.")
    if not by_product:
        text += " " + _("An account's rate is over all it buys: open it to see product by product.")
    if found.left_out:
        text += " " + _("{count} sold in one window only are left out ({amount} at list price now).").format(
            count=formats.number(found.left_out), amount=formats.compact(found.left_out_gross, currency)
        )
    return text


def _list(actor: Actor, found: Creep, currency: str, key: str, *, by_product: bool) -> None:
    rows = found.rows
    frame = pd.DataFrame(
        {
            "code": [row.code for row in rows],
            "name": [row.name for row in rows],
            "rate_then": [row.rate_then for row in rows],
            "rate": [row.rate for row in rows],
            "gross_revenue": [row.gross for row in rows],
            "creep": [row.amount for row in rows],
        }
    )
    columns = {
        "code": figure_parts.texts(_("Code")),
        "name": figure_parts.texts(_("Product") if by_product else _("Account"), "medium"),
        "rate_then": figure_parts.shares(_("Discount then")),
        "rate": figure_parts.shares(_("Discount now")),
        "gross_revenue": figure_parts.amounts(_("At list price"), currency),
        "creep": figure_parts.amounts(_("Creep"), currency),
    }
    codes = [None if by_product else row.code for row in rows]
    words = {"period": formats.period(found.period), "base": formats.period(found.base)}
    alt = _("Discount rates then and now and what the difference comes to.")
    figure_parts.listing(actor, key, frame, columns, codes, alt=alt, words=words)
