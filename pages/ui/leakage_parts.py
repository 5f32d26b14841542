"""Discount leakage: what was invoiced below the price by the terms, of an account line by line, of all by account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from core import db, leakage, priced_lines
from core.accounts import AccountDetail
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.leakage import AccountLeakage, Cause, Leakage, Overview
from core.money import ratio
from core.periods import Period
from core.vocabulary import Permission
from pages.ui import answers, charts, figure_parts, formats, tables
from pages.ui.charts import Move


def causes() -> dict[Cause, str]:
    return {
        Cause.EXPIRED: _("term not in force"),
        Cause.NOT_APPROVED: _("term not approved"),
        Cause.QUANTITY: _("another quantity tier"),
        Cause.STACKED: _("terms do not stack"),
        Cause.BELOW_FLOOR: _("below the floor price"),
        Cause.UNEXPLAINED: _("no term has this price"),
    }


def show(actor: Actor, account: AccountDetail, period: Period, currency: str) -> None:
    """Nothing for who may not read terms."""
    if not actor.may(Permission.TERM_READ):
        return
    with db.read() as session:
        found = answers.asker(session, actor)(leakage.of_account, account.id, period)
    if not found.priced:
        st.caption(
            _("Discount leakage is not known here: neither a list price nor a term prices these lines.")
        )
        return
    title = _("{amount} were given beyond the terms, {share} of what was invoiced").format(
        amount=formats.money(found.amount, currency), share=formats.percent(ratio(found.amount, found.net))
    )
    st.markdown(f"**{title}**")
    st.caption(_basis(found.priced, found.lines))
    if found.leaks:
        _pictured(found.by_cause(), title, currency)
        _list(actor, found, currency)


def by_account(
    actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "MYR"
) -> None:
    """Where it leaks, account by account: computed only once it is opened, since every order line is priced."""
    if not actor.may(Permission.TERM_READ):
        return
    label = _("Discount leakage by account")
    box = st.expander(label, icon=":material/water_drop:", key="leakage_by_account", on_change="rerun")
    if not box.open:
        return
    with box:
        with db.read() as session:
            found = answers.asker(session, actor)(leakage.by_account, period, accounts)
        _overview(actor, found, period, currency)


def _overview(actor: Actor, found: Overview | None, period: Period, currency: str) -> None:
    if found is None:
        text = _(
            "More than {most} order lines are not priced at once: choose fewer accounts or a shorter period."
        )
        st.info(text.format(most=formats.number(priced_lines.MOST)))
        return
    if not found.priced:
        st.info(_("Neither a list price nor a term prices what was sold in this period."))
        return
    title = _("{amount} were given beyond the terms, {share} of what was invoiced").format(
        amount=formats.money(found.amount, currency, places=0),
        share=formats.percent(ratio(found.amount, found.net)),
    )
    st.markdown(f"**{title}**")
    st.caption(_basis(found.priced, found.lines))
    if found.accounts:
        _pictured(found.by_cause, title, currency)
        _ranked(actor, found.accounts, period, currency)


def _ranked(actor: Actor, rows: Sequence[AccountLeakage], period: Period, currency: str) -> None:
    """The accounts, the most money first; a cell that is chosen opens its account."""
    frame = pd.DataFrame(
        {
            "code": [row.code for row in rows],
            "name": [row.name for row in rows],
            "leaked": [row.amount for row in rows],
            "share": [ratio(row.amount, row.net) for row in rows],
            "lines": [row.lines for row in rows],
            "cause": [causes()[row.cause] for row in rows],
        }
    )
    columns = {
        "code": figure_parts.texts(_("Code")),
        "name": figure_parts.texts(_("Account"), "medium"),
        "leaked": figure_parts.amounts(_("Leaked"), currency),
        "share": figure_parts.shares(_("Of what was invoiced")),
        "lines": figure_parts.numbers(_("Order lines")),
        "cause": figure_parts.texts(_("Mostly")),
    }
    words = {"period": formats.period(period)}
    alt = _("What was given beyond the terms, by account.")
    codes = [row.code for row in rows]
    figure_parts.listing(actor, "leakage_by_account", frame, columns, codes, alt=alt, words=words)


def _basis(priced: int, lines: int) -> str:
    return _(
        "Σ (price by the terms − invoiced price) × quantity over {priced} of {lines} lines, where it is above zero; "
        "the terms as they are known now."
    ).format(priced=formats.number(priced), lines=formats.number(lines))


def _pictured(by_cause: Mapping[Cause, Decimal], title: str, currency: str) -> None:
    moves = [Move(causes()[cause], amount) for cause, amount in by_cause.items()]
    alt = title + ". " + "; ".join(f"{move.name} {formats.compact(move.amount, currency)}" for move in moves)
    charts.show(charts.movers(moves, currency=currency, more_is_good=False), alt=alt, key="chart_leakage")


SHOWN = 100  # lines in the table; the file has all of them


def _list(actor: Actor, found: Leakage, currency: str) -> None:
    frame = pd.DataFrame(
        {
            "order_no": [leak.order_no for leak in found.leaks],
            "line_no": [leak.line_no for leak in found.leaks],
            "ordered_on": [leak.ordered_on for leak in found.leaks],
            "product": [leak.product for leak in found.leaks],
            "quantity": [leak.quantity for leak in found.leaks],
            "invoiced": [leak.actual for leak in found.leaks],
            "by_terms": [leak.entitled for leak in found.leaks],
            "amount": [leak.amount for leak in found.leaks],
            "cause": [leak.cause.value for leak in found.leaks],
            "term": [leak.term.name if leak.term else None for leak in found.leaks],
        }
    )
    with st.expander(_("Lines below their price: {count}").format(count=formats.number(len(found.leaks)))):
        shown = found.leaks[:SHOWN]
        tables.plain_frame(
            pd.DataFrame(
                {
                    _("Order"): [leak.order_no for leak in shown],
                    _("Day"): [formats.day(leak.ordered_on) for leak in shown],
                    _("Product"): [leak.product_name for leak in shown],
                    _("Quantity"): [tables.as_float(leak.quantity) for leak in shown],
                    _("Invoiced"): [tables.as_float(leak.actual) for leak in shown],
                    _("By the terms"): [tables.as_float(leak.entitled) for leak in shown],
                    _("Leaked"): [tables.as_float(leak.amount) for leak in shown],
                    _("Cause"): [
                        causes()[leak.cause] + (f" ({leak.term.name})" if leak.term else "") for leak in shown
                    ],
                }
            ),
            {
                _("Invoiced"): tables.money_column(_("Invoiced"), currency, places=4),
                _("By the terms"): tables.money_column(_("By the terms"), currency, places=4),
                _("Leaked"): tables.money_column(_("Leaked"), currency),
            },
            key="leaks",
        )
        figure_parts.export(actor, "leakage", frame, {})
