"""What an account owes: figures, ages, invoices and how it came to that."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import db, receivables
from core.accounts import AccountDetail
from core.auth import Actor
from core.language import _, ngettext
from core.money import ZERO
from core.receivables import Age, Owed
from core.vocabulary import Permission
from pages.ui import answers, charts, formats, navigation, portfolio_parts, tables


def show(actor: Actor, account: AccountDetail, currency: str) -> None:
    """The newest snapshot of the account with its history."""
    with db.read() as session:
        ask = answers.asker(session, actor)
        owed = ask(receivables.latest, account.id)
        history = ask(receivables.history, account.id)
    if owed.as_of is None:
        _nothing(actor)
        return
    st.caption(
        _("As of {day}: ages are counted to that day, what was paid since is not known.").format(
            day=formats.day(owed.as_of)
        )
    )
    _figures(owed, currency)
    left, right = st.columns(2)
    with left, st.container(border=True, height="stretch"):
        _ages(owed, currency)
    with right, st.container(border=True, height="stretch"):
        _history(history, currency)
    _invoices(owed, currency)


def age_names() -> dict[Age, str]:
    return {
        Age.NOT_DUE: _("Not due"),
        Age.TO_30: _("1–30 days"),
        Age.TO_60: _("31–60 days"),
        Age.TO_90: _("61–90 days"),
        Age.OVER_90: _("Over 90 days"),
    }


def _nothing(actor: Actor) -> None:
    st.info(
        _("Nobody brought this account's open invoices yet. Import a file of receivables to see them here.")
    )
    if actor.may(Permission.DATA_IMPORT) and st.button(
        _("Go to Data & import"), icon=":material/upload_file:", key="import_receivables"
    ):
        st.switch_page(navigation.PAGES / "management/data.py")


def _figures(owed: Owed, currency: str) -> None:
    count = sum(1 for invoice in owed.invoices if invoice.open_amount)
    late = sum(1 for invoice in owed.invoices if invoice.open_amount and invoice.days > 0)
    of_limit = (
        _("of a limit of {limit}").format(limit=formats.money(owed.credit_limit, currency, places=0))
        if owed.credit_limit is not None
        else _("no limit in {currency}").format(currency=currency)
    )
    shown = (
        (_("Open"), formats.compact(owed.open_amount, currency), _invoice_count(count)),
        (_("Overdue"), formats.compact(owed.overdue, currency), _invoice_count(late)),
        (_("Oldest overdue"), _("{days} days").format(days=owed.oldest_days), _("since its due day")),
        (_("Credit used"), formats.percent(owed.used_share), of_limit),
    )
    grid = st.grid(4, min_column_width=150)
    for label, value, below in shown:
        with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
            st.metric(label, value)
            st.caption(below)
    if owed.used_share is not None and owed.used_share > 1:
        over = formats.money(owed.open_amount - (owed.credit_limit or ZERO), currency, places=0)
        st.warning(
            _("The credit limit is exceeded by {amount}.").format(amount=over), icon=":material/warning:"
        )


def _invoice_count(count: int) -> str:
    return ngettext("{count} invoice", "{count} invoices", count).format(count=count)


def _ages(owed: Owed, currency: str) -> None:
    title = _("Open invoices by age")
    opened = portfolio_parts.heading(title, "table_ages")
    names = age_names()
    sums = owed.by_age
    alt = title + ": " + "; ".join(f"{names[age]} {formats.money(sums[age], currency)}" for age in Age)
    open_now = charts.Bars(_("Open"), [sums[age] for age in Age])
    figure = charts.bars([names[age] for age in Age], open_now, currency=currency)
    charts.show(figure, alt=alt, key="chart_ages")
    if opened:
        frame = pd.DataFrame(
            {
                _("Age"): [names[age] for age in Age],
                _("Open amount"): [tables.whole(sums[age]) for age in Age],
            }
        )
        portfolio_parts.table(title, frame, currency)


def _history(history: Sequence[receivables.Snapshot], currency: str) -> None:
    title = _("Open and overdue by snapshot")
    opened = portfolio_parts.heading(title, "table_snapshots")
    days = [formats.day(row.as_of) for row in history]
    figure = charts.bars(
        days,
        charts.Bars(_("Open"), [row.open_amount for row in history]),
        charts.Bars(_("Overdue"), [row.overdue for row in history]),
        currency=currency,
    )
    alt = f"{title}: " + "; ".join(
        f"{day} {formats.money(row.open_amount, currency)} / {formats.money(row.overdue, currency)}"
        for day, row in zip(days, history, strict=True)
    )
    charts.show(figure, alt=alt, key="chart_snapshots")
    if opened:
        frame = pd.DataFrame(
            {
                _("As of"): days,
                _("Open"): [tables.whole(row.open_amount) for row in history],
                _("Overdue"): [tables.whole(row.overdue) for row in history],
            }
        )
        portfolio_parts.table(title, frame, currency)


def _invoices(owed: Owed, currency: str) -> None:
    column = st.column_config
    names = age_names()
    still = [invoice for invoice in owed.invoices if invoice.open_amount]
    frame = pd.DataFrame(
        {
            "invoice_no": [invoice.invoice_no for invoice in still],
            "due_on": [invoice.due_on for invoice in still],
            "days": [max(invoice.days, 0) for invoice in still],
            "age": [names[invoice.age] for invoice in still],
            "open_amount": [float(invoice.open_amount) for invoice in still],
            "amount": [float(invoice.amount) for invoice in still],
        }
    )
    tables.plain_frame(
        frame,
        {
            "invoice_no": column.TextColumn(_("Invoice")),
            "due_on": column.DateColumn(_("Due on"), format="D MMM YYYY"),
            "days": column.NumberColumn(_("Days overdue"), format="%d"),
            "age": column.TextColumn(_("Age")),
            "open_amount": tables.money_column(_("Open amount"), currency),
            "amount": tables.money_column(_("Invoice amount"), currency),
        },
        key="open_invoices",
        alt=_("Open invoices, the oldest first"),
    )
