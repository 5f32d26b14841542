"""The price waterfall: what is left of the list price, layer by layer."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import streamlit as st

from core import db, priced_lines, waterfall
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.periods import Period
from core.vocabulary import Permission
from core.waterfall import POCKET_UNKNOWN, Waterfall
from pages.ui import answers, charts, figure_charts, figure_parts, formats, portfolio_parts
from pages.ui.figure_charts import Step


def show(
    actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "MYR", *,
    key: str = "waterfall",
) -> None:  # fmt: skip
    """From list to margin, beside the same period a year earlier."""
    base = period.shifted(-12)
    most = priced_lines.MOST if st.session_state.get(f"{key}_split") else waterfall.SPLIT_AT_ONCE
    with db.read() as session:
        now, then = answers.asker(session, actor)(waterfall.of, period, base, accounts, split_up_to=most)
    if not now.lines:
        st.info(_("Nothing was sold in this period."))
        return
    title = _("{share} of the list price reaches the invoice ({points} on last year)").format(
        share=formats.percent(now.realisation), points=formats.points(_difference(now, then))
    )
    opened = portfolio_parts.heading(title, f"table_{key}")
    rows = steps(now)
    alt = title + ". " + "; ".join(f"{row.name} {formats.compact(row.amount, currency)}" for row in rows)
    charts.show(figure_charts.ladder(rows, currency=currency), alt=alt, key=f"chart_{key}")
    _kinds(actor, now, then, key)
    if now.pocket is None:
        pocket, reason = _("Pocket price"), _(POCKET_UNKNOWN)
        st.caption(f"{pocket}: {reason}")
    if now.cost is None:
        st.caption(_("No cost is shown: it is not known here, or not yours to see."))
    frame = _frame(now, then)
    if opened:
        portfolio_parts.table(title, _named(frame), currency, places=2)
    words = {"period": formats.period(period), "base": formats.period(base)}
    figure_parts.export(actor, key, frame, words)


def _kinds(actor: Actor, now: Waterfall, then: Waterfall, key: str) -> None:
    """Whether the discount is split by kind of term; many lines are priced only once somebody asks for it."""
    if not actor.may(Permission.TERM_READ):
        return
    lines = max(now.lines, then.lines)
    if lines > priced_lines.MOST:
        text = _(
            "The on-invoice discount is not split by kind of term over more than {most} order lines: choose fewer "
            "accounts or a shorter period."
        )
        st.caption(text.format(most=formats.number(priced_lines.MOST)))
        return
    if lines > waterfall.SPLIT_AT_ONCE:
        label = _("Split the on-invoice discount by kind of term ({count} order lines are priced)")
        st.toggle(label.format(count=formats.number(now.lines + then.lines)), key=f"{key}_split")
    if now.is_split:
        st.caption(
            _("On-invoice discount by kind of term, by the terms as they are known now; what no term grants stands as "
              "“{rest}”.").format(rest=_(waterfall.REST))
        )  # fmt: skip


def _difference(now: Waterfall, then: Waterfall) -> Decimal | None:
    if now.realisation is None or then.realisation is None:
        return None
    return now.realisation - then.realisation


def steps(found: Waterfall) -> list[Step]:
    """The bars: totals at list, invoice, pocket and margin, what takes off between them."""
    rows = [Step(_("List price"), found.gross, True)]
    rows += [Step(_(layer.name), -layer.amount) for layer in found.on_invoice]
    rows.append(Step(_("Invoice price"), found.invoice, True))
    if found.off_invoice is not None and found.pocket is not None:
        rows += [Step(_(layer.name), -layer.amount) for layer in found.off_invoice]
        rows.append(Step(_("Pocket price"), found.pocket, True))
    if found.cost is not None and found.margin is not None:
        if found.uncovered:
            rows.append(Step(_("Without known cost"), -found.uncovered))
        rows += [Step(_("Cost"), -found.cost), Step(_("Margin"), found.margin, True)]
    return rows


def _frame(now: Waterfall, then: Waterfall) -> pd.DataFrame:
    before = {row.name: row.amount for row in steps(then)}
    rows = steps(now)
    return pd.DataFrame(
        {
            "step": [row.name for row in rows],
            "amount": [row.amount for row in rows],
            "share_of_list": [row.amount / now.gross if now.gross else None for row in rows],
            "amount_last_year": [before.get(row.name) for row in rows],
        }
    )


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Step"): frame["step"],
            _("Amount"): [float(value) for value in frame["amount"]],
            _("Last year"): [None if value is None else float(value) for value in frame["amount_last_year"]],
        }
    )
