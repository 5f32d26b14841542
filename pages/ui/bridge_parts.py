"""The parts of the revenue bridge: its picture with the finding in words, its steps, who moved it, what left the house.

`picture` is for any page that has a bridge; each step and each row opens the pairs behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import bridge, db
from core.auth import Actor
from core.bridge import Board, Bridge, Moved, Step
from core.filters import AccountFilter
from core.language import N_, _
from core.periods import Period
from core.vocabulary import Permission
from pages.ui import answers, bridge_chart, bridge_rows, charts, formats, portfolio_parts, tables
from pages.ui.bridge_rows import Asked

STEPS: dict[Step, str] = {
    Step.PRICE: N_("Price"),
    Step.VOLUME: N_("Volume"),
    Step.MIX: N_("Mix"),
    Step.NEW: N_("New"),
    Step.LOST: N_("Lost"),
    Step.RETURNS: N_("Returns"),
    Step.CURRENCY: N_("Currency"),
}
MEANINGS: dict[Step, str] = {
    Step.PRICE: N_("same products, other prices"),
    Step.VOLUME: N_("same products, more or less of them"),
    Step.MIX: N_("same products, other proportions"),
    Step.NEW: N_("account and product not sold then"),
    Step.LOST: N_("account and product not sold now"),
    Step.RETURNS: N_("lines with negative quantity"),
    Step.CURRENCY: N_("same products, other exchange rates"),
}
FIRST_ROWS = 100
_OPENED = "bridge_opened"


def names() -> dict[str, str]:
    return {step.value: _(label) for step, label in STEPS.items()}


def finding(found: Bridge, currency: str, against: str) -> str:
    """The change and its two greatest steps in one sentence: `RM +2.1M on last year: new +3.4M, lost −1.2M`."""
    change = formats.compact(found.change, currency, signed=True)
    moved = sorted(
        ((abs(amount), step) for step, amount in found.parts.items() if amount), key=lambda one: -one[0]
    )
    if not moved:
        return _("Net revenue did not move {against}").format(against=against)
    said = ", ".join(
        f"{_(STEPS[step]).lower()} {formats.compact(found.parts[step], None, signed=True)}"
        for _size, step in moved[:3]
    )
    return _("{change} {against}: {steps}").format(change=change, against=against, steps=said)


def picture(found: Bridge, currency: str, *, against: str = "", key: str = "bridge") -> None:
    """The waterfall under its finding, with the figures one click away; to be drawn inside a container."""
    against = against or _("on last year")
    title = finding(found, currency, against)
    opened = portfolio_parts.heading(title, f"table_{key}")
    figure = bridge_chart.waterfall(found, names(), currency=currency)
    steps = "; ".join(
        f"{_(STEPS[step])} {formats.compact(amount, currency, signed=True)}"
        for step, amount in found.parts.items()
    )
    alt = _("Revenue bridge from {then} to {now}. {steps}.").format(
        then=formats.compact(found.then, currency), now=formats.compact(found.now, currency), steps=steps
    )
    charts.show(figure, alt=alt, key=f"chart_{key}")
    if opened:
        portfolio_parts.table(title, _figures(found), currency, places=2)


def _figures(found: Bridge) -> pd.DataFrame:
    rows = [(_("Then"), found.then), *((_(STEPS[step]), amount) for step, amount in found.parts.items())]
    rows.append((_("Now"), found.now))
    return pd.DataFrame(
        {
            _("Step"): [name for name, _amount in rows],
            _("Net amount"): [float(amount) for _name, amount in rows],
        }
    )


def method(board: Board, currency: str) -> None:
    """How the steps are worked out, and what another method would have said of the same figures."""
    with st.popover(_("Method"), icon=":material/functions:"):
        st.markdown(
            _(
                "**Shapley average of the six orders.** Within each account and unit, over the products sold in both "
                "windows, price, volume and mix are changed in each of the six possible orders, and what each adds is "
                "averaged. The steps add up to the change, no order is favoured, and swapped windows turn the signs."
            )
        )
        st.markdown(
            _(
                "A sequential method depends on where it starts: price would be **{then}** at the quantities of then, "
                "or **{now}** at those of now. Here it is **{price}**."
            ).format(
                then=formats.money(board.price_at_then, currency, places=0, signed=True),
                now=formats.money(board.price_at_now, currency, places=0, signed=True),
                price=formats.money(board.total.price, currency, places=0, signed=True),
            )
        )
        st.markdown(
            _(
                "New and lost are pairs of account and product without a sale in the other window. Returns stand by "
                "themselves. Currency: both windows are counted at the mean of their two rates first; the difference "
                "to what was booked is what rates moved."
            )
        )


def steps(found: Bridge, currency: str) -> None:
    """Each step with its amount, its part of the revenue of then, and its meaning; a click opens its rows."""
    rows = list(found.parts.items())
    frame = pd.DataFrame(
        {
            "step": [_(STEPS[step]) for step, _amount in rows],
            "amount": [tables.whole(amount) for _step, amount in rows],
            "share": [
                float(round(amount / found.then * 100, 1) or 0) if found.then > 0 else None  # no −0.0%
                for _step, amount in rows
            ],
            "meaning": [_(MEANINGS[step]) for step, _amount in rows],
        }
    )
    columns = {
        "step": st.column_config.TextColumn(_("Step"), width=82, pinned=True),
        "amount": tables.money_column(_("Amount"), currency, places=0),
        "share": tables.percent_column(_("Of then")),
        "meaning": st.column_config.TextColumn(_("What it is"), width=232),
    }
    st.markdown("**" + _("Choose a step to see its rows") + "**")
    _selectable(
        frame,
        columns,
        "bridge_steps",
        [(step, None) for step, _amount in rows],
        alt=_("The steps of the bridge"),
    )
    st.caption(_("Same products: sold to the same account in both windows."))


def movers(rows: Sequence[Moved], currency: str, key: str, *, of_products: bool = False) -> None:
    """Who moved it most, with the parts of each; a click opens its pairs."""
    everything = len(rows) > FIRST_ROWS and st.toggle(
        _("Show all {count} (the first {shown} are shown)").format(
            count=formats.number(len(rows)), shown=formats.number(FIRST_ROWS)
        ),
        key=f"all_{key}",
        bind="query-params",
    )
    shown = rows if everything else rows[:FIRST_ROWS]
    frame = pd.DataFrame(
        {
            "name": [row.name for row in shown],
            "change": [tables.whole(row.bridge.change) for row in shown],
            **{step.value: [tables.whole(row.bridge.parts[step]) for row in shown] for step in Step},
            "then": [tables.whole(row.bridge.then) for row in shown],
            "now": [tables.whole(row.bridge.now) for row in shown],
            "code": [row.code for row in shown],
        }
    )
    money = partial(tables.money_column, currency=currency, places=0)
    columns: dict[str, Any] = {
        "name": st.column_config.TextColumn(
            _("Product") if of_products else _("Account"), width=220, pinned=True
        ),
        "change": money(_("Change")),
        **{
            step.value: st.column_config.NumberColumn(_(label), format="localized")
            for step, label in STEPS.items()
        },
        "then": st.column_config.NumberColumn(_("Then"), format="localized"),
        "now": st.column_config.NumberColumn(_("Now"), format="localized"),
        "code": st.column_config.TextColumn(_("Code")),
    }
    alt = _("Products with what they moved") if of_products else _("Accounts with what they moved")
    if not any(row.bridge.currency for row in rows):
        frame, columns = frame.drop(columns="currency"), {k: v for k, v in columns.items() if k != "currency"}
    _selectable(frame, columns, key, [(None, row) for row in shown], alt=alt)


def _selectable(
    frame: pd.DataFrame,
    columns: dict[str, Any],
    key: str,
    opens: list[tuple[Step | None, Moved | None]],
    *,
    alt: str,
) -> None:
    def chosen() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        if cells:
            step, row = opens[int(cells[0][0])]
            of_row = next((one for one in Step if one.value == cells[0][1]), None)
            st.session_state[_OPENED] = (step or of_row, row, key)

    st.dataframe(
        frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=min(len(frame) + 1, 14) * tables.ROW_HEIGHT + 4,
        column_config=columns,
        on_select=chosen,
        selection_mode="single-cell",
        key=key,
        placeholder=formats.UNKNOWN,
        alt=alt,
        width="stretch",
    )


def open_chosen(asked: Asked, currency: str) -> None:
    """The pairs behind what was just clicked: a step, an account, a product, or a step of one of these."""
    chosen = st.session_state.pop(_OPENED, None)
    if chosen is None:
        return
    step, row, key = chosen
    words = [_(STEPS[step])] if step else []
    if row is not None:
        words.insert(0, row.name)
        asked = asked.of_product(row.id) if key.endswith("products") else asked.of_account(row.id)
    bridge_rows.show(" · ".join(words), asked, step, currency)


def of_account(actor: Actor, only: AccountFilter, period: Period, currency: str) -> None:
    """What moved one account on last year, and by which products; reads when its tab is opened."""
    base = period.shifted(-12)
    with db.read() as session:
        ask = answers.asker(session, actor)
        found = ask(bridge.between, period, base, only)
        products = ask(bridge.by_product, period, base, only)
    if not found.lines_then and not found.lines_now:
        st.info(_("Nothing was bought in this period or in those it is compared with."))
        return
    picture(found, currency, key="account_bridge")
    st.caption(
        _(
            "{now} against {then}; averaged over which of price, volume and mix changed first (Shapley). "
            "Choose a cell to see its rows."
        ).format(now=formats.period(period), then=formats.period(base))
    )
    movers(products, currency, "account_bridge_products", of_products=True)
    open_chosen(Asked(period, base, only), currency)


def export(board: Board, products: Sequence[Moved], actor: Actor, words: Mapping[str, str]) -> None:
    """What is on the screen as a file: the total, the accounts and the products with all their parts."""
    if not actor.may(Permission.DATA_EXPORT):
        return
    with st.popover(_("Export"), icon=":material/download:"):
        for kind in ("csv", "xlsx"):
            st.download_button(
                kind.upper(),
                data=partial(export_file, kind, board, products, actor, dict(words)),
                file_name=f"revenue-bridge.{kind}",
                key=f"export_{kind}",
                on_click="ignore",
                width="stretch",
            )


def export_file(
    kind: str, board: Board, products: Sequence[Moved], actor: Actor, words: dict[str, str]
) -> bytes:
    """Exact values under the words of the glossary, noted in the audit; runs when the file is asked for."""
    head: list[Any] = ["of", "code", "name", "then", "now", "change", *(step.value for step in Step)]
    rows: list[list[Any]] = [head, ["total", None, None, *_values(board.total)]]
    rows += [["account", row.code, row.name, *_values(row.bridge)] for row in board.accounts]
    rows += [["product", row.code, row.name, *_values(row.bridge)] for row in products]
    safe = [[tables.safe_cell(value) for value in row] for row in rows]
    with db.write() as session:
        bridge.record_export(session, actor, len(rows) - 1, {"format": kind, **words})
    return tables.as_csv(safe) if kind == "csv" else tables.as_xlsx(safe, _("Revenue bridge"))


def _values(found: Bridge) -> list[Decimal]:
    return [found.then, found.now, found.change, *found.parts.values()]
