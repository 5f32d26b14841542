"""What is behind a step of the revenue bridge: pairs of account and product, and the order lines of a pair."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from core import bridge_pairs, db, order_lines
from core.auth import Actor
from core.bridge import Step
from core.bridge_pairs import Pair, Pairs
from core.filters import AccountFilter, LineFilter
from core.language import _
from core.periods import Period
from pages.ui import answers, dialogs, drill, formats, tables
from pages.ui.forms import plain

PAIR_LIMIT = 200


@dataclass(frozen=True)
class Asked:
    """What the page was asked for, narrowed to an account or a product where one was clicked."""

    period: Period
    base: Period
    accounts: AccountFilter
    product_ids: frozenset[int] = frozenset()

    def of_account(self, account_id: int) -> Asked:
        return replace(self, accounts=AccountFilter(account_ids=frozenset({account_id})))

    def of_product(self, product_id: int) -> Asked:
        return replace(self, product_ids=frozenset({product_id}))


def show(title: str, asked: Asked, step: Step | None, currency: str) -> None:
    """Open the pairs above the page."""
    dialogs.show(plain(title), _content, asked, step, currency)


def _content(actor: Actor, asked: Asked, step: Step | None, currency: str) -> None:
    with db.read() as session:
        found = answers.asker(session, actor)(
            bridge_pairs.search,
            asked.period,
            asked.base,
            asked.accounts,
            product_ids=asked.product_ids,
            step=step,
            limit=PAIR_LIMIT,
        )
    if not found.rows:
        st.info(_("No pair of account and product moved this step."))
        return
    st.caption(
        _(
            "{count} pairs of account and product; the {shown} that moved it most are shown. "
            "Then: {then}; now: {now}. Choose one to see its order lines."
        ).format(
            count=formats.number(found.count),
            shown=formats.number(len(found.rows)),
            then=formats.period(asked.base),
            now=formats.period(asked.period),
        )
    )
    frame, columns = pair_table(found, step, currency)
    chosen = st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=min(len(frame) + 1, 11) * tables.ROW_HEIGHT + 4,
        column_config=columns,
        on_select="rerun",
        selection_mode="single-row",
        key="bridge_pairs",
        placeholder=formats.UNKNOWN,
        alt=_("Pairs of account and product with quantities and prices then and now"),
        width="stretch",
    )
    if chosen.selection.rows:
        _lines(actor, found.rows[chosen.selection.rows[0]], asked, currency)


def pair_table(found: Pairs, step: Step | None, currency: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Quantities and prices of both windows, and what the pair added to the step or to the change."""
    column = st.column_config
    rows = found.rows
    amounts = [row.bridge.change if step is None else row.bridge.parts[step] for row in rows]
    frame = pd.DataFrame(
        {
            "account": [row.account_name for row in rows],
            "product": [row.product_name for row in rows],
            "amount": [float(amount) for amount in amounts],
            "quantity_then": [float(row.quantity_then) for row in rows],
            "quantity_now": [float(row.quantity_now) for row in rows],
            "price_then": [tables.as_float(row.price_then) for row in rows],
            "price_now": [tables.as_float(row.price_now) for row in rows],
            "then": [float(row.bridge.then) for row in rows],
            "now": [float(row.bridge.now) for row in rows],
        }
    )
    columns = {
        "account": column.TextColumn(_("Account"), width="medium"),
        "product": column.TextColumn(_("Product"), width="medium"),
        "amount": tables.money_column(_("Amount"), currency),
        "quantity_then": column.NumberColumn(_("Quantity then"), format="localized"),
        "quantity_now": column.NumberColumn(_("Quantity now"), format="localized"),
        "price_then": column.NumberColumn(_("Net price then"), format="%.4f"),
        "price_now": column.NumberColumn(_("Net price now"), format="%.4f"),
        "then": column.NumberColumn(_("Net revenue then"), format="accounting"),
        "now": column.NumberColumn(_("Net revenue now"), format="accounting"),
    }
    return frame, columns


def _lines(actor: Actor, pair: Pair, asked: Asked, currency: str) -> None:
    accounts = AccountFilter(account_ids=frozenset({pair.account_id}))
    sold = LineFilter(product_ids=frozenset({pair.product_id}))
    st.markdown(f"**{plain(pair.account_name)} · {plain(pair.product_name)}**")
    now, then = st.tabs([formats.period(asked.period), formats.period(asked.base)])
    for tab, window, key in ((now, asked.period, "now"), (then, asked.base, "then")):
        with db.read() as session:
            found = order_lines.search(session, actor, window, accounts, sold, limit=drill.LINE_LIMIT)
        with tab:
            st.caption(
                _("{total} in {count} order lines; the newest {shown} are shown.").format(
                    total=formats.money(found.total.net, currency),
                    count=formats.number(found.count),
                    shown=formats.number(len(found.rows)),
                )
            )
            frame, columns = drill.line_table(found.rows, currency, with_account=False)
            tables.plain_frame(frame, columns, key=f"bridge_lines_{key}")
